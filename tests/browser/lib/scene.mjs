// scene.mjs - what every test with a real server does: start it, fill a room, end it all whatever happens.
import { generate } from '../media/generate.mjs';
import { launchChromium } from './chromium.mjs';
import { launchFirefox } from './firefox.mjs';
import { startBots } from './bot.mjs';
import { startServer } from './server.mjs';
import { mediaFolder } from './output.mjs';
import { until } from './processes.mjs';

// The numbers of bots begin at 0, those of browsers at 10. Tones 1200 Hz apart: the noise that a codec makes around one is not
// taken for another.
export const people = generate(mediaFolder, [10, 18, 26]);

export class Scene {
  #ends = [];

  // Ends with the test `t`, newest first.
  constructor(t) {
    t.after(() => this.end());
  }

  later(f) {
    this.#ends.push(f);
  }

  async end() {
    for (const f of this.#ends.splice(0).reverse()) await Promise.resolve(f()).catch((e) => console.error('# while ending:', e.message));
  }

  async server(options) {
    const server = await startServer(options);
    this.later(() => server.stop());
    this.main = server;
    return server;
  }

  async chromium(person, options = {}) {
    const browser = await launchChromium({ media: people[person], ...options });
    this.later(() => browser.close());
    return browser;
  }

  async firefox(person, options = {}) {
    const browser = await launchFirefox({ media: people[person], ...options });
    this.later(() => browser.close());
    return browser;
  }

  bots(links, options) {
    const bot = startBots(links, options);
    this.later(() => bot.stop('SIGINT', 5000));
    return bot;
  }

  // Waits until `seats` are connected in the room; returns them.
  connected(room, seats, ms = 20000) {
    return until(`${seats} connected seats`, async () => {
      const { participants } = await this.main.inspect(room);
      const up = participants.filter((p) => p.state === 'up');
      if (up.length !== seats) throw new Error(participants.map((p) => `${p.seat}:${p.state}`).join(' '));
      return up;
    }, ms, 200);
  }
}

// Every seat once: in REST, and in the picture that `tiles` (seat ids of a layout) describes.
export function ghosts(participants, tiles) {
  const twice = (list) => list.filter((x, i) => list.indexOf(x) !== i);
  return [...twice(participants.map((p) => p.seat)), ...twice(participants.map((p) => p.name)), ...twice(tiles)];
}
