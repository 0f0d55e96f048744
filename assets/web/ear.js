// ear.js - notices that somebody talks into a muted microphone.
import { Level } from './level.js';

const LOUD = 0.4; // about -38 dB: a voice near the microphone, not a fan
const STEP_MS = 100;
const LOUD_STEPS = 3; // in the last five
const AGAIN_MS = 10000;

// Calls `heard` when somebody talks into a muted microphone. The muted track itself is silent, so a copy of it is listened to.
export class MutedEar {
  #level = new Level();
  #track = null;
  #copy = null;
  #timer = 0;
  #recent = [];
  #last = -AGAIN_MS;
  #heard;

  constructor(heard) {
    this.#heard = heard;
  }

  // `track`: the microphone while it is muted, else null.
  watch(track) {
    if (track === this.#track) return;
    this.stop();
    this.#track = track;
    if (!track) return;
    this.#copy = track.clone();
    this.#copy.enabled = true;
    this.#level.attach(this.#copy);
    this.#recent = [];
    this.#timer = setInterval(() => this.#step(), STEP_MS);
  }

  #step() {
    this.#recent = [...this.#recent.slice(-4), this.#level.read() > LOUD];
    const now = performance.now();
    if (this.#recent.filter(Boolean).length < LOUD_STEPS || now - this.#last < AGAIN_MS) return;
    this.#last = now;
    this.#heard();
  }

  stop() {
    clearInterval(this.#timer);
    this.#level.detach();
    if (this.#copy) this.#copy.stop();
    this.#copy = this.#track = null;
  }
}
