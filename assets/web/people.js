// people.js - who is in the visit; for hosts what they may do about each.
import { has, t } from './strings.js';
import { act, ask } from './host.js';
import { icon, roleName } from './marks.js';
import { $, make, set } from './part.js';

const WATCHERS = ['observer', 'compliance']; // they neither speak nor are seen

export class People {
  #visit;
  #page;
  #rows = new Map(); // seat -> li
  #before = null; // seat -> participant at the last roster, to announce what changed

  constructor(visit, page) {
    this.#visit = visit;
    this.#page = page;
    visit.on('roster', () => this.#roster());
    visit.on('me', () => this.draw());
    visit.on('layouts', () => this.#layouts());
    $('layout').addEventListener('change', async () => {
      if (await act(visit, page, 'layout', { value: $('layout').value })) return;
      $('layout').dataset.key = ''; // back to what is in use
      this.#layouts();
    });
    $('mute-all').addEventListener('click', () => act(visit, page, 'mute_all', { done: 'muteAllDone' }));
    $('lock').addEventListener('click', () => act(visit, page, 'lock', { value: !visit.locked, done: '' }));
    $('end').addEventListener('click', async () => {
      if (await ask(t('endSure'), t('endSureText'), t('end'), t('cancel'), { danger: true })) act(visit, page, 'end');
    });
  }

  clear() {
    this.#before = null;
    this.#rows.clear();
    $('people').replaceChildren();
    $('people-count').textContent = '';
  }

  // Drawn anew only when it changed: the list may be open.
  #layouts() {
    const { layout, layouts } = this.#visit.layouts || {};
    if (!layouts) return;
    const list = $('layout');
    const words = ({ name, title }) => (has('layout ' + name) ? t('layout ' + name) : title);
    const options = layouts.map((one) => new Option(words(one), one.name));
    const key = [layout, ...options.map((o) => o.value + o.text)].join();
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...options);
    list.value = layout;
  }

