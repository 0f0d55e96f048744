// room.js - the visit: status, three states of each button, notes.
import { t, language, languages } from './strings.js';
import { problems, choosers } from './devices.js';
import { wake } from './level.js';
import { MutedEar } from './ear.js';
import { Picture } from './picture.js';
import { People } from './people.js';
import { Chat } from './chat.js';
import { act, ask, Knocks, recall, stopAsking } from './host.js';
import { Recording } from './recording.js';
import { $, set } from './part.js';

const NOTE_MS = 6000;
const WEAK = 2; // of 5: advice is worth giving
const ADVICE_AFTER_MS = 4000;
const EASE_AFTER_MS = 2500;
const PANELS = ['people', 'chat', 'more'];

// Draws `visit` and obeys the buttons for as long as the page lives; show() and hide() say when the person is in the room.
export class Room {
  #visit;
  #noteTimer = 0;
  #wakeLock = null;
  #announced = {};
  #weakSince = 0;
  #adviceTimer = 0;
  #ease = '';
  #easeSaid = '';
  #easeTimer = 0;
  #upPaused = false;
  #stuck = false;
  #panel = '';
  #ear;
  #page;
  #parts = {}; // fetched when they are needed, each a promise
  #picture;
  #chat;

  constructor(visit) {
    this.#visit = visit;
    const page = (this.#page = { note: (text, ms) => this.#note(text, ms), say: (text) => this.#say(text) });
    this.#picture = new Picture(visit, page);
    this.#chat = new Chat(visit, page, () => this.#panel === 'chat');
    this.people = new People(visit, page);
    this.knocks = new Knocks(visit, page);
    this.recording = new Recording(visit, page);
    this.#ear = new MutedEar(() => this.#note(t('mutedTalking'), 2 * NOTE_MS));
    visit.on('state', () => this.#state());
    visit.on('me', () => this.#me());
    visit.on('locked', (locked) => this.#locked(locked));
    visit.on('quality', (quality) => this.#quality(quality));
    visit.on('uplink', ({ bps }) => {
      const paused = bps === 0;
      if (paused !== this.#upPaused && visit.media.on.video) this.#note(t(paused ? 'upPaused' : 'upOver'));
      this.#upPaused = paused;
    });
    visit.on('media', () => this.#buttons());
    visit.on('phone', () => this.#buttons());
    visit.on('roster', (roster) => {
      if (visit.onPhone) this.#buttons();
      this.#fetchParts();
      if (roster.some((p) => p.sound)) this.#fetch('Sound');
    });
    visit.on('lost', () => this.#note(t('deviceLost')));
    visit.on('asked', (asked) => this.#asked(asked));
    visit.on('larger', (m) => import(new URL('./freeze/larger.js', import.meta.url).href).then(({ enlarge }) => enlarge(visit, m)).catch(() => {})); // held as it is seen
    visit.on('nopath', () => {
      this.#stuck = true;
      this.#state();
    });
    this.#listen();
    choosers(visit.media, { audio: $('room-audio'), video: $('room-video'), output: $('room-output') });
    this.#languageList();
  }

  #listen() {
    const visit = this.#visit;
    const press = (id, f) => $(id).addEventListener('click', f);
    press('mute', () => this.#toggle('audio'));
    press('camera', () => this.#toggle('video'));
    press('hand', () => this.#hand());
    press('leave', () => this.#leave());
    press('share', () => this.#share());
    press('flip', () => visit.media.flip().then(() => this.explain()));
    for (const name of PANELS) press(name + '-button', () => this.#open(this.#panel === name ? '' : name, true));
    for (const b of document.querySelectorAll('[data-close]')) b.addEventListener('click', () => this.#open('', true));
    $('room').addEventListener('keydown', (e) => {
      if (e.key !== 'Escape' || e.defaultPrevented || document.querySelector('dialog[open]')) return;
      if (this.#picture.zoomed) this.#picture.zoom('');
      else if (this.#panel) this.#open('', true);
    });
    document.addEventListener('visibilitychange', () => this.#keepAwake());
    document.addEventListener('words', () => this.#words());
    for (const type of ['pointerdown', 'keydown']) addEventListener(type, wake);
  }

  show() {
    this.#announced = {};
    this.#weakSince = 0;
    this.#stuck = false;
    $('quality').hidden = $('advice').hidden = true;
    clearTimeout(this.#easeTimer);
    this.#ease = this.#easeSaid = '';
    this.people.clear();
    this.#chat.clear();
    this.#note('');
    if (this.#visit.me) this.#me(); // it may have been said before this file was here
    this.#words();
    this.#keepAwake();
    this.#picture.show();
    this.#open(matchMedia('(min-width: 60rem), (min-width: 44rem) and (min-height: 40rem)').matches ? 'people' : '');
  }

  // After the devices were asked for while already in the room.
  explain() {
    const notes = problems(this.#visit.media);
    if (notes.length) this.#note(notes.join(' '), 3 * NOTE_MS);
  }

  hide() {
    this.#letSleep();
    this.#ear.stop();
    this.#picture.hide();
    stopAsking();
  }

  #words() {
    this.#state();
    this.#buttons();
    this.#locked(this.#visit.locked);
    this.people.draw();
    this.knocks.draw();
    this.recording.draw();
    if (this.#visit.quality) this.#quality(this.#visit.quality);
    $('room-language').value = language;
  }

  #languageList() {
    const list = $('room-language');
    list.replaceChildren(...Object.entries(languages).map(([code, name]) => Object.assign(new Option(name, code), { lang: code })));
    list.addEventListener('change', () => document.dispatchEvent(new CustomEvent('language', { detail: list.value })));
  }

  // One panel at a time. `moved`: the person asked for it, so the focus goes there, or back to the button that opened it.
  #open(name, moved) {
    const before = this.#panel;
    this.#panel = name;
    for (const p of PANELS) {
      $(p + '-panel').hidden = p !== name;
      $(p + '-button').setAttribute('aria-expanded', String(p === name));
    }
    $('room').toggleAttribute('data-panel', !!name);
    if (name === 'chat') this.#chat.read();
    if (name === 'more' && this.#visit.me) this.#fetch('Sound');
    if (moved && name) $(name === 'chat' ? 'chat-text' : name + '-title').focus();
    else if (moved && before) $(before + '-button').focus();
    this.#picture.fit();
  }

  #state() {
    const { state } = this.#visit;
    if (state === 'live') this.#stuck = false;
    const key = { joining: 'stateConnecting', live: 'stateLive', signal: 'stateSignal', media: 'stateMedia' }[state];
    if (!key) return;
    $('status').dataset.state = state;
    const trouble = navigator.onLine === false ? 'stateOffline' : this.#stuck && 'stateStuck';
    set($('status'), t((state !== 'live' && trouble) || key));
  }

  #me() {
    const { me } = this.#visit;
    set($('room-name'), me.room);
    if (me.muted !== this.#announced.muted) this.#note(this.#announced.muted && !me.muted ? t(this.#heard ? 'nowUnmuted' : 'hostUnmuted') : '');
    this.#announced.muted = me.muted;
    for (const [id, op] of [['mute', 'audio'], ['camera', 'video'], ['hand', 'hand'], ['chat-form', 'chat']]) $(id).hidden = !this.#visit.may(op);
    $('lock').hidden = !this.#visit.may('lock');
    $('layout-choice').hidden = !this.#visit.may('layout');
    $('mute-all').hidden = !this.#visit.may('mute_all');
    $('end').hidden = !this.#visit.may('end');
    $('host-tools').hidden = !['layout', 'lock', 'mute_all', 'record', 'dial', 'freeze', 'end'].some((op) => this.#visit.may(op));
    this.#buttons();
    this.#fetchParts();
  }

  #locked(locked) {
    $('locked').hidden = !locked;
    set($('lock'), t(locked ? 'unlock' : 'lock'));
    if (this.#announced.locked !== undefined && this.#announced.locked !== locked) this.#note(t(locked ? 'locked' : 'unlocked'));
    this.#announced.locked = locked;
  }

  // What is only needed where the server has a telephone; what only hosts need, and others once a still is held. Who hears whom is fetched
  // when the person looks for it, or somebody changed it.
  #fetchParts() {
    const { me, roster } = this.#visit;
    if (me && me.phone) this.#fetch('Phone');
    if (this.#visit.may('freeze') || roster.some((p) => p.frozen)) this.#fetch('Freeze');
  }

  #fetch(name) {
    const file = name.toLowerCase();
    this.#parts[name] ||= import(new URL(`./${file}/${file}.js`, import.meta.url).href)
      .then((module) => new module[name](this.#visit, this.#page))
      .catch(() => (this.#parts[name] = null)); // tried again the next time
  }

  // By the list, which also knows what was switched by keys.
  get #heard() {
    const { media, me, onPhone, roster } = this.#visit;
    if (me && me.muted) return false;
    return onPhone ? !!(roster.find((p) => p.seat === me.seat) || {}).audio : media.on.audio;
  }

  // Under a host's mute the note says when the others hear the person again: the server's word, not the press.
  async #toggle(kind) {
    const { media, me } = this.#visit;
    const muted = !!me && me.muted;
    if (kind === 'audio' && this.#visit.onPhone) {
      const speak = !this.#heard;
      return this.#visit.phone('audio', { on: speak }).then(() => muted || this.#say(t(speak ? 'nowUnmuted' : 'nowMuted')), () => this.#note(t('notDone')));
    }
    const on = await (kind === 'audio' ? this.#visit.setAudio(!this.#heard) : this.#visit.setVideo(!media.on.video));
    if (media.errors[kind]) return this.explain();
    const keys = kind === 'audio' ? ['nowMuted', 'nowUnmuted'] : ['nowCameraOff', 'nowCameraOn'];
    return kind === 'audio' && muted ? undefined : this.#say(t(keys[on ? 1 : 0]));
  }

  // The last host is asked: who leaves may mean that the visit is over.
  async #leave() {
    const visit = this.#visit;
    const others = visit.roster.filter((p) => !p.waiting && visit.me && p.seat !== visit.me.seat);
    if (visit.may('end') && others.length && !others.some((p) => p.host)) {
      const answer = await ask(t('leaveSure'), t('leaveSureText'), t('leave'), t('leaveStay'), { third: t('end') });
      if (answer === 'third' && visit.inVisit) return act(visit, this.#page, 'end');
      if (answer !== true) return undefined;
    }
    return visit.leave();
  }

  async #hand() {
    const { me } = this.#visit;
    const up = !(me && me.hand);
    try {
      await this.#visit.hand(up);
      this.#say(t(up ? 'nowHandUp' : 'nowHandDown'));
    } catch (e) {
      this.#note(t(e.code === 'forbidden' ? 'notAllowed' : 'notDone'));
    }
  }

  async #share() {
    const { media } = this.#visit;
    const on = !media.screen;
    try {
      await this.#visit.share(on);
      this.#note(t(on ? 'sharing' : 'shareEnded'));
    } catch (e) {
      if (e.name !== 'NotAllowedError') this.#note(t(e.code === 'forbidden' ? 'notAllowed' : 'shareFailed')); // the person pressed Cancel
    }
  }

  #buttons() {
    const { media, me } = this.#visit;
    const { on } = media;
    const heard = this.#heard;
    $('mute').toggleAttribute('data-off', !heard);
    set($('mute-text'), t(heard ? 'mute' : 'unmute'));
    $('camera').toggleAttribute('data-off', !on.video);
    set($('camera-text'), t(on.video ? 'cameraOff' : 'cameraOn'));
    const up = !!(me && me.hand);
    $('hand').toggleAttribute('data-on', up);
    set($('hand-text'), t(up ? 'handDown' : 'handUp'));
    $('share').hidden = !media.canShare || !this.#visit.may('share');
    set($('share-text'), t(media.screen ? 'shareStop' : 'shareStart'));
    $('flip').hidden = !media.canFlip || !this.#visit.may('video');
    recall();
    if (this.#visit.inVisit) this.#ear.watch(media.audio && !media.on.audio ? media.audio : null);
  }

  async #asked({ what, by }) {
    const from = this.#visit.roster.find((p) => p.seat === by);
    const camera = what === 'camera';
    const still = () => this.#visit.inVisit && !(camera ? this.#visit.media.on.video : this.#heard);
    if (!still()) return;
    const name = (from && from.name) || t('someone');
    const yes = await ask(t(camera ? 'askedCamera' : 'askedUnmute', { name }), '', t(camera ? 'turnOnCamera' : 'turnOnMicrophone'), t('notNow'), { calm: true, still });
    if (yes && still()) await this.#toggle(camera ? 'video' : 'audio');
  }

  #quality(q) {
    const n = Math.max(0, Math.min(5, Math.round(q.quality || 0)));
    $('quality').hidden = false;
    $('quality').dataset.bars = n;
    set($('quality-text'), t('qualityLabel', { text: t('quality' + n) }));
    this.#eased(q.ease || '');
    this.#advise(n, q);
  }

  // What the room does about a weak line: one change at a time, and none that is gone again at once.
  #eased(ease) {
    if (ease === this.#ease) return;
    this.#ease = ease;
    clearTimeout(this.#easeTimer);
    this.#easeTimer = setTimeout(() => {
      if (ease === this.#easeSaid) return;
      if (ease || this.#easeSaid !== 'repeated') this.#note(t('ease' + (ease.replace(/^./, (c) => c.toUpperCase()) || 'Over')));
      this.#easeSaid = ease;
    }, EASE_AFTER_MS);
  }

  // What the person can do, once the line has been weak for a while.
  #advise(n, q) {
    const now = performance.now();
    if (n === 0 || n > WEAK) this.#weakSince = 0;
    else if (!this.#weakSince) this.#weakSince = now;
    const weak = this.#weakSince && now - this.#weakSince >= ADVICE_AFTER_MS;
    if ($('advice').hidden !== !weak) {
      $('advice').hidden = !weak;
      this.#picture.fit();
    }
    if (weak) set($('advice'), t(q.loss > 0.03 ? 'adviceWifi' : this.#visit.limits?.thin && this.#visit.media.on.video ? 'adviceCamera' : 'adviceBusy'));
    clearTimeout(this.#adviceTimer);
    if (this.#weakSince && !weak) this.#adviceTimer = setTimeout(() => this.#visit.quality && this.#advise(n, q), ADVICE_AFTER_MS + 50 - (now - this.#weakSince));
  }

  // For a while; what lasts (muted by the host) comes back after it.
  #note(text, ms = NOTE_MS) {
    clearTimeout(this.#noteTimer);
    const { me } = this.#visit;
    const shown = text || (me && me.muted ? t('hostMuted') : '');
    $('note').hidden = !shown; // before the words: those of a hidden element are not read out
    set($('note'), shown);
    if (text) this.#noteTimer = setTimeout(() => this.#note(''), ms);
  }

  #say(text) {
    $('announce').textContent = text;
  }

  async #keepAwake() {
    if (!this.#visit.inVisit || document.hidden || !navigator.wakeLock) return;
    const lock = await navigator.wakeLock.request('screen').catch(() => null);
    if (!lock) return;
    if (this.#wakeLock) this.#wakeLock.release().catch(() => {});
    this.#wakeLock = lock;
    if (!this.#visit.inVisit) this.#letSleep();
  }

  #letSleep() {
    if (this.#wakeLock) this.#wakeLock.release().catch(() => {});
    this.#wakeLock = null;
  }
}
