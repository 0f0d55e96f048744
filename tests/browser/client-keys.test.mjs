// The whole visit without a pointer: by Tab and Enter, and by the four arrows and OK of a remote control.
import test from 'node:test';
import assert from 'node:assert/strict';
import { last, stateIs, withBrowser } from './lib/client.mjs';

const active = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.tagName);

// Presses arrows towards the control until it has the focus; a person looks at the screen in the same way.
async function arrowTo(page, selector) {
  const tried = new Set();
  for (let i = 0; i < 40; i++) {
    const [there, moves] = await page.evaluate((s) => {
      const from = document.activeElement.getBoundingClientRect();
      const target = document.querySelector(s);
      const to = target.getBoundingClientRect();
      const dx = (to.left + to.right - from.left - from.right) / 2;
      const dy = (to.top + to.bottom - from.top - from.bottom) / 2;
      const x = dx > 0 ? 'ArrowRight' : 'ArrowLeft';
      const y = dy > 0 ? 'ArrowDown' : 'ArrowUp';
      const other = (k) => ({ ArrowRight: 'ArrowLeft', ArrowLeft: 'ArrowRight', ArrowDown: 'ArrowUp', ArrowUp: 'ArrowDown' })[k];
      return [document.activeElement === target, Math.abs(dy) > 20 ? [y, x, other(x), other(y)] : [x, y, other(y), other(x)]];
    }, selector);
    if (there) return;
    const at = await active(page);
    const move = moves.find((m) => !tried.has(at + m));
    assert.ok(move, `no way from ${at} to ${selector}`);
    tried.add(at + move);
    await page.keyboard.press(move);
  }
  assert.fail(`${selector} not reached: the focus is on ${await active(page)}`);
}

