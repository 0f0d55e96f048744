"""Visits on weak links: a headless Chromium behind a link of tests/network/lab, somebody on a good link as its peer.

What every row noted is kept in bench/out/weak-link-SEED.jsonl. METRIC_p2p is that of two Chromiums without a server, measured once: it is
kept in bench/results/weak-link-p2p.json, and what is there is not measured again. Row r22 is twelve bots on twelve of these links at once,
r24 a person who comes by a thin line (bench/run client).

Each row of bench/weak-link/rows.mjs by three seeds, 60 s each, of which the first 5 do not count; median and worst. Row r00, the
perfect link, goes with every run: where it is not clean the machine was too busy, and the run begins again, twice at most; then no
goal is judged.
Figures are those of weak_measure.py. What never came, and every figure with a goal of a row that failed, counts as the worst there is and is
marked "never". Needs root.
"""
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

import client
from report import TOP, BenchError, machine, middle, say
from weak_measure import figures_of, write_voices

TARGETS = ["tessera-launcher", "tessera", "tessera-room", "tessera-bot", "tessera-clips", "tessera-client", "tessera-lab"]
CASES = sorted([*(f"r{n:02}" for n in range(25)), "r07b", "r15b"])
QUICK = ["r05", "r10"]
SEEDS = (1, 2, 3)
TIMES = 3  # a run begins, until its row 0 is clean
WORST = 1.5  # times the goal, for the worst seed; of STOI times what it lacks of 1, and a tier is what it is
ALONE_S = 10  # of each row of r22 with the others' links perfect
# (metric, goal, better) a row.
GOALS = {
    "r01": {"latency_p50_ms": 160, "latency_p95_ms": 230, "skew_ms": 45, "mouth_to_ear_ms": 150, "first_frame_ms": 600},
    "r02": {"gap_ms": 200, "latency_p95_ms": 330, "concealed_pct": 0.3},
    "r03": {"frozen_pct": 0.5, "stoi": 0.97, "stoi_up": 0.97},
    "r04": {"frozen_pct": 2, "tier": 2, "stoi": 0.96, "stoi_up": 0.96},
    "r05": {"stoi": 0.95, "stoi_up": 0.95, "concealed_pct": 2, "fps": 8, "frozen_pct": 5},
    "r06": {"stoi": 0.90, "stoi_up": 0.90},
    "r07": {"frozen_pct": 1, "concealed_pct": 1},
    "r07b": {"stoi": 0.92, "stoi_up": 0.92},
    "r08": {"tier": 2, "queue_p95_ms": 80, "frozen_pct": 0.5},
    "r09": {"fps": 10, "frozen_pct": 0.5, "latency_p95_ms": 250},
    "r10": {"fps": 8, "concealed_pct": 0.2, "queue_p95_ms": 130, "latency_p95_ms": 350},
    "r11": {"stoi": 0.95, "stoi_up": 0.95, "gap_ms": 5000, "mouth_to_ear_ms": 700},
    "r12": {"frozen_pct": 1, "latency_p50_ms": 900},
    "r13": {"gap_ms": 1000, "queue_short_s": 1.5, "to_b_s": 5, "to_a_s": 10},
    "r14": {"audio_back_ms": 300, "video_back_ms": 700, "tier_back_s": 3},
    "r15": {"audio_back_ms": 2000, "video_back_ms": 2000, "same_seat": 1},
    "r15b": {"audio_back_ms": 2000, "video_back_ms": 2000, "gap_up_ms": 2000, "same_seat": 1},
    "r16": {"mouth_to_ear_4s_ms": 250},
    "r17": {"concealed_pct": 0.5, "audio_delay_ms": 200},
    "r18": {"loss_pct": 2, "tier": 3, "oscillations_30s": 1},
    "r19": {"received_kbps": 250, "concealed_pct": 1},
    "r20": {"stoi_up": 0.95, "fps_up": 5},
    "r21": {"keyframes": 2, "gap_ms": 200, "join_p95_ms": 1000},
    "r23": {"fps": 12, "frozen_pct": 1, "fps_up": 12, "frozen_up_pct": 1},
    "r24": {"usable_s": 6, **client.JOIN_GOALS},
}
for _row in ("r01", "r02", "r03", "r04", "r05", "r06", "r07", "r07b", "r08", "r09"):
    GOALS[_row]["fps_up"] = 10
