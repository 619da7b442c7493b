// The models, and one with its versions, what it was made of, and a prediction to try.
import { h } from './dom.js';
import { artifact, get, post, path, text } from './api.js';
import { ago, bytes, count, download, empty, facts, headlines, link, metric, rows, score, short, typeOf, words } from './format.js';
import { card } from './card.js';
import { predictor } from './predict.js';
import { reports } from './reports.js';
import { found, measures } from './runs.js';
import { act } from './main.js';

const aliasesOf = (m, version) => Object.entries(m.aliases).filter(([, v]) => v === version).map(([alias]) => alias).sort();
const chips = names => names.map(n => h('span', { class: n === 'champion' ? 'chip main' : 'chip', title: n === 'champion' ? 'the served version' : null }, n));

export async function models() {
  const list = await get('v1/models');
  return {
    title: 'Models', every: 5,
    nodes: [
      h('h1', null, 'Models'),
      list.length === 0 ? empty('No model is registered yet. A table that is uploaded with a target makes one.')
        : rows([{ name: 'Model' }, { name: 'Served' }, { name: 'Score' }, { name: 'Estimator', class: 'side' }, { name: 'Predicts' }, { name: 'Versions', class: 'num side' }, { name: 'Registered', class: 'num' }],
          list.map(m => {
            const newest = m.versions.at(-1), served = m.versions.find(v => v.version === m.aliases.champion), v = served ?? newest;
            return Object.assign([link(['models', m.name], h('span', { class: 'clip' }, m.name)), served ? `version ${served.version}` : h('span', { class: 'quiet' }, 'none'), score(v.metrics), words(v.estimator),
              h('span', { class: 'clip' }, v.target || words(v.task)), count(m.versions.length), ago(newest.registeredAt)], { id: 'model-' + m.name });
          }), { class: 'stack' }),
    ],
  };
}

function versions(m, shown) {
  const best = headlines(shown.metrics)[0];
  return rows([{ name: 'Version' }, { name: 'Alias' }, { name: best ? words(best) : 'Score', class: 'num' }, { name: 'Estimator' }, { name: 'Stage', class: 'side' }, { name: 'Run', class: 'side' }, { name: 'Registered', class: 'num' }, { name: '' }],
    [...m.versions].reverse().map(v => Object.assign([
      v.version === shown.version ? h('b', { 'aria-current': 'true' }, `version ${v.version}`) : link(['models', m.name, String(v.version)], `version ${v.version}`), chips(aliasesOf(m, v.version)),
      best in (v.metrics ?? {}) ? metric(v.metrics[best]) : '', words(v.estimator), v.stage, v.run ? link(['runs', v.run], short(v.run)) : '', ago(v.registeredAt),
      m.aliases.champion === v.version ? h('span', { class: 'quiet' }, 'served')
        : h('button', { class: 'small', on: { click: act(() => post(path('v1', 'models', m.name, 'promote'), { version: v.version }), `Serve version ${v.version} of ${m.name} from now on?`) } }, 'Serve')],
    { id: `version-${v.version}`, class: v.version === shown.version ? 'chosen' : null })), { class: 'stack' });
}

// lineage is the steps from the upload to the registered version, by the events
// that caused each; all steps of the run where a join hides what caused what.
function lineage(st, v) {
  const by = new Map(st.steps.flatMap(r => (r.events ?? []).map(e => [e.id, r])));
  const registered = st.steps.flatMap(r => r.events ?? []).find(e => typeOf(e.type) === 'model.registered' && e.data.name === v.name && e.data.version === v.version);
  const chain = [];
  let at = by.get(registered?.id);
  while (at && !chain.includes(at)) { chain.unshift(at); at = by.get(at.event); }
  const whole = chain[0]?.event === st.event.id;
  const data = st.event.data ?? {};
  return h('ol', { class: 'lineage' },
    h('li', null, h('b', null, data.key ? `${data.bucket}/${data.key}` : data.url ?? st.event.subject), data.content ? [h('span', { class: 'quiet' }, `version ${data.version}, ${bytes(data.content.size)}`), h('code', null, download(data.content, data.key.split('/').pop(), data.content.digest))] : null),
    (whole ? chain : st.steps).map(r => h('li', null, link(['runs', st.id, r.step], r.step), h('span', { class: 'quiet' }, `answers ${typeOf(r.eventType)}`),
      Object.entries(r.outputs ?? {}).filter(([, ref]) => ref.mediaType !== 'text/html').sort().map(([name, ref]) => h('code', null, `${name} `, download(ref, name, ref.digest.slice(0, 19)))))));
}

function deployments(m, moves) {
  if (!moves.length) return empty('No version was served yet.');
  return rows([{ name: 'Served' }, { name: 'How' }, { name: 'Since', class: 'num' }], moves.map((move, i) => [
    link(['models', m.name, String(move.version)], `version ${move.version}`), move.rollback ? 'rolled back' : i ? `after version ${moves[i - 1].version}` : 'the first', ago(move.at)]).reverse());
}

export async function model([name, number]) {
  const m = await get(path('v1', 'models', name));
  const v = m.versions.find(v => String(v.version) === number) ?? m.versions.find(v => v.version === m.aliases.champion) ?? m.versions.at(-1);
  const missing = () => null; // what was taken out of the store is left out here
  const [doc, markdown, st, moves] = await Promise.all([artifact(v.files.model.digest), artifact(v.card.digest, text).catch(missing),
    v.run ? get(path('v1', 'runs', v.run)).catch(missing) : null, m.aliases.champion ? get(path('v1', 'models', name, 'aliases', 'champion')).catch(() => []) : []]);
  const evaluated = st && found(st, 'model.evaluated');
  return {
    title: name, every: 5,
    nodes: [
      h('p', { class: 'crumbs' }, link(['models'], '← Models')),
      h('div', { class: 'head' }, h('h1', null, name, h('span', { class: 'quiet' }, ` version ${v.version}`)), chips(aliasesOf(m, v.version)),
        h('span', { class: 'actions' }, moves.length > 1 ? h('button', { on: { click: act(() => post(path('v1', 'models', name, 'rollback')), `Serve the version of ${name} that was served before?`) } }, 'Roll back') : null)),
      facts([['Predicts', v.target], ['Task', words(v.task)], ['Estimator', words(v.estimator)], ['Stage', v.stage], ['Inputs', count(doc.inputs.length)], ['Registered', ago(v.registeredAt)], ['Run', v.run ? link(['runs', v.run], short(v.run)) : null]]),
      measures(v.metrics, evaluated?.baseline),
      h('h2', null, 'Try it'), predictor(v, doc.inputs),
      h('h2', null, 'Versions'), versions(m, v),
      h('h2', null, 'Deployments'), deployments(m, moves),
      st ? [h('h2', null, 'Where it comes from'), lineage(st, v), reports(st)] : null,
      markdown ? [h('h2', null, 'Model card'), h('article', { class: 'card' }, card(markdown))] : null,
    ],
  };
}
