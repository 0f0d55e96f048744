// dialogs.js - the link with its QR code, and the question before what cannot be undone.
import { $, say, svg, when } from './dom.js';
import { qr } from './qr.js';

const QUIET = 4;

function drawing(text, label) {
  const rows = qr(text);
  const size = rows.length + 2 * QUIET;
  let path = '';
  rows.forEach((row, y) => row.forEach((dark, x) => {
    if (dark) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }));
  return svg('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    svg('rect', { width: size, height: size, fill: '#fff' }), svg('path', { d: path, fill: '#000' }));
}

export function showLink(name, { url, expires }) {
  say($('link-title'), `Link for ${name}`);
  $('qr').replaceChildren(drawing(url, `QR code of the link for ${name}`));
  $('link-text').value = url;
  say($('link-ends'), `It works until ${when(expires)}.`);
  say($('copied'), '');
  $('link-dialog').showModal();
  $('copy').focus();
}

async function copy() {
  try {
    await navigator.clipboard.writeText($('link-text').value);
    say($('copied'), 'Copied.');
  } catch (e) { // not allowed here: the person copies it by hand
    $('link-text').focus();
    $('link-text').select();
    say($('copied'), 'The link is marked: copy it with Ctrl+C.');
  }
}

// -> true when the person says yes.
export function ask(title, text, yes) {
  say($('ask-title'), title);
  say($('ask-text'), text);
  say($('ask-yes'), yes);
  const dialog = $('ask-dialog');
  dialog.returnValue = '';
  dialog.showModal();
  $('ask-no').focus();
  return new Promise((resolve) => dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }));
}

$('copy').onclick = copy;
$('link-close').onclick = () => $('link-dialog').close();
$('link-dialog').addEventListener('close', () => { // the secret does not stay in the page
  $('link-text').value = '';
  $('qr').replaceChildren();
});
$('ask-yes').onclick = () => $('ask-dialog').close('yes');
$('ask-no').onclick = () => $('ask-dialog').close();
