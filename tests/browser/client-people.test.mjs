// Who is here, on the page: whole rosters, and between them what comes and goes.
import test from 'node:test';
import assert from 'node:assert/strict';
import { enter, withBrowser } from './lib/client.mjs';

test('what has changed of some is taken over, and nothing of the others', { timeout: 60000 }, async (t) => {
  const { mock, page, problems } = await withBrowser(t);
  await enter(page, mock.link);
  const people = () => page.evaluate(() => window.tessera.roster.map(({ seat, name, tier, talking, weak, hand }) => ({ seat, name, tier, talking, weak, hand })));
  await page.waitForFunction(() => window.tessera.roster.length === 4);
  const before = await people();
  mock.say({ type: 'roster_changes' });
  mock.say({ type: 'roster_changes', participants: [{ name: 'Nobody', role: 'guest' }] });
  mock.say({ type: 'roster_changes', participants: [{ seat: 'p2', talking: false }, { seat: 'p3', tier: 'D', weak: true, talking: true }, { seat: 'gone', tier: 'A' }] });
  await page.waitForFunction(() => window.tessera.roster.find((p) => p.seat === 'p3').weak);
  const [one, two, three, four] = before;
  assert.deepEqual(await people(), [one, { ...two, talking: false }, { ...three, tier: 'D', weak: true, talking: true }, four]);
  mock.say({ type: 'roster_changes', participants: [{ seat: 'p2', name: 'Bea', role: 'guest', tier: 'C', hand: true }, { seat: 'p9', name: 'New', role: 'guest', tier: 'B' }, { seat: 'p4', role: '' }] });
  await page.waitForFunction(() => window.tessera.roster.some((p) => p.seat === 'p9'));
  assert.deepEqual((await people()).map((p) => [p.seat, p.name, p.tier, !!p.hand, !!p.talking]), [[one.seat, one.name, one.tier, !!one.hand, !!one.talking], ['p2', 'Bea', 'C', true, false], ['p3', three.name, 'D', !!three.hand, true], ['p9', 'New', 'B', false, false]]);
  assert.deepEqual(problems, []);
});
