"""Instructions of each stage of a room's work, counted by callgrind: the same on every run, whatever else the machine does.

tessera-stages runs each stage a fixed number of times on the same input. Another version of a library, a compiler or a machine without
AVX2 counts differently: what is compared has to be counted alike, which `taken` of the kept results says.
"""
import re
import subprocess
import tempfile
from pathlib import Path

import floor
from programs import install
from report import BenchError

CASES = {name: name for name in (
    "decode", "scale", "compose", "compose_unchanged", "label", "encoder_open", "encode_a", "encode_b", "encode_c", "encode_d", "packetise",
    "opus_decode", "audio_mix", "opus_encode", "srtp_protect", "srtp_unprotect")}
TARGETS = ["tessera-stages", "tessera-clips"]


def counted(programs, folder):
    """(stage, instructions) in the order in which they ran."""
    command = ["valgrind", "--tool=callgrind", "--zero-before=bench_stage", "--dump-after=bench_stage", f"--callgrind-out-file={folder}/out"]
    command += [programs.path("tessera-stages"), programs.clip_files("speech-*.clip")[0], floor.own_clips(programs)[0]]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    except FileNotFoundError:
        raise BenchError("valgrind is not here: install the package valgrind") from None
    if done.returncode != 0:
        raise BenchError("tessera-stages failed: " + done.stderr.strip()[-300:])
    for number, name in enumerate(done.stdout.split(), 1):
        found = re.search(r"^(?:summary|totals): (\d+)", Path(folder, f"out.{number}").read_text(), re.M)
        if not found:
            raise BenchError(f"callgrind counted nothing for {name}")
        yield name, int(found.group(1))


def run(report, programs, cases, quick):
    install("test")
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as folder:
        found = dict(counted(programs, folder))
    for case in cases:
        report.add(case, "instructions", found[case], "Ir")
    # A canvas that did not change is compared with, and not drawn.
    if "compose_unchanged" in cases:
        report.add("compose_unchanged", "of_encode", found["compose_unchanged"] / sum(found[f"encode_{t}"] / 2 for t in "abcd"), "share", goal=0.05)
