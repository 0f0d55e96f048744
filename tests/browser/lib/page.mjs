// page.mjs - a page of 20 px text that a person shares as a screen, and how much of it a reader of the composite can read.
import fs from 'node:fs';
import path from 'node:path';
import { outputFolder } from './output.mjs';
import { run } from './processes.mjs';

// Plain words of a visit, none twice in a line. Short ones are left out: the reader takes them for noise.
const WORDS = `patient history reports chronic headache since early spring without fever blood pressure remains normal after exercise
medication twice daily before breakfast allergic reaction penicillin recorded mother suffered similar symptoms laboratory results show
slightly raised cholesterol doctor recommends walking swimming less salt regular sleep follow appointment within three weeks nurse
checks weight pulse oxygen temperature interpreter present throughout conversation family agrees treatment plan questions answered
please bring current prescriptions insurance card next visit contact clinic immediately should vision blur hands tremble or breathing
become difficult physical therapy continues every tuesday morning knee flexion improved swelling reduced surgery postponed until autumn`
  .split(/\s+/).filter((w) => w.length > 3);
const LINES = 16;
const PER_LINE = 8;
export const text = Array.from({ length: LINES }, (_, i) => Array.from({ length: PER_LINE }, (__, k) => WORDS[(i * PER_LINE + k * 5 + i) % WORDS.length]).join(' '));

// In the page, before its scripts: what the person shares is a canvas of 1280x720 with the text, drawn again ten times a second as a
// screen would be. Its right edge and lower part stay free: the inset of the speaker lies there.
/* eslint-disable no-undef */
export function shareText(lines) {
  if (!navigator.mediaDevices) return; // about:blank
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
    const g = canvas.getContext('2d');
    let frame = 0;
    const draw = () => {
      g.fillStyle = '#fff';
      g.fillRect(0, 0, 1280, 720);
      g.fillStyle = '#111';
      g.font = '20px "DejaVu Sans", "Noto Sans", sans-serif';
      lines.forEach((line, i) => g.fillText(line, 40, 50 + i * 30));
      g.fillStyle = frame++ % 2 ? '#eee' : '#ddd';
      g.fillRect(0, 716, 4, 4); // a screen is never quite still
    };
    draw();
    const timer = setInterval(draw, 100);
    const stream = canvas.captureStream(10);
    stream.getVideoTracks()[0].addEventListener('ended', () => clearInterval(timer));
    return stream;
  };
}

// What the page's composite shows in the place of the shared screen, three times as large: -> {size, png}
async function screenOf(page) {
  return page.evaluate(() => {
    const video = document.getElementById('composite');
    const { layout } = window.tessera;
    const tile = layout && layout.tiles.find((one) => one.content);
    if (!tile || layout.width !== video.videoWidth) return { size: '', png: '' }; // on its way to another tier
    const [sx, sy] = [video.videoWidth / layout.width, video.videoHeight / layout.height];
    const canvas = Object.assign(document.createElement('canvas'), { width: tile.w * sx * 3, height: tile.h * sy * 3 });
    const g = canvas.getContext('2d');
    g.imageSmoothingQuality = 'high';
    g.drawImage(video, tile.x * sx, tile.y * sy, tile.w * sx, tile.h * sy, 0, 0, canvas.width, canvas.height);
    return { size: `${video.videoWidth}x${video.videoHeight}`, tile: `${tile.w}x${tile.h}`, png: canvas.toDataURL('image/png').split(',')[1] };
  });
}
/* eslint-enable no-undef */

// Reads a picture: the part of the text's words that is there, in any order.
export async function wordsRead(png) {
  const found = (await run('tesseract', [png, '-', '--psm', '6'], { env: { OMP_THREAD_LIMIT: '1' } })).toLowerCase().match(/[a-z]+/g) || [];
  const left = new Map();
  for (const w of found) left.set(w, (left.get(w) || 0) + 1);
  const all = text.join(' ').split(' ');
  const read = all.filter((w) => {
    const n = left.get(w) || 0;
    left.set(w, n - 1);
    return n > 0;
  });
  return read.length / all.length;
}

// -> {size of the composite, part of the words that can be read}
export async function readScreen(page, name) {
  const { size, tile, png } = await screenOf(page);
  if (!png) return { size, tile, read: 0 };
  const file = path.join(outputFolder, `share-${name}.png`);
  fs.writeFileSync(file, Buffer.from(png, 'base64'));
  return { size, tile, read: await wordsRead(file) };
}
