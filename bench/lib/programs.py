"""The programs that a bench runs: built first, or taken from a build folder as they are."""
import json
import os
import subprocess
from pathlib import Path

from report import TOP, BenchError, say


def install(what):
    """What is missing of setup/WHAT.packages, as ./run and ./test do it."""
    script = f'. "$TOP/setup/install.sh"; need_packages $(listed_packages "$TOP/setup/{what}.packages")'
    done = subprocess.run(["bash", "-c", script], env={**os.environ, "TOP": str(TOP)}, capture_output=True, text=True)
    if done.returncode != 0:
        say(f"not everything of setup/{what}.packages could be installed: " + done.stderr.strip()[-200:])


class Programs:
    def __init__(self, build, targets):
        self.folder = Path(build).resolve() if build else TOP / "build" / "release"
        if not build:
            self._build(targets)
        self.clips = self.folder / "clips"

    def _build(self, targets):
        say("building build/release")
        script = '. "$TOP/setup/install.sh"; configure_and_build release "$@"'
        done = subprocess.run(["bash", "-c", script, "build", *targets], env={**os.environ, "TOP": str(TOP)}, cwd=TOP, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchError("the build failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-15:]))

    def path(self, name):
        path = self.folder / "bin" / name
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is missing; build it, or run without --build")
        return str(path)

    def clip_files(self, pattern):
        found = sorted(str(p) for p in self.clips.glob(pattern))
        if not found:
            raise BenchError(f"no {pattern} in {self.clips}; build the target tessera-clips")
        return found

    def json_of(self, name, *arguments, timeout=120):
        """Runs a program that prints one JSON object."""
        with Started(self, name, *arguments) as program:
            return program.json(timeout)


class Started:
    """A program that runs beside others and prints one JSON object at its end. Inside `with`: what still runs then is ended."""

    def __init__(self, programs, name, *arguments):
        self.name = name
        self.child = subprocess.Popen([programs.path(name), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def wait_line(self, wanted):
        """Until it has printed this line; False when it ends without."""
        return any(line.strip() == wanted for line in iter(self.child.stdout.readline, ""))

    def json(self, timeout=120):
        said, complaints = self.child.communicate(timeout=timeout)
        if self.child.returncode != 0:
            raise BenchError(f"{self.name} failed: {complaints.strip()[-300:]}")
        return json.loads(said.strip().splitlines()[-1])
