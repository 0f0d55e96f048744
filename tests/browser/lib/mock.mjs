// mock.mjs - a stand-in for the server, for work on the web client alone: serves assets/web and speaks /ws, while a hidden page of
// the same browser (ROOM_PAGE) answers the offers and sends back a drawn composite. Media is real WebRTC between the two pages.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const WEB = fileURLToPath(new URL('../../../assets/web/', import.meta.url));
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json' };
const [, INLINE] = /<script>(.*?)<\/script>/s.exec(fs.readFileSync(path.join(WEB, 'index.html'), 'utf8'));
const POLICY = // as the server's
  `default-src 'none'; script-src 'self' 'sha256-${createHash('sha256').update(INLINE).digest('base64')}'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; ` +
  "connect-src 'self' ws:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";
const MAY = ['mute', 'unmute_ask', 'camera_ask', 'mute_all', 'remove', 'lock', 'layout', 'admit', 'deny', 'tier', 'record', 'end'];
const CHAT_BURST = 5;

const ROOM_PAGE = `<!doctype html><title>room</title><canvas width=1280 height=720></canvas><script>
const c = document.querySelector('canvas'), g = c.getContext('2d'); let n = 0;
setInterval(() => { n++; ['#7fb7b2','#8aa9c9','#c9a98a','#a98ac9'].forEach((f, i) => { const x = 640 * (i % 2), y = 360 * (i >> 1);
  g.fillStyle = f; g.fillRect(x, y, 640, 360); g.fillStyle = '#fff'; g.beginPath(); g.arc(x + 320 + 40 * Math.sin(n / 20 + i), y + 180, 80, 0, 7); g.fill();
  g.fillStyle = '#16303b'; g.font = '24px sans-serif'; g.fillText(['Amira Haddad', 'Dr. Jonas Weber', 'Mei-Ling Chen (interpreter)', 'Bot'][i], x + 20, y + 340); }); }, 40);
const pcs = {}; const ws = new WebSocket(location.origin.replace('http', 'ws') + '/mock-room');
ws.onmessage = async (e) => { const m = JSON.parse(e.data);
  if (m.type === 'offer') { if (pcs[m.session]) { await pcs[m.session].setRemoteDescription({ type: 'offer', sdp: m.sdp }).catch(() => { pcs[m.session].close(); delete pcs[m.session]; }); }
    const old = pcs[m.session]; const pc = pcs[m.session] ||= new RTCPeerConnection();
    if (!old) { pc.onicecandidate = (e) => ws.send(JSON.stringify({ type: 'candidate', session: m.session, candidate: e.candidate ? e.candidate.candidate : '', mid: '0' }));
      await pc.setRemoteDescription({ type: 'offer', sdp: m.sdp });
      const a = new AudioContext(), o = a.createOscillator(), d = a.createMediaStreamDestination(); o.frequency.value = 830; o.connect(d); o.start();
      for (const t of pc.getTransceivers()) { if (m.echo) { t.direction = 'sendrecv'; t.sender.replaceTrack(t.receiver.track); continue; } t.direction = t.direction === 'recvonly' ? 'sendrecv' : t.direction; t.direction = 'sendrecv'; t.sender.replaceTrack(t.receiver.track.kind === 'video' ? c.captureStream(25).getVideoTracks()[0] : d.stream.getAudioTracks()[0]); } }
    await pc.setLocalDescription(); ws.send(JSON.stringify({ type: 'answer', session: m.session, sdp: pc.localDescription.sdp })); }
  if (m.type === 'candidate' && pcs[m.session] && m.candidate) pcs[m.session].addIceCandidate({ candidate: m.candidate, sdpMid: m.mid }).catch(() => {});
  if (m.type === 'kill') { for (const k in pcs) { pcs[k].close(); delete pcs[k]; } }
};</script>`;

