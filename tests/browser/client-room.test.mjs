// What a person does before and in a visit, against the stand-in of lib/mock.mjs: check, ways to join, chat, hands, hosts, zoom, sharing.
import test from 'node:test';
import assert from 'node:assert/strict';
import { count, enter, framesMove, last, patient, stateIs, textOf, violations, withBrowser } from './lib/client.mjs';
import { screenshot } from './lib/output.mjs';

const noProblems = (problems) => assert.deepEqual(problems.filter((p) => !/WebSocket/.test(p)), []);
const audible = (page) => page.evaluate(() => window.tessera.media.audio && window.tessera.media.audio.readyState);

test('before the visit: the check measures the real path and takes no seat; three ways to join', { timeout: 90000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await page.goto(mock.link);
  await page.waitForFunction(() => window.tessera?.media.video);

  await t.test('verdict, starting tier and figures within 5 s and the time to connect', async () => {
    await page.click('#check');
    await textOf(page, 'check-result', 'Checking');
    await textOf(page, 'check-figures', 'Up \\d+ kbit/s · down \\d+ kbit/s · delay \\d+ ms · loss [\\d.]+ % · direct', 12000);
    assert.match(await page.textContent('#check-result'), /^Your connection is good.*You start with: /);
    assert.equal(count(mock, 'check'), 1);
    assert.equal(count(mock, 'join'), 0);
    assert.equal(count(mock, 'leave'), 1, 'the check ends itself');
  });

  await t.test('a server that cannot check, or a path that does not exist, is said in words', async () => {
    mock.refuse('full');
    await page.click('#check');
    await textOf(page, 'check-result', 'cannot run right now');
    mock.refuse('');
    mock.block(true);
    await page.click('#check');
    await textOf(page, 'check-result', 'do not get through', 12000);
    mock.block(false);
  });

  await t.test('voice only closes the camera, watching closes both, and back again', async () => {
    const camera = await page.evaluateHandle(() => window.tessera.media.video);
    await page.click('#way-voice');
    assert.equal(await camera.evaluate((track) => track.readyState), 'ended');
    assert.equal(await page.isVisible('#preview-off'), true);
    await page.click('#way-watch');
    assert.equal(await audible(page), null);
    assert.deepEqual(await page.evaluate(() => ['camera', 'voice', 'watch'].map((w) => document.getElementById('way-' + w).getAttribute('aria-pressed'))), ['false', 'false', 'true']);
  });

  await t.test('watch and listen: nothing is sent, a reload stays that way, Unmute asks for the microphone', async () => {
    await page.click('#join');
    await stateIs(page, 'live');
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: false, video: false });
    await page.reload();
    await stateIs(page, 'live');
    assert.equal(await audible(page), null);
    assert.ok((await framesMove(page)) > 10);
    await page.click('#mute');
    await page.waitForFunction(() => window.tessera?.media.on.audio);
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: true, video: false });
    assert.equal(count(mock, 'offer') - 2, 2, 'one offer a visit, one a check: the microphone needs none');
  });
  noProblems(problems);
});

test('a camera that comes when it is no longer wanted is let go', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await page.addInitScript(() => {
    const { mediaDevices } = navigator;
    const real = mediaDevices.getUserMedia.bind(mediaDevices);
    window.given = [];
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      window.given.push(...stream.getTracks());
      await window.wait;
      return stream;
    };
  });
  await page.goto(mock.link);
  await page.waitForFunction(() => window.tessera?.media.video);
  await page.click('#way-voice');
  await page.evaluate(() => {
    window.wait = new Promise((resolve) => { window.answer = resolve; });
  });
  await page.click('#way-camera');
  await page.waitForFunction(() => window.given.length === 3);
  await page.click('#way-watch');
  await page.evaluate(() => window.answer());
  await page.waitForFunction(() => window.given.every((track) => track.readyState === 'ended'), null, { timeout: 3000 });
  assert.deepEqual(await page.evaluate(() => [window.tessera.media.audio, window.tessera.media.video]), [null, null]);
  noProblems(problems);
});