async function tabTo(page, selector) {
  for (let i = 0; i < 60; i++) {
    if (await page.evaluate((s) => document.activeElement === document.querySelector(s), selector)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${selector} not reached by Tab`);
}

// Controls that no chain of arrow keys reaches from the first one.
const unreachable = (page) => page.evaluate(async () => {
  const { nearest, controls } = await import('/web/arrows.js');
  const all = controls();
  const seen = new Set([all[0]]);
  for (const e of seen) {
    for (const d of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      const to = nearest(e, d, all);
      if (to) seen.add(to);
    }
  }
  return all.filter((e) => !seen.has(e)).map((e) => e.id || e.textContent);
});

// What only hosts have, and the question whether one may be recorded. `pick`: the key that goes to the next row of a list.
async function asHost(page, mock, go, press, pick) {
  const said = async (type, expected) => {
    for (let i = 0; i < 60; i++) {
      const { type: _, id, ...m } = last(mock, type) || {};
      if (JSON.stringify(m) === JSON.stringify(expected)) return;
      await page.waitForTimeout(50);
    }
    assert.deepEqual(last(mock, type), expected);
  };
  if (!(await page.isVisible('#people-panel'))) await press('#people-button');
  await press('[data-seat=p2] .manage');
  await press('[data-seat=p2] .operations button');
  await said('host', { op: 'mute', seat: 'p2' });
  await go(page, '#layout');
  await page.keyboard.press(pick);
  await said('host', { op: 'layout', value: 'ward' });
  await press('#lock');
  await said('host', { op: 'lock', value: true });
  mock.say({ type: 'knock', seat: 'p9', name: 'Samir', role: 'guest' });
  await page.waitForSelector('.knock');
  await press('.knock .primary');
  await said('host', { op: 'admit', seat: 'p9' });
  const recording = (state, consent) => mock.say({ type: 'recording', state, policy: 'everyone', consent, version: '2', missing: [] });
  recording('off', 'none');
  await page.waitForSelector('#record:visible');
  await press('#record');
  await said('host', { op: 'record', value: 'start' });
  recording('asking', 'none');
  await page.waitForSelector('#ask-yes:enabled');
  await press('#ask-yes');
  await said('consent', { agree: true, version: '2' });
  recording('on', 'agreed');
  await press('#more-button');
  await press('#consent');
  await said('consent', { agree: false, version: '2' });
  recording('off', 'refused');
  await press('#more-panel [data-close]');
}

for (const [name, hash, go, pick] of [['Tab and Enter', '', tabTo, 'ArrowDown'], ['arrows and OK', '#tv', arrowTo, 'Enter']]) {
  test(`a whole visit by ${name}`, { timeout: 120000 }, async (t) => {
    const { mock, page, problems } = await withBrowser(t);
    mock.host(true);
    await page.setViewportSize({ width: 1280, height: 720 });
    const press = async (selector) => {
      await go(page, selector);
      await page.keyboard.press('Enter');
    };
    await page.goto(mock.link + hash);
    await page.waitForFunction(() => window.tessera?.media.video);
    await press('#tone');
    assert.match(await page.textContent('#tone-note'), /three notes/);
    await press('#way-voice');
    await page.waitForFunction(() => !window.tessera.media.wants.video);
    await press('#way-camera');
    await page.waitForFunction(() => window.tessera?.media.video);
    await press('#join');
    await stateIs(page, 'live');
    await page.waitForSelector('#mute:visible');
    await press('#mute');
    await page.waitForFunction(() => !window.tessera.media.on.audio);
    await press('#hand');
    await page.waitForFunction(() => document.getElementById('hand').innerText === 'Lower hand');
    await press('#chat-button');
    await go(page, '#chat-text');
    await page.keyboard.type('Hello');
    await press('#chat-form button');
    await page.waitForFunction(() => document.querySelectorAll('#chat-log li').length === 1);
    await press('#more-button');
    await go(page, '#room-language');
    await press('#more-panel [data-close]');
    await go(page, '#tiles button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#zoom-out:visible');
    await press('#zoom-out');
    await asHost(page, mock, go, press, pick);
    mock.say({ type: 'asked', what: 'unmute', by: 'p2' });
    await page.waitForSelector('#ask-yes:enabled');
    await press('#ask-yes');
    await page.waitForFunction(() => window.tessera?.media.on.audio);
    await press('#leave');
    await page.waitForSelector('#ask[open]');
    assert.equal(await page.textContent('#ask-title'), 'Leave, or end the visit for everyone?');
    await press('#ask-no');
    assert.deepEqual(await page.evaluate(() => [window.tessera.state, document.activeElement.id]), ['live', 'leave'], 'stays, with the focus where it was');
    await press('#leave');
    await go(page, '#ask-third');
    await press('#ask-yes');
    await page.waitForSelector('text=You have left the visit');
    await press('#message-action');
    await stateIs(page, 'live');
    assert.equal(last(mock, 'chat').text, 'Hello');
    assert.deepEqual(problems, []);
  });
}

test('arrow keys reach every control of every page, also on a phone and for a host', { timeout: 90000 }, async (t) => {
  const { mock, page } = await withBrowser(t);
  mock.host(true);
  await page.goto(mock.link + '#tv');
  await page.waitForFunction(() => window.tessera?.media.video);
  for (const size of [{ width: 320, height: 640 }, { width: 1280, height: 720 }]) {
    await page.setViewportSize(size);
    assert.deepEqual(await unreachable(page), [], `before, ${size.width}`);
  }
  await page.click('#join');
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
  if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
  await page.click('[data-seat=p2] .manage');
  for (const size of [{ width: 320, height: 640 }, { width: 640, height: 320 }, { width: 1280, height: 720 }]) {
    await page.setViewportSize(size);
    for (const panel of ['people', 'chat', 'more']) {
      if (!(await page.isVisible(`#${panel}-panel`))) await page.evaluate((p) => document.getElementById(p + '-button').click(), panel);
      assert.deepEqual(await unreachable(page), [], `${panel}, ${size.width}`);
    }
  }
});

test('a television: 5 % of the picture stays free at every edge', { timeout: 60000 }, async (t) => {
  const { mock, page } = await withBrowser(t);
  await page.setViewportSize({ width: 1280, height: 720 });
  await page.goto(mock.link + '#tv');
  await page.click('#join');
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
  const edges = await page.$$eval('#room button, #room p, #stage, .panel', (all) => {
    const boxes = all.map((e) => e.getBoundingClientRect()).filter((r) => r.width > 2);
    return [Math.min(...boxes.map((r) => r.left)), Math.min(...boxes.map((r) => r.top)), Math.max(...boxes.map((r) => r.right)), Math.max(...boxes.map((r) => r.bottom))];
  });
  assert.ok(edges[0] >= 64 && edges[1] >= 36 && edges[2] <= 1216 && edges[3] <= 684, String(edges));
});
