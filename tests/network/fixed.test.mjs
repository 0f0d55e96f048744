// A link with `fixed`: the size of the picture never changes, whatever the line does and whoever wishes another tier.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from '../browser/lib/scene.mjs';
import { keep } from '../browser/lib/output.mjs';
import { sleep, until } from '../browser/lib/processes.mjs';
import { canMakeLinks, makeLab } from '../browser/lib/lab.mjs';
import { firstPicture, join } from '../browser/lib/visit.mjs';

const sizes = (page) => page.evaluate(() => [...window.sizes]);

test('fixed: one size under loss and by hand, while a seat without it goes down and up', { timeout: 150000, skip: canMakeLinks ? false : 'needs root for network namespaces' }, async (t) => {
  const scene = new Scene(t);
  const lab = await makeLab(['']);
  scene.later(() => lab.close());
  const [link] = lab.links;
  const server = await scene.server({ name: 'fixed', namespace: lab.namespace, address: lab.address });
  const room = await server.room('Fixed');
  scene.bots([await server.link(room, 'Bot', 'guest')], { seconds: 140, namespace: lab.namespace });
  const browser = await scene.chromium(0, { namespace: link.namespace });
  const pages = {};
  for (const [name, fixed] of [['Kiosk', true], ['Tablet', false]]) {
    const page = await join(browser, await server.link(room, name, 'patient', { fixed }));
    await firstPicture(page);
    await page.evaluate(() => {
      window.sizes = new Set();
      setInterval(() => {
        const v = document.getElementById('composite');
        if (v.videoWidth) window.sizes.add(`${v.videoWidth}x${v.videoHeight}`);
      }, 50);
    });
    pages[name] = page;
  }
  const seat = async (name) => (await server.inspect(room)).participants.find((p) => p.name === name);
  const kiosk = await seat('Kiosk');
  assert.equal(kiosk.tier, 'B');

  await t.test('by hand', async () => {
    await server.rest('POST', `/rooms/${room}/participants/${kiosk.seat}/tier`, { tier: 'D' });
    await server.rest('POST', `/rooms/${room}/participants/${(await seat('Tablet')).seat}/tier`, { tier: 'D' });
    await until('the other seat on tier D', async () => (await sizes(pages.Tablet)).includes('320x180'));
    const { tier, tier_wanted: wanted } = await seat('Kiosk');
    assert.deepEqual([tier, wanted], ['B', 'D']);
    for (const name of ['Kiosk', 'Tablet']) await server.rest('POST', `/rooms/${room}/participants/${(await seat(name)).seat}/tier`, { tier: 'auto' });
    await until('the other seat up again', async () => (await seat('Tablet')).tier < 'C', 30000, 500);
  });

  await t.test('under loss', async () => {
    await link.set('loss=45'); // what such a path may carry is far below this tier
    const seen = new Set();
    await until('the other seat to go down', async () => {
      seen.add((await seat('Kiosk')).tier);
      return (await seat('Tablet')).tier > 'B';
    }, 40000, 500);
    await sleep(3000);
    await link.set('loss=0');
    await until('pictures for both', async () => {
      seen.add((await seat('Kiosk')).tier);
      return (await seat('Tablet')).tier !== 'audio' && (await seat('Kiosk')).tier === 'B';
    }, 60000, 500);
    assert.deepEqual([...seen].filter((tier) => tier !== 'B' && tier !== 'audio'), []);
  });

  const result = { Kiosk: await sizes(pages.Kiosk), Tablet: await sizes(pages.Tablet) };
  keep('fixed-sizes.json', result);
  assert.deepEqual(result.Kiosk, ['640x360']);
  assert.ok(result.Tablet.length > 1, `the line was bad enough: ${result.Tablet}`);
});