test('the token leaves the address bar, and a reload still comes back', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await page.goto(mock.link + '?lang=es#raw');
  await page.waitForSelector('#join:visible');
  assert.equal(page.url(), mock.origin + '/?lang=es#raw');
  await page.reload();
  await page.waitForSelector('text=Hola, Amira Haddad');
  await page.click('#join');
  await stateIs(page, 'live');
  mock.dropSockets();
  for (let i = 0; i < 100 && count(mock, 'join') < 2; i++) await page.waitForTimeout(50);
  assert.equal(last(mock, 'join').was, 's1', 'coming back by itself it says which session it was');
  await stateIs(page, 'live');
  await page.reload();
  await stateIs(page, 'live');
  assert.equal(last(mock, 'join').was, undefined);
  assert.deepEqual(await page.$$eval('#mute-text, #fullscreen-text', (all) => all.map((e) => e.textContent)), ['Silenciar', 'Pantalla completa']);
  await page.click('#more-button');
  await page.selectOption('#room-language', 'fr');
  await textOf(page, 'mute-text', 'Couper le micro');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'fr');
  await page.click('#mute');
  await page.waitForFunction(() => !window.tessera.media.on.audio);
  await page.addInitScript(() => {
    const kept = JSON.parse(sessionStorage.tessera || '{}');
    if (kept.at) sessionStorage.tessera = JSON.stringify({ ...kept, at: kept.at - 130000 });
  });
  await page.reload();
  await page.waitForSelector('#join:visible'); // after two minutes nobody is put back on camera unasked
  assert.equal(await page.evaluate(() => window.tessera.media.wants.audio), true);
  const other = await page.context().newPage();
  await other.goto(mock.origin + '/');
  await other.waitForSelector('text=Open your link');
  noProblems(problems);
});

test('a link\'s own language is spoken, also before the visit, unless the person chose one', { timeout: 60000 }, async (t) => {
  const { mock, page } = await withBrowser(t);
  await page.goto(mock.linkOf({ language: 'es' }));
  await page.waitForSelector('text=Hola, Amira Haddad');
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'es');
  await page.click('#languages [lang=en]');
  await page.waitForSelector('text=Hello Amira Haddad');
  await page.reload();
  await page.waitForSelector('text=Hello Amira Haddad');
  await page.goto('about:blank');
  mock.answers({ language: 'fr', fixed: true });
  await enter(page, mock.link);
  await textOf(page, 'mute-text', 'Couper le micro');
  assert.equal(await page.evaluate(() => window.tessera.me.fixed), true);
  await page.click('#leave');
  await page.goto('about:blank');
  await enter(page, mock.link + '#lang=es');
  await textOf(page, 'mute-text', 'Silenciar');
});

test('a role that only watches is not offered what it may not do, and opens no device', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  mock.answers({ role: 'observer', may: ['hand'] });
  await page.goto(mock.link);
  await page.click('#join');
  await stateIs(page, 'live');
  await page.waitForSelector('#hand:visible');
  for (const id of ['mute', 'camera', 'chat-form', 'host-tools']) assert.equal(await page.isHidden('#' + id), true, id);
  assert.deepEqual(await page.evaluate(() => [window.tessera.media.audio, window.tessera.media.video]), [null, null]);
  noProblems(problems);
});

