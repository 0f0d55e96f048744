// One Chromium, one bot and two telephones in a recorded visit: each hears the others and not itself; the recording has a caller's
// sound as soon as the caller is in the visit, and the caller's tile, and none of the keys that callers press. Then the person in
// Chromium has a telephone called for sound, and gives it up.
import test from 'node:test';
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Scene, people } from './lib/scene.mjs';
import { keep, outputFolder } from './lib/output.mjs';
import { run, start, until } from './lib/processes.mjs';
import { program } from './lib/server.mjs';
import { firstPicture, hear, join, toneLevel } from './lib/visit.mjs';
import { filesBelow } from '../network/lib/plaintext.mjs';

const CALLERS = fileURLToPath(new URL('../phone/callers.py', import.meta.url));
const TONES = { bot: 400, web: people[0].tone, one: 700, two: 2650 }; // none near a harmonic of another
const OWN_PHONE = 1900;
const OWN_NUMBER = '+15550100177';
const HEARD = -38;
const SILENT = -40;
const BEGUN = -32;
const KEY_HZ = 1336; // of a 5
const HOW = { one: 'events', two: 'info' };

const freeUdp = () => new Promise((resolve) => {
  const s = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => resolve(port));
  });
});

// The telephones, driven by lines of JSON.
function telephones(scene, sip, trunk) {
  const p = start('/usr/bin/python3', [CALLERS, sip, String(trunk)], { input: true });
  scene.later(() => p.stop('SIGTERM', 3000));
  return async (command) => {
    const before = p.out.split('\n').length;
    p.child.stdin.write(JSON.stringify(command) + '\n');
    await until('an answer of the telephones', () => p.out.split('\n').length > before, 8000, 20);
    return JSON.parse(p.out.split('\n')[before - 1]);
  };
}

// Level of a tone in `size` samples of 48 kHz, in dB of full scale.
function level(samples, at, size, hz) {
  let [re, im] = [0, 0];
  for (let i = 0; i < size; i++) {
    const w = 1 - Math.cos((2 * Math.PI * i) / size);
    re += w * samples[at + i] * Math.cos((2 * Math.PI * hz * i) / 48000);
    im += w * samples[at + i] * Math.sin((2 * Math.PI * hz * i) / 48000);
  }
  return 20 * Math.log10((2 * Math.hypot(re, im)) / size + 1e-9);
}

// When a tone begins, in ms: the middle of the first 40 ms that have it, if the next tenth of a second has it all along.
function onset(samples, hz) {
  const has = (at) => at + 1920 <= samples.length && level(samples, at, 1920, hz) > BEGUN;
  for (let at = 0; at + 1920 <= samples.length; at += 240) if (has(at) && [1200, 2400, 3600, 4800].every((more) => has(at + more))) return (at + 960) / 48;
  return NaN;
}

// The most of a tone in any tenth of a second.
const most = (samples, hz) => {
  let loudest = -180;
  for (let at = 0; at + 4800 <= samples.length; at += 2400) loudest = Math.max(loudest, level(samples, at, 4800, hz));
  return loudest;
};

// A tile with a white receiver in the middle of a dark ground.
function isPhone({ gray, width }, { x, y, w, h }) {
  const at = (i, j) => gray[(y + Math.floor(j * h)) * width + x + Math.floor(i * w)];
  let white = 0;
  for (let j = 0.3; j < 0.7; j += 0.01) for (let i = 0.4; i < 0.6; i += 0.01) white += at(i, j) > 220;
  const ground = [at(0.2, 0.3), at(0.8, 0.3), at(0.2, 0.7), at(0.8, 0.7)];
  return white > 60 && white < 500 && ground.every((v) => v < 70);
}

const floats = (file) => new Float32Array(fs.readFileSync(file).buffer.slice(0));

// The film's last picture.
async function lastPicture(film, { width, height }, out) {
  await run('ffmpeg', ['-v', 'error', '-y', '-sseof', '-1', '-i', film, '-frames:v', '1', '-pix_fmt', 'gray', '-f', 'rawvideo', out]);
  const gray = fs.readFileSync(out);
  assert.equal(gray.length, width * height);
  return { gray, width };
}

// When the room took each of these seats' calls, as its log says, in ms.
function joins(log, seats) {
  return seats.map((seat) => Date.parse(new RegExp(`^(\\S+) .*leg\\.state seat=${seat} .*from=none to=up`, 'm').exec(log)[1]));
}

