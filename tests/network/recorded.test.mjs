// A recorded visit: every picture and every second of sound of it is in the export, in order; nothing of it lies on the disk in plain.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Scene } from '../browser/lib/scene.mjs';
import { keep } from '../browser/lib/output.mjs';
import { start } from '../browser/lib/processes.mjs';
import { program } from '../browser/lib/server.mjs';

const desk = fileURLToPath(new URL('../../bench/lib/desk.py', import.meta.url));
const SECONDS = 8;
const HANDED_OVER = 12; // pictures that two encoders make of the same ticks, and those under way at the end

// Standard output and what else it said; fails with another end than `code`.
async function run(command, args, code = 0) {
  const p = start(command, args);
  const ended = await p.done;
  assert.equal(ended, code, `${command} ${args.join(' ')}: ${p.err}${p.out}`);
  return { stdout: p.out, stderr: p.err };
}

const tool = (...args) => run(program('tessera-recording'), args);

// Three simulated participants, and the room recorded by a desk in the gateway's place.
async function recorded(t, name, seconds, more) {
  const scene = new Scene(t);
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-recorded-'));
  scene.later(() => fs.rmSync(out, { recursive: true, force: true }));
  const server = await scene.server({ name });
  const room = await server.room('Recorded');
  const links = [];
  for (const who of ['Annabelle Quill', 'Benedict Rook', 'Clementine Sage']) links.push(await server.link(room, who));
  scene.bots(links, { seconds: 90, args: ['--clap', '--tier', 'B'] });
  await scene.connected(room, 3);
  const [gateway] = server.processes('tessera');
  const folder = path.join(out, 'rec');
  const at = start('/usr/bin/python3', [desk, '--rooms', path.join(server.data, 'rooms'), '--room', room, '--gateway', String(gateway.pid), '--seconds', String(seconds), '--out', folder, ...more]);
  scene.later(() => at.stop('SIGTERM', 3000));
  assert.equal(await at.done, 0, at.err + at.out);
  const json = (file) => JSON.parse(fs.readFileSync(path.join(folder, file)));
  return { server, folder, json };
}

// Everybody is there, in order, to the end; who withdrew his consent half way only until then. All that was encoded of the tier, which
// nobody else watches, is there: how much that is depends on what else the machine does.
function checkFilm(film, tiles, withdrew, made) {
  assert.equal(film.errors, 0);
  assert.ok(film.pictures > SECONDS * 25 / 2 && film.pictures <= made && film.pictures >= made - HANDED_OVER, `pictures: ${film.pictures} of ${made}`);
  assert.ok(film.gap_max_ms < 400, `longest time without a picture: ${film.gap_max_ms} ms`);
  const masked = tiles.findIndex((tile) => tile.seat === withdrew);
  for (const [i, tile] of film.tiles.entries()) {
    const share = i === masked ? 0.4 : 0.95;
    assert.ok(tile.read > film.pictures * share, `the marker is read: ${JSON.stringify(tile)}`);
    assert.ok(tile.changes > tile.read * 0.7 && tile.back === 0 && tile.strangers === 0, `in order: ${JSON.stringify(tile)}`);
  }
  const { last_read, person } = film.tiles[masked];
  assert.ok(Math.abs(last_read - film.pictures / 2) < 40, `seen until half way: ${JSON.stringify(film)}`);
  const others = [0, 1, 2].filter((p) => p !== person);
  const heard = film.seconds.map((all) => all.filter((p) => p < 3));
  assert.ok(heard.length >= SECONDS - 2, JSON.stringify(film.seconds));
  for (const all of heard.slice(1, SECONDS / 2 - 1)) assert.deepEqual(all, [0, 1, 2], JSON.stringify(film.seconds));
  for (const all of heard.slice(SECONDS / 2 + 2)) assert.deepEqual(all, others, JSON.stringify(film.seconds));
}

