// The overview, and a run with its steps.
import { h } from './dom.js';
import { get, post, path, pipeline } from './api.js';
import { ago, bytes, count, download, empty, ends, facts, headlines, link, mark, metric, plural, rows, seconds, short, state, typeOf, words } from './format.js';
import { draw } from './graph.js';
import { reports } from './reports.js';
import { picker } from './uploads.js';
import { act, refresh } from './main.js';

let most = 20; // runs that the overview lists

const took = r => r.endedAt ? ends(r.acceptedAt, r.endedAt) : ends(r.acceptedAt, new Date().toISOString());

const progress = r => r.of && ['running', 'interrupted'].includes(r.state)
  ? h('span', { class: 'progress' }, h('progress', { max: r.of, value: r.ended, 'aria-label': 'steps done' }), `${r.ended} of ${r.of}`, r.active ? h('span', { class: 'quiet' }, ' ' + r.active.join(', ')) : '')
  : plural(r.ended, 'step');

const modelLink = name => {
  const [model, version] = name.split('@');
  return link(['models', model, version], model, h('span', { class: 'quiet' }, ' version ' + version));
};

export async function overview() {
  const [runs, models, letters] = await Promise.all([get(`v1/runs?limit=${most + 1}`), get('v1/models'), get('v1/deadletters?limit=1')]);
  const more = runs.length > most, listed = runs.slice(0, most);
  const left = letters.open;
  const running = listed.filter(r => r.state === 'running').length;
  const tile = (name, value, to, warn) => h('a', { class: warn ? 'tile warn' : 'tile', href: to }, h('b', null, count(value)), h('span', null, name));
  return {
    title: 'Overview', every: running ? 1 : 4, letters: left,
    nodes: [
      h('h1', null, 'Overview'),
      h('div', { class: 'tiles' },
        tile('running now', running, '#/'),
        tile(models.length === 1 ? 'model' : 'models', models.length, '#/models'),
        tile(left === 1 ? 'dead letter to look at' : 'dead letters to look at', left, '#/deadletters', left > 0)),
      picker(),
      h('h2', null, 'Runs'),
      listed.length === 0 ? empty('Nothing has run yet. Drop a table above, or put one from a terminal: ', h('code', null, 'runnel put FILE uploads --target COLUMN'))
        : rows([{ name: 'Data' }, { name: 'State' }, { name: 'Pipeline', class: 'side' }, { name: 'Progress' }, { name: 'Model' }, { name: 'Took', class: 'num' }, { name: 'Started', class: 'num' }],
          listed.map(r => Object.assign([
            link(['runs', r.id], h('span', { class: 'clip', title: r.subject }, r.subject || typeOf(r.type))), state(r.state), r.pipelines.join(', '), progress(r),
            r.model ? modelLink(r.model) : '', took(r), ago(r.acceptedAt)], { id: 'run-' + r.id })), { class: 'stack' }),
      more ? h('p', null, h('button', { on: { click: () => { most += 50; refresh(); } } }, 'Show more runs')) : null,
    ],
  };
}

// stateOf says how a step of the definition stands in a run.
function standing(st, step) {
  const records = st.steps.filter(r => r.step === step.name && r.pipeline === step.pipeline);
  const active = (st.active ?? []).filter(a => a.step === step.name && a.pipeline === step.pipeline);
  const due = (st.pending ?? []).some(p => p.step === step.name && p.pipeline === step.pipeline);
  const worst = ['failed', 'gated'].find(s => records.some(r => r.status === s));
  const over = st.state === 'cancelled' ? 'cancelled' : st.state === 'interrupted' ? 'interrupted' : 'waiting';
  const name = active.length ? 'running' : due ? over : worst ?? (records.length ? (records.every(r => r.cached) ? 'cached' : 'done') : 'not reached');
  const p = active[0]?.progress;
  return {
    ...step, records, active, state: name,
    part: p?.total ? Math.min(1, p.done / p.total) : active.length ? 0 : undefined,
    seconds: records.reduce((s, r) => s + r.seconds, 0), rows: Math.max(0, ...records.map(r => r.rows ?? 0)), tries: Math.max(0, ...records.map(r => r.attempts), ...active.map(a => a.attempt)),
    text: p?.unit ? (p.total ? `${count(p.done)} of ${count(p.total)} ${p.unit}` : `${count(p.done)} ${p.unit}`)
      : active[0]?.retryAt ? `try ${active[0].attempt + 1} soon` : records.length > 1 ? `${count(records.length)} times`
        : records.length ? (name === 'cached' ? 'cached' : seconds(records[0].seconds)) + (records[0].attempts > 1 ? `, ${records[0].attempts} tries` : '') : name,
  };
}