// Her telephone in place of the browser's microphone and sound: same seat, same tile.
async function callMe(server, room, page, phones) {
  const seat = await page.evaluate(() => window.tessera.me.seat);
  const before = (await server.inspect(room)).participants.map((p) => p.seat).sort();
  const tiles = () => page.evaluate(() => window.tessera.layout.tiles.map((t) => t.seat).sort());
  const tilesBefore = await tiles();
  const says = (pattern) => until(`"${pattern}" in the page`, () => page.evaluate((p) => new RegExp(p).test(document.getElementById('on-phone').textContent), pattern), 8000);
  const microphone = () => page.evaluate(() => !!window.tessera.media.audio && window.tessera.media.audio.readyState === 'live');
  const hearing = async (of, expected) => {
    const all = [TONES.bot, TONES.web, TONES.one, TONES.two, OWN_PHONE];
    return until(`${of} to hear ${expected}`, async () => {
      const heard = of === 'page' ? await hear(page, 1200).then((samples) => all.map((hz) => toneLevel(samples, hz, 12000))) : (await phones({ levels: all })).levels[of];
      if (all.some((hz, i) => (expected.includes(hz) ? heard[i] <= HEARD : heard[i] > SILENT))) throw new Error(JSON.stringify(heard));
      return true;
    }, 20000, 200);
  };
  await page.evaluate((number) => {
    document.getElementById('my-phone-number').value = number;
    document.getElementById('my-phone-call').click();
  }, OWN_NUMBER);
  assert.equal((await phones({ ring: OWN_PHONE })).called, OWN_NUMBER);
  await says('ringing');
  assert.equal(await microphone(), true, 'the microphone is let go only when the phone is in the visit');
  await phones({ pick_up: 2 });
  await phones({ press: [2, '1'] });
  await says('by phone');
  await until('the call at her seat', async () => {
    const { participants } = await server.inspect(room);
    assert.deepEqual(participants.map((p) => p.seat).sort(), before);
    return (participants.find((p) => p.seat === seat).phone || {}).state === 'up';
  }, 8000);
  assert.deepEqual(await tiles(), tilesBefore);
  assert.equal(await microphone(), false);
  await hearing(2, [TONES.bot, TONES.one, TONES.two]);
  await hearing(0, [TONES.bot, TONES.two, OWN_PHONE]);
  await hearing('page', []);
  assert.equal((await phones({ hang_up: 2 })).status, 200);
  await until('the microphone again', microphone, 8000);
  await hearing(0, [TONES.bot, TONES.two, TONES.web]);
  await hearing('page', [TONES.bot, TONES.one, TONES.two]);
  assert.deepEqual((await server.inspect(room)).participants.map((p) => p.seat).sort(), before);
}

