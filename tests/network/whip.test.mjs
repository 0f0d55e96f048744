// WHIP with clients that are not ours: they publish, get the composite back on the same connection, and leave with DELETE.
import test from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { people, Scene } from '../browser/lib/scene.mjs';
import { keep, screenshot } from '../browser/lib/output.mjs';
import { run, sleep, start, until } from '../browser/lib/processes.mjs';
import { firstPicture, join, watch } from '../browser/lib/visit.mjs';

const script = fileURLToPath(new URL('whip_aiortc.py', import.meta.url));
const hasAiortc = await run('/usr/bin/python3', ['-c', 'import aiortc']).then(() => true, () => false);

for (const codec of ['H264', 'VP8']) {
  test(`aiortc, ${codec}`, { timeout: 120000, skip: hasAiortc ? false : 'python3-aiortc is not installed' }, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server({ name: `whip-${codec}` });
    const room = await server.room('Device');
    const anna = await join(await scene.chromium(0), await server.link(room, 'Anna', 'patient'));
    const { token } = await server.link(room, 'Cart', 'guest');
    const device = start('/usr/bin/python3', [script, '--url', `${server.origin}/whip/${room}`, '--token', token, '--codec', codec, '--video', people[2].y4m, '--audio', people[2].wav, '--seconds', '12', '--size', '1280x720', '--tones', `${people[0].tone},${people[2].tone}`]);
    scene.later(() => device.stop('SIGTERM', 3000));
    const cart = (await scene.connected(room, 2)).find((p) => p.name === 'Cart');
    await server.rest('POST', `/rooms/${room}/participants/${cart.seat}/tier`, { tier: 'A' }); // its own REMB starts low
    await until('the device on tier A', async () => {
      const { tier, tier_wanted, tier_able, codec_out, out } = (await server.inspect(room)).participants.find((p) => p.name === 'Cart');
      if (tier !== 'A') throw new Error(JSON.stringify({ tier, tier_wanted, tier_able, codec_out, video: out.video }));
      return true;
    });
    await firstPicture(anna);
    await until('the device in the picture', async () => Object.values((await watch(anna, 300)).tiles).some((tile) => tile.person === people[2].person), 15000);
    const seen = await watch(anna, 4000);
    await screenshot(anna, `whip-${codec}`);
    assert.equal(await device.done, 0, device.err + device.out);
    const got = JSON.parse(device.out.trim().split('\n').pop());
    keep(`whip-${codec}.json`, { got, seen });
    const tile = Object.values(seen.tiles).find((x) => x.person === people[2].person);
    assert.ok(tile.changes > 20, JSON.stringify(seen));
    assert.equal(got.status, 201);
    assert.match(got.location, /^\/|^https:/);
    assert.ok(got.video > 100, `pictures: ${JSON.stringify(got)}`);
    assert.deepEqual(got.size, [1280, 720]);
    assert.ok(got.changed > 50, `moving: ${JSON.stringify(got)}`);
    assert.ok(got.tones[people[0].tone] > -45, `hears Anna: ${JSON.stringify(got.tones)}`);
    assert.ok(got.tones[people[2].tone] < -60, `does not hear itself: ${JSON.stringify(got.tones)}`);
    assert.ok([200, 204].includes(got.left));
    await sleep(500);
    await scene.connected(room, 1);
    assert.equal(Object.keys((await watch(anna, 600)).tiles).length, 1);
  });
}
