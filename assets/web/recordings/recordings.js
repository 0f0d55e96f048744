// recordings.js - the page of recordings: find, play with chapters, check, save, hold.
import { claims, chapters, get, hold, isOperator, known, link, list, poster, token, verify } from './access.js';
import { language, languages, pick, preferred, t, translate, use } from '../strings.js';
import { parse } from './vtt.js';

const $ = (id) => document.getElementById(id);
const LANGUAGE = 'tessera-recordings-lang';
const SEARCH_MS = 250;
const BACK_S = 2; // a chapter is begun a little before
let shown = null; // the recording that is chosen
let found = [];
let asked = 0; // the newest question to the server: an older one's answer is not shown
let marks = []; // its chapters
let lost = 0; // how often in a row the player lost its link

const el = (tag, properties, ...children) => {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
};

function say(text, verdict = '') {
  $('said').dataset.verdict = verdict;
  $('said').textContent = text;
}

// The server's own sentence, unless there is one in the person's language.
function sentence(e) {
  const own = { unreachable: 'unreachable', shredded: 'isShredded', link_used: 'linkGone', link_expired: 'linkGone' }[e.code];
  return own ? t(own) : e.message;
}

function problem(e) {
  if (e.status === undefined) throw e; // our own mistake
  const out = e.status === 401 || (e.status === 403 && e.code !== 'forbidden');
  $('problem').textContent = out ? t(isOperator ? 'signIn' : 'linkGone') : sentence(e);
}

async function attempt(action) {
  try {
    $('problem').textContent = '';
    return await action();
  } catch (e) {
    problem(e);
    return undefined;
  }
}

/* ---- the list ---- */

const when = (ms) => new Intl.DateTimeFormat(language || 'en', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(ms));

function clock(seconds) {
  const s = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, '0');
  return s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

const FAULTS = ['disk_full', 'disk_error', 'no_file', 'failed']; // why a recording ended that nobody had stopped
const KNOWN = ['shredded', 'running', 'paused', 'held', 'asking'];
const recorded = (r) => r.state === 'ended' && r.media_ms > 0;

function stateOf(r) {
  if (r.state !== 'ended') return t(KNOWN.includes(r.state) ? 'state_' + r.state : 'stateAny');
  const early = FAULTS.includes(r.reason) ? t('early', { why: t('why_' + r.reason) }) : '';
  if (!recorded(r)) return t(early ? 'nothingBecause' : 'nothingRecorded', { early });
  return [early, r.interrupted ? t('gap') : ''].filter(Boolean).join(' · ') || t('state_ended');
}

function row(r) {
  const more = [when(r.created_ms), clock(r.media_ms / 1000), stateOf(r), ...(r.hold ? [t('onHold')] : [])].join(' · ');
  const button = el('button', { type: 'button', onclick: () => choose(r.id) }, el('span', { dir: 'auto', textContent: r.name || r.room }), el('small', { textContent: more }));
  button.setAttribute('aria-current', String(!!shown && shown.id === r.id));
  return el('li', {}, button);
}

function showList() {
  const words = $('search').value.trim().toLocaleLowerCase();
  const fits = found.filter((r) => [r.name || '', r.room, r.id].some((text) => text.toLocaleLowerCase().includes(words)));
  const focused = document.activeElement && $('list').contains(document.activeElement) ? [...$('list').children].findIndex((li) => li.contains(document.activeElement)) : -1;
  $('list').replaceChildren(...fits.map(row));
  $('count').textContent = t(fits.length === 0 ? 'none' : fits.length === 1 ? 'countOne' : 'count', { n: fits.length });
  if (focused >= 0 && $('list').children[focused]) $('list').children[focused].firstChild.focus();
}

const day = (id, after) => {
  const [y, m, d] = $(id).value.split('-').map(Number);
  return y ? new Date(y, m - 1, d + after).getTime() - after : undefined;
};

async function search() {
  const mine = ++asked;
  const all = { state: $('state').value, hold: $('held').checked ? 'true' : '', from: day('from', 0), to: day('to', 1) };
  const query = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ''));
  await attempt(async () => {
    const answer = await list(query);
    if (mine !== asked) return;
    found = answer;
    $('content').hidden = false;
    showList();
  });
}

/* ---- the chosen one ---- */

function stopPlaying() {
  const video = $('video');
  video.pause();
  video.removeAttribute('src');
  if (video.poster) URL.revokeObjectURL(video.poster);
  video.removeAttribute('poster');
  video.load();
  marks = [];
  lost = 0;
  $('player').hidden = $('chapters').hidden = $('findings').hidden = true;
}

function showFacts() {
  const r = shown;
  const rows = [['begun', when(r.created_ms)], ['length', clock(r.media_ms / 1000)], ['state', stateOf(r)], ['segments', String(r.segments.length)], ['number', r.id]];
  $('facts').replaceChildren(...rows.flatMap(([name, value]) => [el('dt', { textContent: t(name) }), el('dd', { textContent: value })]));
  $('chosen-title').textContent = r.name || r.room;
  for (const id of ['play', 'verify', 'export']) $(id).disabled = !recorded(r);
  $('hold').disabled = r.state === 'shredded';
  $('hold').textContent = t(r.hold ? 'release' : 'hold');
  $('hold').setAttribute('aria-pressed', String(r.hold));
  $('nothing').hidden = true;
  $('one').hidden = false;
}

