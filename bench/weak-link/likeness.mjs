// likeness.mjs - how like a picture that came over a link is to the one that was sent: SSIM (Wang, Bovik, Sheikh and Simoncelli, 2004) of
// the middle of a person's tile against the same number of the person's clip, which is what the room composes there. It is what tells
// a grey, torn or smeared picture whose number can still be read from one that was decoded. Both are averaged over a grid of cells, so
// that tiers of all sizes are held to the same thing; weak_measure.py makes the clip's (GRID there is this one).
export const LIKE = 0.9; // at least, or the picture counts for none
export const GRID = { columns: 44, rows: 32, across: 0.55 }; // across: of the source's width

/* eslint-disable no-undef */
// Runs in the page and is whole by itself. references: luma of each number's grid, one after the other. -> (image, rect, width, number) =>
// 0..1, null for a number that is not there; rect: the tile, width: of the whole source as it is shown, in pixels of the image. A tile is
// rounded to pixels and so known within a cell: on the first pictures of a size, and where one does not fit, it is looked for around there.
export function likener(references, { columns, rows, across }, like) {
  const cells = columns * rows;
  const [C1, C2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  const [WINDOW, STRIDE] = [8, 4];
  const SEARCHES = 8;
  const steps = [0.8, 0.4, 0.2, 0.1]; // of a cell
  const moves = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
  const grid = new Float32Array(cells);
  const average = ({ data, width, height }, x, y, cell) => {
    const n = Math.max(2, Math.min(4, Math.round(cell / 2)));
    const [xs, ys] = [[columns, x, width], [rows, y, height]].map(([count, from, most]) => Int32Array.from({ length: count * n }, (_, i) => Math.max(0, Math.min(most - 1, Math.floor(from + ((i + 0.5) * cell) / n)))));
    grid.fill(0);
    for (let j = 0; j < ys.length; j++) {
      const row = Math.floor(j / n) * columns;
      for (let i = 0; i < xs.length; i++) {
        const k = 4 * (ys[j] * width + xs[i]);
        grid[row + Math.floor(i / n)] += 0.299 * data[k] + 0.587 * data[k + 1] + 0.114 * data[k + 2];
      }
    }
    for (let i = 0; i < cells; i++) grid[i] /= n * n;
  };
  const ofWindow = (first, reference) => {
    let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
    for (let j = 0; j < WINDOW; j++) {
      for (let i = first + j * columns; i < first + j * columns + WINDOW; i++) {
        const [p, q] = [grid[i], references[reference + i]];
        a += p;
        b += q;
        aa += p * p;
        bb += q * q;
        ab += p * q;
      }
    }
    const n = WINDOW * WINDOW;
    const [ma, mb] = [a / n, b / n];
    return ((2 * ma * mb + C1) * (2 * (ab / n - ma * mb) + C2)) / ((ma * ma + mb * mb + C1) * (aa / n - ma * ma + (bb / n - mb * mb) + C2));
  };
  const compare = (reference) => {
    let [sum, count] = [0, 0];
    for (let y = 0; y + WINDOW <= rows; y += STRIDE) {
      for (let x = 0; x + WINDOW <= columns; x += STRIDE) {
        sum += ofWindow(y * columns + x, reference);
        count++;
      }
    }
    return sum / count;
  };
  let [place, size, searches] = [[0, 0, 0], 0, 0];
  return (image, rect, width, number) => {
    if ((number + 1) * cells > references.length) return null;
    if (size !== image.width) [place, size, searches] = [[0, 0, 0], image.width, SEARCHES];
    const at = ([dx, dy, wider]) => {
      const cell = (across * width * (1 + wider / 40)) / columns;
      average(image, rect.x + rect.w / 2 + (dx - columns / 2) * cell, rect.y + rect.h / 2 + (dy - rows / 2) * cell, cell);
      return compare(number * cells);
    };
    let [best, found] = [at(place), place];
    if (best >= like && searches <= 0) return best;
    searches--;
    for (const step of steps) {
      for (const move of moves) {
        const other = found.map((v, i) => v + step * move[i]);
        const value = at(other);
        if (value > best) [best, found] = [value, other];
      }
    }
    if (best >= like) place = found;
    return best;
  };
}
/* eslint-enable no-undef */
