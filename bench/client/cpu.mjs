// cpu.mjs - what a tab costs: in a visit of 2, in a visit of 16, and with 15 separate streams instead of the mix.
// usage: node cpu.mjs SECONDS SETTLE CASE...   prints one JSON object a line, in that order: {case, cpu_ms (a second), pictures (a second),
// width (of the picture), parts: {renderer, gpu-process, utility} ms a second}
// A case is KIND:TIER:HOW[:SCREEN], e.g. n16:A:full, s15::watch or n16:auto:watch:800x480. "full" sends camera and microphone as well,
// "watch" only watches and listens, "blind" is "watch" with nothing painted: what receiving, decoding and sound cost alone. SCREEN is
// the size of the window, 1280x800 when it is not given. CPU is that of the renderer, GPU and utility processes of the browser. In the visits one other person talks, the rest are silent,
// and nobody else watches a picture, so that the server leaves the machine to the tab.
import fs from 'node:fs';
import { launchChromium } from '../../tests/browser/lib/chromium.mjs';
import { startServer } from '../../tests/browser/lib/server.mjs';
import { startBots } from '../../tests/browser/lib/bot.mjs';
import { join } from '../../tests/browser/lib/visit.mjs';
import { descendants, sleep, until } from '../../tests/browser/lib/processes.mjs';
import { mediaFolder } from '../../tests/browser/lib/output.mjs';
import { generate } from '../../tests/browser/media/generate.mjs';
import { STREAMS, streamsTab } from './streams.mjs';

const [seconds, settle] = process.argv.slice(2, 4).map(Number);
const cases = process.argv.slice(4);
const PEOPLE = { n2: 2, n16: 16 };
const WIDTH = { A: 1280, B: 640, '': 320 }; // 25 pictures a second each; auto: what the room finds fit
const KINDS = /--type=(renderer|gpu-process|utility)/;
const TICKS = 100; // a second, of /proc
const ARGS = ['--allow-loopback-in-peer-connection'];

const read = (pid, name) => {
  try {
    return fs.readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch (e) {
    return '';
  }
};

// A browser, and the processes of it that do a tab's work.
async function launch(person) {
  const before = new Set(descendants(process.pid).map((p) => p.pid));
  const [media] = generate(mediaFolder, [person]);
  const browser = await launchChromium({ media, args: ARGS });
  const root = descendants(process.pid).find((p) => p.parent === process.pid && !before.has(p.pid)).pid;
  browser.cpu = () => {
    const spent = new Map();
    for (const { pid } of descendants(root)) {
      const [, kind] = KINDS.exec(read(pid, 'cmdline')) || [];
      const [, , , , , , , , , , , user, system] = read(pid, 'stat').replace(/^.*\) /s, '').split(' ').map(Number);
      if (kind) spent.set(pid, { kind, ms: ((user + system) * 1000) / TICKS });
    }
    return spent;
  };
  return browser;
}

const pictures = (stats) => stats.filter((s) => s.type === 'inbound-rtp' && s.kind === 'video');
const sum = (list, member) => list.reduce((n, s) => n + (s[member] || 0), 0);

async function measure({ name, kind, tier }, browser, stats) {
  await until('pictures of full size and rate', async () => {
    const wanted = (width) => (tier === 'auto' ? width >= WIDTH.B : width === WIDTH[tier]);
    const whole = pictures(await stats()).filter((s) => wanted(s.frameWidth) && s.framesPerSecond > 20).length;
    return whole === (kind === 's15' ? STREAMS : 1);
  }, 20000, 200);
  await sleep(1000 * settle);
  const [before, from, start] = [browser.cpu(), await stats(), performance.now()];
  await sleep(seconds * 1000);
  const [after, to, end] = [browser.cpu(), await stats(), performance.now()];
  const per = 1000 / (end - start);
  const parts = {};
  for (const [pid, { kind: part, ms }] of after) parts[part] = (parts[part] || 0) + (ms - (before.has(pid) ? before.get(pid).ms : 0)) * per;
  const shown = (sum(pictures(to), 'framesDecoded') - sum(pictures(from), 'framesDecoded')) * per;
  const cpu = Object.values(parts).reduce((all, ms) => all + ms, 0);
  return { case: name, cpu_ms: cpu, pictures: shown / (kind === 's15' ? STREAMS : 1), width: pictures(to)[0].frameWidth, parts };
}

/* eslint-disable no-undef */
const hide = (id) => {
  for (const video of id ? [document.getElementById(id)] : document.querySelectorAll('video')) video.style.visibility = 'hidden';
};
/* eslint-enable no-undef */

async function inVisit(what, server, browser) {
  const room = await server.room(what.name);
  const links = [];
  for (let i = 1; i < PEOPLE[what.kind]; i++) links.push(await server.link(room, `Person ${i}`));
  const silent = ['--tier', 'audio', '--decode', '0'];
  const bots = [startBots(links.slice(0, 1), { args: silent })];
  if (links.length > 1) bots.push(startBots(links.slice(1), { args: [...silent, '--mute'] }));
  const own = await server.link(room, 'Anna', 'patient');
  let page;
  try {
    page = await join(browser, own, { timeout: 30000, prepare: (p) => p.setViewportSize(what.screen) });
    await server.rest('POST', `/rooms/${room}/participants/${own.seat}/tier`, { tier: what.tier });
    if (what.how !== 'full') await page.evaluate(() => window.tessera.media.setWay('watch'));
    await until('everybody', async () => (await server.inspect(room)).participants.filter((p) => p.state === 'up').length === PEOPLE[what.kind], 30000, 200);
    if (what.how === 'blind') await page.evaluate(hide, 'composite');
    const stats = () => page.evaluate(() => window.tessera.stats());
    return await measure(what, browser, stats);
  } finally {
    if (page) await page.close();
    for (const bot of bots) await bot.stop('SIGINT', 5000);
    await server.rest('DELETE', `/rooms/${room}`);
  }
}

async function withStreams(what, browser) {
  const others = await launch(18);
  try {
    const tab = await streamsTab(browser, others, what.how === 'full', what.screen);
    if (what.how === 'blind') await tab.page.evaluate(hide);
    const found = await measure(what, browser, tab.stats);
    await tab.close();
    return found;
  } finally {
    await others.close();
  }
}

const server = await startServer({ name: 'bench-cpu' });
const browser = await launch(10);
try {
  for (const name of cases) {
    const [kind, tier, how, size = '1280x800'] = name.split(':');
    const [width, height] = size.split('x').map(Number);
    const what = { name, kind, tier, how, screen: { width, height } };
    const found = kind === 's15' ? withStreams(what, browser) : inVisit(what, server, browser);
    console.log(JSON.stringify(await found));
  }
} finally {
  await browser.close();
  await server.stop();
}
process.exit(0);
