// Every page of the client on a phone, a tablet and a workstation, right-to-left and on a television: what axe-core finds, what runs
// over the edge, and a picture of each to look at.
import test from 'node:test';
import assert from 'node:assert/strict';
import { stateIs, violations, withBrowser } from './lib/client.mjs';
import { keep, screenshot } from './lib/output.mjs';

const SLOW = ['checked', 'advice', 'nopath', 'invalid-expired', 'invalid-revoked', 'invalid-foreign', 'invalid-over', 'upright']; // waits, other words, a phone's: not in every view
const SOME = ['before', 'room', 'host', 'chat'];
const VIEWS = [
  ['320', { width: 320, height: 640 }, '', () => true],
  ['768', { width: 768, height: 1024 }, '#lang=fr', (state) => !SLOW.includes(state)],
  ['1280', { width: 1280, height: 800 }, '#lang=es', (state) => !SLOW.includes(state)],
  ['rtl', { width: 1280, height: 800 }, '#dir=rtl', (state) => !SLOW.includes(state)],
  ['rtl-320', { width: 320, height: 640 }, '#dir=rtl', (state) => [...SOME, 'advice', 'leaving', 'left', 'nopath', 'upright'].includes(state)],
  ['tv', { width: 1280, height: 720 }, '#tv', (state) => SOME.includes(state)],
  ['sideways', { width: 640, height: 320 }, '', (state) => SOME.includes(state)],
];
const LONG = 'Please bring the blood pressure diary to the next visit. '.repeat(4);

// Everything that a page can look like, one after the other: [name, how to get there].
function states(mock, page, hash) {
  const link = mock.link + hash;
  return [
    ['before', async () => {
      await page.goto(link);
      await page.waitForFunction(() => window.tessera?.media.video && !/^Your browser|^Votre nav|^Su nav/.test(document.getElementById('device-notes').textContent));
    }],
    ['checked', async () => {
      await page.click('#check');
      await page.waitForFunction(() => /kbit/.test(document.getElementById('check-figures').textContent), null, { timeout: 30000 });
      await page.click('#tone');
    }],
    ['room', async () => {
      await page.click('#way-voice');
      await page.click('#join');
      await stateIs(page, 'live');
      await page.waitForSelector('#people li, #people-button:visible');
      if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
    }],
    ['host', async () => {
      mock.host(true);
      await page.reload();
      await stateIs(page, 'live');
      await page.waitForSelector('#mute:visible');
      if (!(await page.isVisible('#people-panel'))) await page.click('#people-button');
      await page.click('[data-seat=p2] .manage');
      mock.say({ type: 'recording', state: 'on', policy: 'everyone', consent: 'agreed', version: '2', missing: [] });
      await page.waitForSelector('#record-pause:visible');
      mock.say({ type: 'knock', seat: 'p9', name: 'दीपिका शर्मा', role: 'interpreter' });
      mock.say({ type: 'quality', quality: 1, tier: 'D', loss: 0.1, rtt: 300 });
    }],
    ['advice', () => page.waitForSelector('#advice:visible', { timeout: 8000 })],
    ['asked', async () => {
      mock.say({ type: 'asked', what: 'camera', by: 'p2' });
      await page.waitForSelector('#ask[open]');
    }],
    ['consent', async () => {
      await page.click('#ask-no');
      mock.say({ type: 'recording', state: 'asking', policy: 'everyone', consent: 'none', version: '2', missing: ['p1', 'p4'] });
      await page.waitForSelector('#ask[open]');
    }],
    ['chat', async () => {
      if (await page.isVisible('#ask-yes')) await page.click('#ask-yes');
      mock.say({ type: 'recording', state: 'on', policy: 'everyone', consent: 'agreed', version: '2', missing: [] });
      mock.say({ type: 'knock_gone', seat: 'p9' });
      mock.say({ type: 'quality', quality: 5, tier: 'A', loss: 0, rtt: 20 });
      await page.click('#chat-button');
      mock.say({ type: 'chat', seat: 'p2', name: 'Dr. Jonas Weber', text: LONG, at: Date.now() });
      mock.say({ type: 'chat', seat: 'p4', name: 'عبد الرحمن', text: 'شكرا جزيلا', at: Date.now() });
      await page.fill('#chat-text', 'Thank you');
      await page.click('#chat-form button');
      await page.waitForFunction(() => document.getElementById('chat-log').children.length === 3);
    }],
    ['more', () => page.click('#more-button')],
    ['zoom', async () => {
      await page.click('#more-panel [data-close]');
      await page.click('#tiles button >> nth=2');
      await page.waitForSelector('#zoom-out:visible');
    }],
    ['muted', async () => {
      await page.click('#zoom-out');
      mock.say({ type: 'muted', muted: true });
      await page.waitForSelector('#note:visible');
    }],
    ['upright', async () => {
      if (await page.isVisible('[data-close]')) await page.click('[data-close]:visible');
      mock.say({ type: 'layout', tier: 'D', width: 360, height: 640, tiles: ['p2', 'p1'].map((seat, i) => ({ seat, x: 0, y: 320 * i, w: 360, h: 320 })) });
      await page.waitForFunction(() => document.querySelectorAll('#tiles button').length === 2);
      await page.waitForTimeout(100);
      mock.say({ type: 'recording', state: 'asking', policy: 'everyone', consent: 'agreed', version: '2', missing: ['p4'] });
      mock.say({ type: 'knock', seat: 'p9', name: 'दीपिका शर्मा', role: 'interpreter' });
      await page.waitForSelector('.knock');
      await page.waitForTimeout(100);
      const seen = await page.evaluate(() => ['frame', 'leave'].map((id) => Math.round(document.getElementById(id).getBoundingClientRect().bottom)).concat(document.querySelector('.controls').getBoundingClientRect().top, innerHeight));
      assert.ok(seen[0] <= seen[2] + 1 && seen[1] <= seen[3], `the picture over the controls, all on the screen: ${seen}`);
    }],
    ['leaving', async () => {
      await page.click('#leave'); // the last host is asked
      await page.waitForSelector('#ask-third:visible');
    }],
    ['left', async () => {
      if (await page.isHidden('#ask-yes')) await page.click('#leave');
      await page.click('#ask-yes');
      await page.waitForSelector('#message:visible');
    }],
    ['waiting', async () => {
      mock.host(false);
      mock.lockDoor();
      await page.click('#message-action');
      await page.waitForSelector('[data-kind=waiting]:visible');
    }],
    ['denied', async () => {
      mock.deny();
      await page.waitForSelector('[data-kind=denied]:visible');
    }],
    ['nopath', async () => {
      mock.block(true);
      await page.goto('about:blank');
      await page.goto(link);
      await page.click('#join');
      await page.waitForSelector('[data-kind=nopath]:visible', { timeout: 10000 });
      mock.block(false);
    }],
    ...['forged', 'expired', 'revoked', 'foreign'].map((why) => ['invalid-' + why, async () => {
      await page.goto(`${mock.link}.bad-token_${why}${hash}`);
      await page.waitForSelector('#why:visible');
    }]),
    ['invalid-over', async () => {
      await page.goto(`${mock.link}.bad-room_ended${hash}`);
      await page.waitForSelector('#why:visible');
    }],
  ];
}

