// p2p.mjs - the same links between two Chromiums without a server between them: what is there today, to set beside a visit.
// usage: node p2p.mjs FOLDER SEED SECONDS ROW...   prints what visit.mjs does, of the browser on the weak link. Needs root.
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { people, Scene } from '../../tests/browser/lib/scene.mjs';
import { makeLab } from '../../tests/browser/lib/lab.mjs';
import { sleep, until } from '../../tests/browser/lib/processes.mjs';
import { readMarker } from '../../tests/browser/lib/marker.mjs';
import { see } from './row.mjs';
import { ROWS } from './rows.mjs';

const [folder, seed, seconds, ...names] = process.argv.slice(2);
const SETTLE_MS = Number(seconds) < 10 ? 2500 : 5000;
const GOOD = 1; // of `people`
const PICTURES = 300; // of a fake camera, then it begins again
const MEASURE = fileURLToPath(new URL('../lib/weak_measure.py', import.meta.url));

/* eslint-disable no-undef */
// In the page: a connection that sends camera and microphone, and the names under which look.mjs finds what comes in. Its own pictures
// are read as they leave: sent = [[ms, number]...].
async function open(read) {
  const pc = (window.pc = new RTCPeerConnection());
  const [own, video] = [document.createElement('video'), document.createElement('video')];
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360, frameRate: 25 } });
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  video.id = 'composite';
  for (const v of [own, video]) {
    v.autoplay = v.muted = true;
    document.body.append(v);
  }
  own.srcObject = stream;
  pc.ontrack = (e) => {
    if (e.streams[0] !== video.srcObject) video.srcObject = e.streams[0];
  };
  const whole = () => ({ x: 0, y: 0, w: video.videoWidth, h: video.videoHeight });
  window.tessera = {
    get layout() {
      return { width: video.videoWidth, height: video.videoHeight };
    },
    get stream() {
      return video.srcObject;
    },
    tiles: () => [whole()],
    stats: async () => [...(await pc.getStats()).values()],
  };
  const reader = new Function('return ' + read)();
  const canvas = document.createElement('canvas');
  const g = canvas.getContext('2d', { willReadFrequently: true });
  window.sent = [];
  setInterval(() => {
    if (!own.videoWidth) return;
    [canvas.width, canvas.height] = [own.videoWidth, own.videoHeight];
    g.drawImage(own, 0, 0);
    const m = reader(g.getImageData(0, 0, canvas.width, canvas.height), { x: 0, y: 0, w: canvas.width, h: canvas.height });
    if (m) window.sent.push([Date.now(), m.frame]);
  }, 500);
}

// An offer, or the answer to one; with all candidates.
async function describe(offer) {
  const { pc } = window;
  if (offer) await pc.setRemoteDescription(offer);
  await pc.setLocalDescription(offer ? await pc.createAnswer() : await pc.createOffer());
  while (pc.iceGatheringState !== 'complete') await new Promise((r) => setTimeout(r, 50));
  return pc.localDescription.toJSON();
}
/* eslint-enable no-undef */

// A page that may use devices: of a host of its own, and nothing else is on it.
async function page(browser) {
  const p = await browser.newPage();
  await p.route('https://p2p.test/', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><body></body>' }));
  await p.goto('https://p2p.test/');
  await p.evaluate(open, readMarker.toString());
  return p;
}

async function row(name, { lab, weak, good }) {
  const [link] = lab.links;
  await link.set('clear');
  const [from, to] = [await page(good), await page(weak)];
  try {
    const answer = await to.evaluate(describe, await from.evaluate(describe));
    await from.evaluate((a) => window.pc.setRemoteDescription(a), answer);
    await until('the picture', () => to.evaluate(() => document.getElementById('composite').videoWidth > 0), 20000);
    await sleep(3000);
    const { seat, joins, enters, ...what } = ROWS[name];
    const visit = { lab, server: { inspect: async () => ({ participants: [] }) }, good: { reports: { tile: () => [] }, said: () => [], changes: () => 0, heard: () => 0, sound: () => Buffer.alloc(0), age: (ms, number) => [ms, number] } };
    const found = await see(name, { seconds: Number(seconds), settle_ms: SETTLE_MS, ...what }, { page: to, link, person: people[GOOD].person }, visit, { folder, seed });
    const anchors = await from.evaluate(() => window.sent);
    return { ...found, pictures: found.pictures.map(([ms, number, width, , like]) => [ms, number, width, age(anchors, ms, number), like]) };
  } finally {
    await link.set('clear').catch(() => {});
    await Promise.all([from.close(), to.close()]);
  }
}

function age(anchors, ms, number) {
  const before = anchors.filter(([at]) => at <= ms + 1000).pop();
  if (!before) return null;
  const whole = PICTURES * 40;
  const late = (((ms - before[0] - (number - before[1]) * 40) % whole) + whole) % whole;
  return late > whole / 2 ? null : late;
}

execFileSync('/usr/bin/python3', [MEASURE, 'pictures', people[GOOD].y4m, folder]);
const ends = [];
const scene = new Scene({ after: (f) => ends.push(f) });
try {
  const lab = await makeLab([''], { seed: Number(seed) });
  scene.later(() => lab.close());
  const weak = await scene.chromium(0, { namespace: lab.links[0].namespace });
  const good = await scene.chromium(GOOD, { namespace: lab.namespace, media: { ...people[GOOD], wav: path.join(folder, 'said.wav') } });
  for (const name of names) {
    const found = await row(name, { lab, weak, good }).catch((e) => ({ row: name, seed: Number(seed), error: e.message }));
    console.log(JSON.stringify(found));
  }
} finally {
  for (const f of ends) await f();
}
process.exit(0);
