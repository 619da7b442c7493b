// Values as people read them.
import { h, svg } from './dom.js';

const grouped = new Intl.NumberFormat('en');

export const count = n => grouped.format(n);
export const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
export const words = name => name.replaceAll('_', ' ');
export const short = id => id.slice(0, 8);
export const typeOf = type => type.replace(/^dev\.runnel\./, '').replace(/\.v\d+$/, '');

export function seconds(s) {
  s = Math.max(0, s); // clocks are set back
  if (s < 0.0995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${s.toFixed(2)} s`;
  if (s < 120) return `${s.toFixed(1)} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round(s % 3600 / 60)} min`;
}

export function bytes(n) {
  let unit = 0;
  while (n >= 999.5 && unit < 4) { n /= 1000; unit++; }
  return `${unit && n < 99.5 ? n.toFixed(1) : Math.round(n)} ${['bytes', 'kB', 'MB', 'GB', 'TB'][unit]}`;
}

// number has the digits that tell: 0.9855, 2008, 12,345, 1.2e-7.
export function number(v) {
  if (typeof v !== 'number' || !Number.isFinite(v)) return String(v);
  const size = Math.abs(v);
  if (size >= 1e9 || (size < 1e-3 && v !== 0)) return v.toExponential(2);
  return new Intl.NumberFormat('en', { useGrouping: 'min2', maximumFractionDigits: size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 4 }).format(v);
}

export const ends = (from, to) => seconds((Date.parse(to) - Date.parse(from)) / 1000);

// ago is a time, near ones as how long ago.
export function ago(time) {
  const at = new Date(time), s = (Date.now() - at) / 1000;
  const text = s < 60 ? `${Math.max(0, Math.round(s))} s ago` : s < 3600 ? `${Math.floor(s / 60)} min ago` : s < 172800 ? `${Math.floor(s / 3600)} h ago` : at.toLocaleDateString('en-CA');
  return h('time', { datetime: time, title: at.toLocaleString('en-GB') }, text);
}

// The states of runs and steps: how they look, and which mark they have.
const looks = {
  __proto__: null,
  succeeded: 'good', done: 'good', cached: 'good', failed: 'bad', unreadable: 'bad', gated: 'warn', cancelled: 'warn', interrupted: 'warn',
  running: 'live', waiting: 'idle', idle: 'idle',
};
const marks = {
  good: 'M4 8.5l2.7 2.7L12 5.6', bad: 'M5 5l6 6M11 5l-6 6', warn: 'M8 4v5M8 11.6v.1', live: 'M8 4.5V8l2.4 1.6', idle: 'M5 8h.1M8 8h.1M11 8h.1',
};
export const look = state => looks[state] ?? 'idle';

// mark is the sign of a state, 16 units wide, for a page or a drawing.
export const mark = (state, at = {}) => svg('svg', { class: 'mark ' + look(state), viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', ...at },
  svg('circle', { cx: 8, cy: 8, r: 7.5 }), svg('path', { d: marks[look(state)] }));

export const state = name => h('span', { class: 'state ' + look(name) }, mark(name), name);

export const link = (to, ...children) => h('a', { href: '#/' + to.map(encodeURIComponent).join('/') }, ...children);

// download is a link to the bytes of an artifact.
export const download = (ref, name, label) => h('a', { href: 'v1/artifacts/' + encodeURIComponent(ref.digest), download: name, title: ref.digest }, label ?? name);

export const empty = (...children) => h('p', { class: 'empty' }, ...children);

// facts is a list of names and values; those without a value are left out.
export const facts = pairs => h('dl', { class: 'facts' }, pairs.filter(([, v]) => v !== null && v !== undefined && v !== '').map(([k, v]) => h('div', null, h('dt', null, k), h('dd', null, v))));

// rows is a table: columns are {name, class}, cells lists of children.
export const rows = (columns, cells, more = {}) => h('div', { class: 'scroll' }, h('table', more,
  h('thead', null, h('tr', null, columns.map(c => h('th', { scope: 'col', class: c.class }, c.name)))),
  h('tbody', null, cells.map(r => h('tr', { id: r.id, class: r.class }, r.map((c, i) => h('td', { class: columns[i].class, 'data-name': columns[i].name || null }, c)))))));

// metric is the value of a metric: three decimals of those between 0 and 1.
export const metric = v => Math.abs(v) < 10 && (Math.abs(v) >= 0.001 || v === 0) ? v.toFixed(3) : number(v);

// The metrics that are shown of a task, in order, and the one that says most.
const headline = ['accuracy', 'balanced_accuracy', 'f1', 'f1_macro', 'roc_auc', 'log_loss', 'r2', 'rmse', 'mae', 'silhouette', 'davies_bouldin', 'calinski_harabasz', 'inertia', 'anomaly_share', 'score_median', 'score_max', 'ndcg_at_k', 'map_at_k', 'recall_at_k'];
export const headlines = metrics => headline.filter(m => m in (metrics ?? {}));
export const score = metrics => {
  const name = ['accuracy', 'r2', 'silhouette', 'ndcg_at_k', 'roc_auc', 'anomaly_share'].find(m => m in (metrics ?? {}));
  return name ? [h('span', { class: 'quiet' }, words(name) + ' '), metric(metrics[name])] : '';
};
