// The client's files as they are and as the build bundles them: how many bytes, nothing that an older browser does not know, the same words in every language.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { tooNewScript, tooNewStyle } from './lib/old.mjs';

const WEB = new URL('../../assets/web/', import.meta.url);
const BEFORE_JOIN = 30 * 1024; // compressed, until the page before the visit can be used
const ALL = 60 * 1024;
const OTHERS = /^(admin|example|invalid)/; // not part of the participant's page

const text = (name) => fs.readFileSync(new URL(name, WEB), 'utf8');
const all = fs.readdirSync(WEB).filter((name) => /\.\w+$/.test(name));
const client = all.filter((name) => !OTHERS.test(name));
const packed = (name) => zlib.brotliCompressSync(text(name)).length; // as the gateway sends it to every browser that we support
const tables = (folder) => Object.fromEntries(fs.readdirSync(new URL(folder, WEB)).filter((name) => name.endsWith('.json')).map((name) => [name, JSON.parse(text(folder + name))]));
const words = tables('lang/');
const later = tables('lang/room/');

// The English words; every other language has the same ones, with the same marks.
function sameWords({ 'en.json': english, ...others }) {
  const marks = (t) => (t.match(/\{\w+\}/g) || []).sort().join();
  for (const [name, table] of Object.entries(others)) {
    assert.deepEqual(Object.keys(table), Object.keys(english), name);
    for (const [key, value] of Object.entries(table)) assert.equal(marks(value), marks(english[key]), `${name} ${key}`);
  }
  return english;
}

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
    const whole = [...client, 'lang/' + language, 'lang/room/' + language].reduce((n, name) => n + packed(name), 0);
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
  const early = sameWords(words);
  const english = { ...early, ...sameWords(later) };
  assert.equal(Object.keys(english).length, Object.keys(early).length + Object.keys(later['en.json']).length, 'each word once');
  const html = text('index.html');
  const used = [...html.matchAll(/data-t(?:-label)?="(\w+)"/g)].map((m) => m[1]);
  for (const name of client.filter((n) => n.endsWith('.js'))) used.push(...[...text(name).matchAll(/\bt\('(\w+)'[,)]/g)].map((m) => m[1]));
  assert.deepEqual([...new Set(used)].filter((key) => !(key in english)), []);
  const before = ['app.js', 'prejoin.js', 'devices.js', 'invalid.js'].flatMap((name) => [...text(name).matchAll(/'(\w+)'/g)].map((m) => m[1])).concat([...html.split('<main id="room"')[0].matchAll(/data-t(?:-label)?="(\w+)"/g)].map((m) => m[1]));
  assert.deepEqual([...new Set(before)].filter((key) => key in later['en.json']), [], 'what is said before Join is there before Join');
  const offered = [...text('admin/index.html').matchAll(/<option value="(\w+)" lang/g)].map((m) => m[1]);
  assert.deepEqual(offered.map((code) => code + '.json').sort(), Object.keys(words).sort(), 'links can be made in every language');
  for (const [, key, content] of html.matchAll(/data-t="(\w+)"[^>]*>([^<]+)</g)) assert.equal(content, english[key], `index.html ${key}`);
});

