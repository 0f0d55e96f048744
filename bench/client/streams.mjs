// streams.mjs - what a tab has to do without a mixer: 15 people's separate pictures of 320x180 at 25 a second, each in a <video> of
// its own, and their voices, of which one talks. As from a forwarding server: one connection, H.264 constrained baseline; the tab sends
// its camera and microphone as in a visit of 16. What it receives comes from another browser process, so that it encodes nothing else.
import fs from 'node:fs';

export const STREAMS = 15;
const PICTURE_BPS = 120000;
const CAMERA_BPS = 250000; // mcu_uplink_bps(16)
const HTML = fs.readFileSync(new URL('streams.html', import.meta.url), 'utf8');

/* eslint-disable no-undef */
const library = ({ pictureBps, cameraBps }) => {
  const pc = (window.pc = new RTCPeerConnection());
  const raw = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const baseline = () => RTCRtpReceiver.getCapabilities('video').codecs.filter((c) => /h264/i.test(c.mimeType) && /42e01f/.test(c.sdpFmtpLine) && /mode=1/.test(c.sdpFmtpLine));
  const prefer = (transceiver) => transceiver.setCodecPreferences(baseline());
  const limit = (sender, maxBitrate) => {
    const parameters = sender.getParameters();
    parameters.encodings[0].maxBitrate = maxBitrate;
    parameters.degradationPreference = 'maintain-resolution';
    return sender.setParameters(parameters);
  };
  const described = async (description) => {
    await pc.setLocalDescription(description);
    while (pc.iceGatheringState !== 'complete') await new Promise((r) => setTimeout(r, 20));
    return pc.localDescription.sdp;
  };
  window.tab = async (streams, sends) => {
    const media = sends && await navigator.mediaDevices.getUserMedia({ audio: raw, video: { width: 640, height: 360, frameRate: 25 } });
    pc.ontrack = ({ track }) => {
      const element = Object.assign(document.createElement(track.kind), { autoplay: true, playsInline: true, srcObject: new MediaStream([track]) });
      document.body.append(element);
    };
    for (let i = 0; i < streams; i++) pc.addTransceiver('audio', { direction: 'recvonly' });
    if (media) pc.addTransceiver(media.getAudioTracks()[0], { direction: 'sendonly' });
    if (media) prefer(pc.addTransceiver(media.getVideoTracks()[0], { direction: 'sendonly', sendEncodings: [{ maxBitrate: cameraBps }] }));
    for (let i = 0; i < streams; i++) prefer(pc.addTransceiver('video', { direction: 'recvonly' }));
    return described(await pc.createOffer());
  };
  window.others = async (sdp, streams) => {
    await pc.setRemoteDescription({ type: 'offer', sdp });
    const media = await navigator.mediaDevices.getUserMedia({ audio: raw, video: { width: 320, height: 180, frameRate: 25 } });
    const all = pc.getTransceivers();
    const [voices, pictures] = [all.slice(0, streams), all.slice(-streams)];
    for (const own of all.slice(streams, -streams)) own.direction = 'recvonly';
    for (const transceiver of [...voices, ...pictures]) {
      const kind = transceiver.receiver.track.kind;
      const track = media.getTracks().find((t) => t.kind === kind).clone();
      track.enabled = kind === 'video' || transceiver === voices[0];
      transceiver.direction = 'sendonly';
      await transceiver.sender.replaceTrack(track);
    }
    const answer = await described(await pc.createAnswer());
    for (const picture of pictures) await limit(picture.sender, pictureBps);
    return answer;
  };
  window.answered = (sdp) => pc.setRemoteDescription({ type: 'answer', sdp });
};
/* eslint-enable no-undef */

async function open(browser, screen) {
  const page = await browser.newPage();
  if (screen) await page.setViewportSize(screen);
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: HTML }));
  await page.goto('http://localhost/');
  await page.evaluate(library, { pictureBps: PICTURE_BPS, cameraBps: CAMERA_BPS });
  return page;
}

// -> {page: the tab under test in `browser`, close(), stats()}; `others` is the browser that everybody else's pictures come from;
// sends: the tab's own camera and microphone as well; screen {width, height}: the size of its window, which the tiles fill.
export async function streamsTab(browser, others, sends, screen) {
  const [page, source] = [await open(browser, screen), await open(others)];
  const answer = await source.evaluate(([sdp, n]) => window.others(sdp, n), [await page.evaluate(([n, s]) => window.tab(n, s), [STREAMS, sends]), STREAMS]);
  await page.evaluate((sdp) => window.answered(sdp), answer);
  const close = () => Promise.all([page.close(), source.close()]);
  return { page, close, stats: () => page.evaluate(async () => [...(await window.pc.getStats()).values()]) };
}