// shapeOf is the steps and edges of a run's pipelines. Where a definition cannot be
// had, as after a downgrade, they are those that the records have.
export async function shapeOf(st) {
  const all = { steps: [], edges: [] };
  for (const [name, version] of Object.entries(st.pipelines)) {
    const p = await pipeline(version).catch(() => null);
    const steps = p ? p.steps : [...new Set(st.steps.filter(r => r.pipeline === name).map(r => r.step))].map(s => ({ name: s }));
    all.steps.push(...steps.map(s => ({ ...s, pipeline: name })));
    all.edges.push(...(p?.edges ?? []).map(e => ({ ...e, pipeline: name })));
  }
  return all;
}

const several = st => Object.keys(st.pipelines).length > 1;

function graph(st, steps, edges) {
  const id = (pipeline, step) => several(st) ? `${pipeline}/${step}` : step;
  const emitted = new Set(st.steps.flatMap(r => (r.events ?? []).map(e => `${r.pipeline} ${r.step} ${e.type}`)));
  const root = { name: '', label: 'event', state: 'done', text: typeOf(st.event.type), title: `${typeOf(st.event.type)} ${st.event.id}` };
  const lines = edges.filter(e => e.from || e.type === st.event.type).map(e => ({
    from: e.from ? id(e.pipeline, e.from) : root.name, to: id(e.pipeline, e.to), type: e.type,
    taken: e.from ? emitted.has(`${e.pipeline} ${e.from} ${e.type}`) : true,
  }));
  const nodes = [root, ...steps.map(s => ({
    name: id(s.pipeline, s.name), label: s.name, state: s.state, text: s.text, part: s.part, title: `${id(s.pipeline, s.name)}: ${s.state}`,
    to: s.records.length || s.active.length ? '#/runs/' + [st.id, s.name, s.pipeline].map(encodeURIComponent).join('/') : null,
  }))];
  return h('div', { class: 'drawn', role: 'region', tabindex: 0, 'aria-label': 'The chain of events' }, draw(nodes, lines, innerWidth < 800, Math.min(1184, innerWidth - 56) - 42, 'Steps and the events between them'));
}

const remedies = {
  permanent: 'It was not tried again: the same bytes fail the same way. Put right what the message says and upload the table again; where the table is not at fault, mend the cause and redrive.',
  retryable: 'It was tried until the attempts of the step were used up. Once what it needs answers again, redrive it.',
  timeout: 'It took longer than the step may. Raise timeout in the pipeline, or give the step less data, and upload again; redrive it where the machine was only busy.',
  poison: 'The process that worked on it died each time, mostly for want of memory. Give the step less data or the machine more memory, then redrive it.',
  gate: 'Nothing went wrong: the model did not reach what the pipeline asks of it, so it goes no further.',
};
export const remedy = cls => remedies[cls] ?? '';

const failure = (f, letter) => h('div', { class: f.class === 'gate' ? 'failure gate' : 'failure' },
  h('p', { class: 'message' }, f.message), f.detail ? h('details', null, h('summary', null, 'Detail'), h('pre', null, f.detail)) : null,
  h('p', { class: 'quiet' }, remedy(f.class)), letter ? h('p', null, link(['deadletters', letter], 'Open the dead letter')) : null);

