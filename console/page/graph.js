// The event chain of a run as a drawing: steps in layers, each below or right of
// those whose events it answers, with the events on the lines between them.
import { svg } from './dom.js';
import { mark, look, typeOf } from './format.js';

const box = { width: 118, height: 46 };
const smallest = 0.72; // scale at which a drawing can be read

// layers puts each node one further than the furthest that leads to it; edges that
// would close a circle do not count. An edge over several layers goes through
// places of its own, so that lines do not cross boxes.
function layers(names, edges) {
  const next = new Map(names.map(n => [n, edges.filter(e => e.from === n)]));
  const depth = new Map(), back = new Set(), state = new Map();
  const order = [];
  const visit = n => {
    state.set(n, 1);
    for (const e of next.get(n)) {
      if (state.get(e.to) === 1) back.add(e);
      else if (!state.has(e.to)) visit(e.to);
    }
    state.set(n, 2);
    order.unshift(n);
  };
  for (const n of names) if (!state.has(n)) visit(n);
  for (const n of order) {
    depth.set(n, depth.get(n) ?? 0);
    for (const e of next.get(n)) if (!back.has(e)) depth.set(e.to, Math.max(depth.get(e.to) ?? 0, depth.get(n) + 1));
  }
  const out = [];
  const put = (name, at) => { (out[at] ??= []).push(name); return name; };
  for (const n of names) put(n, depth.get(n));
  const lines = edges.map((edge, i) => {
    const from = depth.get(edge.from), to = depth.get(edge.to), via = [];
    for (let at = from + 1; at < to; at++) via.push(put(`${i}/${at}`, at));
    return { edge, through: [edge.from, ...via, edge.to], back: back.has(edge) };
  });
  // Each layer in the order of what leads to it.
  const place = new Map();
  out.forEach((layer, at) => {
    const above = n => lines.flatMap(l => { const i = l.through.indexOf(n); return i > 0 && !l.back ? [place.get(l.through[i - 1]) ?? 0] : []; });
    const mean = n => { const a = above(n); return a.length ? a.reduce((x, y) => x + y) / a.length : 0; };
    if (at) layer.sort((a, b) => mean(a) - mean(b));
    layer.forEach((n, i) => place.set(n, i - (layer.length - 1) / 2));
  });
  return { layers: out, place, depth, lines };
}

const fit = (text, most) => text.length > most ? text.slice(0, most - 1) + '…' : text;

// draw draws nodes {name, label, state, text, title, to, part} and edges {from, to, type,
// taken}; down says that layers lie below each other, room how wide it may be. What
// would be too small to read is wider, and scrolls.
export function draw(nodes, edges, down, room, label) {
  const { layers: all, place, lines } = layers(nodes.map(n => n.name), edges);
  // A chain that is too long for the names of its events goes without them: they are the lines' titles too.
  const tight = !down && smallest * all.length * (box.width + 62) > room;
  const gap = down ? { along: 40, across: 14 } : { along: tight ? 24 : 62, across: 26 };
  const along = (down ? box.height : box.width) + gap.along, across = (down ? box.width : box.height) + gap.across;
  const widest = Math.max(...all.map(l => l.length));
  const layer = new Map(all.flatMap((l, at) => l.map(n => [n, at])));
  const loops = lines.some(l => l.back) ? 30 : 0; // what a line back needs, above the boxes or left of them
  const at = n => {
    const a = layer.get(n) * along, c = (place.get(n) + (widest - 1) / 2) * across + loops;
    return down ? { x: c + 1, y: a + 1 } : { x: a + 1, y: c + 1 };
  };
  const long = all.length * along - gap.along + 2, wide = widest * across - gap.across + 2 + loops;
  const width = down ? wide + (widest === 1 ? 90 : 0) : long, height = down ? long : wide; // 90: what is written beside the lines
  const scale = Math.min(1, Math.max(smallest, room / width));

  const curve = ({ edge, through, back }) => {
    let d = '';
    if (back) {
      const a = at(edge.from), b = at(edge.to);
      d = down ? `M${a.x} ${a.y + box.height / 2}C${a.x - 36} ${a.y} ${b.x - 36} ${b.y + box.height} ${b.x} ${b.y + box.height / 2}`
        : `M${a.x + box.width / 2} ${a.y}C${a.x} ${a.y - 36} ${b.x + box.width} ${b.y - 36} ${b.x + box.width / 2} ${b.y}`;
    } else for (let i = 1; i < through.length; i++) {
      const a = at(through[i - 1]), b = at(through[i]);
      const [x1, y1] = down ? [a.x + box.width / 2, a.y + box.height] : [a.x + box.width, a.y + box.height / 2];
      const [x2, y2] = down ? [b.x + box.width / 2, b.y] : [b.x, b.y + box.height / 2];
      const bend = (down ? y2 - y1 : x2 - x1) / 2;
      d += `M${x1} ${y1}C` + (down ? `${x1} ${y1 + bend} ${x2} ${y2 - bend}` : `${x1 + bend} ${y1} ${x2 - bend} ${y2}`) + ` ${x2} ${y2}`;
      if (i < through.length - 1) d += down ? `V${y2 + box.height}` : `H${x2 + box.width}`;
    }
    return svg('path', { class: edge.taken ? 'line taken' : 'line', 'marker-end': 'url(#tip)', d }, svg('title', null, `${typeOf(edge.type)}, from ${edge.from} to ${edge.to}`));
  };
  // What a step emits is written once, on the way out of it.
  const written = new Set();
  const word = ({ edge, back }) => {
    const key = edge.from + ' ' + edge.type;
    if (written.has(key) || back || tight) return null;
    written.add(key);
    const a = at(edge.from), parts = typeOf(edge.type).split('.');
    const nth = [...written].filter(k => k.startsWith(edge.from + ' ')).length - 1;
    const text = (x, y, t) => svg('text', { class: edge.taken ? 'event taken' : 'event', x, y, 'text-anchor': down ? 'start' : 'middle' }, t);
    if (down) return text(a.x + box.width / 2 + 8, a.y + box.height + 24 + nth * 11, parts.join('.'));
    const x = a.x + box.width + gap.along / 2, y = a.y + box.height / 2 - nth * 26;
    return [text(x, y - 6, parts[0]), text(x, y + 14, parts.slice(1).join('.'))];
  };
  const node = n => {
    const { x, y } = at(n.name);
    const inside = [
      svg('title', null, n.title),
      svg('rect', { class: 'box', x, y, width: box.width, height: box.height, rx: 9 }),
      n.part === undefined ? null : svg('rect', { class: 'part', x: x + 1, y: y + box.height - 4, width: Math.max(2, (box.width - 2) * n.part), height: 3, rx: 1.5 }),
      mark(n.state, { x: x + 9, y: y + 8, width: 14, height: 14 }),
      svg('text', { class: 'name', x: x + 29, y: y + 19.5 }, fit(n.label, 12)),
      svg('text', { class: 'small', x: x + 10, y: y + 36.5 }, fit(n.text, 18)),
    ];
    const shown = svg('g', { class: 'node ' + look(n.state) + (n.state === 'waiting' || n.state === 'not reached' ? ' dim' : '') }, inside);
    return n.to ? svg('a', { href: n.to }, shown) : shown;
  };
  return svg('svg', { class: 'graph', viewBox: `0 0 ${width} ${height}`, width: Math.round(width * scale), height: Math.round(height * scale), role: 'group', 'aria-label': label },
    svg('marker', { id: 'tip', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: 'auto' }, svg('path', { class: 'tip', d: 'M1 1l6 3-6 3z' })),
    lines.map(curve), lines.map(word), nodes.map(node));
}
