#!/usr/bin/env python3
"""What bench/run weak-link makes of what was noted, by numbers that are known: gaps, recovery, lateness, goals of what never came."""
import sys
import types
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "lib"))
import opus  # noqa: E402
import weak_link  # noqa: E402
import weak_measure as measure  # noqa: E402
from align import lateness  # noqa: E402
from report import Report  # noqa: E402
from stoi import RATE  # noqa: E402

bad = 0


def check(what, got, wanted):
    global bad  # noqa: PLW0603  the one count
    ok = got == wanted
    bad += not ok
    print(f"{'ok' if ok else 'not ok'} {what}" + ("" if ok else f": {got}, wanted {wanted}"))


def pictures():
    plain = [[at, at // 40, 640, 100] for at in range(0, 400, 40)]
    check("pictures count by their numbers", len(measure.new_pictures(plain, 1000)), 10)
    like = [[*p, 0.95 if i % 2 else 0.5] for i, p in enumerate(plain)]
    check("those that are unlike what was sent count for none", [at for at, _ in measure.new_pictures(like, 1000)], [40, 120, 200, 280, 360])
    mended = [[0, 1, 640, 100, 0.5], [40, 1, 640, 140, 0.97], [80, 2, 640, 100, None]]
    check("a number that is mended is new; one that cannot be compared counts", [at for at, _ in measure.new_pictures(mended, 1000)], [40, 80])


def tiles():
    # ms, new numbers, gaps, ms in gaps, ms since the newest
    series = [[0, 0, 0, 0, 10], [1000, 25, 0, 0, 10], [2000, 35, 1, 600, 10], [3000, 50, 1, 600, 400]]
    check("a tile's gaps end where a number is new, and the last one lasts", measure.tile_figures(series, 3000), {"fps": 50 / 3, "frozen_pct": 100 * 1000 / 3000, "gap_ms": 600})
    check("nothing was reported", measure.tile_figures([], 3000)["frozen_pct"], None)
    together, alone = {"fps": 8, "tier": 3}, {"series": [[0, 0, 0, 0, 0], [1000, 10, 0, 0, 0]], "span": 1000, "tiers": [[0, "C"]]}
    lost = measure.against_alone(together, alone)
    check("what somebody lost by the others", (round(lost["fps_lost_pct"]), lost["tiers_lost"]), (20, 1))


def recovery():
    row = {"cut": 5, "after": 25, "span": 45000, "began": 0}
    tiers = [[at, "A" if at < 6000 else "D" if at < 28000 else "B", 5] for at in range(0, 45000, 250)]
    waits = [[at, 900 - (at - 5000) // 2 if 5000 <= at < 6800 else 20, 0] for at in range(0, 45000, 100)]
    figures = [{"ms": at, "audio": at // 20} for at in range(0, 45000, 100)]
    found = measure.after({**row, "tiers": tiers, "queues": waits, "figures": figures, "same_seat": True}, 0, [(25300, 50)])
    check("the queue stays short from there on", round(found["queue_short_s"], 1), 1.5)
    check("tier B is back, A never", (found["to_b_s"], found["to_a_s"], found["tier_back_s"]), (3.0, None, None))
    check("picture and seat", (found["video_back_ms"], found["same_seat"]), (300, 1))
    check("a queue that stays", measure.queue_after({**row, "queues": [[at, 300, 0] for at in range(0, 45000, 100)]}), {"queue_short_s": None})
    moved = measure.after({**row, "after": 3, "cut": 3, "blind": 500, "tiers": tiers, "figures": [{"ms": 100 * i, "audio": 200 if i < 70 else i - 70} for i in range(450)]}, 0, [(3040, 50), (7500, 60)])
    check("what was under way before is not back", (moved["video_back_ms"], moved["audio_back_ms"]), (4500, 4300))
    check("rises that had to be taken back", [measure.oscillations(t) for t in ([3, 3, 2, 2, 3, 2, 3], [0, 1, 2, 3], [3, 2, 1], [])], [2, 0, 0, 0])


def ear():
    noise = np.random.default_rng(3).standard_normal(12 * RATE)
    words = noise * np.repeat(np.random.default_rng(4).random(120), RATE // 10)  # syllables, sort of
    said = 3 * RATE  # that sample of the loop as it began to be heard
    heard = words[(said - RATE // 4 + np.arange(8 * RATE)) % len(words)]  # 250 ms late
    late = [1000 * n / RATE for n in lateness(words, heard, said, 5 * RATE)]
    check("250 ms late", (round(min(late)), round(max(late))), (250, 250))
    twice = np.concatenate([words[: 6 * RATE]] * 2)
    for said in (3 * RATE, 9 * RATE):
        late = [1000 * n / RATE for n in lateness(twice, twice[(said - RATE // 4 + np.arange(8 * RATE)) % len(twice)], said, 5 * RATE)]
        check(f"words that come twice are not taken for each other, from {said // RATE} s on", (round(min(late)), round(max(late))), (250, 250))
    length = 12 * opus.RATE
    check("what was being said", measure.said_sample([[1000, 10], [2000, 60]], 1500, length), 11 * 960 + 24000)
    check("a sender that has jumped", measure.said_sample([[1000, 10], [2000, 90]], 1500, length), None)


def goals():
    kept = types.SimpleNamespace(rows=[])
    report = Report("weak-link", False)
    weak_link.add_row(report, "r14", [{"audio_back_ms": 200, "video_back_ms": None, "tier_back_s": 1, "fps": None}, {"error": "gone"}, {"audio_back_ms": 250, "video_back_ms": 400, "tier_back_s": 2}], True, {})
    kept = {r["metric"]: r for r in report.rows}
    check("a run that failed counts as the worst", (kept["audio_back_ms"]["value"], kept["audio_back_ms_worst"]["value"], kept["audio_back_ms_worst"].get("never")), (250, 60000, True))
    check("what never came in most runs never came", (kept["video_back_ms"]["value"], kept["video_back_ms"].get("never")), (60000, True))
    check("what has no goal and no figure is left out", "fps" in kept, False)
    report = Report("weak-link", False)
    weak_link.add_row(report, "r13", [{"to_a_s": None, "to_b_s": 3, "gap_ms": 700, "queue_short_s": 1}], True, {})
    a = next(r for r in report.rows if r["metric"] == "to_a_s")
    check("what cannot be met says why", (a.get("never"), a["goal"], "1.2 Mbit/s" in a["why"]), (True, 10, True))
    check("the worst seed", [weak_link.worst_goal("r03", m, g) for m, g in (("stoi", 0.97), ("tier", 2), ("gap_ms", 200), ("fps", 12))], [0.955, 2, 300, 8])


for part in (pictures, tiles, recovery, ear, goals):
    part()
sys.exit(bad > 0)
