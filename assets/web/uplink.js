// uplink.js - what goes up on a weak line, whose queue browsers fill: the voice, a small picture, or none. In ms and bit/s; pure but for
// limitPicture() and hold().
export const RUNGS = [
  {}, // as the browser likes
  { thin: true, bps: 90000, fps: 15, lines: 270 },
  { thin: true, bps: 20000, fps: 12, lines: 180 },
  { thin: true, bps: 0 }, // no picture
];
// Of hands: the voice goes first, and comes back alone.
export const HANDS = [
  {},
  { thin: true, bps: 45000, fps: 18, lines: 180 },
  { thin: true, silent: true, bps: 45000, fps: 18, lines: 180 },
  { thin: true, silent: true, bps: 25000, fps: 12, lines: 144 },
];
const SMALL = 2;
const LAST = RUNGS.length - 1;
const LEAST = [130000, 75000, 0, 0]; // what a rung must have
const STANDING_MS = 400; // longer round trips than the shortest one: a queue stands
const FOREIGN_MS = 3000; // a queue that stands so long beside the voice alone is not ours,
const DRAINS_MS = 100; // unless round trips become shorter,
const BEGUN_MS = 1900; // by an answer to what was asked so long after the picture went
const GONE_MS = 1000; // that much shorter: the path has become longer
const LONG_MS = 8000; // to drain: the line carries hardly more than the voice
const FULL_MS = 700; // so long a round trip and loss: a queue was full from the beginning
const LOST = 0.1;
const LESS_LOST = 0.7; // of what was lost before: sending less has helped
const REPEAT_FROM = 0.03; // loss, smoothed
const REPEAT_BELOW = 0.01;
const REPEAT_MS = 10000; // of hardly any loss, and packets are plain again
const CHANCE_MOST = 0.45; // more loss than that is of sending too much
const FLOOR_KBPS = 150; // what the browser is to believe in on a line that loses by chance,
const FOREIGN_KBPS = 50; // and beside somebody else's load
const MORE_LOST = 0.15; // since the browser believes that: it was not chance
const FLOOR_TRIAL_MS = 10000;
const FLOOR_WAIT_MS = 60000;
const QUEUED_MS = 8000; // after a queue stood: what is lost may be lost there
const FOREIGN_LOST = 0.3; // nobody gives way
const FOREIGN_PATIENCE_MS = 4000; // TCP takes and gives way in turn,
const FOREIGN_OVER_MS = 8000; // and comes back
const THIN_MS = 60; // a packet of sound,
const SOON_MS = 20; // to see soon what chance takes,
const DRAIN_MS = 120; // while a queue goes
const THIN_BPS = 16000; // of the voice,
const CROWDED_BPS = 12000; // while a queue goes, and twice beside somebody else's load,
const SOON_BPS = 24000; // where loss is chance
const FELL = 0.4; // of what the browser believed FELL_MS ago: a queue stands, before a round trip says so
const FELL_MS = 3000;
const DOUBT_MS = 5000; // what is lost meanwhile may be lost by a full queue
const TROUBLE_MS = 2000;
const TRIAL_MS = 900; // the same of a rung that is being tried
const CALM_MS = [0, 8000, 12000, 2000];
const WAIT_MS = 5000;
const WAIT_LAST_MS = 30000;
const WAIT_THIN_MS = 60000; // on it a look costs ten seconds of voice
const UNDONE_MS = 10000;

export class Uplink {
  rung = 0;
  #shortest = Infinity;
  #changed = -Infinity;
  #rose = -Infinity;
  #troubled = 0;
  #calm = 0;
  #waits = RUNGS.map(() => WAIT_MS); // before the rung above each is tried
  #lost = 0; // smoothed
  #lostBefore = 0; // the same when the rung was left
  #kept = 0;
  #repeating = false;
  #foreign = false; // somebody else keeps the queue full,
  #foreignTrip = 0; // and made the round trip so long
  #above = 0; // answers since that took much longer
  #fullAt = -Infinity; // whoever filled it
  #base = Infinity; // the shortest round trip of all
  #answers = -1;
  #trips = []; // [when, round trip] while a queue of ours stands
  #floor = false;
  #slowAt = -Infinity;
  #floorAt = -Infinity;
  #lostAtFloor = 0;
  #fellAt = -Infinity;
  #rates = []; // [when, what the browser believed] of the last FELL_MS

