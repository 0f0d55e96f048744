// Who hears whom, in the page, against the stand-in of lib/mock.mjs: speaking to one alone, interpretation, a stethoscope, noise.
import test from 'node:test';
import assert from 'node:assert/strict';
import { enter, last, overEdge, stateIs, textOf, violations, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';
import { until } from './lib/processes.mjs';

const MAY = ['audio', 'video', 'whisper', 'listen', 'denoise', 'clinical', 'sound'];

async function asked(page, mock, wanted) {
  const plain = ({ id, ...m }) => m;
  for (let i = 0; i < 100 && JSON.stringify(plain(last(mock, 'sound') || {})) !== JSON.stringify({ type: 'sound', ...wanted }); i++) await page.waitForTimeout(20);
  assert.deepEqual(plain(last(mock, 'sound')), { type: 'sound', ...wanted });
}

test('who hears whom: a line says it, fields change it, and a stethoscope\'s sound leaves as it is', { timeout: 90000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await page.setViewportSize({ width: 320, height: 640 });
  mock.answers({ role: 'clinician', may: MAY });
  await enter(page, mock.link);

  await t.test('to one alone, until it is ended', async () => {
    assert.equal(await page.evaluate(() => performance.getEntriesByType('resource').filter((e) => e.name.includes('/sound/')).length), 0, 'fetched when it is looked for');
    await page.click('#more-button');
    await page.waitForSelector('#sound-whisper:visible');
    await textOf(page, 'sound', 'Who hears whom');
    await page.focus('#sound-whisper');
    await page.selectOption('#sound-whisper', 'p3');
    await asked(page, mock, { whisper: 'p3' });
    mock.own({ sound: { whisper: 'p3' }, audio: false });
    await textOf(page, 'whispering', 'Only Mei-Ling Chen hears you now');
    assert.equal(await page.getAttribute('#whispering', 'role'), 'status');
    assert.deepEqual(await violations(page), []);
    assert.equal(await overEdge(page), 0);
    await screenshot(page, 'client-whispering-320');
    await page.focus('#whispering button');
    await page.keyboard.press('Enter');
    await asked(page, mock, { whisper: '' });
    mock.own({ sound: undefined, audio: true });
    await page.waitForSelector('#whispering', { state: 'hidden' });
  });

  await t.test('the language of an interpretation, once there is one; for another as well', async () => {
    assert.equal(await page.isVisible('#sound-hears'), false);
    mock.own({ sound: { hears: 'es' } });
    await page.waitForSelector('#sound-hears:visible');
    assert.deepEqual(await page.evaluate(() => [...document.getElementById('sound-hears').options].map((o) => o.text)), ['The original only', 'The original and the interpreter', 'Spanish']);
    await page.selectOption('#sound-hears', '');
    await asked(page, mock, { hears: '' });
    await page.selectOption('#sound-who', 'p2');
    await page.click('#sound-denoise');
    await asked(page, mock, { seat: 'p2', denoise: true });
    await page.selectOption('#sound-who', '');
  });

  await t.test('a stethoscope: the microphone as it is, and more than a voice; afterwards as before', async () => {
    const processed = () => page.evaluate(() => {
      const { echoCancellation, noiseSuppression, autoGainControl } = window.tessera.media.audio.getSettings();
      return [echoCancellation, noiseSuppression, autoGainControl];
    });
    const before = await processed();
    await page.click('#sound-clinical');
    await asked(page, mock, { clinical: true });
    mock.own({ sound: { clinical: true } });
    await page.waitForFunction(() => window.tessera?.media.audio && window.tessera.media.audio.getSettings().echoCancellation === false);
    assert.deepEqual(await processed(), [false, false, false]);
    await page.waitForFunction(() => /[; ]stereo=1/.test(window.tessera.peer.connection.remoteDescription.sdp));
    await page.evaluate(() => { // the page looks at its line again and again: it stays so
      const { connection } = window.tessera.peer;
      const stats = connection.getStats.bind(connection);
      window.seen = { looks: 0, changes: 0 };
      connection.getStats = (...a) => (window.seen.looks++, stats(...a));
      connection.addEventListener('signalingstatechange', () => window.seen.changes++);
    });
    mock.own({ sound: { clinical: true } });
    await page.waitForFunction(() => window.seen.looks > 2);
    assert.equal(await page.evaluate(() => window.seen.changes), 0);
    mock.own({ sound: undefined });
    await page.waitForFunction((was) => window.tessera?.media.audio && window.tessera.media.audio.getSettings().echoCancellation === was, before[0]);
    await page.waitForFunction(() => !/[; ]stereo=1/.test(window.tessera.peer.connection.remoteDescription.sdp));
  });

  await t.test('sound only, by keyboard; said again to a room that does not know it', async () => {
    const tiers = () => mock.seen.filter((m) => m.type === 'tier').map((m) => m.tier);
    await page.focus('#sound-only');
    assert.equal(await page.evaluate(() => document.activeElement.labels[0].textContent), 'Sound only: you see no picture, your camera stays on');
    await page.keyboard.press('Space');
    await until('the wish', () => tiers().join() === 'audio');
    assert.match(await page.textContent('#no-picture'), /you chose to see no picture/);
    assert.deepEqual([await page.isVisible('#no-picture'), await page.isVisible('#composite')], [true, false]);
    assert.deepEqual(await violations(page), []);
    mock.dropSockets();
    await until('the wish on another socket', () => tiers().join() === 'audio,audio');
    mock.killRoom();
    await until('the wish in another room', () => tiers().join() === 'audio,audio,audio');
    assert.equal(await page.isChecked('#sound-only'), true);
    await page.keyboard.press('Space');
    await until('the picture', () => last(mock, 'tier').tier === 'auto');
    assert.deepEqual([await page.isVisible('#no-picture'), await page.isVisible('#composite')], [false, true]);
    await stateIs(page, 'live');
  });

  await t.test('a refusal is said; another language changes the words at once', async () => {
    mock.denyOperations('forbidden');
    await page.click('#sound-denoise');
    await textOf(page, 'note', 'not allowed');
    await page.waitForFunction(() => !document.getElementById('sound-denoise').checked);
    await page.selectOption('#room-language', 'es');
    await textOf(page, 'sound', 'Quién oye a quién');
    assert.equal(await overEdge(page), 0);
  });
  assert.deepEqual(problems.filter((p) => !/WebSocket/.test(p)), []);
});
