"""The codec floor of pictures, and what the room's own video path costs beside it: video_ratio.

tessera-floor decodes N streams and encodes the tiers with nothing between; tessera-floor-room does the same through the mixer, with
scaling, composing and labels. Both play the same clips in real time, one after the other, and each pair gives a ratio. In both the
pictures of a tick arrive at once; spread_ratio is with arrivals spread over it, which wakes more threads more often. camera_off_ms is what
decoding and scaling take while every camera is off and sends on. Where an
independent measure of the same floor is beside the project (../shared/floor), ours is held against it on the same clips and tiers.
"""
import atexit
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import clips
from programs import Started, install
from report import TOP, BenchError, middle, say

CASES = {"n4t4": 4, "n9t4": 9, "n16t4": 16}
OFF_CASE = "n4t4"
TARGETS = ["tessera-floor", "tessera-floor-room", "tessera-clips"]
GOAL = {"n4t4": 1.10, "n9t4": 1.15, "n16t4": 1.12}
TIERS = "1280x720@25:1200,640x360@25:400,480x270@15:150,320x180@10:64"
RATES = [25, 25, 15, 10]
FPS = 25
WARM_UP = 20  # ticks: decoders open, labels are drawn, the first keyframes are out
INDEPENDENT = TOP.parent / "shared" / "floor"
MEDIA = Path(os.environ.get("TESSERA_MEDIA") or TOP.parent / "shared" / "media")
BOT_FACES = 6  # as mcu/bot/crew.c has it
KEPT_UP = 0.95  # of the pictures that were due
HOLDS = 0.99  # the same of sixteen people on two cores
MISSED = 0.001  # ticks of which a canvas was not handed over before the next one was due
QUICK_S = 44  # for all cases together; starting and composing come on top

_folders = {}


def _folder(name):
    """A temporary folder that lasts as long as this process."""
    if name not in _folders:
        _folders[name] = Path(tempfile.mkdtemp(prefix="tessera-bench-"))
        atexit.register(shutil.rmtree, _folders[name], ignore_errors=True)
    return _folders[name]


def _streams(name, files):
    """The same as elementary streams, in the order in which simulated participants take them."""
    if name not in _folders:
        for clip in files:
            clips.elementary_stream(clip, _folder(name) / (Path(clip).stem + ".h264"))
    return sorted(str(p) for p in _folder(name).glob("*.h264"))


def own_clips(programs):
    """What the project has of its own."""
    return _streams("clips", programs.clip_files("h264-*.clip"))


def _films():
    return sorted(str(p) for p in MEDIA.glob("h264-*.mp4"))


def camera_clips(programs):
    """Clips of real cameras when there are any, else our own."""
    return _films() or own_clips(programs)


def bot_clips(programs):
    """The folder that simulated participants play: real cameras when there are any, else our own."""
    return clips.of_cameras(programs, _films(), BOT_FACES) if _films() else programs.clips


def _sent_clips(programs):
    return _streams("sent", sorted(str(p) for p in bot_clips(programs).glob("h264-*.clip")))


def video(programs, people, quick):
    """The floor under a visit of simulated participants, everybody's tier in use."""
    return _paced_floor(programs, people, (1 if quick else 6) * FPS, _sent_clips(programs))


def start_video(programs, people, seconds):
    """The same, to run beside something; prints "counting" when it begins to."""
    return Started(programs, *_paced_command(people, seconds * FPS, _sent_clips(programs)))


def _paced_command(people, ticks, files):
    return ["tessera-floor", "-n", people, "-t", TIERS, "-f", ticks, "-w", WARM_UP, "-r", *files]


def _paced_floor(programs, people, ticks, files):
    return programs.json_of(*_paced_command(people, ticks, files))


def _room(programs, people, ticks, files, *how):
    return programs.json_of("tessera-floor-room", "-n", people, "-t", TIERS, "-f", ticks, "-w", WARM_UP, *how, *files)


def run(report, programs, cases, quick):
    files = camera_clips(programs)
    say(f"clips of {Path(files[0]).parent}" if files != own_clips(programs) else "the project's own clips")
    independent = build_independent()
    ends = time.monotonic() + QUICK_S
    for done, case in enumerate(cases):
        # More people cost more time: what is left is shared out by their number.
        share = CASES[case] + 16, sum(CASES[c] + 16 for c in cases[done:])
        until = time.monotonic() + (ends - time.monotonic()) * share[0] / share[1] if quick else None
        one_case(report, programs, case, files, independent, until)


def one_case(report, programs, case, files, independent, until):
    """`until` set: quick, as many pairs as there is time for, at least one."""
    people, ticks, most = (CASES[case], FPS, 3) if until else (CASES[case], 6 * FPS, 5)
    say(f"{case}: floor and room in turn")
    start = time.monotonic()
    pairs = [one_pair(programs, people, ticks, files, True)]
    took = time.monotonic() - start
    deviation = None
    if independent and not (until and time.monotonic() + took > until):
        deviation = shared_deviation(programs, people, files, independent, 3 if until else 7)
    while len(pairs) < most and not (until and time.monotonic() + took > until):
        pairs.append(one_pair(programs, people, ticks, files, len(pairs) % 2 == 0))
    add_rows(report, case, kept_up(pairs), ticks)
    add_kept(report, case, [r for _, r in pairs])
    if case == OFF_CASE:
        off = _room(programs, people, FPS, files, "-c")
        report.add(case, "camera_off_ms", off["decode_ms"] + off["scale_ms"], "ms/s", goal=0)
    if not until:
        spread = [(floor, _room(programs, people, ticks, files, "-s")) for floor, _ in pairs[:3]]
        report.add(case, "spread_ratio", middle([pair_ratio(f, r, ticks / FPS) for f, r in kept_up(spread)]), "ratio")
    if independent:
        report.add(case, "shared_deviation", deviation, "share", goal=0.05)


