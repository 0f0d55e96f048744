// A consented recording from end to end: real rooms with simulated people, what the gateway hands out, certifies and anchors, and what
// the tool proves afterwards from the files, the public key and the audit trail alone.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { violations } from '../browser/lib/client.mjs';
import { Scene } from '../browser/lib/scene.mjs';
import { keep, screenshot } from '../browser/lib/output.mjs';
import { run, start, until } from '../browser/lib/processes.mjs';
import { fastest, markers, moving, openRecordings, playedFile, plays, state as filmState, tabbed } from '../browser/lib/recordings.mjs';
import { program } from '../browser/lib/server.mjs';

test('recorded when all have agreed, on with a newcomer, paused, gone on after a kill, proven', { timeout: 200000 }, async (t) => {
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
  const long = ['0', '1', '2'].map((n) => path.join(server.data, `long-${n}.tsr`)); // two hours, and what else the catalogue knows of; made beside the visit
  const longFilm = start('nice', ['-n', '19', program('tessera-longfilm'), path.join(server.data, 'gateway.key'), path.join(server.data, 'recording.pub'), recording, room, '7200,60', '-', ...long]);
  scene.later(() => longFilm.stop('SIGTERM', 3000));
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
  const audit = path.join(server.data, 'audit.log');
  const changed = path.join(server.data, 'changed.log');
  fs.writeFileSync(changed, fs.readFileSync(audit, 'utf8').replace('"record_start"', '"record_stop"'));
  for (const [file, status, words] of [[audit, 3, /audit trail: whole, \d+ records/], [changed, 1, /audit trail: broken behind record \d+: signature/]]) {
    const both = start(program('tessera-recording'), ['verify', '--key', key, '--audit', file, folder]);
    assert.equal(await both.done, status, both.out + both.err);
    assert.match(both.out, words);
  }
  fs.rmSync(changed);
  await run(program('tessera'), ['--verify-audit', path.join(server.data, 'audit.log'), '--key', key]);

  const everything = () => fs.readFileSync(path.join(server.data, 'audit.log'), 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter((r) => r.target === recording);
  const noted = (operation, event = 'done') => everything().filter((r) => r.operation === operation && r.event === event);

  await t.test('by REST: picture, chapters, manifest, verdict, and links that open once', async () => {
    const get = (url, headers = {}) => server.raw('GET', url, { headers: { authorization: 'Bearer ' + server.key, ...headers } });
    const chapters = await get(`/api/v1/recordings/${recording}/chapters.vtt?lang=fr`);
    assert.match(chapters.body, /^WEBVTT\n[^]*Bot two arrive[^]*Reprise/);
    const { segments: listed, signatures } = await server.rest('GET', `/recordings/${recording}/manifest`);
    assert.equal(listed.length, 3);
    assert.match(signatures.gateway.signature, /^[0-9a-f]{128}$/);
    assert.equal((await server.rest('POST', `/recordings/${recording}/verify`)).verdict, 'interrupted');
    const jpeg = await get(`/api/v1/recordings/${recording}/poster.jpg`);
    assert.equal(jpeg.headers['content-type'], 'image/jpeg');
    const link = async (what) => new URL((await server.rest('POST', `/recordings/${recording}/links`, { what })).url).pathname;
    const fetched = path.join(server.data, 'fetched.mp4');
    const curl = (url, ...more) => run('curl', ['-sk', '-m', '60', '-w', '%{http_code} %header{content-range}', '-o', fetched, ...more, server.origin + url]);
    const jar = ['-b', path.join(server.data, 'jar'), '-c', path.join(server.data, 'jar')];
    const once = await link('download');
    const [status, range] = (await curl(once, '-r', '0-99', ...jar)).split(' bytes ');
    assert.equal(status, '206');
    const size = Number(range.split('/')[1]);
    assert.equal(await curl(once, '-r', '-10', ...jar), `206 bytes ${size - 10}-${size - 1}/${size}`);
    assert.equal(await curl(once, '-r', `${size}-`, ...jar), `416 bytes */${size}`);
    assert.equal((await curl(once, '-I', ...jar)).trim(), '200');
    assert.match(fs.readFileSync(fetched, 'utf8'), new RegExp(`content-length: ${size}\r`, 'i'));
    assert.equal((await curl(once, ...jar)).trim(), '200');
    assert.equal(fs.statSync(fetched).size, size);
    const streams = async () => JSON.parse(await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'json', fetched])).streams.map((s) => s.codec_name);
    assert.deepEqual(await streams(), ['h264', 'opus']);
    assert.equal((await curl(once)).trim(), '403', 'somebody else');
    assert.equal((await curl('/r/' + 'a'.repeat(64))).trim(), '404', 'of another server');
    assert.equal((await curl(await link('export'))).trim(), '200');
    assert.deepEqual(await streams(), ['h264', 'aac']);
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', fetched, '-f', 'null', '-']);
    for (const operation of ['chapters', 'manifest', 'verify', 'poster', 'download', 'export']) assert.equal(noted(operation).length, 1, operation);
    assert.equal(noted('recording_link').length, 2);
    assert.deepEqual(noted('download', 'refused').map((r) => r.reason), ['link_used']);
  });

  let page;
  await t.test('a compliance link leads to the page: found, played, sought, checked, held', async () => {
    const { url } = await server.link(room, 'Carla Quist', 'compliance', { seat: 'quality', language: 'en' });
    page = await openRecordings(await scene.chromium(0, { media: null }), url);
    assert.doesNotMatch(page.url(), /\/j\//, 'the token is not left in the address');
    await page.focus('#list button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#player:not([hidden])');
    const began = await moving(page, () => page.click('#play'));
    await plays(page);
    const { length } = await filmState(page);
    const target = Math.floor(length * 0.7);
    const sought = await moving(page, () => page.evaluate((at) => { document.getElementById('video').currentTime = at; }, target), target);
    const seen = await markers(page, [{ x: 0, y: 0, w: 1280, h: 720 }, { x: 0, y: 180, w: 640, h: 360 }, { x: 640, y: 180, w: 640, h: 360 }], 4000);
    keep('recordings-played.json', { began, sought, length, ranges: page.ranges, seen });
    assert.ok(seen.length > 10, `pictures read: ${seen.length}`); // a slate lasts for 2 of the 4 s
    for (const tile of new Set(seen.map((m) => m.tile))) {
      const frames = seen.filter((m) => m.tile === tile).map((m) => m.frame);
      const back = frames.filter((f, i) => i > 0 && f < frames[i - 1]).length; // a clip begins again, and so does everybody's after the kill
      assert.ok(back <= 2, `in order: ${frames}`);
    }
    assert.ok(page.ranges.length >= 1 && page.ranges.every(([status]) => status === 206), JSON.stringify(page.ranges));
    await page.waitForSelector('#chapter-list button');
    await page.click('#verify');
    await page.waitForSelector('#said[data-verdict="interrupted"]');
    await page.focus('#hold');
    await page.keyboard.press('Space');
    await until('the hold', async () => (await server.rest('GET', '/recordings/' + recording)).hold);
    await screenshot(page, 'recordings');
    assert.deepEqual(await violations(page), []);
    await page.setViewportSize({ width: 320, height: 640 });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), 'nothing is wider than 320 px');
    await page.click('#languages [lang=fr]');
    await page.waitForSelector('#play:has-text("Lire")');
    await screenshot(page, 'recordings-320');
    await page.setViewportSize({ width: 1280, height: 800 });
    assert.deepEqual(page.problems, []);
  });

  const listed = (count) => page.waitForFunction((n) => document.querySelectorAll('#list button').length === n, count, { timeout: 10000 });

  await t.test('filters find it and leave it out; Tab reaches every control; a chapter, a file, the hold by keyboard', async () => {
    await page.click('#languages [lang=es]');
    await page.waitForSelector('#play:has-text("Reproducir")');
    const day = (days) => new Date(Date.now() + days * 86400000).toLocaleDateString('sv');
    const filter = async (id, value, count, back) => {
      await (id === 'state' ? page.selectOption('#state', value) : page.fill('#' + id, value));
      await listed(count);
      await (id === 'state' ? page.selectOption('#state', back) : page.fill('#' + id, back));
      await listed(1);
    };
    for (const state of ['running', 'shredded']) await filter('state', state, 0, 'ended');
    await filter('from', day(2), 0, day(-1));
    await filter('to', day(-2), 0, day(1));
    await filter('search', 'another visit', 0, 'CONSENT');
    await page.focus('#held');
    await page.keyboard.press('Space');
    await listed(1);
    const reached = await tabbed(page);
    for (const id of ['languages', 'search', 'from', 'to', 'state', 'held', 'list', 'play', 'verify', 'export', 'hold', 'video', 'chapter-list', 'findings']) {
      assert.ok(reached.includes(id), `${id}: ${reached}`);
    }
    await page.focus('#findings summary');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#finding-list li:visible');
    await screenshot(page, 'recordings-es');
    const last = page.locator('#chapter-list button').last();
    await moving(page, async () => {
      await last.focus();
      await page.keyboard.press('Enter');
    });
    await page.waitForSelector('#chapter-list li:last-child [aria-current=true]');
    await page.focus('#export');
    const [file] = await Promise.all([page.waitForEvent('download', { timeout: 20000 }), page.keyboard.press('Enter')]);
    assert.equal(file.suggestedFilename(), `recording-${recording}.mp4`);
    await run('ffmpeg', ['-v', 'error', '-xerror', '-i', await file.path(), '-f', 'null', '-']);
    const played = await playedFile(page.context(), await file.path());
    keep('recordings-file.json', played);
    assert.ok(!played.error && played.width === 1280 && played.pictures > 20 && played.length - played.at < 0.5, JSON.stringify(played));
    assert.ok(played.heard > 0.01, `H.264 with AAC, and its sound: ${JSON.stringify(played)}`);
    await page.focus('#hold');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#sure[open]');
    await page.keyboard.press('Tab'); // "keep" has the focus
    await page.keyboard.press('Enter');
    await page.waitForSelector('#hold:has-text("Retener")');
    await listed(0); // only those on hold were wanted
    assert.equal((await server.rest('GET', '/recordings/' + recording)).hold, false);
    assert.deepEqual([noted('hold').length, noted('release').length], [1, 1]);
    assert.deepEqual(page.problems, []);
  });

  await t.test('who runs the clinic comes to them from the page of visits', async () => {
    const desk = await page.context().newPage();
    await desk.goto(server.origin + '/recordings');
    await desk.waitForFunction(() => document.getElementById('problem').textContent !== '');
    await desk.click('#desk'); // where to sign in
    await desk.fill('#key', server.key);
    await desk.keyboard.press('Enter');
    await desk.click('a[href="/recordings"]');
    await desk.click('#list button');
    await desk.waitForSelector('#hold[aria-pressed=false]');
    await screenshot(desk, 'recordings-desk');
    assert.deepEqual([await desk.isVisible('#desk'), await desk.isVisible('#visit')], [true, false]);
    await desk.close();
  });

  await t.test('two hours of it: a picture within a second of the click, and of a jump to 1:47', async () => {
    assert.equal(await longFilm.done, 0, longFilm.err);
    for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name));
    long.forEach((file, n) => fs.renameSync(file, path.join(folder, `${n}.tsr`)));
    await page.uncheck('#held');
    await listed(1);
    page.ranges.length = 0;
    const opened = await fastest(async () => {
      await page.click('#list button');
      await page.waitForSelector('#player:not([hidden])');
      return moving(page, () => page.click('#play'));
    }, 1000);
    const { length } = await plays(page);
    assert.ok(Math.abs(length - 7320) < 1, `length: ${length}`);
    const jumped = await fastest(async (n) => { // each time to where it has not been
      const to = 6430 - n * 1800;
      const { ms, mediaTime } = await moving(page, () => page.evaluate((at) => { document.getElementById('video').currentTime = at; }, to), to);
      const seen = await until('the film to go on', async () => (await markers(page, [{ x: 0, y: 0, w: 1280, h: 720 }], 400))[0]);
      assert.equal(seen.frame, Math.floor(to / 60), `the minute of ${mediaTime}: ${JSON.stringify(seen)}`);
      return { ms, mediaTime, to };
    }, 1000);
    const places = page.ranges.map(([, , answer]) => /^bytes (\d+)-\d+\/(\d+)$/.exec(answer)).map((m) => m && m[1] / m[2]);
    keep('recordings-long.json', { opened, jumped, ranges: page.ranges });
    assert.ok(opened.ms <= 1000 && jumped.ms <= 1000, `ms from a click: ${opened.ms}, from a jump: ${jumped.ms}`);
    assert.ok(page.ranges.every(([status]) => status === 206) && places.some((at) => at > 0.8), JSON.stringify(page.ranges));
    await screenshot(page, 'recordings-long');
    assert.deepEqual(page.problems, []);
  });
});
