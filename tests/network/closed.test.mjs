// Networks that let little through, each between two hosts of our own: only tcp/443 (TURN over TLS by the shipped coturn
// configuration), only ICE-TCP, only IPv6. Every tile moves in each of them.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { people, Scene } from '../browser/lib/scene.mjs';
import { canMakeNetworks, makeNetwork } from '../browser/lib/netns.mjs';
import { keep, outputFolder, screenshot } from '../browser/lib/output.mjs';
import { run, sleep, start, until } from '../browser/lib/processes.mjs';
import { firstPicture, join, seatsInLayout, selectedPair, watch } from '../browser/lib/visit.mjs';

const TOP = fileURLToPath(new URL('../../', import.meta.url));
const options = { timeout: 150000, skip: canMakeNetworks ? false : 'needs root for network namespaces' };
const inside = (namespace, ...command) => run('ip', ['netns', 'exec', namespace, ...command]);

// A firewall on the person's side: what it opens itself to `open` (nft matches) and the answers to that, nothing else.
async function onlyOpen(namespace, open) {
  const rules = ['add table inet wall', 'add chain inet wall out { type filter hook output priority 0 ; policy drop ; }', 'add chain inet wall arrive { type filter hook input priority 0 ; policy drop ; }'];
  for (const chain of ['out', 'arrive']) rules.push(`add rule inet wall ${chain} ct state established,related accept`, `add rule inet wall ${chain} ${chain === 'out' ? 'oif' : 'iif'} lo accept`, `add rule inet wall ${chain} meta l4proto icmpv6 accept`);
  for (const match of open) rules.push(`add rule inet wall out ${match} accept`);
  rules.push('add rule inet wall out counter reject');
  await inside(namespace, 'nft', rules.join('; '));
}

// coturn as ./run --turn starts it: the same guard, the same script. address: one, or several with blanks between.
async function turn(scene, network, address, peer, data) {
  const script = `set -u; TOP=$1 DATA=$2 TURN_TLS_PORT=443; TURN_ADDRESSES=($3) TURN_PEERS=("$4"); PORT=443 CONFIG=
    . "$TOP/setup/install.sh"; . "$TOP/setup/addresses.sh"; . "$TOP/setup/visit.sh"; . "$TOP/setup/turn.sh"
    write_turn_config "$DATA/turnserver.conf" "$DATA/certificate.pem" "$DATA/certificate.key" && turn_urls "$TURN_ADDRESSES"`;
  const urls = await run('bash', ['-c', script, 'turn', TOP, data, address, peer]);
  const server = start('ip', ['netns', 'exec', network.a, 'turnserver', '-c', path.join(data, 'turnserver.conf')], { log: path.join(outputFolder, 'closed-coturn.log'), cwd: data });
  scene.later(() => server.stop('SIGTERM', 3000));
  await until('coturn to listen', async () => (await inside(network.a, 'ss', '-Hltn', 'sport = :443')).includes(address.split(' ')[0]), 5000);
  return urls.trim();
}

// A bot at the server, Anna's browser behind the wall: all tiles move, hers among them.
async function visitBehindWall(scene, network, server, name, args = []) {
  const room = await server.room('Closed');
  const link = await server.link(room, 'Anna', 'patient');
  scene.bots([await server.link(room, 'Bot')], { seconds: 120, namespace: network.a });
  const page = await join(await scene.chromium(0, { namespace: network.b, args }), link, { timeout: 30000 });
  await firstPicture(page, 20000);
  await until('two tiles', async () => (await seatsInLayout(page)).length === 2, 20000);
  await sleep(1500);
  const seen = await watch(page, 4000);
  const { pair, local, remote } = await selectedPair(page);
  keep(`closed-${name}.json`, { seen, pair, local, remote });
  await screenshot(page, `closed-${name}`);
  const own = Object.values(seen.tiles).find((tile) => tile.person === people[0].person);
  assert.ok(own && own.changes > 5, JSON.stringify(seen));
  assert.ok(Object.values(seen.tiles).every((tile) => tile.moved > 5), JSON.stringify(seen));
  return { local, remote };
}

test('only tcp/443 is open: TURN over TLS', options, async (t) => {
  const scene = new Scene(t);
  const network = await makeNetwork();
  scene.later(() => network.close());
  const relay = network.addressA.replace(/\.1$/, '.3');
  await run('ip', ['-n', network.a, 'addr', 'add', `${relay}/24`, 'dev', network.deviceA]);
  const secret = 'the secret of this test';
  const urls = ['turn:HOST:3478?transport=udp', 'turn:HOST:3478?transport=tcp', 'turns:HOST:443?transport=tcp'].map((u) => u.replace('HOST', relay)).join(';');
  const server = await scene.server({ name: 'closed-443', namespace: network.a, address: network.addressA, port: 443, settings: { 'turn.urls': urls, 'turn.secret': secret } });
  fs.writeFileSync(path.join(server.data, 'turn.secret'), secret, { mode: 0o600 });
  assert.equal(await turn(scene, network, relay, network.addressA, server.data), urls, 'what ./run --turn tells the server');
  await onlyOpen(network.b, ['tcp dport 443']);
  const { local } = await visitBehindWall(scene, network, server, 'only-443', ['--ignore-certificate-errors']);
  assert.equal(local.candidateType, 'relay');
  assert.equal(local.relayProtocol, 'tls');
});

