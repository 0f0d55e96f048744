#!/usr/bin/env python3
"""The arrows between the folders, read from the includes: includes.py TOP PART RESULTS.

Siblings never include each other; what two of them share is a plain struct in mcu/base. Another arrow is a failure."""
import os
import re
import sys

from report import Report, files, text

# What each box may include besides itself. The longest matching folder names the box of a file.
ARROWS = {
    "mcu/base": [],
    "mcu/net": ["mcu/base"],
    "mixer": ["mcu/base"],
    "recorder": ["mcu/base"],
    "mcu/room": ["mcu/net", "mixer", "recorder", "mcu/base"],
    "mcu/bot": ["mcu/net", "mixer", "mcu/base"],
    "mcu": ["mcu/room", "mcu/base"],
    "signaling": ["mcu/base"],
    "signaling/phone": ["mcu/net", "mixer", "mcu/base"],
}
FREE = ("tests/", "bench/")  # look into every box
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def box_of(path):
    while path:
        path = os.path.dirname(path)
        if path in ARROWS:
            return path
    return None


def problems_of(top, name):
    own = box_of(name)
    if own is None:
        return [f"{name} is in none of the folders of the floor plan"]
    found = []
    for included in INCLUDE.findall(text(top, name)):
        if not os.path.isfile(os.path.join(top, included)):
            found.append(f'{name} includes "{included}": write it from the top of the repository')
            continue
        other = box_of(included)
        if other != own and other not in ARROWS[own]:
            found.append(f"{name} includes {included}: {own} may not look into {other}")
    return found


def main(top, part, results):
    report = Report(part, results)
    by_box = {box: [] for box in ARROWS}
    for name in files(top, ".c", ".h"):
        if not name.startswith(FREE):
            by_box.setdefault(box_of(name), []).append(name)
    for box, names in by_box.items():
        if names:
            report.case(f"arrows of {box}", [p for name in names for p in problems_of(top, name)])


main(*sys.argv[1:])
