// media.js - this person's camera and microphone. A missing or refused device never stops anyone: voice only, or listen only.
// Events: 'change' (tracks, wishes or devices changed), 'lost' (detail: kind) when a device went away by itself.
const VIDEO = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 25, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Media extends EventTarget {
  audio = null; // the live microphone track, or null
  video = null; // the live camera track, or null
  screen = null; // the track of a shared screen, or null
  resting = false; // the person is on the telephone: the microphone is let go
  quiet = false; // watch and listen: the microphone is not opened until the person asks for it
  wants = { audio: true, video: true }; // what the person has switched on
  errors = { audio: '', video: '' }; // name of the DOMException that refused it
  devices = { audioinput: [], videoinput: [], audiooutput: [] };
  chosen = { audio: '', video: '', output: '' };
  asked = false; // the person was asked for devices since the last close(),
  opened; // a promise: that was answered
  constraints;
  #turn = 0;
  #facing = '';
  #forbidden = new Set();

  // `constraints` ({audio, video}) adds to, or replaces members of, what is asked of the devices.
  constructor(constraints = {}) {
    super();
    this.constraints = { audio: { ...AUDIO, ...constraints.audio }, video: { ...VIDEO, ...constraints.video } };
    if (this.available) navigator.mediaDevices.addEventListener('devicechange', () => this.refresh());
  }

  get available() {
    return !!(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
  }

  get on() {
    return { audio: !!this.audio && this.wants.audio, video: !!this.video && this.wants.video };
  }

  get canShare() {
    return !!(navigator.mediaDevices && navigator.mediaDevices.getDisplayMedia);
  }

  get canFlip() {
    return this.devices.videoinput.length > 1;
  }

  // How the person takes part: "camera", "voice" or "watch".
  get way() {
    if (this.quiet) return 'watch';
    return this.wants.video ? 'camera' : 'voice';
  }

  async setWay(way) {
    this.quiet = way === 'watch';
    this.wants = { audio: !this.quiet, video: way === 'camera' };
    for (const kind of ['audio', 'video']) {
      if (!this.wants[kind]) this.#stop(kind);
      else if (this[kind]) this[kind].enabled = true;
      else if (this.asked && this.available) await this.#ask({ [kind]: true }, this.#turn, kind);
    }
    this.#changed();
  }

  // Opens what is wanted: both together (one question), else each alone. Never throws.
  open() {
    if (!this.asked) this.opened = this.#open();
    return this.opened;
  }

  async #open() {
    this.asked = true;
    const turn = ++this.#turn;
    const want = { audio: !this.audio && this.#wanted('audio'), video: this.wants.video && !this.video };
    if (!this.available) this.errors = { audio: 'insecure', video: 'insecure' };
    else if (want.audio && want.video) {
      const stream = await this.#ask(want, turn);
      if (!stream) for (const kind of ['audio', 'video']) await this.#ask({ [kind]: true }, turn, kind);
    } else for (const kind of ['audio', 'video']) if (want[kind]) await this.#ask({ [kind]: true }, turn, kind);
    await this.refresh();
  }

  async #ask(kinds, turn, alone) {
    const asked = {};
    for (const kind of Object.keys(kinds)) if (kinds[kind]) asked[kind] = this.#constraint(kind);
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(asked);
    } catch (e) {
      if (alone && this.chosen[alone] && e.name === 'OverconstrainedError') {
        this.chosen[alone] = '';
        return this.#ask(kinds, turn, alone);
      }
      if (alone) this.errors[alone] = e.name;
      return null;
    }
    for (const track of stream.getTracks()) {
      if (turn !== this.#turn) track.stop(); // closed while the person was being asked
      else this.#adopt(track);
    }
    return stream;
  }

  #constraint(kind) {
    const id = this.chosen[kind];
    if (kind === 'video' && !id && this.#facing) return { ...this.constraints.video, facingMode: this.#facing };
    return id ? { ...this.constraints[kind], deviceId: { exact: id } } : this.constraints[kind];
  }

  #adopt(track) {
    const kind = track.kind;
    if (!this.#wanted(kind) || this.#forbidden.has(kind)) return track.stop(); // the wish may have changed while the person was asked
    if (this[kind]) this[kind].stop();
    this[kind] = track;
    this.errors[kind] = '';
    if (kind === 'audio') track.enabled = this.wants.audio;
    track.addEventListener('ended', () => this.#ended(kind, track));
    return this.#changed();
  }

  #wanted(kind) {
    return kind === 'audio' ? !this.quiet && !this.resting : this.wants.video;
  }

  async #ended(kind, track) {
    if (this[kind] !== track) return;
    this[kind] = null;
    this.chosen[kind] = '';
    await this.#ask({ [kind]: true }, this.#turn, kind);
    this.dispatchEvent(new CustomEvent('lost', { detail: kind }));
    this.#changed();
  }

  // A muted microphone stays open, so that speaking again is instant; the camera's light goes out.
  async set(kind, on) {
    this.wants[kind] = on;
    if (on && kind === 'audio') this.quiet = false;
    if (kind === 'audio' && this.audio) this.audio.enabled = on;
    if (kind === 'video' && !on) this.#stop('video');
    if (on && !this[kind] && this.available) await this.#ask({ [kind]: true }, this.#turn, kind);
    if (!this.wants.video && this.video) this.#stop('video');
    this.#changed();
    return this.on[kind];
  }

  // While the telephone is the microphone.
  async rest(on) {
    if (this.resting === on) return;
    this.resting = on;
    if (on) this.#stop('audio');
    else if (this.asked && this.wants.audio && !this.quiet && this.available) await this.#ask({ audio: true }, this.#turn, 'audio');
    this.#changed();
  }

  async choose(kind, id) {
    this.chosen[kind] = id;
    if (kind === 'output') return this.#changed();
    if (!this.#wanted(kind)) return this.#changed();
    this.#stop(kind); // some devices open once only
    await this.#ask({ [kind]: true }, this.#turn, kind);
    return this.#changed();
  }

  // This person's role sends no sound, or no picture.
  forbid(kind) {
    this.#forbidden.add(kind);
    if (kind === 'audio') this.quiet = true;
    this.wants[kind] = false;
    this.#stop(kind);
    this.#changed();
  }

  // Front or back camera, or the next one in the list.
  async flip() {
    const turn = this.#turn;
    const now = (this.video && this.video.getSettings()) || {};
    if (now.facingMode) {
      this.chosen.video = '';
      this.#facing = now.facingMode === 'environment' ? 'user' : 'environment';
    } else {
      const all = this.devices.videoinput.map((d) => d.deviceId);
      this.chosen.video = all[(all.indexOf(now.deviceId || this.chosen.video) + 1) % all.length];
    }
    this.wants.video = true;
    this.#stop('video');
    await this.#ask({ video: true }, turn, 'video');
    if (turn === this.#turn && this.wants.video && !this.video && now.deviceId) { // the other one is in use or broken: better the one before
      this.chosen.video = now.deviceId;
      await this.#ask({ video: true }, turn, 'video');
    }
    this.#changed();
  }

  // The screen goes out beside the camera until unshare() or the browser's own "stop". Rejects when the person says no.
  async share() {
    const turn = this.#turn;
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { width: { max: 1920 }, height: { max: 1080 }, frameRate: { ideal: 10, max: 15 } }, audio: false });
    const [track] = stream.getVideoTracks();
    if (turn !== this.#turn) return track.stop();
    if ('contentHint' in track) track.contentHint = 'detail'; // sharp text before smooth motion
    this.unshare();
    this.screen = track;
    track.addEventListener('ended', () => this.screen === track && this.unshare());
    return this.#changed();
  }

  unshare() {
    if (!this.screen) return;
    this.#stop('screen');
    this.#changed();
  }

  async refresh() {
    if (!this.available) return this.#changed();
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    for (const kind of Object.keys(this.devices)) this.devices[kind] = all.filter((d) => d.kind === kind && d.deviceId);
    return this.#changed();
  }

  close() {
    this.#turn++;
    this.asked = this.resting = false;
    this.errors = { audio: '', video: '' };
    this.#stop('audio');
    this.#stop('video');
    this.#stop('screen');
    this.#changed();
  }

  #stop(kind) {
    const track = this[kind];
    this[kind] = null;
    if (track) track.stop();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