const event = e => h('details', { class: 'event-of' }, h('summary', null, h('b', null, typeOf(e.type)), h('span', { class: 'quiet' }, ' ' + short(e.id))), h('pre', null, JSON.stringify(e, null, 2)));

// extensions of the files that artifacts are downloaded as.
const extensions = { __proto__: null, 'text/html': '.html', 'text/markdown': '.md', 'application/vnd.apache.parquet': '.parquet', 'application/vnd.safetensors': '.safetensors', 'application/wasm': '.wasm' };
const extension = ref => extensions[ref.mediaType] ?? (/json$/.test(ref.mediaType ?? '') ? '.json' : '.bin');

const artifacts = (record, st) => rows([{ name: 'Artifact' }, { name: 'Media type', class: 'side' }, { name: 'Size', class: 'num' }, { name: 'Digest', class: 'mono side' }],
  Object.entries(record.outputs).sort().map(([name, ref]) => [
    download(ref, `${short(st.id)}-${record.step}-${name}${name.endsWith(extension(ref)) ? '' : extension(ref)}`, name),
    ref.mediaType ?? '', bytes(ref.size), h('span', { title: ref.digest }, ref.digest.slice(7, 19))]));

// idOf tells a step that failed from the one that it was, so that it is shown open.
const idOf = s => `step-${s.pipeline}-${s.name}` + (wrong(s) ? '-' + s.state : '');
const wrong = s => s.state === 'failed' || s.state === 'gated';

const listing = 5; // records of a step that are shown whole
function details(st, s, chosen) {
  const shown = s.records.slice(0, listing);
  return h('details', { class: 'step', id: idOf(s), open: chosen || wrong(s) },
    h('summary', null, mark(s.state), h('span', { class: 'what' }, h('b', null, s.name), ' ', h('span', { class: 'quiet' }, [several(st) ? 'of ' + s.pipeline : '', s.state === 'done' ? '' : s.state].filter(t => t).join(', '))),
      h('span', { class: 'quiet host' }, s.function && s.function !== s.name ? `${s.function}, ` : '', s.records[0]?.host ?? s.host ?? ''),
      h('span', { class: 'num' }, s.rows ? `${count(s.rows)} rows` : ''), h('span', { class: 'num' }, s.tries > 1 ? plural(s.tries, 'try').replace('trys', 'tries') : ''),
      h('span', { class: 'num' }, s.records.length ? seconds(s.seconds) : '')),
    h('div', { class: 'inside' },
      s.active.map(a => a.failure ? [h('p', null, `Try ${a.attempt} failed; it is tried again `, a.retryAt ? h('b', null, 'soon') : '', '.'), failure(a.failure)] : null),
      shown.map(r => [
        r.error ? failure(r.error, r.deadLetter) : null,
        r.notes?.length ? h('ul', { class: 'notes' }, r.notes.map(n => h('li', null, n))) : null,
        Object.keys(r.outputs ?? {}).length ? artifacts(r, st) : null,
        r.events?.length ? [h('h3', null, 'Events'), r.events.map(event)] : r.status === 'done' ? h('p', { class: 'quiet' }, 'It emitted no event: the chain ends here.') : null,
        r.cached ? h('p', { class: 'quiet' }, 'Not run: the same function with the same params, seed and inputs gave this before.') : null,
      ]),
      s.records.length > listing ? h('p', { class: 'quiet' }, `${count(s.records.length - listing)} more answers of this step: runnel runs show ${short(st.id)} lists them.`) : null,
      s.records.length + s.active.length ? null : h('p', { class: 'quiet' }, 'No event that it answers came.')));
}

// found is the data of the first event of a type that a run emitted.
export const found = (st, type) => st.steps.flatMap(r => r.events ?? []).find(e => typeOf(e.type) === type)?.data;

