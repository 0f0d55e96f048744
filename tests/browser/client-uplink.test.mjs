// What is done about a weak line, decided by stepped time: what goes up, and how late the sound is that is heard.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Uplink, RUNGS, HANDS, thinned, readings, repeated, floored, shape, limitPicture } from '../../assets/web/uplink.js';
import { Delay, readings as heard, withOtherSound, withOtherSources } from '../../assets/web/delay.js';

// A line of `bps` with a queue of a second, and a browser that believes what passes.
function line(uplink, rungs, bps, seconds, state = { now: 0, queue: 0 }) {
  const seen = [];
  for (let i = 0; i < seconds; i++) {
    const r = rungs[uplink.rung];
    const sound = r.silent ? 0 : r.thin ? 22000 : 56000;
    const free = Math.max(30000, Math.min(1000000, bps * 0.85 - sound));
    const sent = sound + (r.bps === 0 ? 0 : r.bps ? Math.min(r.bps * 1.15, free) : free) + 4000;
    state.queue = Math.max(0, Math.min(1000, state.queue + ((sent - bps) / bps) * 1000));
    state.now += 1000;
    const lost = state.queue >= 1000 ? 1 - bps / sent : 0;
    uplink.step(state.now, { rate: Math.min(bps, sent * 1.5 + 10000), rtt: 50 + state.queue, lost });
    seen.push({ rung: uplink.rung, queue: state.queue });
  }
  return seen;
}

const last = (seen, n) => seen.slice(-n);

test('a good line is left alone', () => {
  assert.ok(line(new Uplink(), RUNGS, 2000000, 120).every((s) => s.rung === 0));
  assert.ok(line(new Uplink(), RUNGS, 300000, 120).every((s) => s.rung === 0));
});

test('64 kbit/s: the queue is gone within seconds, and a small picture goes up beside the voice', () => {
  const seen = line(new Uplink(), RUNGS, 64000, 120);
  assert.ok(last(seen, 100).filter((s) => s.queue > 200).length <= 10, JSON.stringify(seen));
  assert.ok(last(seen, 60).filter((s) => s.rung === 2).length >= 45, JSON.stringify(seen));
});

test('32 kbit/s: the voice alone', () => {
  const seen = line(new Uplink(), RUNGS, 32000, 120);
  assert.ok(last(seen, 60).filter((s) => s.rung === 3).length >= 45, JSON.stringify(seen));
});

test('a line that is good again is used again, within 75 s', () => {
  const uplink = new Uplink();
  const state = { now: 0, queue: 0 };
  line(uplink, RUNGS, 64000, 60, state);
  line(uplink, RUNGS, 2000000, 75, state);
  assert.equal(uplink.rung, 0);
});

test('a look whether the voice of hands fits needs no keyframe: the picture keeps its size', () => {
  for (const what of ['lines', 'fps']) assert.equal(HANDS[1][what], HANDS[2][what]);
  assert.ok(HANDS[1].bps === HANDS[2].bps && HANDS[2].silent && !HANDS[1].silent);
});

test('hands are stopped by such a look once a minute at most', () => {
  const looks = (hands) => line(new Uplink(hands), HANDS, 64000, 180).filter((s, i, all) => i && s.rung === 1 && all[i - 1].rung === 2).length;
  assert.ok(looks(true) >= 1 && looks(true) <= 4, `${looks(true)} looks`);
  assert.ok(looks(false) > looks(true));
});

test('hands that speak: the voice goes, the picture stays', () => {
  const seen = line(new Uplink(), HANDS, 64000, 120);
  assert.ok(last(seen, 60).every((s) => HANDS[s.rung].bps > 0 && (HANDS[s.rung].silent || s.queue < 200)), JSON.stringify(seen));
});

test('the same answer asks for packets of 60 ms', () => {
  const sdp = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=ptime:20\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n';
  const thin = thinned(sdp);
  assert.match(thin, /a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=16000\r\na=ptime:60\r\nm=video/);
  assert.doesNotMatch(thin, /ptime:20/);
  assert.match(thinned(sdp.replace(/a=fmtp.*\r\n/, '').split('m=video')[0]), /a=ptime:60\r\na=fmtp:111 maxaveragebitrate=16000\r\n$/);
});

const SOUND = 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 110\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=rtpmap:110 telephone-event/48000\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n';

