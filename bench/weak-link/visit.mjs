// visit.mjs - a visit of a person on a weak link with somebody on a good one: what both see and hear.
// usage: node visit.mjs FOLDER SEED SECONDS ROW...   prints one JSON object a row; sounds are kept in FOLDER as ROW-SEED-*.pcm (48 kHz,
// 16 bit, mono). FOLDER/voice.wav is what the weak person says. Needs root.
import fs from 'node:fs';
import path from 'node:path';
import { people, Scene } from '../../tests/browser/lib/scene.mjs';
import { makeLab } from '../../tests/browser/lib/lab.mjs';
import { sleep, until } from '../../tests/browser/lib/processes.mjs';
import { firstPicture, hear, join, seatsInLayout } from '../../tests/browser/lib/visit.mjs';
import { beginLooking, endLooking } from './look.mjs';
import { beginLoad } from './load.mjs';
import { ROWS } from './rows.mjs';

const [folder, seed, seconds, ...names] = process.argv.slice(2);
const SETTLE_MS = Number(seconds) < 10 ? 2500 : 5000; // of every window that is not counted
const PICTURE_MS = 40;
const anchors = []; // [ms, number]: when the good one sent which picture

function follow(bot) {
  const timer = setInterval(() => {
    const report = bot.reports().filter((r) => r.participant === 0 && r.sent_unix_ms).pop();
    if (report && (!anchors.length || anchors[anchors.length - 1][0] !== report.sent_unix_ms)) anchors.push([report.sent_unix_ms, report.sent_frame]);
  }, 500);
  return () => clearInterval(timer);
}

// How old a picture is: from the good one's clip, which numbers one picture each 40 ms over `length` of them.
function age(ms, number, length) {
  const before = anchors.filter(([at]) => at <= ms + 1000).pop();
  if (!before) return null;
  const late = ms - before[0] - (((((number - before[1]) % length) + length) % length) * PICTURE_MS);
  const whole = length * PICTURE_MS;
  const wrapped = ((late % whole) + whole) % whole;
  return wrapped > whole / 2 ? null : wrapped;
}

// What the link carried between two readings; waiting is of that time anyway.
const since = (before, now) => Object.fromEntries(Object.entries(now).map(([way, figures]) => [way, Object.fromEntries(Object.entries(figures).map(([k, v]) => [k, /^wait/.test(k) ? v : v - before[way][k]]))]));

const wav = (samples) => Buffer.from(Int16Array.from(samples, (s) => Math.max(-32768, Math.min(32767, s * 32767))).buffer);

async function tiers(server, room, seat, until_) {
  const seen = [];
  for (const began = Date.now(); Date.now() < until_;) {
    const own = (await server.inspect(room)).participants.find((p) => p.seat === seat);
    if (own) seen.push([Date.now() - began, own.tier, own.quality]);
    await sleep(250);
  }
  return seen;
}

async function joins(scene, server, room, n, namespace) {
  const links = [];
  for (let i = 0; i < n; i++) links.push(await server.link(room, `Extra ${i}`));
  const bots = scene.bots(links, { seconds: 60, namespace, args: ['--recvonly', '--stagger', '100', '--report', '1', '--decode', '1'] });
  return async () => {
    const finals = await until('the joins', () => {
      const last = bots.reports().filter((r) => r.type === 'report').slice(-n);
      return last.length === n && last.every((r) => r.first_picture_ms >= 0) && last;
    }, 30000, 200);
    await bots.stop('SIGINT', 5000);
    return finals.map((r) => r.first_picture_ms).sort((a, b) => a - b)[Math.ceil(n * 0.95) - 1];
  };
}

async function row(name, context) {
  const { scene, lab, server, room, browser, bot, heardFile } = context;
  const [link] = lab.links;
  const { link: settings, steps = [], load, seat: more, joins: joining, ...rest } = ROWS[name];
  await link.set('clear');
  const own = await server.link(room, `Weak ${name}`, 'patient', more);
  const page = await join(browser, own, { timeout: 30000 });
  try {
    await firstPicture(page, 20000);
    await until('both', async () => (await seatsInLayout(page)).length >= 2, 20000);
    await sleep(3000);
    await link.set(settings || 'clear');
    const stopLoad = load ? await beginLoad(load, lab, link) : null;
    if (!steps.length) await sleep(SETTLE_MS);
    const span = 1000 * (rest.seconds || Number(seconds));
    const before = await link.figures();
    await beginLooking(page, 0);
    const tileBefore = tile(bot, own.seat);
    const heardFrom = fs.statSync(heardFile).size;
    if (steps.length) await link.schedule(steps);
    const began = Date.now();
    const joined = joining ? await joins(scene, server, room, joining, lab.namespace) : null;
    const [tiersSeen, sound] = await Promise.all([tiers(server, room, own.seat, began + span), hear(page, span)]);
    const seen = await endLooking(page);
    const carried = since(before, await link.figures());
    const standing = (await server.inspect(room)).participants.find((p) => p.seat === own.seat);
    fs.writeFileSync(path.join(folder, `${name}-${seed}-down.pcm`), wav(sound));
    fs.writeFileSync(path.join(folder, `${name}-${seed}-up.pcm`), fs.readFileSync(heardFile).subarray(heardFrom));
    const joinP95 = joined ? await joined() : undefined;
    if (stopLoad) await stopLoad();
    return { row: name, seed: Number(seed), ...rest, began, span, tiers: tiersSeen, carried, rest: standing, join_p95_ms: joinP95,
      up_changes: tile(bot, own.seat).changes - tileBefore.changes, up_s: (Date.now() - began) / 1000,
      pictures: seen.pictures.map(([ms, number, width]) => [Math.round(ms), number, width, age(ms, number, context.length)]), figures: seen.figures };
  } finally {
    await link.set('clear').catch(() => {});
    await page.evaluate(() => window.tessera.leave()).catch(() => {});
    await page.close();
  }
}

const tile = (bot, seat) => (bot.reports().filter((r) => r.participant === 0).pop() || { tiles: [] }).tiles.find((t) => t.seat === seat) || { changes: 0 };

const ends = [];
const scene = new Scene({ after: (f) => ends.push(f) });
try {
  const lab = await makeLab([''], { seed: Number(seed) });
  scene.later(() => lab.close());
  const server = await scene.server({ name: 'weak-link', namespace: lab.namespace, address: lab.address });
  const room = await server.room('Weak link');
  const heardFile = path.join(folder, `heard-${seed}.pcm`);
  fs.writeFileSync(heardFile, '');
  const bot = scene.bots([await server.link(room, 'Good', 'clinician')], { seconds: 3600, namespace: lab.namespace, args: ['--report', '1', '--record', heardFile] });
  scene.later(follow(bot));
  const browser = await scene.chromium(0, { namespace: lab.links[0].namespace, media: { ...people[0], wav: path.join(folder, 'voice.wav') } });
  await scene.connected(room, 1);
  for (const name of names) {
    const found = await row(name, { scene, lab, server, room, browser, bot, heardFile, length: 300 }).catch((e) => ({ row: name, seed: Number(seed), error: e.message }));
    console.log(JSON.stringify(found));
  }
} finally {
  for (const f of ends) await f();
}
process.exit(0);
