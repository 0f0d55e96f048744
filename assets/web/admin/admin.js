// admin.js - the clinic's page: sign in, the list of visits, the chosen one, and what can be done with it.
import { $, el, keyed, say } from './dom.js';
import * as api from './api.js';
import { signedIn, signIn, signOut } from './session.js';
import { ask, showLink } from './dialogs.js';
import { ROLES, showPeople, showRevoked } from './people.js';
import { startPictures, stopPictures } from './pictures.js';
import { LANGUAGES } from '../sound/languages.js';

const EVERY_MS = 1500;
let chosen = ''; // id of the visit that is shown
let visit = null; // what the server said of it last
let waiting = 0; // how many wait to be let in
let asked = 0; // how often the server was asked, and which answer is shown
let shown = 0;
let picked = false; // an arrangement is picked that is not the visit's
let timer = 0;

/* ---- sign in ---- */

function leave(problem) {
  signOut();
  choose('');
  clearTimeout(timer);
  $('desk').hidden = true;
  $('sign-in').hidden = false;
  $('key').value = '';
  say($('sign-in-problem'), problem || '');
  $('key').focus();
}

async function enter() {
  try {
    await refresh();
  } catch (e) {
    leave(e.status === 401 || e.status === 403 ? 'That key is not right.' : e.message);
    return;
  }
  $('sign-in').hidden = true;
  $('desk').hidden = false;
  again();
}

/* ---- what is shown, again and again ---- */

function visitButton(id) {
  const button = el('button', { type: 'button', onclick: () => choose(id) }, el('span', { dir: 'auto' }), el('small'));
  return Object.assign(el('li', {}, button), { button });
}

function showVisits(rooms) {
  const byId = new Map(rooms.map((r) => [r.id, r]));
  const order = [...rooms].sort((a, b) => b.created - a.created || (a.id < b.id ? -1 : 1));
  $('no-visits').hidden = order.length > 0;
  for (const row of keyed($('visits'), order.map((r) => r.id), visitButton)) {
    const r = byId.get(row.dataset.key);
    say(row.button.firstChild, r.name || r.id);
    say(row.button.lastChild, r.running ? 'open' : `${r.seats} invited`);
    row.button.setAttribute('aria-current', String(row.dataset.key === chosen));
  }
  if (chosen && !byId.has(chosen)) {
    choose('');
    news('The visit has ended.');
  }
}

const waits = () => `${waiting} ${waiting === 1 ? 'waits' : 'wait'} to be let in`;

// Somebody stands before the door: said also to who does not look at the row.
function showWaiting() {
  const before = waits();
  const more = visit.participants.filter((p) => p.state === 'waiting').length - waiting;
  waiting += more;
  if (more > 0) news(waits());
  else if (more < 0 && $('news').textContent === before) news(waiting ? waits() : '');
}

function showVisit() {
  showWaiting();
  const here = visit.participants.filter((p) => p.state === 'up').length;
  say($('visit-title'), visit.name || visit.id);
  say($('visit-state'), `${here === 0 ? 'nobody is' : here === 1 ? 'one person is' : `${here} people are`} in${visit.locked ? ', locked' : ''}${waiting ? `, ${waits()}` : ''}`);
  say($('lock'), visit.locked ? 'Unlock' : 'Lock');
  if (!picked) $('layout').value = visit.layout; // not under the hand of who picks another
  showPeople(visit.participants, people);
  showRevoked(visit.revoked || [], people);
}

const tierNames = () => ((visit && visit.video && visit.video.tiers) || []).map((t) => t.tier || t.name || t);

async function refresh() {
  const wanted = chosen;
  const mine = ++asked;
  showVisits(await api.rooms());
  if (!wanted || wanted !== chosen) return;
  const seen = await api.room(wanted);
  if (wanted !== chosen || mine < shown) return; // what was asked for later is there already
  shown = mine;
  visit = seen;
  showVisit();
}

function again() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (!document.hidden) await attempt(refresh, 'page');
    if (!$('desk').hidden) again();
  }, EVERY_MS);
}

function choose(id) {
  chosen = id;
  visit = null;
  waiting = 0;
  picked = false;
  $('nothing').hidden = !!id;
  $('chosen').hidden = true;
  $('people').replaceChildren();
  $('revoked').replaceChildren();
  stopPictures();
  if (!id) return;
  attempt(async () => {
    const layouts = await api.layouts();
    if (chosen !== id) return;
    $('layout').replaceChildren(...layouts.map((l) => el('option', { value: l.name, textContent: l.title })));
    await refresh();
    if (chosen !== id) return;
    $('chosen').hidden = false;
    $('visit-title').focus();
    startPictures(id, tierNames);
  });
}

