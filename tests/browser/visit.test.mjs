// Real browsers and a bot in one composited picture: everybody is seen moving and heard, nobody hears himself, nobody is there twice.
import test from 'node:test';
import assert from 'node:assert/strict';
import { ghosts, people, Scene } from './lib/scene.mjs';
import { keep, screenshot } from './lib/output.mjs';
import { sleep, until } from './lib/processes.mjs';
import { firstPicture, hear, join, live, power, seatsInLayout, stat, stateOf, toneLevel, watch } from './lib/visit.mjs';

const HEARD = -45; // dB of full scale: a tone of -15 dB through two codecs and a mix
const NOT_HEARD = -60;
const BOT_TONE = 400; // of the first participant of tessera-bot --tone: words would reach every frequency a little

// `seats`: {seat: person number, or null for a bot}
function everybodyMoves(seen, seats, who) {
  assert.deepEqual(Object.keys(seen.tiles).sort(), Object.keys(seats).sort(), `tiles that ${who} sees`);
  for (const [seat, person] of Object.entries(seats)) {
    const tile = seen.tiles[seat];
    const what = `${who} sees ${tile.name}: ${JSON.stringify(tile)}`;
    if (person === null) assert.ok(tile.moved > 5, what);
    else {
      assert.equal(tile.person, person, what);
      assert.ok(tile.changes > seen.pictures / 4 && tile.changes > 10, what);
      assert.ok(tile.backwards <= 1, what);
    }
  }
}

async function hears(page, who, tones, silent) {
  const sound = await hear(page, 3000);
  for (const [name, tone] of tones) assert.ok(toneLevel(sound, tone) > HEARD, `${who} hears ${name}: ${toneLevel(sound, tone)} dB`);
  for (const [name, tone] of silent) assert.ok(toneLevel(sound, tone) < NOT_HEARD, `${who} does not hear ${name}: ${toneLevel(sound, tone)} dB`);
  return sound;
}

const codecOf = async (page, type) => {
  const all = await page.evaluate(() => window.tessera.stats());
  const stream = all.filter((s) => s.type === type && s.kind === 'video').sort((a, b) => (b.bytesSent || b.bytesReceived || 0) - (a.bytesSent || a.bytesReceived || 0))[0];
  return (all.find((s) => stream && s.id === stream.codecId) || {}).mimeType;
};

async function noGhost(scene, room, page, seats) {
  const { participants } = await scene.main.inspect(room);
  const here = participants.filter((p) => p.state !== 'absent');
  assert.deepEqual(ghosts(here, await seatsInLayout(page)), []);
  assert.equal(here.length, seats);
}

