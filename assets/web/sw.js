// sw.js - the service worker: on a thin line the page of the last visit is shown, with the files that belong to it, when the server does
// not answer at once or not at all. What is kept is the same for everybody: no token, no name.
const PAGE = '/';
const PREFIX = 'page-'; // and the version of the files: one cache a version, the page in it last
const PATIENCE_MS = 250;
const NAMES_MAX = 60;
const VERSIONED = /^\/web\/([0-9a-f]{16})\/(?!admin\/)/;

const isPage = (request, url) => request.mode === 'navigate' && (url.pathname === PAGE || url.pathname.startsWith('/j/'));
const kept = (request) => caches.match(request, { ignoreVary: true });
const time = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The server's own word comes first: only it knows whether a link is still good.
async function page(event) {
  const fresh = Promise.resolve(event.preloadResponse).then((answer) => answer || fetch(event.request));
  const last = await kept(PAGE);
  if (!last) return fresh;
  return (await Promise.race([fresh, time(PATIENCE_MS)]).catch(() => null)) || last;
}

const file = async (request) => (await kept(request)) || fetch(request);

// Keeps the server's present page and `names`, the files that the page in front used, from the browser's cache unless there are newer ones.
async function keep(names) {
  const answer = await fetch(PAGE);
  const [, version] = /\/web\/([0-9a-f]{16})\//.exec(await answer.clone().text()) || [];
  if (!answer.ok || !version) return;
  const cache = await caches.open(PREFIX + version);
  for (const name of names.slice(0, NAMES_MAX)) {
    const url = `/web/${version}/${name}`;
    if (!(await cache.match(url, { ignoreVary: true }))) await cache.add(url);
  }
  await cache.put(PAGE, answer);
  for (const other of await caches.keys()) if (other.startsWith(PREFIX) && other !== PREFIX + version) await caches.delete(other);
}

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (e) => {
  const { navigationPreload } = self.registration;
  if (navigationPreload) e.waitUntil(navigationPreload.enable());
});
self.addEventListener('fetch', (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== 'GET' || url.origin !== location.origin) return;
  if (isPage(e.request, url)) e.respondWith(page(e));
  else if (VERSIONED.test(url.pathname)) e.respondWith(file(e.request));
});
self.addEventListener('message', (e) => {
  if (Array.isArray(e.data.keep)) e.waitUntil(keep(e.data.keep).catch(() => {}));
});