function news(text) {
  delete $('news').dataset.problem;
  say($('news'), text);
}

// Does it, says what went wrong; a key that is no longer good leads back to the start. What is said of one kind
// of doing, a person's or the page's own look again, is taken back only by the same.
async function attempt(action, by = 'person') {
  try {
    await action();
    if ($('news').dataset.problem === by) news('');
    return true;
  } catch (e) {
    if (e.status === undefined) throw e; // our own mistake
    if (e.status === 401) leave('Please sign in again.');
    else if (e.status !== 404) {
      news(e.message);
      $('news').dataset.problem = by;
    }
    return false;
  }
}

// Does it, then shows how things are now.
const act = (action, done) => attempt(async () => {
  await action();
  news(done || '');
  await refresh();
});

/* ---- what can be done ---- */

const people = {
  link: (p) => attempt(async () => {
    showLink(p.name, await api.createLink(chosen, { role: p.role, name: p.name, seat: p.seat, host: !!p.host }));
    await refresh();
  }),
  mute: (p) => act(() => api.mute(chosen, p.seat, !p.muted), p.muted ? 'The mute is over. The person is asked to turn the microphone on.' : ''),
  admit: (p) => act(() => api.admit(chosen, p.seat), 'The person was let in.'),
  deny: (p) => act(() => api.deny(chosen, p.seat), 'The person was told: not now.'),
  revoke: async (p) => {
    const room = chosen;
    if (await ask(`Revoke the link of ${p.name}?`, 'The link stops working, and who uses it now has to leave.', 'Revoke')) {
      await act(() => api.revokeLink(room, p.seat), 'The link is revoked.');
    }
  },
};

async function createVisit(event) {
  event.preventDefault();
  const [name, patient, clinician] = ['visit-name', 'patient-name', 'clinician-name'].map((id) => $(id).value.trim());
  await attempt(async () => {
    const { id } = await api.createRoom(name);
    await api.createLink(id, { role: 'patient', name: patient });
    await api.createLink(id, { role: 'clinician', name: clinician, host: true });
    event.target.reset();
    choose(id);
  });
}

async function invite(event) {
  event.preventDefault();
  const person = { role: $('invite-role').value, name: $('invite-name').value.trim(), host: $('invite-host').checked, signing: $('invite-signing').checked, language: $('invite-language').value, hears: $('invite-hears').value };
  const seconds = Number($('invite-expires').value);
  if (seconds) person.expires_in = seconds;
  await attempt(async () => {
    const made = await api.createLink(chosen, person);
    event.target.reset();
    await refresh();
    showLink(person.name, made);
  });
}

async function arrange(event) {
  event.preventDefault();
  picked = false; // refused: what it was is shown again
  const done = await act(() => api.setLayout(chosen, $('layout').value), 'The arrangement is changed.');
  if (!done && visit && !picked) $('layout').value = visit.layout;
}

async function end() {
  const room = chosen;
  if (await ask('End the visit?', 'Everybody has to leave, and no link of it works any more.', 'End the visit')) {
    if (await attempt(() => api.endRoom(room))) {
      choose('');
      await act(async () => {}, 'The visit has ended.');
    }
  }
}

/* ---- start ---- */

for (const [role, text] of Object.entries(ROLES)) $('invite-role').append(el('option', { value: role, textContent: text }));
const spoken = new Intl.DisplayNames(['en'], { type: 'language' });
for (const [code, text] of LANGUAGES.map((one) => [one, spoken.of(one)]).sort((a, b) => a[1].localeCompare(b[1]))) $('invite-hears').append(el('option', { value: code, textContent: text }));
$('sign-in-form').onsubmit = (event) => {
  event.preventDefault();
  signIn($('key').value);
  enter();
};
$('sign-out').onclick = () => leave();
$('new-visit').onsubmit = createVisit;
$('invite').onsubmit = invite;
$('mute-all').onclick = () => act(() => api.muteAll(chosen), 'Everybody but hosts and interpreters is muted.');
$('lock').onclick = () => act(() => api.lock(chosen, !visit.locked));
$('layout').onchange = () => { picked = !visit || $('layout').value !== visit.layout; };
$('arrange').onsubmit = arrange;
$('end').onclick = end;

if (signedIn()) enter();
else leave();
