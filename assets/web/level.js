// level.js - how loud a track is.
let context = null; // one for the page: browsers allow only a few

// The page's AudioContext, or null. It runs only after a first key or touch.
export function audioContext() {
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!context && Context) context = new Context();
  return context;
}

export function wake() {
  if (context && context.state !== 'running') context.resume().catch(() => {});
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
    return !context || context.state === 'running';
  }

  // 0 (-60 dB, silence) to 1 (-6 dB).
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
}
