#!/usr/bin/env python3
"""No file ties the project to one machine or to one package server: places.py TOP PART RESULTS."""
import re
import sys

from report import Report, files, text

# Folders of one developer's machine; written in pieces so that this file is not its own finding.
MACHINE = re.compile(r"(?<![\w.$}])/(?:" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me/[a-z]", "Us" + "ers"]) + r")/")
PACKAGE_SERVER = re.compile(r"https?://(?:registry|deb|ftp\d?|security|pypi|proxy|repo\d?|index|crates|static|files|mirrors?)\.[\w.-]+", re.I)
RESOLVED = re.compile(r'"resolved"\s*:\s*"https?:')


def problems_of(top, name):
    found = []
    for number, line in enumerate(text(top, name).splitlines(), 1):
        for what, pattern in (("a path of one machine", MACHINE), ("a package server", PACKAGE_SERVER), ("a package server", RESOLVED)):
            if pattern.search(line):
                found.append(f"{name}:{number}: names {what}: {line.strip()[:100]}")
    return found


def main(top, part, results):
    problems = [p for name in files(top) if not name.endswith((".png", ".wav", ".ttf", ".ico")) for p in problems_of(top, name)]
    Report(part, results).case("no machine and no package server is named", problems)


main(*sys.argv[1:])
