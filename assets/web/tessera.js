// tessera.js - one person's seat in a visit: signaling, media and peer put together. No page, no words; app.js draws it. Works from
// another origin too: what it loads and connects to is where this file came from.
// Its events and how a page uses it: README, "In your own page".
import { Signaling } from './signaling.js';
import { Media } from './media.js';
import { Peer } from './peer.js';
import { Seat } from './seat.js';
import { watchNetwork } from './network.js';

const LOOK_MS = 1000;
const REBUILD_MS = 1000;
const REBUILD_LAST_MS = 8000;
const PATH_MS = 8000; // no connection after this: say so, within 10 s of the press on Join
const TOKEN_MAX = 2048;
const REFUSALS = { token_expired: 'link-expired', token_revoked: 'link-revoked', token_forged: 'link-invalid', token_foreign: 'link-invalid', room_ended: 'room_ended', denied: 'denied', full: 'full', unavailable: 'draining' };
const OFFER_ERRORS = ['bad_sdp', 'conflict', 'unavailable', 'internal'];

export class Visit extends Seat {
  state = 'idle';
  quality = null;
  stream = null;
  reason = '';
  onPhone = false; // the person's telephone is the microphone and the sound
  fuller = null; // what to make of the room's answer while the line takes everything (sound.js)
  media;
  peer = null;
  #early = null; // a peer before the visit
  #options;
  #signaling;
  #session = '';
  #was = ''; // the last session that the room took our offer for
  #iceServers = [];
  #wasLive = false;
  #told = {}; // type -> the last of the messages that are said once
  #wishes = {}; // of the person and the page, for as long as it lives: the size at which the picture is shown, the largest tier
  #known = false; // the room knows our session, so it can be told our state
  #built = 0;
  #rebuilds = 0;
  #timers = {};
  #waiting = false;
  #lastTried = null;
  #unmute = false; // the person pressed Unmute under a host's mute
  #sharing = false;
  #shared = null; // the promise of the last `share` message
  #instead = false; // the screen goes out in the camera's place
  #rules = null; // uplink.js and delay.js, once they are here
  #uplink = null;
  #delay = null;
  #looked = {}; // {peer, at} of the line
  limits = null; // what it says,
  #asked = null; // what the room does,
  #limited = null; // and what of the former the connection keeps to

