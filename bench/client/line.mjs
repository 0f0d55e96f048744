// line.mjs - two hosts of our own with a thin line between them: network namespaces joined by tessera-line. Needs root.
import path from 'node:path';
import { run, sleep, start, until } from '../../tests/browser/lib/processes.mjs';
import { bin } from '../../tests/browser/lib/server.mjs';

// rate: kbit/s each way; delay: ms one way; queue: ms that a packet may wait before it is dropped.
// -> {a, b: namespaces, addressA, addressB, bytes(): IP bytes so far {down, up} as b sees them, quiet(), close()}
export async function makeLine({ rate, delay, queue }) {
  const id = `tl${process.pid}`;
  const [a, b] = [`${id}a`, `${id}b`];
  const devices = [`${id}x`, `${id}y`];
  const subnet = `10.${79 + (process.pid % 100)}.0`;
  const line = { a, b, addressA: `${subnet}.1`, addressB: `${subnet}.2` };
  const ip = (...args) => run('ip', args);
  const cable = start(path.join(bin, 'tessera-line'), ['-r', rate, '-d', delay, '-q', queue, ...devices].map(String));
  line.close = async () => {
    await cable.stop('SIGTERM', 2000);
    for (const ns of [a, b]) await ip('netns', 'del', ns).catch(() => {});
  };
  line.bytes = async () => {
    const [{ stats64 }] = JSON.parse(await ip('-n', b, '-s', '-j', 'link', 'show', 'dev', devices[1]));
    const sizes = ({ bytes, packets }) => bytes - 14 * packets; // without Ethernet headers
    return { down: sizes(stats64.rx), up: sizes(stats64.tx) };
  };
  // Waits until nothing is on its way any more, then the same.
  line.quiet = async () => {
    for (let last = {}, now = await line.bytes(); last.down !== now.down || last.up !== now.up; now = await line.bytes()) {
      last = now;
      await sleep(1000);
    }
    return line.bytes();
  };
  try {
    await until('the line', () => {
      if (cable.code !== undefined) throw new Error(cable.err);
      return cable.out.includes('ready');
    }, 5000, 10);
    for (const [ns, device, address] of [[a, devices[0], line.addressA], [b, devices[1], line.addressB]]) {
      await ip('netns', 'add', ns);
      await ip('link', 'set', device, 'netns', ns);
      await ip('-n', ns, 'link', 'set', 'lo', 'up');
      await ip('-n', ns, 'addr', 'add', `${address}/24`, 'dev', device);
      await ip('-n', ns, 'link', 'set', device, 'up');
      await ip('-n', ns, 'route', 'add', 'default', 'dev', device);
    }
  } catch (e) {
    await line.close();
    throw e;
  }
  return line;
}
