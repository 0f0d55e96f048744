// The web client alone, against the stand-in of lib/mock.mjs: what it says, how it comes back, what it does without devices.
import test from 'node:test';
import assert from 'node:assert/strict';
import { count, framesMove, patient, stateIs as stateWithin, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';
import { until } from './lib/processes.mjs';

const stateIs = (page, state, timeout = 8000) => stateWithin(page, state, timeout);
const last = (mock, type) => mock.seen.filter((m) => m.type === type).pop();

test('a visit by keyboard: join, mute, camera off and on, leave, join again', { timeout: 90000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, { media: patient });
  await page.goto(mock.link);
  await page.waitForFunction(() => window.tessera?.media.video);
  assert.equal(await page.textContent('#hello'), 'Hello Amira Haddad');
  await page.waitForFunction(() => Number(document.getElementById('level').getAttribute('aria-valuenow')) > 20);
  await page.focus('#join');
  await page.keyboard.press('Enter');
  await stateIs(page, 'live');
  assert.ok((await framesMove(page)) > 10);
  const focused = [];
  await page.focus('h1:visible');
  for (let i = 0; i < 7; i++) {
    await page.keyboard.press('Tab');
    focused.push(await page.evaluate(() => document.activeElement.id));
  }
  assert.deepEqual(focused, ['mute', 'camera', 'hand', 'people-button', 'chat-button', 'more-button', 'leave']);
  await page.focus('#mute');
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.getElementById('mute-text').textContent === 'Unmute');
  assert.deepEqual(last(mock, 'state'), { type: 'state', audio: false, video: true });
  assert.equal(await page.evaluate(() => window.tessera.media.audio.enabled), false);
  const camera = await page.evaluateHandle(() => window.tessera.media.video);
  await page.click('#camera');
  await page.waitForFunction(() => document.getElementById('camera-text').textContent === 'Camera on');
  assert.equal(await camera.evaluate((track) => track.readyState), 'ended');
  assert.deepEqual(last(mock, 'state'), { type: 'state', audio: false, video: false });
  await page.click('#camera');
  await page.waitForFunction(() => window.tessera?.media.video && window.tessera.media.video.readyState === 'live');
  assert.equal(count(mock, 'offer'), 1);
  const tracks = await page.evaluateHandle(() => [window.tessera.media.audio, window.tessera.media.video, window.tessera.peer]);
  await page.focus('#leave');
  await page.keyboard.press('Enter');
  assert.deepEqual(await tracks.evaluate(([a, v, p]) => [a.readyState, v.readyState, p.state]), ['ended', 'ended', 'closed']);
  assert.equal(await page.textContent('h1:visible'), 'You have left the visit');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await screenshot(page, 'client-left');
  await page.click('text=Join again');
  await stateIs(page, 'live');
  assert.ok((await framesMove(page)) > 10);
  assert.deepEqual(problems, []);
});

test('the socket is open before Join is pressed and is the one that joins; one that the server gave up ends nothing', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, { media: patient });
  const sockets = [];
  page.on('websocket', (w) => sockets.push(w));
  await page.goto(mock.link);
  await page.waitForSelector('#join:visible');
  await until('a socket', () => sockets.length === 1);
  await page.waitForLoadState('networkidle');
  assert.equal(count(mock, 'join'), 0);
  await page.click('#join');
  await stateIs(page, 'live');
  assert.equal(sockets.length, 1);
  assert.ok(last(mock, 'offer').line > 1000, 'the offer says what the line carries');

  await page.click('#leave');
  await page.goto(mock.link);
  await until('another socket', () => sockets.length === 2);
  await page.waitForLoadState('networkidle');
  assert.equal(mock.expire(), 1);
  await until('its end', () => sockets[1].isClosed());
  assert.equal(await page.evaluate(() => window.tessera.state), 'idle');
  await page.click('#join');
  await stateIs(page, 'live');
  assert.deepEqual(problems, []);
});

// The page before the visit, once its offer is ready.
async function offerReady(page, mock) {
  await page.addInitScript(() => {
    const Connection = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Connection {
      constructor(...all) {
        super(...all);
        window.newest = this;
      }
    };
  });
  await page.goto(mock.link);
  await until('an offer', () => page.evaluate(() => window.newest && window.newest.iceGatheringState === 'complete'));
}

