// The measure of intelligibility that bench/run weak-link judges by: against figures measured before, and against what is not speech.
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { keep } from '../browser/lib/output.mjs';
import { run } from '../browser/lib/processes.mjs';

test('STOI of coded and lost speech is what it should be', { timeout: 120000 }, async () => {
  keep('stoi.txt', await run('/usr/bin/python3', [fileURLToPath(new URL('./stoi.py', import.meta.url))], { timeout: 110000 }));
});
