// A shared screen beside the camera: both are seen, its text can be read on every tier, in both browsers, and it goes as it came.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from './lib/scene.mjs';
import { firstPicture, join, watch } from './lib/visit.mjs';
import { readScreen, shareText, text } from './lib/page.mjs';
import { until } from './lib/processes.mjs';

const READ = 0.95;
const share = (page, on) => page.evaluate((wanted) => window.tessera.share(wanted), on);
const tilesOf = (page) => page.evaluate(() => (window.tessera.layout ? window.tessera.layout.tiles.map((t) => (t.content ? 'screen of ' : '') + t.seat) : []));
const shows = (page, wanted) => until(`the tiles ${wanted}`, async () => {
  const now = (await tilesOf(page)).sort();
  if (now.join() !== [...wanted].sort().join()) throw new Error(now.join());
  return true;
}, 15000, 100);

async function legible(page, name, size) {
  let seen;
  await until(`the text of the screen for ${name}`, async () => {
    seen = await readScreen(page, name);
    if (seen.size !== size || seen.read < READ) throw new Error(JSON.stringify(seen));
    return true;
  }, 30000, 500);
  console.log(`# ${name}: ${JSON.stringify(seen)}`);
}

test('a screen beside the camera is read on every tier', { timeout: 300000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'share' });
  const room = await server.room('Screen');
  const anna = await server.link(room, 'Anna Lindqvist', 'clinician', { host: true });
  const ben = await server.link(room, 'Ben Okafor', 'patient');
  const a = await join(await scene.chromium(0, { media: { cameras: 1 } }), anna, { prepare: (page) => page.addInitScript(shareText, text) });
  const b = await join(await scene.firefox(1), ben, { prepare: (page) => page.evaluateOnNewDocument(`(${shareText})(${JSON.stringify(text)})`) });
  await scene.connected(room, 2);
  await firstPicture(a);
  await firstPicture(b);
  const tier = (link, name) => server.rest('POST', `/rooms/${room}/participants/${link.seat}/tier`, { tier: name });
  await tier(anna, 'A');
  await shows(a, [anna.seat, ben.seat]);

  await share(a, true);
  await shows(a, [anna.seat, ben.seat, 'screen of ' + anna.seat]);
  const seen = await watch(a, 2000);
  assert.ok(seen.tiles[anna.seat].moved > 5, 'the camera goes on beside the screen: ' + JSON.stringify(seen.tiles));
  await legible(a, 'A', '1280x720');
  for (const [name, size] of [['B', '640x360'], ['C', '640x360'], ['D', '640x360'], ['E', '640x360']]) {
    await tier(anna, name);
    await legible(a, name, size);
  }
  // Made for hands, and nobody has any: no less to be read.
  await server.rest('PUT', `/rooms/${room}/layout`, { layout: 'signer-safe' });
  await legible(a, 'E-signer-safe', '640x360');
  await tier(anna, 'C');
  await legible(a, 'C-signer-safe', '640x360');
  await server.rest('PUT', `/rooms/${room}/layout`, { layout: 'grid' });
  await tier(anna, 'E');
  await tier(ben, 'D');
  await legible(b, 'D-firefox', '640x360');

  // A still outlives what it is of: pressed by the host, sharp on the smallest tier, told to whose it is, gone when it is let go.
  if (!(await a.isVisible('#people-panel'))) await a.click('#people-button');
  await until('the choice of what to hold', () => a.evaluate((v) => [...document.getElementById('freeze-of').options].some((o) => o.value === v), `${anna.seat} screen`));
  await a.selectOption('#freeze-of', `${anna.seat} screen`);
  await a.click('#freeze-hold');
  await until('the still', () => a.evaluate(() => window.tessera.layout.tiles.some((one) => one.frozen)), 15000, 100);
  await share(a, false);
  await legible(a, 'D-still', '640x360');
  await until('the words for the person', () => a.evaluate(() => /your screen/.test(document.getElementById('frozen').textContent)));
  await until('the words for the others', () => b.evaluate(() => /Anna Lindqvist/.test((document.getElementById('frozen') || {}).textContent || '')));
  assert.equal(await b.evaluate(() => document.getElementById('freeze').hidden && document.getElementById('freeze-off').hidden), true);
  assert.equal(await a.evaluate(() => window.tessera.layout.tiles.filter((one) => one.content).every((one) => one.frozen)), true);
  await a.click('#freeze-off');
  await shows(a, [anna.seat, ben.seat]);
  await until('the usual size of D', () => b.evaluate(() => document.getElementById('composite').videoWidth === 320), 10000, 100);

  // A camera is asked for more than its tile needed, and goes back to that.
  const camera = (height) => until(`a camera of ${height} lines`, () => a.evaluate((h) => window.tessera.media.video.getSettings().height === h, height), 15000, 100);
  await camera(360);
  await a.selectOption('#freeze-of', `${anna.seat} camera`);
  await a.click('#freeze-hold');
  await camera(720);
  await until('the still of the camera', () => a.evaluate(() => window.tessera.layout.tiles.some((one) => one.frozen)), 15000, 100);
  assert.match(server.launcher.err, new RegExp(`freeze seat=${anna.seat} what=camera px=${1280 * 720}\\b`));
  await a.click('#freeze-off');
  await camera(360);

  await share(b, true);
  await legible(a, 'D-from-firefox', '640x360');
  await share(a, true); // again, in the place that it had
  await until('two screens', async () => (await tilesOf(a)).filter((one) => /screen/.test(one)).length >= 1);
  await share(b, false);
  await legible(a, 'D-again', '640x360');

  // A telephone held upright: a picture of 9:16, but for as long as there is a screen to be read.
  const shape = (page, high) => until(high ? 'a high picture' : 'a wide picture', () => page.evaluate((wanted) => {
    const { videoWidth, videoHeight } = document.getElementById('composite');
    const { width, height } = window.tessera.layout;
    return videoHeight > videoWidth === wanted && height > width === wanted;
  }, high), 20000, 200);
  await tier(anna, 'auto');
  if (await a.isVisible('#people-panel')) await a.click('#people-button');
  await a.setViewportSize({ width: 390, height: 844 });
  await shape(a, false);
  await share(a, false);
  await shape(a, true);
  await shows(a, [anna.seat, ben.seat]);
  await a.setViewportSize({ width: 844, height: 390 });
  await shape(a, false);
  assert.deepEqual(a.problems, []);
});