export async function startMock() {
  const seen = []; // every message of the client, in order
  let room = null;
  let sessions = 0;
  let refuse = '';
  let deny = ''; // the code that operations are refused with
  let fail = ''; // the same, for what cannot be done now
  let blocked = false; // media never comes: the offers are swallowed
  let chats = 0;
  let answers = {}; // members of the next `joined`
  let door = null; // the room is locked: who waits
  const own = { hand: false, share: false, host: false, muted: false };
  const clients = new Map();
  const more = []; // further participants
  const server = http.createServer((req, res) => {
    const url = new URL(req.url, 'http://x');
    if (url.pathname === '/mock-room-page') return res.setHeader('content-type', 'text/html').end(ROOM_PAGE);
    const page = url.pathname === '/' || url.pathname.startsWith('/j/');
    const [, refused] = url.pathname.match(/\.bad-(\w+)$/) || []; // a link that is not good, and why
    const name = page ? (refused ? 'invalid.html' : 'index.html') : url.pathname.replace(/^\/web\//, '');
    const file = path.join(WEB, path.normalize('/' + name));
    if (!fs.existsSync(file)) return res.writeHead(404).end();
    res.writeHead(200, { 'content-type': TYPES[path.extname(file)], 'content-security-policy': POLICY, 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
    const body = fs.readFileSync(file);
    return res.end(refused ? String(body).replace('data-reason=""', `data-reason="${refused}"`) : body);
  });
  const wss = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req, socket, head) => wss.handleUpgrade(req, socket, head, (ws) => {
    if (req.url === '/mock-room') {
      room = ws;
      ws.on('message', (data) => {
        const m = JSON.parse(data);
        const client = clients.get(m.session);
        if (client) client.send(JSON.stringify(m));
      });
    } else ws.on('message', (data) => receive(ws, JSON.parse(data)));
  }));
  const roster = () => ({ type: 'roster', revision: 1, participants: [
    { seat: 'p1', name: 'Amira Haddad', role: 'patient', kind: 'web', audio: true, video: true, talking: false, tier: 'A', state: 'up', ...own },
    { seat: 'p2', name: 'Dr. Jonas Weber', role: 'clinician', kind: 'web', audio: true, video: true, muted: false, talking: true, tier: 'A', state: 'up' },
    { seat: 'p3', name: 'Mei-Ling Chen', role: 'interpreter', kind: 'web', audio: false, video: true, muted: false, talking: false, hand: true, tier: 'B', state: 'up' },
    { seat: 'p4', name: 'عبد الرحمن', role: 'guest', kind: 'phone', audio: true, video: false, muted: false, talking: false, tier: 'audio', state: 'up' }, ...more] });
  const layouts = (layout) => ({ type: 'layouts', layout, layouts: [{ name: 'grid', title: 'Grid' }, { name: 'ward', title: 'Ward round' }, { name: 'speaker', title: 'Speaker and strip' }] });
  const say = (ws, m) => ws.send(JSON.stringify(m));
  function receive(ws, m) {
    if (m.type !== 'ping') seen.push(m);
    if (m.type === 'join' && m.sdp) seen.push({ type: 'offer', sdp: m.sdp, line: m.line, joining: true });
    if (m.type === 'ping') return say(ws, { type: 'pong', id: m.id });
    if (m.type === 'prepare') return refuse ? undefined : say(ws, { type: 'prepared', iceServers: answers.iceServers || [] });
    if (m.type === 'join') {
      if (refuse) { say(ws, { type: 'error', code: refuse, message: 'no', fatal: true }); return ws.close(); }
      if (door) {
        door.ws = ws;
        door.join = { ...m, sdp: undefined };
        return say(ws, { type: 'waiting' });
      }
      return seat(ws, m);
    }
    if (m.type === 'check') {
      if (refuse) return say(ws, { type: 'error', code: refuse, message: 'no', fatal: true });
      ws.session = 'c' + ++sessions;
      ws.echo = true;
      clients.set(ws.session, ws);
      return say(ws, { type: 'checking', session: ws.session, iceServers: [] });
    }
    if (m.id !== undefined) return operation(ws, m);
    if (blocked) return undefined;
    if (m.type === 'offer' || m.type === 'candidate') return room.send(JSON.stringify({ ...m, session: ws.session, echo: ws.echo }));
    if (m.unmute) say(ws, { type: 'muted', muted: false });
    if (m.type === 'leave') { say(ws, { type: 'ended', reason: 'left' }); return ws.close(); }
    return undefined;
  }
  function seat(ws, m) {
    const resumed = clients.has(m.session);
    const offered = !!m.sdp && !resumed;
    ws.session = resumed ? m.session : 's' + ++sessions;
    clients.set(ws.session, ws);
    say(ws, { type: 'joined', room: 'r', roomName: 'Cardiology follow-up', seat: 'p1', name: 'Amira Haddad', role: 'patient', muted: false, host: own.host, may: ['audio', 'video', 'share', 'chat', 'hand', ...(own.host ? MAY : [])], locked: false, fixed: false, iceServers: [], tiers: ['A', 'B', 'C', 'D'], session: ws.session, resumed, offered, ...answers });
    if (offered && !blocked) room.send(JSON.stringify({ type: 'offer', sdp: m.sdp, session: ws.session }));
    say(ws, roster());
    if (own.host) say(ws, layouts('grid'));
    say(ws, { type: 'layout', tier: 'A', width: 1280, height: 720, tiles: ['p1', 'p2', 'p3', 'p4'].map((id, i) => ({ seat: id, x: 640 * (i % 2), y: 360 * (i >> 1), w: 640, h: 360 })) });
    say(ws, { type: 'quality', quality: 4, tier: 'A', loss: 0, rtt: 12 });
  }
  // Messages that are answered with ok or error.
  function operation(ws, m) {
    const no = (code) => say(ws, { type: 'error', id: m.id, code, message: 'no', fatal: false });
    if (m.type === 'host' && !own.host) return no('forbidden');
    if (fail) return no(fail);
    if (deny) return say(ws, { type: 'error', id: m.id, code: 'forbidden', reason: deny, message: 'no', fatal: false });
    if (m.type === 'chat' && ++chats > CHAT_BURST) return no('rate_limited');
    say(ws, { type: 'ok', id: m.id });
    if (m.type === 'chat') say(ws, { type: 'chat', seat: 'p1', name: 'Amira Haddad', text: m.text, at: Date.now() });
    if (m.type === 'hand') own.hand = m.raised;
    if (m.type === 'share') own.share = m.on;
    if (m.type === 'hand' || m.type === 'share') say(ws, roster());
    if (m.op === 'layout') say(ws, layouts(m.value));
    if (m.op === 'lock') say(ws, { type: 'lock', locked: m.value });
    if (m.op === 'admit' || m.op === 'deny') say(ws, { type: 'knock_gone', seat: m.seat });
    if (m.op === 'end') say(ws, { type: 'ended', reason: 'room_ended' });
    return undefined;
  }
  await new Promise((r) => server.listen(0, '127.0.0.1', r));
  const origin = `http://localhost:${server.address().port}`;
  const b64 = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
  const linkOf = (claims) => `${origin}/j/${b64({ alg: 'HS256' })}.${b64({ name: 'Amira Haddad', ...claims })}.c2lnbmF0dXJl`;
  return {
    origin, seen, linkOf,
    link: linkOf({}),
    roomPage: `${origin}/mock-room-page`,
    say: (m) => clients.forEach((ws) => ws.readyState === 1 && say(ws, m)),
    dropSockets: () => clients.forEach((ws) => ws.terminate()),
    forget: () => clients.clear(),
    // Sockets that were opened and did not join in time.
    expire: () => [...wss.clients].filter((ws) => ws !== room && !ws.session).map((ws) => { say(ws, { type: 'error', code: 'unauthorized', message: 'no', fatal: true }); return ws.close(); }).length,
    killRoom: () => { room.send('{"type":"kill"}'); clients.forEach((ws) => ws.readyState === 1 && say(ws, { type: 'restart', reason: 'room_restarted' })); },
    refuse: (code) => { refuse = code; },
    denyOperations: (code) => { deny = code; },
    failOperations: (code) => { fail = code; },
    // The list as it was, with more said of the person.
    own: (more) => { Object.assign(own, more); clients.forEach((ws) => ws.readyState === 1 && say(ws, roster())); },
    roster: (others) => { more.splice(0, more.length, ...others); clients.forEach((ws) => ws.readyState === 1 && say(ws, roster())); },
    block: (on) => { blocked = on; },
    host: (on) => { own.host = on; },
    answers: (more) => { answers = more; },
    // The next one to join waits at the door until admit() or deny().
    lockDoor: () => { door = {}; },
    admit: () => { const { ws, join } = door; door = null; seat(ws, join); },
    deny: () => { const { ws } = door; door = null; say(ws, { type: 'error', code: 'denied', message: 'no', fatal: true }); ws.close(); },
    close: () => { wss.clients.forEach((ws) => ws.terminate()); server.close(); server.closeAllConnections(); },
  };
}
