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

test('a screen beside the camera is read on every tier', { timeout: 240000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'share' });
  const room = await server.room('Screen');
  const anna = await server.link(room, 'Anna Lindqvist', 'clinician');
  const ben = await server.link(room, 'Ben Okafor', 'patient');
  const a = await join(await scene.chromium(0), anna, { prepare: (page) => page.addInitScript(shareText, text) });
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
  assert.ok(seen.tiles[anna.seat].changes > 5, 'the camera goes on beside the screen: ' + JSON.stringify(seen.tiles));
  await legible(a, 'A', '1280x720');
  for (const [name, size] of [['B', '640x360'], ['C', '640x360'], ['D', '640x360']]) {
    await tier(anna, name);
    await legible(a, name, size);
  }
  await tier(ben, 'D');
  await legible(b, 'D-firefox', '640x360');
  await share(a, false);
  await shows(a, [anna.seat, ben.seat]);
  await until('the usual size of D', () => b.evaluate(() => document.getElementById('composite').videoWidth === 320), 10000, 100);

  await share(b, true);
  await legible(a, 'D-from-firefox', '640x360');
  await share(a, true); // again, in the place that it had
  await until('two screens', async () => (await tilesOf(a)).filter((one) => /screen/.test(one)).length >= 1);
  await share(b, false);
  await legible(a, 'D-again', '640x360');
  assert.deepEqual(a.problems, []);
});
