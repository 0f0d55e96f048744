// strings.js - every word a person reads comes from lang/XX.json, or from lang/room/XX.json once add() asks for it; {name} marks are filled.
export const languages = { en: 'English', es: 'Español', fr: 'Français' };
const rightToLeft = ['ar', 'fa', 'he', 'ps', 'ur', 'yi'];
const TRIES = 3;
const RETRY_MS = 300;

let table = {};
const added = []; // folders
export let language = '';

const base = (tag) => String(tag || '').toLowerCase().split('-')[0];

// The first of `tags` that there is a table for.
export const pick = (...tags) => tags.map(base).find((tag) => Object.keys(languages).includes(tag)) || 'en';

export const preferred = () => navigator.languages || [navigator.language];

async function load(name, folder, tries = TRIES) {
  try {
    const answer = await fetch(new URL(`${folder}/${name}.json`, import.meta.url));
    if (!answer.ok) throw new Error(answer.status);
    return await answer.json();
  } catch (e) {
    if (tries < 2) return null;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return load(name, folder, tries - 1);
  }
}

// Words of another language from now on; true when the page has to be drawn again.
export async function use(name, folder = 'lang') {
  if (name === language) return false;
  const folders = [folder, ...added];
  const words = await Promise.all(folders.map((one) => load(name, one)));
  if (folders.length <= added.length) return use(name, folder); // one more was added meanwhile
  if (!words.every(Boolean)) return !language && name !== 'en' && use('en', folder); // else the page stays readable in the words it has
  table = Object.assign({}, ...words);
  language = name;
  return true;
}

// The words of one more folder, also in languages chosen later; false: they did not come.
export async function add(folder) {
  const name = language;
  if (!added.includes(folder)) added.push(folder);
  const words = await load(name || 'en', folder);
  if (words && name === language) Object.assign(table, words);
  return !!words;
}

// A name from right to left, apart from the words around it, which would change places else (FSI ... PDI).
const apart = (value) => (/[\u0590-\u08ff\ufb1d-\ufefc]/.test(value) ? `\u2068${value}\u2069` : value);

export function t(key, values) {
  const text = table[key] || key;
  return values ? text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? apart(values[name]) : all)) : text;
}

export const has = (key) => key in table;

// Fills every element that carries data-t (text) or data-t-label (accessible name) and sets language and direction of the page.
export function translate(root, direction) {
  const page = document.documentElement;
  page.lang = language || 'en';
  page.dir = direction || (rightToLeft.includes(language) ? 'rtl' : 'ltr');
  if (!language) return;
  for (const e of root.querySelectorAll('[data-t]')) if (has(e.dataset.t)) e.textContent = t(e.dataset.t);
  for (const e of root.querySelectorAll('[data-t-label]')) if (has(e.dataset.tLabel)) e.setAttribute('aria-label', t(e.dataset.tLabel));
}
