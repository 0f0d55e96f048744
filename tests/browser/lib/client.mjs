// client.mjs - the web client against the stand-in of mock.mjs: one browser, the hidden room page, and the page under test.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { generate } from '../media/generate.mjs';
import { launchChromium } from './chromium.mjs';
import { startMock } from './mock.mjs';
import { mediaFolder } from './output.mjs';

export const [patient] = generate(mediaFolder, [0]);
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

export async function withBrowser(t, options = { media: patient }) {
  const mock = await startMock();
  const browser = await launchChromium(options);
  t.after(async () => {
    await browser.close();
    mock.close();
  });
  const room = await browser.newPage();
  await room.goto(mock.roomPage);
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (e) => problems.push(e.message));
  page.on('console', (m) => m.type() === 'error' && problems.push(m.text()));
  return { mock, browser, page, problems };
}

export const stateIs = (page, state, timeout = 15000) => page.waitForFunction((s) => window.tessera && window.tessera.state === s, state, { timeout });

export async function enter(page, link) {
  await page.goto(link);
  await page.click('#join');
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
}

// How many pictures came, as soon as these are enough or after 5 s.
export const framesMove = (page, enough = 11) => page.evaluate(async (most) => {
  const frames = () => document.getElementById('composite').getVideoPlaybackQuality().totalVideoFrames;
  const [from, until] = [frames(), performance.now() + 5000];
  while (frames() - from < most && performance.now() < until) await new Promise((r) => setTimeout(r, 50));
  return frames() - from;
}, enough);

export const count = (mock, type) => mock.seen.filter((m) => m.type === type).length;
export const last = (mock, type) => mock.seen.filter((m) => m.type === type).pop();

// Until the element of that id says it.
export const textOf = (page, id, pattern, timeout = 5000) => page.waitForFunction(([i, p]) => new RegExp(p).test((document.getElementById(i) || {}).textContent || ''), [id, pattern], { timeout });
export const overEdge = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// What WCAG 2.2 A and AA rules that can be tested find on the page as it is: ["rule: element", ...].
export async function violations(page) {
  const found = await page.evaluate(`(async () => { if (!window.axe) { const module = undefined; ${AXE} }
    const r = await window.axe.run(document, { runOnly: ${JSON.stringify(RULES)} });
    return r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ' ' + n.failureSummary.split('\\n')[1])); })()`);
  return found;
}
