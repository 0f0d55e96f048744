// The page of recordings against answers made up here: what it says of recordings that did not end as somebody wanted, and the hold.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { launchChromium } from './lib/chromium.mjs';
import { violations } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';

const WEB = new URL('../../assets/', import.meta.url);
const ORIGIN = 'https://clinic.test';
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml' };

const recording = (id, more) => ({ id, room: 'visit', name: 'Visit ' + id, policy: 'everyone', tier: 'A', created_ms: 1790000000000, ended_ms: 1790000060000, state: 'ended', reason: 'stop', media_ms: 60000, hold: false, interrupted: false, ...more });
const ALL = [
  recording('whole', { hold: true }),
  recording('full', { reason: 'disk_full' }),
  recording('gap', { interrupted: true }),
  recording('both', { reason: 'failed', interrupted: true }),
  recording('never', { media_ms: 0 }),
  recording('nospace', { media_ms: 0, reason: 'disk_full' }),
  recording('now', { state: 'running', reason: undefined }),
];
const STATES = { whole: 'Complete', full: 'Ended early: disk full', gap: 'Has a gap', both: 'Ended early: a fault in the server · Has a gap', never: 'Nothing was recorded', nospace: 'Nothing was recorded. Ended early: disk full', now: 'Being recorded' };

async function opened(t) {
  const browser = await launchChromium({ media: null });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const held = [];
  await page.route(ORIGIN + '/**', (route) => {
    const { pathname } = new URL(route.request().url());
    const [, one, what] = /^\/api\/v1\/recordings(?:\/(\w+))?(?:\/(.+))?$/.exec(pathname) || [];
    if (what === 'hold') {
      held.push([one, route.request().postDataJSON().hold]);
      ALL.find((r) => r.id === one).hold = held[held.length - 1][1];
      return route.fulfill({ status: 204 });
    }
    if (what) return route.fulfill({ status: 409, json: { code: 'conflict', detail: 'not here' } });
    if (one) return route.fulfill({ json: { ...ALL.find((r) => r.id === one), segments: [] } });
    if (pathname.startsWith('/api')) return route.fulfill({ json: { recordings: ALL } });
    const name = pathname === '/recordings' ? 'web/recordings/index.html' : pathname.slice(1);
    return route.fulfill({ contentType: TYPES[path.extname(name)], body: fs.readFileSync(new URL(name, WEB)) });
  });
  await page.addInitScript(() => sessionStorage.setItem('tessera-admin', 'key'));
  await page.goto(ORIGIN + '/recordings?lang=en');
  await page.waitForSelector('#list button');
  return { page, held };
}

test('each recording says how it ended; what never began is not complete; off hold is asked twice', { timeout: 60000 }, async (t) => {
  const { page, held } = await opened(t);
  const choose = async (id) => {
    await page.click(`#list button:has-text("Visit ${id}")`);
    await page.waitForFunction((name) => document.getElementById('chosen-title').textContent === name, 'Visit ' + id);
  };
  for (const [id, state] of Object.entries(STATES)) {
    const row = await page.textContent(`#list button:has-text("Visit ${id}") small`);
    assert.equal(row.split(' · ').slice(2).join(' · '), state + (id === 'whole' ? ' · on hold' : ''), id);
    await choose(id);
    assert.ok((await page.$$eval('#facts dd', (all) => all.map((e) => e.textContent))).includes(state), id);
    assert.equal(await page.isEnabled('#play'), !['never', 'nospace', 'now'].includes(id), id);
    assert.match(await page.textContent('#said'), id === 'never' || id === 'nospace' ? /nothing to play/ : /^$/, id);
  }
  await choose('never');
  await screenshot(page, 'recordings-ends');
  assert.deepEqual(await violations(page), []);
  await choose('whole');
  await page.click('#hold');
  await page.waitForSelector('#sure[open]');
  await screenshot(page, 'recordings-release');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Enter'); // "keep" has the focus
  await page.waitForSelector('#sure', { state: 'hidden' });
  await page.click('#hold');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#sure', { state: 'hidden' });
  assert.deepEqual(held, []);
  await page.click('#hold');
  await page.click('#sure-yes');
  await page.waitForSelector('#hold[aria-pressed=false]');
  assert.deepEqual(held, [['whole', false]]);
  for (const code of ['es', 'fr']) {
    await page.click(`#languages [lang=${code}]`);
    await page.waitForFunction((tag) => document.documentElement.lang === tag, code);
    for (const small of await page.$$eval('#list small', (all) => all.map((e) => e.textContent))) assert.doesNotMatch(small, /why_|\{|early|nothing/, code);
  }
});
