// Copy both files to a page of your own; `server` is where Tessera runs. There, name your page's origin in [server] origins.
const server = new URLSearchParams(location.search).get('server') || location.origin;
const { Visit } = await import(server + '/web/tessera.js');
const visit = new Visit({ token: location.hash.slice(1) });
const $ = (id) => document.getElementById(id);
visit.on('stream', (stream) => ($('picture').srcObject = stream));
visit.on('roster', (people) => ($('people').textContent = people.map((p) => p.name).join(', ')));
visit.on('ended', ({ reason, message }) => ($('people').textContent = 'Ended: ' + (message || reason)));
$('mute').onclick = () => visit.setAudio(!visit.media.on.audio || (!!visit.me && visit.me.muted)); // under a host's mute: to be heard again
$('leave').onclick = () => visit.leave();
window.visit = visit;
if (location.hash) await visit.join();
