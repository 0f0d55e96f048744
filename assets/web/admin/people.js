// people.js - who belongs to the visit: one row a seat with what the server measures, and what can be done about that person.
import { $, el, keyed, say, svg, when } from './dom.js';
import { tierWords } from './tiers.js';

export const ROLES = {
  patient: 'Patient',
  clinician: 'Clinician',
  interpreter: 'Interpreter',
  guest: 'Guest (family, friend)',
  observer: 'Observer (watches and listens)',
  kiosk: 'Kiosk (a device in a room)',
  compliance: 'Compliance',
};
const QUALITY = ['unknown', 'very weak', 'weak', 'fair', 'good', 'very good'];

const roleOf = (p) => (ROLES[p.role] || p.role).replace(/ \(.*/, '') + (p.host ? ', host' : '');

const kbps = (stream) => Math.round(((stream && stream.audio ? stream.audio.bitrate_bps : 0) + (stream && stream.video ? stream.video.bitrate_bps : 0)) / 1000);

function figures(p) {
  const loss = Math.max(p.out && p.out.video ? p.out.video.loss : 0, p.in && p.in.video ? p.in.video.loss : 0);
  return `${p.tier ? tierWords(p.tier) : 'no picture yet'} · loss ${(100 * loss).toFixed(1)} % · round trip ${Math.round(p.rtt_ms || 0)} ms · sends ${kbps(p.in)}, gets ${kbps(p.out)} kbit/s`;
}

function linkEnds(p) {
  if (!p.link_ends) return '';
  return `${p.link_ends * 1000 > Date.now() ? 'Link works until' : 'Link ended'} ${when(p.link_ends)}`;
}

const STATES = { absent: 'not here', waiting: 'waits to be let in', connecting: 'connecting', stalled: 'connection lost' };
function presence(p) {
  if (p.state !== 'up') return STATES[p.state] || p.state;
  const marks = [p.talking ? 'speaks' : 'in the visit'];
  if (p.muted) marks.push('muted by the host');
  else if (p.audio === false) marks.push('microphone off');
  if (p.video === false) marks.push('camera off');
  return marks.join(', ');
}

function bars() {
  const all = [0, 1, 2, 3, 4].map((i) => svg('rect', { x: 4 * i, y: 10 - 2.5 * i, width: 3, height: 4 + 2.5 * i }));
  return svg('svg', { viewBox: '0 0 20 14', class: 'bars', 'aria-hidden': 'true' }, ...all);
}

function setBars(drawing, quality) {
  drawing.toggleAttribute('data-weak', quality > 0 && quality < 3);
  [...drawing.children].forEach((bar, i) => bar.toggleAttribute('data-on', i < quality));
}

// A button that names its person to who cannot see the row.
function action(label) {
  const whom = el('span', { className: 'visually-hidden' });
  const what = el('span', { textContent: label });
  return Object.assign(el('button', { type: 'button' }, what, ' ', whom), { what, whom });
}

function makeRow(actions) {
  const row = el('li');
  const name = el('b', { dir: 'auto' });
  const role = el('small');
  const state = el('span', { className: 'state' });
  const quality = el('span');
  const drawing = bars();
  const numbers = el('p', { className: 'figures' });
  const ends = el('p', { className: 'ends' });
  const live = el('p', { className: 'live' }, state, drawing, quality);
  const buttons = { admit: action('Admit'), deny: action('Not now'), link: action('Link'), mute: action('Mute'), revoke: action('Revoke') };
  buttons.admit.className = 'primary';
  buttons.revoke.className = 'danger';
  for (const [what, button] of Object.entries(buttons)) button.onclick = () => actions[what](row.person);
  row.append(el('p', { className: 'who' }, name, ' ', role), live, numbers, ends, el('div', { className: 'buttons' }, ...Object.values(buttons)));
  row.update = (p) => {
    const here = p.state !== 'absent' && p.state !== 'waiting';
    row.person = p;
    if (p.state !== 'waiting' && [buttons.admit, buttons.deny].includes(document.activeElement)) buttons.link.focus(); // before they go
    buttons.admit.hidden = buttons.deny.hidden = p.state !== 'waiting';
    row.toggleAttribute('data-waiting', p.state === 'waiting');
    say(name, p.name);
    say(role, roleOf(p));
    say(state, presence(p));
    say(quality, here ? `quality ${QUALITY[p.quality || 0]}` : '');
    setBars(drawing, here ? p.quality || 0 : 0);
    drawing.style.display = here ? '' : 'none';
    numbers.hidden = !here;
    say(numbers, here ? figures(p) : '');
    ends.hidden = !p.link_ends;
    say(ends, linkEnds(p));
    ends.toggleAttribute('data-over', p.link_ends * 1000 <= Date.now());
    say(buttons.mute.what, p.muted ? 'Ask to unmute' : 'Mute');
    for (const [what, button] of Object.entries(buttons)) say(button.whom, what === 'link' ? `for ${p.name}` : p.name);
  };
  return row;
}

// Somebody whose link was withdrawn, and who may be given a new one.
function makeRevoked(actions) {
  const row = el('li');
  const name = el('b', { dir: 'auto' });
  const role = el('small');
  const since = el('p', { className: 'ends' });
  const link = action('New link');
  since.setAttribute('data-over', '');
  link.onclick = () => actions.link(row.person);
  row.append(el('p', { className: 'who' }, name, ' ', role), since, el('div', { className: 'buttons' }, link));
  row.update = (p) => {
    row.person = p;
    say(name, p.name);
    say(role, roleOf(p));
    say(since, `Link withdrawn ${when(p.at)}`);
    say(link.whom, `for ${p.name}`);
  };
  return row;
}

export function showRevoked(revoked, actions) {
  const bySeat = new Map(revoked.map((p) => [p.seat, p]));
  for (const row of keyed($('revoked'), revoked.map((p) => p.seat), () => makeRevoked(actions))) row.update(bySeat.get(row.dataset.key));
}

// Who waits is first: somebody stands before a door. actions: {admit, deny, link, mute, revoke} of (person).
export function showPeople(participants, actions) {
  const bySeat = new Map(participants.map((p) => [p.seat, p]));
  const here = (p) => (p.state === 'waiting' ? 0 : p.state === 'absent' ? 2 : 1);
  const order = [...bySeat.values()].sort((a, b) => here(a) - here(b) || a.name.localeCompare(b.name) || (a.seat < b.seat ? -1 : 1));
  for (const row of keyed($('people'), order.map((p) => p.seat), () => makeRow(actions))) row.update(bySeat.get(row.dataset.key));
}
