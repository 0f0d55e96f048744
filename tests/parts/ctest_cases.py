#!/usr/bin/env python3
"""Turns ctest's JUnit file into one result line a case: ctest_cases.py JUNIT PREFIX RESULTS.

A cmocka binary prints its cases as TAP; each counts. A binary that failed without saying which case (crash, time limit,
sanitizer report) counts as one failed case of its own, and one that prints no TAP counts as one case."""
import re
import sys
import xml.etree.ElementTree as ElementTree

POINT = re.compile(r"^(not )?ok \d+ (?:- )?(.*)$")


def cases_of(text):
    for line in text.splitlines():
        match = POINT.match(line.strip())
        if not match:
            continue
        name = match.group(2).strip()
        if re.match(r"#\s*skip", name, re.I):
            yield "skip", re.sub(r"^#\s*skip\s*", "", name, flags=re.I)
        else:
            yield "not ok" if match.group(1) else "ok", name


def main(junit, prefix, results):
    lines = []
    try:
        tests = ElementTree.parse(junit).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError) as error:
        tests = []
        lines.append(f"not ok {prefix}ctest left no results ({error})")
        print(f"    {lines[-1]}")
    for test in tests:
        name = test.get("name")
        output = test.findtext("system-out") or ""
        passed = test.get("status") == "run"
        found = list(cases_of(output))
        if not passed and not any(status == "not ok" for status, _ in found):
            found.append(("not ok", "ended badly"))
        if not found:
            found.append(("ok", ""))
        for status, case in found:
            lines.append(f"{status} {prefix}{name}{': ' if case else ''}{case}")
        if not passed:
            print(f"    not ok {prefix}{name}")
            for line in output.splitlines()[-40:]:
                print(f"        {line}")
    with open(results, "a", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in lines)


main(*sys.argv[1:])