test('in the room: chat, hand, who is here, talking while muted, advice, zoom', { timeout: 120000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);

  await t.test('chat: sent by Enter, shown to both, counted while closed, too fast is said and kept', async () => {
    mock.say({ type: 'chat', seat: 'p2', name: 'Dr. Jonas Weber', text: '<b>Good morning</b>', at: Date.now() });
    await textOf(page, 'unread', '1');
    await textOf(page, 'note', 'Dr. Jonas Weber wrote: <b>Good morning</b>');
    await page.click('#chat-button');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'chat-text');
    assert.equal(await page.isHidden('#unread'), true);
    for (let i = 0; i < 5; i++) {
      await page.keyboard.type('line ' + i);
      await page.keyboard.press('Enter');
      await page.waitForFunction((n) => document.querySelectorAll('#chat-log .own').length === n, i + 1);
    }
    await page.keyboard.type('too fast');
    await page.keyboard.press('Enter');
    await textOf(page, 'chat-problem', 'wait a few seconds');
    assert.equal(await page.inputValue('#chat-text'), 'too fast');
    assert.equal(await page.getAttribute('#chat-scroll', 'role'), 'log');
    assert.equal(await page.evaluate(() => document.querySelector('#chat-log .text').textContent), '<b>Good morning</b>');
    assert.equal(await page.evaluate(() => document.getElementById('chat-text').maxLength), 1000);
    await page.keyboard.press('Escape');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'chat-button');
  });

  await t.test('hand up and down: the button says what a press does', async () => {
    await page.click('#hand');
    await textOf(page, 'hand', '^Lower hand$');
    assert.equal(last(mock, 'hand').raised, true);
    assert.equal(await page.getAttribute('#hand', 'aria-pressed'), null, 'a changing name, or a state, not both');
    await page.click('#hand');
    await textOf(page, 'hand', '^Raise hand$');
  });

  await t.test('who is here: name, role, what is off, who talks', async () => {
    await page.click('#people-button');
    const rows = await page.$$eval('#people li', (all) => all.map((li) => [li.querySelector('bdi').textContent, li.querySelector('small').textContent, li.className, li.querySelectorAll('.icons .icon').length]));
    assert.deepEqual(rows[1], ['Dr. Jonas Weber', 'clinician · talking', 'talking', 0]);
    assert.deepEqual(rows[2], ['Mei-Ling Chen', 'interpreter · muted · hand raised', '', 2]);
    assert.deepEqual(rows[3], ['عبد الرحمن', 'guest · by phone', '', 1]);
    assert.equal(await page.isHidden('#host-tools'), true);
    assert.equal(await page.$('#people .manage'), null);
  });

  await t.test('talking while muted is said within a second', async () => {
    await page.click('#mute');
    const began = Date.now();
    await textOf(page, 'note', 'You are talking, but your microphone is off', 2000);
    assert.ok(Date.now() - began < 1500, `${Date.now() - began} ms`); // the machine may be busy
    assert.equal(await page.evaluate(() => window.tessera.media.audio.enabled), false);
    await page.click('#mute');
  });

  await t.test('muted by a host: the button says so, and a press ends it once the server says so', async () => {
    await textOf(page, 'mute-text', '^Mute$');
    mock.say({ type: 'muted', muted: true });
    await textOf(page, 'note', '^The host muted you. Press Unmute to speak.$');
    await textOf(page, 'mute-text', '^Unmute$');
    assert.equal(await page.evaluate(() => document.getElementById('mute').hasAttribute('data-off')), true);
    await page.click('#mute');
    await textOf(page, 'mute-text', '^Mute$');
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: true, video: true, unmute: true });
    await textOf(page, 'note', 'Your microphone is on');
    await page.click('#mute');
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: false, video: true });
    await page.click('#mute');
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: true, video: true });
    mock.say({ type: 'muted', muted: true });
    await textOf(page, 'mute-text', '^Unmute$');
    mock.say({ type: 'muted', muted: false }); // by another: the person is asked, and opens the microphone
    mock.say({ type: 'asked', what: 'unmute' });
    await page.waitForSelector('#ask[open]');
    assert.equal(await page.textContent('#ask-title'), 'The host asks you to turn on your microphone.');
    assert.equal(await page.evaluate(() => window.tessera.media.on.audio), false);
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: false, video: true });
    await page.click('#ask-yes');
    await textOf(page, 'mute-text', '^Mute$');
    assert.deepEqual(last(mock, 'state'), { type: 'state', audio: true, video: true });
  });

  await t.test('a weak line: bars, words, and after a while what to do', async () => {
    mock.say({ type: 'quality', quality: 2, tier: 'C', loss: 0.005, rtt: 90 });
    await textOf(page, 'quality-text', 'Connection: weak');
    assert.equal(await page.isHidden('#advice'), true);
    await textOf(page, 'advice', 'Stop downloads', 8000);
    await page.evaluate(() => (window.tessera.limits = { thin: true })); // what goes up is in the way, too
    mock.say({ type: 'quality', quality: 2, tier: 'C', loss: 0.005, rtt: 91 });
    await textOf(page, 'advice', 'Turning off your camera', 8000);
    await page.evaluate(() => window.tessera.setVideo(false));
    mock.say({ type: 'quality', quality: 2, tier: 'C', loss: 0.005, rtt: 92 });
    await textOf(page, 'advice', 'Stop downloads', 8000); // it is off
    await page.evaluate(() => window.tessera.setVideo(true));
    mock.say({ type: 'quality', quality: 4, tier: 'A', loss: 0, rtt: 20 });
    await page.waitForSelector('#advice', { state: 'hidden' });
  });

  await t.test('what the room does about a weak line is said in words, one change at a time, and when it is over', async () => {
    const said = async () => page.evaluate(() => document.getElementById('note').textContent);
    const quality = (ease, tier) => mock.say({ type: 'quality', quality: 2, tier, ease, loss: 0.1, rtt: 90 });
    quality('smaller', 'C');
    quality('paused', 'audio');
    await textOf(page, 'note', 'the picture was paused so that voices come through', 8000);
    quality('', 'A');
    quality('paused', 'audio'); // gone at once: nobody needs to hear of it
    quality('', 'A');
    await textOf(page, 'note', 'the picture is as before', 8000);
    quality('repeated', 'A');
    await textOf(page, 'note', 'sound is sent twice', 8000);
    quality('', 'A');
    await page.waitForFunction(() => !/sent twice/.test(document.getElementById('note').textContent), null, { timeout: 15000 });
    assert.doesNotMatch(await said(), /smaller/);
    mock.say({ type: 'quality', quality: 4, tier: 'A', ease: '', loss: 0, rtt: 20 });
  });

  const shownAt = async (width, height) => {
    for (let i = 0; i < 60 && (last(mock, 'display') || {}).width !== width; i++) await page.waitForTimeout(50);
    assert.deepEqual(last(mock, 'display'), { type: 'display', width, height });
  };
  const up = (px) => Math.ceil(px / 16) * 16;

  await t.test('zoom: one tile fills the stage, of a person or of his screen; Escape shows everyone', async () => {
    const near = (a, b) => Math.abs(a - b) <= 2;
    const fills = async (part) => {
      const [stage, tile] = await page.evaluate(([x, y, w, h]) => {
        const s = document.getElementById('stage').getBoundingClientRect();
        const v = document.getElementById('composite').getBoundingClientRect();
        return [[s.left, s.top, s.width, s.height], [v.left + x * v.width, v.top + y * v.height, w * v.width, h * v.height]].map((r) => r.map(Math.round));
      }, part);
      assert.ok(near(tile[0] + tile[2] / 2, stage[0] + stage[2] / 2) && near(tile[1] + tile[3] / 2, stage[1] + stage[3] / 2), `${stage} ${tile}`);
      assert.ok(near(tile[2], stage[2]) || near(tile[3], stage[3]), `${stage} ${tile}`);
    };
    await page.click('#tiles button[aria-label="Show only Mei-Ling Chen"]');
    await fills([0, 0.5, 0.5, 0.5]);
    await page.keyboard.press('Escape');
    assert.equal(await page.isHidden('#zoom-out'), true);
    assert.equal(await page.evaluate(() => document.getElementById('composite').style.transform), '');

    const tiles = [{ seat: 'p2', content: true, x: 0, y: 0, w: 960, h: 540 }, { seat: 'p2', x: 960, y: 0, w: 320, h: 180 }];
    mock.say({ type: 'layout', tier: 'A', width: 1280, height: 720, tiles });
    await page.click('#tiles button[aria-label="Show only Screen of Dr. Jonas Weber"]');
    await fills([0, 0, 0.75, 0.75]);
    await page.click('#zoom-out');
    await page.click('#tiles button[aria-label="Show only Dr. Jonas Weber"]');
    await fills([0.75, 0, 0.25, 0.25]);
    await page.click('#zoom-out');
  });

  await t.test('the room is told in how many pixels the picture is shown, once each time that they change', async () => {
    const frame = await page.evaluate(() => { const r = document.getElementById('frame').getBoundingClientRect(); return [r.width, r.height]; });
    await shownAt(...frame.map(up));
    const before = count(mock, 'display');
    mock.say({ type: 'layout', tier: 'B', width: 640, height: 360, tiles: [{ seat: 'p2', x: 0, y: 0, w: 320, h: 360 }, { seat: 'p3', x: 320, y: 0, w: 320, h: 360 }] });
    await page.waitForFunction(() => document.querySelectorAll('#tiles button').length === 2);
    await page.click('#tiles button[aria-label="Show only Mei-Ling Chen"]');
    const box = await page.evaluate(() => { const r = document.getElementById('composite').getBoundingClientRect(); return [r.width, r.height]; });
    assert.ok(box[0] > frame[0] + 100 || box[1] > frame[1] + 100, `${box} ${frame}`);
    await shownAt(...box.map(up));
    await page.click('#zoom-out');
    await shownAt(...frame.map(up));
    assert.equal(count(mock, 'display') - before, 2, 'once for each size');
    await page.setViewportSize({ width: 420, height: 700 });
    await page.waitForFunction((w) => document.getElementById('frame').getBoundingClientRect().width < w, frame[0] - 100);
    await shownAt(...(await page.evaluate(() => { const r = document.getElementById('frame').getBoundingClientRect(); return [r.width, r.height]; })).map(up));
    await page.setViewportSize({ width: 1280, height: 720 });
    mock.dropSockets(); // said again on a new socket
    await stateIs(page, 'signal');
    await stateIs(page, 'live');
    await shownAt(...frame.map(up));
  });
  noProblems(problems);
});

