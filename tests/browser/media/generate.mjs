// generate.mjs - fake cameras (y4m, a marker per frame) and fake microphones (wav, one tone per person) for Chromium.
// usage: node generate.mjs FOLDER PERSON...   writes cam-P.y4m (640x360, 25/s, 12 s) and mic-P.wav (48 kHz mono, 10 s); keeps what is there.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CELL, COLUMNS, cells } from '../lib/marker.mjs';

const WIDTH = 640;
const HEIGHT = 360;
const RATE = 25;
const SECONDS = 12;
const CHROMA = [[90, 90], [170, 110], [110, 180], [150, 150], [100, 140]];

// The same frequency per person as tessera-bot's, so that all can be told apart in one mix.
export const tone = (person) => 400 + 150 * (person % 32);

function luma(person, frame) {
  const plane = Buffer.alloc(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) plane[y * WIDTH + x] = 70 + ((((x + 4 * frame) % WIDTH) * 90) / WIDTH) + ((y * 30) / HEIGHT);
  }
  const cell = Math.round(CELL * WIDTH);
  const x0 = Math.round(WIDTH / 2 - (COLUMNS / 2) * cell);
  const y0 = Math.round(HEIGHT / 2 - 1.5 * cell);
  cells(person, frame).forEach((bit, i) => {
    const x = x0 + (i % COLUMNS) * cell;
    const y = y0 + Math.floor(i / COLUMNS) * cell;
    for (let row = y; row < y + cell; row++) plane.fill(bit ? 235 : 16, row * WIDTH + x, row * WIDTH + x + cell);
  });
  return plane;
}

// Tests that run side by side make the same files: each its own, and the last one whole.
const partOf = (file) => `${file}.${process.pid}.part`;

function camera(file, person) {
  const [u, v] = CHROMA[person % CHROMA.length];
  const chroma = Buffer.concat([Buffer.alloc((WIDTH * HEIGHT) / 4, u), Buffer.alloc((WIDTH * HEIGHT) / 4, v)]);
  const out = fs.openSync(partOf(file), 'w');
  fs.writeSync(out, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${RATE}:1 Ip A1:1 C420jpeg\n`);
  for (let frame = 0; frame < RATE * SECONDS; frame++) {
    fs.writeSync(out, Buffer.concat([Buffer.from('FRAME\n'), luma(person, frame), chroma]));
  }
  fs.closeSync(out);
  fs.renameSync(partOf(file), file);
}

function microphone(file, person) {
  const rate = 48000;
  const samples = rate * 10;
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(2 * rate, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  for (let i = 0; i < samples; i++) wav.writeInt16LE(Math.round(6000 * Math.sin((2 * Math.PI * tone(person) * i) / rate)), 44 + 2 * i);
  fs.writeFileSync(partOf(file), wav);
  fs.renameSync(partOf(file), file);
}

export function generate(folder, people) {
  fs.mkdirSync(folder, { recursive: true });
  return people.map((person) => {
    const y4m = path.join(folder, `cam-${person}.y4m`);
    const wav = path.join(folder, `mic-${person}.wav`);
    if (!fs.existsSync(y4m)) camera(y4m, person);
    if (!fs.existsSync(wav)) microphone(wav, person);
    return { person, y4m, wav, tone: tone(person) };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, ...people] = process.argv.slice(2);
  for (const made of generate(folder, people.map(Number))) console.log(made.y4m, made.wav);
}
