// visit.mjs - a visit of a person on a weak link with somebody on a good one: what both see and hear.
// usage: node visit.mjs FOLDER SEED SECONDS ROW...   prints one JSON object a row; sounds are kept in FOLDER as ROW-SEED-*.pcm (48 kHz,
// 16 bit, mono). FOLDER/voice.wav is what the weak person says. A line "stop" on stdin after row r00 ends it there. Needs root.
import path from 'node:path';
import { createInterface } from 'node:readline';
import { people, Scene } from '../../tests/browser/lib/scene.mjs';
import { makeLab } from '../../tests/browser/lib/lab.mjs';
import { GOOD_LINK, GoodOne, over, see, weakPerson } from './row.mjs';
import { ROWS } from './rows.mjs';

const [folder, seed, seconds, ...names] = process.argv.slice(2);
const SETTLE_MS = Number(seconds) < 10 ? 2500 : 5000; // of every window that is not counted

// Who reads says after the perfect link whether the machine is quiet enough for the rest; nobody reads: it goes on.
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const goesOn = async (name) => name !== 'r00' || (await answers.next()).value !== 'stop';

function row(name, context) {
  const { seat: more, enters, ...what } = ROWS[name];
  const window = { seconds: Number(seconds), settle_ms: SETTLE_MS, ...what };
  return weakPerson(name, more, context, (person) => see(name, window, person, context, { folder, seed }), enters ? what.link : 'clear');
}

const ends = [];
const scene = new Scene({ after: (f) => ends.push(f) });
try {
  const lab = await makeLab(['', GOOD_LINK], { seed: Number(seed) });
  scene.later(() => lab.close());
  const server = await scene.server({ name: 'weak-link', namespace: lab.namespace, address: lab.address, settings: lab.settings });
  const room = await server.room('Weak link');
  const [, peer] = lab.links;
  const good = new GoodOne(scene, over(await server.link(room, 'Good', 'clinician'), lab, peer), { namespace: peer.namespace, file: path.join(folder, `heard-${seed}.pcm`) });
  const browser = await scene.chromium(0, { namespace: lab.links[0].namespace, media: { ...people[0], wav: path.join(folder, 'voice.wav') } });
  await scene.connected(room, 1);
  for (const name of names) {
    const found = await row(name, { scene, lab, server, room, browser, good }).catch((e) => ({ row: name, seed: Number(seed), error: e.message }));
    console.log(JSON.stringify(found));
    if (!(await goesOn(name))) break;
  }
} finally {
  for (const f of ends) await f();
}
process.exit(0);