GOALS["r10"]["fps_up"] = 5
# Of r22: what a bot can be judged by, the perfect link included, and that nobody loses by the others. Skew, mouth to ear, the first
# picture and the return of sound are a browser's, and what goes up is not there.
CROWD = ("r00", "r01", "r02", "r03", "r04", "r05", "r07", "r08", "r09", "r10", "r13", "r14")
CROWD_METRICS = ("fps", "frozen_pct", "tier", "stoi", "gap_ms", "latency_p50_ms", "latency_p95_ms", "concealed_pct", "queue_p95_ms", "queue_short_s", "to_b_s", "to_a_s", "video_back_ms", "tier_back_s")
PASSING = ("r13", "r14")  # links that fall or go away for a while
GOALS["r22"] = {f"{row}_{m}": goal for row in CROWD for m, goal in GOALS.get(row, {}).items() if m in CROWD_METRICS}
GOALS["r22"].update({"r00_fps": 20, "r00_frozen_pct": 1, "r00_concealed_pct": 1, "r00_tier": 0})
GOALS["r22"].update({f"{row}_{m}": goal for row in CROWD if row not in PASSING for m, goal in {"fps_lost_pct": 10, "tiers_lost": 0}.items()})
WHY = {case: "tier A takes 1.2 Mbit/s, the link carries 1" for case in (("r13", "to_a_s"), ("r22", "r13_to_a_s"))}
APART = {"r22", "r24"}  # not of a browser that is there already
HIGHER = {"stoi", "stoi_up", "fps", "fps_up", "fps_alone", "received_kbps", "same_seat", "like_p5"}
NEVER = {"%": 100, "ms": 60000, "s": 60, "": 7}  # by unit, of what is better when lower: what stands for what did not come
P2P = TOP / "bench" / "results" / "weak-link-p2p.json"
P2P_METRICS = ("fps", "frozen_pct", "gap_ms", "latency_p50_ms", "latency_p95_ms", "concealed_pct", "queue_p95_ms", "stoi", "audio_back_ms", "video_back_ms")
NO_P2P = {"r15", "r15b", "r20", "r21", "r23"}  # about the server or the way up
UNITS = {"pct": "%", "ms": "ms", "s": "s", "kbps": "kbit/s"}


def run(report, programs, cases, quick):
    if os.geteuid() != 0:
        raise BenchError("weak-link needs root: it makes network namespaces")
    client.need_browser()
    wanted = QUICK if quick and set(cases) == set(CASES) else cases
    rows = [c for c in wanted if c != "r00" and c not in APART]
    kept = []
    for seed in SEEDS[:1] if quick else SEEDS:
        say(f"seed {seed}: r00 {' '.join(rows)}{' r22' if 'r22' in wanted else ''}")
        with tempfile.TemporaryDirectory(prefix="tessera-weak-link-") as folder:
            kept.append(one_seed(programs, Path(folder), seed, 4 if quick else 55, ["r00", *rows], 1 if quick else TIMES))
            if "r22" in wanted:
                kept[-1].update(crowd(programs, Path(folder), seed, quick))
    clean = all(is_clean(k.get("r00")) for k in kept)
    if not clean:
        say(f"row 0, the perfect link, was not clean ({[k.get('r00') for k in kept]}): the machine was too busy, nothing here counts")
    baseline = without_server(programs, ["r00", *rows], quick)
    for row in ["r00", *rows, *(["r22"] if "r22" in wanted else [])]:
        add_row(report, row, [k.get(row, {}) for k in kept], clean, baseline.get(row, {}))
    if "r24" in wanted:
        add_joins(report, programs, quick, clean)


def add_joins(report, programs, quick, clean):
    say("r24: a page that is opened, and a visit that is joined, over 64 kbit/s")
    found = client.node(programs, "load.mjs", *(["cold:2000"] if quick else ["cold"] * 3), timeout=200)
    add_row(report, "r24", [{m: f[m] for m in ("usable_s", "voice_s", "picture_s")} for f in found], clean, {})


def without_server(programs, rows, quick):
    """{row: {metric: value}}; rows that were never measured are, but in a quick run."""
    known = json.loads(P2P.read_text()) if P2P.exists() else {"rows": {}}
    missing = [] if quick else [r for r in rows if r not in known["rows"] and r not in NO_P2P]
    if missing:
        say(f"without a server: {' '.join(missing)}")
        with tempfile.TemporaryDirectory(prefix="tessera-weak-link-") as folder:
            write_voices(programs.clips, Path(folder))
            found = visits(programs, Path(folder), "p2p.mjs", 1, 55, ["r00", *missing], "-p2p")
        if is_clean(found.get("r00")):
            found = {r: f for r, f in found.items() if "error" not in f}
            known["taken"] = machine(quick)
            known["rows"].update({r: {m: round(v, 4) for m, v in found[r].items() if m in P2P_METRICS and v is not None} for r in found})
            P2P.write_text(json.dumps(known, indent=1) + "\n")
        else:
            say("its row 0 was not clean: nothing of it is kept")
    return known["rows"]


