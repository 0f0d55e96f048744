// netns.mjs - two hosts of our own, joined by a perfect cable: network namespaces. Needs root. Bad ones are in lab.mjs.
import { run } from './processes.mjs';

export const canMakeNetworks = process.getuid() === 0;
let count = 0;

// -> {a, b, addressA, addressB, deviceA, close()}; names carry our process id, so runs do not meet. v6: IPv6 alone.
export async function makeNetwork({ v6 = false } = {}) {
  const id = `ts${process.pid}n${++count}`;
  const subnet = `10.${79 + (process.pid % 100)}.${count}`;
  const [a, b] = [`${id}a`, `${id}b`];
  const host = (n) => (v6 ? `fd00:79:${process.pid.toString(16)}:${count}::${n}` : `${subnet}.${n}`);
  const network = { a, b, addressA: host(1), addressB: host(2), deviceA: `${id}x` };
  const ip = (...args) => run('ip', args);
  network.close = async () => {
    await ip('netns', 'del', a).catch(() => {});
    await ip('netns', 'del', b).catch(() => {});
  };
  try {
    await ip('netns', 'add', a);
    await ip('netns', 'add', b);
    await ip('link', 'add', `${id}x`, 'netns', a, 'type', 'veth', 'peer', 'name', `${id}y`, 'netns', b);
    for (const [ns, device, address] of [[a, `${id}x`, network.addressA], [b, `${id}y`, network.addressB]]) {
      await ip('-n', ns, 'link', 'set', 'lo', 'up');
      await ip('-n', ns, 'addr', 'add', ...(v6 ? [`${address}/64`, 'nodad'] : [`${address}/24`]), 'dev', device);
      // Without an IPv6 address that turns up a second later: browsers give up what they are loading when the network changes.
      await ip('-n', ns, 'link', 'set', device, 'addrgenmode', 'none', 'up');
      await ip('-n', ns, ...(v6 ? ['-6'] : []), 'route', 'add', 'default', 'dev', device);
    }
  } catch (e) {
    await network.close();
    throw e;
  }
  return network;
}
