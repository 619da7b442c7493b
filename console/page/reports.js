// The reports that the steps of a run wrote. They are made of users' data, so they
// are shown in a frame that may do nothing; the node says the same of them.
import { h } from './dom.js';
import { refresh } from './main.js';

const chosen = new Map(); // by run: the report that is shown

const titles = { __proto__: null, explore: 'Data', evaluate: 'Evaluation', explain: 'Explanation', tune: 'Search', choose: 'Search' };

export function reports(st, first = 'evaluate') {
  const all = new Map(); // a step that answered several events wrote several
  for (const r of st.steps) {
    for (const [name, ref] of Object.entries(r.outputs ?? {})) if (ref.mediaType === 'text/html') all.set(`${r.step}/${name}`, { ref, title: titles[r.function] ?? r.step });
  }
  if (!all.size) return null;
  const key = all.has(chosen.get(st.id)) ? chosen.get(st.id) : [...all.keys()].find(k => k.startsWith(first + '/')) ?? [...all.keys()][0];
  const shown = all.get(key), address = 'v1/reports/' + encodeURIComponent(shown.ref.digest);
  return [
    h('h2', null, 'Reports'),
    h('div', { class: 'tabs' }, [...all].map(([k, r]) => h('button', { 'aria-pressed': k === key ? 'true' : 'false', on: { click: () => { chosen.set(st.id, k); refresh(); } } }, r.title)),
      h('a', { href: address, target: '_blank', rel: 'noopener' }, 'Open in a tab')),
    h('iframe', { id: 'report-' + shown.ref.digest, class: 'report', sandbox: '', src: address, title: shown.title + ' report', loading: 'lazy' }),
  ];
}
