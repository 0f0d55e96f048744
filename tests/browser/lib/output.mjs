// output.mjs - where tests keep what people look at afterwards, and generated media.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const outputFolder = process.env.TESSERA_TEST_OUTPUT || fileURLToPath(new URL('../../output/', import.meta.url));
export const mediaFolder = path.join(outputFolder, 'media');
fs.mkdirSync(outputFolder, { recursive: true });

export const screenshot = (page, name) => page.screenshot({ path: path.join(outputFolder, name + '.png') });
export const keep = (name, value) => fs.writeFileSync(path.join(outputFolder, name), typeof value === 'string' ? value : JSON.stringify(value, null, 1));