def one_pair(programs, people, ticks, files, floor_first):
    """(floor, room), taken one right after the other."""
    if floor_first:
        return _paced_floor(programs, people, ticks, files), _room(programs, people, ticks, files)
    room = _room(programs, people, ticks, files)
    return _paced_floor(programs, people, ticks, files), room


def left_out_ms(floor, encoded, seconds):
    """What the pictures would have cost that the room left out for want of time: a busy machine must not flatter it."""
    shares = encoded_shares(encoded, seconds)
    return sum(tier["encode_ms"] * max(0, 1 - share) for tier, share in zip(floor["tiers"], shares))


def encoded_shares(encoded, seconds):
    """Of the pictures that each tier should have had in a window."""
    return [pictures / (rate * seconds) for pictures, rate in zip(encoded, RATES)]


def pair_ratio(floor, room, seconds):
    encoded = [t["encoded"] for t in room["tiers"]]
    # What goes with pictures that were left out, decoding and composing them, was left out as well.
    share = min(1, max(0.2, middle(encoded_shares(encoded, seconds))))
    cost = room["encode_ms"] + left_out_ms(floor, encoded, seconds) + (room["total_ms"] - room["encode_ms"]) / share
    return cost / floor["total_ms"]


def kept_up(pairs):
    """Without pairs in which the machine had no time for the room: those say nothing. The best one when there is no other."""
    good = [p for p in pairs if p[1]["encoded_share"] >= KEPT_UP]
    if len(good) < len(pairs):
        say(f"{len(pairs) - len(good)} of {len(pairs)} pairs do not count: the machine was too busy for the room")
    return good or [max(pairs, key=lambda p: p[1]["encoded_share"])]


def add_rows(report, case, pairs, ticks):
    floors, rooms = [f for f, _ in pairs], [r for _, r in pairs]
    # An estimate for a room that had no time is neither a goal met nor one missed.
    goal = GOAL[case] if all(r["encoded_share"] >= KEPT_UP for r in rooms) else None
    report.add(case, "video_ratio", middle([pair_ratio(f, r, ticks / FPS) for f, r in pairs]), "ratio", goal=goal)
    for name in ("total", "decode", "encode"):
        report.add(case, "floor_ms" if name == "total" else f"floor_{name}_ms", middle([f[f"{name}_ms"] for f in floors]), "ms/s")
    for name in ("total", "decode", "scale", "compose", "encode", "label", "other", "uncounted"):
        report.add(case, "room_ms" if name == "total" else f"room_{name}_ms", middle([r[f"{name}_ms"] for r in rooms]), "ms/s")
    report.add(case, "pairs", len(pairs), "count", better="higher")


def add_kept(report, case, rooms):
    """Of all pairs, also of those that do not count."""
    report.add(case, "encoded_share", middle([r["encoded_share"] for r in rooms]), "share", better="higher", goal=HOLDS if CASES[case] == 16 else None)
    report.add(case, "missed_share", sum(r["missed_ticks"] for r in rooms) / (FPS * sum(r["seconds"] for r in rooms)), "share", goal=MISSED)


# ---- the independent measure ----


def build_independent():
    """Its program, or None where there is none."""
    if not (INDEPENDENT / "floor.c").exists():
        return None
    install("floor")
    target = _folder("independent")
    done = subprocess.run(["make", "-s", "-C", str(INDEPENDENT), f"B={target}", f"{target}/floor"], capture_output=True, text=True)
    if done.returncode != 0:
        say("the independent floor does not build: " + done.stderr.strip()[-200:])
        return None
    return str(target / "floor")


def independent_ms(program, people, ticks, files):
    done = subprocess.run([program, "-n", str(people), "-t", TIERS, "-f", str(ticks), *files], capture_output=True, text=True, timeout=300)
    found = re.search(r"total ([0-9.]+)", done.stdout)
    if not found:
        raise BenchError(f"the independent floor failed: {done.stderr.strip()[-200:]}")
    return float(found.group(1))


def shared_deviation(programs, people, files, program, rounds):
    """Neither is paced here, and nothing is left out at the start: the same pictures through the same codecs, in turn. The middle pair."""
    ticks = 2 * FPS if rounds < 7 else 4 * FPS
    pairs = []
    for _ in range(rounds):
        ours = programs.json_of("tessera-floor", "-n", people, "-t", TIERS, "-f", ticks, *files)["total_ms"]
        pairs.append(ours / independent_ms(program, people, ticks, files))
    return abs(middle(pairs) - 1)
