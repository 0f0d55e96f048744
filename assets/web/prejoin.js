// prejoin.js - the page before the visit: ways to join, camera picture, microphone level, speaker, connection, Join.
import { Level, wake, audioContext, release } from './level.js';
import { choosers, problems } from './devices.js';
import { t } from './strings.js';

const $ = (id) => document.getElementById(id);
const METER_MS = 100;

// Shows the page and returns a promise that resolves when the person presses Join, after `pressed` ran inside that very press.
// `check(signal)` measures the connection.
export function prejoin(media, { name, check, pressed }) {
  const level = new Level();
  const watched = new AbortController();
  const { signal } = watched;
  const listening = { signal };
  let shown = null;
  let heard = null;
  let asking = true;

  function words() {
    $('hello').textContent = name ? t('hello', { name }) : '';
    $('join').textContent = t('join');
    note(asking ? [t('asking')] : problems(media));
  }

  function draw() {
    if (signal.aborted) return;
    if (media.video !== shown) {
      shown = media.video;
      $('preview').srcObject = shown ? new MediaStream([shown]) : null;
      const { facingMode } = (shown && shown.getSettings && shown.getSettings()) || {};
      $('preview').toggleAttribute('data-back', facingMode === 'environment');
    }
    $('preview').hidden = !shown;
    $('preview-off').hidden = !!shown;
    if (media.audio !== heard) {
      heard = media.audio;
      level.attach(heard);
    }
    for (const way of ['camera', 'voice', 'watch']) $('way-' + way).setAttribute('aria-pressed', String(media.way === way));
    $('flip-before').hidden = !media.canFlip || media.way !== 'camera';
    $('videoinput').closest('.field').hidden = media.way !== 'camera';
    $('microphone-box').hidden = media.way === 'watch';
    if (!asking) note(problems(media));
  }

  function meter() {
    const value = level.read();
    $('level-bar').style.transform = `scaleX(${value.toFixed(2)})`;
    $('level').setAttribute('aria-valuenow', Math.round(value * 100));
    set($('level-hint'), t(level.running ? 'levelHint' : 'levelPress'));
  }

  media.addEventListener('change', draw, listening);
  document.addEventListener('words', words, listening);
  for (const type of ['pointerdown', 'keydown']) addEventListener(type, wake, listening);
  for (const way of ['camera', 'voice', 'watch']) $('way-' + way).addEventListener('click', () => media.setWay(way), listening);
  $('flip-before').addEventListener('click', () => media.flip(), listening);
  $('tone').addEventListener('click', () => tone(media.chosen.output), listening);
  $('check').addEventListener('click', () => measure(check, signal), listening);
  $('join').disabled = false;
  $('check').disabled = false;
  words();
  choosers(media, { audio: $('audioinput'), video: $('videoinput'), output: $('audiooutput') }, listening);
  draw();
  const timer = setInterval(meter, METER_MS);
  media.open().then(() => {
    asking = false;
    if (!signal.aborted) note(problems(media));
  });

  return new Promise((resolve) => {
    $('join-form').addEventListener(
      'submit',
      (e) => {
        e.preventDefault();
        pressed();
        $('join').disabled = true;
        $('join').textContent = t('joining');
        watched.abort();
        clearInterval(timer);
        level.detach();
        $('preview').srcObject = null;
        resolve();
      },
      listening,
    );
  });
}

function note(texts) {
  const old = [...$('device-notes').children].map((p) => p.textContent);
  if (JSON.stringify(old) === JSON.stringify(texts)) return; // a live region says again what is put in again
  const p = (text) => Object.assign(document.createElement('p'), { textContent: text });
  $('device-notes').replaceChildren(...texts.map(p));
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Three rising notes from the chosen speaker.
function tone(output) {
  $('tone-note').textContent = t('tonePlaying');
  const context = audioContext();
  if (!context) return;
  const gain = context.createGain();
  const out = context.createMediaStreamDestination();
  gain.connect(out);
  [523, 659, 784].forEach((frequency, i) => {
    const oscillator = context.createOscillator();
    const from = context.currentTime + 0.1 + 0.35 * i;
    oscillator.frequency.value = frequency;
    oscillator.connect(gain);
    oscillator.start(from);
    oscillator.stop(from + 0.3);
    if (i === 2) oscillator.onended = release;
  });
  gain.gain.value = 0.3;
  const player = $('tone-player');
  player.srcObject = out.stream;
  const ready = output && player.setSinkId ? player.setSinkId(output).catch(() => {}) : Promise.resolve();
  ready.then(() => player.play()).catch(() => {});
}

async function measure(check, signal) {
  const say = (text, figures = '') => {
    $('check-result').textContent = text;
    $('check-figures').textContent = figures;
  };
  $('check').disabled = true;
  $('check-box').dataset.verdict = 'running';
  say(t('checking'));
  let result;
  try {
    result = await check(signal);
  } catch (e) {
    result = { verdict: { busy: 'busy', stopped: '' }[e.code] === undefined ? 'none' : { busy: 'busy', stopped: '' }[e.code] };
  }
  $('check').disabled = false;
  if (signal.aborted) return;
  $('check-box').dataset.verdict = result.verdict;
  const word = (s) => s.replace(/^./, (c) => c.toUpperCase());
  const verdict = t('check' + word(result.verdict));
  if (!result.tier) return say(verdict);
  const path = result.path.relay ? t('pathRelay', { protocol: result.path.relay }) : t('path' + word(result.path.direct));
  return say(`${verdict} ${t('checkTier', { tier: t('tier' + word(result.tier)) })}`, t('checkFigures', { ...result, path }));
}
