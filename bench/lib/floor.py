"""The codec floor of pictures, and what the room's own video path costs beside it.

tessera-floor decodes N streams and encodes the tiers with nothing between; tessera-floor-room does the same through the mixer, with
scaling, composing and labels. Both play the same clips in real time, one after the other, and each pair gives a ratio. Where an
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
from report import TOP, BenchError, middle, say

CASES = {"n4t4": 4, "n9t4": 9, "n16t4": 16}
TARGETS = ["tessera-floor", "tessera-floor-room", "tessera-clips"]
GOAL = {"n4t4": 1.10, "n9t4": 1.15, "n16t4": 1.12}
TIERS = "1280x720@25:1200,640x360@25:400,480x270@15:150,320x180@10:64"
RATES = [25, 25, 15, 10]
FPS = 25
WARM_UP = 15  # ticks: decoders open, labels are drawn, the first keyframes are out
INDEPENDENT = TOP.parent / "shared" / "floor"
MEDIA = Path(os.environ.get("TESSERA_MEDIA") or TOP.parent / "shared" / "media")
QUICK_S = 40  # for all cases together; starting and composing come on top

_folders = {}


def _folder(name):
    """A temporary folder that lasts as long as this process."""
    if name not in _folders:
        _folders[name] = Path(tempfile.mkdtemp(prefix="tessera-bench-"))
        atexit.register(shutil.rmtree, _folders[name], ignore_errors=True)
    return _folders[name]


def own_clips(programs):
    """What simulated participants send, in the order in which they take clips."""
    if "clips" not in _folders:
        for clip in programs.clip_files("h264-*.clip"):
            clips.elementary_stream(clip, _folder("clips") / (Path(clip).stem + ".h264"))
    return sorted(str(p) for p in _folder("clips").glob("*.h264"))


def camera_clips(programs):
    """Clips of real cameras when there are any, else our own."""
    return sorted(str(p) for p in MEDIA.glob("h264-*.mp4")) or own_clips(programs)


def video(programs, people, quick):
    """The floor under a visit of simulated participants, everybody's tier in use."""
    return _paced_floor(programs, people, (1 if quick else 6) * FPS, own_clips(programs))


def _paced_floor(programs, people, ticks, files):
    return programs.json_of("tessera-floor", "-n", people, "-t", TIERS, "-f", ticks, "-w", WARM_UP, "-r", *files)


def _room(programs, people, ticks, files):
    return programs.json_of("tessera-floor-room", "-n", people, "-t", TIERS, "-f", ticks, "-w", WARM_UP, *files)


def run(report, programs, cases, quick):
    files = camera_clips(programs)
    say(f"clips of {Path(files[0]).parent}" if files != own_clips(programs) else "the project's own clips")
    independent = build_independent()
    ends = time.monotonic() + QUICK_S
    for done, case in enumerate(cases):
        # More people cost more time: what is left is shared out by their number.
        share = CASES[case] + 4, sum(CASES[c] + 4 for c in cases[done:])
        until = time.monotonic() + (ends - time.monotonic()) * share[0] / share[1] if quick else None
        one_case(report, programs, case, files, independent, until)


def one_case(report, programs, case, files, independent, until):
    """`until` set: quick, as many pairs as there is time for, at least one."""
    people, ticks, most = (CASES[case], FPS, 3) if until else (CASES[case], 6 * FPS, 5)
    say(f"{case}: floor and room in turn")
    deviation = shared_deviation(programs, people, files, independent, 2 if until else 5) if independent else None
    pairs = []
    took = 0
    while len(pairs) < most and not (until and pairs and time.monotonic() + took > until):
        start = time.monotonic()
        pairs.append((_paced_floor(programs, people, ticks, files), _room(programs, people, ticks, files)))
        took = time.monotonic() - start
    add_rows(report, case, pairs, ticks)
    if independent:
        report.add(case, "shared_deviation", deviation, "share", goal=0.05)


def left_out_ms(floor, encoded, seconds):
    """What the pictures would have cost that the room left out for want of time: a busy machine must not flatter it."""
    shares = encoded_shares(encoded, seconds)
    return sum(tier["encode_ms"] * max(0, 1 - share) for tier, share in zip(floor["tiers"], shares))


def encoded_shares(encoded, seconds):
    """Of the pictures that each tier should have had in a window."""
    return [pictures / (rate * seconds) for pictures, rate in zip(encoded, RATES)]


def pair_ratio(floor, room, seconds):
    return (room["total_ms"] + left_out_ms(floor, [t["encoded"] for t in room["tiers"]], seconds)) / floor["total_ms"]


def add_rows(report, case, pairs, ticks):
    floors, rooms = [f for f, _ in pairs], [r for _, r in pairs]
    report.add(case, "video_ratio", middle([pair_ratio(f, r, ticks / FPS) for f, r in pairs]), "ratio", goal=GOAL[case])
    for name in ("total", "decode", "encode"):
        report.add(case, "floor_ms" if name == "total" else f"floor_{name}_ms", middle([f[f"{name}_ms"] for f in floors]), "ms/s")
    for name in ("total", "decode", "scale", "compose", "encode", "label", "other", "uncounted"):
        report.add(case, "room_ms" if name == "total" else f"room_{name}_ms", middle([r[f"{name}_ms"] for r in rooms]), "ms/s")
    report.add(case, "encoded_share", middle([r["encoded_share"] for r in rooms]), "share", better="higher")
    report.add(case, "pairs", len(pairs), "count", better="higher")


# ---- the independent measure ----


def build_independent():
    """Its program, or None where there is none."""
    if not (INDEPENDENT / "floor.c").exists():
        return None
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
    """Neither is paced here, and nothing is left out at the start: the same pictures through the same codecs. Best of the rounds."""
    ticks = FPS if rounds < 5 else 4 * FPS
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(programs.json_of("tessera-floor", "-n", people, "-t", TIERS, "-f", ticks, *files)["total_ms"])
        theirs.append(independent_ms(program, people, ticks, files))
    return abs(min(ours) / min(theirs) - 1)
