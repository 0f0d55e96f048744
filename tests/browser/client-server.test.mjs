// The client and the server together: check, chat, hands, hosts and the door, with a host in Chromium and a patient in Firefox.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Scene } from './lib/scene.mjs';
import { keep, screenshot } from './lib/output.mjs';
import { until } from './lib/processes.mjs';
import { firstPicture, join, live, stateOf } from './lib/visit.mjs';

const textOf = (page, id, pattern, ms = 8000) => until(`${id}: ${pattern}`, async () => {
  const text = await page.evaluate((i) => document.getElementById(i).textContent, id);
  if (!pattern.test(text)) throw new Error(text);
  return text;
}, ms);
const click = (page, selector) => page.evaluate((s) => document.querySelector(s).click(), selector);
const shown = (page, selector) => until(selector, () => page.evaluate((s) => {
  const e = document.querySelector(s);
  return !!e && e.getClientRects().length > 0;
}, selector));

test('a host in Chromium, a patient in Firefox', { timeout: 150000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'client-server', settings: { 'limits.empty_seconds': 2 } });
  const room = await server.room('Follow-up');
  const running = async () => (await server.inspect(room)).running;
  assert.equal(await running(), false, 'no process before anybody comes');
  const host = await join(await scene.chromium(0), await server.link(room, 'Dr. Ben Okafor', 'clinician', { host: true }));
  const patient = await join(await scene.firefox(1), await server.link(room, 'Anna Lindqvist', 'patient'), { timeout: 30000 });
  await firstPicture(host);
  await firstPicture(patient);
  await textOf(host, 'people', /Anna Lindqvist/);
  const anna = await patient.evaluate(() => window.tessera.me.seat);
  const row = `[data-seat="${anna}"]`;
  const operation = async (words) => {
    if (!(await host.$(`${row} .operations:not([hidden])`))) await click(host, `${row} .manage`);
    await host.click(`${row} .operations >> text=${words}`);
  };
  await host.evaluate(() => document.getElementById('people-panel').hidden && document.getElementById('people-button').click());

  await t.test('chat both ways', async () => {
    await click(patient, '#chat-button');
    await patient.evaluate(() => {
      document.getElementById('chat-text').value = 'Good morning';
      document.querySelector('#chat-form button').click();
    });
    await textOf(patient, 'chat-log', /you.*Good morning/);
    await textOf(host, 'unread', /1/);
    await host.evaluate(() => window.tessera.chat('Bonjour à tous'));
    await textOf(patient, 'chat-log', /Dr. Ben Okafor.*Bonjour à tous/);
    const refused = await patient.evaluate(async () => {
      for (let i = 0; i < 9; i++) {
        try {
          await window.tessera.chat('again ' + i);
        } catch (e) {
          return e.code;
        }
      }
      return '';
    });
    assert.equal(refused, 'rate_limited');
  });

  await t.test('a small window is sent no picture that shows nothing more in it', async () => {
    const seat = await host.evaluate(() => window.tessera.me.seat);
    const sent = (what, good) => until(what, async () => {
      const { tier, tier_useful: useful } = (await server.inspect(room)).participants.find((p) => p.seat === seat);
      if (!good(tier, useful)) throw new Error(`${tier}, useful ${useful}`);
      return true;
    }, 15000);
    await sent('all of a large window', (tier, useful) => useful === 'A');
    const was = host.viewportSize();
    await host.setViewportSize({ width: 700, height: 600 });
    await sent('less in a small one', (tier, useful) => useful === 'B' && tier !== 'A');
    await host.setViewportSize(was);
    await sent('all again', (tier, useful) => useful === 'A');
  });

  await t.test('the host arranges the picture', async () => {
    await until('the layouts', () => host.evaluate(() => document.getElementById('layout').options.length >= 8));
    await host.selectOption('#layout', 'speaker');
    await until('the arrangement', async () => (await server.inspect(room)).layout === 'speaker');
    await host.selectOption('#layout', 'grid');
    assert.equal(await patient.evaluate(() => document.getElementById('layout-choice').getClientRects().length), 0, 'not for a patient');
  });

  await t.test('a hand is seen by everybody', async () => {
    await click(patient, '#hand');
    await textOf(host, 'people', /hand raised/);
    await until('the own button', () => patient.evaluate(() => /^Lower/.test(document.getElementById('hand').innerText)));
    await click(patient, '#hand');
    await until('lowered', async () => !/hand raised/.test(await host.textContent('#people')));
  });

  await t.test('mute by the patient, mute by the host, asked to unmute', async () => {
    await click(patient, '#mute');
    await textOf(host, 'people', /muted/);
    await click(patient, '#mute');
    await until('unmuted', async () => !/muted/.test(await host.textContent('#people')));
    await operation('Mute');
    await textOf(patient, 'note', /The host muted you. Press Unmute to speak/);
    await textOf(patient, 'mute-text', /^Unmute$/);
    await click(patient, '#mute');
    await textOf(patient, 'mute-text', /^Mute$/);
    await until('heard again', async () => !/muted/.test(await host.textContent('#people')));
    await operation('Mute');
    await textOf(patient, 'mute-text', /^Unmute$/);
    await operation('Ask to unmute');
    await shown(patient, '#ask[open] #ask-yes:enabled');
    await screenshot(host, 'client-server-host');
    await click(patient, '#ask-yes');
    await until('unmuted', async () => !/muted/.test(await host.textContent('#people')));
  });

  await t.test('what a patient may not do is refused', async () => {
    const code = await patient.evaluate(() => window.tessera.host('mute_all').catch((e) => e.code));
    assert.equal(code, 'forbidden');
  });

  await t.test('the patient leaves and comes back', async () => {
    await click(patient, '#leave');
    await textOf(patient, 'message-title', /You have left/);
    await textOf(host, 'people-count', /\(1\)/);
    await click(patient, '#message-action');
    await until('back in the visit', async () => (await stateOf(patient)) === 'live', 20000);
    await textOf(host, 'people', /Anna Lindqvist/);
  });

  await t.test('the door: locked, knock, let in', async () => {
    await host.click('#lock');
    await textOf(patient, 'note', /visit is locked/);
    const link = await server.link(room, 'Samir', 'guest');
    const page = await (await scene.chromium(2)).newPage();
    await page.goto(`${link.url}#raw`);
    await page.waitForSelector('#join:visible');
    await page.click('#check');
    await textOf(page, 'check-figures', /Up \d+ kbit/, 20000);
    keep('client-server-check.json', { result: await page.textContent('#check-box') });
    assert.match(await page.textContent('#check-result'), /^Your connection is good/);
    await page.click('#join');
    await page.waitForSelector('text=Please wait a moment');
    await host.waitForSelector('text=Samir (guest) waits to come in.');
    await host.click('#knocks >> text=Let in');
    await live(page);
    await firstPicture(page);
    await host.waitForSelector('.knock', { state: 'detached' });
    await page.click('#leave');
    assert.equal(await stateOf(page), 'ended');
  });

  await t.test('removed by the host', async () => {
    await operation('Remove from the visit');
    await host.click('#ask-yes');
    await until('the page that says so', async () => (await stateOf(patient)) === 'ended');
    await textOf(patient, 'message-title', /no longer in the visit/);
    await textOf(host, 'people-count', /\(1\)/); // while others are shown, a host who leaves is asked first
  });

  await t.test('a room without people has no process', async () => {
    assert.equal(await running(), true);
    await host.click('#leave');
    await until('the process to end', async () => !(await running()), 15000);
  });
  assert.deepEqual(host.problems, []);
});

