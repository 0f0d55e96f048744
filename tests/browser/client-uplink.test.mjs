// What goes up on a weak line, decided by stepped time.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Uplink, RUNGS, HANDS, thinned, repeated, floored, shape } from '../../assets/web/uplink.js';

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
  assert.match(shape(uplink, RUNGS[1])(SOUND), /SAVPF 63 111 110[^]*useinbandfec=0;maxaveragebitrate=16000[^]*a=ptime:60\r\nm=video/);
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
  assert.ok(rungs.slice(20).filter((r) => r === 2).length >= 90, rungs.join(''));
  assert.ok(uplink.repeats, 'what the other one pushes out of the queue goes twice');
  assert.equal(uplink.floor, 50);
  for (let i = 121; i <= 240; i++) uplink.step(1000 * i, { rate: 1000000, rtt: 50 });
  assert.equal(uplink.rung, 0, 'when the other has gone');
});
