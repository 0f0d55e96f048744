// Phones in a real visit: one sleeps behind its lock screen, another is turned on its side meanwhile, with its camera on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from './lib/scene.mjs';
import { keep } from './lib/output.mjs';
import { descendants, sleep, until } from './lib/processes.mjs';
import { firstPicture, join, live, watch } from './lib/visit.mjs';

const BACK_MS = 3000;

// Pictures and energy of the sound that came in the next second.
const nextSecond = (page) => page.evaluate(async () => {
  const look = async () => {
    const all = await window.tessera.stats();
    const sound = all.find((s) => s.type === 'inbound-rtp' && s.kind === 'audio') || {};
    return [document.getElementById('composite').getVideoPlaybackQuality().totalVideoFrames, sound.totalAudioEnergy || 0];
  };
  const [frames, energy] = await look();
  await new Promise((r) => setTimeout(r, 1000));
  const [framesThen, energyThen] = await look();
  return { frames: framesThen - frames, energy: energyThen < energy ? energyThen : energyThen - energy }; // sound that is heard anew is counted anew
});

// The processes of the browsers that this test has started so far.
const devices = () => descendants(process.pid).filter((p) => /^chrom/.test(p.name)).map((p) => p.pid);

// A page whose camera is a canvas that turns: window.turn(width, height).
const turningCamera = (page) => page.addInitScript(() => {
  const { mediaDevices } = navigator;
  const real = mediaDevices.getUserMedia.bind(mediaDevices);
  const canvas = document.createElement('canvas');
  const g = canvas.getContext('2d');
  window.turn = (width, height) => Object.assign(canvas, { width, height });
  window.turn(640, 360);
  setInterval(() => {
    g.fillStyle = `hsl(${(performance.now() / 5) % 360}, 80%, 50%)`;
    g.fillRect(0, 0, canvas.width, canvas.height);
  }, 40);
  mediaDevices.getUserMedia = async (wanted) => {
    const stream = wanted.audio ? await real({ audio: wanted.audio }) : new MediaStream();
    if (wanted.video) stream.addTrack(canvas.captureStream(25).getVideoTracks()[0]);
    return stream;
  };
});

async function isBack(page, asleep) {
  const began = Date.now();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // what the browser says when it is in front again
  await sleep(BACK_MS - 1000); // what lay in the sockets meanwhile has been played by then
  let came;
  let took;
  await until('picture and sound', async () => {
    took = Date.now() - began;
    came = await nextSecond(page);
    return came.frames > 8 && came.energy > 0 && (await page.evaluate(() => window.tessera.state)) === 'live';
  }, 15000, 0);
  keep(`phone-asleep-${asleep}.json`, { took, ...came });
  assert.ok(took < BACK_MS, `after ${asleep} ms: ${took} ms`);
}

async function turns(page) {
  const seat = await page.evaluate(() => window.tessera.me.seat);
  const moves = (what) => until(`${what}: the own tile to move`, async () => {
    const seen = await watch(page, 2000);
    if (!seen.tiles[seat] || seen.tiles[seat].moved < 10) throw new Error(JSON.stringify(seen.tiles[seat] || null));
    return seen;
  }, 12000);
  await moves('as it was');
  for (const [width, height] of [[360, 640], [640, 360]]) {
    await page.evaluate(([w, h]) => window.turn(w, h), [width, height]);
    await moves(`${width}x${height}`);
    await until('its own shape on the wire', async () => {
      const sent = (await page.evaluate(() => window.tessera.stats())).find((s) => s.type === 'outbound-rtp' && s.kind === 'video');
      if (!sent || sent.frameWidth > sent.frameHeight !== width > height) throw new Error(`${sent && sent.frameWidth}x${sent && sent.frameHeight}`);
      return true;
    });
  }
  await live(page, 1000);
}

test('two phones', { timeout: 180000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'phone' });
  const room = await server.room('Telephones');
  scene.bots([await server.link(room, 'Bot', 'guest')], { seconds: 170, args: ['--tone'] });
  const asleep = await join(await scene.chromium(0), await server.link(room, 'Anna', 'patient'));
  const processes = devices();
  assert.ok(processes.length > 1);
  const all = (signal) => processes.forEach((pid) => process.kill(pid, signal));
  scene.later(() => all('SIGCONT')); // a browser that sleeps cannot be closed
  const turned = await join(await scene.chromium(0), await server.link(room, 'Ben', 'patient'), { prepare: turningCamera });
  await scene.connected(room, 3);
  await firstPicture(asleep);
  await firstPicture(turned);

  await t.test('asleep behind the lock screen for 8 s: picture and sound are back within 3 s', async () => {
    all('SIGSTOP');
    await sleep(8000);
    all('SIGCONT');
    await isBack(asleep, 8000);
  });
  const LONG = 35000; // longer than consent to send lasts (RFC 7675: 30 s)
  all('SIGSTOP');
  const until35 = sleep(LONG);
  await t.test('turned while the camera is on: the picture changes its shape on the way and goes on', () => turns(turned));
  await turned.close();
  await t.test('asleep for 35 s: picture and sound are back within 3 s', async () => {
    await until35;
    all('SIGCONT');
    await isBack(asleep, LONG);
    assert.equal((await scene.connected(room, 2)).length, 2);
  });
  assert.deepEqual(asleep.problems, []);
  assert.deepEqual(turned.problems, []);
});
