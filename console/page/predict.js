// A form made of a model's inputs, and what the model says of the row.
import { h } from './dom.js';
import { post, path } from './api.js';
import { number, words } from './format.js';
import { refresh } from './main.js';

const said = new Map(); // by model and version: the last answer, or the error

// likely is a value to start from, in the middle of what was seen in training.
function likely(input) {
  if (input.values?.length) return input.values[0];
  if (input.min === undefined || input.max === undefined) return '';
  const middle = (input.min + input.max) / 2;
  if (input.type === 'int64') return String(Math.round(middle));
  return String(Number(middle.toPrecision(4)));
}

const plain = v => String(Number(v.toPrecision(6))); // years have no comma

const most = 30; // values that are offered in a list

function field(input, i, wrong) {
  const id = `input-${i}`, props = { id, name: id, 'aria-invalid': wrong ? 'true' : null };
  const range = input.min !== undefined && input.max !== undefined;
  let control;
  if (input.type === 'bool' || (input.values?.length && input.values.length <= most)) {
    const values = input.type === 'bool' ? ['true', 'false'] : input.values;
    control = h('select', props, h('option', { value: '' }, 'missing'), values.map((v, n) => h('option', { value: v, selected: n === 0 }, v)));
  } else if (input.type === 'int64' || input.type === 'float64') {
    control = h('input', { ...props, type: 'number', step: input.type === 'int64' ? 1 : 'any', value: likely(input), placeholder: 'missing' });
  } else {
    control = h('input', { ...props, type: 'text', list: input.values?.length ? id + '-values' : null, value: likely(input), placeholder: input.type === 'time' ? '2024-01-31 or 2024-01-31T12:00:00Z' : 'missing', autocomplete: 'off' });
  }
  return h('div', { class: 'field' }, h('label', { for: id }, h('span', { class: 'clip', title: input.name }, input.name)), control,
    control.tagName === 'INPUT' && input.values?.length ? h('datalist', { id: id + '-values' }, input.values.map(v => h('option', { value: v }))) : null,
    h('small', null, [range ? (input.min === input.max ? `only ${plain(input.min)} in training` : `${plain(input.min)} to ${plain(input.max)}`) : '', input.required ? '' : 'may be missing'].filter(t => t).join(', ')));
}

// numeric is the number that a text says; a whole one that a JavaScript number rounds is a BigInt.
const numeric = text => Number.isSafeInteger(Number(text)) || !/^-?\d+$/.test(text) ? Number(text) : BigInt(text);

function row(form, inputs) {
  const out = Object.create(null); // a column may be called __proto__
  inputs.forEach((input, i) => {
    const value = form.elements[`input-${i}`].value;
    if (value === '') out[input.name] = null;
    else if (input.type === 'bool') out[input.name] = value === 'true';
    else out[input.name] = input.type === 'int64' ? numeric(value) : input.type === 'float64' ? Number(value) : value;
  });
  return out;
}

function answer(v, a) {
  if (a.error) return h('p', { class: 'failure message', role: 'alert' }, a.error.message);
  const classes = Object.entries(a.probabilities ?? {}).sort((x, y) => y[1] - x[1]).slice(0, 10);
  const list = Array.isArray(a.prediction) ? a.prediction : null;
  return h('div', { class: 'said', role: 'status' },
    list ? h('ol', null, list.map(s => h('li', null, h('b', null, String(s.item)), ' ', h('span', { class: 'quiet' }, number(s.score))))) :
      h('p', null, h('span', { class: 'quiet' }, v.target || words(v.task)), h('b', { class: 'prediction' }, a.score !== undefined ? (a.prediction ? 'an anomaly' : 'no anomaly') : v.task === 'regression' ? number(a.prediction) : String(a.prediction))), // a class such as 2008 has no comma
    a.distance === undefined ? null : h('p', { class: 'quiet' }, `${number(a.distance)} from the centre of the cluster`),
    a.score === undefined ? null : h('p', { class: 'quiet' }, `score ${number(a.score)}`),
    classes.length ? h('dl', { class: 'bars' }, classes.map(([name, p]) => h('div', null, h('dt', null, h('span', { class: 'clip', title: name }, name)), h('dd', null, h('meter', { min: 0, max: 1, value: p, 'aria-label': name }), `${(100 * p).toFixed(1)} %`)))) : null,
    a.notes?.length ? h('ul', { class: 'notes' }, a.notes.map(n => h('li', null, n))) : null);
}

// predictor is the form of a version.
export function predictor(v, inputs) {
  const key = `${v.name}@${v.version}`, last = said.get(key);
  const submit = async e => {
    e.preventDefault();
    const body = row(e.target, inputs);
    try {
      said.set(key, await post(`${path('v1', 'models', v.name, 'predict')}?version=${v.version}`, body));
    } catch (error) {
      said.set(key, { error });
    }
    refresh();
  };
  return h('form', { class: 'try', id: `try-${key}`, on: { submit } },
    h('div', { class: 'fields' }, inputs.map((input, i) => field(input, i, last?.error?.column === input.name))),
    h('div', { class: 'result' }, h('p', null, h('button', { class: 'main' }, 'Predict')), last ? answer(v, last) : h('p', { class: 'quiet' }, 'The row starts from the middle of what was seen in training. A field that is left empty is a missing value.')));
}
