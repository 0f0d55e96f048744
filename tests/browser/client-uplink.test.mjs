// What goes up on a weak line, decided by stepped time.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Uplink, RUNGS, HANDS, thinned } from '../../assets/web/uplink.js';

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