const overflow = (page) => page.evaluate(() => {
  const width = document.documentElement.clientWidth;
  const over = [...document.querySelectorAll('main:not([hidden]) *')].filter((e) => {
    const r = e.getBoundingClientRect();
    return r.width && !e.closest('#frame, .visually-hidden, svg') && (r.right > width + 1 || r.left < -1);
  });
  return over.map((e) => e.id || e.className || e.tagName).slice(0, 5);
});

// Somebody knocks and a panel is open on a small telephone, upright or on its side: a picture, lines of the list, and Leave without scrolling.
async function small(mock, page) {
  for (const [width, height] of [[320, 480], [568, 320], [640, 320]]) {
    await page.setViewportSize({ width, height });
    mock.say({ type: 'knock', seat: 'p9', name: 'दीपिका शर्मा', role: 'interpreter' }); // also when the page has connected anew
    await page.waitForSelector('.knock');
    await page.waitForFunction(() => document.getElementById('frame').getBoundingClientRect().width <= document.getElementById('stage').getBoundingClientRect().width + 1);
    const seen = await page.evaluate(() => {
      const leave = document.getElementById('leave').getBoundingClientRect();
      const stage = document.getElementById('stage').getBoundingClientRect();
      const hit = (id) => {
        const r = document.getElementById(id).getBoundingClientRect();
        const e = document.elementFromPoint(r.x + r.width / 2, r.bottom - 4);
        return !!e && e.closest('button') === document.getElementById(id);
      };
      return { stage: [stage.width, stage.height], list: document.querySelector('#people-panel .scroll').clientHeight, leave: [leave.top, leave.bottom], hit: ['mute', 'people-button', 'leave'].every(hit) };
    });
    await screenshot(page, `page-small-${width}`);
    assert.ok(seen.stage[0] >= 290 && seen.stage[1] >= 120 && seen.list >= 90 && seen.leave[1] <= height && seen.hit, `${width} x ${height}: ${JSON.stringify(seen)}`);
  }
}

for (const [name, viewport, hash, wanted] of VIEWS) {
  test(`pages: ${name}`, { timeout: 240000 }, async (t) => {
    const { mock, page, problems } = await withBrowser(t);
    await page.setViewportSize(viewport);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const found = {};
    for (const [state, go] of states(mock, page, hash).filter(([s]) => wanted(s))) {
      await go();
      await page.waitForTimeout(150);
      await screenshot(page, `page-${name}-${state}`);
      const wrong = [...(await violations(page)), ...(await overflow(page)).map((e) => 'over the edge: ' + e)];
      if (wrong.length) found[state] = wrong;
      if (name === 'sideways' && state === 'host') await small(mock, page);
    }
    keep(`pages-${name}.json`, found);
    assert.deepEqual(found, {});
    assert.deepEqual(problems.filter((p) => !/WebSocket/.test(p)), []);
  });
}

test('axe-core sees what is wrong', { timeout: 30000 }, async (t) => {
  const { mock, page } = await withBrowser(t);
  await page.goto(mock.link + '.bad-token_forged');
  await page.waitForSelector('#why:visible');
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('img'), { src: '/web/icon.svg' }), document.createElement('button')));
  const wrong = await violations(page);
  assert.ok(wrong.some((v) => v.startsWith('image-alt')) && wrong.some((v) => v.startsWith('button-name')), wrong.join());
});
