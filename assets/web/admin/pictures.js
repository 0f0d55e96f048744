// pictures.js - the newest picture of every tier, once a second while the page is looked at.
import { $, el, keyed, say } from './dom.js';
import * as api from './api.js';
import { tierWords } from './tiers.js';

const EVERY_MS = 1000;
let timer = 0;
let generation = 0;

function makeFigure(tier) {
  const words = tierWords(tier).replace(/^./, (c) => c.toUpperCase());
  const img = el('img', { alt: `What people see: ${words}`, hidden: true });
  const figure = el('figure', {}, img, el('figcaption', { textContent: words }));
  img.onload = () => say(figure.lastChild, `${words} · ${img.naturalWidth}×${img.naturalHeight}`);
  return figure;
}

function show(figure, blob) {
  const img = figure.firstChild;
  const former = img.src;
  img.hidden = false;
  img.src = URL.createObjectURL(blob);
  if (former) URL.revokeObjectURL(former);
}

function drop(figure) {
  if (figure.firstChild.src) URL.revokeObjectURL(figure.firstChild.src);
}

function set(tiers, make) {
  const wanted = new Set(tiers);
  [...$('pictures').children].filter((f) => !wanted.has(f.dataset.key)).forEach(drop);
  return keyed($('pictures'), tiers, make);
}

async function round(room, tiers, mine) {
  const blobs = await Promise.all(tiers.map((tier) => api.picture(room, tier).catch(() => null)));
  if (mine !== generation) return;
  const seen = tiers.filter((tier, i) => blobs[i]);
  $('no-pictures').hidden = seen.length > 0;
  set(seen, makeFigure).forEach((figure) => show(figure, blobs[tiers.indexOf(figure.dataset.key)]));
}

// tiers(): names of the tiers that the room has now.
export function startPictures(room, tiers) {
  stopPictures();
  const mine = generation;
  const next = async () => {
    if (!document.hidden) await round(room, tiers(), mine);
    if (mine === generation) timer = setTimeout(next, EVERY_MS);
  };
  next();
}

export function stopPictures() {
  generation++;
  clearTimeout(timer);
  set([], makeFigure);
  $('no-pictures').hidden = false;
}
