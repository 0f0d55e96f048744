// uplink.js - what goes up on a weak line: the voice before all else, the picture small, then none. Times in ms, rates in
// bit/s; all but limitPicture() and hold() is pure.
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
const FOREIGN_MS = 5000; // a queue that stands so long although only the voice goes up is not ours
const FULL_MS = 700; // so long a round trip and loss: a queue was full from the beginning
const LOST = 0.1;
const LESS_LOST = 0.7; // of what was lost before: sending less has helped
const REPEAT_FROM = 0.03; // loss, smoothed
const REPEAT_BELOW = 0.01;
const REPEAT_MS = 10000; // of hardly any loss, and packets are plain again
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
  #lost = 0; // smoothed
  #lostBefore = 0; // the same when the rung was left
  #kept = 0;
  #repeating = false;

  // About once a second: what the browser believes to pass (0: it does not say), the round trip, the share of our sound that was lost.
  // True: the rung is another one.
  step(now, { rate = 0, rtt = 0, lost = 0 }) {
    if (rtt) this.#shortest = Math.min(this.#shortest, rtt);
    this.#lost += 0.3 * (lost - this.#lost);
    const slow = rtt > this.#shortest + STANDING_MS;
    const standing = slow || (lost > LOST && (rtt > FULL_MS || (this.rung >= SMALL && this.#lost < LESS_LOST * this.#lostBefore)));
    this.#repeat(now, slow || rtt > FULL_MS);
    if (slow && this.rung === RUNGS.length - 1 && now - this.#changed >= FOREIGN_MS) this.#shortest = rtt; // somebody else's load
    const short = rate > 0 && rate < LEAST[this.rung];
    this.#troubled = standing || short ? this.#troubled || now : 0;
    this.#calm = standing || short ? 0 : this.#calm || now;
    const patience = now - this.#rose < UNDONE_MS ? TRIAL_MS : TROUBLE_MS;
    if (this.#troubled && now - this.#troubled >= patience && now - this.#changed >= patience) return this.#down(now, standing);
    if (this.rung && this.#calm && now - this.#calm >= CALM_MS[this.rung] && now - this.#changed >= this.#wait) return this.#up(now);
    return false;
  }

  // Loss without a queue is chance, which the browser's own estimate bears: sound goes twice where there is room.
  get repeats() {
    return this.#repeating && this.rung < SMALL;
  }

  #repeat(now, slow) {
    if (slow || this.#lost > REPEAT_BELOW) this.#kept = now;
    if (slow || now - this.#kept >= REPEAT_MS) this.#repeating = false;
    else if (this.#lost > REPEAT_FROM) this.#repeating = true;
  }

  // A queue that stands drains only when next to nothing is sent.
  #down(now, standing) {
    const to = standing ? (this.rung < SMALL ? SMALL : SMALL + 1) : this.rung + 1;
    if (to >= RUNGS.length || to === this.rung) return false;
    this.#wait = now - this.#rose < UNDONE_MS ? Math.min(2 * this.#wait, WAIT_LAST_MS) : WAIT_MS;
    this.rung = to;
    this.#lostBefore = this.#lost;
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

// The same answer for a line that loses some: each packet of sound has the one before it inside (RFC 2198), which browsers send when
// that comes first; Opus's own repair would take its bits from the voice.
export function repeated(sdp) {
  return sdp.replace(/^m=audio[^]*?(?=^m=|(?![^]))/m, (section) => {
    const red = (/^a=rtpmap:(\d+) red\/48000/im.exec(section) || [])[1];
    if (!red) return section;
    return section
      .replace(/^(m=audio \S+ \S+)(.*)/, (all, head, formats) => `${head} ${red}${formats.split(' ').filter((pt) => pt !== red).join(' ')}`)
      .replace(/useinbandfec=1/g, 'useinbandfec=0');
  });
}

const repeatedThin = (sdp) => repeated(thinned(sdp));

// What is made of the room's answer, for `limits` of a rung (null: none yet); null: nothing.
export const shape = (uplink, limits) => (limits && limits.thin ? (uplink.repeats ? repeatedThin : thinned) : uplink.repeats ? repeated : null);

// Sound that comes in waits for `ms` at least, so that its copies are in time. Old browsers have another name for it, and seconds.
export function hold(connection, ms = 0) {
  const { receiver } = connection.getTransceivers()[0];
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = ms || null;
  else if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = ms ? ms / 1000 : null;
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