for (const [part, least] of [['freeze', 5], ['phone', 12], ['recording', 5], ['sound', 8]]) {
  test(`what is fetched for ${part}: the same words in every language, all that are used, nothing too new`, () => {
    const english = sameWords(Object.fromEntries(Object.keys(words).map((name) => [name, JSON.parse(text(`${part}/${name}`))])));
    const used = [...text(`${part}/${part}.js`).matchAll(/\.t\('(\w+)'/g)].map((m) => m[1]);
    assert.ok(used.length > least);
    assert.deepEqual(used.filter((key) => !(key in english)), []);
    assert.deepEqual([tooNewScript(text(`${part}/${part}.js`)), tooNewStyle(text(`${part}/${part}.css`))], [[], []]);
  });
}

test('a name from right to left turns no words around it', async () => {
  const { t } = await import(new URL('strings.js', WEB));
  assert.equal(t('{name} ({role}) waits', { name: 'فاطمة', role: 'patient' }), '\u2068فاطمة\u2069 (patient) waits');
  for (const name of ['Ana', 'क्‍ष', 'สมชาย', '陳大文', '👩‍👧']) assert.equal(t('{name} has joined {n}.', { name, n: 2 }), `${name} has joined 2.`);
});

test('an offer is sent without what the room does not take, and whole otherwise', async () => {
  const { shorten } = await import('data:text/javascript,' + encodeURIComponent(text('peer.js')));
  const golden = new URL('../golden/sdp/', import.meta.url);
  for (const name of fs.readdirSync(golden).filter((f) => /^(chrom|firefox|safari).*offer\.sdp$/.test(f))) {
    const offer = fs.readFileSync(new URL(name, golden), 'utf8');
    const answer = fs.readFileSync(new URL(name.replace('.offer', '.answer'), golden), 'utf8');
    const short = shorten(offer);
    assert.ok(short.length < 0.9 * offer.length && short.length < 3600, `${name}: ${short.length} of ${offer.length}`);
    const [session, ...media] = short.split(/^(?=m=)/m);
    assert.ok(offer.startsWith(session), name);
    for (const section of media.filter((m) => !m.startsWith('m=application'))) {
      const [first, ...lines] = section.split('\r\n');
      const listed = first.split(' ').slice(3);
      const said = (what) => lines.filter((l) => l.startsWith(`a=${what}:`)).map((l) => /:(\d+)/.exec(l)[1]);
      assert.deepEqual(said('rtpmap').sort(), [...listed].sort(), name);
      for (const pt of [...said('fmtp'), ...said('rtcp-fb')]) assert.ok(listed.includes(pt), `${name}: ${pt}`);
      for (const line of lines) assert.ok(offer.includes(line), `${name}: ${line}`);
      assert.ok(lines.some((l) => /sdes:mid/.test(l)) && lines.some((l) => /^a=ice-ufrag/.test(l)), name);
      const kept = new Set([...section.matchAll(/^a=rtpmap:\d+ ([\w-]+)/gm)].map((m) => m[1]));
      const offered = [...offer.matchAll(/^a=rtpmap:\d+ (opus|H264|VP8)\//gm)].map((m) => m[1]);
      const uris = (sdp) => [...sdp.matchAll(/^a=extmap:\d+\S* (\S+)/gm)].map((m) => m[1]);
      const answered = uris(answer.split(/^(?=m=)/m).find((m) => m.startsWith(first.slice(0, 7))) || '');
      assert.deepEqual(answered.filter((uri) => !uris(section).includes(uri)), [], `${name}: an extension that the room takes`);
      for (const codec of offered.filter((c) => (c === 'opus') === /^m=audio/.test(first))) assert.ok(kept.has(codec), `${name}: ${codec}`);
    }
  }
});

const BUNDLED = process.env.TESSERA_BIN && path.join(process.env.TESSERA_BIN, '../assets/web');
test('the bundle: four files before Join, smaller than the modules, nothing too new in it', { skip: BUNDLED && fs.existsSync(path.join(BUNDLED, 'chunk.js')) ? false : 'no bundle beside the programs' }, () => {
  const built = (name) => fs.readFileSync(path.join(BUNDLED, name), 'utf8');
  const page = built('index.html');
  const asked = [...page.matchAll(/(?:src|href)="\/web\/([\w.-]+)"/g)].map((m) => m[1]).sort();
  assert.deepEqual(asked, ['app.js', 'chunk.js', 'icon.svg', 'style.css']);
  for (const name of ['app.js', 'chunk.js', 'later.js', 'uplink.js', 'delay.js']) {
    assert.deepEqual(tooNewScript(built(name)), [], name);
    for (const [, other] of built(name).matchAll(/(?:from|import\()\s?"(\.[^"]+)"/g)) assert.ok(['./chunk.js', './later.js', './uplink.js', './delay.js'].includes(other), `${name} loads ${other}`);
  }
  for (const name of ['style.css', 'room.css']) assert.deepEqual(tooNewStyle(built(name)), [], name);
  const bytes = ['index.html', ...asked].reduce((n, name) => n + zlib.brotliCompressSync(built(name)).length, 0);
  const single = ['index.html', 'style.css', 'icon.svg', ...withImports('app.js')].reduce((n, name) => n + packed(name), 0);
  assert.ok(bytes < 0.85 * single, `${bytes} of ${single}`);
  assert.equal(built('tessera.js'), text('tessera.js'), 'pages of others load the module as it is');
});
