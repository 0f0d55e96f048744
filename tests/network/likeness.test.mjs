// The measure of pictures that bench/run weak-link judges by: what was sent is like itself in any size and a little beside its place;
// what a decoder makes of lost slices is not, though its number can be read.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { generate } from '../browser/media/generate.mjs';
import { readMarker } from '../browser/lib/marker.mjs';
import { GRID, LIKE, likener } from '../../bench/weak-link/likeness.mjs';

const MEASURE = fileURLToPath(new URL('../../bench/lib/weak_measure.py', import.meta.url));
const [WIDTH, HEIGHT, NUMBER] = [640, 360, 120];
const clips = process.env.TESSERA_CLIPS || path.join(process.env.TESSERA_BIN || '', '../clips');

// One picture of the good one's clip, 640x360: (x, y) => [red, green, blue].
function picture(folder) {
  const film = path.join(folder, 'clip.h264');
  const clip = fs.readFileSync(path.join(clips, 'h264-0.clip'));
  const parts = [];
  for (let at = 28; at < clip.length;) {
    const size = clip.readUInt32LE(at) & 0x7fffffff;
    parts.push(clip.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  fs.writeFileSync(film, Buffer.concat(parts));
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', film, '-vf', `select=eq(n\\,${NUMBER}),format=rgb24`, '-frames:v', '1', '-f', 'rawvideo', '-'], { maxBuffer: 1 << 24 });
  const place = (x, y) => 3 * (Math.min(HEIGHT - 1, Math.max(0, Math.round(y))) * WIDTH + Math.min(WIDTH - 1, Math.max(0, Math.round(x))));
  return (x, y) => raw.subarray(place(x, y), place(x, y) + 3);
}

// A composite of that size whose right half shows the source, `shown` wide, its middle off by some pixels.
function composite(colour, { width, height, shown, off = [0, 0] }) {
  const data = new Uint8ClampedArray(4 * width * height).fill(40);
  const rect = { x: width / 2, y: height / 90, w: width / 2 - 2, h: height - height / 45 };
  const [cx, cy, scale] = [rect.x + rect.w / 2 + off[0], rect.y + rect.h / 2 + off[1], WIDTH / shown];
  for (let y = 0; y < height; y++) {
    for (let x = Math.ceil(rect.x); x < rect.x + rect.w; x++) {
      const [sx, sy] = [WIDTH / 2 + (x + 0.5 - cx) * scale - 0.5, HEIGHT / 2 + (y + 0.5 - cy) * scale - 0.5];
      if (sy >= 0 && sy < HEIGHT) data.set(colour(sx, sy), 4 * (y * width + x));
    }
  }
  return { image: { data, width, height }, rect };
}

// Rows from..to (shares of the height) become what `of` makes of a pixel.
function spoiled({ image, rect }, from, to, of) {
  const data = image.data.slice();
  for (let y = Math.round(from * image.height); y < to * image.height; y++) {
    for (let x = 0; x < image.width; x++) data.fill(of(x, y, data[4 * (y * image.width + x)]), 4 * (y * image.width + x), 4 * (y * image.width + x) + 3);
  }
  return { image: { ...image, data }, rect };
}

test('pictures that are like what was sent', { timeout: 60000, skip: fs.existsSync(path.join(clips, 'h264-0.clip')) ? false : 'no clips: build first, or set TESSERA_CLIPS' }, (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-likeness-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  execFileSync('/usr/bin/python3', [MEASURE, 'voice', clips, folder]);
  const references = new Uint8Array(fs.readFileSync(path.join(folder, 'pictures.gray')));
  assert.equal(references.length, 300 * GRID.columns * GRID.rows);
  const colour = picture(folder);
  // As a page sees a stream: some pictures before it, so that the place is found.
  const likeOf = (good, seen) => {
    const like = likener(references, GRID, LIKE);
    const one = ({ image, rect }) => {
      const marker = readMarker(image, rect);
      assert.deepEqual([marker && marker.person, marker && marker.frame], [0, NUMBER], 'its number can be read');
      return like(image, rect, marker.width, marker.frame);
    };
    for (let i = 0; i < 3; i++) one(good);
    return one(seen);
  };
  const sizes = [[1280, 720, 1063], [640, 360, 530], [480, 270, 397], [320, 180, 263]];
  for (const [width, height, shown] of sizes) {
    const good = composite(colour, { width, height, shown });
    const beside = composite(colour, { width, height, shown: shown * 1.01, off: [2, -2] });
    for (const seen of [good, beside]) assert.ok(likeOf(seen, seen) > 0.96, `${width}x${height}: ${likeOf(seen, seen)}`);
    const bad = {
      grey: spoiled(good, 0.62, 1, () => 128),
      'smeared down': spoiled(good, 0.62, 1, (x) => good.image.data[4 * (Math.round(0.3 * height) * width + x)]),
      torn: spoiled(good, 0.62, 1, (x, y) => good.image.data[4 * (y * width + ((x + Math.round(0.1 * width)) % width))]),
    };
    for (const [what, seen] of Object.entries(bad)) assert.ok(likeOf(good, seen) < LIKE, `${width}x${height}, ${what}: ${likeOf(good, seen)}`);
  }
});

test('cameras of browsers have the same', { timeout: 60000 }, (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-likeness-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const [camera] = generate(folder, [18]);
  execFileSync('/usr/bin/python3', [MEASURE, 'pictures', camera.y4m, folder]);
  assert.equal(fs.statSync(path.join(folder, 'pictures.gray')).size, 300 * GRID.columns * GRID.rows);
});