test('one Chromium, one bot, two telephones: all hear the others and not themselves, the recording has them, and a telephone may be the browser\'s sound', { timeout: 150000 }, async (t) => {
  const scene = new Scene(t);
  const [sip, trunk] = [await freeUdp(), await freeUdp()];
  const rtp = 24000 + 200 * (process.pid % 30);
  const server = await scene.server({ name: 'phone-visit', settings: {
    'phone.listen': '127.0.0.1', 'phone.port': sip, 'phone.rtp_min': rtp, 'phone.rtp_max': rtp + 199, 'phone.numbers': '+15550100:en',
    'trunk1.proxy': `sip:127.0.0.1:${trunk}`, 'trunk1.peers': '127.0.0.1', 'trunk1.srtp': 'clear', 'trunk1.codecs': 'PCMU', 'trunk1.keepalive': 0, 'dial.prefixes': '+1' } });
  const { id: room } = await server.rest('POST', '/rooms', { name: 'Phones', recording: 'announced' });
  const heard = path.join(outputFolder, 'phone-visit-bot.s16');
  scene.bots([await server.link(room, 'Bot')], { seconds: 100, args: ['--tone', '--record', heard] });
  const browser = await scene.chromium(0);
  const page = await join(browser, await server.link(room, 'Anna', 'clinician', { host: true }));
  await scene.connected(room, 2);
  await firstPicture(page);
  await server.rest('POST', `/rooms/${room}/record`, { action: 'start' });
  await until('the recording', async () => (await server.rest('GET', '/recordings')).recordings.some((r) => r.state === 'running'), 10000);

  const phones = telephones(scene, `127.0.0.1:${sip}`, trunk);
  const inside = () => server.inspect(room).then((r) => r.participants.filter((p) => p.kind === 'phone'));
  for (const [n, who] of ['one', 'two'].entries()) {
    const { pin } = await server.rest('POST', `/rooms/${room}/pins`, {});
    assert.equal((await phones({ call: [pin, TONES[who], HOW[who]] })).status, 200);
    await until('the caller in the room', async () => (await inside()).length === n + 1, 15000, 50);
  }
  const all = Object.values(TONES);
  const levels = {};
  const expected = (who) => Object.entries(TONES).every(([name, hz]) => (name === who ? levels[who][all.indexOf(hz)] <= SILENT : levels[who][all.indexOf(hz)] > HEARD));
  await until('the telephones to hear all others and not themselves', async () => {
    [levels.one, levels.two] = (await phones({ levels: all })).levels;
    if (!expected('one') || !expected('two')) throw new Error(JSON.stringify(levels));
    return true;
  }, 20000, 200); // after the prompts about who has joined
  await until('the browser to hear all others and not itself', async () => {
    const samples = await hear(page, 2500);
    levels.web = all.map((hz) => toneLevel(samples, hz));
    if (!expected('web')) throw new Error(JSON.stringify(levels.web));
    return true;
  }, 20000, 0);
  const mine = fs.readFileSync(heard);
  const last = new Int16Array(mine.buffer, mine.byteOffset + Math.max(0, (mine.length & ~1) - 2 * 48000 * 3), Math.min(48000 * 3, mine.length >> 1));
  levels.bot = all.map((hz) => toneLevel(Float32Array.from(last, (v) => v / 32768), hz));
  assert.ok(expected('bot'), JSON.stringify(levels));
  for (const n of [0, 1]) await phones({ key: n });
  await phones({ levels: [KEY_HZ] });
  const secret = 'Blood pressure 13 over 8';
  await page.click('#chat-button');
  await page.fill('#chat-text', secret);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('#chat-log li').length === 1);
  const tiles = await page.evaluate(() => window.tessera.layout);
  const callers = (await inside()).map((p) => p.seat);
  await server.rest('POST', `/rooms/${room}/record`, { action: 'stop' });
  await callMe(server, room, page, phones);

  const { recordings: [recording] } = await until('the recording\'s end', async () => {
    const found = await server.rest('GET', '/recordings');
    if (found.recordings[0].state !== 'ended') throw new Error(JSON.stringify(found));
    return found;
  }, 15000, 200);
  const chapters = await server.raw('GET', `/api/v1/recordings/${recording.id}/chapters.vtt?lang=en`, { headers: { authorization: 'Bearer ' + server.key } });
  keep('phone-visit.vtt', chapters.body);
  assert.match(chapters.body, /^WEBVTT\n[^]*Beginning[^]*\d\d:\d\d:\d\d\.\d{3} --> [^]*Anna writes a message/, 'that somebody wrote, and when');
  for (const file of filesBelow(server.data)) assert.ok(!fs.readFileSync(file).includes(secret), `what was written is in ${file}`);
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-phone-visit-'));
  scene.later(() => fs.rmSync(out, { recursive: true, force: true }));
  const film = path.join(out, 'film.mp4');
  await run(program('tessera-recording'), ['export', '--private', path.join(server.data, 'recording.key'), '--out', film, path.join(server.data, 'recordings', recording.id)]);
  await run('ffmpeg', ['-v', 'error', '-i', film, '-af', 'aresample=async=1:first_pts=0', '-f', 'f32le', '-ac', '1', '-ar', '48000', path.join(out, 'film.f32')]);
  const sound = floats(path.join(out, 'film.f32'));
  const begins = ['one', 'two'].map((who) => onset(sound, TONES[who]));
  const [{ started_ms: started }] = (await server.rest('GET', `/recordings/${recording.id}`)).segments;
  const joined = joins(fs.readFileSync(path.join(outputFolder, 'phone-visit.log'), 'utf8'), callers).map((ms) => ms - started);
  const keys = most(sound, KEY_HZ);
  keep('phone-visit.json', { levels, joined, begins, keys, tiles });
  for (const [n, ms] of begins.entries()) assert.ok(Math.abs(ms - joined[n]) <= 200, `a caller's sound: ${begins} ms, in the room at ${joined} ms`);
  assert.ok(keys <= SILENT, `a key is heard in the recording: ${keys} dB`);
  await run('ffmpeg', ['-v', 'error', '-y', '-sseof', '-1', '-i', film, '-frames:v', '1', path.join(outputFolder, 'phone-visit.png')]);
  const seen = await lastPicture(film, tiles, path.join(out, 'last.gray'));
  for (const tile of tiles.tiles) assert.equal(isPhone(seen, tile), callers.includes(tile.seat), `the tile of ${tile.seat}`);
  assert.deepEqual(page.problems, []);
});
