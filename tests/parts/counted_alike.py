#!/usr/bin/env python3
"""counted_alike.py RESULTS: whether instructions can be held against those kept in RESULTS: another compiler, library or processor counts
differently. Prints why not, and fails."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "lib"))

from report import versions  # noqa: E402

COUNTS = ("gcc-12", "valgrind", "libavcodec59", "libx264-164", "libopus0", "libyuv0", "libsrtp2-1", "libspeexdsp1")

kept = json.loads(Path(sys.argv[1]).read_text())["taken"]["versions"]
here = versions()
differs = [f"{name} {here.get(name, 'is not here')}" for name in COUNTS if here.get(name) != kept.get(name)]
if "avx2" not in Path("/proc/cpuinfo").read_text().split():
    differs.append("no AVX2")
if differs:
    sys.exit("they were counted with another machine: " + ", ".join(differs))
