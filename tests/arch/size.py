#!/usr/bin/env python3
"""Size report: functions over 80 lines and files over 500 are named, not failed: size.py TOP PART RESULTS."""
import re
import sys

from report import Report, files, text

FILE_LINES = 500
FUNCTION_LINES = 80
NAME = re.compile(r"(\w+)\s*\(")


def functions(source):
    """Yields (name, first line, lines): a body is from a `{` in column 0 to the `}` in column 0 below it."""
    head, start = "", None
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            match = NAME.search(head)
            yield (match.group(1) if match else head), start, number - start
            head, start = "", None
        elif start is None and line[:1].isalpha():
            head = line


def main(top, part, results):
    for name in files(top, ".c", ".h", ".js", ".mjs", ".py", ".sh", ".css"):
        source = text(top, name)
        lines = source.count("\n")
        if lines > FILE_LINES:
            print(f"    warning: {name} has {lines} lines")
        if name.endswith(".c"):
            for function, line, length in functions(source):
                if length > FUNCTION_LINES:
                    print(f"    warning: {name}:{line}: {function} has {length} lines")
    Report(part, results).case("size report")


main(*sys.argv[1:])
