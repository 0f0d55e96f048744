// larger.js - a still of this person's camera is about to be held: for a moment the camera gives all that it can. Fetched when that happens.
const SIZE = { width: { ideal: 1280 }, height: { ideal: 720 } };

// What was asked of each camera before; a camera that is asked again goes on.
const usual = new Map();

// A line on which the picture was made smaller has no room for a larger one.
const isThin = ({ connection }) => {
  const [encoding = {}] = connection.getTransceivers()[1].sender.getParameters().encodings || [];
  return encoding.active === false || encoding.scaleResolutionDownBy > 1;
};

export async function enlarge({ media, peer }, { what, ms }) {
  const track = media.video;
  if (what !== 'camera' || !track || !peer || isThin(peer) || usual.has(track)) return;
  usual.set(track, track.getConstraints());
  await track.applyConstraints({ ...usual.get(track), ...SIZE }).catch(() => {}); // it goes on as it is
  setTimeout(() => {
    track.applyConstraints(usual.get(track)).catch(() => {}); // it ended meanwhile
    usual.delete(track);
  }, ms);
}
