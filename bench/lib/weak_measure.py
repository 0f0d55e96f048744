#!/usr/bin/python3
"""Figures of rows of bench/weak-link: pictures, sound, tiers, recovery; STOI of what is heard against what was said.

weak_measure.py voice CLIPS FOLDER      writes FOLDER/voice.wav and said.wav, what the weak person and the good one say, and pictures.gray, what the good one shows
weak_measure.py pictures FILE FOLDER    writes pictures.gray of a film
weak_measure.py figures CLIPS FOLDER    rows as JSON, one a line, on the standard input -> {row: {metric: value}}; null: it never came

frozen: share of time in gaps of more than 200 ms between new numbers burnt into the good one's pictures; one that is not like the same picture of
the clip (SSIM below 0.90, bench/weak-link/likeness.mjs) is none. For STOI what was said is followed (align.py); mouth to ear is from 20 ms before a
packet leaves, when the first of it was said, until it leaves the listener's playout buffer.
"""
import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

import opus
from align import CHUNK, HOP, follow, lateness
from clips import elementary_stream, packets
from report import BenchError, middle, percentile
from stoi import RATE as STOI_RATE
from stoi import resample, stoi

GAP_MS = 200
LIKE = 0.9  # SSIM of a picture that counts
QUEUE_MS = 200  # is short
PACKET_MS = 20  # of what is said
EAR_MOST_S = 5  # as late as anything is heard; words of the loop are said again after more
RETURN_MS = 4000  # after which a stall is over for the ear
NAMES = "ABCDES"
LUMA = np.array([0.299, 0.587, 0.114])
GRID = {"columns": 44, "rows": 32, "across": 0.55}  # of bench/weak-link/likeness.mjs


def speech(clips, person):
    """What the good one (0) or the weak one (1) says."""
    return opus.decode(packets(Path(clips) / f"speech-{person}.clip"), 20)


def write_voices(clips, folder):
    """And the pictures of the good one."""
    write_film(clips, folder)
    for name, person in (("voice.wav", 1), ("said.wav", 0)):
        with wave.open(str(Path(folder) / name), "wb") as file:
            file.setparams((1, 2, opus.RATE, 0, "NONE", ""))
            file.writeframes((speech(clips, person) * 32767).astype("<i2").tobytes())


def write_pictures(film, folder):
    """Luma of the middle of each picture of a film of 640x360, as likeness.mjs compares it: of red, green and blue, since the marker is luma alone
    and what its white and black would be in colour is cut off on the screen."""
    columns, rows = GRID["columns"], GRID["rows"]
    cell = round(640 * GRID["across"]) // columns
    width, height = cell * columns, cell * rows
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-vf", f"format=rgb24,crop={width}:{height}", "-f", "rawvideo", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as decoder, open(Path(folder) / "pictures.gray", "wb") as out:
        while len(picture := decoder.stdout.read(3 * width * height)) == 3 * width * height:
            luma = np.frombuffer(picture, np.uint8).reshape(rows, cell, columns, cell, 3) @ LUMA
            out.write(luma.mean(axis=(1, 3)).round().astype(np.uint8).tobytes())
    if decoder.returncode != 0:
        raise BenchError(f"{film} cannot be decoded")


def write_film(clips, folder):
    film = Path(folder) / "pictures.h264"
    write_pictures(elementary_stream(Path(clips) / "h264-0.clip", film), folder)
    film.unlink()


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
            figures[name][metric] = value
        figures[name].update(hearing(found, Path(folder) / f"{name}-{found['seed']}-down.pcm", said))
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


def new_pictures(pictures, end):
    """[(ms, age)] of those with a new number that are like what was sent, as far as that is known."""
    fresh, last = [], None
    for at, number, _, age, *like in pictures:
        if like and like[0] is not None and like[0] < LIKE:
            continue
        if number != last and at <= end:
            fresh.append((at, age))
        last = number
    return fresh


