// processes.mjs - starting programs and making sure that they and their children are gone: by process id, never by name.
import fs from 'node:fs';
import { spawn } from 'node:child_process';

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

// Polls `test` (may be async) until it gives something truthy; throws what it waited for after `ms`.
export async function until(what, test, ms = 10000, step = 50) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const value = await test();
      if (value) return value;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what}${last ? ` (${last.message})` : ''}`);
    await sleep(step);
  }
}

export function alive(pid) {
  try {
    return !/^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (e) {
    return false;
  }
}

const parentOf = (pid) => {
  try {
    return Number(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) \S+ /s, '').split(' ')[0]);
  } catch (e) {
    return 0;
  }
};

// All processes below `root`, with their names: [{pid, name, parent}].
export function descendants(root) {
  const all = fs.readdirSync('/proc').filter((d) => /^\d+$/.test(d)).map(Number);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const below = (pid) => {
    for (let p = parents.get(pid), i = 0; p && i < 32; p = parents.get(p), i++) if (p === root) return true;
    return false;
  };
  const name = (pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    } catch (e) {
      return '';
    }
  };
  return all.filter(below).map((pid) => ({ pid, name: name(pid), parent: parents.get(pid) }));
}

// The command as one that gives way to the server and the others. Where Linux shares the processor among sessions, nice counts inside
// one only: it gets a session of its own, and that one's share.
export const givingWay = (niceness, command) => ['setsid', 'sh', '-c',
  `echo ${niceness} 2>/dev/null >/proc/self/autogroup; exec nice -n ${niceness} "$@"`, 'sh', ...command];

// A child with collected output (the last megabyte). `log`: file that gets everything.
export function start(command, args, { env, log, cwd, input } = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, cwd, stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  const self = { child, pid: child.pid, out: '', err: '', code: undefined };
  const file = log ? fs.openSync(log, 'w') : 0;
  const collect = (name) => (data) => {
    self[name] = (self[name] + data).slice(-1 << 20);
    if (file) fs.writeSync(file, data);
  };
  child.stdout.on('data', collect('out'));
  child.stderr.on('data', collect('err'));
  self.done = new Promise((resolve) => {
    child.on('error', (e) => {
      self.err += e.message;
      self.code = -1;
      resolve(-1);
    });
    child.on('close', (code, signal) => {
      self.code = code === null ? signal : code;
      if (file) fs.closeSync(file);
      resolve(self.code);
    });
  });
  self.stop = async (signal = 'SIGTERM', ms = 10000) => {
    const family = descendants(child.pid);
    if (self.code === undefined) child.kill(signal);
    let timer;
    await Promise.race([self.done, new Promise((r) => (timer = setTimeout(r, ms)))]);
    clearTimeout(timer); // node ends with its last timer
    const left = [{ pid: child.pid }, ...family].filter((p) => alive(p.pid));
    for (const p of left) {
      try {
        process.kill(p.pid, 'SIGKILL');
      } catch (e) {
        // it went by itself
      }
    }
    return left.length;
  };
  return self;
}

// A short command: its output, or an error that carries what it said.
export async function run(command, args, options = {}) {
  const p = start(command, args, options);
  const timer = setTimeout(() => p.child.kill('SIGKILL'), options.timeout || 30000);
  const code = await p.done;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code} ${p.err.trim() || p.out.trim()}`);
  return p.out;
}
