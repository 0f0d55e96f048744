// A recorded visit as evidence: its room is killed five times and a second at most is missing each time; what a participant saw and
// heard is in it, in order; and nothing that anybody saw or heard, no name and no key lies on the disk in plain.
import test from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Scene } from '../browser/lib/scene.mjs';
import { keep } from '../browser/lib/output.mjs';
import { run, sleep, start, until } from '../browser/lib/processes.mjs';
import { program } from '../browser/lib/server.mjs';
import { dataKey, filesBelow, kidOf, plainIn, windowsOf } from './lib/plaintext.mjs';

const NAMES = ['Annabelle Quill', 'Benedict Rook', 'Clementine Sage', 'Dorothea Finch'];
const KILLS = 5;

// Three who talk, one who only looks and listens at the recorded tier; `kept`: the files with what each received.
async function visit(scene, name, talkers, { out = temporary(scene), settings = {} } = {}) {
  const server = await scene.server({ name, settings: { 'recording.reserve_mib': 16, ...settings } });
  const { id: room } = await server.rest('POST', '/rooms', { name: 'Visit of Quill', recording: 'announced' });
  const links = [];
  for (const who of NAMES) links.push(await server.link(room, who));
  const kept = ['talk', 'look'].map((file) => path.join(out, file));
  const common = ['--decode', '0', '--report', '0'];
  const crews = [
    scene.bots(links.slice(0, talkers), { seconds: 110, args: ['--tone', '--windows', kept[0], ...common] }),
    scene.bots(links.slice(3), { seconds: 110, args: ['--mute', '--no-video', '--tier', 'A', '--windows', kept[1], ...common] }),
  ];
  await scene.connected(room, talkers + 1);
  const { recording } = await server.rest('POST', `/rooms/${room}/record`, { action: 'start' });
  const seen = () => server.rest('GET', '/recordings/' + recording);
  const grown = (segment, ms) => until(`segment ${segment}`, async () => {
    const { segments } = await seen();
    return segments.length > segment && segments[segment].media_ms >= ms;
  }, 20000);
  const end = async () => {
    await server.rest('POST', `/rooms/${room}/record`, { action: 'stop' });
    await until('its end', async () => (await seen()).state === 'ended', 10000);
    await Promise.all(crews.map((crew) => crew.stop('SIGINT', 5000)));
    return kept.map((file) => windowsOf(fs.readFileSync(file)));
  };
  const roomProcess = () => until('the room', () => server.processes('tessera-room').find((p) => recordsNow(p.pid)));
  return { server, room, recording, folder: path.join(server.data, 'recordings', recording), seen, grown, end, roomProcess };
}

function temporary(scene) {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-evidence-'));
  scene.later(() => fs.rmSync(out, { recursive: true, force: true }));
  return out;
}

// A store that is at first busy, closes a connection, and finds fault with what came whole.
async function store(scene, out) {
  const folder = path.join(out, 'bucket');
  const credentials = path.join(out, 'credentials');
  fs.writeFileSync(credentials, 'AKTEST\nnot+so/secret\n');
  const s3 = start('/usr/bin/python3', [fileURLToPath(new URL('lib/s3.py', import.meta.url)), '--folder', folder, '--bucket', 'visits', '--id', 'AKTEST',
    '--secret', 'not+so/secret', '--region', 'eu-test-1', '--trouble', 'busy,cut,digest']);
  scene.later(() => s3.stop('SIGTERM', 3000));
  const port = await until('the store', () => Number(s3.out.split('\n')[0]));
  const settings = { 's3.endpoint': `http://127.0.0.1:${port}`, 's3.bucket': 'visits', 's3.region': 'eu-test-1', 's3.prefix': 'clinic/', 's3.credentials': credentials };
  return { folder: path.join(folder, 'clinic'), settings, requests: () => s3.out.trim().split('\n').slice(1) };
}

