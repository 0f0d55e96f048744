// delay.js - how late the sound is that is heard, and what makes a browser begin anew with sound and picture. Pure; times in ms.
// A browser's playout buffer grows with a queue on the line and remembers it for half a minute; pictures wait for the sound. Played by a
// new buffer, both are in time again.
const LATE_MS = 220; // more than a line asks for; and twice as long as it is held back for its copies
const EVEN = 8; // so many times the mean deviation of arrivals: the line is even
const SHORT_MS = 400; // round trips; or so much longer than the shortest one:
const LONGER_MS = 150;
const SECONDS = 2; // of that, one after the other
const FIRST_MS = 10000; // the new buffer does not know the line yet:
const FIRST_HOLD_MS = 160;
const AGAIN_MS = 30000; // a buffer that is as long again so soon has its reason,
const LONGER = 2; // but not one that is so much longer
const AGAIN_MOST_MS = 480000;
export const SLEPT_MS = 4000; // without a look at the line, which is due each second

export class Delay {
  #before = { delayed: 0, played: 0 };
  #got = 0;
  #delay = 0; // of what was played last
  #shortest = Infinity;
  #late = 0;
  #anewAt = -Infinity;
  #anewDelay = Infinity;
  #wait = AGAIN_MS;
  silent = 0; // looks at which nothing came

  // About once a second, what readings() says, and for how long sound is held back on purpose. True: it should be heard anew.
  step(now, { delayed, played, jitter, rtt, got }, hold = 0) {
    const more = played - this.#before.played;
    if (more > 0) this.#delay = (delayed - this.#before.delayed) / more;
    this.#before = { delayed, played };
    this.silent = got && got === this.#got ? this.silent + 1 : 0;
    this.#got = got;
    if (rtt) this.#shortest = Math.min(this.#shortest, rtt);
    const drained = rtt > 0 && rtt < Math.max(SHORT_MS, this.#shortest + LONGER_MS);
    const even = !more || EVEN * jitter < this.#delay;
    this.#late = this.#delay > LATE_MS + 2 * hold && drained && even ? this.#late + 1 : 0;
    const soon = now - this.#anewAt < this.#wait && this.#delay < LONGER * this.#anewDelay;
    if (this.#late < SECONDS || soon) return false;
    this.#anewDelay = this.#delay;
    this.#wait = now - this.#anewAt < 2 * this.#wait ? Math.min(2 * this.#wait, AGAIN_MOST_MS) : AGAIN_MS;
    this.#anewAt = now;
    this.#late = this.#delay = 0;
    return true;
  }

  hold(now) {
    return now - this.#anewAt < FIRST_MS ? FIRST_HOLD_MS : 0;
  }
}

// What `step` wants to know, from a list of statistics; `rtt` of the line.
export function readings(stats, rtt) {
  const sound = stats.find((s) => s.type === 'inbound-rtp' && s.kind === 'audio') || {};
  const got = stats.reduce((n, s) => n + ((s.type === 'candidate-pair' && s.bytesReceived) || 0), 0);
  return { delayed: 1000 * (sound.jitterBufferDelay || 0), played: sound.jitterBufferEmittedCount || 0, jitter: 1000 * (sound.jitter || 0), rtt, got };
}

const number = (ssrc) => (ssrc ^ 1) >>> 0;
const other = (section) => section
  .replace(/^a=ssrc:(\d+)/gm, (line, ssrc) => `a=ssrc:${number(ssrc)}`)
  .replace(/^a=ssrc-group:FID (\d+) (\d+)/gm, (line, first, repair) => `a=ssrc-group:FID ${number(first)} ${number(repair)}`);

// The same answer with another source of the sound: the browser begins with an empty buffer.
export const withOtherSound = (sdp) => sdp.replace(/^m=audio[^]*?(?=^m=|(?![^]))/m, other);

// The same of pictures too, which a browser that slept holds for seconds.
export const withOtherSources = other;
