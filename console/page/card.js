// A model card, which is Markdown of few kinds: headings, paragraphs, lists,
// tables and code. What is none of these is shown as it stands.
import { h } from './dom.js';

const inline = text => text.split(/(`[^`]*`)/).map(t => t.length > 1 && t.startsWith('`') && t.endsWith('`') ? h('code', null, t.slice(1, -1)) : t.replaceAll('&lt;', '<'));

const cells = line => line.slice(1, -1).split(/(?<!\\)\|/).map(c => inline(c.trim().replaceAll('\\|', '|')));

export function card(markdown) {
  const out = [];
  for (const block of markdown.split(/\n\s*\n/)) {
    const lines = block.split('\n').filter(l => l.trim());
    if (!lines.length || lines[0].startsWith('# ')) continue; // the page has the name above
    if (lines[0].startsWith('## ')) out.push(h('h3', null, lines[0].slice(3)));
    else if (lines[0].startsWith('|')) {
      const [head, rule, ...body] = lines;
      const right = (rule ?? '').split('|').slice(1, -1).map(c => c.trim().endsWith(':') ? 'num' : null);
      out.push(h('div', { class: 'scroll' }, h('table', null, h('thead', null, h('tr', null, cells(head).map((c, i) => h('th', { scope: 'col', class: right[i] }, c)))),
        h('tbody', null, body.map(l => h('tr', null, cells(l).map((c, i) => h('td', { class: right[i] }, c))))))));
    } else if (lines[0].startsWith('- ')) out.push(h('ul', null, lines.map(l => h('li', null, inline(l.replace(/^- /, ''))))));
    else out.push(h('p', null, inline(lines.join(' '))));
  }
  return out;
}