// An X25519 pair, its private half in a file.
function pair(folder, name) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('x25519');
  const hex = (key, type) => key.export({ format: 'der', type }).subarray(-32).toString('hex');
  fs.writeFileSync(path.join(folder, name), hex(privateKey, 'pkcs8'));
  return { file: path.join(folder, name), publicKey: hex(publicKey, 'spki') };
}

// The process that has a file of a recording open.
function recordsNow(pid) {
  return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/recordings/');
    } catch (e) {
      return false;
    }
  });
}

// Soft and hard limit of a process' core file.
const coreLimit = (pid) => /Max core file size\s+(\S+)\s+(\S+)/.exec(fs.readFileSync(`/proc/${pid}/limits`, 'utf8')).slice(1);

// Every window between the first and the last of `sought` that are in the film, is in it, in this order.
function assertInOrder(film, sought, what, least) {
  const found = plainIn(film, sought).map(({ at, window }) => ({ at, n: sought.indexOf(window) }));
  const first = new Map();
  for (const { at, n } of found) if (!first.has(n)) first.set(n, at);
  const numbers = [...first.keys()].sort((a, b) => a - b);
  assert.ok(numbers.length >= least, `${what}: ${numbers.length}`);
  const missing = [];
  for (let n = numbers[0]; n <= numbers.at(-1); n++) if (!first.has(n) && !sought.slice(0, n).some((w) => w.equals(sought[n]))) missing.push(n);
  assert.deepEqual(missing, [], `${what}: every one of ${numbers.length}`);
  const places = numbers.map((n) => first.get(n));
  assert.ok(places.every((at, i) => i === 0 || at > places[i - 1]), `${what}: in order`);
  return numbers.length;
}

