// app.js - the pages around a Visit. The token leaves the address bar at once and goes nowhere but to the server.
// Options after the # of the address: lang=es, tv (set-top box: margins, arrow keys everywhere), dir=rtl; for people who test or
// support: raw (unprocessed microphone), relay (TURN only), codec=vp8.
import { Visit } from './tessera.js';
import { prejoin } from './prejoin.js';
import { lineRate, noteLine } from './line.js';
import { claims } from './token.js';
import { add, pick, preferred, t, translate, use, language, languages } from './strings.js';

const $ = (id) => document.getElementById(id);
const options = new URLSearchParams(location.hash.slice(1));
const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const BACK_MS = 120000; // a tab that was in the visit this recently goes straight back
const IDLE_MS = 5000; // a line that nobody needs at the moment
const TELEVISION = /smart-?tv|tizen|web0s|webos|netcast|hbbtv|bravia|crkey|googletv|android tv|\baft[a-z]/i;

// A reload brings the person straight back: the token, and what was switched on, are remembered for this tab only.
const memory = {
  key: 'tessera',
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
      return true;
    } catch (e) {
      return false; // a window without storage: the address keeps the token, a reload shows the page before the visit
    }
  },
};

function takeToken() {
  const [, inAddress] = location.pathname.match(/^\/j\/([^/]+)/) || [];
  const before = memory.load();
  if (!inAddress) return before;
  const token = decodeURIComponent(inAddress);
  const kept = before.token === token ? { ...before, end: '' } : { token }; // the server has just judged the link
  if (memory.save(kept)) history.replaceState(null, '', '/' + location.search + location.hash);
  return kept;
}

const ends = {
  left: ['leftTitle', 'leftText', 'joinAgain'],
  room_ended: ['endedTitle', 'endedText', ''],
  removed: ['removedTitle', 'removedText', ''],
  draining: ['drainingTitle', 'drainingText', 'joinAgain'],
  replaced: ['replacedTitle', 'replacedText', 'useHere'],
  over: ['endedTitle', 'overText', ''],
  'link-expired': ['expiredTitle', 'expiredText', ''],
  'link-revoked': ['revokedTitle', 'revokedText', ''],
  'link-invalid': ['invalidTitle', 'invalidText', ''],
  token_foreign: ['foreignTitle', 'foreignText', ''],
  denied: ['deniedTitle', 'deniedText', ''],
  full: ['fullTitle', 'fullText', 'joinAgain'],
  link: ['linkTitle', 'linkText', ''],
  unsupported: ['errorTitle', 'unsupported', ''],
  error: ['errorTitle', 'errorText', 'joinAgain'],
  waiting: ['waitingTitle', 'waitingText', ''],
  nopath: ['noPathTitle', 'noPathText', 'tryAgain'],
};

// A reload shows them again, with no camera and no microphone; the link itself is judged anew.
const FINAL = ['room_ended', 'over', 'removed', 'link-expired', 'link-revoked', 'link-invalid', 'token_foreign'];
let shown = '';

function page(id) {
  shown = id;
  for (const main of document.querySelectorAll('main')) main.hidden = main.id !== id;
  const title = $(id).querySelector('h1');
  title.focus();
  document.title = title.textContent || t('title');
}

let kind = '';

function message(which) {
  kind = which;
  const [title, text, action] = ends[kind] || ends.error;
  $('message').dataset.kind = kind;
  $('message-title').textContent = t(title);
  $('message-text').textContent = t(text);
  $('message-details').hidden = kind !== 'nopath';
  $('message-action').hidden = !action;
  $('message-leave').hidden = kind !== 'waiting' && kind !== 'nopath';
  if (action) $('message-action').textContent = t(action);
  page('message');
}

function languageButtons(chosen) {
  const buttons = Object.entries(languages).map(([code, name]) => {
    const b = Object.assign(document.createElement('button'), { type: 'button', lang: code, textContent: name });
    b.addEventListener('click', () => chosen(code));
    return b;
  });
  $('languages').replaceChildren(...buttons);
}

function draw() {
  translate(document, options.get('dir'));
  for (const b of $('languages').children) b.setAttribute('aria-pressed', String(b.lang === language));
  document.dispatchEvent(new Event('words'));
  if (shown === 'message') message(kind);
}

// `wish`: what the person or the address asked for; a link's own language comes after it, the browser's last.
async function speak(...wish) {
  await use(pick(...wish.filter(Boolean), ...preferred()));
  draw();
}

const later = () => import('./later.js');

// Keeping the page takes a little of the line: when the person is not in the visit, nor about to be.
function keepSoon() {
  const before = shown;
  setTimeout(async () => shown === before && (await later()).keepPage(), IDLE_MS);
}
let roomStyle = null;
let roomWords = null;