test('a screen and hands are seen together on a thin tier', { timeout: 180000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'share-signing' });
  const room = await server.room('Signing');
  const anna = await server.link(room, 'Anna Lindqvist', 'clinician', { host: true });
  const ben = await server.link(room, 'Ben Okafor', 'patient', { signing: true });
  const a = await join(await scene.chromium(0, { media: { cameras: 1 } }), anna, { prepare: (page) => page.addInitScript(shareText, text) });
  const b = await join(await scene.chromium(1, { media: { cameras: 1 } }), ben);
  await scene.connected(room, 2);
  await firstPicture(a);
  await firstPicture(b);
  for (const link of [anna, ben]) await server.rest('POST', `/rooms/${room}/participants/${link.seat}/tier`, { tier: 'D' });
  await share(a, true);
  for (const page of [a, b]) {
    await shows(page, [ben.seat, 'screen of ' + anna.seat]);
    await until('a picture that can be read', () => page.evaluate(() => document.getElementById('composite').videoWidth === 640), 15000, 100);
    const hands = await page.evaluate((seat) => window.tessera.layout.tiles.find((one) => one.seat === seat && !one.content), ben.seat);
    assert.ok(hands.w >= 240 && hands.h >= 134, JSON.stringify(hands));
  }
  const seen = await watch(a, 3000);
  assert.ok(seen.tiles[ben.seat].moved > 20, 'hands move: ' + JSON.stringify(seen.tiles)); // a screen alone has six pictures in that time
  let read = 0; // what the inset lies over is not
  await until('the text beside them', async () => { read = (await readScreen(a, 'D-signing')).read; if (read < 0.85) throw new Error(String(read)); return true; }, 30000, 500);
  console.log(`# D-signing: ${read}`);
  assert.deepEqual(a.problems, []);
});
