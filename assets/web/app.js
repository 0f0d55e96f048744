// app.js - the pages around a Visit: before, during, after. The token is the last part of the address and goes nowhere else.
// Options for people who test or support, after the # of the address: raw (unprocessed microphone), relay (TURN only), codec=vp8.
import { Visit } from './tessera.js';
import { prejoin } from './prejoin.js';
import { Room } from './room.js';
import { t, translate } from './strings.js';

const $ = (id) => document.getElementById(id);
const token = decodeURIComponent(location.pathname.replace(/\/+$/, '').split('/').pop());
const options = new URLSearchParams(location.hash.slice(1));
const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

// A reload brings the person straight back: what was switched on is remembered for this tab only.
const memory = {
  key: 'tessera:' + token.slice(-16),
  load() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key)) || {};
    } catch (e) {
      return {};
    }
  },
  save(value) {
    try {
      sessionStorage.setItem(this.key, JSON.stringify(value));
    } catch (e) {
      // private windows without storage: the person sees the page before the visit again
    }
  },
};

const ends = {
  left: ['leftTitle', 'leftText', 'joinAgain'],
  room_ended: ['endedTitle', 'endedText', ''],
  removed: ['removedTitle', 'removedText', ''],
  draining: ['drainingTitle', 'drainingText', 'joinAgain'],
  replaced: ['replacedTitle', 'replacedText', 'useHere'],
  invalid: ['invalidTitle', 'invalidText', ''],
  full: ['fullTitle', 'fullText', 'joinAgain'],
  unsupported: ['errorTitle', 'unsupported', ''],
  error: ['errorTitle', 'errorText', 'joinAgain'],
};

// A fatal error code of the server -> the page that explains it.
function endOf(code = '') {
  if (code === 'room_ended') return 'room_ended';
  if (code === 'token_revoked') return 'removed';
  if (code.startsWith('token_') || code === 'not_found') return 'invalid';
  return code === 'full' ? 'full' : 'error';
}

function page(id) {
  for (const main of document.querySelectorAll('main')) main.hidden = main.id !== id;
  const title = $(id).querySelector('h1');
  title.focus();
  document.title = title.textContent || t('title');
}

function nameOf(jwt) {
  try {
    const text = atob(jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)))).name || '';
  } catch (e) {
    return '';
  }
}

function message(kind) {
  const [title, text, action] = ends[kind] || ends.error;
  $('message-title').textContent = t(title);
  $('message-text').textContent = t(text);
  $('message-action').hidden = !action;
  if (action) $('message-action').textContent = t(action);
  page('message');
}

translate(document);
if (!window.RTCPeerConnection || !window.WebSocket) message('unsupported');
else start();

function start() {
  const visit = new Visit({
    token,
    constraints: options.has('raw') ? { audio: raw } : {},
    relay: options.has('relay'),
    codec: options.get('codec') || undefined,
  });
  const room = new Room(visit);
  window.tessera = visit;

  const enter = async () => {
    page('room');
    room.show();
    await visit.join();
    if (visit.inVisit) room.explain();
  };
  const remember = () => {
    if (visit.inVisit) memory.save({ joined: true, wants: visit.media.wants, chosen: visit.media.chosen });
  };
  visit.on('media', remember).on('state', remember);
  visit.on('ended', ({ reason, code }) => {
    memory.save({});
    room.hide();
    message(reason === 'error' ? endOf(code) : reason);
  });
  $('message-action').addEventListener('click', enter);

  const before = memory.load();
  Object.assign(visit.media.wants, before.wants);
  Object.assign(visit.media.chosen, before.chosen);
  if (before.joined) enter();
  else {
    page('prejoin');
    prejoin(visit.media, nameOf(token)).then(enter);
  }
}
