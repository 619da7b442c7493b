// The events that steps were given up on.
import { h } from './dom.js';
import { get, post, path } from './api.js';
import { ago, count, empty, facts, link, mark, plural, short, typeOf } from './format.js';
import { remedy } from './runs.js';
import { act, refresh } from './main.js';

let all = false, most = 50; // dead letters that are shown

const decided = l => l.redriven ? ['redriven ', ago(l.redriven)] : l.discarded ? ['discarded ', ago(l.discarded)] : null;

const attempt = a => h('li', null, h('b', null, `Try ${a.number}`), ' ', ago(a.startedAt), ', ', a.error.class, h('p', { class: 'message' }, a.error.message), a.error.detail ? h('pre', null, a.error.detail) : null);

function letter(l, chosen) {
  const send = verb => () => post(path('v1', 'deadletters', l.id, verb));
  const attempts = l.attempts ?? [];
  return h('details', { class: 'step', id: 'letter-' + l.id, open: chosen === l.id },
    h('summary', null, mark(decided(l) ? 'idle' : 'failed'), h('span', { class: 'what' }, h('b', null, l.step), h('span', { class: 'quiet' }, ' of '), h('span', { class: 'clip' }, l.event.subject ?? typeOf(l.event.type))),
      h('span', { class: 'quiet first' }, l.error.message.split('\n')[0]), h('span', { class: 'num' }, decided(l) ?? ago(l.failedAt))),
    h('div', { class: 'inside' },
      h('div', { class: 'failure' }, h('p', { class: 'message' }, l.error.message), h('p', { class: 'quiet' }, remedy(l.error.class))),
      facts([['Run', link(['runs', l.run, l.step], short(l.run))], ['Step', `${l.step} of ${l.pipeline}`], ['Function', l.function], ['Class', l.error.class],
        ['Tries', String(attempts.length)], ['Failed', ago(l.failedAt)], ['Event', typeOf(l.event.type)]]),
      decided(l) ? h('p', null, 'It was ', decided(l), '.') : h('p', { class: 'actions' },
        h('button', { class: l.error.class === 'permanent' ? null : 'main', on: { click: act(send('redrive')) } }, 'Redrive'),
        h('button', { on: { click: act(send('discard'), 'Discard this dead letter? It is kept, and no longer listed.') } }, 'Discard')),
      h('details', null, h('summary', null, attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`), h('ol', { class: 'notes' }, attempts.map(attempt))),
      h('details', null, h('summary', null, 'The event, whole'), h('pre', null, JSON.stringify(l.event, null, 2)))));
}

export async function letters([chosen]) {
  const { letters: shown, open, decided: done } = await get(`v1/deadletters?limit=${most}&decided=${all}`);
  if (chosen && !shown.some(l => l.id === chosen)) shown.push(await get(path('v1', 'deadletters', chosen)));
  const listed = open + (all ? done : 0);
  return {
    title: 'Dead letters', every: 4, letters: open, chosen: chosen ? 'letter-' + chosen : null,
    nodes: [
      h('h1', null, 'Dead letters'),
      h('p', { class: 'lead' }, 'Events that a step was given up on. Put the cause right, then redrive one: its run goes on from that step.'),
      shown.length ? h('div', { class: 'steps letters' }, shown.map(l => letter(l, chosen))) : empty('None. Every event was answered.'),
      shown.length < listed ? h('p', { id: 'more' }, h('button', { on: { click: () => { most += 50; refresh(); } } }, `Show more of ${count(listed)}`)) : null,
      done > 0 ? h('p', null, h('button', { on: { click: () => { all = !all; refresh(); } } }, all ? 'Hide those that were decided' : `Show ${plural(done, 'decided one')}`)) : null,
    ],
  };
}
