// Weak links, a short form of bench/run weak-link: somebody in Chromium behind each link in turn, in a visit with a bot on a good one.
// Goals are the bench's, with what it allows its worst seed; on a machine that has no time for the perfect link (row 0) what a person
// would notice on any. A row that misses one is seen twice more, and has to meet it both times.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { people, Scene } from '../browser/lib/scene.mjs';
import { canMakeLinks, makeLab } from '../browser/lib/lab.mjs';
import { keep } from '../browser/lib/output.mjs';
import { sleep, until } from '../browser/lib/processes.mjs';
import { bin } from '../browser/lib/server.mjs';
import { stat } from '../browser/lib/visit.mjs';
import { GOOD_LINK, GoodOne, over, see, weakPerson } from '../../bench/weak-link/row.mjs';
import { ROWS } from '../../bench/weak-link/rows.mjs';

const MOVED_MS = 6500; // until pictures go both ways again; a page that waits for ICE and the socket to time out takes longer
const AGAIN_MOST = 3; // rows; more are no stumble
const CLIPS = process.env.TESSERA_CLIPS || path.join(bin || '', '../clips');
const MEASURE = fileURLToPath(new URL('../../bench/lib/weak_measure.py', import.meta.url));
let folder = '';

function python(what, input) {
  const done = spawnSync('/usr/bin/python3', [MEASURE, what, CLIPS, folder], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

// settle_ms: what the page has to find its way on a link, which the bench drops as well; more beside an upload, whose TCP needs as long.
const WINDOWS = [
  ['r00', { ...ROWS.r00, seconds: 6, settle_ms: 0 }],
  ['r01', { ...ROWS.r01, seconds: 6, settle_ms: 2000 }],
  ['r10', { ...ROWS.r10, seconds: 16, settle_ms: 10000 }],
  ['r14', { ...ROWS.r14, seconds: 18 }],
  ['r13', { ...ROWS.r13, steps: [[1, 'rate=128'], [8, 'rate=1000']], cut: 1, after: 8, seconds: 16 }],
  ['r20', { ...ROWS.r20, seconds: 15, settle_ms: 20000 }],
  ['r05', { ...ROWS.r05, seconds: 8, settle_ms: 5000 }],
];
// [row, metric, at most or at least, of a machine that is busy]. The last is what a person would notice on any. The two packets of sound
// that row 10 may lose a minute (0.2 %) are 0.75 % of its window; the bench's goal for the voice beside an upload is 0.95, which is not
// reached each time.
const GOALS = [
  ['r01', 'latency_p50_ms', '<=', 160, 800], ['r01', 'latency_p95_ms', '<=', 230, 1000], ['r01', 'mouth_to_ear_ms', '<=', 150, 800], ['r01', 'first_frame_ms', '<=', 600, 3000],
  ['r01', 'skew_ms', '<=', 45, 200], ['r01', 'fps_up', '>=', 10, 5], ['r01', 'stoi', '>=', 0.95, 0.85],
  ['r05', 'stoi', '>=', 0.95, 0.85], ['r05', 'concealed_pct', '<=', 2, 8], ['r05', 'fps', '>=', 8, 4], ['r05', 'frozen_pct', '<=', 5, 40],
  ['r10', 'fps', '>=', 8, 3], ['r10', 'concealed_pct', '<=', 0.75, 5], ['r10', 'queue_p95_ms', '<=', 130, 400], ['r10', 'latency_p95_ms', '<=', 350, 1500],
  ['r13', 'gap_ms', '<=', 1000, 4000], ['r13', 'to_b_s', '<=', 5, 11],
  ['r14', 'audio_back_ms', '<=', 300, 2000], ['r14', 'video_back_ms', '<=', 700, 3000], ['r14', 'tier_back_s', '<=', 3, 5.5],
  ['r20', 'stoi_up', '>=', 0.88, 0.8], ['r20', 'fps_up', '>=', 5, 2],
];

const isClean = ({ r00 }) => r00.frozen_pct <= 1 && r00.concealed_pct <= 1 && r00.fps >= 20;

// What is worse than it may be: [[row, what it is in words, row and metric]]. Row 0 says whether the machine had time. What the bench
// allows its worst seed is allowed here: half as much again, of STOI a fiftieth.
function misses(figures) {
  const clean = isClean(figures);
  return GOALS.filter(([row]) => figures[row]).map(([row, metric, order, goal, busy]) => {
    const value = figures[row][metric];
    const limit = !clean ? busy : order === '<=' ? 1.5 * goal : goal / (metric.startsWith('stoi') ? 1.02 : 1.5);
    const met = Number.isFinite(value) && (order === '<=' ? value <= limit : value >= limit);
    const said = figures[row].error || `${value}, wanted ${order} ${limit}`;
    return met ? null : [row, `${row} ${metric}: ${said}`, `${row} ${metric}`];
  }).filter(Boolean);
}

// What most of the rounds that looked at it have missed.
function missedMostly(rounds) {
  const all = rounds.flatMap((figures) => misses(figures));
  const looks = (row) => rounds.filter((figures) => figures[row]).length;
  return all.filter(([row, , what]) => 2 * all.filter(([, , other]) => other === what).length > looks(row)).map(([, said]) => said);
}

// A host that has another address: the same seat has its pictures and is heard again.
async function moves({ page, seat, link }, { server, room, good }) {
  await link.move();
  const [began, before] = [Date.now(), good.changes(seat)];
  const decoded = async () => (await stat(page, 'inbound-rtp', 'video')).framesDecoded || 0;
  const told = await until('pictures both ways from the other address', async () => {
    const n = await decoded();
    await sleep(400);
    return (await decoded()) > n && good.changes(seat) > before + 10 && Date.now() - began;
  }, 30000, 200);
  const { participants } = await server.inspect(room);
  assert.deepEqual(participants.filter((p) => p.state === 'up').map((p) => p.seat).includes(seat), true);
  assert.equal(participants.filter((p) => p.seat === seat).length, 1, JSON.stringify(participants.map((p) => [p.seat, p.name, p.state])));
  return told;
}

// Each window in its turn. -> {row: {metric: value}}
async function round(context, windows, seed) {
  const found = [];
  for (const [name, row] of windows) {
    const seen = weakPerson(name, {}, context, (person) => see(name, row, person, context, { folder, seed }), row.enters ? row.link : 'clear');
    found.push(await seen.catch((e) => ({ row: name, seed, error: e.message })));
  }
  keep(`weak-link-seen-${seed}.json`, found);
  return JSON.parse(python('figures', found.map((f) => JSON.stringify(f)).join('\n')));
}

test('weak links', { timeout: 600000, skip: canMakeLinks ? false : 'needs root for network namespaces' }, async (t) => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-weak-link-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  python('voice');
  const scene = new Scene(t);
  const lab = await makeLab(['', GOOD_LINK]);
  scene.later(() => lab.close());
  const server = await scene.server({ name: 'weak-link', namespace: lab.namespace, address: lab.address, settings: lab.settings });
  const browser = await scene.chromium(0, { namespace: lab.links[0].namespace, media: { ...people[0], wav: path.join(folder, 'voice.wav') } });
  const room = await server.room('Weak');
  const [, peer] = lab.links;
  const good = new GoodOne(scene, over(await server.link(room, 'Good', 'clinician'), lab, peer), { namespace: peer.namespace, file: path.join(folder, 'heard.pcm'), seconds: 600 });
  await scene.connected(room, 1);
  const context = { scene, lab, server, room, good, browser };
  const rounds = [await round(context, WINDOWS, 1)];
  const moved = await weakPerson('moves', {}, context, (person) => moves(person, context));
  const rows = new Set(misses(rounds[0]).map(([row]) => row));
  const again = WINDOWS.filter(([row]) => rows.has(row) || row === 'r00');
  for (const seed of rows.size && rows.size <= AGAIN_MOST ? [2, 3] : []) rounds.push(await round(context, again, seed));
  keep('weak-link.json', { moved_ms: moved, rounds });
  const [{ r00, r20 }] = rounds;
  t.diagnostic(`the voice beside an upload: STOI ${r20.stoi_up}, the goal is 0.95`);
  if (!isClean(rounds[0])) t.diagnostic(`the machine is busy: row 0 has ${JSON.stringify(r00)}`);
  if (!(r00.fps >= 12)) return t.skip(`no time for a browser: the perfect link has ${r00.fps || 0} pictures a second`);
  assert.ok(moved <= (isClean(rounds[0]) ? MOVED_MS : 2 * MOVED_MS), `pictures both ways ${moved} ms after the host had another address`);
  return assert.deepEqual(missedMostly(rounds), []);
});
