// dom.js - small words for building the page. Text from people goes in as text, never as markup.
export const $ = (id) => document.getElementById(id);

export function el(tag, properties = {}, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

const SVG = 'http://www.w3.org/2000/svg';
export function svg(tag, attributes, ...children) {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

// Sets text only when it differs: a screen reader is not told the same again, a selection stays.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A time of the server, as this person's clock and calendar say it.
export const when = (seconds) => new Date(1000 * seconds).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

// Makes the children of `list` those of `keys`, in order; existing ones stay as they are, with the focus.
export function keyed(list, keys, make) {
  const focused = document.activeElement;
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  keys.forEach((key, i) => {
    let child = known.get(key);
    known.delete(key);
    if (!child) {
      child = make(key);
      child.dataset.key = key;
    }
    if (list.children[i] !== child) list.insertBefore(child, list.children[i] || null);
  });
  for (const gone of known.values()) gone.remove();
  if (list.contains(focused)) focused.focus(); // it is lost when what has it moves
  return [...list.children];
}
