// level.js - how loud a track is.
let context = null; // one for the page: browsers allow only a few
let users = 0;

// The page's AudioContext, or null, until release(). It runs only after a first key or touch.
export function audioContext() {
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!context && Context) context = new Context();
  if (!context) return null;
  users++;
  wake();
  return context;
}

// One that nobody uses would still be computed, hundreds of times a second.
export function release() {
  if (--users === 0) context.suspend().catch(() => {});
}

export function wake() {
  if (users && context.state !== 'running') context.resume().catch(() => {});
}

export class Level {
  #analyser = null;
  #source = null;
  #block = null;

  attach(track) {
    this.detach();
    const ear = track && audioContext();
    if (!ear) return;
    this.#analyser = ear.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#block = new Float32Array(this.#analyser.fftSize);
    this.#source = ear.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  get running() {
    return !users || context.state === 'running';
  }

  // 0 (-60 dB, silence) to 1 (-6 dB).
  read() {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#block);
    const power = this.#block.reduce((sum, x) => sum + x * x, 0) / this.#block.length;
    return Math.min(1, Math.max(0, (10 * Math.log10(power + 1e-9) + 60) / 54));
  }

  detach() {
    if (!this.#source) return;
    this.#source.disconnect();
    this.#source = this.#analyser = null;
    release();
  }
}
