// Elements, and bringing what is shown to what is to be shown. Text only ever
// becomes text: nothing here reads markup.

// A handler is looked up when its event happens, so that patch can hand an
// element that stays the handlers of the one that it stands for.
function dispatch(event) { this.handlers?.[event.type]?.call(this, event); }

function make(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name === 'on') {
      element.handlers = value;
      for (const type of Object.keys(value)) element.addEventListener(type, dispatch);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false && c !== ''));
  return element;
}

// h makes an element: h('a', {href: '#/', on: {click: f}}, 'text', other).
export const h = (tag, props, ...children) => make(document.createElement(tag), props, children);

// svg makes an element of a drawing.
export const svg = (tag, props, ...children) => make(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);

// patch makes the children of an element those of the list and keeps the ones
// that can stay: what has the focus, a text that is being typed, a frame. Children
// with an id are found again by it. What has data-own looks after its children itself.
export function patch(parent, list) {
  let at = parent.firstChild;
  for (const fresh of list.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false)) {
    const want = fresh.nodeType ? fresh : document.createTextNode(fresh);
    const found = want.id ? [...parent.children].find(c => c.id === want.id) : at?.id ? null : at;
    if (!found || !alike(found, want)) {
      parent.insertBefore(want, at);
      if (found && found === at) { at = at.nextSibling; found.remove(); }
      continue;
    }
    if (found === at) at = at.nextSibling; else parent.insertBefore(found, at);
    become(found, want);
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

function alike(a, b) { return a.nodeName === b.nodeName && (a.id ?? '') === (b.id ?? ''); }

function become(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // Whether details are open is the user's affair once they are there.
  for (const { name, value } of fresh.attributes) if (name !== 'open' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
  if (fresh.handlers) {
    old.handlers = fresh.handlers;
    for (const type of Object.keys(fresh.handlers)) old.addEventListener(type, dispatch); // again is once
  }
  if (!fresh.hasAttribute('data-own')) patch(old, [...fresh.childNodes]);
}
