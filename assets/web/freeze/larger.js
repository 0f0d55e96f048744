// larger.js - a still of this person's camera is about to be held: for a moment the camera gives all that it can. Fetched when that happens.
const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };

// What was asked of each camera before; a camera that is asked again goes on.
const usual = new Map();

// A line on which the picture was made smaller has no room for a larger one.
const isThin = ({ limits }) => !!limits && !!limits.thin;

export async function enlarge(visit, { what, ms }) {
  const track = visit.media.video;
  if (what !== 'camera' || !track || !visit.peer || isThin(visit) || usual.has(track)) return;
  usual.set(track, track.getConstraints());
  await track.applyConstraints({ ...usual.get(track), ...SIZE }).catch(() => {}); // it goes on as it is
  setTimeout(() => {
    track.applyConstraints(usual.get(track)).catch(() => {}); // it ended meanwhile
    usual.delete(track);
  }, ms);
}