  #here() {
    return this.#visit.roster.filter((p) => !p.waiting);
  }

  #roster() {
    const roster = this.#here();
    if (this.#before) this.#news(roster, this.#before);
    this.#before = new Map(roster.map((p) => [p.seat, p]));
    this.draw();
  }

  #news(roster, before) {
    const seats = new Set(roster.map((p) => p.seat));
    const news = [];
    for (const p of roster) if (!before.has(p.seat)) news.push(t('joined', p));
    for (const [seat, p] of before) if (!seats.has(seat)) news.push(t('left', p));
    const own = this.#visit.me && this.#visit.me.seat;
    const hands = roster.filter((p) => p.hand && p.seat !== own && before.has(p.seat) && !before.get(p.seat).hand);
    if (news.length) this.#page.say(news.join(' '));
    if (hands.length) this.#page.note(hands.map((p) => t('handRaised', p)).join(' '));
  }

  // A row is changed in place and moved only when the order changed: the focus may be in it.
  draw() {
    this.#layouts();
    const roster = this.#here();
    const list = $('people');
    set($('people-count'), roster.length ? `(${roster.length})` : '');
    for (const [seat, li] of this.#rows) {
      if (roster.some((p) => p.seat === seat)) continue;
      li.remove();
      this.#rows.delete(seat);
    }
    roster.forEach((p, i) => {
      const li = this.#rows.get(p.seat) || this.#row(p.seat);
      this.#fill(li, p);
      if (list.children[i] !== li) list.insertBefore(li, list.children[i] || null);
    });
  }

  #row(seat) {
    const text = make('div', {}, make('bdi', { dir: 'auto' }), make('small'));
    const li = make('li', {}, make('span', { className: 'dot' }), text, make('span', { className: 'icons' }));
    li.dataset.seat = seat;
    this.#rows.set(seat, li);
    return li;
  }

  #fill(li, p) {
    const own = !!this.#visit.me && p.seat === this.#visit.me.seat;
    const phone = p.kind === 'phone';
    const calls = phone || p.phone; // alone, or beside the page
    const marks = [own && t('you'), roleName(p.role), p.host && t('hostMark'), calls && t('phoneMark'), calls && p.clear && t('clearMark')];
    const muted = p.muted || p.audio === false;
    const dark = p.video === false && !phone;
    marks.push(muted && t('mutedMark'), dark && t('noVideoMark'), p.share && t('shareMark'), p.hand && t('handMark'), this.#visit.me && this.#visit.me.host && p.quality >= 0 && t('qualityLabel', { text: t('quality' + p.quality) }), p.talking && t('talking'));
    li.classList.toggle('talking', !!p.talking);
    set(li.querySelector('bdi'), p.name);
    set(li.querySelector('small'), marks.filter(Boolean).join(' · '));
    const icons = [p.hand && 'hand', p.share && 'screen', calls && 'phone', muted && 'mic', dark && 'camera'].filter(Boolean);
    const box = li.querySelector('.icons');
    if (box.dataset.icons !== icons.join()) {
      box.dataset.icons = icons.join();
      box.replaceChildren(...icons.map((name) => this.#badge(name)));
    }
    this.#manage(li, p, own);
  }

  #badge(name) {
    const span = make('span', { className: 'icon ' + name }, icon(name));
    if (name === 'mic' || name === 'camera') {
      span.append(icon('off'));
      span.lastChild.classList.add('slash');
    }
    return span;
  }

  #operations(p, own) {
    const silent = p.audio === false || p.muted;
    const speaks = !WATCHERS.includes(p.role);
    const all = {
      mute: !silent,
      unmute_ask: speaks && silent,
      camera_ask: speaks && p.video === false && p.kind !== 'phone',
      tier: p.kind !== 'phone',
      remove: true,
    };
    return own ? [] : Object.keys(all).filter((op) => all[op] && this.#visit.may(op));
  }

  // The button with three dots and what it opens.
  #manage(li, p, own) {
    const operations = this.#operations(p, own);
    const key = [...operations, document.documentElement.lang, p.name].join();
    if (li.dataset.operations === key) return;
    li.dataset.operations = key;
    const was = li.querySelector('.manage');
    const open = !!was && was.getAttribute('aria-expanded') === 'true';
    const focused = li.contains(document.activeElement);
    for (const e of li.querySelectorAll('.manage, .operations')) e.remove();
    if (!operations.length) return;
    const box = make('div', { className: 'operations', hidden: !open, id: 'manage-' + p.seat });
    const button = make('button', { type: 'button', className: 'manage plain' }, icon('more'));
    button.setAttribute('aria-label', t('manage', p));
    button.setAttribute('aria-expanded', String(open));
    button.setAttribute('aria-controls', box.id);
    button.addEventListener('click', () => {
      box.hidden = !box.hidden;
      button.setAttribute('aria-expanded', String(!box.hidden));
    });
    box.append(...operations.map((op) => (op === 'tier' ? this.#tier(p) : this.#operation(op, p))));
    li.append(button, box);
    if (focused) button.focus();
  }

  #operation(op, p) {
    const words = { mute: 'opMute', unmute_ask: 'opUnmuteAsk', camera_ask: 'opCameraAsk', remove: 'opRemove' };
    const b = make('button', { type: 'button', textContent: t(words[op]) });
    if (op === 'remove') b.className = 'danger';
    b.addEventListener('click', async () => {
      const sure = op !== 'remove' || (await ask(t('removeSure', p), t('removeSureText'), t('opRemove'), t('cancel'), { danger: true }));
      if (sure) act(this.#visit, this.#page, op, { seat: p.seat });
    });
    return b;
  }

  #tier(p) {
    const tiers = ['auto', ...this.#visit.me.tiers, 'audio'];
    const select = make('select', {}, ...tiers.map((tier) => new Option(has('tier ' + tier) ? t('tier ' + tier) : tier, tier)));
    select.addEventListener('change', () => act(this.#visit, this.#page, 'tier', { seat: p.seat, value: select.value }));
    return make('label', { className: 'field' }, make('span', { textContent: t('opTier') }), select);
  }
}