test('hosts: operations, the door, questions; everybody else decides for himself', { timeout: 150000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  mock.host(true);
  await enter(page, mock.link);
  if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');

  const operation = () => {
    const { op, seat, value } = last(mock, 'host');
    return [op, seat, value];
  };
  const press = async (what, expected) => {
    const before = count(mock, 'host');
    await page.click(what);
    await page.waitForTimeout(50);
    for (let i = 0; i < 40 && count(mock, 'host') === before; i++) await page.waitForTimeout(50);
    assert.deepEqual(operation(), expected);
  };
  await page.click('[data-seat=p2] .manage');
  await press('[data-seat=p2] >> text=Mute', ['mute', 'p2', undefined]);
  assert.deepEqual(await page.$$eval('[data-seat=p2] select option', (all) => all.map((o) => o.textContent)), ['Automatic', 'Full quality (A)', 'Good quality (B)', 'Small picture (C)', 'Very small picture (D)', 'Sound only']);
  await page.selectOption('[data-seat=p2] select', 'C');
  await page.waitForTimeout(200);
  assert.deepEqual(operation(), ['tier', 'p2', 'C']);
  await page.click('[data-seat=p3] .manage');
  await press('[data-seat=p3] >> text=Ask to unmute', ['unmute_ask', 'p3', undefined]);
  await press('#mute-all', ['mute_all', undefined, undefined]);
  await textOf(page, 'note', 'Everyone but hosts and interpreters');
  assert.deepEqual(await page.$$eval('#layout option', (all) => all.map((o) => o.textContent)), ['Grid', 'Ward round', 'Speaker and strip'], 'a layout of the clinic by its own title');
  await page.selectOption('#layout', 'ward');
  await page.waitForFunction(() => window.tessera?.layouts.layout === 'ward');
  assert.deepEqual(operation(), ['layout', undefined, 'ward']);
  assert.equal(await page.inputValue('#layout'), 'ward');
  await press('#lock', ['lock', undefined, true]);
  await textOf(page, 'lock', 'Unlock');
  assert.equal(await page.isVisible('#locked'), true);
  assert.equal(await page.$('[data-seat=p1] .manage'), null, 'nothing to do about oneself');
  for (const [quality, words] of [[2, 'Connection: weak'], [5, 'Connection: very good'], [0, 'Connection: interrupted']]) {
    mock.say({ type: 'roster_changes', participants: [{ seat: 'p2', weak: quality < 3, quality }] });
    await page.waitForFunction((w) => document.querySelector('[data-seat=p2] small').textContent.split(' · ').includes(w), words);
  }

  mock.say({ type: 'knock', seat: 'p8', name: 'Samir', role: 'guest' });
  await page.waitForSelector('text=Samir (guest) waits to come in.');
  await press('#knocks >> text=Let in', ['admit', 'p8', undefined]);
  await page.waitForSelector('.knock', { state: 'detached' });
  mock.say({ type: 'knock', seat: 'p9', name: 'Nobody', role: 'guest' });
  await press('#knocks >> text=Refuse', ['deny', 'p9', undefined]);

  await page.click('[data-seat=p2] >> text=Remove from the visit');
  assert.equal(await page.textContent('#ask-title'), 'Remove Dr. Jonas Weber?');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'ask-no', 'the harmless answer first');
  await page.keyboard.press('Escape');
  assert.notEqual(operation()[0], 'remove');
  await page.click('[data-seat=p2] >> text=Remove from the visit');
  await press('#ask-yes', ['remove', 'p2', undefined]);

  mock.host(false); // the server's word counts, whatever the page shows
  await page.click('#mute-all');
  await textOf(page, 'note', 'not allowed');

  await page.click('#leave');
  await page.waitForSelector('#ask-third:visible');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => window.tessera.state), 'live', 'the last host is asked first');
  await page.click('#mute');
  await page.click('#end'); // a question stays under the finger, a newer one waits, and is not answered by a second tap
  for (let i = 0; i < 2; i++) mock.say({ type: 'asked', what: 'unmute', by: 'p2' });
  mock.say({ type: 'asked', what: 'camera', by: 'p2' }); // is on
  mock.say({ type: 'chat', seat: 'p2', name: 'Dr. Jonas Weber', text: 'after the question', at: Date.now() });
  await textOf(page, 'chat-log', 'after the question');
  assert.equal(await page.textContent('#ask-title'), 'End the visit for everyone?');
  await page.evaluate(() => ['ask-yes', 'ask-yes'].forEach((id) => document.getElementById(id).click()));
  await textOf(page, 'note', 'not allowed');
  assert.equal(await page.textContent('#ask-title'), 'Dr. Jonas Weber asks you to turn on your microphone.');
  assert.equal(await page.evaluate(() => window.tessera.media.on.audio), false, 'nobody is unmuted by others');
  await page.click('#ask-yes');
  await page.waitForFunction(() => window.tessera?.media.on.audio);
  await page.waitForFunction(() => !document.getElementById('ask').open && document.activeElement.id === 'end', null, { timeout: 3000 }); // where the person was
  mock.roster([{ seat: 'p5', name: 'Visitor', role: 'observer', kind: 'web', audio: false, video: false, state: 'up' }]);
  await page.click('[data-seat=p5] .manage');
  assert.deepEqual(await page.$$eval('[data-seat=p5] .operations > button', (all) => all.map((b) => b.textContent)), ['Remove from the visit'], 'who only watches is not asked to speak');
  mock.host(true);
  await page.click('#end');
  await press('#ask-yes', ['end', undefined, undefined]);
  await page.waitForSelector('text=The visit has ended');
  await page.reload();
  await page.waitForSelector('text=The visit has ended');
  assert.deepEqual(await page.evaluate(() => [typeof window.tessera, document.getElementById('prejoin').hidden]), ['undefined', true], 'no camera for a visit that is over');
  mock.refuse('token_revoked');
  await page.goto(mock.link); // opened once more: the server's word counts
  await page.click('#join');
  await page.waitForSelector('text=This link was withdrawn');
  await page.reload();
  await page.waitForSelector('text=This link was withdrawn');
  await page.goto(mock.linkOf({ name: 'Samir' }));
  await page.waitForSelector('text=Hello Samir');
  noProblems(problems);
});

