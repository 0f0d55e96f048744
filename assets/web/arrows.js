// arrows.js - for remotes of set-top boxes: arrow keys move the focus to the nearest control, OK (Enter) presses it.
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CONTROLS = 'button, a[href], input, select, textarea, [tabindex="0"]';

const GROUPS = '.panel, .controls';

const visible = (e) => !e.disabled && !e.closest('[hidden]') && e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';

// What can have the focus; what scrolls counts only where nothing in it can.
export function controls() {
  const dialog = document.querySelector('dialog[open]');
  const all = [...(dialog || document).querySelectorAll(CONTROLS)].filter(visible);
  return all.filter((e) => !e.classList.contains('scroll') || !all.some((inner) => inner !== e && e.contains(inner)));
}

// How far `to` is from `from` in that direction: along the way, and more for each pixel aside; Infinity when it is not there.
function distance(from, to, [dx, dy]) {
  const ahead = dx ? dx * (to.left + to.right - from.left - from.right) / 2 : dy * (to.top + to.bottom - from.top - from.bottom) / 2;
  const edge = dx > 0 ? to.left - from.right : dx < 0 ? from.left - to.right : dy > 0 ? to.top - from.bottom : from.top - to.bottom;
  if (ahead <= 2 || edge < -Math.min(dx ? from.width : from.height, dx ? to.width : to.height) / 2) return Infinity;
  const aside = dx ? Math.max(0, to.top - from.bottom, from.top - to.bottom) : Math.max(0, to.left - from.right, from.left - to.right);
  const centres = dx ? Math.abs(to.top + to.bottom - from.top - from.bottom) : Math.abs(to.left + to.right - from.left - from.right);
  return Math.max(0, edge) + 3 * aside + centres / 8;
}

function closest(from, direction, all) {
  const rect = from.getBoundingClientRect();
  let best = null;
  let least = Infinity;
  for (const e of all) {
    const d = e === from ? Infinity : distance(rect, e.getBoundingClientRect(), direction);
    if (d < least) [best, least] = [e, d];
  }
  return best;
}

// Within its panel as long as there is something: what is scrolled out of a panel lies under other controls.
export function nearest(from, direction, all = controls()) {
  const group = from.closest(GROUPS);
  return (group && closest(from, direction, all.filter((e) => group.contains(e)))) || closest(from, direction, all);
}

// Keys that a field needs for itself: a caret, what is scrolled, the rows of a list (on a television OK goes through them instead).
function keeps(e, key, tv) {
  const side = key === 'ArrowLeft' || key === 'ArrowRight';
  if (e.tagName === 'SELECT') return !tv && !side;
  if (e.classList.contains('scroll')) {
    if (key === 'ArrowUp') return e.scrollTop > 0;
    return key === 'ArrowDown' && e.scrollTop + e.clientHeight < e.scrollHeight - 1;
  }
  if (e.tagName !== 'TEXTAREA' && !(e.tagName === 'INPUT' && e.type === 'text')) return false;
  return key === 'ArrowUp' || key === 'ArrowLeft' ? e.selectionStart > 0 : e.selectionEnd < e.value.length;
}

function next(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event('change', { bubbles: true }));
}

export function start(tv) {
  document.addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const at = document.activeElement || document.body;
    if (e.key === 'Enter' && tv && at.tagName === 'SELECT') {
      e.preventDefault();
      next(at);
      return;
    }
    const direction = DIRECTIONS[e.key];
    if (!direction || keeps(at, e.key, tv)) return;
    const all = controls();
    const to = all.includes(at) ? nearest(at, direction, all) : all.find((c) => c.dataset.first !== undefined) || all[0];
    if (!to) return;
    e.preventDefault();
    to.focus();
    to.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
}
