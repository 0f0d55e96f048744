// access.js - who looks at recordings, and the REST interface as functions. Either a link of the compliance role (its token is taken out of
// the address and kept by this tab alone), or the operator who has signed in on the clinic's page in this tab.
import { claims as read } from '../token.js';

const SLOT = 'tessera-recordings';
const OPERATOR = 'tessera-admin';

function takeToken() {
  const [, inAddress] = location.pathname.match(/^\/j\/([^/]+)/) || [];
  if (!inAddress) return sessionStorage.getItem(SLOT) || '';
  const token = decodeURIComponent(inAddress);
  sessionStorage.setItem(SLOT, token);
  history.replaceState(null, '', '/recordings' + location.search + location.hash);
  return token;
}

export const token = takeToken();
const credential = token || sessionStorage.getItem(OPERATOR) || '';
export const known = !!credential;
export const isOperator = known && !token;

// What the link itself says: its room, its language.
export const claims = () => read(token);

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${credential}` };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch('/api/v1/recordings' + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store' });
  } catch (e) {
    throw Object.assign(new Error('unreachable'), { status: 0, code: 'unreachable' });
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || String(response.status)), { status: response.status, code: problem.code || '' });
}

const id = encodeURIComponent;
export const list = async (query) => (await (await call('GET', '?' + new URLSearchParams(query))).json()).recordings;
export const get = async (r) => (await call('GET', '/' + id(r))).json();
export const hold = (r, on) => call('PUT', `/${id(r)}/hold`, { hold: on });
export const verify = async (r) => (await call('POST', `/${id(r)}/verify`)).json();
export const poster = async (r) => (await call('GET', `/${id(r)}/poster.jpg`)).blob();
export const chapters = async (r, lang) => (await call('GET', `/${id(r)}/chapters.vtt?lang=${id(lang)}`)).text();

// The path of a fresh link: from this page it is opened on the server that the page came from.
export async function link(r, what, segment) {
  const { url } = await (await call('POST', `/${id(r)}/links`, segment === undefined ? { what } : { what, segment })).json();
  return new URL(url).pathname;
}
