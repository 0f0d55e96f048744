// Nothing passes for 13 s and nobody asks for another connection: libnice gives up consent after 10 s of that, RFC 7675 after 30. The
// same session goes on.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from '../browser/lib/scene.mjs';
import { canMakeLinks, makeLab } from '../browser/lib/lab.mjs';
import { keep } from '../browser/lib/output.mjs';
import { sleep, until } from '../browser/lib/processes.mjs';

test('13 s of silence without an ICE restart', { timeout: 90000, skip: canMakeLinks ? false : 'needs root for network namespaces' }, async (t) => {
  const scene = new Scene(t);
  const lab = await makeLab(['delay=25']);
  scene.later(() => lab.close());
  const [link] = lab.links;
  const server = await scene.server({ name: 'silent', namespace: lab.namespace, address: lab.address });
  const room = await server.room('Silent');
  scene.bots([await server.link(room, 'Bot')], { seconds: 80, namespace: link.namespace });
  const bot = async () => (await server.inspect(room)).participants.find((p) => p.name === 'Bot') || {};
  const before = await until('the bot', async () => { const p = await bot(); return p.state === 'up' && p.in.video.pictures > 20 && p; });
  await link.set('off=1');
  await sleep(13000);
  const silent = await bot();
  await link.set('off=0');
  const began = Date.now();
  const after = await until('its pictures', async () => { const p = await bot(); return p.state === 'up' && p.in.video.pictures > silent.in.video.pictures + 20 && p; }, 12000, 50);
  const back_ms = Date.now() - began;
  keep('silent.json', { before, silent, after, back_ms });
  assert.equal(silent.state, 'stalled');
  assert.ok(after.in.video.packets > silent.in.video.packets, 'counted on: the same connection');
});
