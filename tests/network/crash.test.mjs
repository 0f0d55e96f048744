// kill -9 of the gateway: media goes on, signaling is back. kill -9 of a room: its people are back by themselves, others notice nothing.
import test from 'node:test';
import assert from 'node:assert/strict';
import { ghosts, people, Scene } from '../browser/lib/scene.mjs';
import { keep } from '../browser/lib/output.mjs';
import { alive, sleep, until } from '../browser/lib/processes.mjs';
import { firstPicture, join, live, seatsInLayout, stateOf, watch } from '../browser/lib/visit.mjs';

const tileOf = (seen, person) => Object.values(seen.tiles).find((tile) => tile.person === person) || {};

test('kill -9 of the gateway during a visit', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'kill-gateway' });
  const room = await server.room('Gateway');
  const links = [await server.link(room, 'Anna', 'patient'), await server.link(room, 'Ben', 'provider'), await server.link(room, 'Bot')];
  scene.bots([links[2]], { seconds: 110 });
  const anna = await join(await scene.chromium(0), links[0]);
  const ben = await join(await scene.chromium(1), links[1]);
  await scene.connected(room, 3);
  await firstPicture(anna);
  await firstPicture(ben);
  await until('three tiles', async () => (await seatsInLayout(anna)).length === 3 && (await seatsInLayout(ben)).length === 3);
  await ben.click('#mute');
  await sleep(1500);
  await anna.evaluate(() => { window.before = window.tessera.peer; });
  const rooms = server.processes('tessera-room').map((p) => p.pid);
  const [gateway] = server.processes('tessera');
  assert.ok(gateway, 'the gateway runs below the launcher');

  const watching = Promise.all([watch(anna, 6000), watch(ben, 6000)]);
  await sleep(1000);
  process.kill(gateway.pid, 'SIGKILL');
  const killed = Date.now();
  await until('the page to notice', async () => (await stateOf(anna)) === 'signal', 2000, 10);
  await live(anna, 5000);
  const back = Date.now() - killed;
  const seen = await watching;
  keep('kill-gateway.json', { back, seen });
  for (const [i, name] of [[0, 'Anna'], [1, 'Ben']]) {
    for (const { person } of people.slice(0, 2)) {
      const tile = tileOf(seen[i], person);
      assert.ok(tile.changes > 60 && tile.gapMs < 400, `${name} sees ${person} without a gap: ${JSON.stringify(tile)}`);
    }
  }
  assert.ok(back < 2000, `signaling was back after ${back} ms`);
  assert.ok(await anna.evaluate(() => window.before === window.tessera.peer), 'the same media connection');
  await live(ben, 5000);
  const participants = await scene.connected(room, 3);
  assert.deepEqual(ghosts(participants, await seatsInLayout(anna)), []);
  assert.deepEqual(rooms.filter((pid) => alive(pid)), rooms, 'the same room processes');
  await until('the roster to know that Ben is muted', () => anna.evaluate(() => window.tessera.roster.find((p) => p.name === 'Ben').audio === false));
  assert.equal(participants.find((p) => p.name === 'Anna').role, 'patient');
});

test('kill -9 of one of two rooms', { timeout: 150000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'kill-room' });
  const [hit, other] = [await server.room('Hit'), await server.room('Other')];
  const annaLink = await server.link(hit, 'Anna', 'patient');
  const idle = server.processes('tessera-room').map((p) => p.pid);
  const anna = await join(await scene.chromium(0), annaLink);
  scene.bots([await server.link(hit, 'Bot')], { seconds: 140 });
  const hitPid = await roomProcess(server, hit, idle);
  const ben = await join(await scene.chromium(1), await server.link(other, 'Ben', 'provider'));
  const before = await scene.connected(hit, 2);
  await scene.connected(other, 1);
  await firstPicture(anna);
  await firstPicture(ben);
  await anna.click('#mute');
  const annaSeat = before.find((p) => p.name === 'Anna').seat;
  await server.rest('POST', `/rooms/${hit}/participants/${annaSeat}/mute`, { muted: true }).catch((e) => console.log('# no host mute over REST:', e.message));
  await sleep(1500);
  const muted = (await server.inspect(hit)).participants.find((p) => p.seat === annaSeat).muted;
  await anna.evaluate(() => { window.before = window.tessera.peer; });

  const watching = watch(ben, 6000);
  await sleep(1000);
  process.kill(hitPid, 'SIGKILL');
  const killed = Date.now();
  await until('a new connection', async () => (await stateOf(anna)) === 'live' && (await anna.evaluate(() => window.before !== window.tessera.peer)), 10000, 20);
  await until('the picture', async () => (await watch(anna, 120)).tiles[annaSeat]?.read > 0, 10000, 20);
  const back = Date.now() - killed;
  const seen = await watching;
  keep('kill-room.json', { back, seen });
  assert.ok(back < 3000, `back after ${back} ms`);
  const bens = tileOf(seen, people[1].person);
  assert.ok(bens.changes > 60 && bens.gapMs < 400, `the other room noticed nothing: ${JSON.stringify(bens)}`);
  const participants = await scene.connected(hit, 2);
  const again = participants.find((p) => p.seat === annaSeat);
  assert.deepEqual([again.name, again.role, again.muted, again.audio], ['Anna', 'patient', muted, false]);
  assert.deepEqual(ghosts(participants, await seatsInLayout(anna)), []);
});

// The room says its process in REST; without that it is the one that was idle and now serves.
async function roomProcess(server, room, idle) {
  const { pid } = await server.inspect(room);
  if (pid) return pid;
  const now = server.processes('tessera-room').map((p) => p.pid);
  return idle.find((p) => now.includes(p));
}
