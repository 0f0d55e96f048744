// bot.mjs - tessera-bot: simulated participants. Its report is one JSON object a line on stdout.
import path from 'node:path';
import { program } from './server.mjs';
import { outputFolder } from './output.mjs';
import { givingWay, start } from './processes.mjs';

let bots = 0;

// One process for all links of `links` ({url} of server.link()).
export function startBots(links, { seconds = 120, clips = process.env.TESSERA_CLIPS, namespace = '', niceness = 0, args = [] } = {}) {
  const all = ['--insecure', '--json', '--duration', String(seconds), ...args];
  if (clips) all.push('--clips', clips);
  for (const link of links) all.push('--link', link.url || link);
  let command = [program('tessera-bot'), ...all];
  if (namespace) command.unshift('ip', 'netns', 'exec', namespace);
  if (niceness) command = givingWay(niceness, command);
  const bot = start(command[0], command.slice(1), { log: path.join(outputFolder, `bot-${++bots}.log`) });
  // Every report so far.
  bot.reports = () => bot.out.split('\n').filter((l) => l.startsWith('{')).map((l) => {
    try {
      return JSON.parse(l);
    } catch (e) {
      return null; // the line still being written
    }
  }).filter(Boolean);
  return bot;
}