export const measures = (metrics, baseline) => h('div', { class: 'tiles' }, headlines(metrics).slice(0, 6).map(m => h('div', { class: 'tile' }, h('b', null, metric(metrics[m])), h('span', null, words(m)),
  baseline && m in baseline ? h('small', null, `baseline ${metric(baseline[m])}`) : null)));

const advice = {
  idle: 'No pipeline of this node answers this event, so nothing was done.',
  interrupted: 'No node works in this folder: the run goes on when one does.',
  gated: 'The model missed a gate, and was not registered. Nothing went wrong.',
  cancelled: 'The run was cancelled before it was over.',
};

// none tells that there is no model because nobody named a target.
const none = (st, dataset, registered) => st.state === 'succeeded' && dataset && !dataset.target && !registered;

export async function run([id, step, of]) {
  const st = await get(path('v1', 'runs', id));
  const shape = await shapeOf(st);
  const steps = shape.steps.map(s => standing(st, s)), chosen = s => s.name === step && (!of || s.pipeline === of);
  const data = st.event.data ?? {}, object = data.content ? data : null;
  const dataset = found(st, 'dataset.ingested')?.dataset, registered = found(st, 'model.registered'), evaluated = found(st, 'model.evaluated');
  const live = st.state === 'running' || st.state === 'interrupted';
  const subject = st.event.subject || typeOf(st.event.type);
  return {
    title: subject, every: st.state === 'running' ? 0.7 : 5, said: `${subject}: ${st.state}`, chosen: steps.filter(chosen).map(idOf)[0],
    nodes: [
      h('p', { class: 'crumbs' }, link([], '← Runs')),
      h('div', { class: 'head' }, h('h1', null, subject), state(st.state), h('span', { class: 'actions' },
        live ? h('button', { on: { click: act(() => post(path('v1', 'runs', st.id, 'cancel')), 'Cancel this run? What is at work is stopped, and no further step starts.') } }, 'Cancel')
          : h('button', { title: 'Runs the same event again, by the same version of the pipeline', on: { click: act(async () => { location.hash = '#/runs/' + (await post(path('v1', 'runs', st.id, 'replay'))).run; }) } }, 'Run again'))),
      advice[st.state] ?? none(st, dataset, registered) ? h('p', { class: 'lead' }, advice[st.state] ?? 'No column to predict was named, so the table was read and described, and there is no model.') : null,
      st.elsewhere ? h('p', { class: 'lead' }, st.elsewhere.taken ? `A worker is at step ${st.elsewhere.step}.` : `Step ${st.elsewhere.step} waits for a worker.`) : null,
      facts([
        ['Table', dataset ? `${count(dataset.rows)} rows, ${plural(dataset.columns, 'column')}` : null],
        ['Target', data.metadata?.target ?? dataset?.target],
        ['Model', registered ? modelLink(`${registered.name}@${registered.version}`) : null],
        ['Took', took(st)], ['Started', ago(st.acceptedAt)],
        ['Pipeline', Object.entries(st.pipelines).map(([n, v], i) => [i ? ', ' : '', h('span', { title: v }, n, h('span', { class: 'quiet' }, ' ' + short(v)))])],
        ['Data', object ? download(object.content, object.key.split('/').pop(), `${object.bucket}/${object.key}, ${bytes(object.content.size)}`) : data.url],
        ['Run', h('span', { class: 'mono', title: st.id }, short(st.id))],
        ['Replay of', st.replayOf ? link(['runs', st.replayOf], h('span', { class: 'mono' }, short(st.replayOf))) : null],
      ]),
      steps.length ? graph(st, steps, shape.edges) : null,
      evaluated ? [h('h2', null, 'How good the model is'), measures(evaluated.metrics, evaluated.baseline)] : null,
      h('h2', null, 'Steps'), steps.length ? h('div', { class: 'steps' }, steps.map(s => details(st, s, chosen(s)))) : empty('This run has no steps.'),
      reports(st),
    ],
  };
}
