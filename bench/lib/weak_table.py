#!/usr/bin/python3
"""weak_table.py: what bench/run weak-link --save has kept, as the table of README: each figure that has a goal, its worst seed, its goal, and
the same of two browsers without a server."""
import json
import sys

from report import TOP

LINKS = {
    "r00": "perfect", "r01": "5 Mbit/s, RTT 50", "r02": "5 % loss, RTT 100", "r03": "10 % loss", "r04": "20 % loss", "r05": "30 % loss", "r06": "50 % loss",
    "r07": "bursts of 4, 10 %", "r07b": "bursts of 4, 28 %", "r08": "256 kbit/s, queue 2 s", "r09": "100 kbit/s, queue 300 ms", "r10": "64 kbit/s, queue 1 s",
    "r11": "32 kbit/s, RTT 500, jitter 100", "r12": "RTT 600, 2 % loss, jitter 20, 1 Mbit/s", "r13": "1 Mbit/s, 128 kbit/s for 20 s, 1 Mbit/s",
    "r14": "out for 10 s", "r15": "out for 30 s", "r15b": "another address", "r16": "stalls 1.5 s, then a burst", "r17": "jitter 0-150 ms, 3 % overtaken", "r18": "policer 150 kbit/s",
    "r19": "1 Mbit/s beside a download", "r20": "up 64 kbit/s beside an upload", "r21": "20 join in 2 s", "r22": "twelve of these at once",
    "r23": "64 kbit/s, speaks with hands", "r24": "64 kbit/s, cold join",
}  # fmt: skip


def number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def value_of(figure, unit=""):
    return "never" if figure.get("never") else number(figure["value"]) + unit


def lines(figures):
    by = {(f["case"], f["metric"]): f for f in figures}
    for (case, metric), f in sorted(by.items()):
        if metric.endswith("_worst") or f["goal"] is None:
            continue
        sign = "<=" if f["better"] == "lower" else ">="
        worst, p2p = by.get((case, metric + "_worst")), by.get((case, metric + "_p2p"))
        met = f["value"] <= f["goal"] if f["better"] == "lower" else f["value"] >= f["goal"]
        unit = f" {f['unit']}" if f["unit"] else ""
        missed = "" if met else f", missed: {f['why']}" if "why" in f else ", missed"
        yield f"| {case[1:].lstrip('0') or 0} | {LINKS[case]} | {metric.removesuffix('_' + f['unit'])} | {value_of(f, unit)} | {value_of(worst) if worst else ''} | {sign} {number(f['goal'])}{missed} | {number(p2p['value']) if p2p else ''} |"


def main():
    path = TOP / "bench" / "results" / "weak-link.json"
    if not path.exists():
        print("nothing is kept: bench/run weak-link --save", file=sys.stderr)
        return 1
    print("| row | link | figure | median | worst seed | goal | two browsers alone |\n|---|---|---|---|---|---|---|")
    for line in lines(json.loads(path.read_text())["figures"]):
        print(line)
    return 0


sys.exit(main())
