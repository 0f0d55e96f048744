// visit.mjs - a person in a visit: a page of either browser, driven through window.tessera, its picture and its sound read back.
import { spawn } from 'node:child_process';
import { sleep, until } from './processes.mjs';
import { readMarker } from './marker.mjs';

// Opens a link and joins. hash: options of the web client, such as "raw" or "raw&relay"; look: ms that the person looks at the page first.
export async function join(browser, link, { hash = 'raw', timeout = 15000, prepare, look = 0 } = {}) {
  const page = await browser.newPage();
  page.problems = [];
  page.on('pageerror', (e) => page.problems.push(e.message));
  if (prepare) await prepare(page);
  await page.goto(`${link.url || link}#${hash}`);
  await until('the page before the visit', () => page.evaluate(() => window.tessera && window.tessera.media.asked && !document.getElementById('prejoin').hidden), timeout);
  await until('the devices', () => page.evaluate(() => !/Your browser asks/.test(document.getElementById('device-notes').textContent)), timeout);
  await sleep(look);
  await page.evaluate(() => document.getElementById('join').click());
  await live(page, timeout);
  return page;
}

export const stateOf = (page) => page.evaluate(() => window.tessera && window.tessera.state);

export async function live(page, timeout = 15000) {
  await until('the visit to be live', async () => {
    const [state, reason, peer] = await page.evaluate(() => {
      const v = window.tessera;
      return v ? [v.state, v.reason, v.peer && v.peer.state] : ['no page'];
    });
    if (state !== 'live') throw new Error(`state ${state} ${reason || ''} ${peer || ''}`);
    return true;
  }, timeout);
}

// The first picture of the composite is on the screen.
export const firstPicture = (page, timeout = 10000) => until('a first picture', () => page.evaluate(() => {
  const v = document.getElementById('composite');
  return v.videoWidth > 0 && (v.getVideoPlaybackQuality().totalVideoFrames || v.mozPaintedFrames) > 0; // Firefox counts streams there
}), timeout);

export const seatsInLayout = (page) => page.evaluate(() => (window.tessera.layout ? window.tessera.layout.tiles.map((tile) => tile.seat) : []));

// Looks at the composite for `ms`: per seat of the layout who is in its rectangle, how often the marker's frame number rose, and the
// longest time without a new one; for tiles without a marker how often the picture changed.
// -> {size, pictures, tiles: {seat: {name, person, changes, backwards, gapMs, moved, read}}}
export async function watch(page, ms = 4000) {
  return page.evaluate(`(${probe.toString().replace('READ_MARKER', () => readMarker.toString())})(${ms})`);
}