test('five kills cost a second each at most; what was seen is in it, in order, and nowhere in plain', { timeout: 180000 }, async (t) => {
  const scene = new Scene(t);
  const out = temporary(scene);
  const s3 = await store(scene, out);
  const { server, recording, folder, seen, grown, end, roomProcess } = await visit(scene, 'evidence', 3, { out, settings: s3.settings });
  await grown(0, 5000);
  for (const name of ['tessera', 'tessera-room']) {
    for (const { pid } of server.processes(name)) assert.deepEqual(coreLimit(pid), ['0', '0'], `${name} leaves no core file`);
  }
  const [{ pid: gateway }] = server.processes('tessera');
  process.kill(gateway, 'SIGKILL'); // costs nothing: the next one hears what was recorded meanwhile
  const [{ media_ms: before }] = await until('the next gateway', async () => server.processes('tessera').some(({ pid }) => pid !== gateway) && (await seen()).segments, 10000);
  await grown(0, before + 1000);
  assert.equal((await seen()).segments.length, 1, 'in the same segment');
  const killed = [];
  for (let n = 0; n < KILLS; n++) {
    await grown(n, 1000);
    const { pid } = await roomProcess();
    await sleep(Math.random() * 500);
    killed.push(Date.now());
    process.kill(pid, 'SIGKILL');
  }
  await grown(KILLS, 1500);
  const [talk, look] = await end();
  const { segments } = await seen();
  assert.deepEqual(segments.map((s) => s.state), [...Array(KILLS).fill('interrupted'), 'complete']);

  const trail = fs.readFileSync(path.join(server.data, 'audit.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  const anchors = path.join(server.data, 'anchors.json');
  fs.writeFileSync(anchors, JSON.stringify(trail.filter((r) => r.target === recording && r.hash).map((h) => ({ ...h, recording }))));
  await until('all to be stored', async () => fs.existsSync(path.join(s3.folder, recording, 'manifest.json')) && (await seen()).segments.every((s) => s.stored === 'stored'), 20000);
  const troubles = s3.requests().slice(0, 4).map((line) => line.split(' ').at(-1));
  assert.deepEqual(troubles, ['503', 'cut', '400', '200'], s3.requests().join('\n'));
  const stored = path.join(s3.folder, recording);
  for (const place of [folder, stored]) { // also of what the store has, by itself
    const proof = start(program('tessera-recording'), ['verify', '--key', path.join(server.data, 'gateway.pub'), '--anchors', anchors, place]);
    assert.equal(await proof.done, 3, proof.out + proof.err);
  }
  const { segments: listed, gaps } = JSON.parse(fs.readFileSync(path.join(stored, 'manifest.json')));
  const lost = killed.map((ms, n) => ms - listed[n].media_ms - listed[n].events.find((e) => e.what === 'started').wall_ms);
  keep('evidence.json', { lost, gaps, windows: talk.length + look.length });
  for (const ms of lost) assert.ok(ms <= 1000, `lost: ${lost.join(' ')} ms`);
  assert.equal(gaps.length, KILLS, 'and the gaps are stated');
  assert.ok(gaps.every((gap) => gap.why === 'interrupted' && gap.to_ms > gap.from_ms), JSON.stringify(gaps));

  const film = path.join(server.data, 'film');
  const serve = start('/bin/sh', ['-c', 'exec "$0" serve --segment 0 --private "$1" "$2" >"$3"', program('tessera-recording'), path.join(server.data, 'recording.key'), folder, film]);
  assert.equal(await serve.done, 0, serve.err);
  const plain = fs.readFileSync(film);
  fs.rmSync(film);
  assertInOrder(plain, look.filter((w) => w.kind === 'v').map((w) => w.bytes), 'pictures', 30);
  assertInOrder(plain, look.filter((w) => w.kind === 'a').map((w) => w.bytes), 'sound', 200);

  const sought = [...talk, ...look].map((w) => w.bytes);
  assert.ok(sought.length > 2000, `windows: ${sought.length}`);
  const keys = listed.map((s) => dataKey(path.join(folder, s.file), fs.readFileSync(path.join(server.data, 'recording.key'), 'utf8').trim()));
  const secret = [...keys, ...[...NAMES, 'Visit of Quill'].map((name) => Buffer.from(name))];
  for (const file of filesBelow(server.data)) {
    const bytes = fs.readFileSync(file);
    assert.deepEqual(plainIn(bytes, sought), [], file);
    for (const word of secret) assert.ok(!bytes.includes(word), `${file}: ${word}`);
  }

  const clinic = pair(out, 'clinic');
  await server.rest('POST', `/recordings/${recording}/rewrap`, { to: clinic.publicKey, kid: 'clinic-2027' });
  assert.ok(listed.every(({ file }) => kidOf(path.join(folder, file)) === 'clinic-2027'));
  await until('the new keys to be stored', () => listed.every(({ file }) => kidOf(path.join(stored, file)) === 'clinic-2027'), 20000);
  for (const [n, s] of listed.entries()) assert.ok(dataKey(path.join(folder, s.file), fs.readFileSync(clinic.file, 'utf8')).equals(keys[n]), 'the same key, by the new pair');
  const still = start(program('tessera-recording'), ['verify', '--key', path.join(server.data, 'gateway.pub'), '--anchors', anchors, folder]);
  assert.equal(await still.done, 3, still.out + still.err);

  await server.rest('DELETE', '/recordings/' + recording); // also in the store
  await until('the tombstone to be there alone', () => fs.readdirSync(stored).join() === 'tombstone.json', 10000);
  const { segments: gone } = await seen();
  assert.ok(gone.every((s) => s.stored === 'deleted'), JSON.stringify(gone));
  const buried = start(program('tessera-recording'), ['verify', '--key', path.join(server.data, 'gateway.pub'), '--anchors', anchors, folder]);
  assert.equal(await buried.done, 3, buried.out + buried.err);
  assert.match(buried.out, /tombstone: shredded at \d+ ms since 1970 by operator, operator/);
});

// Of a room's clocks: how many ticks, and how many of them late; picture and sound.
async function clocks(server, room) {
  const { video, audio } = await server.rest('GET', '/rooms/' + room);
  return { at: Date.now(), video: video.ticks, audio: audio.ticks, late: video.late_ticks + audio.late_ticks, all: video.ticks + audio.ticks };
}

// The media go on while `trouble` lasts: as many ticks as there is time for, and no larger share of them late than before.
async function mediaGoOn(server, room, ms, before, trouble) {
  const from = await clocks(server, room);
  await trouble();
  await sleep(ms);
  const to = await clocks(server, room);
  const seconds = (to.at - from.at) / 1000;
  const figures = { seconds, video: (to.video - from.video) / seconds, audio: (to.audio - from.audio) / seconds, late: (to.late - from.late) / (to.all - from.all) };
  assert.ok(figures.video > 20 && figures.audio > 40 && figures.late < before + 0.1, JSON.stringify({ before, ...figures }));
  return figures;
}

test('with encryption switched off the same search finds all of it; a disk that is slow, hangs, is full, fails', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const out = temporary(scene);
  const disk = path.join(out, 'disk'); // what tests/preload/hang.c looks for
  const trouble = (ending) => fs.writeFileSync(disk + ending, '');
  const over = (ending) => fs.rmSync(disk + ending);
  fs.mkdirSync(path.join(out, 'spare'));
  Object.assign(process.env, { LD_PRELOAD: `${program('tessera-plain.so')}:${program('tessera-hang.so')}`, TESSERA_TEST_HANG: disk });
  const off = await visit(scene, 'evidence-plain', 1, { out, settings: { 'recording.spare': path.join(out, 'spare') } }).finally(() => ['LD_PRELOAD', 'TESSERA_TEST_HANG'].forEach((name) => delete process.env[name]));
  const { server, room, seen } = off;
  const first = await clocks(server, room);
  await off.grown(0, 2500);
  const then = await clocks(server, room);
  const usual = (then.late - first.late) / (then.all - first.all);
  const slow = await mediaGoOn(server, room, 1500, usual, () => trouble('.slow'));
  over('.slow');
  const hung = await mediaGoOn(server, room, 2500, usual, () => trouble(''));
  over('');
  await off.grown(0, 6500); // nothing was left out
  const turned = async (ending, segment, state) => { // the room is told, and it goes on in the next file
    const since = Date.now();
    trouble(ending);
    await until('the end of segment ' + segment, async () => (await seen()).segments[segment].state === state, 10000);
    await off.grown(segment + 1, 1);
    const took = Date.now() - since;
    await off.grown(segment + 1, 600);
    return took;
  };
  const full = await turned('.full', 0, 'complete');
  over('.full');
  const failed = await turned('.error', 1, 'interrupted');
  assert.equal((await seen()).state, 'running');
  keep('evidence-disk.json', { usual, slow, hung, full, failed });
  const [, look] = await off.end();
  const { segments } = await seen();
  assert.deepEqual(segments.map((s) => s.state), ['complete', 'interrupted', 'complete']);
  const proof = start(program('tessera-recording'), ['verify', '--key', path.join(server.data, 'gateway.pub'), off.folder, path.join(out, 'spare', off.recording)]);
  assert.equal(await proof.done, 3, proof.out + proof.err);

  const files = [...filesBelow(server.data), ...filesBelow(path.join(out, 'spare'))];
  const all = files.map((file) => fs.readFileSync(file));
  const found = all.flatMap((bytes) => plainIn(bytes, look.map((w) => w.bytes)));
  assert.ok(found.length > 100, `windows: ${found.length}`);
  const sealed = files.find((file) => file.endsWith('.tsr') && fs.statSync(file).size > 0);
  for (const word of [dataKey(sealed, null), Buffer.from('Annabelle Quill'), Buffer.from('Visit of Quill')]) {
    assert.ok(all.some((bytes) => bytes.includes(word)), word.toString());
  }
});
