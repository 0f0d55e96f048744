"""The participant's page in headless Chromium: what its tab costs, and how fast it is on a line of 64 kbit/s.

CPU: the tab in a visit of 16 beside the same tab in a visit of 2 (people_ratio), and beside a tab that gets 15 people as separate
streams (streams_ratio); the same in a small window, where the room sends what fits, and with nothing painted, which leaves
what receiving, decoding and sound cost: without a graphics card painting is most of it, and equal pixels cost the same. The windows take turns, each round gives its ratios, and the middle round counts. The line is a link of
the laboratory (tests/network/lab), 64 kbit/s and 50 ms each way; page, signaling and media share it. Needs root.
"""
import json
import os
import subprocess

from report import TOP, BenchError, middle, say

CASES = ["n2", "n16", "s15", "cold", "warm", "hasty"]
TARGETS = ["tessera-launcher", "tessera", "tessera-room", "tessera-bot", "tessera-clips", "tessera-client", "tessera-lab"]
SCRIPTS = TOP / "bench" / "client"
# kind:tier:how[:screen] of cpu.mjs. full: sends camera and microphone as well; watch: only watches and listens; blind: paints nothing.
SMALL = "800x480"
WINDOWS = {
    "n2": ["n2:A:full"],
    "n16": ["n16:A:full", "n16:B:full", "n16:A:watch", "n16:A:blind", f"n16:auto:watch:{SMALL}", f"n16:auto:blind:{SMALL}"],
    "s15": ["s15::full", "s15::watch", "s15::blind", f"s15::watch:{SMALL}", f"s15::blind:{SMALL}"],
}
# What is set beside the streams: (tier, how, screen).
BESIDE = [("B", "full", ""), ("A", "watch", ""), ("A", "blind", ""), ("auto", "watch", ":" + SMALL), ("auto", "blind", ":" + SMALL)]
QUICK_WINDOWS = {"n2": ["n2:A:full"], "n16": ["n16:A:full"], "s15": ["s15::full"]}
PICTURES = 23.5  # a second, of 25: with less the machine was too busy to compare
LOADS = ["cold", "warm", "hasty"]
QUICK_LOADS = {"cold": 2000, "warm": 0}  # ms until Join is pressed
GOALS = {("cold", "usable_s"): 6, ("warm", "usable_s"): 1.5}
JOIN_GOALS = {"voice_s": 2.5, "picture_s": 4}


def run(report, programs, cases, quick):
    if os.geteuid() != 0:
        raise BenchError("client needs root: it makes network namespaces")
    need_browser()
    cpu(report, programs, [c for c in cases if c in WINDOWS], quick)
    load(report, programs, [c for c in (QUICK_LOADS if quick else LOADS) if c in cases], quick)


def need_browser():
    script = '. "$TOP/setup/install.sh"; need_packages $(listed_packages "$TOP/setup/browser.packages") && need_node_modules'
    done = subprocess.run(["bash", "-c", script], env={**os.environ, "TOP": str(TOP)}, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError("Chromium or the npm packages of tests/ are missing:\n" + done.stderr[-500:])


def node(programs, script, *arguments, timeout):
    """The objects that it printed, one a line."""
    environment = {**os.environ, "TESSERA_BIN": str(programs.folder / "bin"), "TESSERA_CLIPS": str(programs.clips), "TESSERA_TEST_OUTPUT": str(TOP / "bench" / "out")}
    command = ["node", str(SCRIPTS / script), *map(str, arguments)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{script} did not end within {timeout} s") from None
    if done.returncode != 0:
        raise BenchError(f"{script} failed: {done.stderr.strip()[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


# ---- CPU ----


def cpu(report, programs, cases, quick):
    if not cases:
        return
    rounds = []
    windows = [w for case in cases for w in (QUICK_WINDOWS if quick else WINDOWS)[case]]
    for number in range(1 if quick else 3):
        say(f"tab CPU, round {number + 1}: {' '.join(windows)}")
        found = node(programs, "cpu.mjs", *((1.5, 1) if quick else (5, 3)), *windows, timeout=60 + 40 * len(windows))
        rounds.append({f["case"]: f for f in found})
    for case in cases:
        add_cpu_rows(report, case, rounds)


def ratio(rounds, over, under):
    """The middle of the rounds in which the machine kept up; None when both were not measured."""
    both = [(r[over], r[under]) for r in rounds if over in r and under in r]
    good = [(a, b) for a, b in both if min(a["pictures"], b["pictures"]) >= PICTURES]
    if len(good) < len(both):
        say(f"{over} to {under}: {len(both) - len(good)} of {len(both)} rounds do not count: the machine was too busy")
    return middle([a["cpu_ms"] / b["cpu_ms"] for a, b in good])


def add_cpu_rows(report, case, rounds):
    if case == "n16":
        add_ratio(report, "people_ratio", ratio(rounds, "n16:A:full", "n2:A:full"), 1.1)
        add_ratio(report, "streams_ratio", ratio(rounds, "n16:A:full", "s15::full"), 0.3)
        for tier, how, screen in BESIDE:
            name = f"streams_ratio_{tier}_{how}{screen.replace(':', '_')}".lower()
            add_ratio(report, name, ratio(rounds, f"n16:{tier}:{how}{screen}", f"s15::{how}{screen}"), None)
    for window in WINDOWS[case]:
        tier, how, *screen = window.split(":")[1:]
        found = [r[window] for r in rounds if window in r]
        if found:
            name = "_".join(part for part in ("cpu", tier.lower(), how, *screen) if part)
            report.add(case, name + "_ms", middle([f["cpu_ms"] for f in found]), "ms/s")
            for part in sorted(found[0]["parts"]):
                report.add(case, f"{name}_{part.replace('-', '_')}_ms", middle([f["parts"].get(part, 0) for f in found]), "ms/s")
            report.add(case, name + "_fps", middle([f["pictures"] for f in found]), "1/s", better="higher")


def add_ratio(report, name, value, goal):
    if value is not None:
        report.add("n16", name, value, "ratio", goal=goal)


# ---- a line of 64 kbit/s ----


def load(report, programs, cases, quick):
    if not cases:
        return
    visits = [f"{c}:{QUICK_LOADS[c]}" for c in cases] if quick else cases * 3
    say(f"on a line of 64 kbit/s: {' '.join(visits)}")
    found = node(programs, "load.mjs", *visits, timeout=60 + 45 * len(visits))
    for case in cases:
        add_load_rows(report, case, [f for f in found if f["case"] == case])


def add_load_rows(report, case, found):
    for metric in ("usable_s", "voice_s", "picture_s"):
        values = [f[metric] for f in found if f[metric] is not None]
        if len(values) < len(found):
            say(f"{case}: {metric} did not come in {len(found) - len(values)} of {len(found)} visits")
        goal = GOALS.get((case, metric), JOIN_GOALS.get(metric) if case != "hasty" else None)
        report.add(case, metric, middle(values), "s", goal=goal)
    for metric, name in (("down", "page_down_bytes"), ("up", "page_up_bytes"), ("join_down", "join_down_bytes"), ("join_up", "join_up_bytes")):
        report.add(case, name, middle([f[metric] for f in found]), "bytes")
