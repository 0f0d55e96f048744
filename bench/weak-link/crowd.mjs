// crowd.mjs - twelve bots in one visit, each behind a link of its own: each in turn while the others' links are perfect, then all at the
// same time: each keeps to its row, and no row to another's.
// usage: node crowd.mjs FOLDER SEED SECONDS ALONE   prints one JSON object: {row, seed, rows: {ROW: what weak_measure.py reads}}; what each heard is
// kept in FOLDER as r22-ROW-SEED.pcm (48 kHz, 16 bit, mono). ALONE: seconds of each without the others. Needs root.
import fs from 'node:fs';
import path from 'node:path';
import { Scene } from '../../tests/browser/lib/scene.mjs';
import { makeLab } from '../../tests/browser/lib/lab.mjs';
import { sleep, until } from '../../tests/browser/lib/processes.mjs';
import { GOOD_LINK, GoodOne, over, queues, Reports } from './row.mjs';
import { CROWD, ROWS } from './rows.mjs';

const [folder, seed, seconds, alone] = process.argv.slice(2);
const SETTLE_MS = 5000;
const RECOVER_MS = 15000; // of whoever was alone last

async function enter(scene, server, room, lab, name, i) {
  const link = lab.links[i];
  const own = await server.link(room, `On ${name}`, 'observer'); // who has no tile
  const file = path.join(folder, `r22-${name}-${seed}.pcm`);
  const bot = scene.bots([over(own, lab, link)], { seconds: 900, namespace: link.namespace, args: ['--recvonly', '--report', '1', '--record', file] });
  return { name, link, row: ROWS[name], seat: own.seat, reports: new Reports(bot), file };
}

// Which tier each of `people` has, four times a second: {seat: [[ms, tier]...]}.
async function tiers(server, room, people, ms) {
  const seen = Object.fromEntries(people.map((p) => [p.seat, []]));
  for (const began = Date.now(); Date.now() < began + ms; await sleep(250)) {
    for (const p of (await server.inspect(room)).participants) if (seen[p.seat]) seen[p.seat].push([Date.now() - began, p.tier]);
  }
  return seen;
}

// What `people` see of the good one's tile from now on.
async function look(people, { server, room, good, seat }, ms) {
  const began = Date.now();
  const seen = await tiers(server, room, people, ms);
  const series = (p) => p.reports.tile(seat, began).map(([at, changes, gaps, frozen, still, number, came]) => [at, changes, gaps, frozen, still, good.age(came, number)]);
  return people.map((p) => ({ series: series(p), tiers: seen[p.seat], span: ms }));
}

const heardSo = (p) => {
  const { keyframes, hearing } = p.reports.newest();
  return { keyframes, packets: hearing.packets, missing: hearing.lost - hearing.late }; // what a copy brings is late, not missing
};

async function together(people, visit, ms) {
  for (const p of people) await p.link.set(p.row.link || 'clear');
  await sleep(SETTLE_MS);
  for (const p of people) await p.link.figures(); // how long packets wait is of this time alone
  const [before, from] = [people.map(heardSo), people.map((p) => fs.statSync(p.file).size)];
  for (const p of people) if (p.row.steps) await p.link.schedule(p.row.steps);
  const end = Date.now() + ms;
  const [seen, waits] = await Promise.all([look(people, visit, ms), Promise.all(people.map((p) => (p.row.steps ? queues(p.link, end) : [])))]);
  const heard = (p, i) => Object.fromEntries(Object.entries(heardSo(p)).map(([k, v]) => [k, v - before[i][k]]));
  const figures = (p, i) => ({ ...seen[i], ...heard(p, i), heard_from: from[i], cut: p.row.cut, after: p.row.after, queues: waits[i] });
  return Promise.all(people.map(async (p, i) => [p.name, { ...figures(p, i), queue: (await p.link.figures()).down }]));
}

// Of those whose link stays as it is.
async function eachAlone(people, visit, ms) {
  const seen = {};
  for (const p of people.filter(({ row }) => !row.steps)) {
    await p.link.set(p.row.link || 'clear');
    await sleep(SETTLE_MS);
    [seen[p.name]] = await look([p], visit, ms);
    await p.link.set('clear');
  }
  await sleep(RECOVER_MS);
  return seen;
}

const ends = [];
const scene = new Scene({ after: (f) => ends.push(f) });
try {
  const lab = await makeLab([...CROWD.map(() => ''), GOOD_LINK], { seed: Number(seed) });
  scene.later(() => lab.close());
  const server = await scene.server({ name: 'weak-link-crowd', namespace: lab.namespace, address: lab.address, settings: lab.settings });
  const room = await server.room('Crowd');
  const own = await server.link(room, 'Good', 'clinician');
  const link = lab.links[CROWD.length];
  const good = new GoodOne(scene, over(own, lab, link), { namespace: link.namespace, file: path.join(folder, `r22-heard-${seed}.pcm`), seconds: 900, more: ['--decode', '0'] });
  const people = [];
  for (const [i, name] of CROWD.entries()) people.push(await enter(scene, server, room, lab, name, i));
  const changes = (p) => (p.reports.newest() ? p.reports.tile(own.seat, 0).pop() || [0, 0] : [0, 0])[1];
  await until('pictures for all', () => people.every((p) => changes(p) > 25), 60000, 200);
  const visit = { server, room, good, seat: own.seat };
  const apart = await eachAlone(people, visit, 1000 * Number(alone));
  const rows = Object.fromEntries(await together(people, visit, 1000 * Number(seconds)));
  for (const [name, seen] of Object.entries(apart)) rows[name].alone = seen;
  console.log(JSON.stringify({ row: 'r22', seed: Number(seed), rows }));
} finally {
  for (const f of ends) await f();
}
process.exit(0);
