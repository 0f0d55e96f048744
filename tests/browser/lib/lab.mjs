// lab.mjs - the link laboratory: a server's host and hosts of people, each behind a link of its own that is as bad as one says
// (tests/network/lab). Network namespaces joined by tessera-lab; needs root. The server has an address for each link, and each person
// reaches that one alone: libnice binds its sockets to the device of their address.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run, sleep, start, until } from './processes.mjs';
import { bin, program } from './server.mjs';

export const canMakeLinks = process.getuid() === 0;
let labs = 0;

// links: one text of settings a person ('rate=64 queue=1000 delay=50', see tests/network/lab/shape.h).
// -> {namespace, address: the server's; settings: its own for more than one link; links: [{namespace, server: its address}], close()}
export async function makeLab(links, { seed = 1 } = {}) {
  if (!bin) throw new Error('no build with tessera-lab: build first, or set TESSERA_BIN');
  const id = `tl${process.pid}n${++labs}`;
  const subnet = `10.${79 + (process.pid % 100)}`;
  const lab = { namespace: `${id}s`, address: `${subnet}.1.1`, links: [] };
  const ip = (...args) => run('ip', args);
  lab.close = async () => {
    for (const link of lab.links) await link.end();
    await ip('netns', 'del', lab.namespace).catch(() => {});
  };
  try {
    await ip('netns', 'add', lab.namespace);
    await ip('-n', lab.namespace, 'link', 'set', 'lo', 'up');
    for (const [i, settings] of links.entries()) {
      const link = openLink(id, i, settings, seed + i);
      lab.links.push(link);
      await join(lab, link, `${subnet}.${i + 1}`, ip);
    }
    lab.settings = { 'server.listen': '0.0.0.0', 'media.addresses': lab.links.map((l) => l.server).join(';') };
  } catch (e) {
    await lab.close();
    throw e;
  }
  return lab;
}

function openLink(id, i, settings, seed) {
  const link = { namespace: `${id}p${i}`, devices: [`${id}d${i}`, `${id}u${i}`], folder: '' };
  link.cable = start(program('tessera-lab'), ['-s', String(seed), ...settings.split(/\s+/).filter(Boolean), ...link.devices], { input: true });
  const say = (line) => link.cable.child.stdin.write(line + '\n');
  // Other settings from now on; throws what is wrong with them.
  link.set = async (text) => {
    const before = link.cable.err.length;
    say(text);
    await link.figures(); // it has been read by then
    if (link.cable.err.length > before) throw new Error(link.cable.err.slice(before));
  };
  // {down, up}: what was carried and lost so far, and how long packets waited for the rate since it was last asked.
  link.figures = async () => {
    const lines = () => link.cable.out.split('\n').filter((l) => l.startsWith('{'));
    const before = lines().length;
    say('figures');
    await until('figures of the link', () => lines().length > before, 5000, 5);
    return JSON.parse(lines()[before]);
  };
  // How long a packet that comes now would wait, in ms: [down, up].
  link.queue = async () => {
    const lines = () => [...link.cable.out.matchAll(/^queue down (\d+) up (\d+)\n/gm)];
    const before = lines().length;
    say('queue');
    await until('the queue of the link', () => lines().length > before, 5000, 5);
    return lines()[before].slice(1).map(Number);
  };
  // steps: [[seconds from now, settings]...]
  link.schedule = async (steps) => {
    link.folder ||= fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-lab-'));
    const file = path.join(link.folder, 'schedule');
    fs.writeFileSync(file, steps.map(([at, text]) => `${at} ${text}\n`).join(''));
    await link.set(`schedule ${file}`);
  };
  // The person's host has another address from now on, as one that leaves a wireless network for the next.
  link.move = async () => {
    const [subnet, last] = [link.address.slice(0, link.address.lastIndexOf('.')), Number(link.address.split('.')[3])];
    const next = `${subnet}.${last + 1}`;
    await run('ip', ['-n', link.namespace, 'addr', 'del', `${link.address}/24`, 'dev', link.devices[1]]); // the later of two goes with the first
    await run('ip', ['-n', link.namespace, 'addr', 'add', `${next}/24`, 'dev', link.devices[1]]);
    link.address = next;
  };
  // Waits until nothing is on its way any more; figures.
  link.quiet = async () => {
    for (let last = await link.figures(); ;) {
      await sleep(1000);
      const now = await link.figures();
      if (now.down.packets === last.down.packets && now.up.packets === last.up.packets) return now;
      last = now;
    }
  };
  link.end = async () => {
    await link.cable.stop('SIGTERM', 2000);
    await run('ip', ['netns', 'del', link.namespace]).catch(() => {});
    if (link.folder) fs.rmSync(link.folder, { recursive: true });
  };
  return link;
}

async function join(lab, link, subnet, ip) {
  await until('the link', () => {
    if (link.cable.code !== undefined) throw new Error(link.cable.err);
    return link.cable.out.includes('ready');
  }, 5000, 10);
  [link.server, link.address] = [`${subnet}.1`, `${subnet}.2`];
  await ip('netns', 'add', link.namespace);
  for (const [ns, device, address] of [[lab.namespace, link.devices[0], link.server], [link.namespace, link.devices[1], link.address]]) {
    await ip('link', 'set', device, 'netns', ns);
    await ip('-n', ns, 'link', 'set', 'lo', 'up');
    await ip('-n', ns, 'addr', 'add', `${address}/24`, 'dev', device);
    await ip('-n', ns, 'link', 'set', device, 'addrgenmode', 'none', 'up');
  }
}
