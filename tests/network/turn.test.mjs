// Through TURN: coturn on loopback, credentials that the server hands out, a browser that may use relayed candidates only.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { people, Scene } from '../browser/lib/scene.mjs';
import { keep, outputFolder } from '../browser/lib/output.mjs';
import { sleep, start, until } from '../browser/lib/processes.mjs';
import { firstPicture, join, seatsInLayout, selectedPair, watch } from '../browser/lib/visit.mjs';

const freePort = () => new Promise((resolve) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => resolve(port));
  });
});

async function coturn(scene, secret, name) {
  const port = await freePort();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-coturn-'));
  const turn = start('turnserver', [
    '-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`, '--min-port=49160', '--max-port=49400',
    '--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=tessera.test', '--allow-loopback-peers', '--no-cli', '--no-tls', '--no-dtls',
    '--fingerprint', `--pidfile=${folder}/pid`, `--userdb=${folder}/db`, '--log-file=stdout', '--simple-log',
  ], { log: path.join(outputFolder, `coturn-${name}.log`), cwd: folder });
  scene.later(async () => {
    await turn.stop('SIGTERM', 3000);
    fs.rmSync(folder, { recursive: true, force: true });
  });
  await until('coturn to listen', () => new Promise((resolve) => {
    const s = net.connect(port, '127.0.0.1', () => resolve(s.end()));
    s.on('error', () => resolve(false));
  }), 5000);
  return port;
}

for (const transport of ['udp', 'tcp']) {
  test(`relay only, ${transport} to the TURN server`, { timeout: 90000 }, async (t) => {
    const scene = new Scene(t);
    const secret = 'a secret of this test';
    const port = await coturn(scene, secret, transport);
    const server = await scene.server({ name: `turn-${transport}`, settings: { 'turn.urls': `turn:127.0.0.1:${port}?transport=${transport}`, 'turn.secret': secret } });
    const room = await server.room('Relay');
    const link = await server.link(room, 'Anna', 'patient');
    scene.bots([await server.link(room, 'Bot')], { seconds: 80 });
    const page = await join(await scene.chromium(0), link, { hash: 'raw&relay' });
    await firstPicture(page);
    await until('two tiles', async () => (await seatsInLayout(page)).length === 2);
    await sleep(1500);
    const seen = await watch(page, 4000);
    const { pair, local } = await selectedPair(page);
    keep(`turn-${transport}.json`, { seen, pair, local });
    assert.equal(local.candidateType, 'relay');
    assert.equal(local.relayProtocol, transport);
    const own = Object.values(seen.tiles).find((tile) => tile.person === people[0].person);
    assert.ok(own && own.changes > 40, JSON.stringify(seen));
    assert.ok(Object.values(seen.tiles).every((tile) => tile.moved > 5), JSON.stringify(seen));
  });
}