test('a screen goes out beside the camera and ends; the second time takes no offer', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await page.addInitScript(() => {
    navigator.mediaDevices.getDisplayMedia = async () => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [1280, 720];
      canvas.getContext('2d').fillRect(0, 0, 9, 9);
      return canvas.captureStream(5);
    };
  });
  await enter(page, mock.link);
  const sent = () => page.evaluate(() => window.tessera.peer.connection.getSenders().map((s) => s.track).filter((s) => s && s.kind === 'video').map((s) => s.id));
  const camera = await sent();
  assert.equal(camera.length, 1);
  await page.click('#more-button');
  await page.click('#share');
  await textOf(page, 'note', 'see your screen');
  assert.equal(last(mock, 'share').on, true);
  assert.deepEqual(await sent(), [...camera, await page.evaluate(() => window.tessera.media.screen.id)]);
  await page.click('#people-button');
  await textOf(page, 'people', 'shares a screen');
  const press = async () => {
    if (!(await page.isVisible('#share'))) await page.click('#more-button');
    await page.click('#share');
  };
  await press();
  await page.waitForFunction(() => !window.tessera.media.screen);
  await textOf(page, 'note', 'no longer shared');
  assert.equal(last(mock, 'share').on, false);
  assert.deepEqual(await sent(), camera);
  await press();
  await textOf(page, 'note', 'see your screen');
  assert.equal(last(mock, 'share').on, true);
  assert.equal(count(mock, 'offer'), 2); // one to join, one for the first screen
  noProblems(problems);
});

