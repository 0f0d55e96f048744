// What bench/run weak-link and weak-link.test.mjs make of what was noted: by rows whose figures are known.
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { keep } from '../browser/lib/output.mjs';
import { run } from '../browser/lib/processes.mjs';

test('gaps, recovery and lateness are what was noted, and what never came is missed', { timeout: 60000 }, async () => {
  keep('measure.txt', await run('/usr/bin/python3', [fileURLToPath(new URL('./measure.py', import.meta.url))], { timeout: 50000 }));
});
