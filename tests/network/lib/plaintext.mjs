// plaintext.mjs - looks for what must not lie on a disk: 32-byte windows of media (mcu/bot/windows.h) and keys of segments.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const WINDOW = 32;
const RECORD = WINDOW + 2;

// [{kind: 'v' | 'a', who, bytes}] of a file of tessera-bot --windows. Windows of a few values only are in everything: left out.
export function windowsOf(file) {
  const all = [];
  for (let at = 0; at + RECORD <= file.length; at += RECORD) {
    const bytes = file.subarray(at + 2, at + RECORD);
    if (new Set(bytes).size > 8) all.push({ kind: String.fromCharCode(file[at]), who: file[at + 1], bytes });
  }
  return all;
}

// Every place in `bytes` where one of the windows stands: [{at, window}], the first of windows that are alike.
export function plainIn(bytes, windows) {
  const byStart = new Map();
  for (const window of windows) {
    const start = window.readUInt32LE(0);
    const alike = byStart.get(start);
    if (!alike) byStart.set(start, [window]);
    else if (!alike.some((w) => w.equals(window))) alike.push(window);
  }
  const found = [];
  for (let at = 0; at + WINDOW <= bytes.length; at++) {
    const alike = byStart.get(bytes.readUInt32LE(at));
    const window = alike && alike.find((w) => w.compare(bytes, at, at + WINDOW) === 0);
    if (window) found.push({ at, window });
  }
  return found;
}

export function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(file) : entry.isFile() ? [file] : [];
  });
}

const derived = (secret, salt, info) => Buffer.from(crypto.hkdfSync('sha256', secret, salt, info, 32));

// Of the two slots of a key page (recorder/format.md) the one that counts.
function slotOf(bytes) {
  const slots = [bytes.subarray(0, 4096), bytes.subarray(4096, 8192)].filter((s) => s.toString('latin1', 0, 7) === 'TSKEY01');
  return slots.sort((a, b) => b.readUInt32BE(8) - a.readUInt32BE(8))[0];
}

export const kidOf = (file) => slotOf(fs.readFileSync(file)).toString('latin1', 12, 44).replace(/\0+$/, '');

// The data key of a segment, by the recipient's private key; null: it stands there as it is. Checked.
export function dataKey(file, privateHex) {
  const bytes = fs.readFileSync(file);
  const page = slotOf(bytes);
  const slot = { ephemeral: page.subarray(44, 76), sealed: page.subarray(76, 108), tag: page.subarray(108, 124) };
  const header = JSON.parse(bytes.subarray(8204, 8204 + bytes.readUInt32BE(8200)));
  const key = privateHex === null ? slot.sealed : unwrapped(slot, privateHex, `${header.recording}/${header.segment}`);
  assert.equal(derived(key, Buffer.from(header.salt, 'hex'), 'tessera key check 1').toString('hex'), header.check, 'this is its key');
  return key;
}

function unwrapped({ ephemeral, sealed, tag }, privateHex, place) {
  const der = (prefix, key) => Buffer.concat([Buffer.from(prefix, 'hex'), key]);
  const privateKey = crypto.createPrivateKey({ key: der('302e020100300506032b656e04220420', Buffer.from(privateHex, 'hex')), format: 'der', type: 'pkcs8' });
  const publicKey = crypto.createPublicKey({ key: der('302a300506032b656e032100', ephemeral), format: 'der', type: 'spki' });
  const own = crypto.createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const secret = crypto.diffieHellman({ privateKey, publicKey });
  const key = derived(secret, Buffer.concat([ephemeral, own]), `tessera key wrap 1 ${place}`);
  const open = crypto.createDecipheriv('aes-256-gcm', key, Buffer.alloc(12));
  open.setAuthTag(tag);
  return Buffer.concat([open.update(sealed), open.final()]);
}