test('two Chromium and a bot', { timeout: 180000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'two-chromium' });
  const room = await server.room('Two browsers');
  const anna = await server.link(room, 'Anna Lindqvist', 'patient');
  const ben = await server.link(room, 'Dr. Ben Okafor', 'provider');
  const bot = await server.link(room, 'Bot', 'guest');
  scene.bots([bot], { seconds: 170, args: ['--tone'] });
  const a = await join(await scene.chromium(0), anna);
  const ownBrowser = await scene.chromium(1);
  const b = await join(ownBrowser, ben);
  const participants = await scene.connected(room, 3);
  const seat = (name) => participants.find((p) => p.name === name).seat;
  const seats = { [seat('Anna Lindqvist')]: people[0].person, [seat('Dr. Ben Okafor')]: people[1].person, [seat('Bot')]: null };
  const bens = seat('Dr. Ben Okafor');
  await firstPicture(a);
  await firstPicture(b);
  await until('three tiles', async () => (await seatsInLayout(a)).length === 3 && (await seatsInLayout(b)).length === 3);
  await sleep(1500);

  await t.test('both see all three move', async () => {
    const [seenA, seenB] = [await watch(a), await watch(b)];
    keep('two-chromium-seen.json', { seenA, seenB });
    await screenshot(a, 'two-chromium-a');
    await screenshot(b, 'two-chromium-b');
    everybodyMoves(seenA, seats, 'Anna');
    everybodyMoves(seenB, seats, 'Ben');
    await noGhost(scene, room, a, 3);
  });

  await t.test('each hears the other and not itself', async () => {
    const [ta, tb] = [people[0].tone, people[1].tone];
    await hears(a, 'Anna', [['Ben', tb], ['the bot', BOT_TONE]], [['herself', ta]]);
    await hears(b, 'Ben', [['Anna', ta], ['the bot', BOT_TONE]], [['himself', tb]]);
  });

  await t.test('mute: not heard, still seen, shown in the list', async () => {
    await b.click('#mute');
    await until('the roster', () => a.evaluate((s) => window.tessera.roster.find((p) => p.seat === s).audio === false, bens));
    await sleep(300);
    const sound = await hears(a, 'Anna', [['the bot', BOT_TONE]], [['Ben', people[1].tone]]);
    keep('two-chromium-muted.json', { power: power(sound) });
    everybodyMoves(await watch(a, 2500), seats, 'Anna');
    assert.match(await a.textContent('#people'), /muted/);
    await b.click('#mute');
    await sleep(700);
    await hears(a, 'Anna', [['Ben', people[1].tone]], []);
  });

  await t.test('camera off: a placeholder; on again: moving', async () => {
    await b.click('#camera');
    await until('the roster', () => a.evaluate((s) => window.tessera.roster.find((p) => p.seat === s).video === false, bens));
    await sleep(1500);
    const off = await watch(a, 2500);
    await screenshot(a, 'two-chromium-camera-off');
    assert.equal(off.tiles[bens].read, 0, JSON.stringify(off.tiles[bens]));
    await b.click('#camera');
    await until('the roster', () => a.evaluate((s) => window.tessera.roster.find((p) => p.seat === s).video === true, bens));
    await sleep(1500);
    everybodyMoves(await watch(a, 3000), seats, 'Anna');
  });

  await t.test('reload on the same link: back within 3 s, in the same seat, once', async () => {
    const began = Date.now();
    await b.reload({ waitUntil: 'commit' });
    await live(b, 6000);
    await firstPicture(b, 6000);
    const ms = Date.now() - began;
    keep('two-chromium-reload.json', { ms });
    assert.ok(ms < 3000, `back after ${ms} ms`);
    assert.equal(await b.evaluate(() => window.tessera.me.seat), bens);
    await scene.connected(room, 3);
    await sleep(1500);
    await noGhost(scene, room, a, 3);
    await noGhost(scene, room, b, 3);
    everybodyMoves(await watch(a, 3000), seats, 'Anna');
    everybodyMoves(await watch(b, 3000), seats, 'Ben');
    await hears(a, 'Anna', [['Ben', people[1].tone]], [['herself', people[0].tone]]);
  });

  await t.test('the same link in a second window takes the seat over', async () => {
    const second = await join(ownBrowser, ben);
    await until('the first window to say so', async () => (await stateOf(b)) === 'ended');
    assert.equal(await b.evaluate(() => window.tessera.reason), 'replaced');
    assert.equal(await second.evaluate(() => window.tessera.me.seat), bens);
    await sleep(1000);
    await noGhost(scene, room, a, 3);
    await second.click('#leave');
    assert.equal(await stateOf(second), 'ended');
  });

  await t.test('leaving: gone from the picture and from REST', async () => {
    await until('two tiles', async () => (await seatsInLayout(a)).length === 2, 5000);
    await scene.connected(room, 2);
    await noGhost(scene, room, a, 2);
    assert.ok(!(bens in (await watch(a, 1500)).tiles));
  });
  assert.deepEqual(a.problems, []);
});

test('Chromium with H.264, Firefox with VP8 and a bot', { timeout: 150000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'chromium-firefox' });
  const room = await server.room('Mixed codecs');
  const links = [await server.link(room, 'Anna', 'patient'), await server.link(room, 'Ben', 'provider'), await server.link(room, 'Bot', 'guest')];
  scene.bots([links[2]], { seconds: 140, args: ['--tone'] });
  const c = await join(await scene.chromium(0), links[0]);
  const f = await join(await scene.firefox(1), links[1], { timeout: 30000 });
  const participants = await scene.connected(room, 3);
  const seats = Object.fromEntries(participants.map((p) => [p.seat, { Anna: people[0].person, Ben: people[1].person, Bot: null }[p.name]]));
  await firstPicture(c);
  await firstPicture(f);
  await until('three tiles', async () => (await seatsInLayout(c)).length === 3 && (await seatsInLayout(f)).length === 3);
  await sleep(2000);

  await t.test('all tiles move for both', async () => {
    const [seenC, seenF] = [await watch(c), await watch(f)];
    keep('chromium-firefox-seen.json', { seenC, seenF });
    await screenshot(c, 'chromium-firefox-c');
    await screenshot(f, 'chromium-firefox-f');
    everybodyMoves(seenC, seats, 'Chromium');
    everybodyMoves(seenF, seats, 'Firefox');
  });

  await t.test('H.264 here and VP8 there, both ways', async () => {
    assert.equal(await codecOf(c, 'outbound-rtp'), 'video/H264');
    assert.equal(await codecOf(c, 'inbound-rtp'), 'video/H264');
    assert.equal(await codecOf(f, 'outbound-rtp'), 'video/VP8');
    assert.equal(await codecOf(f, 'inbound-rtp'), 'video/VP8');
  });

  await t.test('each hears the other and not itself', async () => {
    await hears(c, 'Chromium', [['Firefox', people[1].tone], ['the bot', BOT_TONE]], [['itself', people[0].tone]]);
    await hears(f, 'Firefox', [['Chromium', people[0].tone], ['the bot', BOT_TONE]], [['itself', people[1].tone]]);
  });

  await t.test('Firefox reloads: back within 3 s, once', async () => {
    const began = Date.now();
    f.reload().catch(() => {});
    await sleep(100);
    await live(f, 6000);
    await firstPicture(f, 6000);
    keep('chromium-firefox-reload.json', { ms: Date.now() - began });
    assert.ok(Date.now() - began < 3000, `back after ${Date.now() - began} ms`);
    await scene.connected(room, 3);
    await sleep(1500);
    await noGhost(scene, room, c, 3);
    everybodyMoves(await watch(c, 3000), seats, 'Chromium');
    everybodyMoves(await watch(f, 3000), seats, 'Firefox');
  });
});