  // options: token; url of the WebSocket (unless it is beside this file); constraints of the devices; relay (TURN only); codec "h264"
  // or "vp8"; line: a function that gives what the line seems to carry in kbit/s, 0 when that is not known.
  constructor(options = {}) {
    super();
    this.#options = options;
    this.media = new Media(options.constraints);
    this.media.addEventListener('change', () => this.#mediaChanged());
    this.media.addEventListener('lost', (e) => this.#emit('lost', e.detail));
    const url = options.url || serverUrl();
    this.#signaling = new Signaling(url, () => this.#joinMessage());
    this.#signaling.addEventListener('message', (e) => this.#receive(e.detail));
    this.#signaling.addEventListener('down', () => this.#update());
    this.#signaling.addEventListener('up', () => this.#update());
    watchNetwork(() => this.#networkChanged(), () => this.#update());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden || !this.inVisit) return;
      this.#signaling.nudge();
      if (this.peer && this.peer.state === 'disconnected') this.peer.restartIce(); // back from the lock screen
    });
  }

  get inVisit() {
    return this.state !== 'idle' && this.state !== 'ended';
  }

  // What join() needs, ahead of it.
  prepare() {
    if (!this.inVisit) this.#signaling.prepare();
  }

  // Devices that are not open yet are opened beside it and sent as they come.
  async join() {
    if (this.inVisit) return undefined;
    this.reason = '';
    this.#session = this.#was = ''; // the person wants this device: it takes the seat
    this.#wasLive = this.#waiting = false;
    this.#set('joining');
    const { token } = this.#options;
    if (typeof token !== 'string' || !token || token.length > TOKEN_MAX) return this.#end('link-invalid', { code: 'token_forged', message: 'This link is not valid.' });
    this.#expectPath();
    this.#signaling.start();
    return this.media.open();
  }

  // Also ends a mute by a host: nobody but the person does that.
  setAudio(on) {
    this.#unmute = on && !!this.me && this.me.muted;
    if (this.#unmute) this.#told.state = ''; // said again
    return this.media.set('audio', on);
  }

  setVideo(on) {
    return this.media.set('video', on);
  }

  request(message) {
    return this.#signaling.request(message);
  }

  async share(on) {
    if (!on) return this.media.unshare();
    await this.media.share();
    return this.#whenShared();
  }

  // The largest that is wished for, "auto", or "audio": none.
  setTier(tier) {
    this.#wish({ type: 'tier', tier });
  }

  get tier() {
    return this.#wishes.tier?.tier || 'auto';
  }

  // {width, height} in pixels of the screen, upright: the room sends nothing larger.
  shownAt(size) {
    this.#wish({ type: 'display', ...size });
  }

  #wish(message) {
    this.#wishes[message.type] = message;
    this.#tellRoom();
  }

  leave() {
    this.#signaling.send({ type: 'leave' });
    this.#end('left');
  }

  // Tries again at once, with a new connection.
  retry() {
    if (!this.inVisit) return;
    this.#rebuilds = 0;
    this.#rebuild();
  }

  async stats() {
    const list = [];
    if (this.peer) (await this.peer.connection.getStats()).forEach((s) => list.push(s));
    return list;
  }

  #joinMessage() {
    const message = { type: 'join', token: this.#options.token };
    if (!this.inVisit) return { ...message, type: 'prepare' };
    const sdp = this.#early && this.#early.whole();
    if (sdp) Object.assign(message, { sdp, ...this.#line() });
    if (this.#session && this.peer) message.session = this.#session;
    if (this.#was) message.was = this.#was; // a device that wakes up leaves the seat to a newer one
    return message;
  }

  #receive(m) {
    switch (m.type) {
      case 'joined':
        return this.#joined(m);
      case 'prepared':
        return this.#prepared(m);
      case 'answer':
        return this.#answer(m.sdp);
      case 'candidate':
        return this.peer && this.peer.candidate(m);
      case 'roster':
        return this.#roster(m.participants || []);
      case 'roster_changes': {
        const all = new Map();
        for (const p of this.roster.concat(m.participants || [])) all.set(p.seat, p.role ? p : { ...all.get(p.seat), ...p });
        return this.#roster([...all.values()].filter((p) => p.role && p.seat));
      }
      case 'layout':
        this.layout = m;
        return this.#emit('layout', m);
      case 'quality':
        this.quality = m;
        if (this.peer) this.peer.send('audio', this.#sound);
        return this.#emit('quality', m);
      case 'chat':
      case 'asked':
      case 'call':
      case 'larger':
        return this.#emit(m.type, m);
      case 'limits':
        [this.#asked, this.#limited] = [m, 0];
        return this.#limit();
      case 'lock':
        this.locked = m.locked;
        return this.#emit('locked', m.locked);
      case 'recording':
        this.recording = m;
        return this.#emit('recording', m);
      case 'layouts':
        this.layouts = m;
        return this.#emit('layouts', m);
      case 'waiting':
        this.#waiting = true;
        clearTimeout(this.#timers.path);
        return this.#set('waiting');
      case 'knock':
        this.knocks.set(m.seat, m);
        return this.#emit('knocks', [...this.knocks.values()]);
      case 'knock_gone':
        this.knocks.delete(m.seat);
        return this.#emit('knocks', [...this.knocks.values()]);
      case 'muted':
        this.me.muted = m.muted;
        this.#unmute = false;
        if (m.muted) this.media.set('audio', false); // its end opens nothing
        return this.#emit('me', this.me);
      case 'restart':
        return this.#build();
      case 'replaced':
        return this.#end('replaced');
      case 'ended':
        return this.#end(m.reason || 'room_ended');
      case 'error':
        return this.#error(m);
      default:
        return undefined; // newer servers may say more
    }
  }

  // The offer goes with the `join`, once the person does.
  async #prepared({ iceServers }) {
    await this.media.opened;
    if (this.state !== 'idle') return;
    this.#iceServers = iceServers;
    this.#forgetEarly();
    this.#early = this.#makePeer();
    this.#early.negotiate();
  }

  #joined(m) {
    this.become(m);
    for (const kind of ['audio', 'video']) if (!this.me.may.includes(kind)) this.media.forbid(kind);
    if (m.muted) this.media.set('audio', false);
    this.locked = !!m.locked;
    this.recording = null; // said again, unless nobody is to be recorded
    this.knocks.clear();
    if (this.#waiting) this.#expectPath();
    this.#waiting = false;
    this.#iceServers = m.iceServers || [];
    this.#session = m.session || '';
    this.#told = {};
    this.#unmute = this.#sharing = false;
    this.#emit('me', this.me);
    this.#emit('locked', this.locked);
    this.#emit('knocks', []);
    this.#emit('call', null); // those there are come next
    if (!m.resumed || !this.peer) this.#build(m.offered);
    else {
      this.peer.resend();
      if (this.peer.state === 'disconnected' || this.#delay?.silent > 1) this.peer.restartIce();
    }
    this.#tellRoom();
    this.#tellShare();
    this.#update();
  }

  async #answer(sdp) {
    const { peer } = this;
    if (!peer) return;
    this.#was = this.#session;
    this.#known = true;
    this.#tellRoom();
    await peer.answer(sdp);
    if (peer !== this.peer) return;
    this.#instead = !!this.media.screen && !peer.waiting && !peer.carries('screen'); // a room that takes one picture of a person
    peer.send('video', this.#picture);
    this.#tellShare();
    this.#tellRoom();
  }

  // Nothing while a thin line is kept for hands that speak.
  get #sound() {
    return (this.quality && this.quality.ease === 'silent') || (this.limits && this.limits.silent) ? null : this.media.audio;
  }

  // What is sent has to fit a weak line, or its queue delays also what the room learns of the line down.
  async #lookAtLine() {
    const { peer } = this;
    if (!peer || peer.state !== 'connected') return;
    if (!this.#rules) this.#rules = await Promise.all([import('./uplink.js'), import('./delay.js')]);
    const [{ Uplink, RUNGS, HANDS, readings, shape, hold }, { Delay, readings: heard, withOtherSound, withOtherSources, SLEPT_MS }] = this.#rules;
    if (!this.#uplink) [this.#uplink, this.#delay] = [new Uplink(this.me.signing), new Delay()];
    const stats = await this.stats();
    if (this.peer !== peer || !this.me) return;
    const [now, line] = [performance.now(), readings(stats)];
    if (this.#uplink.step(now, line)) {
      this.limits = (this.me.signing ? HANDS : RUNGS)[this.#uplink.rung];
      peer.send('audio', this.#sound);
      this.#emit('uplink', this.limits);
    }
    const { limits } = this;
    const asked = (this.quality && this.quality.hold) || 0;
    const anew = this.#delay.step(now, heard(stats, line.rtt), asked);
    if (this.#delay.silent === 2) this.#signaling.nudge(); // another network, perhaps
    hold(peer.connection, Math.max(asked, this.#delay.hold(now)));
    const slept = this.#looked.peer === peer && Date.now() - this.#looked.at > SLEPT_MS; // of a clock that goes on while a device sleeps
    if (slept || anew) await peer.retake(slept ? withOtherSources : withOtherSound, (sdp) => sdp);
    this.#looked = { peer, at: Date.now() };
    if (!(await peer.reduce(shape(this.#uplink, limits) || this.fuller)) || this.peer !== peer || limits === this.#limited) return;
    this.#limit();
  }

  #limit() {
    if (!this.peer || !this.#rules) return;
    this.#rules[0].limitPicture(this.peer.connection, this.limits, this.#asked);
    this.#limited = this.limits;
  }

  // What goes out in the camera's place.
  get #picture() {
    return (this.#instead && this.media.screen) || this.media.video;
  }

  #roster(people) {
    this.roster = people;
    const own = this.roster.find((p) => this.me && p.seat === this.me.seat);
    if (own) {
      const { muted, hand } = this.me;
      this.me.muted = own.muted === undefined ? muted : own.muted;
      this.me.hand = !!own.hand;
      if (this.me.muted !== muted || this.me.hand !== hand) this.#emit('me', this.me);
      this.#setOnPhone(!!own.phone);
    }
    this.#emit('roster', this.roster);
  }

  #setOnPhone(on) {
    if (this.onPhone === on) return;
    this.onPhone = on;
    this.media.rest(on);
    this.#emit('phone', on);
  }

  #error(m) {
    this.#emit('error', m);
    if (m.fatal) this.#end(REFUSALS[m.code] || 'error', m);
    else if (m.code === 'connection_failed' || (this.peer && this.peer.waiting && OFFER_ERRORS.includes(m.code))) this.#rebuild();
  }

  // An endless "connecting" helps nobody: what was tried is told once no path was found.
  #expectPath() {
    clearTimeout(this.#timers.path);
    this.#timers.path = setTimeout(() => {
      if (!this.inVisit || this.state === 'live' || this.state === 'signal') return;
      this.#emit('nopath', { ...this.tried(), before: this.#wasLive });
      this.#expectPath();
    }, PATH_MS);
  }

  // {socket: works, host, answered: the room named addresses, udp, tcp: ["host:port"...], relays: [{url, works}...]}
  tried() {
    const none = { answered: false, udp: [], tcp: [], relays: [] };
    const { host } = new URL(this.#options.url || serverUrl());
    return { socket: this.#signaling.open && !!this.me, host, ...(this.peer ? this.peer.tried() : this.#lastTried || none) };
  }

  #forgetEarly() {
    if (this.#early) this.#early.close();
  }

  #makePeer() {
    const can = (kind) => this.media[kind] || !this.media.errors[kind]; // may still come
    return new Peer({
      iceServers: this.#iceServers,
      relay: this.#options.relay,
      codec: this.#options.codec,
      tracks: { audio: can('audio'), video: can('video'), screen: this.media.screen },
    });
  }

  // `offered`: with the message that joined.
  #build(offered) {
    clearTimeout(this.#timers.build);
    if (this.peer) this.peer.close();
    this.#built = performance.now();
    this.#known = false;
    this.#told = {};
    const early = this.#early;
    this.#early = null;
    const ready = offered && early.state !== 'closed';
    if (early && !ready) early.close();
    const peer = (this.peer = ready ? early : this.#makePeer());
    this.#asked = this.#limited = null;
    if (this.#delay) this.#delay.silent = 0;
    clearInterval(this.#timers.line);
    this.#timers.line = setInterval(() => this.#lookAtLine().catch(() => {}), LOOK_MS); // a page that is being left
    if (this.me.fixed) peer.keepSize(true);
    const mine = (f) => (e) => {
      if (this.peer === peer) f(e.detail);
    };
    peer.addEventListener('offer', mine((sdp) => this.#signaling.send({ type: 'offer', sdp, session: this.#session, ...this.#line() })));
    peer.addEventListener('candidate', mine((c) => this.#signaling.send({ type: 'candidate', ...c })));
    peer.addEventListener('state', mine(() => this.#update()));
    peer.addEventListener('failed', mine(() => this.#rebuild()));
    this.stream = peer.stream;
    this.#emit('stream', this.stream);
    if (ready) this.#mediaChanged(); // since the offer was made
    else peer.negotiate();
    this.#update();
  }

  // The room begins with a picture that fits.
  #line() {
    const rate = this.#options.line && this.#options.line();
    return rate ? { line: Math.max(1, Math.min(1000000, Math.round(rate))) } : {};
  }

  // A fresh session for the seat. At once after a connection that worked, then with growing pauses.
  #rebuild() {
    if (this.peer) {
      this.#lastTried = this.peer.tried();
      this.peer.close();
    }
    this.peer = null;
    this.#update();
    clearTimeout(this.#timers.build);
    const pause = Math.min(REBUILD_LAST_MS, REBUILD_MS * 2 ** this.#rebuilds++);
    const wait = Math.max(0, this.#built + pause - performance.now());
    this.#timers.build = setTimeout(() => this.#signaling.reconnect(), wait);
  }

  #mediaChanged() {
    if (this.peer) {
      this.peer.send('audio', this.#sound);
      this.peer.send('video', this.#picture);
      this.peer.send('screen', this.media.screen).then(() => this.#tellShare());
    }
    this.#tellShare();
    this.#tellRoom();
    this.#limited = 0; // another camera may have another height
    this.#emit('media', this.media);
  }

  async #whenShared() {
    const changed = () => new Promise((done) => ['share', 'media', 'ended'].forEach((name) => this.addEventListener(name, done, { once: true })));
    while (this.inVisit && this.media.screen && !this.#sharing) await changed();
    return this.#shared;
  }

  #tellShare() {
    const { screen } = this.media;
    const on = !!screen && !!this.peer && (this.#instead || this.peer.carries('screen')); // the room shows it once it can come
    if (!screen) this.#instead = false;
    if (on === this.#sharing || !this.inVisit) return;
    this.#sharing = on;
    this.#shared = this.#signaling.request({ type: 'share', on }).catch((e) => {
      if (on) this.media.unshare();
      if (on && this.inVisit) throw e;
    });
    this.#emit('share', on);
    this.#shared.catch(() => {}); // share() tells the person; after a reconnection nobody waits for it
  }

  #tellRoom() {
    const state = { type: 'state', ...this.media.on };
    if (this.#instead) state.video = true;
    if (this.#unmute && state.audio) state.unmute = true;
    for (const message of [state, ...Object.values(this.#wishes)]) {
      const text = JSON.stringify(message);
      if (!this.#known || !this.inVisit || text === this.#told[message.type]) continue;
      if (this.#signaling.send(message)) this.#told[message.type] = text;
    }
  }

  #networkChanged() {
    this.#forgetEarly();
    if (!this.inVisit) return;
    this.#signaling.nudge();
    if (this.peer) this.peer.restartIce();
  }

  #update() {
    if (!this.inVisit) return;
    if (this.#waiting) return this.#set('waiting');
    const media = !!this.peer && this.peer.state === 'connected';
    if (media) {
      this.#wasLive = true;
      clearTimeout(this.#timers.path);
      this.#rebuilds = 0;
    }
    if (media && this.#signaling.open) this.#set('live');
    else if (!this.#wasLive) this.#set('joining');
    else {
      if (!media && this.state !== 'media') this.#expectPath();
      this.#set(media ? 'signal' : 'media');
    }
    return undefined;
  }

  // Everything stops in this very call: camera light, microphone, sound.
  #end(reason, { code = '', message = '' } = {}) {
    if (this.state === 'ended') return;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    if (this.peer) this.peer.close();
    this.#forgetEarly();
    this.peer = null;
    this.stream = null;
    this.layout = null;
    this.quality = null;
    this.roster = [];
    this.knocks.clear();
    this.#waiting = this.#sharing = this.onPhone = false;
    this.reason = reason;
    this.state = 'ended';
    this.media.close();
    this.#emit('stream', null);
    this.#emit('state', 'ended');
    this.#emit('ended', { reason, code, message });
    this.#signaling.stop();
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.#emit('state', state);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

// The WebSocket of the server that this file came from.
export function serverUrl() {
  return new URL('/ws', import.meta.url).href.replace(/^http/, 'ws');
}
