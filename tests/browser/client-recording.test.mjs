// Being recorded, as a person sees it: the mark, the question in plain words, no and yes, taking it back; a host's buttons.
import test from 'node:test';
import assert from 'node:assert/strict';
import { count, enter, last, stateIs, textOf, violations, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';

const message = (state, consent, more) => ({ type: 'recording', state, policy: 'everyone', consent, version: '2', ...more });
const answered = async (page, mock, n) => {
  for (let i = 0; i < 60 && count(mock, 'consent') < n; i++) await page.waitForTimeout(50);
  assert.equal(count(mock, 'consent'), n);
  const { agree, version } = last(mock, 'consent');
  return { agree, version };
};

test('a patient is asked once, by keyboard too; closing is no answer; it can be given and taken back', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await page.setViewportSize({ width: 320, height: 640 });
  await enter(page, mock.link);
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
  assert.equal(await page.isVisible('#rec'), false);
  mock.say(message('off', 'none'));
  await page.waitForTimeout(200);
  assert.equal(await page.isVisible('#ask'), false, 'nobody is asked before somebody wants to record');

  mock.say(message('asking', 'none'));
  await page.waitForSelector('#ask[open]');
  assert.match(await page.textContent('#ask-title'), /May we record this visit/);
  assert.match(await page.textContent('#ask-text'), /your care does not depend on it/);
  await screenshot(page, 'consent-320');
  await page.keyboard.press('Escape');
  await page.waitForSelector('#ask', { state: 'hidden' });
  mock.say(message('asking', 'none'));
  await page.waitForTimeout(300);
  assert.equal(await page.isVisible('#ask'), false, 'once is enough');
  assert.equal(count(mock, 'consent'), 0, 'closing the question is no answer');
  await textOf(page, 'rec-text', 'begins when everybody has agreed');

  await page.click('#more-button');
  await page.focus('#consent');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#ask[open] #ask-yes:enabled');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.deepEqual(await answered(page, mock, 1), { agree: true, version: '2' });
  mock.say(message('on', 'agreed'));
  await textOf(page, 'rec-text', 'is being recorded');
  await textOf(page, 'consent', 'Stop recording me');
  await page.click('#consent');
  assert.deepEqual(await answered(page, mock, 2), { agree: false, version: '2' });
  mock.say(message('held', 'refused'));
  await textOf(page, 'rec-text', 'stands still');
  await textOf(page, 'consent', 'Agree');
  assert.equal(await page.isVisible('#record'), false, 'a patient does not record');
  mock.say(message('off', 'refused'));
  await page.waitForSelector('#rec', { state: 'hidden' });
  assert.equal(await page.isVisible('#consent'), false);
  assert.deepEqual(problems, []);
});

test('a question that comes while somebody writes takes no key and no click that was meant for something else', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);
  await page.click('#chat-button');
  await page.focus('#chat-text');
  await page.keyboard.type('I am');
  const focused = () => page.evaluate(() => document.activeElement.id);
  const opened = async (say, question) => {
    mock.say(say);
    await page.waitForSelector('#ask[open]');
    assert.match(await page.textContent('#ask-title'), question);
    assert.equal(await focused(), 'ask-title', 'where a screen reader begins to read');
  };
  const questions = [[message('asking', 'none'), /May we record/], [{ type: 'asked', what: 'unmute', by: 'p2' }, /asks you to turn on your microphone/]];
  mock.say({ type: 'muted', muted: true });
  await textOf(page, 'mute-text', '^Unmute$');
  for (const [say, question] of questions) {
    await opened(say, question);
    await page.evaluate(() => document.getElementById('ask-yes').click());
    await page.keyboard.type(' fine ');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#ask-yes:enabled');
    for (const key of ['Space', 'Enter']) await page.keyboard.press(key); // no answer has the focus
    assert.equal(await page.isVisible('#ask[open]'), true);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'ask-yes');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'ask-no');
    await page.keyboard.press('Escape');
    await page.waitForSelector('#ask', { state: 'hidden' });
    assert.equal(await focused(), 'chat-text');
  }
  assert.equal(count(mock, 'consent'), 0);
  assert.equal(await page.evaluate(() => window.tessera.media.on.audio), false);
  assert.deepEqual(problems, []);
});

test('the question comes although its part was lost on the way, once with its words', { timeout: 60000 }, async (t) => {
  const { mock, page } = await withBrowser(t);
  const lost = [];
  const lose = (route) => {
    const { pathname } = new URL(route.request().url());
    if (lost.includes(pathname)) return route.continue();
    lost.push(pathname);
    return route.abort();
  };
  await page.route(/\/recording\/(recording\.js|en\.json)/, lose);
  await enter(page, mock.link);
  mock.say(message('asking', 'none'));
  await page.waitForSelector('#ask[open]', { timeout: 15000 });
  assert.match(await page.textContent('#ask-text'), /your care does not depend on it/);
  assert.equal(lost.length, 2);
});