for (const [name, options] of [
  ['microphone only', { permissions: ['microphone'] }],
  ['nothing allowed', { permissions: [] }],
]) {
  test(`${name}: the person takes part, with a tile that carries the name`, { timeout: 90000 }, async (t) => {
    const scene = new Scene(t);
    const server = await scene.server({ name: name.replace(/ /g, '-') });
    const room = await server.room(name);
    const [voice, camera] = [await server.link(room, 'Voice Only', 'patient'), await server.link(room, 'With Camera', 'provider')];
    const v = await join(await scene.chromium(0, options), voice);
    const c = await join(await scene.chromium(1), camera);
    const participants = await scene.connected(room, 2);
    const seat = (n) => participants.find((p) => p.name === n).seat;
    await firstPicture(v);
    await until('two tiles', async () => (await seatsInLayout(v)).length === 2);
    await until('the top tier', async () => (await server.inspect(room)).participants.every((p) => p.tier === 'A'), 20000, 200);
    await sleep(1500);
    const frozen = async () => (await stat(c, 'inbound-rtp', 'video')).totalFreezesDuration || 0;
    const before = await frozen();
    const seen = await watch(v, 3000);
    await screenshot(c, name.replace(/ /g, '-'));
    assert.equal(seen.tiles[seat('With Camera')].person, people[1].person);
    assert.ok(seen.tiles[seat('With Camera')].changes > 10);
    assert.equal(seen.tiles[seat('Voice Only')].read, 0);
    if (options.permissions.length) await hears(c, 'the other', [['the voice', people[0].tone]], []);
    await hears(v, 'the voice', [['the other', people[1].tone]], [['itself', people[0].tone]]);
    assert.ok((await frozen()) - before < 1, 'the picture of the other stands still for less than a second');
  });
}

test('links that do not work say why, and what to do, in the language of the link or the browser', { timeout: 60000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'bad-links' });
  const other = await scene.server({ name: 'bad-links-other' });
  scene.main = server;
  const room = await server.room('Links');
  const { token } = await server.link(room, 'Anna', 'patient');
  const foreign = (await other.link(await other.room('Other'), 'Anna', 'patient')).token;
  const forged = token.slice(0, -6) + (token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA');
  const [head, body] = token.split('.');
  const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${body}.`;
  const page = await (await scene.chromium(0)).newPage();
  const says = async (bad, title, what = title) => {
    await page.goto(`${server.origin}/j/${bad}`);
    await page.waitForSelector('#why:visible');
    assert.deepEqual(await page.evaluate(() => [document.getElementById('title').textContent, document.title, document.activeElement.id]), [title, title, 'title'], what);
    assert.match(await page.textContent('#text'), /clinic|clínica|clinique/);
  };
  for (const [what, bad] of [['forged', forged], ['cut', token.slice(0, 40)], ['alg none', none], ['no signature', `${head}.${body}`], ['nonsense', 'x']]) await says(bad, 'This link does not work', what);
  await says(foreign, 'This link belongs to another place');
  const brief = await server.link(room, 'Ben', 'patient', { expires_in: 1 });
  const gone = await server.link(room, 'Ana', 'patient', { language: 'es' });
  await server.rest('DELETE', `/rooms/${room}/links/${gone.seat}`);
  await says(gone.token, 'Este enlace fue retirado');
  await page.click('#languages [lang=fr]');
  await page.waitForFunction(() => document.getElementById('title').textContent === 'Ce lien a été retiré' && document.documentElement.lang === 'fr');
  const over = await server.room('Over');
  const late = await server.link(over, 'Ana', 'patient');
  await server.rest('DELETE', `/rooms/${over}`);
  await says(late.token, 'The visit has ended');
  await until('a link of one second to end', async () => (await server.raw('GET', `/j/${brief.token}`)).status === 403);
  await says(brief.token, 'This link has expired');
  await page.goto(`${server.origin}/j/${token}`);
  await page.waitForSelector('#join:visible');
});
