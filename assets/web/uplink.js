// uplink.js - what goes up on a weak line: the voice before all else, the picture small, then none. Times in ms, rates in
// bit/s; all but limitPicture() is pure.
// Browsers share a thin line out badly: they keep 55 kbit/s of sound and 30 of picture in a line of 64, and fill its queue.
export const RUNGS = [
  {}, // as the browser likes
  { thin: true, bps: 90000, fps: 15, lines: 270 },
  { thin: true, bps: 30000, fps: 8, lines: 180 },
  { thin: true, bps: 0 }, // no picture
];
// Of who speaks with hands: the voice goes before the picture does.
export const HANDS = [
  {},
  { thin: true, bps: 90000, fps: 20, lines: 270 },
  { thin: true, silent: true, bps: 45000, fps: 15, lines: 180 },
  { thin: true, silent: true, bps: 25000, fps: 12, lines: 144 },
];
const SMALL = 2;
const LEAST = [130000, 75000, 0, 0]; // what a rung must have
const STANDING_MS = 400; // longer round trips than the shortest one: a queue stands
const LOST = 0.1;
const TROUBLE_MS = 2000;
const TRIAL_MS = 900; // the same of a rung that is being tried
const CALM_MS = [0, 8000, 12000, 3000];
const WAIT_MS = 5000;
const WAIT_LAST_MS = 30000;
const UNDONE_MS = 10000;

export class Uplink {
  rung = 0;
  #shortest = Infinity;
  #changed = -Infinity;
  #rose = -Infinity;
  #troubled = 0;
  #calm = 0;
  #wait = WAIT_MS;

  // About once a second: what the browser believes to pass (0: it does not say), the round trip, the share of our sound that was lost.
  // True: the rung is another one.
  step(now, { rate = 0, rtt = 0, lost = 0 }) {
    if (rtt) this.#shortest = Math.min(this.#shortest, rtt);
    const standing = rtt > this.#shortest + STANDING_MS || lost > LOST;
    const short = rate > 0 && rate < LEAST[this.rung];
    this.#troubled = standing || short ? this.#troubled || now : 0;
    this.#calm = standing || short ? 0 : this.#calm || now;
    const patience = now - this.#rose < UNDONE_MS ? TRIAL_MS : TROUBLE_MS;
    if (this.#troubled && now - this.#troubled >= patience && now - this.#changed >= patience) return this.#down(now, standing);
    if (this.rung && this.#calm && now - this.#calm >= CALM_MS[this.rung] && now - this.#changed >= this.#wait) return this.#up(now);
    return false;
  }

  // A queue that stands drains only when next to nothing is sent.
  #down(now, standing) {
    const to = standing ? (this.rung < SMALL ? SMALL : SMALL + 1) : this.rung + 1;
    if (to >= RUNGS.length || to === this.rung) return false;
    this.#wait = now - this.#rose < UNDONE_MS ? Math.min(2 * this.#wait, WAIT_LAST_MS) : WAIT_MS;
    this.rung = to;
    this.#changed = now;
    this.#troubled = 0;
    return true;
  }

  #up(now) {
    this.rung--;
    this.#changed = this.#rose = now;
    this.#calm = 0;
    return true;
  }
}

// What `step` wants to know, from a list of statistics.
export function readings(stats) {
  const pair = stats.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') || {};
  const heard = stats.find((s) => s.type === 'remote-inbound-rtp' && s.kind === 'audio') || {};
  return { rate: pair.availableOutgoingBitrate || 0, rtt: 1000 * (heard.roundTripTime || pair.currentRoundTripTime || 0), lost: heard.fractionLost || 0 };
}

// The same answer for a line on which headers cost more than the voice: packets of 60 ms, 16 kbit/s.
export function thinned(sdp) {
  return sdp.replace(/^m=audio[^]*?(?=^m=|(?![^]))/m, (section) => {
    const opus = (/^a=rtpmap:(\d+) opus/im.exec(section) || [])[1];
    const format = new RegExp(`^(a=fmtp:${opus} [^\\r\\n]*)`, 'm');
    const less = section.replace(/^a=ptime:.*\r?\n/gm, '') + 'a=ptime:60\r\n';
    return format.test(less) ? less.replace(format, '$1;maxaveragebitrate=16000') : less + `a=fmtp:${opus} maxaveragebitrate=16000\r\n`;
  });
}

// {bps, fps, lines} for the picture that goes up; the room takes it in the second m-line.
export function limitPicture(connection, { bps, fps, lines }) {
  const { sender } = connection.getTransceivers()[1];
  const parameters = sender.getParameters ? sender.getParameters() : {};
  const [encoding] = parameters.encodings || [];
  if (!encoding) return;
  const height = (sender.track && sender.track.getSettings().height) || 0;
  encoding.active = bps !== 0;
  if (bps) [encoding.maxBitrate, encoding.maxFramerate] = [bps, fps];
  else if (bps === undefined) {
    delete encoding.maxBitrate;
    delete encoding.maxFramerate;
  }
  encoding.scaleResolutionDownBy = lines && height > lines ? height / lines : 1;
  Promise.resolve(sender.setParameters(parameters)).catch(() => {}); // browsers that do not know a limit refuse
}
