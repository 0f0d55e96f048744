// host.js - what hosts do: an operation and its outcome in words, the question before it, who waits at the door.
import { t } from './strings.js';
import { roleName } from './marks.js';
import { $, make } from './part.js';

// Tells the server; says what came of it. done: key of the words for "it worked" ("" = the page shows it anyway).
export async function act(visit, page, op, { seat, value, done = 'done' } = {}) {
  try {
    await visit.host(op, seat, value);
    if (done) page.note(t(done));
    return true;
  } catch (e) {
    if (visit.inVisit) page.note(t(e.code === 'forbidden' ? 'notAllowed' : 'notDone'));
    return false;
  }
}

const PAUSE_MS = 500; // a second tap on the answer before is none to the next question
const CALM_MS = 700; // what was on its way to something else is no answer to a question that comes by itself
const questions = []; // the first of them is on the screen
let back = null; // what had the focus before it
let pause = 0;

// One question in a dialog, after those before it; true for `yes`, false for `no`, 'third' where there is one, null when it was closed, is
// asked already, or no longer matters (`still`), also later, at recall(). danger: `yes` cannot be undone, so `no` has the focus. calm: the
// person may be busy, so no answer has the focus.
export function ask(title, text, yes, no, { danger = false, calm = false, third = '', still = () => true } = {}) {
  if (questions.some((q) => q.title === title)) return Promise.resolve(null);
  return new Promise((resolve) => {
    questions.push({ title, text, yes, no, danger, calm, third, still, resolve });
    if (questions.length > 1) return;
    back = document.activeElement;
    put(calm ? CALM_MS : 0);
  });
}

// A question that no longer matters is closed.
export function recall() {
  if (questions.length && !questions[0].still()) answer(null);
}

// The visit is over: nobody is asked any more.
export function stopAsking() {
  for (const q of questions.splice(1)) q.resolve(null);
  answer(null);
}

function put(wait) {
  const [{ title, text, yes, no, danger, calm, third }] = questions;
  const dialog = $('ask');
  $('ask-title').textContent = title;
  $('ask-text').textContent = text;
  $('ask-yes').textContent = yes;
  $('ask-no').textContent = no;
  $('ask-yes').classList.toggle('danger', danger);
  thirdAnswer(third);
  $('ask-yes').onclick = () => answer(true);
  $('ask-no').onclick = () => answer(false);
  dialog.onclose = () => !dialog.open && answer(null); // not the late event of the question before
  const able = (can) => {
    for (const b of dialog.querySelectorAll('button')) b.disabled = !can;
    if (can && !calm) (danger ? $('ask-no') : $('ask-yes')).focus();
  };
  clearTimeout(pause);
  able(false);
  if (!dialog.open) dialog.showModal();
  $('ask-title').tabIndex = -1;
  $('ask-title').focus();
  if (wait) pause = setTimeout(able, wait, true);
  else able(true);
}

function answer(value) {
  if (!questions.length) return;
  questions.shift().resolve(value);
  while (questions.length && !questions[0].still()) questions.shift().resolve(null);
  if (questions.length) {
    put(questions[0].calm ? CALM_MS : PAUSE_MS);
    return;
  }
  clearTimeout(pause);
  if ($('ask').open) $('ask').close();
  if (back && back.isConnected) back.focus();
}

// Few questions have one; it cannot be undone.
function thirdAnswer(text) {
  const old = $('ask-third');
  if (old) old.remove();
  if (!text) return;
  const b = make('button', { type: 'button', id: 'ask-third', className: 'danger', textContent: text });
  b.onclick = () => answer('third');
  $('ask-yes').after(b);
}

// People who wait to be let in, above the picture where a host cannot overlook them.
export class Knocks {
  #visit;
  #page;
  #rows = new Map();

  constructor(visit, page) {
    this.#visit = visit;
    this.#page = page;
    visit.on('knocks', () => this.draw());
  }

  draw() {
    const { knocks } = this.#visit;
    for (const [seat, row] of this.#rows) {
      if (knocks.has(seat)) continue;
      row.remove();
      this.#rows.delete(seat);
    }
    for (const [seat, { name, role }] of knocks) {
      const text = t('knock', { name, role: roleName(role) || role });
      let row = this.#rows.get(seat);
      if (!row) {
        row = this.#row(seat);
        this.#rows.set(seat, row);
        $('knocks').append(row);
        this.#page.say(text);
      }
      row.firstChild.textContent = text;
      row.children[1].textContent = t('admit');
      row.children[2].textContent = t('deny');
    }
  }

  #row(seat) {
    const row = make('div', { className: 'knock' });
    row.setAttribute('role', 'group');
    const button = (op, className) => {
      const b = make('button', { type: 'button', className });
      b.addEventListener('click', () => act(this.#visit, this.#page, op, { seat, done: '' }));
      return b;
    };
    row.append(document.createElement('p'), button('admit', 'primary'), button('deny', ''));
    return row;
  }
}