async function moreWords() {
  if (await add('lang/room')) return draw();
  roomWords = null; // Join asks for them again
  throw new Error('no words');
}

async function roomCode() {
  roomStyle = roomStyle || new Promise((resolve) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: new URL('room.css', import.meta.url).href });
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      roomStyle = null;
      resolve(); // a room without its looks can still be used
    };
    document.head.append(link);
  });
  roomWords = roomWords || moreWords();
  const [code] = await Promise.all([later(), roomStyle, roomWords]);
  return code;
}

async function start() {
  const kept = takeToken();
  const { token } = kept;
  const link = token ? claims(token) : {};
  const address = options.get('lang') || new URLSearchParams(location.search).get('lang');
  const keep = (more) => memory.save(Object.assign(kept, more));
  const tv = options.has('tv') || TELEVISION.test(navigator.userAgent);
  document.documentElement.classList.toggle('tv', tv);
  const choose = (code) => {
    keep({ lang: code });
    speak(code);
  };
  languageButtons(choose);
  document.addEventListener('language', (e) => choose(e.detail));
  await speak(kept.lang, address, link.language);
  if (!window.RTCPeerConnection || !window.WebSocket) return message('unsupported');
  if (!token) return message('link');
  if (kept.end) return message(kept.end);
  const arrows = () => later().then((code) => code.arrows(tv));
  const back = kept.joined && Date.now() - kept.at < BACK_MS;
  if (tv || back) arrows();

  const visit = new Visit({
    token,
    constraints: options.has('raw') ? { audio: raw } : {},
    relay: options.has('relay'),
    codec: options.get('codec') || undefined,
    line: lineRate,
  });
  window.tessera = visit;
  let room = null;
  let broken = false; // browsers do not load a script again that failed once

  const enter = async () => {
    kind = '';
    const joined = visit.join();
    try {
      room = room || new (await roomCode()).Room(visit);
    } catch (e) {
      broken = true;
      visit.leave(); // the rest of the page could not be loaded
      return message('error');
    }
    if (!visit.inVisit) return undefined;
    if (kind !== 'waiting' && kind !== 'nopath') page('room');
    room.show();
    await joined;
    return visit.inVisit && room.explain();
  };
  const remember = () => {
    const { wants, chosen, quiet } = visit.media;
    if (visit.inVisit) keep({ joined: true, at: Date.now(), wants, chosen, quiet });
  };
  addEventListener('pagehide', remember);
  visit.on('media', remember).on('quality', remember).on('state', (state) => {
    remember();
    if (state === 'waiting') message('waiting');
    else if (shown === 'message' && ((kind === 'waiting' && visit.inVisit) || state === 'live')) page('room');
  });
  visit.on('me', (me) => me.language && speak(kept.lang, address, me.language));
  visit.on('nopath', async (tried) => {
    if (tried.before) return; // the room itself says so
    const code = await roomCode().catch(() => null); // the page itself is said without it
    if (visit.state !== 'joining') return;
    if (code) code.explain($('message-details'), tried);
    if (shown !== 'message') message('nopath');
  });
  visit.on('ended', ({ reason, code }) => {
    const end = reason === 'room_ended' && code ? 'over' : ends[code] ? code : reason; // 'over' before the person came
    keep({ joined: false, end: FINAL.includes(end) ? end : '' });
    if (room) room.hide();
    message(end);
    keepSoon();
  });
  $('message-leave').addEventListener('click', () => visit.leave());
  $('message-action').addEventListener('click', () => {
    if (visit.inVisit) visit.retry();
    else if (broken) {
      keep({ joined: true, at: Date.now() });
      location.reload();
    } else enter();
  });

  Object.assign(visit.media.wants, kept.wants);
  Object.assign(visit.media.chosen, kept.chosen);
  visit.media.quiet = !!kept.quiet;
  if (back) return enter();
  if (!kept.quiet) visit.media.wants.audio = true;
  page('prejoin');
  const pressed = () => {
    const video = $('composite'); // a press lets it play sound later, also in Safari
    video.play().catch(() => {});
  };
  const check = async (signal) => {
    const result = await (await later()).checkConnection({ token, signal, relay: options.has('relay') });
    noteLine(result.tier === 'A' ? 0 : result.down);
    return result;
  };
  keepSoon();
  const done = prejoin(visit.media, { name: link.name || '', check, pressed });
  // The page can be used: what Join will need is fetched and opened now.
  setTimeout(() => Promise.all([visit.prepare(), tv || arrows(), roomCode()]).catch(() => {}));
  for (const soon of ['pointerenter', 'focus']) $('join').addEventListener(soon, () => visit.prepare());
  await done;
  return enter();
}

start();
