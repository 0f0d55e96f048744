// chromium.mjs - Debian's Chromium, headless, with a person's fake camera and microphone. One browser per person: the files
// belong to the browser process. `namespace` starts it inside a network namespace, `niceness`
// makes it give way to the server and the others, `profile` is a folder that outlives it; then certificates are checked, for what
// has no valid one is not kept.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { givingWay } from './processes.mjs';

const SWITCHES = [
  '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-first-run', '--mute-audio',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-features=Translate,OptimizationHints,MediaRouter,WebRtcHideLocalIpsWithMdns',
];

// media: {y4m, wav} of media/generate.mjs, {cameras: N} for N of the browser's own, or null for a machine without devices.
// permissions: what the person allows.
export async function launchChromium({ media, permissions = ['camera', 'microphone'], namespace, niceness = 0, args = [], viewport, profile } = {}) {
  const switches = [...SWITCHES, ...args];
  if (media) {
    switches.push('--use-fake-device-for-media-stream' + (media.cameras ? '=device-count=' + media.cameras : ''));
    if (media.y4m) switches.push('--use-file-for-fake-video-capture=' + media.y4m);
    if (media.wav) switches.push('--use-file-for-fake-audio-capture=' + media.wav);
  }
  let executablePath = '/usr/bin/chromium';
  let wrapper = '';
  if (namespace || niceness) {
    wrapper = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-chromium-'));
    executablePath = path.join(wrapper, 'chromium');
    let command = ['/usr/bin/chromium'];
    if (namespace) command = ['ip', 'netns', 'exec', namespace, ...command];
    if (niceness) command = givingWay(niceness, command);
    fs.writeFileSync(executablePath, `#!/bin/sh\nexec ${command.map((c) => `'${c}'`).join(' ')} "$@"\n`, { mode: 0o755 });
  }
  const process_ = { executablePath, headless: true, args: switches, timeout: 60000 };
  const person = { ignoreHTTPSErrors: !profile, permissions, viewport: viewport || { width: 1280, height: 800 } };
  const browser = profile ? null : await chromium.launch(process_);
  const context = profile ? await chromium.launchPersistentContext(profile, { ...process_, ...person }) : await browser.newContext(person);
  const close = async () => {
    await (browser || context).close();
    if (wrapper) fs.rmSync(wrapper, { recursive: true, force: true });
  };
  // More people on this machine, with the same camera and microphone: {newPage} of their own.
  const newContext = (more = {}) => browser.newContext({ ...person, ...more });
  return { kind: 'chromium', media, browser, context, newPage: () => context.newPage(), newContext, close };
}
