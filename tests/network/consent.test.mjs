// A consented recording from end to end: real rooms with simulated people, what the gateway hands out, certifies and anchors, and what
// the tool proves afterwards from the files, the public key and the audit trail alone.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Scene } from '../browser/lib/scene.mjs';
import { run, start, until } from '../browser/lib/processes.mjs';
import { program } from '../browser/lib/server.mjs';

test('recorded when all have agreed, on with a newcomer, paused, gone on after a kill, proven', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'consent', settings: { 'recording.reserve_mib': 16 } });
  const idle = await until('a process that stands by', () => server.processes('tessera-room')[0]);
  const { id: room } = await server.rest('POST', '/rooms', { name: 'Consent', recording: 'everyone' });
  const join = async (seat) => scene.bots([await server.link(room, 'Bot ' + seat, 'guest', { seat })], { seconds: 110 });
  const agree = (seat) => server.rest('POST', `/rooms/${room}/participants/${seat}/consent`, { agree: true, method: 'spoken' });
  const up = (n) => until(`${n} people`, async () => (await server.inspect(room)).participants.filter((p) => p.state === 'up').length === n, 20000);
  await join('one');
  await up(1);
  const { recording, state } = await server.rest('POST', `/rooms/${room}/record`, { action: 'start' });
  assert.equal(state, 'asking');
  const seen = () => server.rest('GET', '/recordings/' + recording);
  assert.equal((await seen()).segments.length, 0, 'nothing before the last has agreed');
  await agree('one');
  const grown = (n) => until(`segment ${n}`, async () => {
    const { segments } = await seen();
    return segments.length === n && segments[n - 1].media_ms >= 1500;
  }, 20000);
  await grown(1);

  await join('two'); // masked in what is recorded, which goes on
  await up(2);
  const before = (await seen()).segments[0].media_ms;
  await until('more of it', async () => (await seen()).segments[0].media_ms > before + 1500, 10000);
  assert.equal((await seen()).state, 'running');
  await agree('two');

  await server.rest('POST', `/rooms/${room}/record`, { action: 'pause' });
  await until('the segment to be closed', async () => (await seen()).segments[0].state === 'complete', 10000);
  await server.rest('POST', `/rooms/${room}/record`, { action: 'resume' });
  await grown(2);

  process.kill(idle.pid, 'SIGKILL'); // it has become the room
  await grown(3);
  await server.rest('POST', `/rooms/${room}/record`, { action: 'stop' });
  await until('its end', async () => (await seen()).state === 'ended', 10000);
  const { segments } = await seen();
  assert.deepEqual(segments.map((s) => s.state), ['complete', 'interrupted', 'complete']);

  const trail = fs.readFileSync(path.join(server.data, 'audit.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const heads = trail.filter((r) => r.target === recording && r.hash);
  for (const s of segments) assert.ok(heads.some((h) => h.hash === s.head), `segment ${s.segment} is anchored`);
  const anchors = path.join(server.data, 'anchors.json');
  fs.writeFileSync(anchors, JSON.stringify(heads.map((h) => ({ ...h, recording }))));
  const folder = path.join(server.data, 'recordings', recording);
  const key = path.join(server.data, 'gateway.pub');
  await run(program('tessera-recording'), ['recover', '--sign', path.join(server.data, 'gateway.key'), folder]);
  const proof = start(program('tessera-recording'), ['verify', '--key', key, '--anchors', anchors, folder]);
  assert.equal(await proof.done, 3, proof.out + proof.err); // proven as far as it goes: one segment has no end
  await run(program('tessera'), ['--verify-audit', path.join(server.data, 'audit.log'), '--key', key]);
});
