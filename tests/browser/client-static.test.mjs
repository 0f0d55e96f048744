// The client's files as they are: how many bytes, nothing that an older browser does not know, the same words in every language.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import zlib from 'node:zlib';
import { tooNewScript, tooNewStyle } from './lib/old.mjs';

const WEB = new URL('../../assets/web/', import.meta.url);
const BEFORE_JOIN = 30 * 1024; // compressed, until the page before the visit can be used
const ALL = 60 * 1024;
const OTHERS = /^(admin|example|invalid)/; // not part of the participant's page

const text = (name) => fs.readFileSync(new URL(name, WEB), 'utf8');
const all = fs.readdirSync(WEB).filter((name) => /\.\w+$/.test(name));
const client = all.filter((name) => !OTHERS.test(name));
const packed = (name) => zlib.gzipSync(text(name), { level: 9 }).length;
const words = Object.fromEntries(fs.readdirSync(new URL('lang/', WEB)).map((name) => [name, JSON.parse(text('lang/' + name))]));

// What a script imports when it starts.
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, other] of text(name).matchAll(/^(?:import|export) [^;]*?from '\.\/([\w.-]+)'/gm)) withImports(other, seen);
  return seen;
}

test('bytes: at most 30 KB before the page can be used, at most 60 KB in all', () => {
  const first = ['index.html', 'style.css', 'icon.svg', ...withImports('app.js')];
  for (const language of Object.keys(words)) {
    const before = [...first, 'lang/' + language].reduce((n, name) => n + packed(name), 0);
    assert.ok(before <= BEFORE_JOIN, `${language}: ${before} bytes before the page can be used`);
    const whole = [...client, 'lang/' + language].reduce((n, name) => n + packed(name), 0);
    assert.ok(whole <= ALL, `${language}: ${whole} bytes in all`);
  }
});

test('what is fetched ahead is what is needed, and nothing comes from elsewhere', () => {
  const ahead = [...text('index.html').matchAll(/modulepreload" href="\/web\/([\w.-]+)"/g)].map((m) => m[1]).sort();
  assert.deepEqual(ahead, [...withImports('app.js')].sort());
  for (const name of client) assert.doesNotMatch(text(name).replace(/http:\/\/www\.w3\.org\/2000\/svg/g, ''), /https?:\/\//, name);
});

test('nothing newer than Safari 15.4 and Chrome 90', () => {
  for (const name of all.filter((n) => n.endsWith('.js'))) assert.deepEqual(tooNewScript(text(name)), [], name);
  for (const name of all.filter((n) => n.endsWith('.css'))) assert.deepEqual(tooNewStyle(text(name)), [], name);
  for (const name of all.filter((n) => n.endsWith('.html'))) assert.doesNotMatch(text(name), /\b(popover|inert)[\s>=]|importmap|shadowrootmode/, name);
});

test('the search for what is too new finds it', () => {
  const scripts = ['[1].at(-1)', 'Object.hasOwn(a, "b")', 'structuredClone(a)', 'class A { static { f() } }', 'class A { #x; f(o) { return #x in o } }', 'a = /(?<=b)c/',
    'AbortSignal.timeout(5)', 'throw new Error("a", { cause: b })', 'await navigator.mediaDevices.getDisplayMedia({})', 'using a = b;'];
  for (const script of scripts) assert.equal(tooNewScript(script).length > 0, true, script);
  for (const style of ['a:has(b) {}', 'a { & b {} }', '@container (width > 1px) {}', 'a { height: 5dvh }', 'a { translate: 1px }', 'a { margin-left: 1px }']) assert.notDeepEqual(tooNewStyle(style), [], style);
});

test('every language has every word, with the same marks; every word that is used exists', () => {
  const { 'en.json': english, ...others } = words;
  const marks = (s) => (s.match(/\{\w+\}/g) || []).sort().join();
  for (const [name, table] of Object.entries(others)) {
    assert.deepEqual(Object.keys(table), Object.keys(english), name);
    for (const [key, value] of Object.entries(table)) assert.equal(marks(value), marks(english[key]), `${name} ${key}`);
  }
  const html = text('index.html');
  const used = [...html.matchAll(/data-t(?:-label)?="(\w+)"/g)].map((m) => m[1]);
  for (const name of client.filter((n) => n.endsWith('.js'))) used.push(...[...text(name).matchAll(/\bt\('(\w+)'[,)]/g)].map((m) => m[1]));
  assert.deepEqual([...new Set(used)].filter((key) => !(key in english)), []);
  for (const [, key, content] of html.matchAll(/data-t="(\w+)"[^>]*>([^<]+)</g)) assert.equal(content, english[key], `index.html ${key}`);
});