test('a locked visit: wait at the door, then in; or refused', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  mock.lockDoor();
  await page.goto(mock.link);
  await page.click('#join');
  await page.waitForSelector('text=Please wait a moment');
  await page.waitForTimeout(500);
  mock.admit();
  await stateIs(page, 'live');
  await page.waitForSelector('#mute:visible');
  await page.click('#leave');
  mock.lockDoor();
  await page.click('text=Join again');
  await page.waitForSelector('text=Please wait a moment');
  mock.deny();
  await page.waitForSelector('text=You were not let in');
  noProblems(problems);
});

test('no path: within 10 s the page says what was tried and what to ask for, and opens by itself when it works', { timeout: 90000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  let lost = 0; // the line was away while the room's words and looks were fetched ahead
  const words = '**/lang/room/*.json';
  const looks = '**/room.css';
  for (const file of [words, looks]) await page.route(file, (r) => (lost++, r.abort()));
  mock.answers({ iceServers: [{ urls: ['turns:turn.example.org:443?transport=tcp'], username: 'u', credential: 'c' }] });
  mock.block(true);
  await page.goto(mock.link);
  for (let i = 0; i < 200 && lost < 4; i++) await page.waitForTimeout(50);
  for (const file of [words, looks]) await page.unroute(file);
  const began = Date.now();
  await page.click('#join');
  for (let i = 0; i < 100 && !count(mock, 'offer'); i++) await page.waitForTimeout(50);
  for (const way of ['9 typ host tcptype active', '50001 typ host tcptype passive']) mock.say({ type: 'candidate', candidate: `candidate:1 1 TCP 1015022079 192.0.2.7 ${way}`, mid: '0' });
  await page.waitForSelector('text=The connection is blocked', { timeout: 11000 });
  assert.ok(Date.now() - began < 10500, `${Date.now() - began} ms`);
  const said = await page.textContent('#message-details');
  assert.match(said, /Secure WebSocket \(TCP\) to localhost:\d+: works/);
  assert.match(said, /TCP[^.]*192\.0\.2\.7:50001/);
  assert.doesNotMatch(said, /192\.0\.2\.7:9(?!\d)/, 'a side that only calls has no port to open');
  assert.match(said, /Relay turns:turn\.example\.org:443\?transport=tcp: no answer/);
  assert.match(said, /allow the relay turns:turn\.example\.org:443/);
  await screenshot(page, 'client-no-path');
  mock.answers({});
  mock.block(false);
  await page.click('text=Try again');
  await stateIs(page, 'live', 15000);
  await page.waitForSelector('#mute:visible');
  assert.equal(await page.$eval('.controls', (e) => getComputedStyle(e).display), 'grid');
  noProblems(problems.filter((p) => !/Failed to load resource/.test(p)));
});

