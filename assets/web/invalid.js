// invalid.js - the page of a link that the server refuses: why (its word is in data-reason of the page) and what to do, in the person's language.
import { claims } from './token.js';
import { language, languages, pick, preferred, t, translate, use } from './strings.js';

const $ = (id) => document.getElementById(id);
const REASONS = { token_expired: 'expired', token_revoked: 'revoked', token_foreign: 'foreign', room_ended: 'over' };

function draw() {
  if (!language) return; // no words came: the page says the little that it has
  const reason = REASONS[document.documentElement.dataset.reason] || 'invalid';
  translate(document);
  $('title').textContent = document.title = t(reason === 'over' ? 'endedTitle' : reason + 'Title');
  $('text').textContent = t(reason + 'Text');
  for (const b of $('languages').children) b.setAttribute('aria-pressed', String(b.lang === language));
}

async function start() {
  const [, token] = location.pathname.match(/^\/j\/([^/]+)/) || [];
  const wish = new URLSearchParams(location.hash.slice(1)).get('lang') || new URLSearchParams(location.search).get('lang');
  for (const [code, name] of Object.entries(languages)) {
    const b = Object.assign(document.createElement('button'), { type: 'button', lang: code, textContent: name });
    b.addEventListener('click', () => use(code).then(draw));
    $('languages').append(b);
  }
  await use(pick(...[wish, token && claims(token).language].filter(Boolean), ...preferred()));
  draw();
  $('why').hidden = false;
  $('title').focus();
}

start();