def measure(found):
    begin, end = found["began"], found["began"] + found["span"]
    fresh = new_pictures(found["pictures"], end)
    likes = [like[0] for *_, age, like in ((*p[:4], p[4:]) for p in found["pictures"]) if like and like[0] is not None]
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
        "first_frame_ms": found.get("first_frame_ms"),
        "like_p5": percentile(likes, 5),
        "unlike_pct": 100 * sum(like < LIKE for like in likes) / len(likes) if likes else None,
        "oscillations_30s": oscillations(tiers) * 30000 / found["span"],
    }
    up = tile_figures(found.get("up", []), found["span"])
    out.update(frozen_up_pct=up["frozen_pct"], gap_up_ms=up["gap_ms"])
    out.update(after(found, begin, fresh))
    return out


def oscillations(tiers):
    """How often it rose and had to be taken back."""
    risen = count = 0
    for before, now in zip(tiers, tiers[1:]):
        count += now > before and risen
        risen = now < before or (risen and now == before)
    return count


def tile_figures(series, span):
    """What a bot has reported of one tile, once a second: [[ms, new numbers, gaps, ms in gaps, ms since the newest number, ...]...]. A gap counts
    when it ends, so its length is what the ms in gaps grow by; several within a second count as alike."""
    if len(series) < 2:
        return {"fps": None, "frozen_pct": None, "gap_ms": None}
    steps = [(b[2] - a[2], b[3] - a[3]) for a, b in zip(series, series[1:])]
    lasting = series[-1][4] if series[-1][4] > GAP_MS else 0
    gaps = [grown_by / count for count, grown_by in steps if count > 0] + [lasting]
    frozen = sum(grown_by for _, grown_by in steps) + lasting
    ms = series[-1][0] - series[0][0]
    return {"fps": (series[-1][1] - series[0][1]) * 1000 / ms, "frozen_pct": min(100, 100 * frozen / span), "gap_ms": max(gaps)}


def crowd(found, folder, said):
    """{ROW_metric: value} of those who were there together, and of each with the others' links perfect (alone)."""
    out = {}
    for row, seen in found["rows"].items():
        series, tiers, link = seen["series"], [tier_index(t) for _, t in seen["tiers"]], seen["queue"]
        ages = [age for *_, age in series[1:] if age is not None]
        figures = {
            **tile_figures(series, seen["span"]),
            "tier": middle(tiers),
            "stoi": intelligibility(Path(folder) / f"{found['row']}-{row}-{found['seed']}.pcm", said, seen["heard_from"]),
            "latency_p50_ms": percentile(ages, 50),
            "latency_p95_ms": percentile(ages, 95),
            "concealed_pct": 100 * max(0, seen["missing"]) / max(1, seen["packets"] + seen["missing"]),
            "queue_p95_ms": link["wait_p95_ms"],
            "keyframes": seen["keyframes"],
            **tiers_after(seen, [(ms, t) for ms, t in seen["tiers"]]),
            **queue_after(seen),
        }
        if "after" in seen:  # the picture was gone from the cut on
            figures["video_back_ms"] = max(0, figures["gap_ms"] - 1000 * (seen["after"] - seen["cut"]))
            del figures["fps"], figures["frozen_pct"]  # it goes away for a while
        if seen.get("alone"):
            figures.update(against_alone(figures, seen["alone"]))
        out.update({f"{row}_{metric}": value for metric, value in figures.items()})
    return out


def against_alone(together, alone):
    """What somebody lost by the others' links."""
    figures, tier = tile_figures(alone["series"], alone["span"]), middle([tier_index(t) for _, t in alone["tiers"]])
    lost = None if not figures["fps"] or together["fps"] is None else max(0, 100 * (1 - together["fps"] / figures["fps"]))
    return {"fps_alone": figures["fps"], "tier_alone": tier, "fps_lost_pct": lost, "tiers_lost": max(0, together["tier"] - tier)}


