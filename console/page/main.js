// The frame of the page: which view is shown, and keeping it up to date.
import { h, patch } from './dom.js';
import { get, post, Failure } from './api.js';
import { overview, run } from './runs.js';
import { models, model } from './models.js';
import { uploads, dropping } from './uploads.js';
import { letters } from './letters.js';

const main = document.getElementById('main'), banner = document.getElementById('banner'), said = document.getElementById('said');

// A view gives {title, nodes, every}: its elements, and after how many seconds to
// ask again. It may give letters (how many dead letters are open), said (what
// changed, for who listens) and chosen (the id of what to bring into sight).
const views = { __proto__: null, '': overview, runs: a => a.length ? run(a) : overview(), models: a => a.length ? model(a) : models(), uploads, deadletters: letters };
const places = [['Overview', ''], ['Models', 'models'], ['Uploads', 'uploads'], ['Dead letters', 'deadletters']];

let turn = 0, timer, left = 0; // dead letters to look at
let refused = false; // the banner says why what the user did failed: it stays until something else is done

const where = () => location.hash.replace(/^#\/?/, '').split('/').filter(s => s !== '').map(s => { try { return decodeURIComponent(s); } catch { return s; } });

function menu(at) {
  patch(document.getElementById('nav'), places.map(([name, to]) => h('a', { href: '#/' + to, 'aria-current': at === to || (at === 'runs' && to === '') ? 'page' : null }, name,
    to === 'deadletters' && left ? h('span', { class: 'badge', title: `${left} to look at` }, left) : null)));
}

// show brings the page up to date; moved says that the user went elsewhere. It is
// false where the node asks for its token first.
async function show(moved) {
  const mine = ++turn, [at = '', ...rest] = where(), begun = performance.now();
  clearTimeout(timer);
  let every = 3;
  try {
    if (moved) menu(at);
    const view = await (views[at] ?? unknown)(rest);
    if (mine !== turn) return;
    document.title = `${view.title} · Runnel`;
    left = view.letters ?? left;
    menu(at);
    patch(main, view.nodes);
    if (moved) refused = false;
    banner.hidden = !refused;
    every = view.every;
    if (view.said && said.textContent !== view.said) said.textContent = view.said;
    if (moved) arrive(view.chosen);
  } catch (error) {
    if (mine !== turn) return;
    if (error.status === 401) { patch(main, [login()]); return false; }
    if (moved && error.status) {
      document.title = 'Runnel';
      patch(main, [h('h1', null, 'This cannot be shown'), h('p', { class: 'failure message' }, error.message), h('p', null, h('a', { href: '#/' }, 'Overview'))]);
    } else {
      refused = false;
      banner.textContent = error.status ? error.message : `${error instanceof Failure ? 'The node does not answer' : error.message}. Trying again …`;
      banner.hidden = false;
    }
  }
  // A node that takes long to answer is asked less often.
  const wait = Math.max(1000 * every, 10 * (performance.now() - begun));
  if (mine === turn) timer = setTimeout(() => document.hidden || show(false), wait);
  return true;
}

function arrive(chosen) {
  const element = chosen && document.getElementById(chosen);
  if (element) {
    element.open = true;
    element.scrollIntoView({ block: 'start' });
    element.querySelector('summary')?.focus({ preventScroll: true });
  } else {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

const unknown = async () => { throw new Failure(404, { message: 'There is no such page.' }); };

// refresh shows what was just done.
export const refresh = () => show(false);

// act makes a handler that does something and shows what came of it; question is
// asked before.
export const act = (what, question) => async e => {
  if (question && !confirm(question)) return;
  const button = e.currentTarget;
  button.disabled = true;
  try {
    await what();
    refused = false;
    await refresh();
  } catch (error) {
    refused = true;
    banner.textContent = error.message;
    banner.hidden = false;
  }
  button.disabled = false;
};

function login() {
  const wrong = h('p', { class: 'failure message', role: 'alert', hidden: true });
  const token = h('input', { id: 'token', type: 'password', autocomplete: 'current-password', required: true });
  const submit = async e => {
    e.preventDefault();
    try {
      await post('v1/session', { token: token.value });
      await begin();
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
    }
  };
  return h('form', { class: 'login', 'data-own': true, on: { submit } }, h('h1', null, 'Runnel'), h('p', null, 'This node asks for its token. It is in the file ', h('code', null, 'token'), ' of the node’s folder.'),
    h('input', { class: 'unseen', autocomplete: 'username', value: 'runnel', tabindex: -1, 'aria-hidden': 'true', readonly: true }), h('label', { for: 'token' }, 'Token'), token, wrong, h('p', { class: 'actions' }, h('button', { class: 'main' }, 'Sign in')));
}

async function about() {
  const [node, list] = await Promise.all([get('v1/node'), get('v1/deadletters?limit=1')]);
  left = list.open;
  menu(where()[0] ?? '');
  patch(document.getElementById('foot'), [`Runnel ${node.version}`, h('span', null, node.dir), node.s3 ? h('span', null, `S3 at ${node.s3}`) : null, node.inbox ? h('span', null, `inbox ${node.inbox}`) : null]);
}

async function begin() {
  if (await show(true)) await about().catch(() => {}); // the view says what is wrong
}

addEventListener('hashchange', () => show(true));
document.addEventListener('visibilitychange', () => document.hidden || show(false));
dropping();
begin();