def is_clean(figures):
    return bool(figures) and "error" not in figures and figures["frozen_pct"] <= 1 and figures["concealed_pct"] <= 1 and figures["fps"] >= 20


def is_higher(row, metric):
    return (metric.split("_", 1)[1] if row == "r22" else metric) in HIGHER


def worst_goal(row, metric, goal):
    """What the worst seed may be."""
    what = metric.split("_", 1)[1] if row == "r22" else metric
    if what in ("stoi", "stoi_up"):
        return round(1 - WORST * (1 - goal), 4)
    if what in ("tier", "same_seat"):
        return goal
    return goal / WORST if is_higher(row, metric) else goal * WORST


def ranked(values, better, unit):
    """From the best to the worst: [(value, never)]; None, which is what never came, is the worst there is."""
    nothing = 0 if better == "higher" else NEVER.get(unit, NEVER[""])
    return sorted(((nothing, True) if v is None else (v, False) for v in values), key=lambda v: (v[1], -v[0] if better == "higher" else v[0]))


def add_row(report, row, found, clean, baseline):
    """found: figures of each seed; {"error": why} of one that failed. What has no goal is left out where it did not come."""
    goals = GOALS.get(row, {})
    for metric in sorted({m for f in found for m in f if m != "error"} | set(goals)):
        better = "higher" if is_higher(row, metric) else "lower"
        unit = UNITS.get(metric.rsplit("_", 1)[-1], "")
        values = ranked([f.get(metric) for f in found if metric in goals or f.get(metric) is not None], better, unit)
        if not values:
            continue
        goal = goals.get(metric) if clean else None
        more = {"why": WHY[row, metric]} if (row, metric) in WHY else {}
        half = (len(values) - 1) // 2, len(values) // 2
        report.add(row, metric, middle([values[i][0] for i in half]), unit, better=better, goal=goal, **({"never": True} if values[half[1]][1] else {}), **more)
        if len(values) > 1:
            worst, never = values[-1]
            report.add(row, metric + "_worst", worst, unit, better=better, goal=None if goal is None else worst_goal(row, metric, goal), **({"never": True} if never else {}), **more)
        if metric in baseline:
            report.add(row, metric + "_p2p", baseline[metric], unit, better=better)


def crowd(programs, folder, seed, quick):
    seconds, alone = (20, 3) if quick else (55, ALONE_S)
    return visits(programs, folder, "crowd.mjs", seed, seconds, [str(alone)], "-crowd", limit_s=300 + seconds + len(CROWD) * (alone + 10))


def visits(programs, folder, script, seed, seconds, rows, suffix="", needs_clean=False, limit_s=None):
    """{row: {metric: value}} of what a script of bench/weak-link noted, {"error": why} of rows that failed, which are said. needs_clean: it ends
    after a row 0 that is not."""
    environment = {**os.environ, "TESSERA_BIN": str(programs.folder / "bin"), "TESSERA_CLIPS": str(programs.clips), "TESSERA_TEST_OUTPUT": str(TOP / "bench" / "out")}
    command = ["node", str(TOP / "bench" / "weak-link" / script), str(folder), str(seed), str(seconds), *rows]
    out = TOP / "bench" / "out"
    out.mkdir(exist_ok=True)
    noted, problem = noted_by(command, environment, limit_s or 180 + len(rows) * (seconds + 60), needs_clean and (lambda row: is_clean(figures_of([row], programs.clips, folder).get("r00"))))
    if problem:
        raise BenchError(f"{script} failed: {problem[-500:]}")
    (out / f"weak-link-{seed}{suffix}.jsonl").write_text(noted)
    figures = figures_of(map(json.loads, noted.splitlines()), programs.clips, folder)
    for row, found in figures.items():
        if "error" in found:
            say(f"{row}: {found['error']}")
    return figures


def noted_by(command, environment, limit_s, goes_on):
    """(its lines, what went wrong). goes_on: asked with the first line whether the others are wanted."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        timer = threading.Timer(limit_s, process.kill)
        timer.start()
        try:
            first = process.stdout.readline() if goes_on else ""
            rest, _ = process.communicate("" if not first or goes_on(json.loads(first)) else "stop\n")
        finally:
            timer.cancel()
            process.kill()
        errors.seek(0)
        return first + rest, "" if process.returncode == 0 else errors.read().strip() or f"ended with {process.returncode}"


def one_seed(programs, folder, seed, seconds, rows, times):
    write_voices(programs.clips, folder)
    for last in [False] * (times - 1) + [True]:
        found = visits(programs, folder, "visit.mjs", seed, seconds, rows, needs_clean=not last)
        if is_clean(found.get("r00")):
            break
        say(f"seed {seed}: row 0 was not clean: {found.get('r00')}")
    return found
