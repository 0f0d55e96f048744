// api.js - the REST interface as functions. A refusal is an Error with `status`, `code` and the server's own words (RFC 9457).
import { authorization } from './session.js';

const id = encodeURIComponent;

async function call(method, path, body) {
  const headers = { authorization: authorization() };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch('/api/v1' + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store' });
  } catch (e) {
    throw Object.assign(new Error('The server cannot be reached.'), { status: 0 });
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || problem.title || `The server said ${response.status}.`), { status: response.status, code: problem.code });
}
const json = async (...request) => (await call(...request)).json();

export const rooms = async () => (await json('GET', '/rooms')).rooms;
export const room = (r) => json('GET', `/rooms/${id(r)}`);
export const createRoom = (name) => json('POST', '/rooms', { name });
export const endRoom = (r) => call('DELETE', `/rooms/${id(r)}`);
export const createLink = (r, person) => json('POST', `/rooms/${id(r)}/links`, person);
export const revokeLink = (r, seat) => call('DELETE', `/rooms/${id(r)}/links/${id(seat)}`);
export const mute = (r, seat, muted) => call('POST', `/rooms/${id(r)}/participants/${id(seat)}/mute`, { muted });
export const admit = (r, seat) => call('POST', `/rooms/${id(r)}/participants/${id(seat)}/admit`);
export const deny = (r, seat) => call('POST', `/rooms/${id(r)}/participants/${id(seat)}/deny`);
export const muteAll = (r) => call('POST', `/rooms/${id(r)}/mute-all`);
export const layouts = async () => (await json('GET', '/layouts')).layouts;
export const setLayout = (r, layout) => call('PUT', `/rooms/${id(r)}/layout`, { layout });
export const lock = (r, locked) => call('POST', `/rooms/${id(r)}/lock`, { locked });

// The newest picture of a tier, or null while there is none.
export async function picture(r, tier) {
  try {
    return await (await call('GET', `/rooms/${id(r)}/tiers/${id(tier)}.jpg`)).blob();
  } catch (e) {
    if (e.status === 404 || e.status === 503) return null;
    throw e;
  }
}
