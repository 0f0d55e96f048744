"""Figures of a bench: printed as a table or as JSON lines, kept with the machine they were taken on."""
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PACKAGES = ["libavcodec59", "libx264-164", "libvpx7", "libopus0", "libyuv0", "libsrtp2-1", "libnice10", "libssl3", "libglib2.0-0", "libspeexdsp1", "chromium", "janus", "gcc-12", "valgrind"]


class BenchError(Exception):
    """Said to the person who runs the bench; no traceback."""


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def percentile(values, share):
    """Nearest rank; None without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 100) - 1))] if ordered else None


def middle(values):
    return statistics.median(values) if values else None


class Report:
    def __init__(self, bench, as_json):
        self.bench, self.as_json, self.rows = bench, as_json, []
        self.shown = False  # the bench prints a table of its own

    def add(self, case, metric, value, unit, better="lower", goal=None, **more):
        """`more` is kept beside the figure; never: it stands for what did not come at all; why: a goal cannot be met."""
        if value is None:
            say(f"{case}: no figure for {metric}")
            return
        row = {"bench": self.bench, "case": case, "metric": metric, "value": round(float(value), 4), "unit": unit, "goal": goal, "better": better, **more}
        self.rows.append(row)
        if self.as_json:
            print(json.dumps(row), flush=True)

    def finish(self):
        if self.as_json or self.shown or not self.rows:
            return
        print(f"{'case':8} {'metric':22} {'value':>10}  {'unit':8} goal")
        for row in self.rows:
            goal = ""
            if row["goal"] is not None:
                met = row["value"] <= row["goal"] if row["better"] == "lower" else row["value"] >= row["goal"]
                goal = f"{'<=' if row['better'] == 'lower' else '>='} {row['goal']:g} {'met' if met else 'MISSED'}{'' if met or 'why' not in row else ': ' + row['why']}"
            value = "never" if row.get("never") else f"{row['value']:.3f}"
            print(f"{row['case']:8} {row['metric']:22} {value:>10}  {row['unit']:8} {goal}".rstrip())

    def save(self, quick, partial):
        """`partial`: only some cases were run; what is kept of the others stays, with where that was taken."""
        folder = TOP / "bench" / "results"
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.bench}.json"
        kept = {"taken": machine(quick), "figures": self.rows}
        if partial and path.exists():
            before = json.loads(path.read_text())
            cases = {row["case"] for row in self.rows}
            kept["figures"] = [row for row in before["figures"] if row["case"] not in cases] + self.rows
            kept["others_taken"] = before["taken"]
        path.write_text(written(kept, self.shown) + "\n")
        say(f"kept in {path.relative_to(TOP)}")


def written(kept, one_a_line):
    """As JSON; a bench with a table of its own has many figures: one a line."""
    if not one_a_line:
        return json.dumps(kept, indent=1)
    rows = kept["figures"]
    text = json.dumps({**kept, "figures": []}, indent=1)
    return text.replace('"figures": []', '"figures": [\n  ' + ",\n  ".join(json.dumps(row) for row in rows) + "\n ]")


def versions():
    """Of the packages that figures depend on, as far as they are here."""
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES], capture_output=True, text=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines() if " " in line)


def machine(quick):
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(TOP), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit,
        "quick": quick,
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "load_1min": round(os.getloadavg()[0], 2),
        "versions": versions(),
    }
