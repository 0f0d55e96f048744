// 3 % loss both ways between a browser and the server: every tile keeps moving, and lost packets are asked for and sent again by both.
import test from 'node:test';
import assert from 'node:assert/strict';
import { people, Scene } from '../browser/lib/scene.mjs';
import { canMakeLinks, makeLab } from '../browser/lib/lab.mjs';
import { keep, screenshot } from '../browser/lib/output.mjs';
import { sleep, until } from '../browser/lib/processes.mjs';
import { firstPicture, hear, join, seatsInLayout, stat, toneLevel, watch } from '../browser/lib/visit.mjs';

test('3 % loss both ways', { timeout: 150000, skip: canMakeLinks ? false : 'needs root for network namespaces' }, async (t) => {
  const scene = new Scene(t);
  const lab = await makeLab(['']);
  scene.later(() => lab.close());
  const [link] = lab.links;
  const server = await scene.server({ name: 'loss', namespace: lab.namespace, address: lab.address });
  const room = await server.room('Loss');
  const links = [await server.link(room, 'Anna', 'patient'), await server.link(room, 'Ben', 'provider'), await server.link(room, 'Bot')];
  scene.bots([links[2]], { seconds: 140, namespace: lab.namespace });
  const ben = await join(await scene.chromium(1, { namespace: lab.namespace }), links[1]);
  const anna = await join(await scene.chromium(0, { namespace: link.namespace }), links[0]);
  const participants = await scene.connected(room, 3);
  const seat = (name) => participants.find((p) => p.name === name).seat;
  await firstPicture(anna);
  await until('three tiles', async () => (await seatsInLayout(anna)).length === 3 && (await seatsInLayout(ben)).length === 3);
  await sleep(2000);
  await link.set('loss=3');
  const counters = async () => {
    const inbound = await stat(anna, 'inbound-rtp', 'video');
    const outbound = await stat(anna, 'outbound-rtp', 'video');
    const own = (await server.inspect(room)).participants.find((p) => p.name === 'Anna');
    return { received: inbound.retransmittedPacketsReceived || 0, asked: inbound.nackCount || 0, sent: outbound.retransmittedPacketsSent || 0, in: own.in.video, out: own.out.video, audio: own.in.audio };
  };
  const before = await counters();
  const [annaSees, benSees] = await Promise.all([watch(anna, 15000), watch(ben, 15000)]);
  const sound = await hear(anna, 3000);
  const after = await counters();
  const carried = await link.figures();
  const dropped = { server: carried.up.lost, browser: carried.down.lost };
  keep('loss.json', { before, after, annaSees, benSees, dropped, tone: toneLevel(sound, people[1].tone) });
  await screenshot(anna, 'loss-anna');
  await screenshot(ben, 'loss-ben');
  assert.ok(dropped.server > 20 && dropped.browser > 20, JSON.stringify(dropped));

  for (const [who, sees] of [['Anna', annaSees], ['Ben', benSees]]) {
    for (const [name, person] of [['Anna', people[0].person], ['Ben', people[1].person]]) {
      const tile = sees.tiles[seat(name)];
      assert.equal(tile.person, person, `${who} sees ${name}`);
      assert.ok(tile.changes > 100 && tile.gapMs < 1500, `${who} sees ${name} move: ${JSON.stringify(tile)}`);
    }
    assert.ok(sees.tiles[seat('Bot')].moved > 40, `${who} sees the bot move: ${JSON.stringify(sees.tiles[seat('Bot')])}`);
  }
  assert.ok(toneLevel(sound, people[1].tone) > -45, 'Anna hears Ben');
  assert.ok(after.received > before.received, 'the browser received retransmissions');
  assert.ok(after.sent > before.sent, 'the browser sent retransmissions');
  assert.ok(after.out.rtx > before.out.rtx, 'the server counts what it sent again');
  assert.ok(after.in.rtx > before.in.rtx, 'the server counts what it received again');
  assert.ok(after.in.nacks > before.in.nacks, 'the server asked');
});
