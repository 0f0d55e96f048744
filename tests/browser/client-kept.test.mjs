// A page that was open once opens again when the server does not answer, and the visit goes on as soon as it does.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from './lib/scene.mjs';
import { until } from './lib/processes.mjs';
import { firstPicture, live } from './lib/visit.mjs';

const prejoin = (page) => until('the page before the visit', () => page.evaluate(() => {
  const join = document.getElementById('join');
  return !!join && join.getClientRects().length > 0 && !join.disabled;
}), 15000);
const kept = (page) => page.evaluate(async () => {
  const all = [];
  for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) all.push(new URL(request.url).pathname);
  return all;
});

test('the page is kept for a line that is thin or gone', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'client-kept' });
  const room = await server.room('Kept');
  const link = await server.link(room, 'Anna Lindqvist', 'patient', { language: 'es' });
  const browser = await scene.chromium(0, { args: ['--ignore-certificate-errors'] }); // of the service worker's script, too
  const first = await browser.newPage();
  await first.goto(link.url);
  await prejoin(first);
  const files = await until('the page to be kept', async () => (await kept(first)).includes('/') && kept(first), 20000);
  assert.ok(['app.js', 'later.js', 'room.css', 'lang/es.json'].every((name) => files.some((file) => file.endsWith('/' + name))), files.join());
  assert.ok(!JSON.stringify(files).includes(link.token), 'no token is kept');
  await first.close();

  const [{ pid }] = server.processes('tessera');
  process.kill(pid, 'SIGSTOP');
  let page;
  try {
    page = await browser.newPage();
    await page.goto(link.url, { timeout: 10000 });
    await prejoin(page);
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'es');
    await page.evaluate(() => document.getElementById('join').click());
    await until('the room, waiting', () => page.evaluate(() => window.tessera.state === 'joining' && !document.getElementById('room').hidden));
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await live(page, 20000);
  await firstPicture(page);

  await t.test('a link that is no more is known to the server alone', async () => {
    await server.rest('DELETE', `/rooms/${room}/links/${link.seat}`);
    await until('the explanation', () => page.evaluate(() => document.getElementById('message').dataset.kind === 'removed'));
    const again = await browser.newPage();
    await again.goto(link.url);
    await until('one way or the other', async () => again.evaluate(() => {
      const join = document.getElementById('join');
      if (join && join.getClientRects().length > 0) join.click();
      const message = document.getElementById('message');
      return !message || ['removed', 'link-revoked'].includes(message.dataset.kind);
    }));
  });
});

test('a page whose script was lost on the way is loaded again as soon as the server answers; looks alone come without that', { timeout: 60000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'client-lost' });
  const link = await server.link(await server.room('Lost'), 'Anna Lindqvist', 'patient');
  const open = async (lost, ...answers) => {
    const page = await (await scene.chromium(0)).newPage();
    page.loads = page.asked = 0;
    page.on('domcontentloaded', () => page.loads++);
    await page.route(lost, (route) => route.abort('connectionaborted'));
    await page.route('**/web/icon.svg', (route) => (answers[page.asked++] || ((r) => r.continue()))(route));
    await page.goto(link.url);
    return page;
  };
  const page = await open(/\/(app|chunk|strings)\.js$/, (r) => r.abort('internetdisconnected'), (r) => r.fulfill({ status: 503 }));
  await until('the server to be asked', () => page.asked >= 1);
  await page.unroute(/\/(app|chunk|strings)\.js$/);
  await prejoin(page);
  assert.deepEqual([page.loads, page.asked], [2, 3]);
  await page.close();

  const plain = await open(/\/style\.css$/);
  await prejoin(plain);
  await plain.unroute(/\/style\.css$/);
  await until('its looks', () => plain.evaluate(() => getComputedStyle(document.querySelector('.sprite')).display === 'none'));
  assert.deepEqual([plain.loads, plain.asked], [1, 0]);
});
