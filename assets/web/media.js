// media.js - this person's camera and microphone. A missing or refused device never stops anyone: voice only, or listen only.
// Events: 'change' (tracks, wishes or devices changed), 'lost' (detail: kind) when a device went away by itself.
const VIDEO = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 25, max: 30 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Media extends EventTarget {
  audio = null; // the live microphone track, or null
  video = null; // the live camera track, or null
  wants = { audio: true, video: true }; // what the person has switched on
  errors = { audio: '', video: '' }; // name of the DOMException that refused it
  devices = { audioinput: [], videoinput: [], audiooutput: [] };
  chosen = { audio: '', video: '', output: '' };
  asked = false; // the person was asked for devices since the last close()
  #constraints;
  #turn = 0;

  // `constraints` ({audio, video}) adds to, or replaces members of, what is asked of the devices.
  constructor(constraints = {}) {
    super();
    this.#constraints = { audio: { ...AUDIO, ...constraints.audio }, video: { ...VIDEO, ...constraints.video } };
    if (this.available) navigator.mediaDevices.addEventListener('devicechange', () => this.refresh());
  }

  get available() {
    return !!(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
  }

  get on() {
    return { audio: !!this.audio && this.wants.audio, video: !!this.video && this.wants.video };
  }

  // Opens what is wanted: both together (one question to the person), else each alone. Never throws.
  async open() {
    if (this.asked) return;
    this.asked = true;
    const turn = ++this.#turn;
    const want = { audio: !this.audio, video: this.wants.video && !this.video };
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
    return id ? { ...this.#constraints[kind], deviceId: { exact: id } } : this.#constraints[kind];
  }

  #adopt(track) {
    const kind = track.kind;
    if (this[kind]) this[kind].stop();
    this[kind] = track;
    this.errors[kind] = '';
    if (kind === 'audio') track.enabled = this.wants.audio;
    track.addEventListener('ended', () => this.#ended(kind, track));
    this.#changed();
  }

  async #ended(kind, track) {
    if (this[kind] !== track) return;
    this[kind] = null;
    this.chosen[kind] = '';
    await this.#ask({ [kind]: true }, this.#turn, kind);
    this.dispatchEvent(new CustomEvent('lost', { detail: kind }));
    this.#changed();
  }

  // The microphone stays open while muted, so that speaking again is instant; the camera is let go, so that its light goes out.
  async set(kind, on) {
    this.wants[kind] = on;
    if (kind === 'audio' && this.audio) this.audio.enabled = on;
    if (kind === 'video' && !on) this.#stop('video');
    if (on && !this[kind] && this.available) await this.#ask({ [kind]: true }, this.#turn, kind);
    if (!this.wants.video && this.video) this.#stop('video');
    this.#changed();
    return this.on[kind];
  }

  async choose(kind, id) {
    this.chosen[kind] = id;
    if (kind === 'output') return this.#changed();
    if (kind === 'video' && !this.wants.video) return this.#changed();
    this.#stop(kind); // some devices open once only
    await this.#ask({ [kind]: true }, this.#turn, kind);
    return this.#changed();
  }

  async refresh() {
    if (!this.available) return this.#changed();
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    for (const kind of Object.keys(this.devices)) this.devices[kind] = all.filter((d) => d.kind === kind && d.deviceId);
    return this.#changed();
  }

  close() {
    this.#turn++;
    this.asked = false;
    this.errors = { audio: '', video: '' };
    this.#stop('audio');
    this.#stop('video');
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

// The microphone's level, 0 to 1, for a meter. `running` is false until the browser lets sound be looked at (a first key or touch).
export class Level {
  #context = null;
  #analyser = null;
  #source = null;
  #block = null;

  attach(track) {
    this.detach();
    const Context = window.AudioContext || window.webkitAudioContext;
    if (!track || !Context) return;
    this.#context = this.#context || new Context();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#block = new Float32Array(this.#analyser.fftSize);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  get running() {
    return !this.#context || this.#context.state === 'running';
  }

  wake() {
    if (this.#context && this.#context.state !== 'running') this.#context.resume().catch(() => {});
  }

  // -60 dB is silence, -6 dB is full.
  read() {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#block);
    const power = this.#block.reduce((sum, x) => sum + x * x, 0) / this.#block.length;
    return Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 54));
  }

  detach() {
    if (this.#source) this.#source.disconnect();
    this.#source = this.#analyser = null;
  }

  close() {
    this.detach();
    if (this.#context) this.#context.close().catch(() => {});
    this.#context = null;
  }
}
