// load.mjs - somebody else on the same link: TCP as fast as it goes, in one direction.
import { start, until } from '../../tests/browser/lib/processes.mjs';

const SINK = `require('net').createServer((s) => s.on('data', () => {}).on('error', () => {})).listen(9, '0.0.0.0', () => console.log('ready'))`;
const SOURCE = `const block = Buffer.alloc(65536);
const s = require('net').connect(9, process.argv[1], () => { const fill = () => { while (s.write(block)); }; s.on('drain', fill); fill(); });
s.on('error', (e) => console.error(e.message));`;

// direction: 'down' to the person, 'up' from the person. -> a function that ends it.
export async function beginLoad(direction, lab, link) {
  const [from, to, address] = direction === 'down' ? [lab.namespace, link.namespace, link.address] : [link.namespace, lab.namespace, link.server];
  const sink = start('ip', ['netns', 'exec', to, 'node', '-e', SINK]);
  await until('the other load', () => sink.out.includes('ready'), 30000);
  const source = start('ip', ['netns', 'exec', from, 'node', '-e', SOURCE, address]);
  return async () => {
    await source.stop('SIGTERM', 1000);
    await sink.stop('SIGTERM', 1000);
  };
}