test('the offer is made before Join is pressed and goes with it, unless the network is another one by then', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, { media: patient });
  await offerReady(page, mock);
  assert.deepEqual([count(mock, 'join'), count(mock, 'offer')], [0, 0]);
  await page.click('#join');
  await stateIs(page, 'live');
  const { sdp, line, joining } = last(mock, 'offer');
  assert.ok(joining && count(mock, 'offer') === 1);
  assert.match(sdp, /^a=candidate/m, 'it is complete');
  assert.ok(line > 1000);
  assert.ok((await framesMove(page)) > 10);
  await page.click('#leave');

  await offerReady(page, mock);
  await page.evaluate(() => {
    window.early = window.newest;
    dispatchEvent(new Event('online'));
  });
  await until('it to be given up', () => page.evaluate(() => window.early.signalingState === 'closed'));
  await page.click('#join');
  await stateIs(page, 'live');
  assert.equal(last(mock, 'offer').joining, undefined);
  assert.deepEqual(problems, []);
});

test('lost socket resumes without a new offer; a restarted room gets one at once; a reload comes straight back', { timeout: 90000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, { media: patient });
  await page.goto(mock.link);
  await page.click('#join');
  await stateIs(page, 'live');
  const session = await page.evaluateHandle(() => window.tessera.peer);

  mock.dropSockets();
  await stateIs(page, 'signal');
  assert.match(await page.textContent('#status'), /Picture and sound go on/);
  await stateIs(page, 'live', 3000);
  assert.equal(last(mock, 'join').session, 's1');
  assert.equal(count(mock, 'offer'), 1);
  assert.ok(await session.evaluate((p) => p === window.tessera.peer));

  const began = Date.now();
  mock.killRoom();
  await page.waitForFunction((p) => window.tessera.peer && window.tessera.peer !== p && window.tessera.state === 'live', session, { timeout: 3000 });
  assert.ok(Date.now() - began < 3000);
  assert.ok((await framesMove(page)) > 10);

  mock.forget(); // a session that the gateway does not know any more
  mock.dropSockets();
  await page.waitForTimeout(100);
  await page.click('#mute');
  await page.reload();
  await stateIs(page, 'live', 5000);
  assert.equal(await page.textContent('#mute-text'), 'Unmute');
  assert.ok((await framesMove(page)) > 10);

  mock.say({ type: 'muted', muted: true });
  await page.waitForSelector('text=The host muted you');
  mock.say({ type: 'replaced' });
  await page.waitForSelector('text=The visit is open in another place');
  const joins = count(mock, 'join');
  await page.waitForTimeout(1500);
  assert.equal(count(mock, 'join'), joins, 'a replaced page does not come back by itself');
  await page.click('text=Use it here');
  await stateIs(page, 'live');
  mock.say({ type: 'ended', reason: 'room_ended' });
  await page.waitForSelector('text=The visit has ended');
  await page.reload();
  await page.waitForSelector('text=The visit has ended');
  mock.refuse('token_expired');
  await page.goto(mock.link);
  await page.click('#join');
  await page.waitForSelector('text=This link has expired');
  assert.deepEqual(problems.filter((p) => !/WebSocket/.test(p)), []);
});

for (const [name, options, expected] of [
  ['camera refused', { media: patient, permissions: ['microphone'] }, { audio: true, video: false }],
  ['microphone refused', { media: patient, permissions: ['camera'] }, { audio: false, video: true }],
  ['no devices at all', { media: null, permissions: [] }, { audio: false, video: false }],
]) {
  test(`${name}: the person still joins and sees the others`, { timeout: 60000 }, async (t) => {
    const { mock, page } = await withBrowser(t, options);
    await page.goto(mock.link);
    await page.waitForSelector('#device-notes p');
    await page.waitForFunction(() => !/Your browser asks/.test(document.getElementById('device-notes').textContent));
    await screenshot(page, 'client-' + name.replace(/ /g, '-'));
    await page.click('#join');
    await stateIs(page, 'live');
    assert.deepEqual(last(mock, 'state'), { type: 'state', ...expected });
    const sdp = last(mock, 'offer').sdp;
    const direction = (kind) => sdp.split('m=').find((m) => m.startsWith(kind)).match(/a=(sendrecv|recvonly)/)[1];
    assert.equal(direction('video'), expected.video ? 'sendrecv' : 'recvonly');
    assert.equal(direction('audio'), expected.audio ? 'sendrecv' : 'recvonly');
    assert.ok((await framesMove(page)) > 10);
  });
}
