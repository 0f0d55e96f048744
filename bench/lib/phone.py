"""A room of telephones: what a leg costs the room's process, and how long a sound is in it.

tessera-phone-room holds a real room whose participants are PCMU legs over loopback; the telephones are a process of their own. In
legs10 all ten talk, in legs50 two talk and 48 listen.
"""
from report import BenchError

CASES = {"legs10": (10, 10, 3.0), "legs50": (50, 2, 2.0)}
TARGETS = ["tessera-phone-room"]


def run(report, programs, cases, quick):
    for case in cases:
        legs, talkers, goal = CASES[case]
        got = programs.json_of("tessera-phone-room", "-n", legs, "-t", talkers, "-s", 6 if quick else 20)
        if not got["pulses"]:
            raise BenchError(f"{case}: no sound came through the room")
        report.add(case, "cpu_ms_per_leg", got["cpu_ms_per_leg"], "ms", goal=goal)
        report.add(case, "delay_p50_ms", got["delay_p50_ms"], "ms", goal=60)
        report.add(case, "delay_p95_ms", got["delay_p95_ms"], "ms", goal=100)
