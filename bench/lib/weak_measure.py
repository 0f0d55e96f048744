#!/usr/bin/python3
"""Figures of rows of bench/weak-link: pictures, sound, tiers, recovery; STOI of what is heard against what was said.

weak_measure.py voice CLIPS FOLDER      writes FOLDER/voice.wav and said.wav, what the weak person and the good one say
weak_measure.py figures CLIPS FOLDER    rows as JSON, one a line, on the standard input -> {row: {metric: value}}

frozen: share of time in gaps of more than 200 ms between new numbers burnt into the good one's pictures. For STOI what was said is followed (align.py).
"""
import json
import sys
import wave
from pathlib import Path

import numpy as np

import opus
from align import follow
from clips import packets
from report import middle, percentile
from stoi import RATE as STOI_RATE
from stoi import resample, stoi

GAP_MS = 200
NAMES = "ABCDES"


def speech(clips, person):
    """What the good one (0) or the weak one (1) says."""
    return opus.decode(packets(Path(clips) / f"speech-{person}.clip"), 20)


def write_voices(clips, folder):
    for name, person in (("voice.wav", 1), ("said.wav", 0)):
        with wave.open(str(Path(folder) / name), "wb") as file:
            file.setparams((1, 2, opus.RATE, 0, "NONE", ""))
            file.writeframes((speech(clips, person) * 32767).astype("<i2").tobytes())


def figures_of(rows, clips, folder):
    """{row: {metric: value}} of what visits noted; a row that failed is {"error": why}."""
    said, voice = speech(clips, 0), speech(clips, 1)
    figures = {}
    for found in rows:
        name = found["row"]
        if "error" in found:
            figures[name] = {"error": found["error"]}
            continue
        if "rows" in found:
            figures[name] = crowd(found, folder, said)
            continue
        figures[name] = measure(found)
        for metric, way, words in (("stoi", "down", said), ("stoi_up", "up", voice)):
            value = intelligibility(Path(folder) / f"{name}-{found['seed']}-{way}.pcm", words, 0)
            if value is not None:
                figures[name][metric] = value
    return figures


# ---- pictures and figures ----


def grown(found, figure):
    """By how much; a page that hears sound anew begins to count anew."""
    values = [f[figure] for f in found["figures"]]
    return sum(b - a if b >= a else b for a, b in zip(values, values[1:]))


def rate(fresh, begin, end):
    """Pictures a second, by when they were taken: where between two of them the window begins is no matter, unless none comes for long."""
    taken = [at - age for at, age in fresh if age is not None]
    whole = len(taken) == len(fresh) > 1 and fresh[0][0] - begin <= GAP_MS and end - fresh[-1][0] <= GAP_MS
    whole = whole and abs(fresh[-1][1] - fresh[0][1]) <= GAP_MS
    return round((len(taken) - 1) * 1000 / (taken[-1] - taken[0]), 2) if whole else len(fresh) * 1000 / (end - begin)


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
    down = found["carried"]["down"]
    tiers = [tier_index(t) for _, t, _ in found["tiers"]]
    skews = [abs(f["playedAudio"] - f["playedVideo"]) for f in found["figures"] if f["playedAudio"] and f["playedVideo"]]
    out = {
        "fps": rate(fresh, begin, end),
        "frozen_pct": 100 * sum(g for g in gaps if g > GAP_MS) / found["span"],
        "gap_ms": max(gaps),
        "latency_p50_ms": percentile(ages, 50),
        "latency_p95_ms": percentile(ages, 95),
        "concealed_pct": 100 * grown(found, "concealed") / max(1, grown(found, "samples")),
        "audio_delay_ms": 1000 * grown(found, "buffered") / max(1, grown(found, "emitted")),
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


def crowd(found, folder, said):
    """{ROW_metric: value} of those who were there together."""
    out = {}
    for row, figures in found["rows"].items():
        path = Path(folder) / f"{found['row']}-{row}-{found['seed']}.pcm"
        figures["stoi"] = intelligibility(path, said, figures.pop("heard_from"))
        figures["tier"] = tier_index(figures["tier"])
        if "fps" in figures:
            figures["fps"] = round(figures["fps"], 2)
        out.update({f"{row}_{metric}": value for metric, value in figures.items() if value is not None})
    return out


def tier_index(name):
    return NAMES.index(name) if name and name in NAMES else len(NAMES)  # None: the room has let go of who is away


def after(found, begin, fresh):
    """How soon what had gone was back after the moment `after`; tiers against the last one before the link was cut."""
    if "after" not in found:
        return {}
    moment = begin + 1000 * found["after"]
    video = next((at - moment for at, _ in fresh if at > moment), None)
    heard = next((f["audio"] for f in reversed(found["figures"]) if f["ms"] <= moment), None)
    audio = next((f["ms"] - moment for f in found["figures"] if f["ms"] > moment and heard is not None and f["audio"] > heard + 2), None)
    since = lambda tier: next(((at / 1000 - found["after"]) for at, t, _ in found["tiers"] if at / 1000 > found["after"] and tier_index(t) <= tier), None)  # noqa: E731
    out = {"video_back_ms": video, "audio_back_ms": audio, "to_b_s": since(1), "to_a_s": since(0)}
    old = [t for at, t, _ in found["tiers"] if at / 1000 <= found["cut"]]
    if old:
        out["tier_back_s"] = since(tier_index(old[-1]))
    return out


# ---- sound ----


def intelligibility(path, said, begin):
    """`begin`: bytes of the file that do not count. None where there is too little."""
    heard = np.frombuffer(path.read_bytes()[begin:], "<i2") / 32768
    if len(heard) < 2 * opus.RATE:
        return None
    reference = resample(said, opus.RATE)
    heard = resample(heard, opus.RATE)
    return stoi(follow(reference, heard), heard, STOI_RATE)


def main():
    what, clips, folder = sys.argv[1:]
    if what == "voice":
        return write_voices(clips, folder)
    print(json.dumps(figures_of([json.loads(line) for line in sys.stdin if line.strip()], clips, folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
