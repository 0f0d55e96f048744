// recordings.mjs - the page of recordings in a browser: opened by a compliance link, played, and what its film shows read back.
import { until } from './processes.mjs';
import { readMarker } from './marker.mjs';

export async function openRecordings(browser, url) {
  const page = await browser.newPage();
  page.problems = [];
  page.ranges = []; // [status, Range of the request, Content-Range of the answer] of each request for the film
  page.on('pageerror', (e) => page.problems.push(e.message));
  page.on('response', (r) => /\/r\//.test(r.url()) && page.ranges.push([r.status(), r.request().headers().range || '', r.headers()['content-range'] || '']));
  await page.goto(url);
  await page.waitForSelector('#list button', { timeout: 15000 });
  return page;
}

// How long after `action`, which sets it going, the film shows a picture of `target` - 10 s or later (a target of -1: any), in milliseconds
// of the page's clock, and which.
export async function moving(page, action, target = -1, timeout = 20000) {
  await page.evaluate((to) => {
    const video = document.getElementById('video');
    const began = performance.now();
    window.moved = new Promise((resolve) => {
      const fits = (at) => to < 0 || (at >= to - 10 && at <= to + 1 && !video.seeking); // it shows some on its way there
      const look = (now, frame) => (fits(frame.mediaTime) ? resolve([performance.now() - began, frame.mediaTime]) : video.requestVideoFrameCallback(look));
      video.requestVideoFrameCallback(look);
    });
  }, target);
  await action();
  let timer;
  const late = new Promise((_, no) => (timer = setTimeout(() => no(new Error('the film does not move')), timeout)));
  const [ms, mediaTime] = await Promise.race([page.evaluate(() => window.moved), late]).finally(() => clearTimeout(timer));
  return { ms, mediaTime };
}

// Of up to three tries the first that takes at most `ms`, else the fastest: what a busy machine does to one says little.
export async function fastest(once, ms) {
  const all = [];
  while (all.length < 3 && !all.some((one) => one.ms <= ms)) all.push(await once(all.length));
  return all.reduce((a, b) => (b.ms < a.ms ? b : a));
}

// The controls that Tab reaches, in order, from the top of the page until it comes round.
export async function tabbed(page) {
  const reached = [];
  await page.focus('#title');
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => {
      const e = document.activeElement;
      return e === document.body ? '' : e.id || e.closest('[id]').id;
    });
    if (!name) break;
    if (reached.at(-1) !== name) reached.push(name);
  }
  return reached;
}

// Watches the film for `ms`: -> [{at: media time, tile: which of the rectangles, person, frame}] of each picture whose marker could be read in one of `rects`.
export const markers = (page, rects, ms) => page.evaluate(`(${probe.toString().replace('READ_MARKER', () => readMarker.toString())})(${JSON.stringify(rects)}, ${ms})`);

/* eslint-disable no-undef */
async function probe(rects, ms) {
  const read = READ_MARKER;
  const video = document.getElementById('video');
  const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight });
  const g = canvas.getContext('2d', { willReadFrequently: true });
  const seen = [];
  let going = true;
  const look = (now, frame) => {
    g.drawImage(video, 0, 0);
    const image = g.getImageData(0, 0, canvas.width, canvas.height);
    rects.forEach((rect, tile) => {
      const m = read(image, rect);
      if (m) seen.push({ at: frame.mediaTime, tile, ...m });
    });
    if (going) video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  await new Promise((resolve) => setTimeout(resolve, ms));
  going = false;
  return seen;
}
/* eslint-enable no-undef */

// A film in a file, its beginning and its end played by a browser's own <video>: {error, width, pictures, length, at, heard: the loudest moment}.
export async function playedFile(context, file) {
  const page = await context.newPage();
  const films = 'https://film.test/';
  await page.route(films + '**', (route) => route.fulfill(route.request().url().endsWith('.mp4') ? { path: file, contentType: 'video/mp4' } : { contentType: 'text/html', body: '<!doctype html><title>Film</title><video></video>' }));
  await page.goto(films);
  const seen = await page.evaluate(async () => {
    const video = document.querySelector('video');
    const sound = new AudioContext();
    const ear = new AnalyserNode(sound, { fftSize: 2048 });
    const wave = new Float32Array(ear.fftSize);
    let heard = 0;
    sound.createMediaElementSource(video).connect(ear);
    const ended = new Promise((resolve) => { video.onended = video.onerror = resolve; });
    const listening = setInterval(() => {
      ear.getFloatTimeDomainData(wave);
      heard = Math.max(heard, ...wave.map(Math.abs));
    }, 40);
    video.ontimeupdate = () => {
      if (video.currentTime < 2) return;
      video.ontimeupdate = null;
      video.currentTime = video.duration - 1;
    };
    video.src = '/film.mp4';
    await video.play().catch(() => {});
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 60000))]);
    clearInterval(listening);
    return { error: video.error && video.error.message, width: video.videoWidth, pictures: video.getVideoPlaybackQuality().totalVideoFrames, length: video.duration, at: video.currentTime, heard };
  });
  await page.close();
  return seen;
}

export const state = (page) => page.evaluate(() => {
  const v = document.getElementById('video');
  return { at: v.currentTime, length: v.duration, paused: v.paused, error: v.error && v.error.message };
});

export const plays = (page) => until('the film to play', async () => {
  const s = await state(page);
  if (s.error || s.paused || s.at === 0) throw new Error(JSON.stringify(s));
  return s;
}, 15000);
