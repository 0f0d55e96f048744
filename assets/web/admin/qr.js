// qr.js - text as a QR code (ISO/IEC 18004): byte mode, error correction level L, the smallest version that holds it.
// qr(text) -> rows of booleans, true = dark, without the quiet zone. Throws when the text is longer than 2953 bytes.

const ECC_PER_BLOCK = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25];
const LEVEL_L = 1;

const sizeOf = (version) => 17 + 4 * version;

// Centres of the alignment patterns, on both axes (Annex E).
function alignment(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = version === 32 ? 26 : 2 * Math.ceil((sizeOf(version) - 13) / (2 * count - 2));
  const at = [6];
  for (let p = sizeOf(version) - 7; at.length < count; p -= step) at.splice(1, 0, p);
  return at;
}

// Modules that are left for data and error correction, in whole bytes.
function capacity(version) {
  const n = alignment(version).length;
  let bits = (16 * version + 128) * version + 64;
  if (n) bits -= (25 * n - 10) * n - 55;
  if (version >= 7) bits -= 36;
  return bits >> 3;
}
const dataBytes = (version) => capacity(version) - ECC_PER_BLOCK[version - 1] * BLOCKS[version - 1];

// GF(2^8) with the polynomial 0x11d.
function multiply(a, b) {
  let z = 0;
  for (let i = 7; i >= 0; i--) {
    z = (z << 1) ^ ((z >> 7) * 0x11d);
    if ((b >> i) & 1) z ^= a;
  }
  return z;
}

function generator(degree) {
  let poly = [1];
  let root = 1;
  for (let i = 0; i < degree; i++) {
    const next = [...poly, 0];
    poly.forEach((c, k) => (next[k + 1] ^= multiply(c, root)));
    poly = next;
    root = multiply(root, 2);
  }
  return poly.slice(1);
}

function remainder(data, poly) {
  const rest = poly.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    poly.forEach((c, i) => (rest[i] ^= multiply(c, factor)));
  }
  return rest;
}

