// What phones and tablets do to a page: the screen that must stay on, two cameras, devices that come and go, a turn on the side, the
// lock screen. Against the stand-in of lib/mock.mjs; a device that really sleeps is in phone.test.mjs.
import test from 'node:test';
import assert from 'node:assert/strict';
import { count, enter, framesMove, patient, stateIs, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';
import { Media } from '../../assets/web/media.js';

const TWO_CAMERAS = { media: { cameras: 2 } };
const noProblems = (problems) => assert.deepEqual(problems.filter((p) => !/WebSocket/.test(p)), []);

// What the browser tells the page when the screen is locked or another app is in front, and when it is back: it releases the wake
// lock and pauses the picture.
async function hide(page, hidden) {
  await page.evaluate((h) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => h });
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (h ? 'hidden' : 'visible') });
    if (h) {
      document.getElementById('composite').pause();
      for (const lock of window.locks || []) if (!lock.released) lock.release();
    }
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

const sentCamera = (page) => page.evaluate(() => {
  const sender = window.tessera.peer.connection.getSenders().find((s) => s.track && s.track.kind === 'video');
  return sender ? sender.track.getSettings().deviceId : '';
});

test('the screen stays on while in the room, also after the page was away, and not longer', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, { media: patient, permissions: ['camera', 'microphone', 'screen-wake-lock'] });
  await page.addInitScript(() => {
    window.locks = [];
    const { wakeLock } = navigator;
    const real = wakeLock.request.bind(wakeLock);
    wakeLock.request = async (type) => {
      if (document.hidden) throw new DOMException('hidden', 'NotAllowedError');
      const lock = await real(type);
      window.locks.push(lock);
      return lock;
    };
  });
  const held = (n) => page.waitForFunction((all) => window.locks.length === all && window.locks.filter((l) => !l.released).length === 1, n, { timeout: 5000 });
  await page.goto(mock.link);
  await page.waitForSelector('#join:visible');
  assert.equal(await page.evaluate(() => window.locks.length), 0, 'not before the visit');
  await enter(page, mock.link);
  await held(1);
  assert.equal(await page.evaluate(() => window.locks[0].type), 'screen');
  await hide(page, true);
  assert.equal(await page.evaluate(() => window.locks.every((l) => l.released)), true);
  await hide(page, false);
  await held(2);
  await hide(page, false); // said twice: still one
  await held(3);
  await page.click('#leave');
  await page.waitForFunction(() => window.locks.every((l) => l.released), null, { timeout: 3000 });
  await hide(page, false);
  await page.waitForTimeout(200);
  assert.equal(await page.evaluate(() => window.locks.filter((l) => !l.released).length), 0);
  noProblems(problems);
});

test('back from the lock screen: picture and sound go on within 3 s, with the line alive and with it dead', { timeout: 90000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);
  const back = async () => {
    const began = Date.now();
    await hide(page, false);
    await page.waitForFunction(() => {
      const v = document.getElementById('composite');
      return window.tessera.state === 'live' && !v.paused && !v.muted;
    }, null, { timeout: 3000 });
    assert.ok((await framesMove(page)) > 10);
    assert.ok(Date.now() - began < 4500, `${Date.now() - began} ms`); // one second of it is the look at the frames
  };
  await hide(page, true);
  assert.equal(await page.evaluate(() => document.getElementById('composite').paused), true);
  await back();

  await hide(page, true);
  mock.dropSockets();
  await back();

  await hide(page, true);
  mock.killRoom(); // the connection is gone as well
  await back();
  assert.equal(await page.evaluate(() => window.tessera.media.on.audio && window.tessera.media.on.video), true);
  noProblems(problems);
});

test('two cameras: the next one at a press, before the visit and in it; one that is in use elsewhere gives the first back', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, TWO_CAMERAS);
  await page.goto(mock.link);
  await page.waitForFunction(() => window.tessera?.media.video);
  const camera = () => page.evaluate(() => (window.tessera.media.video ? window.tessera.media.video.getSettings().deviceId : ''));
  const first = await camera();
  await page.click('#flip-before');
  await page.waitForFunction((id) => window.tessera?.media.video && window.tessera.media.video.getSettings().deviceId !== id, first);
  const second = await camera();
  assert.equal(await page.inputValue('#videoinput'), second);
  await page.click('#join');
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
  assert.equal(await sentCamera(page), second);
  await page.click('#more-button');
  await page.click('#flip');
  await page.waitForFunction((id) => window.tessera?.media.video && window.tessera.media.video.getSettings().deviceId === id, first);
  assert.equal(await sentCamera(page), first);
  assert.equal(await page.inputValue('#room-video'), first);
  assert.equal(count(mock, 'offer'), 1, 'another camera needs no new offer');
  await page.evaluate((broken) => {
    const { mediaDevices } = navigator;
    const real = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (wanted) => {
      const { deviceId } = wanted.video || {};
      return deviceId && deviceId.exact === broken ? Promise.reject(new DOMException('in use', 'NotReadableError')) : real(wanted);
    };
  }, second);
  await page.click('#flip');
  await page.waitForFunction((id) => window.tessera?.media.video && window.tessera.media.video.getSettings().deviceId === id, first);
  assert.equal(await sentCamera(page), first);
  noProblems(problems);
});

