// load.mjs - the participant's page over a thin line: how long until it can be used, and from the press on Join to voice and picture.
// usage: node load.mjs CASE[:PAUSE]...   prints one JSON object a line: {case, usable_s, voice_s, picture_s, down, up, join_down, join_up}
// Page, signaling and media share the line. A case is a visit: "cold" by a browser that was never here; "warm" by the profile of the
// cold one before it in a new browser process, which has kept page and files but no connection; "hasty" is cold too. Join is pressed when it
// can be in a hasty visit, 3 s later (or PAUSE ms) in the others: a person looks at the page first.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { launchChromium } from '../../tests/browser/lib/chromium.mjs';
import { startServer } from '../../tests/browser/lib/server.mjs';
import { startBots } from '../../tests/browser/lib/bot.mjs';
import { until } from '../../tests/browser/lib/processes.mjs';
import { mediaFolder } from '../../tests/browser/lib/output.mjs';
import { generate } from '../../tests/browser/media/generate.mjs';
import { makeLab } from '../../tests/browser/lib/lab.mjs';
import { makeCertificate } from './certificate.mjs';

const LINE = 'rate=64 delay=50 queue=2000';
const PAUSE_MS = { cold: 3000, warm: 3000, hasty: 0 };
const LIMIT_MS = 60000;
const [media] = generate(mediaFolder, [10]);

/* eslint-disable no-undef */
// In the page, before anything of its own: notes when things happen, in ms since the navigation began, and presses Join.
function watch(pause) {
  const seen = (window.seen = {});
  const note = (name) => {
    if (!(name in seen)) seen[name] = performance.now();
  };
  const button = () => document.getElementById('join');
  const usable = () => {
    const b = button();
    if (!b || b.disabled || !b.getClientRects().length) return requestAnimationFrame(usable);
    note('usable');
    window.tellUsable();
    setTimeout(() => {
      note('pressed');
      button().click();
      document.getElementById('composite').requestVideoFrameCallback(() => note('picture'));
      listen();
    }, pause);
    return undefined;
  };
  const listen = async () => {
    const all = window.tessera ? await window.tessera.stats() : [];
    const sound = all.find((s) => s.type === 'inbound-rtp' && s.kind === 'audio');
    if (sound && sound.totalAudioEnergy > 0) note('voice');
    else setTimeout(listen, 40);
  };
  requestAnimationFrame(usable);
}
/* eslint-enable no-undef */

const bytes = ({ down, up }) => ({ down: down.bytes, up: up.bytes });

async function visit(name, pause, line, link, certificate, profile) {
  const browser = await launchChromium({ media, profile, namespace: line.namespace, args: ['--ignore-certificate-errors-spki-list=' + certificate.pin] });
  try {
    const page = await browser.newPage();
    const before = bytes(await line.quiet());
    let usable = null;
    await page.exposeFunction('tellUsable', async () => (usable = bytes(await line.figures())));
    await page.addInitScript(watch, pause);
    page.on('pageerror', (e) => console.error(e.message));
    await page.goto(`${link.url}#raw`, { timeout: LIMIT_MS });
    const seen = await until('voice and picture', async () => {
      const s = await page.evaluate(() => window.seen);
      return s.voice && s.picture && s;
    }, LIMIT_MS, 100).catch(async () => page.evaluate(() => window.seen));
    const after = bytes(await line.figures());
    const since = (name) => (seen[name] ? (seen[name] - seen.pressed) / 1000 : null);
    await page.evaluate(() => window.tessera.leave());
    await until('the page to be kept for the next time', () => page.evaluate(async () => !!(await caches.match('/'))), LIMIT_MS, 200);
    return { case: name, usable_s: seen.usable / 1000, voice_s: since('voice'), picture_s: since('picture'), down: usable.down - before.down, up: usable.up - before.up, join_down: after.down - usable.down, join_up: after.up - usable.up };
  } finally {
    await browser.close();
  }
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-bench-'));
const lab = await makeLab([LINE]);
const [line] = lab.links;
const ends = [() => lab.close(), () => fs.rmSync(folder, { recursive: true, force: true })];
try {
  const certificate = await makeCertificate(folder, lab.address);
  const server = await startServer({ name: 'bench-load', namespace: lab.namespace, address: lab.address, port: 8443, settings: { 'server.certificate': certificate.chain, 'server.key': certificate.key } });
  ends.unshift(() => server.stop());
  const room = await server.room('Bench');
  const bots = startBots([await server.link(room, 'Bot', 'clinician')], { seconds: 600, namespace: lab.namespace, args: ['--tone'] });
  ends.unshift(() => bots.stop('SIGINT', 3000));
  await until('the other one', async () => (await server.inspect(room)).participants.some((p) => p.state === 'up'), 20000, 200);
  let link;
  let profile;
  for (const [i, argument] of process.argv.slice(2).entries()) {
    const [name, pause = PAUSE_MS[argument]] = argument.split(':');
    if (name !== 'warm' || !profile) {
      profile = path.join(folder, `profile-${i}`);
      link = await server.link(room, 'Anna', 'patient');
    }
    console.log(JSON.stringify(await visit(name, Number(pause), line, link, certificate, profile)));
  }
} finally {
  for (const end of ends) await Promise.resolve(end()).catch((e) => console.error(e.message));
}
process.exit(0);
