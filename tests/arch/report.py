"""What the checks of this folder share: the repository's files and the result lines that ./test counts."""
import os
import subprocess


class Report:
    """One check: `case()` writes a result line and says failures on the terminal."""

    def __init__(self, part, results):
        self.part, self.results = part, results

    def case(self, name, problems=()):
        with open(self.results, "a", encoding="utf-8") as out:
            out.write(f"{'not ok' if problems else 'ok'} {self.part}/{name}\n")
        for problem in problems:
            print(f"    {problem}")


def files(top, *endings):
    """Tracked and new files of the repository, without ignored ones."""
    listed = subprocess.run(["git", "-C", top, "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True, check=True)
    names = sorted(set(listed.stdout.splitlines()))
    return [name for name in names if (not endings or name.endswith(endings)) and os.path.isfile(os.path.join(top, name))]


def text(top, name):
    with open(os.path.join(top, name), encoding="utf-8", errors="replace") as file:
        return file.read()
