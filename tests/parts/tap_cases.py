#!/usr/bin/env python3
"""Turns the TAP of `node --test` into one result line a case: tap_cases.py TAP STATUS PREFIX RESULTS.

A test with subtests is not counted itself unless it failed though none of them did (a hook, a time limit). STATUS is node's exit
status: a run that failed without a failed case counts as one."""
import re
import sys

POINT = re.compile(r"^( *)(not )?ok \d+ - (.*)$")
DETAIL = re.compile(r"^ *(error|failureType|expected|actual|code|location):")


def read(path):
    """Yields (status, name, details) of each leaf."""
    children = {}  # indent -> how many points, how many failed ones since the last point of a lower indent
    found = []
    for line in open(path, encoding="utf-8", errors="replace"):
        match = POINT.match(line.rstrip("\n"))
        if not match:
            if found and DETAIL.match(line) and found[-1][0] == "not ok":
                found[-1][2].append(line.strip())
            continue
        indent, failed, name = len(match.group(1)), bool(match.group(2)), match.group(3)
        points, failures = children.pop(indent + 4, (0, 0))
        own = children.get(indent, (0, 0))
        children[indent] = (own[0] + 1, own[1] + failed)
        directive = re.search(r"\s#\s*(skip|todo)\b(.*)$", name, re.I)
        if directive:
            name = name[: directive.start()]
        if points == 0 or (failed and failures == 0):
            status = "skip" if directive else "not ok" if failed else "ok"
            found.append((status, name, []))
    return found


def main(tap, status, prefix, results):
    found = read(tap)
    if not found:
        found.append(("not ok", "no test ran", []))
    elif status != "0" and not any(case[0] == "not ok" for case in found):
        found.append(("not ok", f"node ended with status {status}", []))
    with open(results, "a", encoding="utf-8") as out:
        for outcome, name, details in found:
            out.write(f"{outcome} {prefix}: {name}\n")
            if outcome == "not ok":
                print(f"    not ok {name}")
                for detail in details[:6]:
                    print(f"        {detail}")


main(*sys.argv[1:])