test('the same answer asks for sound twice', () => {
  assert.match(repeated(SOUND), /^v=0\r\nm=audio 9 UDP\/TLS\/RTP\/SAVPF 63 111 110\r\n/);
  assert.match(repeated(SOUND), /useinbandfec=0/);
  assert.match(repeated(SOUND), /m=video 9 UDP\/TLS\/RTP\/SAVPF 96\r\n$/);
  const without = SOUND.replace(' 63', '').replace(/a=(?:rtpmap|fmtp):63.*\r\n/g, '');
  assert.equal(repeated(without), without);
});

test('the same answer with a floor: of the first format of the picture', () => {
  const video = 'm=video 9 UDP/TLS/RTP/SAVPF 102 103\r\na=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\na=fmtp:103 apt=102\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\n';
  assert.match(floored(video, 50), /a=fmtp:102 packetization-mode=1;x-google-min-bitrate=50\r\na=fmtp:103 apt=102\r\nm=video 9 UDP\/TLS\/RTP\/SAVPF 102\r\n$/);
});

test('sound goes twice while some is lost by chance, and the picture stays', () => {
  const uplink = new Uplink();
  let now = 0;
  const seconds = (n, reading) => {
    for (let i = 0; i < n; i++) uplink.step((now += 1000), { rate: 400000, rtt: 100, ...reading });
    return uplink;
  };
  assert.equal(shape(seconds(10, { lost: 0.01 }), null), null);
  assert.equal(shape(seconds(5, { lost: 0.1 }), null)(SOUND), repeated(SOUND));
  assert.equal(uplink.rung, 0);
  seconds(60, { lost: 0.3 });
  assert.equal(uplink.rung, 0, 'chance is no reason for a smaller picture');
  assert.equal(shape(seconds(10, { lost: 0 }), null)(SOUND), repeated(SOUND));
  assert.equal(shape(seconds(25, { lost: 0 }), null), null);
  seconds(5, { lost: 0.1 });
  assert.equal(shape(seconds(1, { lost: 0.3, rtt: 900 }), null), null, 'what a queue loses is not sent twice');
});

test('30 % by chance and a browser that believes in 90 kbit/s: a picture goes up, and sound twice', () => {
  const uplink = new Uplink();
  for (let i = 1; i <= 120; i++) uplink.step(1000 * i, { rate: 90000, rtt: 100, lost: 0.3 });
  assert.equal(uplink.rung, 1);
  assert.ok(uplink.repeats);
  assert.equal(uplink.floor, 150);
  assert.match(shape(uplink, RUNGS[1])(SOUND), /m=video 9 UDP\/TLS\/RTP\/SAVPF 96\r\na=fmtp:96 x-google-min-bitrate=150\r\n$/);
  assert.match(shape(uplink, RUNGS[1])(SOUND), /SAVPF 63 111 110[^]*useinbandfec=0;maxaveragebitrate=24000[^]*a=ptime:20\r\nm=video/, 'what is missing is to come again soon');
  assert.equal(shape(uplink, RUNGS[0]), shape(uplink, RUNGS[1]), 'the picture comes and goes, the sound stays as it is');
});

test('a line that drops what is too much, without a queue: less and less goes up until little is lost', () => {
  const uplink = new Uplink();
  const sent = (r) => (r.thin ? 25000 : 56000) + (r.bps === 0 ? 0 : Math.max(30000, Math.min(r.bps || 1e6, 80000)));
  for (let i = 1; i <= 120; i++) {
    const bps = sent(RUNGS[uplink.rung]);
    uplink.step(1000 * i, { rate: Math.min(bps, 60000), rtt: 50, lost: Math.max(0, 1 - 40000 / bps) });
  }
  assert.ok(uplink.rung >= 2, `rung ${uplink.rung}`);
  assert.equal(uplink.floor, 0);
});

test('beside somebody else who keeps the queue full, a small picture goes up', () => {
  const uplink = new Uplink();
  const rungs = [];
  for (let i = 1; i <= 120; i++) {
    uplink.step(1000 * i, { rate: 60000, rtt: i < 5 ? 50 : 900 + 80 * (i % 2), lost: 0.12 });
    rungs.push(uplink.rung);
  }
  assert.ok(rungs.slice(20).every((r) => r === 2), rungs.join(''));
  assert.ok(uplink.repeats, 'what the other one pushes out of the queue goes twice');
  assert.equal(uplink.floor, 50);
  for (let i = 121; i <= 240; i++) uplink.step(1000 * i, { rate: 1000000, rtt: 50 });
  assert.equal(uplink.rung, 0, 'when the other has gone');
});

// Our own queue drains for longer than that on a line of 40 kbit/s.
test('a queue that is still getting shorter is ours', () => {
  const uplink = new Uplink();
  for (let i = 1; i <= 16; i++) {
    uplink.step(1000 * i, { rate: 60000, rtt: i < 5 ? 50 : Math.max(60, 3050 - 300 * (i - 5)), lost: 0 });
    assert.ok(!uplink.crowded, `at ${i} s`);
  }
});

