// crowd.mjs - twelve bots in one visit, each behind a link of its own, all at the same time: each keeps to its row, and no row to another's.
// usage: node crowd.mjs FOLDER SEED SECONDS   prints one JSON object: {row, seed, rows: {ROW: figures}}; what each heard is kept in FOLDER
// as r22-ROW-SEED.pcm (48 kHz, 16 bit, mono). Needs root.
import fs from 'node:fs';
import path from 'node:path';
import { Scene } from '../../tests/browser/lib/scene.mjs';
import { makeLab } from '../../tests/browser/lib/lab.mjs';
import { sleep, until } from '../../tests/browser/lib/processes.mjs';
import { CROWD, ROWS } from './rows.mjs';

const [folder, seed, seconds] = process.argv.slice(2);
const SETTLE_MS = 5000;

const newest = (bot) => bot.reports().filter((r) => r.participant === 0).pop();
const tile = (report, seat) => report.tiles.find((t) => t.seat === seat) || { changes: 0, frozen_ms: 0, still_ms: 0 };
const GAP_MS = 200;
// All gaps so far, with the one that lasts.
const frozen = (t) => t.frozen_ms + (t.still_ms > GAP_MS ? t.still_ms : 0);

async function enter(scene, server, room, lab, name, i) {
  const link = lab.links[i];
  const own = await server.link(room, `On ${name}`, 'observer'); // who has no tile
  const file = path.join(folder, `r22-${name}-${seed}.pcm`);
  const bot = scene.bots([own.url.replace(lab.address, link.server)], { seconds: 600, namespace: link.namespace, args: ['--recvonly', '--report', '1', '--record', file] });
  return { name, link, seat: own.seat, bot, file };
}

const ends = [];
const scene = new Scene({ after: (f) => ends.push(f) });
try {
  const lab = await makeLab(CROWD.map(() => ''), { seed: Number(seed) });
  scene.later(() => lab.close());
  const server = await scene.server({ name: 'weak-link-crowd', namespace: lab.namespace, address: lab.address, settings: lab.settings });
  const room = await server.room('Crowd');
  const good = await server.link(room, 'Good', 'clinician');
  scene.bots([good], { seconds: 600, namespace: lab.namespace, args: ['--report', '1', '--decode', '0'] });
  const all = [];
  for (const [i, name] of CROWD.entries()) all.push(await enter(scene, server, room, lab, name, i));
  await until('pictures for all', () => all.every((p) => newest(p.bot) && tile(newest(p.bot), good.seat).changes > 25), 60000, 200);
  for (const p of all) await p.link.set(ROWS[p.name].link || 'clear');
  await sleep(SETTLE_MS);
  const [before, heard] = [all.map((p) => newest(p.bot)), all.map((p) => fs.statSync(p.file).size)];
  for (const p of all) if (ROWS[p.name].steps) await p.link.schedule(ROWS[p.name].steps);
  await sleep(1000 * Number(seconds));
  const { participants } = await server.inspect(room);
  const rows = {};
  for (const [i, p] of all.entries()) {
    const now = newest(p.bot);
    const [a, b] = [tile(before[i], good.seat), tile(now, good.seat)];
    const ms = 1000 * (now.elapsed_s - before[i].elapsed_s);
    rows[p.name] = { tier: participants.find((q) => q.seat === p.seat).tier, keyframes: now.keyframes - before[i].keyframes, heard_from: heard[i] };
    if (!ROWS[p.name].steps) Object.assign(rows[p.name], { fps: (1000 * (b.changes - a.changes)) / ms, frozen_pct: (100 * Math.max(0, frozen(b) - frozen(a))) / ms }); // what goes away for a while is frozen meanwhile
  }
  console.log(JSON.stringify({ row: 'r22', seed: Number(seed), rows }));
} finally {
  for (const f of ends) await f();
}
process.exit(0);
