// cpu.mjs - what a tab costs: in a visit of 2, in a visit of 16, and with 15 separate streams instead of the mix.
// usage: node cpu.mjs SECONDS SETTLE CASE...   prints one JSON object a line, in that order: {case, cpu_ms (a second), pictures (a second)}
// A case is KIND:TIER:HOW, e.g. n16:A:full or s15::watch. "full" sends camera and microphone as well, "watch" only watches and listens.
// CPU is that of the renderer, GPU and utility processes of the browser. In the visits one other person talks, the rest are silent,
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
const WIDTH = { A: 1280, B: 640, '': 320 }; // 25 pictures a second each
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
      if (!/--type=(renderer|gpu-process|utility)/.test(read(pid, 'cmdline'))) continue;
      const [, , , , , , , , , , , user, system] = read(pid, 'stat').replace(/^.*\) /s, '').split(' ').map(Number);
      spent.set(pid, ((user + system) * 1000) / TICKS);
    }
    return spent;
  };
  return browser;
}

const pictures = (stats) => stats.filter((s) => s.type === 'inbound-rtp' && s.kind === 'video');
const sum = (list, member) => list.reduce((n, s) => n + (s[member] || 0), 0);

async function measure({ name, kind, tier }, browser, stats) {
  await until('pictures of full size and rate', async () => {
    const whole = pictures(await stats()).filter((s) => s.frameWidth === WIDTH[tier] && s.framesPerSecond > 20).length;
    return whole === (kind === 's15' ? STREAMS : 1);
  }, 20000, 200);
  await sleep(1000 * settle);
  const [before, from, start] = [browser.cpu(), await stats(), performance.now()];
  await sleep(seconds * 1000);
  const [after, to, end] = [browser.cpu(), await stats(), performance.now()];
  const ms = [...after].reduce((n, [pid, value]) => n + value - (before.get(pid) || 0), 0);
  const per = 1000 / (end - start);
  const shown = (sum(pictures(to), 'framesDecoded') - sum(pictures(from), 'framesDecoded')) * per;
  return { case: name, cpu_ms: ms * per, pictures: shown / (kind === 's15' ? STREAMS : 1) };
}

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
    page = await join(browser, own, { timeout: 30000 });
    await server.rest('POST', `/rooms/${room}/participants/${own.seat}/tier`, { tier: what.tier });
    if (what.how === 'watch') await page.evaluate(() => window.tessera.media.setWay('watch'));
    await until('everybody', async () => (await server.inspect(room)).participants.filter((p) => p.state === 'up').length === PEOPLE[what.kind], 30000, 200);
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
    const tab = await streamsTab(browser, others, what.how === 'full');
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
    const [kind, tier, how] = name.split(':');
    const what = { name, kind, tier, how };
    const found = kind === 's15' ? withStreams(what, browser) : inVisit(what, server, browser);
    console.log(JSON.stringify(await found));
  }
} finally {
  await browser.close();
  await server.stop();
}
process.exit(0);