// A path of half a second looks like a queue that somebody else keeps full, until twice the sound and a small picture make it longer.
// Round trips are measured every 2.5 s and tell of when they began.
test('32 kbit/s on a path that has become longer: nobody else is there, and the queue drains', () => {
  const uplink = new Uplink();
  const seen = [];
  const WIRE = { 12000: 16000, 16000: 23000, 24000: 42000, undefined: 40000 };
  let [queue, answers, asked, told] = [0, 0, null, 1];
  for (let i = 1; i <= 120; i++) {
    const sdp = (shape(uplink, RUNGS[uplink.rung]) || ((x) => x))(SOUND);
    const sound = WIRE[(/maxaveragebitrate=(\d+)/.exec(sdp) || [])[1]] + (/SAVPF 63/.test(sdp) ? 14000 : 0);
    const sent = sound + (RUNGS[uplink.rung].bps ?? 400000) + 5000;
    const lost = i < 5 ? 0 : Math.max(0, queue + sent - 32000 - 64000);
    queue = i < 5 ? 0 : Math.max(0, Math.min(64000, queue + sent - 32000));
    const trip = i < 5 ? 5 : 500 + queue / 32 + 40 * (i % 3);
    if (asked && i >= asked.i + 2.5 && 1000 * (i - asked.i) >= asked.trip) [answers, told, asked] = [answers + 1, asked.trip, null];
    asked = asked || { i, trip };
    uplink.step(1000 * i, { rate: i < 5 ? 1200000 : 40000, rtt: told, answers, lost: lost / sent });
    seen.push({ rung: uplink.rung, crowded: uplink.crowded, queue: Math.round(queue / 32) });
  }
  assert.ok(seen.filter((s) => s.crowded).length < 15 && seen.slice(40).every((s) => !s.crowded), JSON.stringify(seen));
  assert.ok(seen.slice(14).filter((s) => s.queue > 700).length < 10, JSON.stringify(seen));
});

test('what is measured before the picture went tells of nobody else', () => {
  const uplink = new Uplink();
  for (let i = 1; i <= 20; i++) uplink.step(1000 * i, { rate: 60000, rtt: i < 6 ? 5 : 3000, answers: i < 6 ? i : 6, lost: 0 });
  assert.ok(!uplink.crowded);
  assert.match(shape(uplink, RUNGS[uplink.rung])(SOUND), /maxaveragebitrate=12000[^]*a=ptime:120/, 'the queue is to go');
});

// Steps on: `seconds` of looks that all say the same, each by an answer of its own.
function look(uplink, state, seconds, line) {
  for (let i = 0; i < seconds; i++) uplink.step((state.now += 1000), { rate: 60000, answers: (state.answers = (state.answers || 0) + 1), lost: 0, ...line });
}

test('a wide line whose path has become longer carries all again', () => {
  const [uplink, state] = [new Uplink(), { now: 0 }];
  look(uplink, state, 5, { rate: 1200000, rtt: 50 });
  for (let i = 0; i < 90; i++) {
    look(uplink, state, 1, { rate: 1200000, rtt: 600 });
    assert.ok(!uplink.crowded, `at ${i} s`);
  }
  assert.equal(uplink.rung, 0);
});

test('a queue that grows by what we send was ours; one late answer does not tell', () => {
  const [uplink, state] = [new Uplink(), { now: 0 }];
  look(uplink, state, 4, { rtt: 50 });
  look(uplink, state, 12, { rtt: 600 });
  assert.ok(uplink.crowded);
  look(uplink, state, 1, { rtt: 1100 });
  look(uplink, state, 1, { rtt: 600 });
  assert.ok(uplink.crowded);
  look(uplink, state, 2, { rtt: 1100 });
  assert.ok(!uplink.crowded);
});

test('answers to what was asked as the picture went tell of nobody else', () => {
  const [uplink, state] = [new Uplink(), { now: 0 }];
  look(uplink, state, 4, { rate: 1200000, rtt: 50 });
  look(uplink, state, 1, { rtt: 1500 }); // its belief fell: the voice alone from now on
  assert.equal(uplink.rung, RUNGS.length - 1);
  for (const rtt of [2400, 2400, 2400]) {
    look(uplink, state, 1, { rtt });
    assert.ok(!uplink.crowded);
  }
  look(uplink, state, 3, { rtt: 2400 });
  assert.ok(uplink.crowded, 'the same said later');
});

