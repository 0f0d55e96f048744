"""What is left of each tier's canvases after the room's encoders: ssim, and how much of the tier's bitrate was spent.

Nothing is paced and nothing runs beside anything: the figures are the same on every run and every machine with these libraries. Four
people in a grid, on clips of real cameras where there are any.

With --sweep other settings of the encoder are held against those it has: the best ones of those that cost no more than COSTS of its
time should be the ones it has, all tiers together.
"""
import floor
from report import say

CASES = {"A": 0, "B": 1, "C": 2, "D": 3}
TARGETS = ["tessera-quality", "tessera-clips"]
TIERS = floor.TIERS.split(",")
GOAL = {"D": 0.962}
PEOPLE = 4
WARM_UP = 2 * floor.FPS  # the rate control has found its way


sweep = False  # set by bench/run
COSTS = 1.1
BELOW_BEST = 0.001  # what is closer is the same
OTHERS = ["aq-mode=0", "aq-strength=0.8", "aq-strength=1.0", "aq-mode=2:aq-strength=0.6", "vbv-bufsize=2s", "ref=2", "intra-refresh=1:keyint=10s", "keyint=10s"]


def in_numbers(settings, tier):
    """Seconds, as bits of the buffer or as pictures."""
    size, kbps = tier.split(":")
    return settings.replace("vbv-bufsize=2s", f"vbv-bufsize={2 * int(kbps)}").replace("=10s", f"={10 * int(size.split('@')[1])}")


def measured(programs, tier, seconds, files, settings=None):
    how = ["-x", in_numbers(settings, tier)] if settings else []
    return programs.json_of("tessera-quality", "-n", PEOPLE, "-t", tier, "-f", seconds * floor.FPS, "-w", WARM_UP, *how, *files)["tiers"][0]


def sweep_all(report, programs, cases, seconds, files):
    found = {}
    for settings in [None, *OTHERS]:
        say(settings or "as it is")
        found[settings] = [measured(programs, TIERS[CASES[case]], seconds, files, settings) for case in cases]
        for case, tier in zip(cases, found[settings]):
            report.add(case, f"ssim {settings or 'as it is'}", tier["ssim"], "share", better="higher")
            report.add(case, f"encode_ms {settings or 'as it is'}", tier["encode_ms"], "ms/s")

    def total(settings, what):
        return sum(tier[what] for tier in found[settings])

    affordable = [s for s in found if total(s, "encode_ms") <= COSTS * total(None, "encode_ms")]
    best = max(affordable, key=lambda s: total(s, "ssim"))
    say(f"best within {COSTS} of the cost: {best or 'as it is'}")
    report.add("all", "below_best", (total(best, "ssim") - total(None, "ssim")) / len(cases), "share", goal=BELOW_BEST)


def run(report, programs, cases, quick):
    files = floor.camera_clips(programs)
    seconds = 4 if quick else 10
    if sweep:
        return sweep_all(report, programs, cases, seconds, files)
    for case in cases:
        say(f"tier {case}")
        tier = TIERS[CASES[case]]
        found = measured(programs, tier, seconds, files)
        # The goal is for real cameras; our drawn faces are another matter.
        goal = GOAL.get(case) if files != floor.own_clips(programs) else None
        report.add(case, "ssim", found["ssim"], "share", better="higher", goal=goal)
        report.add(case, "bitrate_share", found["kbps"] / int(tier.split(":")[1]), "share")
