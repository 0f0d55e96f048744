// rows.mjs - the links that visits have to hold on. link: settings from when media flows (tests/network/lab/shape.h);
// steps: [[seconds into the window, settings]...] as well; seconds: the window; load: who fills the link beside us; joins, present:
// how many come, and are there before, who only receive; seat: more about the weak person's link of the API; enters: comes over this link
// already; moves: the second at which the person's host gets another address; cut, after: the seconds at which the link was cut, and was
// whole again, for times until pictures, sound and the tier are back; blind: ms after that in which what comes was under way before.
// The links of row 22, all in one visit: those that a receiver can be judged on.
export const CROWD = ['r00', 'r01', 'r02', 'r03', 'r04', 'r05', 'r07', 'r08', 'r09', 'r10', 'r13', 'r14'];

export const ROWS = {
  r00: { link: '' },
  r01: { link: 'rate=5000 delay=25', enters: true },
  r02: { link: 'loss=5 delay=50' },
  r03: { link: 'loss=10 delay=50' },
  r04: { link: 'loss=20 delay=50' },
  r05: { link: 'loss=30 delay=50' },
  r06: { link: 'loss=50 delay=50' },
  r07: { link: 'loss=10 burst=4 delay=50' },
  r07b: { link: 'loss=28 burst=4 delay=50' },
  r08: { link: 'rate=256 queue=2000 delay=25' },
  r09: { link: 'rate=100 queue=300 delay=25' },
  r10: { link: 'rate=64 queue=1000 delay=25' },
  r11: { link: 'rate=32 queue=2000 delay=250 jitter=100' },
  r12: { link: 'rate=1000 delay=300 loss=2 jitter=20' },
  r13: { link: 'rate=1000 queue=1000 delay=25', steps: [[5, 'rate=128'], [25, 'rate=1000']], seconds: 45, cut: 5, after: 25 },
  r14: { link: 'rate=1000 delay=25', steps: [[3, 'off=1'], [13, 'off=0']], seconds: 28, cut: 3, after: 13 },
  r15: { link: 'rate=1000 delay=25', steps: [[3, 'off=1'], [33, 'off=0']], seconds: 48, cut: 3, after: 33 },
  r15b: { link: 'rate=1000 delay=25', moves: 3, seconds: 20, cut: 3, after: 3, blind: 500 },
  r16: { link: 'delay=25', steps: [[5, 'hold=1'], [6.5, 'hold=0']], seconds: 20, cut: 5, after: 6.5 },
  r17: { link: 'delay=25 jitter=150 reorder=3' },
  r18: { link: 'police=150 bucket=10000 delay=25' },
  r19: { link: 'rate=1000 queue=300 delay=25', load: 'down' },
  r20: { link: 'up.rate=64 up.queue=1000 down.rate=512 delay=25', load: 'up' },
  r21: { link: 'rate=5000 delay=25', joins: 20, present: 9 },
  r23: { link: 'rate=64 queue=1000 delay=25', seat: { signing: true } },
};
