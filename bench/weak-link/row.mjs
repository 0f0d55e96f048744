// row.mjs - one row: a person who is in a visit, over a link that becomes what the row says; what that person and the good one notice.
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { sleep, until } from '../../tests/browser/lib/processes.mjs';
import { firstPicture, hearSince, join, seatsInLayout } from '../../tests/browser/lib/visit.mjs';
import { beginLooking, endLooking, watchEntry } from './look.mjs';
import { beginLoad } from './load.mjs';
import { ROWS } from './rows.mjs';

const LOOK_MS = 1000; // at the page, before Join is pressed
const ENTERED_MS = 3000; // the best tier is there by then
const PICTURE_MS = 40;
const PICTURES = 300; // of the good one's clip, which numbers one each 40 ms
const QUEUE_STEP_MS = 100;
const ELSEWHERE = 5; // how nice those are whose devices are not the server's

// The link of whoever watches somebody on a weak one.
export const GOOD_LINK = ROWS.r01.link;

// `own`, a link of the API, as it is reached over that link of the laboratory.
export const over = (own, lab, link) => own.url.replace(lab.address, link.server);

// What one bot of a process of its own has reported.
export class Reports {
  #all = [];

  constructor(bot) {
    this.bot = bot;
    createInterface({ input: bot.child.stdout }).on('line', (line) => {
      if (!/^\{.*\}$/.test(line)) return;
      const report = JSON.parse(line);
      if (report.participant === 0) this.#all.push(report);
    });
  }

  newest = () => this.#all[this.#all.length - 1];

  // Of the tile of `seat` once it was read, from the last report before `ms` on: [ms, new numbers, gaps, ms in gaps, ms since the newest number, it, when it came].
  tile(seat, ms) {
    const before = this.#all.filter((r) => r.unix_ms <= ms).length;
    return this.#all.slice(Math.max(0, before - 1)).map((r) => [r, r.tiles.find((t) => t.seat === seat)]).filter(([, t]) => t && t.frame >= 0)
      .map(([r, t]) => [r.unix_ms, t.changes, t.gaps, t.frozen_ms, t.still_ms, t.frame, r.unix_ms - t.still_ms]);
  }
}

// The peer on the good link: a bot that tells when it sent which picture and said what, and keeps what it hears in `file`.
export class GoodOne {
  #anchors = []; // [ms, number]
  #said = []; // [ms, packet]

  constructor(scene, link, { namespace, file, seconds = 3600, more = [] }) {
    fs.writeFileSync(file, '');
    this.file = file;
    this.bot = scene.bots([link], { seconds, namespace, args: ['--report', '1', '--record', file, ...more] });
    this.reports = new Reports(this.bot);
    const timer = setInterval(() => this.#follow(), 500);
    scene.later(() => clearInterval(timer));
  }

  #follow() {
    const report = this.reports.newest();
    const last = this.#anchors[this.#anchors.length - 1];
    if (!report || !report.sent_unix_ms || (last && last[0] === report.sent_unix_ms)) return;
    this.#anchors.push([report.sent_unix_ms, report.sent_frame]);
    this.#said.push([report.said_unix_ms, report.said_packet]);
  }

  // When it said which packet of its clip, about once a second from shortly before `ms` on: [[ms, packet]...].
  said = (ms) => this.#said.slice(Math.max(0, this.#said.filter(([at]) => at <= ms).length - 1));

  // How old the picture `number` is that was seen at `ms`; null where that cannot be said.
  age(ms, number) {
    const before = this.#anchors.filter(([at]) => at <= ms + 1000).pop();
    if (!before) return null;
    const late = ms - before[0] - (((((number - before[1]) % PICTURES) + PICTURES) % PICTURES) * PICTURE_MS);
    const whole = PICTURES * PICTURE_MS;
    const wrapped = ((late % whole) + whole) % whole;
    return wrapped > whole / 2 ? null : wrapped;
  }

  // How many new numbers it has seen in the tile of `seat`.
  changes(seat) {
    const tile = (this.reports.newest() || { tiles: [] }).tiles.find((t) => t.seat === seat);
    return tile ? tile.changes : 0;
  }

  heard = () => fs.statSync(this.file).size;
  sound = (from) => fs.readFileSync(this.file).subarray(from);
}

// What the link carried between two readings; waiting is of that time anyway.
const since = (before, now) => Object.fromEntries(Object.entries(now).map(([way, figures]) => [way, Object.fromEntries(Object.entries(figures).map(([k, v]) => [k, /^wait/.test(k) ? v : v - before[way][k]]))]));

const pcm = (samples) => Buffer.from(Int16Array.from(samples, (s) => Math.max(-32768, Math.min(32767, s * 32767))).buffer);

async function tiers(server, room, seat, until_) {
  const seen = [];
  for (const began = Date.now(); Date.now() < until_;) {
    const own = (await server.inspect(room)).participants.find((p) => p.seat === seat);
    if (own) seen.push([Date.now() - began, own.tier, own.quality]);
    await sleep(250);
  }
  return seen;
}

// How long a packet that came then would have waited: [[ms since it began, down, up]...].
export async function queues(link, until_) {
  const seen = [];
  for (const began = Date.now(); Date.now() < until_; await sleep(QUEUE_STEP_MS)) seen.push([Date.now() - began, ...(await link.queue())]);
  return seen;
}

