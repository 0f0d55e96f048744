"""A room of telephones: what a leg costs the room's process, how long a sound is in it, and how soon a caller is in.

tessera-phone-room holds a real room whose participants are PCMU legs over loopback; the telephones are a process of their own. In
legs10 all ten talk, in legs50 two talk and 48 listen. The same telephones are plain RTP participants of Janus's audiobridge (Debian's
janus, which this bench installs), one right after the other with the room, and the ratio is of the medians. It mixes at 48 kHz, as a room does that browsers join too. dialin: launcher, gateway, tessera-phone and a
room as they are, a caller who sends keys by RFC 4733: from INVITE to the first sound of a prompt, from the last key of the PIN to the
first packet of the room.
"""
import json
import os
import subprocess
import time

import audiobridge
from process import exact_cpu_s
from programs import install
from report import TOP, BenchError, middle, percentile, say

LEGS = {"legs10": (10, 10, 3.0), "legs50": (50, 2, 2.0)}
CASES = [*LEGS, "dialin"]
TARGETS = ["tessera-phone-room", "tessera-phone-far", "tessera-launcher", "tessera", "tessera-room", "tessera-phone", "tessera-prompts"]
WARM_S = 3  # as in bench/telephones.h
RATIO_GOAL = 0.5
JANUS_HZ = 48000


def run(report, programs, cases, quick):
    for case in cases:
        (dial_in if case == "dialin" else legs)(report, programs, case, quick)


def legs(report, programs, case, quick):
    n, talkers, goal = LEGS[case]
    rounds, seconds = (1, 6) if quick else (3, 15)
    ours, theirs = [], []
    if not audiobridge.here():
        install("audiobridge")
    if not audiobridge.here():
        say("janus is not here: no audiobridge_ratio")
    for _ in range(rounds):
        got = programs.json_of("tessera-phone-room", "-n", n, "-t", talkers, "-s", seconds)
        if not got["pulses"]:
            raise BenchError(f"{case}: no sound came through the room")
        ours.append(got)
        if audiobridge.here():
            theirs.append(in_audiobridge(programs, n, talkers, seconds))
    of = lambda found, metric: middle([f[metric] for f in found])  # noqa: E731
    report.add(case, "cpu_ms_per_leg", of(ours, "cpu_ms_per_leg"), "ms", goal=goal)
    report.add(case, "delay_p50_ms", of(ours, "delay_p50_ms"), "ms", goal=60)
    report.add(case, "delay_p95_ms", of(ours, "delay_p95_ms"), "ms", goal=100)
    if theirs:
        report.add(case, "audiobridge_cpu_ms_per_leg", of(theirs, "cpu_ms_per_leg"), "ms")
        report.add(case, "audiobridge_delay_p50_ms", of(theirs, "delay_p50_ms"), "ms")
        report.add(case, "audiobridge_ratio", of(ours, "cpu_ms_per_leg") / of(theirs, "cpu_ms_per_leg"), "x", goal=RATIO_GOAL)


def in_audiobridge(programs, n, talkers, seconds):
    command = [programs.path("tessera-phone-far"), "-n", str(n), "-t", str(talkers), "-s", str(seconds)]
    with audiobridge.Janus(JANUS_HZ) as janus, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as far:
        ports = json.loads(far.stdout.readline())
        far.stdin.write(" ".join(str(janus.join(i + 1, port)) for i, port in enumerate(ports)) + "\n")
        far.stdin.flush()
        if far.stdout.readline().strip() != "go":
            raise BenchError("the telephones do not begin")
        time.sleep(WARM_S)
        before = exact_cpu_s(janus.process.pid)
        time.sleep(seconds)
        used = exact_cpu_s(janus.process.pid) - before
        got = json.loads(far.stdout.readline())
    if not got["pulses"]:
        raise BenchError("no sound came through the audiobridge")
    return {**got, "cpu_ms_per_leg": used * 1000 / seconds / n}


def dial_in(report, programs, case, quick):
    environment = {**os.environ, "TESSERA_BIN": str(programs.folder / "bin")}
    command = ["/usr/bin/python3", str(TOP / "bench" / "phone" / "dial_in.py"), str(5 if quick else 20)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        raise BenchError("dialin needs the packages of ./test phone (setup/test.packages, setup/phone-test.packages):\n" + done.stderr.strip()[-400:])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    for metric, goal in (("invite_to_prompt_ms", 500), ("pin_to_room_ms", 300)):
        report.add(case, metric, percentile(found[metric], 50), "ms", goal=goal)
        report.add(case, metric.replace("_ms", "_p95_ms"), percentile(found[metric], 95), "ms", goal=goal)