test('the question goes when it is answered elsewhere or nothing is recorded any more', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);
  for (const over of [message('asking', 'agreed'), message('on', 'refused'), message('off', 'none')]) {
    mock.say(message('off', 'none'));
    mock.say(message('asking', 'none'));
    await page.waitForSelector('#ask[open]');
    mock.say(message('asking', 'none', { missing: ['p1'] })); // changes nothing here
    await page.waitForTimeout(100);
    assert.equal(await page.isVisible('#ask[open]'), true);
    mock.say(over);
    await page.waitForSelector('#ask', { state: 'hidden' });
  }
  mock.say({ type: 'muted', muted: true });
  await textOf(page, 'mute-text', '^Unmute$');
  mock.say({ type: 'asked', what: 'unmute', by: 'p2' });
  await page.waitForSelector('#ask[open]');
  await page.evaluate(() => document.getElementById('mute').click()); // by himself meanwhile
  await page.waitForSelector('#ask', { state: 'hidden' });
  assert.equal(count(mock, 'consent'), 0);
  assert.deepEqual(problems, []);
});

test('a host starts, pauses and stops, and sees who has not agreed', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  mock.host(true);
  await enter(page, mock.link);
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
  if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
  assert.equal(await page.isVisible('#record'), false, 'nobody is to be recorded here');
  const press = async (id, value) => {
    const before = count(mock, 'host');
    await page.click(id);
    for (let i = 0; i < 60 && count(mock, 'host') === before; i++) await page.waitForTimeout(50);
    const { op, value: said } = last(mock, 'host');
    assert.deepEqual([op, said], ['record', value]);
  };
  mock.say(message('off', 'agreed', { missing: [] }));
  await textOf(page, 'record', 'Start recording');
  await press('#record', 'start');
  mock.say(message('asking', 'agreed', { missing: ['p2', 'p3', 'p4'], refused: ['p3'] }));
  await textOf(page, 'rec-text', 'Not yet answered: \u2068Dr. Jonas Weber, عبد الرحمن\u2069. Said no: Mei-Ling Chen.');
  mock.say(message('on', 'agreed', { missing: [] }));
  await press('#record-pause', 'pause');
  mock.say(message('paused', 'agreed', { missing: [] }));
  await textOf(page, 'record-pause', 'Go on');
  await press('#record-pause', 'resume');
  await press('#record', 'stop');
  assert.deepEqual(problems, []);
});

test('a host is told why a recording ended by itself, until it is read; why none can begin; others are not', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  mock.host(true);
  await enter(page, mock.link);
  mock.say(message('on', 'agreed', { missing: [], refused: [] }));
  await textOf(page, 'rec-text', 'is being recorded');
  mock.say(message('off', 'agreed', { failed: 'disk_full' }));
  await page.waitForSelector('#rec-ended[role=alert]:visible');
  await textOf(page, 'rec-ended', 'because the server’s disk is full');
  await page.click('#more-button');
  await page.selectOption('#room-language', 'fr');
  await textOf(page, 'rec-ended', 'le disque du serveur est plein');
  await page.selectOption('#room-language', 'en');
  assert.deepEqual(await violations(page), []);
  await screenshot(page, 'recording-ended');
  mock.say(message('off', 'agreed', { failed: 'disk_full' }));
  await page.click('#rec-ended button');
  await page.waitForSelector('#rec-ended', { state: 'detached' });
  mock.say(message('off', 'agreed', { failed: 'disk_full' }));
  await page.waitForTimeout(200);
  assert.equal(await page.isVisible('#rec-ended'), false, 'read once');
  mock.say(message('on', 'agreed', { missing: [], refused: [] }));
  mock.say(message('off', 'agreed', { failed: 'something new' }));
  await textOf(page, 'rec-ended', 'a fault in the server');
  mock.say(message('on', 'agreed', { missing: [], refused: [] }));
  await page.waitForSelector('#rec-ended', { state: 'detached' });
  mock.say(message('off', 'agreed')); // as it was wanted
  await textOf(page, 'record', 'Start recording');
  if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
  mock.failOperations('disk_full');
  await page.click('#record');
  await textOf(page, 'note', 'disk is too full to record');
  assert.equal(await page.isVisible('#rec-ended'), false);
  assert.deepEqual(problems, []);
});
