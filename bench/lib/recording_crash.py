"""What a kill -9 takes of a recording: recorders alone, many at a time, killed at random instants (--runs, 1000)."""
import recording

CASES = {"kill9": None}
TARGETS = ["test_recorder_kill"]
runs = 0  # --runs; 0 = 1000, with --quick 50


def run(report, programs, cases, quick):
    for _ in cases:
        recording.kills(report, programs, runs or (50 if quick else 1000))
