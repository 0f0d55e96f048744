// devices.js - choosing camera, microphone and speaker; used before the visit and in it.
import { t } from './strings.js';

const INPUTS = { audio: 'audioinput', video: 'videoinput', output: 'audiooutput' };
const WORDS = { audio: 'microphone', video: 'camera', output: 'speaker' };

export const canChooseSpeaker = (media) => 'setSinkId' in HTMLMediaElement.prototype && media.devices.audiooutput.length > 0;

// Fills `select`; shows which one is used.
export function list(media, kind, select) {
  const devices = media.devices[INPUTS[kind]];
  const rows = devices.map((d, i) => [d.deviceId, d.label || t('defaultDevice', { kind: t(WORDS[kind]), n: i + 1 })]);
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

// `selects`: {audio, video, output}, kept up to date from now on.
export function choosers(media, selects, options) {
  const draw = () => {
    for (const [kind, select] of Object.entries(selects)) list(media, kind, select);
    selects.output.closest('.field').hidden = !canChooseSpeaker(media);
  };
  for (const [kind, select] of Object.entries(selects)) {
    select.addEventListener('change', () => media.choose(kind, select.value), options);
  }
  media.addEventListener('change', draw, options);
  draw();
}

// What cannot be used, and what that means, in plain words.
export function problems(media) {
  const { audio, video } = media.errors;
  if (audio === 'insecure' || video === 'insecure') return [t('insecure')];
  const notes = [];
  if (video && media.wants.video) {
    notes.push(t({ NotAllowedError: 'cameraRefused', NotReadableError: 'cameraBusy' }[video] || 'noCamera'));
  }
  if (audio && !media.quiet) notes.push(t(audio === 'NotAllowedError' ? 'microphoneRefused' : 'noMicrophone'));
  return notes;
}
