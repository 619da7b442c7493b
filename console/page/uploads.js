// Uploading a table, and the tables that were uploaded.
import { h } from './dom.js';
import { get, path, upload } from './api.js';
import { ago, bytes, download, empty, link, rows, short } from './format.js';
import { refresh } from './main.js';

const types = { __proto__: null, csv: 'text/csv', tsv: 'text/csv', txt: 'text/csv', parquet: 'application/vnd.apache.parquet', jsonl: 'application/x-ndjson', ndjson: 'application/x-ndjson', json: 'application/json' };

function mediaType(name) {
  const base = name.toLowerCase().replace(/\.(gz|zst)$/, '');
  return types[base.split('.').pop()] ?? 'application/octet-stream';
}

// columnsOf is the names in a CSV file's first line; none where it is no such file.
// It is for the list to choose from: the node reads the file itself.
async function columnsOf(file) {
  if (mediaType(file.name) !== 'text/csv' || /\.(gz|zst)$/i.test(file.name)) return [];
  const line = (await file.slice(0, 1 << 16).text()).replace(/^\ufeff/, '').split(/\r?\n/)[0];
  const mark = [',', ';', '\t', '|'].map(m => [line.split(m).length, m]).sort((a, b) => b[0] - a[0])[0][1];
  const names = [];
  for (const part of line.match(new RegExp(`("([^"]|"")*"|[^${mark === '|' ? '\\|' : mark}]*)(${mark === '|' ? '\\|' : mark}|$)`, 'g')) ?? []) {
    const name = part.endsWith(mark) ? part.slice(0, -1) : part;
    names.push(name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.trim());
  }
  return names.filter(n => n !== '').slice(0, 2000);
}

let dialog = null;

// offer asks what is to become of a file, and uploads it.
async function offer(file) {
  dialog?.remove();
  const columns = await columnsOf(file);
  const close = () => { dialog.close(); dialog.remove(); };
  const progress = h('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'uploaded' });
  const wrong = h('p', { class: 'failure message', role: 'alert', hidden: true });
  const target = columns.length && columns.length <= 500
    ? h('select', { id: 'target' }, h('option', { value: '' }, 'none: describe the table only'), columns.map(c => h('option', { value: c }, c)))
    : h('input', { id: 'target', placeholder: 'name of a column; empty to describe the table only', autocomplete: 'off' });
  const send = h('button', { class: 'main' }, 'Upload and run');
  const submit = async e => {
    e.preventDefault();
    send.disabled = true;
    wrong.hidden = true;
    progress.hidden = false;
    try {
      const up = await upload('uploads', file.name, file, mediaType(file.name), target.value ? { target: target.value } : {}, part => { progress.value = part; });
      close();
      location.hash = '#/runs/' + up.run;
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
      send.disabled = false;
      progress.hidden = true;
    }
  };
  dialog = h('dialog', { 'aria-labelledby': 'upload-title' }, h('form', { on: { submit } },
    h('h2', { id: 'upload-title' }, h('span', { class: 'clip', title: file.name }, file.name)), h('p', { class: 'quiet' }, bytes(file.size)),
    h('label', { for: 'target' }, 'Column to predict'), target, progress, wrong,
    h('p', { class: 'actions' }, send, h('button', { type: 'button', on: { click: close } }, 'Cancel'))));
  document.body.append(dialog);
  dialog.showModal();
  target.focus();
}

// picker is where a file is dropped or chosen.
export const picker = () => h('label', { class: 'picker', for: 'file' },
  h('input', { id: 'file', type: 'file', class: 'unseen', accept: '.csv,.tsv,.txt,.json,.jsonl,.ndjson,.parquet,.gz,.zst', on: { change: e => { if (e.target.files[0]) offer(e.target.files[0]); e.target.value = ''; } } }),
  h('span', null, h('b', null, 'Drop a table here'), ' or ', h('span', { class: 'as-link' }, 'choose a file'), '.'),
  h('small', null, 'CSV, JSON lines or Parquet, also in gzip or zstd'));

// A file may be dropped anywhere on the page.
export function dropping() {
  const over = on => document.body.classList.toggle('dropping', on);
  const files = e => [...(e.dataTransfer?.types ?? [])].includes('Files');
  addEventListener('dragover', e => { if (files(e)) { e.preventDefault(); over(true); } });
  addEventListener('dragleave', e => { if (!e.relatedTarget) over(false); });
  addEventListener('drop', e => {
    if (!files(e)) return;
    e.preventDefault();
    over(false);
    if (e.dataTransfer.files[0]) offer(e.dataTransfer.files[0]);
  });
}

const page = 200; // objects of a bucket that are listed at once
const ends = new Map(); // by bucket: how many pages are shown

async function bucket({ name }) {
  let all = [], next = '';
  for (let i = 0; i < (ends.get(name) ?? 1) && (i === 0 || next); i++) {
    const list = await get(`${path('v1', 'objects', name)}?limit=${page}&after=${encodeURIComponent(next)}`);
    all = all.concat(list.objects);
    next = list.next ?? '';
  }
  all.sort((a, b) => b.object.createdAt.localeCompare(a.object.createdAt));
  return all.length ? [
    h('h2', null, `Bucket ${name}`),
    rows([{ name: 'Object' }, { name: 'Version', class: 'num side' }, { name: 'Size', class: 'num' }, { name: 'Metadata' }, { name: 'Run' }, { name: 'Uploaded', class: 'num' }],
      all.map(({ object: o, run }) => Object.assign([
        download(o.content, o.key.split('/').pop(), h('span', { class: 'clip', title: o.key }, o.key)), String(o.version), bytes(o.content.size),
        h('span', { class: 'clip quiet' }, Object.entries(o.metadata ?? {}).filter(([k]) => k !== 'runnel-pipeline').map(([k, v]) => `${k}: ${v}`).join(', ')), link(['runs', run], short(run)), ago(o.createdAt)],
      { id: `object-${name}/${o.key}` })), { class: 'stack' }),
    next ? h('p', null, h('button', { on: { click: () => { ends.set(name, (ends.get(name) ?? 1) + 1); refresh(); } } }, 'List more')) : null,
  ] : null;
}

export async function uploads() {
  const buckets = await get('v1/objects');
  buckets.sort((a, b) => (a.name === 'runs') - (b.name === 'runs')); // files of runs that were asked for by name come last
  const shown = (await Promise.all(buckets.map(bucket))).filter(b => b);
  return {
    title: 'Uploads', every: 5,
    nodes: [
      h('h1', null, 'Uploads'), picker(),
      shown.length ? shown : empty('Nothing was uploaded yet.'),
    ],
  };
}
