// What goes up, by a real Chromium: no more than the room says that a tile shows, less on a thin line, and what the person is told of it.
import test from 'node:test';
import assert from 'node:assert/strict';
import { enter, textOf, withBrowser } from './lib/client.mjs';
import { Scene } from './lib/scene.mjs';
import { until } from './lib/processes.mjs';
import { firstPicture, join } from './lib/visit.mjs';

// What the camera's sender keeps to, and what leaves.
const sent = (page) => page.evaluate(async () => {
  const { sender } = window.tessera.peer.connection.getTransceivers()[1];
  const { active, maxBitrate, maxFramerate } = sender.getParameters().encodings[0];
  let outbound = {};
  (await sender.getStats()).forEach((s) => s.type === 'outbound-rtp' && (outbound = s));
  return { active, maxBitrate, maxFramerate, lines: outbound.frameHeight, frames: outbound.framesEncoded, bytes: outbound.bytesSent };
});
const sends = (page, what, good, ms) => until(what, async () => {
  const now = await sent(page);
  if (!good(now)) throw new Error(JSON.stringify(now));
  return now;
}, ms, 100);

test('a camera of which only a small tile is seen goes out small, and large again within seconds', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'uplink' });
  const room = await server.room('Uplink');
  const [anna, ben] = [await server.link(room, 'Anna Lindqvist', 'patient'), await server.link(room, 'Ben Okafor', 'clinician')];
  scene.bots([ben], { seconds: 110, args: ['--decode', '0'] });
  const page = await join(await scene.chromium(0), anna);
  await scene.connected(room, 2);
  await firstPicture(page);
  const tier = (name) => Promise.all([anna, ben].map((link) => server.rest('POST', `/rooms/${room}/participants/${link.seat}/tier`, { tier: name })));
  await sends(page, 'the whole picture', (s) => s.lines >= 360, 20000);
  const rate = async () => {
    const before = await sent(page);
    await page.waitForTimeout(3000);
    return (8 * ((await sent(page)).bytes - before.bytes)) / 3;
  };
  const large = await rate();
  await tier('D');
  const small = await sends(page, 'a small picture', (s) => s.lines <= 180, 15000);
  assert.deepEqual([small.maxBitrate, small.maxFramerate], [200000, 20]);
  const less = await rate();
  assert.ok(less < Math.min(260000, large), `${less} bit/s after ${large}`);
  await tier('auto');
  const whole = await sends(page, 'the whole picture again', (s) => s.lines >= 360, 12000);
  assert.ok(whole.maxBitrate === undefined || whole.maxBitrate >= 700000, JSON.stringify(whole));
});

// From now on the browser seems to believe in `rate`, at a round trip of 20 ms.
const believes = (page, rate) => page.evaluate((r) => {
  const { connection } = window.tessera.peer;
  window.answers ||= 0;
  connection.getStats = async () => [
    { type: 'transport', selectedCandidatePairId: 'p' },
    { type: 'candidate-pair', id: 'p', availableOutgoingBitrate: r, currentRoundTripTime: 0.02, responsesReceived: ++window.answers, bytesReceived: window.answers },
  ];
}, rate);

test('the least of what the line takes and the room asks for goes up, and the person is told when the picture stops and comes back', { timeout: 120000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);
  await sends(page, 'the whole picture', (s) => s.lines >= 360, 20000);

  await t.test('as the room says', async () => {
    mock.say({ type: 'limits', lines: 180, fps: 16, bps: 200000 });
    await sends(page, 'a small picture', (s) => s.lines === 180 && s.maxBitrate === 200000 && s.maxFramerate === 16, 8000);
    mock.say({ type: 'limits' });
    await page.click('#camera');
    await textOf(page, 'camera-text', 'Camera on');
    mock.say({ type: 'limits', lines: 180, fps: 5, bps: 60000 });
    await sends(page, 'a slow one', (s) => s.maxFramerate === 5 && s.maxBitrate === 60000, 8000);
    await page.click('#camera');
    await textOf(page, 'camera-text', 'Camera off');
    const { frames } = await sent(page);
    await sends(page, 'a camera that was off meanwhile', (s) => s.frames > frames + 5 && s.lines <= 180, 8000);
    mock.say({ type: 'limits' });
    await sends(page, 'all that the browser likes', (s) => s.lines > 180 && s.maxBitrate === undefined && s.maxFramerate === undefined, 20000);
  });

  await t.test('no picture on a line that carries hardly the voice, whatever the room would show; and words for it', async () => {
    await believes(page, 1000000);
    await page.waitForTimeout(2500);
    mock.say({ type: 'limits', lines: 270, bps: 350000 });
    await believes(page, 25000);
    await textOf(page, 'note', 'your picture was paused so that your voice comes through', 8000);
    const { active, frames } = await sends(page, 'no picture', (s) => !s.active, 8000);
    assert.equal(active, false);
    await page.waitForTimeout(1000);
    assert.ok((await sent(page)).frames <= frames + 2);
    await believes(page, 1000000);
    await textOf(page, 'note', 'your picture is sent again', 20000);
    await sends(page, 'a picture as small as the line takes', (s) => s.active && s.maxBitrate < 100000 && s.lines <= 180, 8000);
    await sends(page, 'as large as the room asks for', (s) => s.maxBitrate === 350000 && s.lines === 270, 45000);
  });

  await t.test('a microphone rests while sound is left out for hands that speak', async () => {
    const track = () => page.evaluate(() => !!window.tessera.peer.connection.getTransceivers()[0].sender.track);
    assert.equal(await track(), true);
    mock.say({ type: 'quality', quality: 2, tier: 'D', ease: 'silent', loss: 0, rtt: 40 });
    await until('no sound', async () => !(await track()));
    assert.equal(await page.evaluate(() => window.tessera.media.on.audio), true, 'the person has switched nothing off');
    mock.say({ type: 'quality', quality: 3, tier: 'C', ease: '', loss: 0, rtt: 40 });
    await until('sound again', track);
  });
  assert.deepEqual(problems, []);
});
