// Who hears whom in a real room: simulated people with a tone each say what of whom they hear.
import test from 'node:test';
import { Scene } from '../browser/lib/scene.mjs';
import { until } from '../browser/lib/processes.mjs';

const ROLES = ['clinician', 'interpreter', 'patient'];
const [CLINICIAN, INTERPRETER, PATIENT] = ROLES.keys();

test('a whisper, an interpretation and a stethoscope reach those they are for', { timeout: 60000 }, async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ name: 'hearing' });
  const room = await server.room('Hearing');
  const links = [];
  for (const role of ROLES) links.push(await server.link(room, role, role, role === 'patient' ? { language: 'es' } : {}));
  const bots = scene.bots(links, { seconds: 60, args: ['--tone', '--report', '1'] });
  // Levels that `listener` heard in the newest window, by speaker.
  const heard = (listener) => {
    const report = bots.reports().reverse().find((r) => r.participant === listener);
    return report ? report.hearing.tones.map((tone) => tone.level_db) : [];
  };
  const sound = (person, members) => server.rest('POST', `/rooms/${room}/participants/${links[person].seat}/sound`, members);
  const levels = (what, f) => until(what, async () => {
    const all = ROLES.map((_, i) => heard(i));
    if (all.every((l) => l.length === ROLES.length) && f(...all)) return true;
    throw new Error(JSON.stringify(all));
  }, 15000, 100);
  const [loud, silent] = [(db) => db > -30, (db) => db < -50];

  await levels('everybody to hear everybody else', (c, i, p) => [c[INTERPRETER], c[PATIENT], i[CLINICIAN], i[PATIENT], p[CLINICIAN], p[INTERPRETER]].every(loud));
  await sound(CLINICIAN, { whisper: links[INTERPRETER].seat });
  await levels('the interpreter alone to hear the clinician', (c, i, p) => loud(i[CLINICIAN]) && silent(p[CLINICIAN]) && loud(p[INTERPRETER]));
  await sound(CLINICIAN, { whisper: '' });
  await levels('the patient to hear the clinician again', (c, i, p) => loud(p[CLINICIAN]));
  await sound(INTERPRETER, { channel: 'es' });
  await levels('the interpretation over the softened original by the link alone, and the original alone', (c, i, p) => loud(p[INTERPRETER]) && Math.abs(p[CLINICIAN] - i[CLINICIAN] + 15) < 2.5 && silent(c[INTERPRETER]) && loud(i[PATIENT]));
  await sound(INTERPRETER, { channel: '' });
  await sound(PATIENT, { hears: '', clinical: true });
  await levels('the others softer while the stethoscope sounds', (c, i, p) => loud(i[PATIENT]) && Math.abs(i[CLINICIAN] - p[CLINICIAN] + 15) < 2.5);
});