// Two cameras and no browser: every question stays open until answer() is called.
function cameras(t) {
  const open = [];
  const questions = [];
  const track = (deviceId) => Object.assign(new EventTarget(), {
    kind: 'video',
    getSettings: () => ({ deviceId }),
    stop() { open.splice(open.indexOf(this), 1); },
  });
  const mediaDevices = Object.assign(new EventTarget(), {
    enumerateDevices: async () => ['one', 'two'].map((deviceId) => ({ kind: 'videoinput', deviceId })),
    getUserMedia: ({ video }) => new Promise((resolve) => questions.push(() => {
      open.push(track(video.deviceId ? video.deviceId.exact : 'one'));
      resolve({ getTracks: () => open.slice(-1) });
    })),
  });
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { mediaDevices } });
  t.after(() => (before ? Object.defineProperty(globalThis, 'navigator', before) : delete globalThis.navigator));
  const settle = () => new Promise((r) => setImmediate(r));
  return { open, questions, answer: async () => { await settle(); questions.shift()(); await settle(); } };
}

for (const [what, act] of [['the visit is left', (media) => media.close()], ['the camera is turned off', (media) => media.set('video', false)]]) {
  test(`a camera that is being changed when ${what} stays off`, async (t) => {
    const { open, questions, answer } = cameras(t);
    const media = new Media();
    await media.refresh();
    const on = media.set('video', true);
    await answer();
    await on;
    assert.equal(open.length, 1);
    const flipped = media.flip();
    assert.equal(open.length, 0, 'one at a time');
    act(media);
    await answer();
    assert.equal(questions.length, 0, 'nothing is asked for again');
    await flipped;
    assert.equal(open.length, 0);
  });
}

test('front and back as phones name them: asked for by the way they face, one at a time', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, TWO_CAMERAS);
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const real = mediaDevices.getUserMedia.bind(mediaDevices);
    window.open = [];
    mediaDevices.getUserMedia = async (wanted) => {
      const facing = (wanted.video && wanted.video.facingMode) || 'user';
      if (wanted.video && window.open.some((track) => track.readyState === 'live')) throw new DOMException('one at a time', 'NotReadableError');
      const cameras = (await mediaDevices.enumerateDevices()).filter((d) => d.kind === 'videoinput' && d.deviceId);
      const camera = cameras[facing === 'environment' ? 1 : 0];
      const video = wanted.video && camera ? { ...wanted.video, facingMode: undefined, deviceId: { exact: camera.deviceId } } : wanted.video;
      const stream = await real({ ...wanted, video });
      for (const track of stream.getVideoTracks()) {
        window.open.push(track);
        const settings = track.getSettings.bind(track);
        track.getSettings = () => ({ ...settings(), facingMode: facing });
      }
      return stream;
    };
  });
  const facing = (way) => page.waitForFunction((w) => window.tessera?.media.video && window.tessera.media.video.getSettings().facingMode === w, way, { timeout: 5000 });
  await enter(page, mock.link);
  await facing('user');
  await page.click('#more-button');
  await page.click('#flip');
  await facing('environment');
  assert.equal(await page.evaluate(() => window.open.filter((track) => track.readyState === 'live').length), 1);
  await page.click('#flip');
  await facing('user');
  noProblems(problems);
});