test('no UDP, no TURN: ICE over TCP', options, async (t) => {
  const scene = new Scene(t);
  const network = await makeNetwork();
  scene.later(() => network.close());
  const server = await scene.server({ name: 'closed-tcp', namespace: network.a, address: network.addressA, port: 443, settings: { 'media.port_min': 50000, 'media.port_max': 50099 } });
  await onlyOpen(network.b, ['tcp dport 443', 'tcp dport 50000-50099']);
  const { local, remote } = await visitBehindWall(scene, network, server, 'only-tcp');
  assert.equal(local.protocol, 'tcp');
  assert.ok(remote.port >= 50000 && remote.port <= 50099, JSON.stringify(remote));
});

test('only IPv6', options, async (t) => {
  const scene = new Scene(t);
  const network = await makeNetwork({ v6: true });
  scene.later(() => network.close());
  const server = await scene.server({ name: 'closed-v6', namespace: network.a, address: network.addressA });
  const { local, remote } = await visitBehindWall(scene, network, server, 'only-v6');
  assert.match(remote.address || remote.ip, /:/);
  assert.equal(local.protocol, 'udp');
});

// A TURN client by hand: does the shipped configuration refuse peers that are not rooms?
test('the relay sends to rooms alone: no loopback, no private, link-local or IPv4-mapped peer, nothing without credentials', options, async (t) => {
  const scene = new Scene(t);
  const network = await makeNetwork();
  scene.later(() => network.close());
  const secret = 'the secret of this test';
  const server = await scene.server({ name: 'closed-guard', namespace: network.a, address: network.addressA });
  fs.writeFileSync(path.join(server.data, 'turn.secret'), secret, { mode: 0o600 });
  await run('ip', ['-n', network.a, 'addr', 'add', 'fd00:79::1/64', 'nodad', 'dev', network.deviceA]); // so that IPv6 relays exist
  await turn(scene, network, `${network.addressA} fd00:79::1`, network.addressA, server.data);
  const said = JSON.parse(await run('ip', ['netns', 'exec', network.b, 'python3', path.join(TOP, 'tests/network/turn_peers.py'), network.addressA, secret,
    network.addressA, '127.0.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '8.8.8.8', network.addressB,
    '::1', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.1.2.3', '::ffff:169.254.169.254']));
  keep('closed-guard.json', said);
  assert.equal(said.anonymous, 401);
  assert.equal(said.expired, 401);
  assert.equal(said.peers[network.addressA], 0, 'a room is reached');
  for (const [peer, code] of Object.entries(said.peers)) if (peer !== network.addressA) assert.equal(code, 403, peer);
});

test('nothing but the page is open: it says within 10 s what was tried and what to ask IT for, and joins when the wall opens', options, async (t) => {
  const scene = new Scene(t);
  const network = await makeNetwork();
  scene.later(() => network.close());
  const relay = network.addressA.replace(/\.1$/, '.3');
  await run('ip', ['-n', network.a, 'addr', 'add', `${relay}/24`, 'dev', network.deviceA]);
  const settings = { 'turn.urls': `turn:${relay}:3478?transport=udp;turns:${relay}:5349?transport=tcp`, 'turn.secret': 'a secret', 'media.port_min': 50000, 'media.port_max': 50099 };
  const server = await scene.server({ name: 'closed-all', namespace: network.a, address: network.addressA, port: 443, settings });
  await onlyOpen(network.b, ['tcp dport 443']);
  const link = await server.link(await server.room('Closed'), 'Anna', 'patient');
  const page = await (await scene.chromium(0, { namespace: network.b })).newPage();
  await page.goto(link.url);
  await page.waitForSelector('#join:visible:enabled');
  const began = Date.now();
  await page.click('#join');
  await page.waitForSelector('#message-details:visible', { timeout: 15000 });
  const took = Date.now() - began;
  const text = await page.innerText('#message');
  await screenshot(page, 'closed-nothing-open');
  keep('closed-nothing-open.json', { took, text });
  assert.ok(took < 10000 + 1000, `${took} ms`); // a second for the browser to press and to draw
  for (const named of [/UDP/, /TCP/, new RegExp(relay.replace(/\./g, '\\.')), /ask IT/]) assert.match(text, named);
  await inside(network.b, 'nft', 'flush ruleset');
  await page.waitForFunction(() => window.tessera && window.tessera.state === 'live', null, { timeout: 40000 });
});
