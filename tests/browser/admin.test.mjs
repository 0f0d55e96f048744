// The clinic's page with a real server: create a visit, links and their QR codes, who is in, pictures, mute, lock, revoke, end.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import jsQR from 'jsqr';
import { launchChromium } from './lib/chromium.mjs';
import { keep, screenshot } from './lib/output.mjs';
import { until } from './lib/processes.mjs';
import { Scene } from './lib/scene.mjs';
import { qr } from '../../assets/web/admin/qr.js';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// What a camera would see of rows of modules, in four pixels each.
function photograph(rows, scale = 4, quiet = 4) {
  const width = (rows.length + 2 * quiet) * scale;
  const data = new Uint8ClampedArray(4 * width * width).fill(255);
  rows.forEach((row, y) => row.forEach((dark, x) => {
    for (let i = 0; dark && i < scale * scale; i++) {
      const at = 4 * (((y + quiet) * scale + Math.floor(i / scale)) * width + (x + quiet) * scale + (i % scale));
      data.fill(0, at, at + 3);
    }
  }));
  return [data, width, width];
}

test('QR codes of every size are read by a reader', () => {
  for (const length of [1, 17, 18, 78, 79, 134, 230, 231, 367, 858, 1500, 2953]) {
    const text = Array.from({ length }, (_, i) => 'abcdefghijkLMNOP0123456789-_.'[(i * 7 + length) % 29]).join('');
    const seen = jsQR(...photograph(qr(text)));
    assert.equal(seen && seen.data, text, `${length} characters`);
  }
  assert.equal(jsQR(...photograph(qr('https://näher.example/j/日本'))).data, 'https://näher.example/j/日本');
  assert.throws(() => qr('x'.repeat(2954)), /too long/);
});

// Violations of WCAG 2.2 A and AA on what is visible now.
async function violations(page) {
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  return found.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}

