"""What a process costs, from /proc."""
import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """User and system seconds of all its threads, also of those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine_s():
    """(seconds in which its cores had something to do, also for others on the same host; all their seconds), since it started."""
    user, nice, system, idle, waiting, *others = (int(x) / TICKS for x in Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    busy = user + nice + system + sum(others)
    return busy, busy + idle + waiting


def memory_mib(pid):
    """(resident, proportional: what is private, and a share of what others have too)"""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":", 1)
        sizes[name] = int(value.split()[0]) / 1024
    return sizes["Rss"], sizes["Pss"]


def below(pid):
    """Ids of all processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = [int(c) for c in (task / "children").read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *below(child)]
    return found


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode().rsplit("/", 1)[-1]
    except OSError:
        return ""


def threads_cpu_s(pid):
    """(thread, its name) -> seconds, of those that live, in nanoseconds instead of ticks."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            found[int(task.name), (task / "comm").read_text().strip()] = int((task / "schedstat").read_text().split()[0]) * 1e-9
        except OSError:
            continue
    return found


def exact_cpu_s(pid):
    """The same as cpu_s() of the threads that live."""
    return sum(threads_cpu_s(pid).values())
