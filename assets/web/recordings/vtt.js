// vtt.js - the chapters out of a WebVTT file of the server's.
const seconds = (text) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
const plain = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, '&');

// -> [{at: seconds, until, text}]
export function parse(file) {
  const found = [];
  for (const block of file.split(/\n\n+/)) {
    const lines = block.split('\n');
    const at = lines.findIndex((line) => line.includes(' --> '));
    if (at < 0) continue;
    const [from, until] = lines[at].split(' --> ');
    found.push({ at: seconds(from), until: seconds(until), text: plain(lines.slice(at + 1).join(' ').trim()) });
  }
  return found;
}
