"""What moved between two runs: bench/run compare OLD NEW. A file is what --save kept or what --json printed."""
import json
from pathlib import Path

from report import BenchError

MOVED = 0.03  # less is noise even on an idle machine
INSTRUCTIONS = 0.05  # these have no noise: more of them is a regression


def figures(path):
    try:
        text = Path(path).read_text()
        rows = json.loads(text)["figures"] if '"figures"' in text else [json.loads(line) for line in text.splitlines()]
        return {(r["bench"], r["case"], r["metric"]): r for r in rows}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BenchError(f"{path} holds no figures of a bench: {problem}") from None


def met(row):
    return row["goal"] is None or (row["value"] <= row["goal"] if row["better"] == "lower" else row["value"] >= row["goal"])


def word(old, new):
    if met(old) != met(new):
        return "goal met now" if met(new) else "GOAL MISSED NOW"
    if new["unit"] == "Ir" and new["value"] > old["value"] * (1 + INSTRUCTIONS):
        return "MORE INSTRUCTIONS"
    return "better" if (new["value"] < old["value"]) == (new["better"] == "lower") else "worse"


def show(old_path, new_path):
    """Returns 1 when a goal was met and is not any more, or a stage takes more instructions."""
    old, new = figures(old_path), figures(new_path)
    lost = 0
    for key in [k for k in new if k in old]:
        before, after = old[key], new[key]
        change = (after["value"] - before["value"]) / abs(before["value"]) if before["value"] else float(after["value"] != 0)
        what = word(before, after)
        lost += what.isupper()
        if abs(change) >= MOVED or "oal" in what.lower():
            name = " ".join(key)
            print(f"{name:40} {before['value']:10.3f} -> {after['value']:10.3f} {after['unit']:6} {change:+7.1%}  {what}")
    for sign, keys in (("-", [k for k in old if k not in new]), ("+", [k for k in new if k not in old])):
        for key in keys:
            print(f"{sign} {' '.join(key)}")
    return 1 if lost else 0