test('devices that come and go in the room: the lists follow, another one can be chosen, an unplugged one is replaced and it is said', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t, TWO_CAMERAS);
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const real = mediaDevices.enumerateDevices.bind(mediaDevices);
    window.unplugged = '';
    mediaDevices.enumerateDevices = async () => (await real()).filter((d) => d.deviceId !== window.unplugged || !d.deviceId);
  });
  await enter(page, mock.link);
  await page.click('#more-button');
  const options = () => page.$$eval('#room-video option', (all) => all.map((o) => o.value));
  const [one, two] = await options();
  assert.ok(one && two);
  const first = await sentCamera(page);
  const other = first === one ? two : one;
  await page.selectOption('#room-video', other);
  await page.waitForFunction((id) => window.tessera?.media.video && window.tessera.media.video.getSettings().deviceId === id, other);
  assert.equal(await sentCamera(page), other);
  await page.evaluate((id) => {
    window.unplugged = id;
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
    const track = window.tessera.media.video;
    track.stop();
    track.dispatchEvent(new Event('ended')); // as the browser does when the plug is pulled
  }, other);
  await page.waitForFunction((id) => window.tessera?.media.video && window.tessera.media.video.getSettings().deviceId === id, first);
  await page.waitForFunction(() => document.querySelectorAll('#room-video option').length === 1);
  assert.deepEqual(await options(), [first]);
  assert.equal(await sentCamera(page), first);
  assert.equal(await page.isVisible('#note'), true);
  await page.evaluate(() => {
    window.unplugged = '';
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  await page.waitForFunction(() => document.querySelectorAll('#room-video option').length === 2);
  noProblems(problems);
});

test('turned on its side and back: nothing is cut off, the picture fits, buttons stay over their tiles', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  const upright = { width: 320, height: 568 };
  const aside = { width: 568, height: 320 };
  const look = () => page.evaluate(() => {
    const box = (e) => e.getBoundingClientRect();
    const inside = (r) => r.left >= -1 && r.top >= -1 && r.right <= innerWidth + 1 && r.bottom <= innerHeight + 1;
    const frame = box(document.getElementById('frame'));
    const controls = [...document.querySelectorAll('#room .controls button:not([hidden])')].filter((b) => b.getClientRects().length);
    return {
      scrolls: document.documentElement.scrollWidth > innerWidth,
      cut: controls.filter((b) => !inside(box(b))).map((b) => b.id),
      controls: controls.length,
      frame: inside(frame) && frame.width > 0 && Math.abs(frame.width / frame.height - 16 / 9) < 0.05,
      fills: Math.max(frame.width / box(document.getElementById('stage')).width, frame.height / box(document.getElementById('stage')).height) > 0.98,
      tiles: [...document.querySelectorAll('#tiles button')].every((b) => {
        const r = box(b);
        return Math.abs(r.width - frame.width / 2) < 3 && Math.abs(r.height - frame.height / 2) < 3;
      }),
    };
  });
  const fine = { scrolls: false, cut: [], frame: true, fills: true, tiles: true };
  const settled = async (what) => {
    await page.waitForTimeout(250);
    const { controls, ...seen } = await look();
    assert.deepEqual(seen, fine, what);
    assert.ok(controls >= 5, `${controls} controls`);
  };
  await page.setViewportSize(upright);
  await enter(page, mock.link);
  await settled('upright');
  await page.setViewportSize(aside);
  await settled('on its side');
  await screenshot(page, 'devices-on-its-side');
  await page.setViewportSize(upright);
  await settled('upright again');
  await page.evaluate(() => document.querySelector('#tiles button').click());
  await page.setViewportSize(aside);
  await page.waitForTimeout(250);
  const zoomed = await page.evaluate(() => {
    const stage = document.getElementById('stage').getBoundingClientRect();
    const v = document.getElementById('composite').getBoundingClientRect();
    return [v.width / 2 / stage.width, v.height / 2 / stage.height];
  });
  assert.ok(Math.abs(Math.max(...zoomed) - 1) < 0.02, `one tile fills the stage: ${zoomed}`);
  assert.equal(count(mock, 'offer'), 1);
  noProblems(problems);
});

test('full screen: the room fills the screen, its button says how to come back, leaving ends it', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);
  await page.click('#more-button');
  const word = (pattern) => page.waitForFunction((p) => new RegExp(p).test(document.getElementById('fullscreen-text').textContent), pattern, { timeout: 3000 });
  const before = await page.textContent('#fullscreen-text');
  await page.click('#fullscreen');
  await page.waitForFunction(() => document.fullscreenElement && document.fullscreenElement.id === 'room', null, { timeout: 3000 });
  await word('^(?!' + before + '$)');
  for (const id of ['mute', 'leave']) assert.equal(await page.isVisible('#' + id), true, id);
  await page.click('#fullscreen');
  await page.waitForFunction(() => !document.fullscreenElement, null, { timeout: 3000 });
  await word('^' + before + '$');
  await page.click('#fullscreen');
  await page.waitForFunction(() => !!document.fullscreenElement);
  await page.click('#leave');
  await page.waitForFunction(() => !document.fullscreenElement, null, { timeout: 3000 });
  assert.equal(await page.isVisible('#message-title'), true);
  noProblems(problems);
});