/* eslint-disable no-undef */
async function probe(ms) {
  const read = READ_MARKER;
  const video = document.getElementById('composite');
  const canvas = document.createElement('canvas');
  const g = canvas.getContext('2d', { willReadFrequently: true });
  const tiles = {};
  const began = performance.now();
  let pictures = 0;
  const look = (now) => {
    const { layout } = window.tessera;
    if (!layout || !video.videoWidth) return;
    if (canvas.width !== video.videoWidth) [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    g.drawImage(video, 0, 0);
    const image = g.getImageData(0, 0, canvas.width, canvas.height);
    const sx = canvas.width / layout.width;
    const sy = canvas.height / layout.height;
    pictures++;
    for (const tile of window.tessera.tiles()) {
      const rect = { x: tile.x * sx, y: tile.y * sy, w: tile.w * sx, h: tile.h * sy };
      const t = (tiles[tile.seat] ||= { name: tile.name, person: null, frame: null, changes: 0, backwards: 0, gapMs: 0, since: now, moved: 0, read: 0, sum: null });
      const m = read(image, rect);
      if (m) {
        t.read++;
        t.person = m.person;
        if (m.frame !== t.frame) {
          const step = (m.frame - t.frame + 65536) & 65535;
          if (t.frame !== null && step > 32768 && m.frame > 50) t.backwards++;
          else if (t.frame !== null) t.changes++;
          t.gapMs = Math.max(t.gapMs, now - t.since);
          t.since = now;
          t.frame = m.frame;
        }
      }
      const sum = [];
      for (let i = 0; i < 144; i++) {
        const x = Math.floor(rect.x + ((i % 12) + 0.5) * (rect.w / 12));
        const y = Math.floor(rect.y + (Math.floor(i / 12) + 0.5) * (rect.h / 12));
        sum.push(image.data[4 * (y * image.width + x) + 1]);
      }
      if (t.sum && sum.some((v, i) => Math.abs(v - t.sum[i]) > 12)) t.moved++;
      t.sum = sum;
    }
  };
  await new Promise((resolve) => {
    const next = (now) => {
      look(now);
      if (performance.now() - began < ms) arm();
      else resolve();
    };
    const arm = () => {
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(next);
      else setTimeout(() => next(performance.now()), 40);
    };
    setTimeout(resolve, ms + 500); // no picture came
    arm();
  });
  const now = performance.now();
  for (const t of Object.values(tiles)) {
    if (t.read) t.gapMs = Math.max(t.gapMs, now - t.since);
    t.gapMs = Math.round(t.gapMs);
    delete t.sum;
    delete t.since;
  }
  return { size: `${canvas.width}x${canvas.height}`, pictures, tiles };
}
/* eslint-enable no-undef */

// Records what the person hears for `ms`: mono samples at 48 kHz.
export const hear = async (page, ms = 3000) => (await hearSince(page, ms)).samples;

// The same -> {samples, began}: by the wall clock in ms, when the first one left the playout buffer; to about 20 ms.
export async function hearSince(page, ms) {
  const [base64, began] = await page.evaluate(async (duration) => {
    const stream = new MediaStream(window.tessera.stream.getAudioTracks());
    const recorder = new MediaRecorder(stream, { audioBitsPerSecond: 128000 });
    const parts = [];
    recorder.ondataavailable = (e) => parts.push(e.data);
    const stopped = new Promise((r) => (recorder.onstop = r));
    recorder.start();
    const since = Date.now();
    await new Promise((r) => setTimeout(r, duration));
    recorder.stop();
    await stopped;
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    let text = '';
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    return [btoa(text), since];
  }, ms);
  return { samples: await decode(Buffer.from(base64, 'base64')), began };
}

function decode(coded) {
  return new Promise((resolve, reject) => {
    const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-f', 'f32le', '-ac', '1', '-ar', '48000', 'pipe:1']);
    const parts = [];
    ffmpeg.stdout.on('data', (d) => parts.push(d));
    ffmpeg.on('error', reject);
    ffmpeg.on('close', () => {
      const all = Buffer.concat(parts);
      resolve(new Float32Array(all.buffer.slice(all.byteOffset, all.byteOffset + (all.length & ~3))));
    });
    ffmpeg.stdin.on('error', () => {});
    ffmpeg.stdin.end(coded);
  });
}

// Level of one frequency in dB of full scale: the median of quarter-second windows, so that a click does not count.
export function toneLevel(samples, frequency, from = 24000) {
  const size = 12000;
  const levels = [];
  for (let start = from; start + size <= samples.length; start += size) {
    let re = 0;
    let im = 0;
    for (let i = 0; i < size; i++) {
      const w = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size);
      const a = (2 * Math.PI * frequency * i) / 48000;
      re += w * samples[start + i] * Math.cos(a);
      im += w * samples[start + i] * Math.sin(a);
    }
    levels.push(20 * Math.log10((4 * Math.hypot(re, im)) / size + 1e-9));
  }
  levels.sort((a, b) => a - b);
  return levels.length ? Math.round(levels[levels.length >> 1]) : -180;
}

export const power = (samples) => {
  let sum = 0;
  for (const s of samples) sum += s * s;
  return Math.round(10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12));
};

// One object of getStats() by type and kind; {} if there is none.
export async function stat(page, type, kind) {
  const all = await page.evaluate(() => window.tessera.stats());
  return all.find((s) => s.type === type && (!kind || s.kind === kind)) || {};
}

export async function selectedPair(page) {
  const all = await page.evaluate(() => window.tessera.stats());
  const pair = all.find((s) => s.type === 'candidate-pair' && s.nominated && s.state === 'succeeded') || {};
  const by = (id) => all.find((s) => s.id === id) || {};
  return { pair, local: by(pair.localCandidateId), remote: by(pair.remoteCandidateId) };
}