test('what made a line thin once does not hold its picture back the next time', () => {
  const [uplink, state] = [new Uplink(), { now: 0 }];
  const fall = (seconds) => {
    for (let i = 0; i < seconds; i++) look(uplink, state, 1, { rtt: 1600 - (1500 * i) / seconds });
    look(uplink, state, 1, { rtt: 50 });
  };
  look(uplink, state, 5, { rate: 1200000, rtt: 50 });
  fall(12);
  look(uplink, state, 30, { rtt: 50 });
  assert.equal(uplink.rung, RUNGS.length - 1, 'for a minute');
  look(uplink, state, 120, { rate: 1200000, rtt: 50 });
  assert.equal(uplink.rung, 0);
  fall(3);
  look(uplink, state, 8, { rtt: 50 });
  assert.equal(uplink.rung, 2);
});

// What fills a queue overflows it a second later.
test('sound goes twice before the queue of somebody else has taken any', () => {
  const uplink = new Uplink();
  for (let i = 1; i <= 12; i++) uplink.step(1000 * i, { rate: 60000, rtt: i < 5 ? 50 : 900, lost: 0 });
  assert.ok(uplink.crowded);
  assert.match(shape(uplink, RUNGS[uplink.rung])(SOUND), /SAVPF 63 111 110/);
});

// TCP gives way for seconds after what it lost, and comes back with a burst that takes a third of what others send.
test('somebody else who gives way now and then is still there', () => {
  const uplink = new Uplink();
  const rungs = [];
  for (let i = 1; i <= 120; i++) {
    const [gone, back] = [i % 20 < 5, i % 20 < 8];
    uplink.step(1000 * i, { rate: 60000, rtt: i < 5 || (i > 20 && gone) ? 50 : 900, lost: i > 20 && gone ? 0 : back ? 0.6 : 0.12 });
    if (i > 20) assert.equal(uplink.floor, 50, `at ${i} s`);
    rungs.push(uplink.rung);
  }
  assert.ok(rungs.slice(20).every((r) => r === 2), rungs.join(''));
  assert.match(shape(uplink, RUNGS[2])(SOUND), /useinbandfec=0;maxaveragebitrate=12000/);
});

test('a line is read while its round trip is measured', () => {
  const transport = { type: 'transport', selectedCandidatePairId: 'b' };
  const pairs = [{ id: 'a', state: 'succeeded', nominated: true, currentRoundTripTime: 0.01 }, { id: 'b', state: 'in-progress', nominated: true, currentRoundTripTime: 0.9, responsesReceived: 7, availableOutgoingBitrate: 5e4 }];
  const stats = pairs.map((p) => ({ type: 'candidate-pair', ...p }));
  const voice = { type: 'remote-inbound-rtp', kind: 'audio', roundTripTime: 0.04, fractionLost: 0.1 };
  assert.deepEqual(readings([transport, ...stats, voice]), { rate: 50000, rtt: 900, answers: 7, lost: 0.1 });
  assert.deepEqual(readings([{ ...voice, roundTripTimeMeasurements: 3 }]), { rate: 0, rtt: 40, answers: 3, lost: 0.1 }, 'of a browser that times no pairs');
  assert.equal(readings([transport, { ...stats[1], currentRoundTripTime: 0 }, voice]).rtt, 1, 'in one house');
  assert.equal(readings(stats).rtt, 10, 'of a browser that does not say which pair it uses');
});

// Sound of which each second is `late` ms old, over a line of that round trip and jitter; -> the seconds at which it is heard anew.
function listen(seconds, at) {
  const delay = new Delay();
  const anew = [];
  assert.equal(delay.hold(0), 0);
  let [delayed, played] = [0, 0];
  for (let i = 1; i <= seconds; i++) {
    const { late = 120, rtt = 60, jitter = 10, hold = 0, silent = false } = at(i, anew);
    if (!silent) [delayed, played] = [delayed + late, played + 1];
    if (delay.step(1000 * i, { delayed, played, jitter, rtt }, hold)) anew.push(i);
    assert.equal(delay.hold(1000 * i) > 0, anew.length > 0 && i - anew[anew.length - 1] < 10, 'a new buffer has something to begin with');
  }
  return anew;
}

test('a little too late and soon after it much too late: heard anew both times', () => {
  const late = (i, anew) => (i < 5 ? {} : i < 12 ? { late: anew.length ? 120 : 260 } : { late: anew.length > 1 ? 120 : 1100, rtt: i < 16 ? 1000 : 60 });
  assert.deepEqual(listen(60, late), [6, 17]);
  assert.deepEqual(listen(60, (i) => ({ late: i < 5 ? 120 : 260 + 5 * i })), [6, 36], 'not what is as late again');
});