// Mode, length, text, padding (8.4).
function dataCodewords(bytes, version) {
  const bits = [];
  const put = (value, width) => {
    for (let i = width - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((b) => put(b, 8));
  const room = 8 * dataBytes(version);
  put(0, Math.min(4, room - bits.length));
  put(0, -bits.length & 7);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) put(pad, 8);
  const out = [];
  for (let i = 0; i < bits.length; i += 8) out.push(parseInt(bits.slice(i, i + 8).join(''), 2));
  return out;
}

// Blocks with their error correction, interleaved (8.6): the last blocks are one byte longer.
function codewords(data, version) {
  const count = BLOCKS[version - 1];
  const short = Math.floor(data.length / count);
  const longer = data.length % count;
  const poly = generator(ECC_PER_BLOCK[version - 1]);
  const blocks = [];
  for (let i = 0, from = 0; i < count; i++) {
    const to = from + short + (i >= count - longer ? 1 : 0);
    blocks.push(data.slice(from, to));
    from = to;
  }
  const out = [];
  for (let i = 0; i <= short; i++) blocks.forEach((b) => i < b.length && out.push(b[i]));
  const checks = blocks.map((b) => remainder(b, poly));
  for (let i = 0; i < poly.length; i++) checks.forEach((c) => out.push(c[i]));
  return out;
}

// BCH codes of format and version (Annexes C, D).
function bch(value, shift, poly) {
  let rest = value << shift;
  for (let i = 31 - Math.clz32(rest); i >= shift; i--) if ((rest >> i) & 1) rest ^= poly << (i - shift);
  return (value << shift) | rest;
}

const MASKS = [
  (r, c) => (r + c) % 2, (r) => r % 2, (r, c) => c % 3, (r, c) => (r + c) % 3, (r, c) => ((r >> 1) + Math.floor(c / 3)) % 2,
  (r, c) => ((r * c) % 2) + ((r * c) % 3), (r, c) => (((r * c) % 2) + ((r * c) % 3)) % 2, (r, c) => (((r + c) % 2) + ((r * c) % 3)) % 2,
];

// A square where undefined means free for data.
function patterns(version) {
  const size = sizeOf(version);
  const m = Array.from({ length: size }, () => Array(size).fill(undefined));
  const ring = (row, col, reach, dark) => {
    for (let r = -reach; r <= reach; r++) {
      for (let c = -reach; c <= reach; c++) if (m[row + r] && col + c >= 0 && col + c < size) m[row + r][col + c] = dark(Math.max(Math.abs(r), Math.abs(c)));
    }
  };
  for (const [r, c] of [[3, 3], [3, size - 4], [size - 4, 3]]) ring(r, c, 4, (d) => d !== 2 && d !== 4);
  for (let i = 8; i < size - 8; i++) m[6][i] = m[i][6] = i % 2 === 0;
  const at = alignment(version);
  const finder = (r, c) => (r === 6 && (c === 6 || c === size - 7)) || (r === size - 7 && c === 6);
  for (const r of at) for (const c of at) if (!finder(r, c)) ring(r, c, 2, (d) => d !== 1);
  if (version >= 7) {
    const bits = bch(version, 12, 0x1f25);
    for (let i = 0; i < 18; i++) {
      const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
      m[a][b] = m[b][a] = ((bits >> i) & 1) === 1;
    }
  }
  return m;
}

function putFormat(m, mask) {
  const size = m.length;
  const bits = bch((LEVEL_L << 3) | mask, 10, 0x537) ^ 0x5412;
  for (let i = 0; i < 15; i++) {
    const dark = ((bits >> i) & 1) === 1;
    m[i < 6 ? i : i < 8 ? i + 1 : size - 15 + i][8] = dark;
    m[8][i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i] = dark;
  }
  m[size - 8][8] = true;
}

// Two columns at a time, from the right, up and down, around the timing column (8.7.3).
function putData(m, bytes, mask) {
  const size = m.length;
  let n = 0;
  for (let right = size - 1, up = true; right > 0; right -= right === 8 ? 3 : 2, up = !up) {
    for (let i = 0; i < size; i++) {
      const r = up ? size - 1 - i : i;
      for (const c of [right, right - 1]) {
        if (m[r][c] !== undefined) continue;
        const bit = ((bytes[n >> 3] || 0) >> (7 - (n & 7))) & 1;
        m[r][c] = (bit ^ (MASKS[mask](r, c) === 0 ? 1 : 0)) === 1;
        n++;
      }
    }
  }
}

// How hard it is to read (8.8.2): runs, boxes, what looks like a finder, too much of one colour.
function penalty(m) {
  const size = m.length;
  let points = 0;
  let dark = 0;
  const column = (c) => m.map((row) => row[c]);
  for (let i = 0; i < size; i++) {
    for (const line of [m[i], column(i)]) {
      const text = line.map(Number).join('');
      for (const run of text.match(/0{5,}|1{5,}/g) || []) points += run.length - 2;
      points += 40 * (text.match(/(?=00001011101|10111010000)/g) || []).length;
    }
    dark += m[i].filter(Boolean).length;
    for (let c = 0; i > 0 && c + 1 < size; c++) if (m[i][c] === m[i][c + 1] && m[i][c] === m[i - 1][c] && m[i][c] === m[i - 1][c + 1]) points += 3;
  }
  return points + 10 * Math.floor(Math.abs((20 * dark) / (size * size) - 10));
}

export function qr(text) {
  const bytes = [...new TextEncoder().encode(text)];
  let version = 1;
  while (version <= 40 && dataBytes(version) < bytes.length + (version < 10 ? 2 : 3)) version++;
  if (version > 40) throw new Error('too long for a QR code');
  const coded = codewords(dataCodewords(bytes, version), version);
  const drawn = MASKS.map((_, mask) => {
    const m = patterns(version);
    putFormat(m, mask);
    putData(m, coded, mask);
    return m;
  });
  const points = drawn.map(penalty);
  return drawn[points.indexOf(Math.min(...points))];
}
