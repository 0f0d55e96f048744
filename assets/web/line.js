// line.js - what this line seems to carry towards us, so that the visit does not begin with a picture that fills it for seconds.
const KEY = 'tessera-line';
const TOLD_BYTES = 3000; // fewer arrive at once on any line
const KEPT_MS = 30 * 86400e3;

function kept() {
  try {
    const { rate, at } = JSON.parse(localStorage.getItem(KEY));
    return Date.now() - at < KEPT_MS ? rate : 0;
  } catch (e) {
    return 0;
  }
}

function keep(rate) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ rate, at: Date.now() }));
  } catch (e) {
    // a window without storage: the next visit begins as if nothing were known
  }
}

// From the files that this page is made of: the fastest of them, for several share the line. A cached page says nothing.
function loaded() {
  const rates = performance.getEntriesByType('resource')
    .filter((e) => e.encodedBodySize > TOLD_BYTES && e.transferSize > e.encodedBodySize)
    .map((e) => (8 * e.encodedBodySize) / Math.max(1, e.responseEnd - e.responseStart));
  return Math.round(Math.max(0, ...rates));
}

let checked = 0;

// The check before the visit knows better; 0: it found nothing that is too little.
export function noteLine(rate) {
  checked = rate;
  keep(rate);
}

// kbit/s, 0 when that is not known.
export function lineRate() {
  if (checked) return checked;
  const rate = loaded();
  if (rate) keep(rate);
  return rate || kept();
}
