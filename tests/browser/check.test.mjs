// The check before a visit on the real media path: what a browser sends comes back to it, nobody else notices, and a tier's still.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from './lib/scene.mjs';
import { until } from './lib/processes.mjs';

// Runs in the page: a check with the page's own fake devices; the figures of its connection after `ms` of media.
async function measure([token, ms]) {
  const peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  const socket = new WebSocket(location.origin.replace('https', 'wss') + '/ws');
  const heard = [];
  const opened = new Promise((resolve) => (socket.onopen = resolve));
  const ended = new Promise((resolve) => socket.addEventListener('close', resolve));
  socket.onmessage = async ({ data }) => {
    const m = JSON.parse(data);
    heard.push(m.type);
    if (m.type === 'checking') {
      for (const track of stream.getTracks()) peer.addTrack(track, stream);
      peer.onicecandidate = (e) => socket.send(JSON.stringify({ type: 'candidate', candidate: e.candidate ? e.candidate.candidate : '', mid: e.candidate ? e.candidate.sdpMid : '' }));
      await peer.setLocalDescription(await peer.createOffer());
      socket.send(JSON.stringify({ type: 'offer', sdp: peer.localDescription.sdp }));
    } else if (m.type === 'answer') await peer.setRemoteDescription({ type: 'answer', sdp: m.sdp });
    else if (m.type === 'candidate' && m.candidate) await peer.addIceCandidate({ candidate: m.candidate, sdpMid: m.mid });
  };
  await opened;
  socket.send(JSON.stringify({ type: 'check', token }));
  await new Promise((resolve) => (peer.onconnectionstatechange = () => peer.connectionState === 'connected' && resolve()));
  await new Promise((resolve) => setTimeout(resolve, ms));
  const stats = [...(await peer.getStats()).values()];
  const of = (type, kind) => stats.find((s) => s.type === type && s.kind === kind) || {};
  socket.send(JSON.stringify({ type: 'leave' }));
  await ended;
  peer.close();
  for (const track of stream.getTracks()) track.stop();
  return {
    heard,
    video: { sent: of('outbound-rtp', 'video').packetsSent, got: of('inbound-rtp', 'video').packetsReceived, frames: of('inbound-rtp', 'video').framesDecoded, width: of('inbound-rtp', 'video').frameWidth },
    audio: { sent: of('outbound-rtp', 'audio').packetsSent, got: of('inbound-rtp', 'audio').packetsReceived },
    rtt: (stats.find((s) => s.type === 'candidate-pair' && s.nominated) || {}).currentRoundTripTime,
  };
}

test('a check sends back what it hears and sees, without a seat', { timeout: 90000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'check' });
  const room = await server.room('Check');
  const link = await server.link(room, 'Anna', 'patient');
  const page = await (await scene.chromium(0)).newPage();
  await page.goto(`${server.origin}/healthz`);
  const seen = await page.evaluate(measure, [link.token, 4000]);
  const what = JSON.stringify(seen);
  assert.ok(seen.audio.got > 50 && seen.audio.got >= seen.audio.sent * 0.8, what);
  assert.ok(seen.video.got > 20 && seen.video.got >= seen.video.sent * 0.6, what);
  assert.ok(seen.video.frames > 5 && seen.video.width > 0, what);
  assert.ok(seen.rtt >= 0 && seen.rtt < 1, what);
  assert.equal(seen.heard.at(-1), 'ended', what);
  const { participants } = await server.inspect(room);
  assert.deepEqual(participants.map((p) => p.state), ['absent']);
});

test('a still of a tier that nobody receives is a JPEG', { timeout: 90000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'still' });
  const room = await server.room('Still');
  const link = await server.link(room, 'Bot', 'guest');
  const headers = { authorization: 'Bearer ' + server.key };
  assert.equal((await server.raw('GET', `/api/v1/rooms/${room}/tiers/A.jpg`, { headers })).status, 503);
  scene.bots([link], { seconds: 60 });
  await scene.connected(room, 1);
  const page = await (await scene.chromium(0)).newPage();
  await page.goto(`${server.origin}/healthz`);
  const size = () => page.evaluate(async ([url, authorization]) => {
    const answer = await fetch(url, { headers: { authorization } });
    if (!answer.ok) throw new Error(answer.status);
    const picture = await createImageBitmap(await answer.blob());
    return [picture.width, picture.height];
  }, [`/api/v1/rooms/${room}/tiers/A.jpg`, headers.authorization]);
  assert.deepEqual(await until('a still', size, 15000, 500), [1280, 720]);
  assert.deepEqual(await size(), [1280, 720]);
});