  constructor(hands) {
    this.hands = hands;
  }

  // Once a second: what the browser believes to pass (0: unknown), the round trip, of so many answers, the lost share of our sound. True:
  // another rung.
  step(now, { rate = 0, rtt = 0, answers, lost = 0 }) {
    if (rtt) [this.#shortest, this.#base] = [Math.min(this.#shortest, rtt), Math.min(this.#base, rtt)];
    this.#lost += 0.3 * (lost - this.#lost);
    const slow = rtt > this.#shortest + STANDING_MS;
    const fell = this.#fell(now, rate);
    if (answers === undefined || answers !== this.#answers) this.#lookForForeign(now, { rtt, rate, slow });
    this.#answers = answers;
    const full = lost > LOST && (rtt > FULL_MS || (this.rung >= SMALL && this.#lost < LESS_LOST * this.#lostBefore));
    const standing = this.#foreign ? this.#lost > FOREIGN_LOST : slow || full;
    this.#repeat(now, !this.#foreign && (slow || rtt > FULL_MS || now - this.#fellAt < DOUBT_MS));
    const short = rate > 0 && rate < LEAST[this.rung];
    this.#doubt(now, short, lost, slow || rtt > FULL_MS);
    this.#troubled = standing || short ? this.#troubled || now : 0;
    this.#calm = standing || short ? 0 : this.#calm || now;
    if (fell) return this.#down(now, LAST);
    if (this.#floor && this.rung >= SMALL && !standing) return this.#up(now, SMALL - 1);
    const patience = this.#foreign ? FOREIGN_PATIENCE_MS : now - this.#rose < UNDONE_MS ? TRIAL_MS : TROUBLE_MS;
    if (this.#troubled && now - this.#troubled >= patience && now - this.#changed >= patience) {
      return this.#down(now, this.#below(standing));
    }
    const crowded = this.#foreign && this.rung <= SMALL; // more from us only takes from what is there
    if (this.rung && !crowded && this.#calm && now - this.#calm >= CALM_MS[this.rung] && now - this.#changed >= this.#waits[this.rung]) return this.#up(now);
    return false;
  }

  // Sound goes twice where loss is chance and there is room, and always beside somebody else's load.
  get repeats() {
    return this.#foreign || (this.#repeating && this.rung < SMALL);
  }

  get crowded() {
    return this.#foreign;
  }

  // Our own queue is to go; one late answer is none.
  get drains() {
    return this.rung === LAST && (this.#trips.length > 1 || this.#trips.some(([, trip]) => trip > this.#shortest + FULL_MS));
  }

  // kbit/s that the browser is to believe in whatever it loses; 0: as it likes.
  get floor() {
    return this.#foreign ? FOREIGN_KBPS : this.#floor && this.rung < SMALL ? FLOOR_KBPS : 0;
  }

  #lookForForeign(now, { rtt, rate, slow }) {
    if (rtt >= this.#base + STANDING_MS) this.#fullAt = now;
    if (this.#foreign) return this.#lookForEnd(now, rtt);
    const trips = [...this.#trips.filter(([at]) => now - at < WAIT_THIN_MS), [now, rtt]];
    const [, before] = trips.find(([at], i) => now - at <= FOREIGN_MS || i === trips.length - 2);
    const since = now - this.#changed;
    const stands = trips.length > 1 && rtt >= before - DRAINS_MS && this.rung === LAST && since >= FOREIGN_MS && since - rtt >= BEGUN_MS;
    this.#trips = slow ? trips : [];
    if (slow && !stands) return;
    const foreign = slow && rate < LEAST[0] && trips.every(([, trip]) => rtt >= trip - GONE_MS);
    if (!foreign && trips.length > 2 && this.rung === LAST && since >= LONG_MS) this.#waits[LAST] = WAIT_THIN_MS;
    if (slow) this.#found(foreign, rtt);
  }

  #lookForEnd(now, rtt) {
    this.#above = rtt > this.#foreignTrip + STANDING_MS ? this.#above + 1 : 0;
    if (this.#above > 1) this.#found(false, this.#foreignTrip); // by what we send
    else if (now - this.#fullAt >= FOREIGN_OVER_MS) this.#found(false, this.#base);
  }

  // A queue that somebody else fills, or a path that takes so long by itself.
  #found(foreign, trip) {
    [this.#foreign, this.#shortest, this.#above, this.#trips] = [foreign, trip, 0, []];
    if (foreign) [this.#foreignTrip, this.#waits[LAST]] = [trip, WAIT_MS];
    else this.#base = trip;
  }

  // Browsers send less and less while some is lost, no help against chance: they are told what to believe in, unless more is lost then.
  #doubt(now, short, lost, slow) {
    const fresh = now - this.#floorAt < FLOOR_TRIAL_MS;
    if (slow) this.#slowAt = now;
    if (!this.#repeating || this.#foreign || now - this.#slowAt < QUEUED_MS || (this.#floor && fresh && this.#lost > this.#lostAtFloor + MORE_LOST)) this.#floor = false;
    else if ((short || this.rung >= SMALL) && this.#lost > LOST && this.#lost < CHANCE_MOST && now - this.#floorAt >= FLOOR_WAIT_MS) {
      [this.#floor, this.#floorAt, this.#lostAtFloor] = [true, now, Math.max(lost, this.#lost)];
    }
  }

  #repeat(now, slow) {
    if (slow || this.#lost > REPEAT_BELOW) this.#kept = now;
    if (slow || now - this.#kept >= REPEAT_MS) this.#repeating = false;
    else if (this.#lost > REPEAT_FROM) this.#repeating = true;
  }

  #fell(now, rate) {
    this.#rates = this.#rates.filter(([at]) => now - at <= FELL_MS);
    const most = Math.max(0, ...this.#rates.map(([, r]) => r));
    if (rate) this.#rates.push([now, rate]);
    const fell = rate > 0 && rate < LEAST[0] && rate < FELL * most;
    if (fell) this.#fellAt = now;
    return fell;
  }

  // A queue that stands drains only when next to nothing is sent.
  #below(standing) {
    return standing ? (this.rung < SMALL ? SMALL : SMALL + 1) : this.rung + 1;
  }

  #down(now, to) {
    if (to >= RUNGS.length || to === this.rung) return false;
    const [undone, below] = [now - this.#rose < UNDONE_MS, this.rung + 1];
    if (undone) this.#waits[below] = this.hands ? WAIT_THIN_MS : Math.max(this.#waits[below], Math.min(2 * this.#waits[below], WAIT_LAST_MS));
    else this.#waits.fill(WAIT_MS, below, to + 1);
    this.rung = to;
    this.#lostBefore = this.#lost;
    this.#changed = now;
    this.#troubled = 0;
    return true;
  }

  #up(now, to = this.rung - 1) {
    this.rung = to;
    this.#changed = this.#rose = now;
    this.#calm = 0;
    return true;
  }
}

// For step(). A pair whose round trip takes long is not `succeeded` meanwhile.
export function readings(stats) {
  const { selectedCandidatePairId: selected } = stats.find((s) => s.type === 'transport') || {};
  const pair = stats.find((s) => s.type === 'candidate-pair' && (selected ? s.id === selected : s.nominated && s.state === 'succeeded')) || {};
  const heard = stats.find((s) => s.type === 'remote-inbound-rtp' && s.kind === 'audio') || {};
  const { currentRoundTripTime: trip, responsesReceived } = pair;
  const [rtt, answers] = trip === undefined ? [heard.roundTripTime || 0, heard.roundTripTimeMeasurements] : [trip || 0.001, responsesReceived];
  return { rate: pair.availableOutgoingBitrate || 0, rtt: 1000 * rtt, answers, lost: heard.fractionLost || 0 };
}

// The section with more said of a format.
function told(section, pt, more) {
  const format = new RegExp(`^(a=fmtp:${pt} [^\\r\\n]*)`, 'm');
  return format.test(section) ? section.replace(format, `$1;${more}`) : `${section}a=fmtp:${pt} ${more}\r\n`;
}

// The same answer in packets of `ptime`: headers may cost more than the voice.
export function thinned(sdp, bps = THIN_BPS, ptime = THIN_MS) {
  return sdp.replace(/^m=audio[^]*?(?=^m=|(?![^]))/m, (section) => {
    const opus = (/^a=rtpmap:(\d+) opus/im.exec(section) || [])[1];
    return told(section.replace(/^a=ptime:.*\r?\n/gm, '') + `a=ptime:${ptime}\r\n`, opus, `maxaveragebitrate=${bps}`);
  });
}

// The same answer with each packet of sound inside the next (RFC 2198), and without Opus's own repair, which takes bits from the voice.
export function repeated(sdp) {
  return sdp.replace(/^m=audio[^]*?(?=^m=|(?![^]))/m, (section) => {
    const red = (/^a=rtpmap:(\d+) red\/48000/im.exec(section) || [])[1];
    if (!red) return section;
    return section
      .replace(/^(m=audio \S+ \S+)(.*)/, (all, head, formats) => `${head} ${red}${formats.split(' ').filter((pt) => pt !== red).join(' ')}`)
      .replace(/useinbandfec=1/g, 'useinbandfec=0');
  });
}

// The same answer with a floor for what Chromium believes to pass.
export function floored(sdp, kbps) {
  return sdp.replace(/^m=video \S+ \S+ (\d+)[^]*?(?=^m=|(?![^]))/m, (section, pt) => told(section, pt, `x-google-min-bitrate=${kbps}`));
}

const shapes = new Map(); // each one once: they are compared

// What is made of the room's answer at a rung; null: nothing.
export function shape(uplink, limits) {
  const { floor, repeats, crowded, drains } = uplink;
  const chance = floor && !crowded;
  const bps = !((limits && limits.thin) || floor) ? 0 : crowded || drains ? CROWDED_BPS : chance ? SOON_BPS : THIN_BPS;
  if (!bps && !repeats) return null;
  const ptime = chance ? SOON_MS : drains ? DRAIN_MS : THIN_MS;
  const parts = [bps && ((sdp) => thinned(sdp, bps, ptime)), repeats && repeated, floor && ((sdp) => floored(sdp, floor))].filter(Boolean);
  const key = [bps, ptime, repeats, floor].join();
  if (!shapes.has(key)) shapes.set(key, (sdp) => parts.reduce((x, f) => f(x), sdp));
  return shapes.get(key);
}

// Sound that comes in waits for its copies; in old browsers by seconds.
export function hold(connection, ms = 0) {
  const { receiver } = connection.getTransceivers()[0];
  if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = ms || null;
  else if ('playoutDelayHint' in receiver) receiver.playoutDelayHint = ms ? ms / 1000 : null;
}

// To the least of both; bps 0: no picture. The room's lines are of 16:9.
export function limitPicture(connection, own, asked) {
  const [bps, fps] = ['bps', 'fps'].map((what) => Math.min(own?.[what] ?? Infinity, asked?.[what] ?? Infinity));
  const { sender } = connection.getTransceivers()[1];
  const parameters = sender.getParameters ? sender.getParameters() : {};
  const [encoding] = parameters.encodings || [];
  if (!encoding) return;
  const { width, height } = sender.track ? sender.track.getSettings() : {};
  const some = (n) => (n && n < Infinity ? n : undefined);
  Object.assign(encoding, { active: bps > 0, maxBitrate: some(bps), maxFramerate: some(fps), scaleResolutionDownBy: Math.max(1, height / own?.lines || 1, Math.min(height, width * 0.5625) / asked?.lines || 1) });
  Promise.resolve(sender.setParameters(parameters)).catch(() => {}); // browsers that do not know a limit refuse
}
