// Asking the node. Paths are relative, so that the page works below any path
// that a proxy puts it at.

// A Failure is what the node says of a request that it refused, or that it does
// not answer (status 0). column is that of a row that cannot be predicted.
export class Failure extends Error {
  constructor(status, said) {
    super(said?.message ?? `The node answered with status ${status}.`);
    this.status = status;
    this.column = said?.column;
  }
}

async function ask(method, path, body, type) {
  let answer;
  try {
    answer = await fetch(path, { method, body, headers: type ? { 'Content-Type': type } : {} });
  } catch {
    throw new Failure(0, { message: 'The node does not answer.' });
  }
  if (!answer.ok) throw new Failure(answer.status, (await answer.json().catch(() => null))?.error);
  return answer;
}

// Whole numbers that a JavaScript number rounds, such as ids above 2^53, are BigInts
// on the page, and are written as they were.
const exact = (key, value, context) => typeof value === 'number' && /^-?\d+$/.test(context?.source) && !Number.isSafeInteger(value) && String(value) !== context.source ? BigInt(context.source) : value;
const written = (key, value) => typeof value === 'bigint' ? JSON.rawJSON?.(String(value)) ?? Number(value) : value;

const json = async asked => { const answer = await asked; return answer.status === 204 ? null : JSON.parse(await answer.text(), exact); };

export const get = path => json(ask('GET', path));
export const text = async path => (await ask('GET', path)).text();
export const post = (path, body) => json(ask('POST', path, JSON.stringify(body ?? {}, written), 'application/json'));

// path joins segments, each as it is: path('v1', 'models', 'a/b').
export const path = (...segments) => segments.map(encodeURIComponent).join('/');

// Artifacts do not change, so those that describe things are asked for once.
const read = new Map();
export function artifact(digest, as = get) {
  if (read.size > 200) read.clear();
  if (!read.has(digest)) read.set(digest, as(path('v1', 'artifacts', digest)).catch(e => { read.delete(digest); throw e; }));
  return read.get(digest);
}

const defined = new Map();
export function pipeline(version) {
  if (!defined.has(version)) defined.set(version, get(path('v1', 'pipelines', version)).catch(e => { defined.delete(version); throw e; }));
  return defined.get(version);
}

// upload puts a file into a bucket; progress is told the part that is sent.
export function upload(bucket, name, file, type, metadata, progress) {
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest();
    x.open('PUT', path('v1', 'objects', bucket) + '/' + encodeURIComponent(name));
    x.setRequestHeader('Content-Type', type);
    for (const [key, value] of Object.entries(metadata)) x.setRequestHeader('x-amz-meta-' + key, bytesOf(value));
    x.upload.onprogress = e => progress(e.lengthComputable ? e.loaded / e.total : 0);
    x.onerror = () => fail(new Failure(0, { message: 'The upload was cut off.' }));
    x.onload = () => {
      let said = null;
      try { said = JSON.parse(x.responseText); } catch { /* not the node's answer */ }
      if (x.status === 200 && said) done(said); else fail(new Failure(x.status, said?.error));
    };
    x.send(file);
  });
}

// bytesOf is text as a header carries it: UTF-8, a character for each byte.
const bytesOf = text => String.fromCharCode(...new TextEncoder().encode(text));
