// part.js - elements; words and looks of the parts of the room that are fetched when needed, which lie beside the module.
export const $ = (id) => document.getElementById(id);

export function make(tag, properties, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

// Says it where it changed: a live region would say it again.
export function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// A part is drawn when its words have come, and again when another language is chosen: it has a draw().
export class Part {
  #words = {};

  // `module`: the address of the part's module; NAME.css and LANGUAGE.json lie beside it.
  constructor(module) {
    document.head.append(make('link', { rel: 'stylesheet', href: module.replace(/\.js$/, '.css') }));
    document.addEventListener('words', () => this.#speak(module));
    this.#speak(module);
  }

  // Where the words of a language did not come, the page has those of the one before.
  async #speak(module) {
    const language = document.documentElement.lang;
    const answer = await fetch(new URL(language + '.json', module)).catch(() => null);
    const words = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (language !== document.documentElement.lang) return; // another was chosen meanwhile
    this.#words = words || this.#words;
    this.draw();
  }

  knows(key) {
    return key in this.#words;
  }

  t(key, values = {}) {
    return (this.#words[key] || '').replace(/\{(\w+)\}/g, (all, name) => values[name]);
  }
}