test('another origin\'s page of 20 lines joins, gets events and leaves', { timeout: 60000 }, async (t) => {
  const { mock, page, browser } = await withBrowser(t, { media: patient });
  const { startMock } = await import('./lib/mock.mjs');
  const elsewhere = await startMock();
  t.after(() => elsewhere.close());
  assert.notEqual(elsewhere.origin, mock.origin);
  await page.close();
  const context = await browser.browser.newContext({ permissions: ['camera', 'microphone'], bypassCSP: true });
  const other = await context.newPage();
  const token = mock.link.split('/j/')[1];
  await other.goto(`${elsewhere.origin}/web/example.html?server=${mock.origin}#${token}`);
  await other.waitForFunction(() => window.visit && window.visit.state === 'live', null, { timeout: 10000 });
  await other.waitForFunction(() => /Jonas Weber/.test(document.getElementById('people').textContent));
  assert.deepEqual(await violations(other), []);
  await other.click('#mute');
  await other.waitForFunction(() => !window.visit.media.on.audio);
  assert.deepEqual(last(mock, 'state'), { type: 'state', audio: false, video: true });
  mock.say({ type: 'muted', muted: true });
  await other.waitForFunction(() => window.visit.me.muted);
  await other.click('#mute');
  await other.waitForFunction(() => !window.visit.me.muted && window.visit.media.on.audio);
  mock.say({ type: 'muted', muted: true });
  await other.waitForFunction(() => window.visit.me.muted);
  await other.click('#mute'); // on, and under a host's mute
  await other.waitForFunction(() => !window.visit.me.muted);
  assert.equal(await other.evaluate(() => window.visit.media.on.audio), true);
  mock.denyOperations('no_rule');
  const told = await other.evaluate(async () => {
    const began = performance.now();
    const e = await window.visit.chat('Hello').catch((problem) => problem);
    return [e.code, e.message, performance.now() - began < 4000];
  });
  assert.deepEqual(told, ['forbidden', 'no', true], 'a refusal is told at once');
  mock.denyOperations('');
  await other.click('#leave');
  await other.waitForFunction(() => document.getElementById('people').textContent === 'Ended: left');
  assert.equal(elsewhere.seen.length, 0);
  const refused = (t) => other.evaluate(async ([server, token_]) => {
    const { Visit } = await import(server + '/web/tessera.js');
    const visit = token_ === undefined ? new Visit() : new Visit({ token: token_ });
    return new Promise((done) => { visit.on('ended', done).join(); });
  }, [mock.origin, t]);
  assert.equal((await refused(undefined)).reason, 'link-invalid');
  assert.deepEqual(await refused(''), { reason: 'link-invalid', code: 'token_forged', message: 'This link is not valid.' });
  for (const [code, reason] of [['token_expired', 'link-expired'], ['token_revoked', 'link-revoked'], ['room_ended', 'room_ended'], ['internal', 'error']]) {
    mock.refuse(code);
    assert.deepEqual(await refused(token), { reason, code, message: 'no' });
  }
});
