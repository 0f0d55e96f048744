// prejoin.js - the page before the visit: camera picture, microphone level, choice of devices, Join.
import { Level } from './media.js';
import { t } from './strings.js';

const $ = (id) => document.getElementById(id);
const INPUTS = { audio: 'audioinput', video: 'videoinput', output: 'audiooutput' };

// Shows the page and returns a promise that resolves when the person presses Join.
export function prejoin(media, name) {
  const level = new Level();
  const watched = new AbortController();
  const { signal } = watched;
  let shown = null;
  let heard = null;
  let frame = 0;

  $('hello').textContent = name ? t('hello', { name }) : '';
  $('want-audio').checked = media.wants.audio;
  $('want-video').checked = media.wants.video;
  $('join').disabled = false;
  $('join').textContent = t('join');
  note([t('asking')]);

  function draw() {
    if (signal.aborted) return;
    if (media.video !== shown) {
      shown = media.video;
      $('preview').srcObject = shown ? new MediaStream([shown]) : null;
    }
    $('preview').hidden = !shown;
    $('preview-off').hidden = !!shown;
    if (media.audio !== heard) {
      heard = media.audio;
      level.attach(heard);
    }
    for (const kind of ['audio', 'video']) {
      const missing = media.asked && !!media.errors[kind];
      $('want-' + kind).disabled = missing;
      $('want-' + kind).checked = media.wants[kind] && !missing;
    }
    for (const kind of Object.keys(INPUTS)) list(media, kind);
    $('speaker-field').hidden = !('setSinkId' in HTMLMediaElement.prototype) || !media.devices.audiooutput.length;
  }

  function meter() {
    const value = media.wants.audio ? level.read() : 0;
    $('level-bar').style.transform = `scaleX(${value.toFixed(2)})`;
    if (frame++ % 30 === 0) {
      $('level').setAttribute('aria-valuenow', Math.round(value * 100));
      const hint = t(level.running ? 'levelHint' : 'levelPress');
      if ($('level-hint').textContent !== hint) $('level-hint').textContent = hint;
    }
    if (!signal.aborted) requestAnimationFrame(meter);
  }

  media.addEventListener('change', draw, { signal });
  for (const type of ['pointerdown', 'keydown']) addEventListener(type, () => level.wake(), { signal });
  for (const kind of ['audio', 'video']) {
    $('want-' + kind).addEventListener('change', (e) => media.set(kind, e.target.checked), { signal });
  }
  for (const [kind, id] of Object.entries(INPUTS)) {
    $(id).addEventListener('change', (e) => media.choose(kind, e.target.value), { signal });
  }
  draw();
  meter();
  media.open().then(() => {
    if (!signal.aborted) note(problems(media));
  });

  return new Promise((resolve) => {
    $('join-form').addEventListener(
      'submit',
      (e) => {
        e.preventDefault();
        $('join').disabled = true;
        $('join').textContent = t('joining');
        watched.abort();
        level.close();
        $('preview').srcObject = null;
        resolve();
      },
      { signal },
    );
  });
}

// What cannot be used, and what that means, in plain words.
export function problems(media) {
  const { audio, video } = media.errors;
  if (audio === 'insecure') return [t('insecure')];
  const notes = [];
  if (video && media.wants.video) {
    const key = { NotAllowedError: 'cameraRefused', NotReadableError: 'cameraBusy' }[video] || 'noCamera';
    notes.push(t(key));
  }
  if (audio) notes.push(t(audio === 'NotAllowedError' ? 'microphoneRefused' : 'noMicrophone'));
  return notes;
}

function note(texts) {
  const p = (text) => Object.assign(document.createElement('p'), { textContent: text });
  $('device-notes').replaceChildren(...texts.map(p));
}

function list(media, kind) {
  const select = $(INPUTS[kind]);
  const devices = media.devices[INPUTS[kind]];
  const word = { audio: 'microphone', video: 'camera', output: 'speaker' }[kind];
  const rows = devices.map((d, i) => [d.deviceId, d.label || t('defaultDevice', { kind: t(word), n: i + 1 })]);
  if (!rows.length) rows.push(['', t('noDevice')]);
  const key = JSON.stringify(rows);
  if (select.dataset.rows !== key) {
    select.dataset.rows = key;
    select.replaceChildren(...rows.map(([value, text]) => new Option(text, value)));
  }
  select.disabled = !devices.length;
  const track = media[kind];
  const id = (track && track.getSettings && track.getSettings().deviceId) || media.chosen[kind];
  if (id && rows.some((r) => r[0] === id)) select.value = id;
}