async function widths(page, name) {
  for (const width of [320, 768, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    await screenshot(page, `admin-${name}-${width}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width}`);
  }
}

const row = (page, name) => page.locator('#people li', { hasText: name });
const press = (page, text) => page.locator('button:visible', { hasText: text }).first().click();

async function signIn(page, server) {
  await page.goto(`${server.origin}/admin`);
  await page.fill('#key', 'not the key');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=That key is not right');
  assert.deepEqual(await violations(page), []);
  await widths(page, 'sign-in');
  await page.fill('#key', server.key);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#new-visit:visible');
}

async function createVisit(page) {
  await page.fill('#visit-name', 'Cardiology follow-up');
  await page.fill('#patient-name', 'عبد الرحمن');
  await page.fill('#clinician-name', 'Dr. ศิริพร <b>Weber</b>');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#chosen:visible');
  assert.equal(await page.textContent('#visit-title'), 'Cardiology follow-up');
  await page.waitForFunction(() => document.querySelectorAll('#people li').length === 2);
  assert.equal(await page.locator('#people li b b').count(), 0, 'a name is never markup');
  assert.match(await row(page, 'Weber').innerText(), /Clinician, host/);
}

// The link of a person as the page shows it: text and QR code say the same.
async function linkOf(page, open) {
  await open();
  await page.waitForSelector('#link-dialog[open] svg');
  const url = await page.inputValue('#link-text');
  const size = await page.evaluate(() => document.querySelector('#qr svg').viewBox.baseVal.width);
  const rows = await page.evaluate(() => document.querySelector('#qr path').getAttribute('d').match(/M\d+ \d+/g).map((m) => m.slice(1).split(' ').map(Number)));
  const square = Array.from({ length: size }, () => Array(size).fill(false));
  for (const [x, y] of rows) square[y][x] = true;
  assert.equal(jsQR(...photograph(square, 4, 0)).data, url);
  return url;
}

// Somebody comes to the locked visit, is shown as waiting, and hears what the desk answers.
async function atTheDoor(page, server, room, button, answer, said) {
  const { token } = await server.rest('POST', `/rooms/${room}/links`, { role: 'guest', name: 'Late Ngọc', seat: 'late' });
  const heard = page.evaluate((t) => new Promise((resolve) => {
    const ws = new WebSocket(location.origin.replace('https', 'wss') + '/ws');
    ws.onopen = () => ws.send(JSON.stringify({ type: 'join', token: t, sdp: 'v=0' }));
    ws.onmessage = ({ data }) => {
      const m = JSON.parse(data);
      if (m.type !== 'waiting') resolve(m.code || (m.offered ? 'offered' : m.type)); // an offer does not wait at the door
    };
  }), token);
  const late = row(page, 'Late Ngọc');
  await late.locator('text=waits to be let in').waitFor();
  assert.equal(await page.textContent('#news'), '1 waits to be let in');
  assert.match(await page.textContent('#visit-state'), /1 waits to be let in/);
  assert.equal(await page.locator('#people li').first().locator('b').textContent(), 'Late Ngọc', 'who waits is first');
  assert.deepEqual(await violations(page), []);
  await widths(page, `knock-${answer}`);
  await late.locator('button', { hasText: button }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await heard, answer);
  await late.locator('button', { hasText: button }).waitFor({ state: 'hidden' });
  assert.match(await page.evaluate(() => document.activeElement.innerText), /^Link\s+for Late Ngọc/, 'the focus stays in the row');
  await page.waitForFunction((said) => document.getElementById('news').textContent === said, said);
}

// What is only picked changes nothing and stays picked; what is refused is not shown as if it were so.
async function pickWithKeys(page, server, room) {
  const asked = [];
  await page.route('**/layout', (route) => { asked.push(route.request().postData()); return route.fulfill({ status: 503, body: '{}' }); });
  const now = await page.inputValue('#layout');
  await page.focus('#layout');
  await page.keyboard.press('ArrowUp');
  const picked = await page.inputValue('#layout');
  assert.notEqual(picked, now);
  for (let i = 0; i < 2; i++) await page.waitForResponse((r) => r.url().endsWith(`/rooms/${room}`)); // it is shown again meanwhile
  assert.equal(await page.inputValue('#layout'), picked);
  assert.deepEqual(asked, []);
  await press(page, 'Arrange');
  await page.waitForFunction((value) => document.getElementById('layout').value === value, now);
  assert.equal(asked.length, 1);
  assert.equal((await server.inspect(room)).layout, now);
  await page.unroute('**/layout');
}

// Another arrangement of the running visit: where people are changes at once, and nobody gets a dark picture.
async function arrange(page, server, room) {
  const { token } = await server.rest('POST', `/rooms/${room}/links`, { role: 'observer', name: 'Eyes', seat: 'eyes' });
  await page.evaluate((t) => {
    window.rects = [];
    const ws = (window.eyes = new WebSocket(location.origin.replace('https', 'wss') + '/ws'));
    const pc = (window.eyesPc = new RTCPeerConnection());
    pc.addTransceiver('video', { direction: 'recvonly' });
    ws.onopen = () => ws.send(JSON.stringify({ type: 'join', token: t }));
    ws.onmessage = async ({ data }) => {
      const m = JSON.parse(data);
      if (m.type === 'joined') {
        await pc.setLocalDescription(await pc.createOffer());
        ws.send(JSON.stringify({ type: 'offer', sdp: pc.localDescription.sdp }));
      } else if (m.type === 'answer') await pc.setRemoteDescription(m);
      else if (m.type === 'candidate' && m.candidate) await pc.addIceCandidate({ candidate: m.candidate, sdpMid: m.mid });
      else if (m.type === 'layout') window.rects.push(m);
    };
    pc.onicecandidate = ({ candidate }) => candidate && ws.send(JSON.stringify({ type: 'candidate', candidate: candidate.candidate, mid: candidate.sdpMid }));
    pc.ontrack = ({ track }) => {
      const video = document.createElement('video');
      video.muted = true;
      video.srcObject = new MediaStream([track]);
      video.play();
      const c = new OffscreenCanvas(32, 18).getContext('2d', { willReadFrequently: true });
      window.darkest = 255;
      const look = () => {
        c.drawImage(video, 0, 0, 32, 18);
        const d = c.getImageData(0, 0, 32, 18).data;
        let sum = 0;
        for (let i = 0; i < d.length; i += 4) sum += d[i + 1];
        if (window.looking) window.darkest = Math.min(window.darkest, sum / (32 * 18));
        window.shown = window.shown || sum > 0; // before that the element has nothing to draw
        video.requestVideoFrameCallback(look);
      };
      video.requestVideoFrameCallback(look);
    };
  }, token);
  await page.waitForFunction(() => window.rects.some((r) => r.tiles.length === 2), null, { timeout: 20000 });
  await page.waitForFunction(() => window.shown, null, { timeout: 10000 });
  await page.evaluate(() => { window.looking = true; });
  for (const [layout, fits] of [
    ['speaker', (m) => m.tiles.length === 2 && m.tiles[0].w > 1.5 * m.tiles[1].w],
    ['picture-in-picture', (m) => m.tiles.length === 2 && m.tiles[0].w === m.width && m.tiles[1].w * 3 < m.width],
    ['grid', (m) => m.tiles.length === 2 && m.tiles[0].w === m.tiles[1].w],
  ]) {
    await page.selectOption('#layout', layout);
    await press(page, 'Arrange');
    await until(`the tiles of ${layout}`, async () => fits(await page.evaluate(() => window.rects[window.rects.length - 1])));
    await until('the page to say so', async () => (await server.inspect(room)).layout === layout);
  }
  await pickWithKeys(page, server, room);
  assert.ok((await page.evaluate(() => window.darkest)) > 20, 'no dark picture between two arrangements');
  await page.evaluate(() => { window.eyes.close(); window.eyesPc.close(); });
  await server.rest('DELETE', `/rooms/${room}/participants/eyes`);
}

test('a front desk: visit, links, who is in, pictures, mute all, lock, revoke, end', { timeout: 120000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'admin' });
  const browser = await launchChromium({});
  scene.later(() => browser.close());
  const page = await browser.newPage();
  const problems = [];
  page.on('pageerror', (e) => problems.push(e.message));
  page.on('console', (m) => m.type() === 'error' && !/status of (401|404|503)/.test(m.text()) && problems.push(m.text()));

  await signIn(page, server);
  await createVisit(page);
  const patient = await linkOf(page, () => row(page, 'عبد').locator('button', { hasText: 'Link' }).click());
  assert.deepEqual(await violations(page), []);
  await widths(page, 'link');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.getElementById('link-text').value === '', null, { timeout: 2000 }); // a closed dialog keeps no link
  await page.fill('#invite-name', 'Mei-Ling 陳');
  await page.selectOption('#invite-role', 'interpreter');
  await page.selectOption('#invite-language', 'fr');
  await page.selectOption('#invite-hears', { label: 'Vietnamese' });
  await page.selectOption('#invite-expires', '604800');
  const interpreter = await linkOf(page, () => press(page, 'Make a link'));
  const says = (link) => JSON.parse(Buffer.from(link.split('/j/')[1].split('.')[1], 'base64url'));
  assert.deepEqual([says(patient).language, says(interpreter).language], [undefined, 'fr']);
  assert.ok(Math.abs(says(interpreter).exp - says(patient).exp - 6 * 86400) < 300, 'seven days, not one');
  await page.click('#link-close');

  scene.bots([patient, interpreter], { seconds: 90 });
  await until('the interpretation that the link says', async () => {
    const { rooms } = await server.rest('GET', '/rooms');
    const visits = await Promise.all(rooms.map(({ id }) => server.rest('GET', `/rooms/${id}`)));
    return visits.some((v) => v.participants.some((p) => p.sound && p.sound.hears === 'vi'));
  }, 20000);
  await page.waitForFunction(() => /2 people are in/.test(document.getElementById('visit-state').textContent), null, { timeout: 20000 });
  await page.waitForFunction(() => [...document.querySelectorAll('#people .figures')].filter((f) => /gets \d\d+ kbit/.test(f.textContent)).length === 2, null, { timeout: 20000 });
  await page.waitForFunction(() => [...document.querySelectorAll('#pictures img')].some((i) => i.naturalWidth > 100), null, { timeout: 15000 });
  const first = await page.evaluate(() => document.querySelector('#pictures img').src);
  await page.waitForFunction((src) => document.querySelector('#pictures img').src !== src, first, { timeout: 5000 });
  assert.deepEqual(await violations(page), []);
  await widths(page, 'visit');
  const inWords = await page.$$eval('#people .figures:not([hidden]), #pictures figcaption', (all) => all.map((e) => e.textContent));
  assert.ok(inWords.length >= 3 && inWords.every((text) => /^[A-Z]?[a-z ,]+\([A-Z]\)( · |$)/.test(text)), `tiers in words: ${inWords}`);

  const focused = await page.evaluate(() => {
    const button = document.querySelector('#people button:not([hidden])');
    button.focus();
    return new Promise((r) => setTimeout(() => r(document.activeElement === button), 3500));
  });
  assert.ok(focused, 'what is shown again does not take the focus away');

  const { rooms: [{ id: room }] } = await server.rest('GET', '/rooms');
  const mutes = async () => Object.fromEntries((await server.inspect(room)).participants.map((p) => [p.role, p.muted]));
  await press(page, 'Mute all');
  await until('everybody but the interpreter and the host to be muted', async () => {
    const m = await mutes();
    return m.patient && !m.interpreter && !m.clinician;
  });
  await row(page, 'عبد').locator('button', { hasText: 'Ask to unmute' }).click();
  await until('the mute to be over', async () => !(await mutes()).patient);
  await arrange(page, server, room);
  await page.click('#lock');
  await page.waitForSelector('#lock:has-text("Unlock")');
  assert.equal((await server.inspect(room)).locked, true);

  for (const [button, answer, said] of [['Not now', 'denied', 'The person was told: not now.'], ['Admit', 'joined', 'The person was let in.']]) {
    await atTheDoor(page, server, room, button, answer, said);
  }

  await row(page, 'Mei-Ling').locator('button', { hasText: 'Revoke' }).click();
  await page.waitForSelector('#ask-dialog[open]');
  assert.deepEqual(await violations(page), []);
  await page.click('#ask-yes');
  await page.waitForFunction(() => /one person is in/.test(document.getElementById('visit-state').textContent), null, { timeout: 10000 });
  assert.equal((await server.raw('GET', new URL(interpreter).pathname)).status, 403);
  const { participants, revoked: [withdrawn] } = await server.inspect(room);
  const when = (seconds) => page.evaluate((s) => new Date(1000 * s).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }), seconds);
  assert.ok(Math.abs(participants[0].link_ends - Date.now() / 1000 - 86400) < 300, 'a link works for a day');
  assert.equal(await row(page, participants[0].name).locator('.ends').textContent(), `Link works until ${await when(participants[0].link_ends)}`);
  const gone = page.locator('#revoked li', { hasText: 'Mei-Ling' });
  assert.equal(await gone.locator('.ends').textContent(), `Link withdrawn ${await when(withdrawn.at)}`);
  assert.deepEqual(await violations(page), []);
  await widths(page, 'revoked');
  await linkOf(page, () => gone.locator('button', { hasText: 'New link' }).click());
  assert.match(await page.textContent('#link-ends'), /^It works until .*\d/);
  await page.keyboard.press('Escape');
  await gone.waitFor({ state: 'detached' });

  assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), document.cookie, location.search + location.hash]), [[], '', '']);
  await page.reload();
  await page.waitForSelector('#visits button');
  await page.click('#visits button');
  await page.waitForSelector('#chosen:visible');
  await press(page, 'End the visit');
  await page.click('#ask-yes');
  await page.waitForSelector('#no-visits:visible');
  assert.deepEqual((await server.rest('GET', '/rooms')).rooms, []);
  await page.click('#sign-out');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'key');
  keep('admin-problems.json', problems);
  assert.deepEqual(problems, []);
});