test('sound that stays late after the queue is gone is heard anew, once', () => {
  const queue = (i) => (i >= 10 && i < 14 ? { late: 900, rtt: 1000, jitter: 200 } : { late: i >= 10 ? 900 : 120 });
  assert.deepEqual(listen(60, (i, anew) => (anew.length ? {} : queue(i))), [15]);
  assert.deepEqual(listen(60, (i) => (i < 14 ? queue(i) : { silent: true, jitter: 200 })), [15], 'nor does a picture wait for sound that is left out');
});

test('looks at which nothing came are counted: the network may be another one', () => {
  const delay = new Delay();
  const seen = [1, 2, 2, 2, 3].map((got, i) => (delay.step(1000 * i, { delayed: 100, played: 1, jitter: 10, rtt: 60, got }), delay.silent));
  assert.deepEqual(seen, [0, 0, 1, 2, 0]);
});

test('sound stays no later than a picture that goes before it takes on a thin line', () => {
  assert.deepEqual(listen(40, (i, anew) => (anew.length ? { late: 160, jitter: 25 } : { late: i >= 5 ? 260 : 120, rtt: 80, jitter: 25 })), [6]);
});

test('sound is left alone that is late for a reason', () => {
  assert.deepEqual(listen(120, () => ({ late: 400, hold: 100 })), [], 'held back for its copies');
  assert.deepEqual(listen(120, () => ({ late: 500, jitter: 80 })), [], 'a line with jitter');
  assert.deepEqual(listen(120, () => ({ rtt: 0, late: 500 })), [], 'nothing is known of the line');
  assert.deepEqual(listen(120, (i) => (i > 5 ? { late: 800, rtt: 700 } : {})), [], 'its queue still stands');
  assert.ok(listen(600, () => ({ late: 500 })).length <= 5, 'what comes back each time is tried less and less');
});

test('an answer with another source of sound keeps all else', () => {
  const sdp = (ssrc) => `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=sendrecv\r\na=ssrc:${ssrc} cname:x\r\nm=video 9 UDP/TLS/RTP/SAVPF 97\r\na=ssrc:7 cname:x\r\n`;
  assert.equal(withOtherSound(sdp(4294967294)), sdp(4294967295));
  assert.equal(withOtherSources('a=ssrc-group:FID 2 4\r\na=ssrc:2 cname:x\r\na=ssrc:4 cname:x\r\n'), 'a=ssrc-group:FID 3 5\r\na=ssrc:3 cname:x\r\na=ssrc:5 cname:x\r\n');
  const pairs = [0, 7, undefined].map((bytesReceived) => ({ type: 'candidate-pair', bytesReceived }));
  assert.deepEqual(heard([...pairs, { type: 'inbound-rtp', kind: 'audio', jitterBufferDelay: 2, jitterBufferEmittedCount: 9, jitter: 0.03 }], 50), { delayed: 2000, played: 9, jitter: 30, rtt: 50, got: 7 });
});

// What the encoder of a camera of `width` x `height` is told.
function limited(width, height, own, asked) {
  const encoding = {};
  const sender = { track: { getSettings: () => ({ width, height }) }, getParameters: () => ({ encodings: [encoding] }), setParameters: async () => {} };
  limitPicture({ getTransceivers: () => [{}, { sender }] }, own, asked);
  return encoding;
}

test('a camera makes the least of what its line and the room say, and one held upright keeps its breadth', () => {
  assert.deepEqual(limited(640, 360), { active: true, maxBitrate: undefined, maxFramerate: undefined, scaleResolutionDownBy: 1 });
  assert.deepEqual(limited(640, 360, undefined, { lines: 180, fps: 20, bps: 200000 }), { active: true, maxBitrate: 200000, maxFramerate: 20, scaleResolutionDownBy: 2 });
  assert.deepEqual(limited(640, 360, { bps: 50000, lines: 180, fps: 10 }, { lines: 270, bps: 350000 }), { active: true, maxBitrate: 50000, maxFramerate: 10, scaleResolutionDownBy: 2 });
  assert.equal(limited(640, 480, undefined, { lines: 180 }).scaleResolutionDownBy, 2, 'its breadth fills the tile');
  assert.equal(limited(360, 640, undefined, { lines: 360 }).scaleResolutionDownBy, 1);
  assert.equal(limited(360, 640, undefined, { lines: 101.25 }).scaleResolutionDownBy, 2);
  assert.equal(limited(640, 360, { bps: 0 }, { lines: 180 }).active, false);
});
