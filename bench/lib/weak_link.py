"""Visits on weak links: a headless Chromium behind a link of tests/network/lab, somebody on a good link as its peer.

What every row noted is kept in bench/out/weak-link-SEED.jsonl.

Each row of bench/weak-link/rows.mjs by three seeds, 60 s each, of which the first 5 do not count; median and worst. Row r00, the
perfect link, goes with every run: where it is not clean the machine was too busy, and no goal of that run is judged.
frozen: share of time in gaps of more than 200 ms between new numbers burnt into the good one's pictures. STOI: what is heard against
what was said, aligned each second. Needs root.
"""
import json
import os
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

import opus
from clips import packets
from client import need_browser
from report import TOP, BenchError, middle, percentile, say
from stoi import RATE as STOI_RATE
from stoi import resample, stoi

TARGETS = ["tessera-launcher", "tessera", "tessera-room", "tessera-bot", "tessera-clips", "tessera-client", "tessera-lab"]
CASES = ["r00", *(f"r{n:02}" for n in range(1, 22)), "r23"]
QUICK = ["r05", "r10"]
SEEDS = (1, 2, 3)
GAP_MS = 200
WORST = 1.5  # times the goal, for the worst seed
NAMES = "ABCDES"
# (metric, goal, better) a row.
GOALS = {
    "r01": {"latency_p50_ms": 160, "latency_p95_ms": 230, "skew_ms": 45},
    "r02": {"gap_ms": 200, "latency_p95_ms": 330, "concealed_pct": 0.3},
    "r03": {"frozen_pct": 0.5, "stoi": 0.97},
    "r04": {"frozen_pct": 2, "tier": 2, "stoi": 0.96},
    "r05": {"stoi": 0.95, "concealed_pct": 2, "fps": 8, "frozen_pct": 5},
    "r06": {"stoi": 0.90},
    "r07": {"frozen_pct": 1, "concealed_pct": 1},
    "r08": {"tier": 2, "queue_p95_ms": 80, "frozen_pct": 0.5},
    "r09": {"fps": 10, "frozen_pct": 0.5, "latency_p95_ms": 250},
    "r10": {"fps": 8, "concealed_pct": 0.2, "queue_p95_ms": 130, "latency_p95_ms": 350},
    "r11": {"stoi": 0.95},
    "r12": {"frozen_pct": 1, "latency_p50_ms": 900},
    "r13": {"gap_ms": 1000, "to_b_s": 5, "to_a_s": 10},
    "r14": {"audio_back_ms": 300, "video_back_ms": 700, "tier_back_s": 3},
    "r15": {"audio_back_ms": 2000, "video_back_ms": 2000},
    "r16": {"audio_delay_ms": 250},
    "r17": {"concealed_pct": 0.5, "audio_delay_ms": 200},
    "r18": {"loss_pct": 2, "tier": 3},
    "r19": {"received_kbps": 250, "concealed_pct": 1},
    "r20": {"stoi_up": 0.95, "fps_up": 5},
    "r21": {"keyframes": 2, "gap_ms": 200, "join_p95_ms": 1000},
    "r23": {"fps": 12, "frozen_pct": 1},
}
for _row in ("r01", "r02", "r03", "r04", "r05", "r06", "r07", "r08", "r09"):
    GOALS[_row]["fps_up"] = 10
GOALS["r10"]["fps_up"] = 5
HIGHER = {"stoi", "stoi_up", "fps", "fps_up", "received_kbps"}
UNITS = {"pct": "%", "ms": "ms", "s": "s", "kbps": "kbit/s"}


def run(report, programs, cases, quick):
    if os.geteuid() != 0:
        raise BenchError("weak-link needs root: it makes network namespaces")
    need_browser()
    rows = [c for c in (QUICK if quick and set(cases) == set(CASES) else cases) if c != "r00"]
    kept = []
    for seed in SEEDS[:1] if quick else SEEDS:
        say(f"seed {seed}: r00 {' '.join(rows)}")
        with tempfile.TemporaryDirectory(prefix="tessera-weak-link-") as folder:
            kept.append(one_seed(programs, Path(folder), seed, 4 if quick else 55, ["r00", *rows]))
    clean = all(is_clean(k.get("r00")) for k in kept)
    if not clean:
        say(f"row 0, the perfect link, was not clean ({[k.get('r00') for k in kept]}): the machine was too busy, nothing here counts")
    for row in ["r00", *rows]:
        add_row(report, row, [k[row] for k in kept if row in k], clean)


def is_clean(figures):
    return bool(figures) and figures["frozen_pct"] <= 1 and figures["concealed_pct"] <= 1 and figures["fps"] >= 20


def add_row(report, row, found, clean):
    for metric in sorted({m for f in found for m in f}):
        values = [f[metric] for f in found if f.get(metric) is not None]
        better = "higher" if metric in HIGHER else "lower"
        goal = GOALS.get(row, {}).get(metric) if clean else None
        unit = UNITS.get(metric.rsplit("_", 1)[-1], "")
        report.add(row, metric, middle(values), unit, better=better, goal=goal)
        if len(values) > 1:
            worst = min(values) if better == "higher" else max(values)
            report.add(row, metric + "_worst", worst, unit, better=better, goal=None if goal is None else goal / WORST if better == "higher" else goal * WORST)


