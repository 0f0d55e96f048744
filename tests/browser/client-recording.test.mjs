// Being recorded, as a person sees it: the mark, the question in plain words, no and yes, taking it back; a host's buttons.
import test from 'node:test';
import assert from 'node:assert/strict';
import { count, enter, last, stateIs, textOf, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';

const message = (state, consent, more) => ({ type: 'recording', state, policy: 'everyone', consent, version: '1', ...more });
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
  await page.waitForSelector('#ask[open]');
  await page.keyboard.press('Enter');
  assert.deepEqual(await answered(page, mock, 1), { agree: true, version: '1' });
  mock.say(message('on', 'agreed'));
  await textOf(page, 'rec-text', 'is being recorded');
  await textOf(page, 'consent', 'Stop recording me');
  await page.click('#consent');
  assert.deepEqual(await answered(page, mock, 2), { agree: false, version: '1' });
  mock.say(message('held', 'refused'));
  await textOf(page, 'rec-text', 'stands still');
  await textOf(page, 'consent', 'Agree');
  assert.equal(await page.isVisible('#record'), false, 'a patient does not record');
  mock.say(message('off', 'refused'));
  await page.waitForSelector('#rec', { state: 'hidden' });
  assert.equal(await page.isVisible('#consent'), false);
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
  mock.say(message('asking', 'agreed', { missing: ['p2', 'p4'] }));
  await textOf(page, 'rec-text', 'Not yet agreed: \u2068Dr. Jonas Weber, عبد الرحمن\u2069');
  mock.say(message('on', 'agreed', { missing: [] }));
  await press('#record-pause', 'pause');
  mock.say(message('paused', 'agreed', { missing: [] }));
  await textOf(page, 'record-pause', 'Go on');
  await press('#record-pause', 'resume');
  await press('#record', 'stop');
  assert.deepEqual(problems, []);
});