async function choose(id) {
  await attempt(async () => {
    const r = await get(id);
    stopPlaying();
    say('');
    shown = r;
    showFacts();
    showList();
    if (r.state === 'ended' && !recorded(r)) say(t('nothingToSee'));
    $('chosen-title').focus();
    if (!recorded(r)) return;
    const picture = await poster(id).catch(() => null); // without it, playing says why
    if (!picture || shown !== r || $('video').src) return;
    $('video').poster = URL.createObjectURL(picture);
    $('player').hidden = false;
  });
}

async function again() {
  const before = shown;
  const r = await get(before.id);
  if (shown === before) {
    shown = r;
    showFacts();
  }
  await search();
}

/* ---- playing ---- */

async function openPlayer(at) {
  const r = shown;
  const video = $('video');
  const path = await link(r.id, 'play');
  if (shown !== r) return;
  $('player').hidden = false;
  video.src = path;
  if (at > 0) video.currentTime = at;
  video.play().catch(() => {}); // the person can press it
}

async function showChapters() {
  const r = shown;
  const file = await chapters(r.id, language || 'en');
  if (shown !== r) return;
  marks = parse(file);
  $('chapter-list').replaceChildren(...marks.map((mark) => {
    const button = el('button', { type: 'button', onclick: () => goTo(mark.at) }, el('time', { textContent: clock(mark.at) }), el('span', { dir: 'auto', textContent: mark.text }));
    return el('li', {}, button);
  }));
  $('chapters').hidden = marks.length === 0;
}

async function play() {
  await attempt(async () => {
    say('');
    if ($('video').getAttribute('src')) return $('video').play().catch(() => {});
    await openPlayer(0);
    return showChapters();
  });
}

async function goTo(at) {
  $('video').currentTime = Math.max(0, at - BACK_S);
  $('video').play().catch(() => {});
}

function showMark() {
  const now = $('video').currentTime + BACK_S;
  marks.forEach((mark, i) => $('chapter-list').children[i].firstChild.setAttribute('aria-current', String(now >= mark.at && now < mark.until)));
}

// A link is not for ever: who comes back from a long break gets a new one, at the same moment of the film.
async function onPlayerError() {
  const video = $('video');
  if (!video.getAttribute('src') || lost++ > 1) {
    if (video.getAttribute('src')) say(t('cannotPlay'));
    return;
  }
  const at = video.currentTime;
  await attempt(() => openPlayer(at));
}

/* ---- check, save, hold ---- */

async function check() {
  const r = shown;
  await attempt(async () => {
    $('verify').disabled = true;
    say(t('checking'));
    const { verdict, findings } = await verify(r.id);
    if (shown !== r) return;
    say(t('verdict_' + verdict), verdict);
    $('finding-list').replaceChildren(...findings.map((line) => el('li', { textContent: line, lang: 'en', dir: 'ltr' })));
    $('findings').hidden = false;
  });
  if (shown === r) {
    if ($('said').textContent === t('checking')) say('');
    $('verify').disabled = false;
    $('verify').focus();
  }
}

async function save() {
  await attempt(async () => {
    const path = await link(shown.id, 'export');
    el('a', { href: path, download: `recording-${shown.id}.mp4` }).click();
    say(t('saving'));
  });
}

// What is taken off hold may be shredded soon after.
function surelyRelease() {
  return new Promise((resolve) => {
    const dialog = $('sure');
    const close = (yes) => () => {
      resolve(yes);
      dialog.close();
    };
    $('sure-yes').onclick = close(true);
    $('sure-no').onclick = close(false);
    dialog.onclose = () => resolve(false);
    dialog.showModal();
  });
}

async function changeHold() {
  const r = shown;
  if (r.hold && !(await surelyRelease())) return;
  if (shown !== r) return;
  await attempt(async () => {
    await hold(shown.id, !shown.hold);
    await again();
    say(t(shown.hold ? 'heldNow' : 'releasedNow'));
    $('hold').focus();
  });
}

/* ---- start ---- */

async function speak(code) {
  await use(code, 'recordings/lang');
  translate(document);
  document.title = t('title');
  for (const b of $('languages').children) b.setAttribute('aria-pressed', String(b.lang === language));
  if (found.length) showList();
  if (shown) {
    showFacts();
    if (marks.length) await attempt(showChapters);
  }
}

async function start() {
  const link_ = claims();
  const chosen = (code) => {
    sessionStorage.setItem(LANGUAGE, code);
    speak(code);
  };
  $('languages').replaceChildren(...Object.entries(languages).map(([code, name]) => el('button', { type: 'button', lang: code, textContent: name, onclick: () => chosen(code) })));
  const wishes = [sessionStorage.getItem(LANGUAGE), new URLSearchParams(location.search).get('lang'), link_.language];
  await speak(pick(...wishes.filter(Boolean), ...preferred()));
  $('desk').hidden = !!token; // also where to sign in
  $('visit').hidden = !token;
  $('visit').href = `/j/${encodeURIComponent(token)}?visit`;
  if (!known) {
    $('problem').textContent = t('signIn');
    return;
  }
  let timer = 0;
  $('filters').onsubmit = (event) => event.preventDefault();
  $('search').oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(showList, SEARCH_MS);
  };
  for (const id of ['from', 'to', 'state', 'held']) $(id).onchange = search;
  $('play').onclick = play;
  $('verify').onclick = check;
  $('export').onclick = save;
  $('hold').onclick = changeHold;
  $('video').ontimeupdate = showMark;
  $('video').onplaying = () => { lost = 0; };
  $('video').onerror = onPlayerError;
  await search();
}

start();