test('a page of another origin uses tessera.js where the configuration names it, and only there', { timeout: 90000 }, async (t) => {
  const scene = new Scene(t);
  const elsewhere = await scene.server({ name: 'client-elsewhere' }); // serves the example, has no room
  const server = await scene.server({ name: 'client-origins', settings: { 'server.origins': elsewhere.origin } });
  const { token } = await server.link(await server.room('Embedded'), 'Anna', 'patient');
  const { browser } = await scene.chromium(0);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, permissions: ['camera', 'microphone'], bypassCSP: true }); // a page of one's own has its own policy
  const page = await context.newPage();
  await page.goto(`${elsewhere.origin}/web/example.html?server=${server.origin}#${token}`);
  await page.waitForFunction(() => window.visit && window.visit.state === 'live', null, { timeout: 15000 });
  await page.waitForFunction(() => document.getElementById('people').textContent === 'Anna');
  await page.waitForFunction(() => document.getElementById('picture').videoWidth > 0);
  await page.click('#leave');
  await page.waitForFunction(() => document.getElementById('people').textContent === 'Ended: left');
  const bad = await page.evaluate(async (origin) => {
    const { Visit } = await import(origin + '/web/tessera.js');
    const visit = new Visit({ token: 'bad' });
    return new Promise((done) => { visit.on('ended', done).join(); });
  }, server.origin);
  assert.deepEqual(bad, { reason: 'link-invalid', code: 'token_forged', message: 'This link is not valid.' });
  const script = (origin) => server.raw('GET', '/web/tessera.js', { headers: { origin } });
  assert.equal((await script(elsewhere.origin)).headers['access-control-allow-origin'], elsewhere.origin);
  assert.equal((await script('https://example.org')).headers['access-control-allow-origin'], undefined);
});
