// marker.mjs - a picture that says who sent it and when: 3 rows of 10 square cells in the middle of the frame, where neither a crop
// nor a name label reaches. 30 bits: white, black (levels), 5 of person, 16 of frame number, 6 of check, white. Luma only.
// The functions run in node (generator), in pages (canvas camera) and in probes: each is whole by itself.

export const COLUMNS = 10;
export const ROWS = 3;
export const CELL = 0.06; // of the frame's width

export function cells(person, frame) {
  const bits = [1, 0];
  const put = (value, width) => {
    for (let i = width - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  put(person & 31, 5);
  put(frame & 0xffff, 16);
  let check = 0x2a;
  for (let i = 2; i < bits.length; i++) check = ((check << 1) ^ (bits[i] ? 0x19 : 0) ^ (check & 0x20 ? 0x43 : 0)) & 63;
  put(check, 6);
  bits.push(1);
  return bits;
}

// Reads the marker of a 16:9 source shown in the rectangle (pixels) of an RGBA picture {data, width, height}; shown whole or cropped.
// -> {person, frame, width: of the whole source as it is shown} or null.
export function readMarker(image, rect) {
  const check = (bits) => {
    let c = 0x2a;
    for (let i = 2; i < 23; i++) c = ((c << 1) ^ (bits[i] ? 0x19 : 0) ^ (c & 0x20 ? 0x43 : 0)) & 63;
    return c;
  };
  const number = (bits, from, to) => bits.slice(from, to).reduce((n, b) => n * 2 + b, 0);
  const luma = (x, y) => {
    const px = Math.min(image.width - 1, Math.max(0, Math.round(x)));
    const py = Math.min(image.height - 1, Math.max(0, Math.round(y)));
    const k = 4 * (py * image.width + px);
    return 0.299 * image.data[k] + 0.587 * image.data[k + 1] + 0.114 * image.data[k + 2];
  };
  const widths = [Math.min(rect.w, (rect.h * 16) / 9), Math.max(rect.w, (rect.h * 16) / 9)];
  const full = widths[0];
  for (const w of [full, widths[1], full * 0.75, full * 1.125, full * 0.875, rect.w / 0.6]) { // 0.6: what a smart crop leaves of the width
    const cell = 0.06 * w;
    const x0 = rect.x + rect.w / 2 - 5 * cell;
    const y0 = rect.y + rect.h / 2 - 1.5 * cell;
    const at = (i) => {
      const cx = x0 + ((i % 10) + 0.5) * cell;
      const cy = y0 + (Math.floor(i / 10) + 0.5) * cell;
      const d = cell / 6;
      return (luma(cx, cy) + luma(cx - d, cy - d) + luma(cx + d, cy - d) + luma(cx - d, cy + d) + luma(cx + d, cy + d)) / 5;
    };
    const white = at(0);
    const black = at(1);
    if (white - black < 60) continue;
    const bits = [];
    for (let i = 0; i < 30; i++) bits.push(at(i) > (white + black) / 2 ? 1 : 0);
    if (bits[0] && !bits[1] && bits[29] && check(bits) === number(bits, 23, 29)) {
      return { person: number(bits, 2, 7), frame: number(bits, 7, 23), width: w };
    }
  }
  return null;
}