def tier_index(name):
    return NAMES.index(name) if name and name in NAMES else len(NAMES)  # None: the room has let go of who is away


def after(found, begin, fresh):
    """How soon what had gone was back after the moment `after`, None: not in this window; what comes within `blind` ms was under way before."""
    if "after" not in found:
        return {}
    moment = begin + 1000 * found["after"]
    sure = moment + found.get("blind", 0)
    video = next((at - moment for at, _ in fresh if at > sure), None)
    heard = next((f["audio"] for f in reversed(found["figures"]) if f["ms"] <= sure), None)
    audio = next((f["ms"] - moment for f in found["figures"] if f["ms"] > sure and heard is not None and (f["audio"] > heard + 2 or 2 < f["audio"] < heard)), None)
    out = {"video_back_ms": video, "audio_back_ms": audio, **tiers_after(found, [(at, t) for at, t, _ in found["tiers"]]), **queue_after(found)}
    if "same_seat" in found:
        out["same_seat"] = int(found["same_seat"])
    return out


def tiers_after(found, tiers):
    """Seconds until tiers B, A, and the last one before the link was cut, were there; tiers: [(ms, name)]."""
    if "after" not in found:
        return {}
    since = lambda tier: next(((at / 1000 - found["after"]) for at, t in tiers if at / 1000 > found["after"] and tier_index(t) <= tier), None)  # noqa: E731
    old = [t for at, t in tiers if at / 1000 <= found["cut"]]
    return {"to_b_s": since(1), "to_a_s": since(0), "tier_back_s": since(tier_index(old[-1])) if old else None}


def queue_after(found):
    """Seconds from the cut until what waits on the way down stays below QUEUE_MS, up to the return."""
    waits = [(at / 1000 - found["cut"], down) for at, down, _ in found.get("queues", []) if found["cut"] <= at / 1000 <= found["after"]]
    if not waits:
        return {}
    long = [at for at, down in waits if down >= QUEUE_MS]
    if long and long[-1] == waits[-1][0]:
        return {"queue_short_s": None}
    return {"queue_short_s": next((at for at, _ in waits if at > long[-1]), None) if long else 0}


# ---- sound ----


def said_sample(anchors, ms, length):
    """The sample (opus.RATE) of a loop of `length` that was being said at `ms`; anchors: [[ms, packet]...] of when packets left, each PACKET_MS after
    its first sample was said. None: unknown, or the sender jumped."""
    step, rate = PACKET_MS * opus.RATE // 1000, opus.RATE / 1000
    guesses = [int(packet * step + step + (ms - at) * rate) % length for at, packet in anchors]
    apart = lambda a: abs((a - guesses[0] + length // 2) % length - length // 2)  # noqa: E731
    return guesses[0] if guesses and all(apart(g) <= step for g in guesses) else None


def hearing(found, path, said):
    """From mouth to ear: in the middle, and at most from RETURN_MS after what had gone was back; by chunks of half a second."""
    start = said_sample(found.get("said", []), found.get("heard_ms", 0), len(said))
    if start is None:
        return {}
    heard = resample(np.frombuffer(path.read_bytes(), "<i2") / 32768, opus.RATE)
    if len(heard) < 2 * STOI_RATE:
        return {}
    late = [1000 * n / STOI_RATE for n in lateness(resample(said, opus.RATE), heard, start * STOI_RATE // opus.RATE, EAR_MOST_S * STOI_RATE)]
    out = {"mouth_to_ear_ms": middle(late)}
    if "after" in found:
        step_ms = 1000 * CHUNK * HOP / STOI_RATE
        first = found["began"] + 1000 * found["after"] + RETURN_MS - found["heard_ms"]
        out["mouth_to_ear_4s_ms"] = percentile([ms for i, ms in enumerate(late) if i * step_ms >= first], 95)
    return out


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
    if what == "pictures":
        return write_pictures(clips, folder)
    print(json.dumps(figures_of([json.loads(line) for line in sys.stdin if line.strip()], clips, folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