// n people who only receive and are there before; -> () => they leave.
async function others(scene, server, room, n, namespace) {
  const links = [];
  for (let i = 0; i < n; i++) links.push(await server.link(room, `Present ${i}`));
  const bots = scene.bots(links, { seconds: 600, namespace, niceness: ELSEWHERE, args: ['--recvonly', '--report', '1', '--decode', '0'] });
  await until('those who are there before', () => {
    const last = bots.reports().filter((r) => r.type === 'report').slice(-n);
    return last.length === n && last.every((r) => r.frames > 50);
  }, 30000, 200);
  return () => bots.stop('SIGINT', 5000);
}

// n more people who only receive, 100 ms apart; -> () => within how many ms 95 % of them had a picture, when all have one. They leave.
export async function joins(scene, server, room, n, namespace, more = []) {
  const links = [];
  for (let i = 0; i < n; i++) links.push(await server.link(room, `Extra ${i}`));
  const bots = scene.bots(links, { seconds: 60, namespace, args: ['--recvonly', '--stagger', '100', '--report', '1', '--decode', '1', ...more] });
  return async () => {
    const finals = await until('the joins', () => {
      const last = bots.reports().filter((r) => r.type === 'report').slice(-n);
      return last.length === n && last.every((r) => r.first_picture_ms >= 0) && last;
    }, 30000, 200);
    await bots.stop('SIGINT', 5000);
    return finals.map((r) => r.first_picture_ms).sort((a, b) => a - b)[Math.ceil(n * 0.95) - 1];
  };
}

// row: of rows.mjs, with `seconds` and `settle_ms`, the time before them that does not count. person: {page, seat, link, person: whose
// pictures it looks at};
// visit: {scene, lab, server, room, good}; keep: {folder, seed} of the sounds. -> what weak_measure.py reads.
export async function see(name, row, person, visit, keep) {
  const { link: settings, steps = [], load, joins: joining, present, moves, settle_ms: settle, ...rest } = row;
  const { page, seat, link, person: looked = 0, first_frame_ms: first } = person;
  const { scene, lab, server, room, good } = visit;
  await link.set('clear');
  const leave = present ? await others(scene, server, room, present, lab.namespace) : () => {};
  if (settings) await link.set(settings);
  const stopLoad = load ? await beginLoad(load, lab, link) : null;
  if (!steps.length) await sleep(settle);
  const span = 1000 * row.seconds;
  const before = await link.figures();
  await beginLooking(page, looked, path.join(keep.folder, 'pictures.gray'));
  const [changesBefore, heardFrom] = [good.changes(seat), good.heard()];
  if (steps.length) await link.schedule(steps);
  const began = Date.now();
  const joined = joining ? await joins(scene, server, room, joining, lab.namespace) : null;
  const [tiersSeen, sound, waits] = await Promise.all([tiers(server, room, seat, began + span), hearSince(page, span),
    steps.length ? queues(link, began + span) : [], moves ? sleep(1000 * moves).then(() => link.move()) : null]);
  const seen = await endLooking(page);
  const carried = since(before, await link.figures());
  const up = { up_changes: good.changes(seat) - changesBefore, up_s: (Date.now() - began) / 1000 };
  const standing = (await server.inspect(room)).participants.find((p) => p.seat === seat);
  const same = !!standing && standing.state === 'up' && (await page.evaluate(() => window.tessera.me && window.tessera.me.seat)) === seat;
  const file = (way) => path.join(keep.folder, `${name}-${keep.seed}-${way}.pcm`);
  fs.writeFileSync(file('down'), pcm(sound.samples));
  fs.writeFileSync(file('up'), good.sound(heardFrom));
  const joinP95 = joined ? await joined() : undefined;
  if (stopLoad) await stopLoad();
  await leave();
  return { row: name, seed: Number(keep.seed), ...rest, began, span, tiers: tiersSeen, carried, rest: standing, same_seat: same, join_p95_ms: joinP95, first_frame_ms: first, ...up,
    up: good.reports.tile(seat, began), queues: waits, heard_ms: sound.began, said: good.said(began),
    pictures: seen.pictures.map(([ms, number, width, like]) => [Math.round(ms), number, width, good.age(ms, number), like === null ? null : Math.round(1000 * like) / 1000]), figures: seen.figures };
}

// Somebody comes over a link that is still perfect, or as `entry` says, has pictures, and leaves after `then`, whose outcome it gives.
// context: {scene, lab, server, room, good, browser}; more: about the person's link of the API.
export async function weakPerson(name, more, context, then, entry = 'clear') {
  const { server, room, browser, lab } = context;
  const [link] = lab.links;
  await link.set(entry);
  const own = await server.link(room, `Weak ${name}`, 'patient', more);
  const page = await join(browser, own, { timeout: 30000, look: LOOK_MS, prepare: (p) => p.addInitScript(watchEntry) });
  try {
    await firstPicture(page, 20000);
    await until('both', async () => (await seatsInLayout(page)).includes(own.seat), 20000);
    await sleep(ENTERED_MS);
    const entered = await page.evaluate(() => window.entry.picture - window.entry.pressed);
    return await then({ page, seat: own.seat, link, first_frame_ms: entered });
  } finally {
    await link.set('clear').catch(() => {});
    await page.evaluate(() => window.tessera.leave()).catch(() => {});
    await page.close();
  }
}
