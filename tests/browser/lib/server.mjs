// server.mjs - the real server in a folder of its own, its REST interface, and its processes.
// TESSERA_BIN names the folder with the programs; without it the newest build that has them is taken.
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { descendants, run, start, until } from './processes.mjs';
import { outputFolder } from './output.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

function binFolder() {
  if (process.env.TESSERA_BIN) return path.resolve(process.env.TESSERA_BIN);
  const builds = fs.existsSync(ROOT + 'build') ? fs.readdirSync(ROOT + 'build').map((d) => path.join(ROOT, 'build', d, 'bin')) : [];
  const whole = builds.filter((d) => ['tessera', 'tessera-room', 'tessera-launcher'].every((p) => fs.existsSync(path.join(d, p))));
  const age = (d) => fs.statSync(path.join(d, 'tessera')).mtimeMs;
  return whole.sort((a, b) => age(b) - age(a))[0];
}
export const bin = binFolder();
export const program = (name) => path.join(bin || '', name);

const freePort = () => new Promise((resolve) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = s.address();
    s.close(() => resolve(port));
  });
});

// settings: {'section.key': value} over the defaults. namespace: where it runs; address, port: how it is reached there.
export async function startServer({ name = 'server', settings = {}, namespace = '', address = '127.0.0.1', port = 0 } = {}) {
  if (!bin) throw new Error('no build with tessera, tessera-room and tessera-launcher: build first, or set TESSERA_BIN');
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-test-'));
  if (!port) port = await freePort();
  const all = { 'server.listen': address, 'media.addresses': address, 'log.level': 'info', 'limits.drain_seconds': 0, ...settings };
  const bundle = path.join(bin, '../assets'); // what is shipped, where the build has made it
  const env = { TESSERA_SERVER_ASSETS: fs.existsSync(path.join(bundle, 'web/index.html')) ? bundle : path.join(ROOT, 'assets') };
  for (const [key, value] of Object.entries(all)) env['TESSERA_' + key.replace('.', '_').toUpperCase()] = String(value);
  const command = [program('tessera-launcher'), '--data', data, '--port', String(port), '--no-demo', '--allow-root'];
  if (namespace) command.unshift('ip', 'netns', 'exec', namespace);
  const launcher = start(command[0], command.slice(1), { env, log: path.join(outputFolder, name + '.log') });
  const server = { data, port, address, namespace, launcher, origin: `https://${address.includes(':') ? `[${address}]` : address}:${port}` };

  server.raw = (method, url, { body, headers = {} } = {}) => (namespace ? curl : direct)(server, method, url, body, headers);
  // Bearer of the operator; parsed JSON; throws on a status that is not 2xx.
  server.rest = async (method, url, body) => {
    const headers = { authorization: 'Bearer ' + server.key };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await server.raw(method, '/api/v1' + url, { body: body === undefined ? undefined : JSON.stringify(body), headers });
    if (answer.status < 200 || answer.status > 299) throw new Error(`${method} ${url}: ${answer.status} ${answer.body}`);
    return answer.body ? JSON.parse(answer.body) : null;
  };
  server.room = async (title = 'Visit') => (await server.rest('POST', '/rooms', { name: title })).id;
  server.link = (room, personName, role = 'guest', more = {}) => server.rest('POST', `/rooms/${room}/links`, { role, name: personName, ...more });
  server.inspect = (room) => server.rest('GET', `/rooms/${room}`);
  server.metrics = async () => (await server.raw('GET', '/metrics')).body;
  server.processes = (program_) => descendants(launcher.pid).filter((p) => p.name === program_.slice(0, 15));
  server.stop = async () => {
    const killed = await launcher.stop('SIGTERM', 15000);
    fs.rmSync(data, { recursive: true, force: true });
    return killed;
  };
  try {
    await until('the server to be ready', async () => {
      if (launcher.code !== undefined) throw new Error('it ended: ' + launcher.err.slice(-2000));
      return (await server.raw('GET', '/readyz')).status === 200;
    }, 20000, 100);
    server.key = fs.readFileSync(path.join(data, 'admin.key'), 'utf8').trim();
  } catch (e) {
    await server.stop();
    throw e;
  }
  return server;
}

function direct(server, method, url, body, headers) {
  return new Promise((resolve, reject) => {
    const options = { host: server.address, port: server.port, path: url, method, headers, rejectUnauthorized: false, timeout: 10000, agent: false };
    const request = https.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (d) => (text += d));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 10 s')));
    request.on('error', reject);
    request.end(body);
  });
}

async function curl(server, method, url, body, headers) {
  const args = ['netns', 'exec', server.namespace, 'curl', '-gsk', '-m', '10', '-X', method, '-w', '\n%{http_code}', server.origin + url];
  for (const [k, v] of Object.entries(headers)) args.push('-H', `${k}: ${v}`);
  if (body !== undefined) args.push('--data-binary', body);
  const out = await run('ip', args);
  const cut = out.lastIndexOf('\n');
  return { status: Number(out.slice(cut + 1)), headers: {}, body: out.slice(0, cut) };
}
