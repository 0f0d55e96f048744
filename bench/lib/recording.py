"""What recording costs a room: on a tier that somebody watches anyway, of a visit whose people speak one after the other (shared) or all at once
(chorus: what everybody says is then heard by nobody but the recording, which has an encode of its own), on a tier that nobody watches (own); what a kill -9
takes (kill9); how long what is recorded in the audit trail waits for the disk (trail).

The same visit again and again before, while and after it is recorded, so that what else the machine does falls out; the desk (desk.py) takes
the gateway's place. `cpu_pct` is what recording adds to the room process, of what it uses without; `cpu_pct_error` is the standard error of that.
What coders take varies by more than recording adds on any machine that is not quiet: `uncoded_pct` is the same without their threads.
"""
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

import process
from desk import Desk
from report import BenchError, middle, say
from server import Room, Server

CASES = {"shared": ["A", "B", "C", "D"], "chorus": ["A", "B", "C", "D"], "own": ["B", "B", "C", "D"], "kill9": None, "trail": None}
TARGETS = ["tessera-launcher", "tessera", "tessera-room", "tessera-bot", "tessera-clips", "tessera-recording", "test_recorder_kill", "test_sig_trail_wait"]
GOAL_PCT = {"shared": 2.0, "chorus": 2.0, "own": None}


def run(report, programs, cases, quick):
    for case in cases:
        if case == "kill9":
            kills(report, programs, 50 if quick else 1000)
        elif case == "trail":
            trail(report, programs, 10 if quick else 60)
        else:
            visit(report, programs, case, quick)


CODERS = ("enc-", "video")  # threads: what their names begin with


def cpu_ms(pid, seconds):
    """CPU milliseconds a second of the room process, and of its threads that do not encode or decode pictures."""
    before, start = process.threads_cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    after, passed = process.threads_cpu_s(pid), time.monotonic() - start
    spent = {thread: (s - before.get(thread, 0)) / passed * 1e3 for thread, s in after.items()}
    return sum(spent.values()), sum(ms for (_, name), ms in spent.items() if not name.startswith(CODERS))


def added(without, with_it):
    """Of each recorded window, beside the mean of the ones before and after it."""
    return [w - (a + b) / 2 for a, b, w in zip(without, without[1:], with_it)]


def visit(report, programs, case, quick):
    window_s, rounds = (4, 2) if quick else (8, 10)
    folder = tempfile.mkdtemp(prefix="tessera-desk-")
    say(f"{case}: a visit of 4")
    with Server(programs) as server:
        room = Room(server, "Bench", CASES[case])
        room.start_bots(60 + 3 * window_s * rounds, *([] if case == "chorus" else ["--turns"]))
        room.wait_live(30)
        pid = max(server.room_processes(), key=process.cpu_s)
        gateway = next(p for p in process.below(server.child.pid) if process.name_of(p) == "tessera")
        os.kill(gateway, signal.SIGSTOP)
        try:
            desk = Desk(server.data / "rooms", room.id, folder)
            without, with_it, sizes = [], [], []
            for n in range(rounds):
                without.append(cpu_ms(pid, window_s))
                desk.file(f"rec{n}", f"segment{n}")
                desk.start(f"rec{n}")
                with_it.append(cpu_ms(pid, window_s))
                desk.stop(f"rec{n}")
                time.sleep(0.2)
                sizes.append((desk.out / f"segment{n}.tsr").stat().st_size / window_s)
            without.append(cpu_ms(pid, window_s))
        finally:
            os.kill(gateway, signal.SIGCONT)
            shutil.rmtree(folder, ignore_errors=True)
    room, recorded = [w[0] for w in without], [w[0] for w in with_it]
    room_ms = middle(room)
    extra = added(room, recorded)
    uncoded = added([w[1] for w in without], [w[1] for w in with_it])
    report.add(case, "cpu_pct", middle(extra) / room_ms * 100, "%", goal=GOAL_PCT[case])
    report.add(case, "cpu_pct_error", statistics.stdev(extra) / len(extra) ** 0.5 / room_ms * 100, "%")
    report.add(case, "uncoded_pct", middle(uncoded) / room_ms * 100, "%")
    report.add(case, "cpu_ms", middle(extra), "ms/s")
    report.add(case, "room_cpu_ms", room_ms, "ms/s")
    report.add(case, "written", middle(sizes) / 1024, "KiB/s")


def kills(report, programs, number):
    say(f"kill9: {number} recorders killed")
    done = subprocess.run([programs.path("test_recorder_kill")], env={**os.environ, "TESSERA_KILLS": str(number)}, capture_output=True, text=True)
    found = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith('{"kills"')]
    if not found:
        raise BenchError("test_recorder_kill: " + done.stderr[-500:])
    seen = json.loads(found[0])
    report.add("kill9", "lost_s", seen["lost_worst_ms"] / 1e3, "s", goal=1.0)
    report.add("kill9", "lost_mean_s", seen["lost_mean_ms"] / 1e3, "s")
    report.add("kill9", "lost_bytes", seen["lost_worst_bytes"], "byte")
    report.add("kill9", "lost_mean_bytes", seen["lost_mean_bytes"], "byte")
    report.add("kill9", "recover_ms", seen["recover_worst_ms"], "ms")


def trail(report, programs, seconds):
    say(f"trail: {seconds} s of a clinic's joins and changes")
    done = subprocess.run([programs.path("test_sig_trail_wait")], env={**os.environ, "TESSERA_TRAIL_S": str(seconds)}, capture_output=True, text=True)
    found = [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith('{"waits"')]
    if len(found) != 3:
        raise BenchError("test_sig_trail_wait: " + done.stderr[-500:])
    for seen in found:
        report.add("trail", f"{seen['waits']}_p50_ms", seen["p50_ms"], "ms")
        report.add("trail", f"{seen['waits']}_p99_ms", seen["p99_ms"], "ms", goal=None if seen["waits"] == "disk" else 10.0)
