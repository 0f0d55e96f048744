// host.js - what hosts do: an operation and its outcome in words, the question before it, who waits at the door.
import { t } from './strings.js';
import { roleName } from './marks.js';

const $ = (id) => document.getElementById(id);

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

// One question in a dialog; true for `yes`, false for `no`, 'third' for a third answer where there is one, null when it was closed or a
// newer question took its place. danger: `yes` cannot be undone, so `no` has the focus.
let answer = null;
export function ask(title, text, yes, no, { danger = false, third = '' } = {}) {
  const dialog = $('ask');
  const back = document.activeElement;
  if (answer) answer(null);
  $('ask-title').textContent = title;
  $('ask-text').textContent = text;
  $('ask-yes').textContent = yes;
  $('ask-no').textContent = no;
  $('ask-yes').classList.toggle('danger', danger);
  thirdAnswer(third);
  if (!dialog.open) dialog.showModal();
  (danger ? $('ask-no') : $('ask-yes')).focus();
  return new Promise((resolve) => {
    answer = (value) => {
      answer = null;
      resolve(value);
      if (dialog.open) dialog.close();
      if (back && back.isConnected) back.focus();
    };
    $('ask-yes').onclick = () => answer && answer(true);
    $('ask-no').onclick = () => answer && answer(false);
    dialog.onclose = () => !dialog.open && answer && answer(null); // not the late event of the question before
  });
}

// Few questions have one; it cannot be undone.
function thirdAnswer(text) {
  const old = $('ask-third');
  if (old) old.remove();
  if (!text) return;
  const b = Object.assign(document.createElement('button'), { type: 'button', id: 'ask-third', className: 'danger', textContent: text });
  b.onclick = () => answer && answer('third');
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
    const row = Object.assign(document.createElement('div'), { className: 'knock' });
    row.setAttribute('role', 'group');
    const button = (op, className) => {
      const b = Object.assign(document.createElement('button'), { type: 'button', className });
      b.addEventListener('click', () => act(this.#visit, this.#page, op, { seat, done: '' }));
      return b;
    };
    row.append(document.createElement('p'), button('admit', 'primary'), button('deny', ''));
    return row;
  }
}