// Each person's claps sound where they show: that is what who looks at it sees of lip sync.
function checkLips(film) {
  for (const { person, lips } of film.tiles) {
    assert.ok(lips.claps >= 2 && Math.abs(lips.mean_ms) <= 40 && lips.p95_ms <= 100, `person ${person}: ${JSON.stringify(lips)}`);
  }
}

// 32 bytes of each 512 of the plain film, looked for in the sealed files; the same search finds them in the film itself.
function search(plain, files) {
  let found = 0;
  let sought = 0;
  for (let at = 2048; at + 32 < plain.length; at += 512) {
    const window = plain.subarray(at, at + 32);
    sought++;
    if (files.some((bytes) => bytes.includes(window))) found++;
  }
  return { found, sought };
}

test('a recorded visit is whole, proven, and sealed; who withdraws is in it no longer', { timeout: 180000 }, async (t) => {
  const { server, folder, json } = await recorded(t, 'recorded', SECONDS, ['--withdraw']);
  const segment = path.join(folder, 'one.tsr');
  const key = path.join(folder, 'gateway.pub');
  await tool('recover', '--sign', path.join(folder, 'gateway.key'), folder);
  const verdict = await tool('verify', '--key', key, '--anchors', path.join(folder, 'anchors.json'), folder);
  assert.match(verdict.stdout, /complete: everything/);
  const heads = json('said.json').filter((m) => m.state === 'head');
  assert.ok(heads.length > SECONDS, 'heads come while it records');

  const film = path.join(folder, 'film.mp4');
  await tool('export', '--private', path.join(folder, 'recipient.key'), '--out', film, folder);
  const probe = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,profile,width,height,duration', '-of', 'json', film]);
  assert.equal(probe.stderr, '', 'ffprobe has nothing to say against it');
  const { streams } = JSON.parse(probe.stdout);
  assert.deepEqual(streams.map((s) => s.codec_name).sort(), ['aac', 'h264']);
  assert.ok(Math.abs(streams[0].duration - streams[1].duration) < 0.35, probe.stdout);
  const clean = await run('ffmpeg', ['-v', 'error', '-i', film, '-f', 'null', '-']);
  assert.equal(clean.stderr, '', 'ffmpeg decodes it without a word');

  const { tiles } = json('layouts.json').A;
  const seen = JSON.parse((await run(program('tessera-film'), [film, ...tiles.map((r) => [r.x, r.y, r.w, r.h].join())])).stdout);
  keep('recorded.json', { seen, streams, verdict: verdict.stdout });
  checkFilm(seen, tiles, json('seats.json')[0], json('made.json'));
  checkLips(seen);
  const [listed] = json('manifest.json').segments;
  assert.deepEqual(listed.events.filter((e) => e.what === 'masked').map((e) => e.seat), json('seats.json').slice(0, 1));

  const served = path.join(folder, 'served.bin');
  const out = start('/bin/sh', ['-c', `exec "$0" serve --private "$1" "$2" >"$3"`, program('tessera-recording'), path.join(folder, 'recipient.key'), folder, served]);
  assert.equal(await out.done, 0, out.err);
  const bytes = fs.readFileSync(served);
  const line = bytes.indexOf(10);
  const plain = bytes.subarray(line + 1);
  assert.equal(JSON.parse(bytes.subarray(0, line)).size, plain.length);
  const sealed = fs.readFileSync(segment);
  const hidden = search(plain, [sealed]);
  assert.ok(hidden.sought > 500 && hidden.found === 0, JSON.stringify(hidden));
  assert.equal(search(plain, [plain]).found, hidden.sought, 'the search finds what is there');
  for (const word of ['Annabelle Quill', 'Clementine']) assert.ok(!sealed.includes(word), 'no name in plain');
  assert.ok(plain.length > 100000);
  const names = (await tool('verify', '--key', key, folder)).stdout;
  assert.ok(!names.includes('Quill'));
  assert.ok(server.processes('tessera').length === 1);
});
