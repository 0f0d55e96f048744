// nopath.js - why nothing gets through: what was tried, and what to ask the people for who run the firewall.
import { t } from './strings.js';
import { make } from './part.js';

const MOST = 6; // places named in one line

const some = (places) => places.slice(0, MOST).join(', ');

function section(title, lines) {
  const list = make('ul', {}, ...lines.map((text) => make('li', {}, text)));
  return [make('h2', {}, t(title)), list];
}

// `tried` of Visit.tried().
export function explain(box, { socket, host, answered, udp, tcp, relays }) {
  const no = t('resultNo');
  const direct = (places) => (places.length ? { list: some(places), result: no } : { list: host, result: answered ? t('resultNone') : no });
  const tried = [t('triedSocket', { host, result: socket ? t('resultWorks') : no })];
  if (socket) {
    tried.push(t('triedUdp', direct(udp)), t('triedTcp', direct(tcp)));
    tried.push(...relays.map(({ url, works }) => t('triedRelay', { url, result: works ? t('resultWorks') : no })));
  }
  const ask = [];
  if (!socket) ask.push(t('askSocket', { host }));
  if (udp.length) ask.push(t('askUdp', { list: some(udp) }));
  if (tcp.length) ask.push(t('askTcp', { list: some(tcp) }));
  if (relays.length) ask.push(t('askRelay', { list: some(relays.map((r) => r.url)) }));
  else if (socket) ask.push(t('askClinic'));
  const parts = [...section('noPathTried', tried), ...section('noPathAsk', ask)];
  if (navigator.onLine === false) parts.unshift(make('p', {}, t('noPathOffline')));
  if (box.textContent !== parts.map((p) => p.textContent).join('')) box.replaceChildren(...parts); // who reads it is not interrupted
}
