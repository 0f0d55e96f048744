// check.js - what the line to the room can carry, on the way of a visit: the room sends back what it gets.
// What goes out is a drawn picture and a quiet tone, nothing of the person. -> {verdict, tier, up, down, rtt, loss, path} (kbit/s, ms, %)
import { Peer } from './peer.js';
import { serverUrl } from './tessera.js';
import { audioContext, release } from './level.js';

const SECONDS = 5;
const CONNECT_MS = 8000;
const PICTURE = { width: 640, height: 360, rate: 20 };

// Rejects with an Error with `code`: "busy" (the server cannot check now), "stopped", "unreachable" (no path).
export async function checkConnection({ token, url = serverUrl(), relay = false, codec, signal, seconds = SECONDS }) {
  const run = new Run(signal);
  try {
    const session = await run.open(url, token);
    const picture = testPicture();
    const tone = testTone();
    run.later(() => [picture, tone].forEach((m) => m && m.stop()));
    await run.connect(session, { relay, codec, tracks: { audio: tone ? tone.track : true, video: picture.track } });
    const before = await measure(run.peer);
    await run.wait(seconds * 500); // the rate is still rising here
    const middle = await measure(run.peer);
    await run.wait(seconds * 500);
    return judge(before, middle, await measure(run.peer));
  } finally {
    run.end();
  }
}

const problem = (code) => Object.assign(new Error(code), { code });

class Run {
  peer = null;
  #ends = [];
  #fail;
  #failed = new Promise((resolve, reject) => (this.#fail = (code) => reject(problem(code))));
  #socket = null;

  constructor(signal) {
    this.#failed.catch(() => {});
    if (!signal) return;
    if (signal.aborted) this.#fail('stopped');
    signal.addEventListener('abort', () => this.#fail('stopped'));
  }

  later(f) {
    this.#ends.push(f);
  }

  or(promise) {
    return Promise.race([promise, this.#failed]);
  }

  wait(ms) {
    return this.or(new Promise((resolve) => setTimeout(resolve, ms)));
  }

  open(url, token) {
    const socket = (this.#socket = new WebSocket(url));
    this.later(() => socket.close());
    const late = setTimeout(() => this.#fail('unreachable'), CONNECT_MS);
    this.later(() => clearTimeout(late));
    socket.onclose = () => this.#fail('unreachable');
    return this.or(
      new Promise((resolve) => {
        socket.onopen = () => socket.send(JSON.stringify({ type: 'check', token }));
        socket.onmessage = (e) => {
          const m = JSON.parse(e.data);
          if (m.type === 'checking') resolve(m);
          else if (m.type === 'error' && m.fatal) this.#fail('busy');
          else if (this.peer && m.type === 'answer') this.peer.answer(m.sdp);
          else if (this.peer && m.type === 'candidate') this.peer.candidate(m);
        };
      }).then((m) => {
        this.later(() => socket.readyState === 1 && socket.send('{"type":"leave"}'));
        return m;
      }),
    );
  }

  connect({ session, iceServers }, options) {
    const peer = (this.peer = new Peer({ iceServers, ...options }));
    this.later(() => peer.close());
    const send = (m) => this.#socket.readyState === 1 && this.#socket.send(JSON.stringify(m));
    const late = setTimeout(() => this.#fail('unreachable'), CONNECT_MS);
    this.later(() => clearTimeout(late));
    return this.or(
      new Promise((resolve) => {
        peer.addEventListener('offer', (e) => send({ type: 'offer', sdp: e.detail, session }));
        peer.addEventListener('candidate', (e) => send({ type: 'candidate', ...e.detail }));
        peer.addEventListener('failed', () => this.#fail('unreachable'));
        peer.addEventListener('state', (e) => e.detail === 'connected' && resolve());
        peer.negotiate();
      }),
    ).then(() => clearTimeout(late));
  }

  end() {
    if (this.#socket) this.#socket.onclose = null;
    for (const f of this.#ends.splice(0).reverse()) f();
  }
}

// Moving squares of random colour: about as hard to code as a person in front of a camera.
function testPicture() {
  const canvas = document.createElement('canvas');
  canvas.width = PICTURE.width;
  canvas.height = PICTURE.height;
  const g = canvas.getContext('2d');
  const draw = () => {
    for (let i = 0; i < 60; i++) {
      g.fillStyle = `hsl(${Math.random() * 360},60%,${30 + Math.random() * 40}%)`;
      g.fillRect(Math.random() * PICTURE.width, Math.random() * PICTURE.height, 40, 40);
    }
  };
  draw();
  const timer = setInterval(draw, 1000 / PICTURE.rate);
  const [track] = canvas.captureStream(PICTURE.rate).getVideoTracks();
  const stop = () => {
    clearInterval(timer);
    track.stop();
  };
  return { track, stop };
}

function testTone() {
  const context = audioContext();
  if (!context) return null;
  const oscillator = context.createOscillator();
  const out = context.createMediaStreamDestination();
  oscillator.connect(out);
  oscillator.start();
  return { track: out.stream.getAudioTracks()[0], stop: () => (oscillator.stop(), release()) };
}

async function measure(peer) {
  const all = new Map();
  (await peer.connection.getStats()).forEach((s) => all.set(s.id, s));
  const list = [...all.values()];
  const sum = (type, member) => list.filter((s) => s.type === type).reduce((n, s) => n + (s[member] || 0), 0);
  const transport = list.find((s) => s.type === 'transport' && s.selectedCandidatePairId);
  const pair = all.get(transport && transport.selectedCandidatePairId) || list.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') || {};
  const remote = list.filter((s) => s.type === 'remote-inbound-rtp');
  return {
    at: performance.now(),
    sent: sum('outbound-rtp', 'bytesSent'),
    got: sum('inbound-rtp', 'bytesReceived'),
    packets: sum('inbound-rtp', 'packetsReceived'),
    lost: Math.max(0, sum('inbound-rtp', 'packetsLost')),
    lostUp: Math.max(0, ...remote.map((s) => s.fractionLost || 0)),
    rtt: Math.max(0, pair.currentRoundTripTime || 0, ...remote.map((s) => s.roundTripTime || 0)),
    local: all.get(pair.localCandidateId) || {},
  };
}

// `before`, `middle`, `after`: rates are those of the second half, loss that of the whole.
export function judge(before, middle, after) {
  const ms = after.at - middle.at;
  const up = Math.round((8 * (after.sent - middle.sent)) / ms);
  const down = Math.round((8 * (after.got - middle.got)) / ms);
  const packets = after.packets - before.packets;
  const lost = after.lost - before.lost;
  const loss = Math.round(1000 * Math.max(after.lostUp, lost / Math.max(1, packets + lost))) / 10;
  const rtt = Math.round(1000 * after.rtt);
  const { candidateType, protocol, relayProtocol } = after.local;
  const path = candidateType === 'relay' ? { relay: (relayProtocol || 'udp').toUpperCase() } : { direct: protocol === 'tcp' ? 'tcp' : 'udp' };
  const rate = Math.min(up, down);
  const step = [
    ['good', 'A', 350, 2, 300],
    ['fair', 'B', 200, 6, 500],
    ['fair', 'C', 110, 10, 800],
    ['weak', 'D', 50, 15, 1500],
  ].find(([, , least, most, slow]) => rate >= least && loss <= most && rtt <= slow);
  const [verdict, tier] = step || (packets ? ['bad', 'audio'] : ['none', 'audio']);
  return { verdict, tier, up, down, rtt, loss, path };
}
