// old.mjs - what is too new for Safari 15.4 and Chrome 90, found in scripts (by their syntax tree) and in styles (by their text).
import { parse } from 'acorn';

// Members that came later than Chrome 90 or Safari 15.4. A name on this list is not used for anything of our own either.
const MEMBERS = new Set([
  'at', 'hasOwn', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'groupBy', 'withResolvers', 'fromAsync',
  'randomUUID', 'checkVisibility', 'showPicker', 'showPopover', 'hidePopover', 'togglePopover', 'requestClose', 'throwIfAborted', 'setHTML',
  'isSubsetOf', 'getOrInsert', 'difference', 'isWellFormed', 'startViewTransition', 'requestIdleCallback',
]);
const GLOBALS = new Set(['structuredClone', 'scheduler', 'navigation', 'requestIdleCallback', 'Iterator', 'CloseWatcher', 'URLPattern', 'MediaStreamTrackProcessor', 'CompressionStream', 'Temporal']);
const STATICS = { AbortSignal: ['timeout', 'any'], Array: ['fromAsync'], Promise: ['try', 'withResolvers'], URL: ['canParse', 'parse'], CSS: ['registerProperty'] };
// These exist only in some browsers of today: used behind a question.
const GUARDED = { wakeLock: /navigator\.wakeLock\b/, getDisplayMedia: /getDisplayMedia\)/, setSinkId: /setSinkId\b/, ResizeObserver: /window\.ResizeObserver/, requestFullscreen: /requestFullscreen \|\|/ };

function walk(node, see, parent) {
  if (!node || typeof node.type !== 'string') return;
  see(node, parent);
  for (const key of Object.keys(node)) {
    const value = node[key];
    if (Array.isArray(value)) value.forEach((n) => walk(n, see, node));
    else if (value && typeof value.type === 'string') walk(value, see, node);
  }
}

// -> ["line: what", ...]
export function tooNewScript(text) {
  const found = [];
  let tree;
  try {
    tree = parse(text, { ecmaVersion: 2022, sourceType: 'module', locations: true });
  } catch (e) {
    return [e.message];
  }
  const say = (node, what) => found.push(`${node.loc.start.line}: ${what}`);
  walk(tree, (n, parent) => {
    if (n.type === 'StaticBlock') say(n, 'static block');
    if (n.type === 'BinaryExpression' && n.left.type === 'PrivateIdentifier') say(n, '#name in object');
    if (n.type === 'Literal' && n.regex && (/\(\?<[=!]/.test(n.regex.pattern) || /[dv]/.test(n.regex.flags))) say(n, 'regular expression: look-behind, d or v');
    if (n.type === 'NewExpression' && /Error$/.test(n.callee.name || '') && n.arguments.length > 1) say(n, 'Error with a cause');
    if (n.type === 'MemberExpression' && !n.computed) {
      const { name } = n.property;
      const called = parent.type === 'CallExpression' && parent.callee === n;
      if (n.property.type === 'Identifier' && MEMBERS.has(name) && called) say(n, '.' + name);
      if ((STATICS[n.object.name] || []).includes(name)) say(n, `${n.object.name}.${name}`);
    }
    if (n.type === 'Identifier' && GLOBALS.has(n.name) && !(parent.type === 'MemberExpression' && parent.property === n)) say(n, n.name);
  });
  for (const [name, guard] of Object.entries(GUARDED)) {
    if (new RegExp(`[.\\s]${name}\\(`).test(text) && !guard.test(text)) found.push(`${name} without asking whether it is there`);
  }
  return found;
}

const STYLES = [
  [/:has\(/, ':has()'], [/@(container|layer|property|starting-style|scope|view-transition)\b/, 'at-rule'], [/color-mix\(|oklch\(|oklab\(|light-dark\(|\blch\(/, 'colour function'],
  [/(^|[\s{;])&/m, 'nesting'], [/\b(text-wrap|accent-color|scrollbar-gutter|anchor-name|field-sizing|interpolate-size|view-transition-name|animation-timeline|content-visibility)\s*:/, 'property'],
  [/overflow(-[xy]|-block|-inline)?\s*:\s*clip/, 'overflow: clip'], [/\((width|height)\s*[<>]/, 'range in a media query'], [/[{;]\s*(translate|scale|rotate)\s*:/, 'transform by itself'], [/subgrid/, 'subgrid'],
  [/:(user-valid|user-invalid|popover-open|modal)\b/, 'selector'], [/(?<!area-)\b(inset|margin|padding|border)-(left|right)\b|text-align\s*:\s*(left|right)|(^|[\s{;])(left|right|margin-left|padding-left)\s*:/m, 'side instead of inline-start or -end'],
];

export function tooNewStyle(text) {
  const found = STYLES.filter(([pattern]) => pattern.test(text)).map(([pattern, what]) => `${what}: ${text.match(pattern)[0].trim()}`);
  for (const rule of text.match(/[^{}]*\{[^{}]*\}/g) || []) {
    for (const [, property] of rule.matchAll(/([\w-]+):[^;]*\d[dsl]v[hw]\b/g)) {
      if (!new RegExp(`${property}:[^;]*\\d(v[hw]|rem|px)\\b`).test(rule.replace(/\d[dsl]v[hw]/g, ''))) found.push(`${property} in dvh without the same in vh before it`);
    }
  }
  return found;
}
