// marks.js - how a person and a role are shown: icons of the page's sprite, the role's name.
import { t, has } from './strings.js';

const SVG = 'http://www.w3.org/2000/svg';

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS(SVG, 'use'));
  svg.firstChild.setAttribute('href', '#i-' + name);
  return svg;
}

export function roleName(role) {
  const key = 'role' + (role || '').replace(/^./, (c) => c.toUpperCase());
  return has(key) ? t(key) : '';
}
