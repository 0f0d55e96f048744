#!/usr/bin/env python3
"""Every header compiles alone, with the flags of a source of its folder: headers.py TOP PART RESULTS."""
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from report import Report, files

DROPPED_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}
DROPPED = {"-c", "-MD", "-MMD", "-Werror"}


def flags_by_folder(top):
    with open(os.path.join(top, "build/ci/compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    folders = {}
    for entry in commands:
        words = shlex.split(entry["command"])
        while not os.path.basename(words[0]).startswith(("cc", "gcc", "clang")) or words[0].endswith("ccache"):
            words.pop(0)
        kept, skip = [], False
        for word in words[:-1]:
            if skip or word in DROPPED:
                skip = False
            elif word in DROPPED_WITH_VALUE:
                skip = True
            else:
                kept.append(word)
        folder = os.path.dirname(os.path.relpath(entry["file"], top))
        flags = [w for w in kept if w != entry["file"]]
        if flags not in folders.setdefault(folder, []):
            folders[folder].append(flags)
    return folders


def flags_for(folders, name):
    folder = os.path.dirname(name)
    while folder:
        if folder in folders:
            return folders[folder]
        folder = os.path.dirname(folder)
    return None


def check(top, folders, name):
    """A folder may build two programs with different libraries: the flags of one of them must do."""
    problems = [f"{name}: no source beside it is built"]
    for flags in flags_for(folders, name) or []:
        command = flags + ["-fsyntax-only", "-x", "c", os.path.join(top, name)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=top, check=False)
        if done.returncode == 0:
            return []
        problems = [line for line in done.stderr.splitlines() if "error" in line][:5] or [f"{name}: {done.stderr[:200]}"]
    return problems


def main(top, part, results):
    report = Report(part, results)
    folders = flags_by_folder(top)
    names = [name for name in files(top, ".h") if not name.startswith(("tests/", "bench/"))]
    with ThreadPoolExecutor(2) as pool:
        for name, problems in zip(names, pool.map(lambda n: check(top, folders, n), names)):
            report.case(f"{name} compiles alone", problems)


main(*sys.argv[1:])