def one_seed(programs, folder, seed, seconds, rows):
    """{row: {metric: value}} of one run."""
    said = opus.decode(packets(programs.clips / "speech-0.clip"), 20)
    voice = opus.decode(packets(programs.clips / "speech-1.clip"), 20)
    with wave.open(str(folder / "voice.wav"), "wb") as file:
        file.setparams((1, 2, opus.RATE, 0, "NONE", ""))
        file.writeframes((voice * 32767).astype("<i2").tobytes())
    environment = {**os.environ, "TESSERA_BIN": str(programs.folder / "bin"), "TESSERA_CLIPS": str(programs.clips), "TESSERA_TEST_OUTPUT": str(TOP / "bench" / "out")}
    command = ["node", str(TOP / "bench" / "weak-link" / "visit.mjs"), str(folder), str(seed), str(seconds), *rows]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120 + len(rows) * (seconds + 60))
    if done.returncode != 0:
        raise BenchError(f"visit.mjs failed: {done.stderr.strip()[-500:]}")
    out = TOP / "bench" / "out"
    out.mkdir(exist_ok=True)
    (out / f"weak-link-{seed}.jsonl").write_text(done.stdout)
    figures = {}
    for line in done.stdout.splitlines():
        found = json.loads(line)
        if "error" in found:
            say(f"{found['row']}: {found['error']}")
            continue
        figures[found["row"]] = measure(found)
        figures[found["row"]]["stoi"] = intelligibility(folder / f"{found['row']}-{seed}-down.pcm", said)
        figures[found["row"]]["stoi_up"] = intelligibility(folder / f"{found['row']}-{seed}-up.pcm", voice)
    return figures


# ---- pictures and figures ----


def measure(found):
    begin, end = found["began"], found["began"] + found["span"]
    fresh, last = [], None
    for at, number, width, age in found["pictures"]:
        if number != last and at <= end:
            fresh.append((at, age))
        last = number
    edges = [begin, *(at for at, _ in fresh), end]
    gaps = [b - a for a, b in zip(edges, edges[1:])]
    ages = [age for _, age in fresh if age is not None]
    first, final = found["figures"][0], found["figures"][-1]
    samples = max(1, final["samples"] - first["samples"])
    emitted = max(1, final["emitted"] - first["emitted"])
    down = found["carried"]["down"]
    tiers = [tier_index(t) for _, t, _ in found["tiers"]]
    skews = [abs(f["playedAudio"] - f["playedVideo"]) for f in found["figures"] if f["playedAudio"] and f["playedVideo"]]
    out = {
        "fps": len(fresh) * 1000 / found["span"],
        "frozen_pct": 100 * sum(g for g in gaps if g > GAP_MS) / found["span"],
        "gap_ms": max(gaps),
        "latency_p50_ms": percentile(ages, 50),
        "latency_p95_ms": percentile(ages, 95),
        "concealed_pct": 100 * (final["concealed"] - first["concealed"]) / samples,
        "audio_delay_ms": 1000 * (final["buffered"] - first["buffered"]) / emitted,
        "queue_p95_ms": down["wait_p95_ms"],
        "received_kbps": 8 * (final["bytes"] - first["bytes"]) / found["span"],
        "keyframes": final["keys"] - first["keys"],
        "tier": middle(tiers),
        "skew_ms": middle(skews),
        "loss_pct": 100 * (down["lost"] + down["policed"] + down["full"]) / max(1, down["packets"]),
        "fps_up": found["up_changes"] / found["up_s"],
        "join_p95_ms": found.get("join_p95_ms"),
    }
    out.update(after(found, begin, fresh))
    return {m: v for m, v in out.items() if v is not None}


def tier_index(name):
    return NAMES.index(name) if name in NAMES else len(NAMES)


def after(found, begin, fresh):
    """How soon what had gone was back after the moment `after`; tiers against those at the window's begin."""
    if "after" not in found:
        return {}
    moment = begin + 1000 * found["after"]
    video = next((at - moment for at, _ in fresh if at > moment), None)
    heard = next((f["audio"] for f in reversed(found["figures"]) if f["ms"] <= moment), None)
    audio = next((f["ms"] - moment for f in found["figures"] if f["ms"] > moment and heard is not None and f["audio"] > heard + 2), None)
    since = lambda tier: next(((at / 1000 - found["after"]) for at, t, _ in found["tiers"] if at / 1000 > found["after"] and tier_index(t) <= tier), None)  # noqa: E731
    out = {"video_back_ms": video, "audio_back_ms": audio, "to_b_s": since(1), "to_a_s": since(0)}
    if found["tiers"]:
        out["tier_back_s"] = since(tier_index(found["tiers"][0][1]))
    return out


# ---- sound ----


def intelligibility(path, said):
    heard = np.frombuffer(path.read_bytes(), "<i2") / 32768
    if len(heard) < 2 * opus.RATE:
        return None
    reference = resample(said, opus.RATE)
    heard = resample(heard, opus.RATE)
    return stoi(aligned(reference, heard), heard, STOI_RATE)


def aligned(loop, heard):
    """What was said while each second of `heard` was heard: `loop` goes round and round."""
    size, reach = STOI_RATE, int(0.3 * STOI_RATE)
    spectrum = np.fft.rfft(loop)
    chunks = [heard[at : at + size] for at in range(0, len(heard), size)]
    matches = [np.fft.irfft(spectrum * np.conj(np.fft.rfft(c, len(loop))), len(loop)) for c in chunks]
    place = int(np.argmax(sum(np.roll(m, -i * size) for i, m in enumerate(matches))))
    out = []
    for i, (chunk, match) in enumerate(zip(chunks, matches)):
        near = (place + i * size + np.arange(-reach, reach + 1)) % len(loop)
        best = near[np.argmax(match[near])] if np.any(chunk) else near[reach]
        out.append(loop[(best + np.arange(len(chunk))) % len(loop)])
    return np.concatenate(out)
