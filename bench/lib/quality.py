"""What is left of each tier's canvases after the room's encoders: ssim, and how much of the tier's bitrate was spent.

Nothing is paced and nothing runs beside anything: the figures are the same on every run and every machine with these libraries. Four
people in a grid, on clips of real cameras where there are any.
"""
import floor
from report import say

CASES = {"A": 0, "B": 1, "C": 2, "D": 3}
TARGETS = ["tessera-quality", "tessera-clips"]
TIERS = floor.TIERS.split(",")
GOAL = {"D": 0.962}
PEOPLE = 4
WARM_UP = 2 * floor.FPS  # the rate control has found its way


def run(report, programs, cases, quick):
    files = floor.camera_clips(programs)
    for case in cases:
        say(f"tier {case}")
        tier = TIERS[CASES[case]]
        ticks = (4 if quick else 10) * floor.FPS
        found = programs.json_of("tessera-quality", "-n", PEOPLE, "-t", tier, "-f", ticks, "-w", WARM_UP, *files)["tiers"][0]
        # The goal is for real cameras; our drawn faces are another matter.
        goal = GOAL.get(case) if files != floor.own_clips(programs) else None
        report.add(case, "ssim", found["ssim"], "share", better="higher", goal=goal)
        report.add(case, "bitrate_share", found["kbps"] / int(tier.split(":")[1]), "share")
