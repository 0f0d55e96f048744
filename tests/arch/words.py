#!/usr/bin/env python3
"""What ./run and ./test say: no colours off a terminal, and progress that reaches a pipe at once: words.py TOP PART RESULTS."""
import os
import pty
import select
import subprocess
import sys

from report import Report

SECONDS = 10  # a busy machine; what is collected would never come, the input stays open


def script(top, command):
    return ["bash", "-c", f'TOP="{top}"; . "$TOP/setup/words.sh"; {command}']


def environment(**more):
    return {"PATH": os.environ["PATH"], "TERM": "xterm", **more}


def on_terminal(top, command, **more):
    """All that a terminal is given."""
    master, slave = pty.openpty()
    subprocess.run(script(top, command), stdin=slave, stdout=slave, stderr=slave, env=environment(**more), check=False)
    os.close(slave)
    got = b""
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:  # the end of a terminal
            data = b""
        if not data:
            os.close(master)
            return got
        got += data


def colours(top):
    piped = subprocess.run(script(top, "say step; die broken 'mend it'"), capture_output=True, env=environment(), check=False)
    if piped.returncode != 1 or piped.stdout != b"==> step\n" or piped.stderr != b"\nCannot go on: broken\n  mend it\n":
        yield f"a pipe gets {piped.stdout!r} and {piped.stderr!r}"
    for words in ("say step", "die broken"):
        if b"\x1b[1" not in on_terminal(top, words):
            yield f"{words}: no colour on a terminal"
        for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            if b"\x1b" in on_terminal(top, words, **more):
                yield f"{words}: colour on a terminal in spite of {more}"


def at_once(top, filter_, line, expected):
    with subprocess.Popen(script(top, filter_), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as process:
        process.stdin.write(line)
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], SECONDS)
        got = os.read(process.stdout.fileno(), 4096) if ready else b""
        process.stdin.close()
    if got != expected:
        yield f"{filter_}: {got!r} has come of {line[:60]!r}"


def main(top, part, results):
    report = Report(part, results)
    report.case("colours are for terminals", list(colours(top)))
    report.case("progress reaches a pipe at once", [
        *at_once(top, "progress_of_build", b"    [1/9] Building x\n", b"    [1/9] Building x\n"),
        *at_once(top, "progress_of_build", b"ninja: Entering\nx.c:1: error: y\n", b"x.c:1: error: y\n"),
        *at_once(top, "progress_of_apt", b"Need to get 5 MB\n", b"    Need to get 5 MB\n"),
        *at_once(top, "progress_of_apt", b"Setting up x\n" * 25, b"    25 packages set up\n")])


main(*sys.argv[1:])
