// room.js - the visit: one picture, three buttons, who is here, how the connection is.
import { t, has } from './strings.js';
import { problems } from './prejoin.js';

const $ = (id) => document.getElementById(id);
const NOTE_MS = 6000;

// Draws `visit` and obeys the buttons for as long as the page lives; show() and hide() say when the person is in the room.
export class Room {
  #visit;
  #names = null; // seat -> name of who was here at the last roster, to announce who came and went
  #noteTimer = 0;
  #wakeLock = null;
  #announced = {};

  constructor(visit) {
    this.#visit = visit;
    visit.on('stream', (stream) => this.#stream(stream));
    visit.on('state', () => this.#state());
    visit.on('me', () => this.#me());
    visit.on('roster', (roster) => this.#roster(roster));
    visit.on('layout', (layout) => this.#layout(layout));
    visit.on('quality', (quality) => this.#quality(quality));
    visit.on('media', () => this.#buttons());
    visit.on('lost', () => this.#note(t('deviceLost')));
    $('mute').addEventListener('click', () => this.#toggle('audio'));
    $('camera').addEventListener('click', () => this.#toggle('video'));
    $('leave').addEventListener('click', () => visit.leave());
    $('unblock').addEventListener('click', () => this.#play());
    document.addEventListener('visibilitychange', () => this.#keepAwake());
  }

  show() {
    this.#names = null;
    $('people').replaceChildren();
    $('people-count').textContent = '';
    $('quality').hidden = true;
    this.#note('');
    this.#state();
    this.#buttons();
    this.#keepAwake();
    const { output } = this.#visit.media.chosen;
    if (output && $('composite').setSinkId) $('composite').setSinkId(output).catch(() => {});
  }

  // After the devices were asked for while already in the room.
  explain() {
    const notes = problems(this.#visit.media);
    if (notes.length) this.#note(notes.join(' '), 3 * NOTE_MS);
  }

  hide() {
    if (this.#wakeLock) this.#wakeLock.release().catch(() => {});
    this.#wakeLock = null;
  }

  #stream(stream) {
    $('composite').srcObject = stream;
    $('unblock').hidden = true;
    if (stream) this.#play();
  }

  // Some browsers want a touch before they play sound (after a reload, for instance): picture now, sound on one press.
  async #play() {
    const video = $('composite');
    video.muted = false;
    try {
      await video.play();
      $('unblock').hidden = true;
    } catch (e) {
      if (e.name !== 'NotAllowedError') return;
      video.muted = true;
      $('unblock').hidden = false;
      video.play().catch(() => {});
    }
  }

  #state() {
    const { state } = this.#visit;
    const key = { joining: 'stateConnecting', live: 'stateLive', signal: 'stateSignal', media: 'stateMedia' }[state];
    if (!key) return;
    $('status').dataset.state = state;
    $('status').textContent = t(navigator.onLine === false && state !== 'live' ? 'stateOffline' : key);
  }

  #me() {
    const { me } = this.#visit;
    $('room-name').textContent = me.room;
    if (me.muted !== this.#announced.muted) this.#note(this.#announced.muted && !me.muted ? t('hostUnmuted') : '');
    this.#announced.muted = me.muted;
  }

  async #toggle(kind) {
    const { media } = this.#visit;
    const on = await (kind === 'audio' ? this.#visit.setAudio(!media.on.audio) : this.#visit.setVideo(!media.on.video));
    if (media.errors[kind]) return this.explain();
    const keys = kind === 'audio' ? ['nowMuted', 'nowUnmuted'] : ['nowCameraOff', 'nowCameraOn'];
    return this.#say(t(keys[on ? 1 : 0]));
  }

  #buttons() {
    const { on } = this.#visit.media;
    $('mute').toggleAttribute('data-off', !on.audio);
    $('mute-text').textContent = t(on.audio ? 'mute' : 'unmute');
    $('camera').toggleAttribute('data-off', !on.video);
    $('camera-text').textContent = t(on.video ? 'cameraOff' : 'cameraOn');
  }

  #roster(roster) {
    const here = new Map(roster.map((p) => [p.seat, p.name]));
    if (this.#names) {
      const news = [];
      for (const [seat, name] of here) if (!this.#names.has(seat)) news.push(t('joined', { name }));
      for (const [seat, name] of this.#names) if (!here.has(seat)) news.push(t('left', { name }));
      if (news.length) this.#say(news.join(' '));
    }
    this.#names = here;
    $('people-count').textContent = `(${roster.length})`;
    const old = new Map([...$('people').children].map((li) => [li.dataset.seat, li]));
    $('people').replaceChildren(...roster.map((p) => this.#person(p, old.get(p.seat))));
  }

  #person(p, old) {
    const li = old || document.createElement('li');
    if (!old) {
      li.dataset.seat = p.seat;
      const dot = Object.assign(document.createElement('span'), { className: 'dot' });
      const text = document.createElement('div');
      text.append(Object.assign(document.createElement('bdi'), { dir: 'auto' }), document.createElement('small'));
      li.append(dot, text);
    }
    const marks = [];
    const role = 'role' + (p.role || '').replace(/^./, (c) => c.toUpperCase());
    if (this.#visit.me && p.seat === this.#visit.me.seat) marks.push(t('you'));
    if (has(role)) marks.push(t(role));
    if (p.kind === 'phone') marks.push(t('phoneMark'));
    if (p.muted || p.audio === false) marks.push(t('mutedMark'));
    if (p.video === false && p.kind !== 'phone') marks.push(t('noVideoMark'));
    if (p.talking) marks.push(t('talking'));
    li.classList.toggle('talking', !!p.talking);
    set(li.querySelector('bdi'), p.name);
    set(li.querySelector('small'), marks.join(' · '));
    return li;
  }

  #layout(layout) {
    const names = this.#visit.tiles().map((tile) => tile.name).filter(Boolean);
    const label = names.length ? t('picture', { names: names.join(', ') }) : t('pictureEmpty');
    if ($('composite').getAttribute('aria-label') !== label) $('composite').setAttribute('aria-label', label);
    if (layout.width && layout.height) $('composite').style.setProperty('--shape', `${layout.width} / ${layout.height}`);
  }

  #quality(q) {
    const n = Math.max(0, Math.min(5, Math.round(q.quality || 0)));
    $('quality').hidden = false;
    $('quality').dataset.bars = n;
    set($('quality-text'), t('qualityLabel', { text: t('quality' + n) }));
    if (q.tier === 'audio' && this.#announced.tier !== 'audio') this.#note(t('audioOnly'));
    this.#announced.tier = q.tier;
  }

  // For a while; what lasts (muted by the host) comes back after it.
  #note(text, ms = NOTE_MS) {
    clearTimeout(this.#noteTimer);
    const { me } = this.#visit;
    const shown = text || (me && me.muted ? t('hostMuted') : '');
    set($('note'), shown);
    $('note').hidden = !shown;
    if (text) this.#noteTimer = setTimeout(() => this.#note(''), ms);
  }

  #say(text) {
    $('announce').textContent = text;
  }

  async #keepAwake() {
    if (!this.#visit.inVisit || document.hidden || !navigator.wakeLock) return;
    this.#wakeLock = await navigator.wakeLock.request('screen').catch(() => null);
  }
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
