// Telephones in the page, against the stand-in of lib/mock.mjs: a host calls somebody, a person uses the own telephone for sound.
import test from 'node:test';
import assert from 'node:assert/strict';
import { enter, last, overEdge, stateIs, textOf, violations, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';

const MAY = ['audio', 'video', 'share', 'chat', 'hand', 'phone', 'dial', 'mute'];

// By keyboard alone: opened, closed with the focus where it was, opened again, refused, sent.
async function sendsOn(page, mock) {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
  await page.waitForSelector('#calls .send-on:visible');
  await page.focus('#calls .send-on');
  assert.equal(await page.getAttribute('#calls .send-on', 'aria-label'), 'Send on +15557003121');
  await page.keyboard.press('Enter');
  assert.equal(await focused(), 'send-on-number');
  await page.keyboard.press('Escape');
  assert.equal(await page.isVisible('#send-on'), false);
  assert.equal(await focused(), 'send-on');
  await page.keyboard.press('Enter');
  mock.denyOperations('premium');
  await page.keyboard.type('+1 900 555 0100');
  await page.keyboard.press('Enter');
  await textOf(page, 'send-on-problem', 'costs extra');
  assert.deepEqual(await violations(page), []);
  assert.equal(await overEdge(page), 0);
  await screenshot(page, 'client-send-on-320');
  mock.denyOperations('');
  await page.fill('#send-on-number', '+1 555 010 0177');
  await page.keyboard.press('Enter');
  await textOf(page, 'note', 'being sent on');
  assert.deepEqual({ ...last(mock, 'host'), id: 0 }, { type: 'host', op: 'dial', value: '+1 555 010 0177', call: 'call-4', id: 0 });
  assert.equal(await focused(), 'send-on');
  await page.keyboard.press('Enter'); // and it is open when the call ends
}

const text = (page, id) => page.evaluate((i) => document.getElementById(i).textContent, id);

test('telephone: a host calls somebody; a person speaks and hears by phone', { timeout: 120000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  const call = (more) => mock.say({ type: 'call', call: 'call-1', seat: 'phone-1', number: '+15550100199', state: 'calling', reason: '', rescue: false, direction: 'out', ...more });
  await page.setViewportSize({ width: 320, height: 640 });

  await t.test('a server without a telephone shows none of it, and fetches none', async () => {
    mock.host(true);
    mock.answers({ may: MAY });
    await enter(page, mock.link);
    assert.equal(await page.$('#dial'), null);
    assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').filter((e) => e.name.includes('/phone/')).length), 0);
  });

  await t.test('a number, the Enter key; where the call is; hanging up; how it ended', async () => {
    mock.answers({ may: MAY, phone: { number: 'Phone ...3121' } });
    await page.reload();
    await stateIs(page, 'live');
    await page.waitForSelector('#dial', { state: 'attached' });
    if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
    await page.waitForSelector('#dial-number:visible');
    assert.equal(await page.getAttribute('label[for=dial-number]', 'class'), null);
    await page.focus('#dial-number');
    await page.keyboard.type('+1 555 010 0199');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.getElementById('dial-number').value === '');
    assert.deepEqual({ ...last(mock, 'host'), id: 0 }, { type: 'host', op: 'dial', value: '+1 555 010 0199', id: 0 });
    call({ state: 'ringing' });
    await textOf(page, 'calls', '^\\+15550100199ringing…Hang up$');
    await textOf(page, 'announce', '^\\+15550100199: ringing');
    call({ state: 'answered' });
    await textOf(page, 'calls', 'waiting for 1 to be pressed');
    assert.deepEqual(await violations(page), []);
    assert.equal(await overEdge(page), 0);
    await screenshot(page, 'client-dial-320');
    await page.focus('#calls button');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 100 && last(mock, 'host').call !== 'call-1'; i++) await page.waitForTimeout(20);
    assert.deepEqual({ ...last(mock, 'host'), id: 0 }, { type: 'host', op: 'dial', value: false, call: 'call-1', id: 0 });
    call({ call: 'call-3', seat: 'p4', number: '+15557003121', direction: 'in', state: 'joined' });
    await textOf(page, 'calls', '\\+15557003121in the visit'); // who called is read by hosts alone
    call({ call: 'call-3', seat: 'p4', number: '+15557003121', direction: 'in', state: 'ended', reason: 'hung_up' });
    call({ state: 'ended', reason: 'busy' });
    await textOf(page, 'note', 'The line is busy');
    assert.equal(await text(page, 'calls'), '');
    call({ call: 'call-4', seat: 'p4', number: '+15557003121', direction: 'in', state: 'joined' });
    await sendsOn(page, mock);
    call({ call: 'call-4', seat: 'p4', number: '+15557003121', direction: 'in', state: 'ended', reason: 'transferred' });
    await textOf(page, 'note', 'The call was sent on');
    assert.equal(await page.isVisible('#send-on'), false);
  });

  await t.test('a refusal is said in plain words, beside the number', async () => {
    for (const [code, words] of [['emergency', 'Emergency numbers cannot be called'], ['premium', 'costs extra'], ['not_allowed', 'that country'], ['not_a_number', 'with \\+ and the country'],
      ['too_often', 'Too many calls'], ['line_down', 'does not work now'], ['timeout', 'did not work']]) {
      mock.denyOperations(code);
      await page.fill('#dial-number', '911');
      await page.click('#dial-call');
      await textOf(page, 'dial-problem', words);
    }
    assert.equal(await page.evaluate(() => document.activeElement.id), 'dial-number');
    mock.denyOperations('');
  });

  await t.test('somebody\'s sound is lost: the host reads who is called, and what came of it', async () => {
    call({ seat: 'p2', state: 'calling', rescue: true });
    await textOf(page, 'note', 'The sound of Dr. Jonas Weber is lost');
    call({ seat: 'p2', state: 'ended', reason: 'no_key', rescue: true });
    await textOf(page, 'note', 'Dr. Jonas Weber: .*1 was not pressed');
  });

  await t.test('my phone for sound: the microphone is let go, the mute button is the phone\'s, hanging up gives both back', async () => {
    if (!(await page.isVisible('#more-panel'))) await page.click('#more-button');
    await page.waitForSelector('#my-phone-call:visible');
    await textOf(page, 'my-phone-hint', 'We call …3121');
    await page.click('#my-phone-call');
    for (let i = 0; i < 100 && !last(mock, 'phone'); i++) await page.waitForTimeout(20);
    assert.deepEqual({ ...last(mock, 'phone'), id: 0 }, { type: 'phone', op: 'call', id: 0 });
    call({ call: 'call-2', seat: 'p1', number: 'Phone ...3121', state: 'ringing' });
    await textOf(page, 'on-phone', 'Your phone: ringing');
    assert.equal(await page.isVisible('#my-phone'), false);
    const microphone = await page.evaluateHandle(() => window.tessera.media.audio);
    call({ call: 'call-2', seat: 'p1', number: 'Phone ...3121', state: 'joined' });
    mock.own({ phone: true, clear: true, audio: true });
    await textOf(page, 'on-phone', 'You speak and hear by phone');
    await page.waitForFunction(() => /by phone · call not encrypted/.test(document.querySelector('#people li').textContent));
    assert.equal(await microphone.evaluate((track) => track.readyState), 'ended');
    assert.deepEqual([last(mock, 'state').audio, last(mock, 'state').video], [false, true]);
    assert.equal(await text(page, 'mute-text'), 'Mute');
    assert.deepEqual(await violations(page), []);
    assert.equal(await overEdge(page), 0);
    await screenshot(page, 'client-on-phone-320');
    await page.click('#mute');
    for (let i = 0; i < 100 && last(mock, 'phone').op !== 'audio'; i++) await page.waitForTimeout(20);
    assert.deepEqual({ ...last(mock, 'phone'), id: 0 }, { type: 'phone', op: 'audio', on: false, id: 0 });
    mock.own({ audio: false });
    await textOf(page, 'mute-text', 'Unmute');
    mock.say({ type: 'asked', what: 'unmute', by: 'p2' }); // what is opened is the telephone
    await page.click('#ask-yes');
    for (let i = 0; i < 100 && !last(mock, 'phone').on; i++) await page.waitForTimeout(20);
    assert.deepEqual({ ...last(mock, 'phone'), id: 0 }, { type: 'phone', op: 'audio', on: true, id: 0 });
    await page.reload(); // the phone goes on; a page that comes back leaves the microphone alone
    await textOf(page, 'on-phone', 'You speak and hear by phone');
    await page.waitForFunction(() => !window.tessera.media.audio);
    await page.click('#on-phone button');
    for (let i = 0; i < 100 && last(mock, 'phone').op !== 'hang_up'; i++) await page.waitForTimeout(20);
    assert.equal(last(mock, 'phone').op, 'hang_up');
    mock.own({ phone: true, clear: false, audio: true });
    await page.waitForFunction(() => ((words) => words.includes('by phone') && !words.includes('encrypted'))(document.querySelector('#people li').textContent));
    mock.own({ phone: false, audio: true });
    await textOf(page, 'note', 'Your phone has hung up');
    await page.waitForFunction(() => window.tessera?.media.on.audio && window.tessera.media.audio.readyState === 'live');
    assert.equal(await page.isHidden('#on-phone'), true);
    assert.equal(last(mock, 'state').audio, true);
  });

  await t.test('another number is typed; in another language the words change at once', async () => {
    if (!(await page.isVisible('#more-panel'))) await page.click('#more-button');
    await page.fill('#my-phone-number', '+33 1 99 00 12 34');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 100 && last(mock, 'phone').op !== 'call'; i++) await page.waitForTimeout(20);
    assert.equal(last(mock, 'phone').number, '+33 1 99 00 12 34');
    await page.selectOption('#room-language', 'fr');
    await textOf(page, 'my-phone-call', 'Appeler mon téléphone');
    assert.equal(await overEdge(page), 0);
  });

  await t.test('everybody sees for whom it rings, and who may not call no more than that', async () => {
    mock.answers({ may: MAY.filter((m) => m !== 'dial'), phone: { number: '' } });
    await page.reload();
    await stateIs(page, 'live');
    await page.waitForSelector('#calls', { state: 'attached' });
    if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
    call({ state: 'ringing', number: 'Phone ...0199', name: 'อรุณ' });
    await textOf(page, 'calls', '^อรุณça sonne…');
    await textOf(page, 'announce', '^อรุณ: ça sonne');
    assert.deepEqual([await page.isVisible('#calls li'), await page.isVisible('#calls button'), await page.isVisible('#dial')], [true, false, false]);
    assert.deepEqual(await violations(page), []);
    call({ state: 'joined', number: 'Phone ...0199', name: 'อรุณ' });
    await textOf(page, 'calls', '^$');
  });

  await t.test('who may only listen is not offered a telephone', async () => {
    mock.answers({ role: 'observer', may: ['hand'], phone: { number: '' } });
    await page.reload();
    await stateIs(page, 'live');
    await page.waitForSelector('#my-phone', { state: 'attached' });
    assert.equal(await page.evaluate(() => document.getElementById('my-phone').hidden && document.getElementById('dial').hidden), true);
  });
  assert.deepEqual(problems.filter((p) => !/WebSocket/.test(p)), []);
});
