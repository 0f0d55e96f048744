// look.mjs - what the weak person's page sees and hears, sampled inside the page; times are of the wall clock, in ms.
import fs from 'node:fs';
import { readMarker } from '../../tests/browser/lib/marker.mjs';
import { GRID, LIKE, likener } from './likeness.mjs';

// Begins to note: every picture with the number that `person` has burnt in and how like it is to the same one of `references` (a file of
// weak_measure.py; not told without), and figures ten times a second.
export async function beginLooking(page, person, references = '') {
  const text = fs.existsSync(references) ? fs.readFileSync(references).toString('base64') : '';
  await page.evaluate((base64) => (window.references = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))), text);
  const like = `(${likener.toString()})(window.references, ${JSON.stringify(GRID)}, ${LIKE})`;
  await page.evaluate(`(${begin.toString().replace('READ_MARKER', () => readMarker.toString()).replace('LIKENER', () => like)})(${person})`);
}

// {pictures: [[ms, number, width, likeness or null]...], figures: [{ms, ...}...]} since it began; it ends.
export const endLooking = (page) => page.evaluate(() => {
  const { pictures, figures, stop } = window.looking;
  stop();
  return { pictures, figures };
});

/* eslint-disable no-undef */
function begin(person) {
  const read = READ_MARKER;
  const likeness = LIKENER;
  const video = document.getElementById('composite');
  const canvas = document.createElement('canvas');
  const g = canvas.getContext('2d', { willReadFrequently: true });
  const looking = (window.looking = { pictures: [], figures: [], on: true });
  // Where two people stand in a small picture: on a line that loses much the rectangles come seconds after the picture.
  const halves = ({ width, height }) => [0, 1].map((i) => ({ x: (i * width) / 2, y: height / 90, w: width / 2 - 2, h: height - height / 45 }));
  // Where it was read last, {x, y, w, h, seat, frame}, and where its tile was to go since: a tile that slides is read on its way.
  let [seen, goals] = [null, []];
  const between = (a, b, part) => Object.fromEntries(['x', 'y', 'w', 'h'].map((k) => [k, a[k] + (b[k] - a[k]) * part]));
  const same = (a, b) => ['x', 'y', 'w', 'h'].every((k) => a[k] === b[k]);
  const STEPS = 60;
  const onItsWay = (image, told) => {
    const goal = seen && told.find((tile) => tile.seat === seen.seat);
    if (!goal) return null;
    if (!goals.length || !same(goals[0], goal)) goals = [goal, ...goals.slice(0, 2)];
    for (const to of goals) {
      for (let i = 0; i < STEPS; i++) {
        const rect = between(seen, to, i / STEPS);
        const m = read(image, rect);
        if (m && m.person === person && (m.frame - seen.frame + 300) % 300 < 50) return { ...rect, seat: seen.seat, frame: m.frame };
      }
    }
    return null;
  };
  const inPlace = (image, rects) => {
    for (const rect of rects) {
      const m = read(image, rect);
      if (m && m.person === person) return { ...rect, seat: rect.seat || (seen && seen.seat), frame: m.frame, like: likeness(image, rect, m.width, m.frame) };
    }
    return null;
  };
  const look = () => {
    if (!looking.on) return;
    video.requestVideoFrameCallback(look);
    const { layout } = window.tessera;
    if (!layout || !video.videoWidth) return;
    const at = Date.now();
    if (canvas.width !== video.videoWidth) {
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      [seen, goals] = [null, []];
    }
    g.drawImage(video, 0, 0);
    const image = g.getImageData(0, 0, canvas.width, canvas.height);
    const [sx, sy] = [canvas.width / layout.width, canvas.height / layout.height];
    const told = window.tessera.tiles().map((tile) => ({ seat: tile.seat, x: tile.x * sx, y: tile.y * sy, w: tile.w * sx, h: tile.h * sy }));
    const found = inPlace(image, [...told, ...halves(canvas)]) || onItsWay(image, told);
    if (!found) return;
    seen = found;
    looking.pictures.push([at, found.frame, canvas.width, found.like === undefined ? null : found.like]); // on its way it has no place to be compared at
  };
  const figure = async () => {
    const all = await window.tessera.stats();
    const inbound = (kind) => all.find((s) => s.type === 'inbound-rtp' && s.kind === kind) || {};
    const [a, v] = [inbound('audio'), inbound('video')];
    looking.figures.push({ ms: Date.now(), samples: a.totalSamplesReceived || 0, concealed: (a.concealedSamples || 0) - (a.silentConcealedSamples || 0), silent: a.silentConcealedSamples || 0, audio: a.packetsReceived || 0,
      buffered: a.jitterBufferDelay || 0, emitted: a.jitterBufferEmittedCount || 0, decoded: v.framesDecoded || 0, keys: v.keyFramesDecoded || 0, freezes: v.totalFreezesDuration || 0, bytes: (a.bytesReceived || 0) + (v.bytesReceived || 0),
      playedAudio: a.estimatedPlayoutTimestamp || 0, playedVideo: v.estimatedPlayoutTimestamp || 0 });
  };
  const timer = setInterval(figure, 100);
  looking.stop = () => {
    looking.on = false;
    clearInterval(timer);
  };
  video.requestVideoFrameCallback(look);
}
/* eslint-enable no-undef */

/* eslint-disable no-undef */
// In the page before it is opened: window.entry has when Join was pressed and when the first picture of the visit was there after that, in ms.
export function watchEntry() {
  const entry = (window.entry = {});
  const pressed = (e) => {
    if (entry.pressed || !e.target.closest('#join')) return;
    entry.pressed = performance.now();
    document.getElementById('composite').requestVideoFrameCallback(() => (entry.picture = performance.now()));
  };
  document.addEventListener('click', pressed, true);
}
/* eslint-enable no-undef */
