"""Processes and what they cost."""
import os

TICK = os.sysconf("SC_CLK_TCK")


def family(pids):
    """These processes and all below them."""
    below = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open("/proc/%s/stat" % entry) as f:
                    below.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
            except OSError:
                pass
    out, todo = [], list(pids)
    while todo:
        pid = todo.pop()
        out.append(pid)
        todo += below.get(pid, [])
    return out


def cpu_seconds(pids):
    """User and system, with all threads, ended threads and ended children."""
    total = 0
    for pid in family(pids):
        try:
            with open("/proc/%d/stat" % pid) as f:
                total += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:15])
        except OSError:
            pass
    return total / TICK


def pss_kib(pids):
    total = 0
    for pid in family(pids):
        with open("/proc/%d/smaps_rollup" % pid) as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total
