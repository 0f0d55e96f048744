// firefox.mjs - Firefox ESR, headless, over WebDriver BiDi. It has no file devices: the microphone is the browser's own tone
// generator, the camera a canvas with the marker, put under getUserMedia before the page's scripts run.
import puppeteer from 'puppeteer-core';
import { cells } from './marker.mjs';

const PREFERENCES = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.normandy.enabled': false,
};

function canvasCamera(person) {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const g = canvas.getContext('2d');
  const began = performance.now();
  const draw = () => {
    const frame = Math.floor((performance.now() - began) / 40);
    g.fillStyle = '#888';
    g.fillRect(0, 0, 640, 360);
    g.fillStyle = '#6a8';
    g.fillRect((4 * frame) % 640, 0, 60, 360);
    // eslint-disable-next-line no-undef
    markerCells(person, frame).forEach((bit, i) => {
      g.fillStyle = bit ? '#fff' : '#000';
      g.fillRect(128 + (i % 10) * 38.4, 122.4 + Math.floor(i / 10) * 38.4, 38.4, 38.4);
    });
  };
  setInterval(draw, 40);
  draw();
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (asked) => {
    const stream = asked.audio ? await real({ audio: asked.audio }) : new MediaStream();
    if (asked.video) stream.addTrack(canvas.captureStream(25).getVideoTracks()[0]);
    return stream;
  };
}

// media: {person, tone} of media/generate.mjs.
export async function launchFirefox({ media, preferences = {} } = {}) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    acceptInsecureCerts: true,
    protocolTimeout: 60000,
    extraPrefsFirefox: { ...PREFERENCES, 'media.navigator.audio.fake_frequency': media.tone, ...preferences },
  });
  const newPage = async () => {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    await page.evaluateOnNewDocument(`(() => { const markerCells = ${cells}; (${canvasCamera})(${media.person}); })()`);
    return page;
  };
  return { kind: 'firefox', media, browser, newPage, close: () => browser.close() };
}
