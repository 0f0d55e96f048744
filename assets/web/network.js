// network.js - when a device is on another network, or on none.
const SETTLED_MS = 500;

// Calls `changed` once another network has settled, `moved` at once when something happens.
export function watchNetwork(changed, moved) {
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, SETTLED_MS);
    moved();
  };
  addEventListener('online', soon);
  addEventListener('offline', moved);
  const line = navigator.connection;
  let type = line && line.type;
  if (!line || !line.addEventListener) return;
  line.addEventListener('change', () => {
    if (type === line.type) return; // only its estimates of the speed changed
    type = line.type;
    soon();
  });
}
