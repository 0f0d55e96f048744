// Twenty people who come to a visit within two seconds, all on one tier: they see it soon, and those who are there lose nothing.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from '../browser/lib/scene.mjs';
import { keep } from '../browser/lib/output.mjs';
import { until } from '../browser/lib/processes.mjs';
import { joins } from '../../bench/weak-link/row.mjs';

const PRESENT = 10;

test('twenty join within two seconds', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'joins' });
  const room = await server.room('Joins');
  const tier = ['--tier', 'C'];
  scene.bots([await server.link(room, 'Good', 'clinician')], { seconds: 110, args: [...tier, '--report', '1', '--decode', '0'] });
  const links = [];
  for (let i = 0; i < PRESENT; i++) links.push(await server.link(room, `Present ${i}`));
  const present = scene.bots(links, { seconds: 110, args: [...tier, '--recvonly', '--report', '1', '--decode', '0'] });
  const told = (after) => until('those present to report', () => {
    const newest = new Map(present.reports().filter((r) => r.type === 'report' && r.elapsed_s > after).map((r) => [r.participant, r]));
    return newest.size === PRESENT && [...newest.values()].every((r) => r.frames > 0) && [...newest.values()];
  }, 30000, 100);
  const first = await told(3);
  const joined = await joins(scene, server, room, 20, '', tier);
  const p95 = await joined();
  const last = await told(Math.max(...present.reports().map((r) => r.elapsed_s)) + 0.5);
  const more = (what) => last.map((r) => r[what] - first.find((f) => f.participant === r.participant)[what]);
  const seen = { p95, keyframes: more('keyframes'), freezes: more('freezes'), longest_gap_ms: last.map((r) => r.longest_gap_ms) };
  keep('joins.json', seen);
  assert.ok(Math.max(...seen.keyframes) <= 2, `keyframes for those present: ${seen.keyframes}`);
  assert.ok(Math.max(...seen.longest_gap_ms) <= 300, `no picture for those present: ${seen.longest_gap_ms}`);
  assert.ok(p95 <= 1000, `a picture for those who come: ${p95} ms`);
});
