"""What each constant of weak links is good for: halved and doubled, one at a time, which goals of the simulated room fail then?

A constant is a number that one of FILES gives a name (#define). The file is compiled anew with it and linked into the tests of the simulated room
in front of the build's own; nothing else changes. What fails is looked for in the order of TESTS, until one of them fails. `defended`: a goal fails
for half or double. The others are named: they are free within a factor of two as far as these links show, or matter where only a unit test looks.
Takes an hour or two on two cores, with --quick, which leaves the longest test out, half an hour; not part of ./test. link_hours is what these tests simulate in a minute of one core.
"""
import json
import os
import re
import resource
import shlex
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from report import TOP, BenchError, say

NET = ("bwe", "bwe_breaker", "bwe_drain", "bwe_fall", "bwe_loss", "bwe_probe", "bwe_queue", "bwe_rate", "bwe_simple", "bwe_trend", "pacer", "rtx", "sender", "sender_repair")
FILES = {**{name: f"mcu/net/{name}.c" for name in NET}, **{name: f"mcu/room/{name}.c" for name in ("audio_choice", "tier_choice")}}
CASES = list(FILES)
TESTS = ["test_room_weak_link", "test_room_stumbles", "test_room_plain", "test_room_fallen_line", "test_room_link_change"]
QUICK_TESTS = TESTS[:4]  # the last one takes most of the time
TARGETS = TESTS
LINK_HOURS_GOAL = 1000
PATIENCE_S = 300  # of one test, which may never end with a constant that makes no sense
CONSTANT = re.compile(r"^(#define ([A-Z][A-Z0-9_]*) +)([^/\n\\]*[0-9][^/\n\\]*?)( */\*[^\n]*)?$", re.M)
UNITS = {"MS"}  # names of units, not of choices


class Failed(Exception):
    """Of a compiler or linker: that value makes no program."""


class Sources:
    """Compiles one file with one constant changed, and links each test with it."""

    def __init__(self, build):
        self.build = build
        commands = json.loads((build / "compile_commands.json").read_text())
        self.compile = {c["file"]: (c["directory"], shlex.split(c["command"])) for c in commands}
        self.link = {test: self._linking(test) for test in TESTS}

    def _linking(self, test):
        listed = subprocess.run(["ninja", "-C", str(self.build), "-t", "commands", test], capture_output=True, text=True, check=True).stdout
        command = listed.strip().splitlines()[-1].removeprefix(": && ").removesuffix(" && :")
        return shlex.split(command)

    def _run(self, command, folder):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr.strip()[-200:])

    def object_of(self, path, text, folder):
        directory, command = self.compile[str(TOP / path)]
        source, target = folder / Path(path).name, folder / "changed.o"
        source.write_text(text)
        command = [str(source) if part == str(TOP / path) else part for part in command]
        command[command.index("-o") + 1] = str(target)
        self._run([*command, "-w"], directory)
        return target

    def program(self, test, path, changed, folder):
        """The changed file in place of its object among the test's own, or before the library that has it."""
        target = folder / test
        name = f"/{Path(path).name}.o"
        command = [part for part in self.link[test] if not part.endswith(name)]
        command[command.index("-o") + 1] = str(target)
        command.insert(command.index("-o"), str(changed))
        self._run(command, self.build)
        return target


def constants(path):
    """(name, the file's text with it halved, with it doubled)"""
    text = (TOP / path).read_text()
    for found in CONSTANT.finditer(text):
        head, name, value, _ = found.groups()
        if name in UNITS:
            continue
        half = f"(({value}) * 0.5)" if "." in value else f"(({value}) / 2)"
        yield name, *(text[: found.start(3)] + new + text[found.end(3) :] for new in (half, f"(({value}) * 2)"))


def failing(program):
    """Names of the cases that failed."""
    try:
        done = subprocess.run([str(program)], capture_output=True, text=True, errors="replace", timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        return ["does not end"]
    names = re.findall(r"^\[  FAILED  \] (\w+)$", done.stdout + done.stderr, re.M)
    return [*dict.fromkeys(names), *missed(done.stdout)] or ([f"ended with {done.returncode}"] if done.returncode else [])


def missed(said):
    """Rows, and which of their goals, where a case says so."""
    row, found = "", []
    for line in said.splitlines():
        if " seed " in line:
            row = line.split(" seed ")[0].strip()
        elif " missed: " in line:
            found.append(f"{row} ({line.split(' missed: ')[1].split(' ')[0]})")
    return list(dict.fromkeys(found))


def outcome(sources, tests, path, text):
    """What fails first with this text, in words; "" = nothing, None = it makes no program."""
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as folder:
        try:
            changed = sources.object_of(path, text, Path(folder))
            for test in tests:
                failed = failing(sources.program(test, path, changed, Path(folder)))
                if failed:
                    return f"{test.removeprefix('test_')}: {', '.join(failed)}"
        except Failed:
            return None
    return ""


def link_hours(programs, tests):
    """Simulated in a minute of one core; all goals have to be met as things are."""
    hours, before = 0.0, resource.getrusage(resource.RUSAGE_CHILDREN)
    for test in tests:
        done = subprocess.run([programs.path(test)], capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            raise BenchError(f"{test} fails as it is")
        hours += sum(map(float, re.findall(r"^simulated ([0-9.]+) link-hours$", done.stdout, re.M)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return hours / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 60


def run(report, programs, cases, quick):
    tests = QUICK_TESTS if quick else TESTS
    hours = link_hours(programs, tests)
    sources = Sources(programs.folder)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for case in cases:
            say(case)
            tried = [(name, [pool.submit(outcome, sources, tests, FILES[case], text) for text in texts]) for name, *texts in constants(FILES[case])]
            add_rows(report, case, [(name, *(job.result() for job in jobs)) for name, jobs in tried])
    report.add("all", "link_hours", hours, "a minute", better="higher", goal=LINK_HOURS_GOAL)


def add_rows(report, case, tried):
    in_words = {None: "makes no program", "": "nothing fails"}
    for name, half, double in tried:
        say(f"  {name:16} half: {in_words.get(half, half)}; double: {in_words.get(double, double)}")
    report.add(case, "constants", len(tried), "count")
    report.add(case, "defended", sum(bool(half or double) for _, half, double in tried), "count", better="higher")
