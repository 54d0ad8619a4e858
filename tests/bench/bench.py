#!/usr/bin/env python3
"""make bench: Groundnut beside the programs that people would use instead, in alternating rounds on loopback.

QUICK=1             three short rounds (results stay in the build directory)
ROUNDS=N            how many rounds (7)
CASES=a,b WAYS=c,d  only these (names as printed; case names may be prefixes)
FRP=dir RATHOLE=program CHISEL=program    where these are, if they are to be compared
"""
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rivals
from plot import plot

BUILD = os.path.abspath(sys.argv[1])
TOOLS = os.path.join(BUILD, "tests/bench")
QUICK = os.environ.get("QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS", 3 if QUICK else 7))
SECONDS = 0.5 if QUICK else 1.0
BULK = (128 if QUICK else 384) << 20
PATH_RATE = 25_000_000
TICK = os.sysconf("SC_CLK_TCK")

# metric: unit, whether more is better
METRICS = {
    "cpu_s_per_gib": ("CPU s/GiB", False), "mb_s": ("MB/s", True), "rate": ("per second", True), "p50_us": ("p50 µs", False),
    "p99_us": ("p99 µs", False), "p999_us": ("p99.9 µs", False), "cpu_us_per_op": ("CPU µs/op", False), "seconds": ("s", False),
}

# case, metric, {way: the ratio of medians to reach}
TARGETS = [
    ("bulk", "cpu_s_per_gib", {"nginx 16k": .75, "nginx 64k": .95, "haproxy": .85, "stunnel": .7, "ssh -R": .9, "frp": .5, "rathole tls": .8}),
    ("bulk-1-8", "mb_s", {"nginx 16k": 1.2, "nginx 64k": 1.0, "haproxy": 1.1, "stunnel": 1.2, "ssh -R": 1.0, "frp": 2, "rathole tls": 1.1,
                          "direct": .2}),
    ("rr-1", "p50_us", {"nginx 16k": 1.0, "nginx 64k": 1.0, "haproxy": 1.0, "stunnel": 1.0, "ssh -R": .85, "frp": .8, "rathole tls": 1.0,
                        "direct": 2.0}),
    ("rr-64", "rate", {"nginx 16k": 2.5, "haproxy": 2, "stunnel": 3, "ssh -R": 1.5, "frp": 2, "rathole tls": 1.3, "direct": .38}),
    ("rr-64", "p99_us", {"nginx 16k": .4, "ssh -R": .6}),
    ("crc-32", "rate", {"nginx 16k": 4.5, "haproxy": 5, "stunnel": 7, "ssh -R": 12, "frp": 4, "rathole tls": 3, "direct": .6}),
    ("others", "p50_us", {"nginx 16k": .2, "ssh -R": 1.0, "frp": .3, "rathole tls": .5}),
]


def children_of(pids):
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
    for pid in children_of(pids):
        try:
            with open("/proc/%d/stat" % pid) as f:
                total += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:15])
        except OSError:
            pass
    return total / TICK


def pss_kib(pids):
    total = 0
    for pid in children_of(pids):
        with open("/proc/%d/smaps_rollup" % pid) as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total


def median(values):
    v = sorted(values)
    return v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2


def load(*words, timeout=120):
    out = subprocess.run([TOOLS + "/load", *map(str, words)], stdout=subprocess.PIPE, timeout=timeout, check=True, text=True,
                         stdin=subprocess.DEVNULL)
    return json.loads(out.stdout)


def bulk(direction, connections, total=BULK):
    def run(way):
        before = cpu_seconds(way.pids)
        r = load("bulk", way.port, direction, connections, total)
        return {"mb_s": r["mb_s"], "cpu_s_per_gib": (cpu_seconds(way.pids) - before) * (1 << 30) / r["bytes"]}
    return run


def rr(connections, kind="rr"):
    def run(way):
        before = cpu_seconds(way.pids)
        r = load(kind, way.port, connections, SECONDS)
        r["cpu_us_per_op"] = (cpu_seconds(way.pids) - before) * 1e6 / max(1, r["count"])
        if kind == "rr": # its warm-up is not counted
            r["cpu_us_per_op"] *= SECONDS / (SECONDS + 0.1)
        return r
    return run


def mixed(stalled):
    return lambda way: load("mixed", way.port, SECONDS, 1, stalled)


CASES = [(("%s-%d" % (d, n)), bulk(d, n)) for d in ("pull", "push") for n in (1, 8, 64)]
CASES += [("rr-1", rr(1)), ("rr-64", rr(64)), ("crc-32", rr(32, "crc")), ("others-bulk", mixed(0)), ("others-stalled", mixed(1))]

SLOW_CASES = [
    ("pull-1", lambda way: {"mb_s": load("bulk", way.port, "pull", 1, PATH_RATE * 3)["mb_s"]}),
    ("push-1", lambda way: {"mb_s": load("bulk", way.port, "push", 1, PATH_RATE * 3)["mb_s"]}),
    ("others-bulk", lambda way: load("mixed", way.port, 2, 1, 0)),
    ("first-mib", lambda way: {"seconds": load("bulk", way.port, "pull", 1, 1 << 20)["seconds"]}),
]


def wanted(name, variable):
    only = os.environ.get(variable)
    return not only or any(name == w or (variable == "CASES" and name.startswith(w)) for w in only.split(","))


class Results:
    def __init__(self):
        self.values = {}   # case → way → metric → [per round]

    def add(self, case, way, measured):
        per = self.values.setdefault(case, {}).setdefault(way, {})
        for metric in METRICS:
            per.setdefault(metric, []).append(measured.get(metric) if measured else None)

    def get(self, case, way, metric):
        return [v for v in self.values.get(case, {}).get(way, {}).get(metric, []) if v is not None]

    def ratios(self, case, way, metric):
        ours = self.values.get(case, {}).get("groundnut", {}).get(metric, [])
        theirs = self.values.get(case, {}).get(way, {}).get(metric, [])
        return [a / b for a, b in zip(ours, theirs) if a is not None and b]

    def table(self):
        for case, ways in self.values.items():
            for metric, (unit, _) in METRICS.items():
                if not any(self.get(case, w, metric) for w in ways):
                    continue
                print("\n%-24s %28s   ours / theirs" % (case + ", " + unit, "median  [min … max]"))
                for way in ways:
                    v = self.get(case, way, metric)
                    if not v:
                        continue
                    r = self.ratios(case, way, metric)
                    ratio = "%6.2f  [%.2f … %.2f]" % (median(r), min(r), max(r)) if way != "groundnut" and r else ""
                    digits = 3 if median(v) < 10 else 1
                    print("  %-22s %10.*f  [%.*f … %.*f]   %s" % (way, digits, median(v), digits, min(v), digits, max(v), ratio))


def target_rows(results):
    """(label, way, ratio, target, reached) for everything in TARGETS that was measured."""
    rows = []
    for label, metric, ways in TARGETS:
        cases = {"bulk": ["pull-1", "pull-8", "pull-64", "push-1", "push-8", "push-64"], "bulk-1-8": ["pull-1", "pull-8", "push-1", "push-8"],
                 "others": ["others-bulk", "others-stalled"]}.get(label, [label])
        for way, target in ways.items():
            r = [x for case in cases for x in results.ratios(case, way, metric)]
            if r:
                ok = median(r) >= target if METRICS[metric][1] else median(r) <= target
                rows.append((label + ", " + METRICS[metric][0], way, median(r), target, METRICS[metric][1], ok))
    return rows


def print_targets(rows):
    print("\n%-24s %-12s %8s   to reach" % ("ours / theirs", "", "median"))
    for label, way, ratio, target, more, ok in rows:
        print("%-24s %-12s %8.2f   %s %.2f   %s" % (label, way, ratio, "≥" if more else "≤", target, "yes" if ok else "NO"))


def measure(results, prefix, cases, ways, rounds):
    for number in range(rounds):
        for name, run in cases:
            if not wanted(name, "CASES"):
                continue
            at = number % len(ways)
            for way in ways[at:] + ways[:at]:
                try:
                    results.add(prefix + name, way.name, run(way))
                except (subprocess.SubprocessError, ValueError) as e:
                    print("  %s: %s failed: %s" % (prefix + name, way.name, e), file=sys.stderr)
                    results.add(prefix + name, way.name, None)
            sys.stderr.write(".")
            sys.stderr.flush()
        sys.stderr.write(" round %d of %d\n" % (number + 1, rounds))


def start_all(candidates, sink, directory, via):
    started = []
    for way in candidates:
        if not wanted(way.name, "WAYS"):
            continue
        missing = way.missing()
        try:
            if missing is None:
                way.start(sink, directory, via)
                started.append(way)
                continue
        except Exception as e:
            missing = str(e)
            way.stop()
        print("not compared: %s (%s)" % (way.name, missing))
    return started


def measure_slow(results, sink, directory, tls):
    for rtt in (0, 40, 200):
        shapers = []

        def via(port):
            p = subprocess.Popen([TOOLS + "/shaper", str(port), str(PATH_RATE), str(rtt)], stdout=subprocess.PIPE, text=True)
            shapers.append(p)
            return int(p.stdout.readline())

        ways = start_all([rivals.Groundnut(BUILD), rivals.Direct(), rivals.Nginx(tls, 64), rivals.Ssh()], sink, directory, via)
        try:
            measure(results, "25 MB/s %d ms " % rtt, SLOW_CASES, ways, 1 if QUICK else min(ROUNDS, 3))
        finally:
            for way in ways:
                way.stop()
            for p in shapers:
                p.terminate()
                p.wait()


def measure_memory(ours, sink, directory):
    """PSS of an idle connection (both programs) and of an idle agent (the relay)."""
    ours.start(sink, directory, None)
    out = {}
    try:
        load("rr", ours.port, 8, 0.2)
        count = 10000
        before = pss_kib(ours.pids)
        p = subprocess.Popen([TOOLS + "/load", "idle", str(ours.port), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if p.stdout.readline() == "ready\n":
            time.sleep(3)
            out["idle_connection_kib"] = (pss_kib(ours.pids) - before) / count
            out["idle_connection_relay_kib"] = pss_kib([ours.relay_pid]) / count
        p.communicate("\n", timeout=60)
        ours.stop()
        ours.start(sink, directory, None)
        count = 2000
        before = pss_kib([ours.relay_pid])
        p = subprocess.Popen([TOOLS + "/idle_agents", str(ours.door), ours.pin, "bench", ours.token, str(count), "40000"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if p.stdout.readline() == "ready\n":
            time.sleep(3)
            out["idle_agent_kib"] = (pss_kib([ours.relay_pid]) - before) / count
        p.terminate()
        p.wait()
    finally:
        ours.stop()
    for name, value in out.items():
        print("%s: %.2f" % (name, value))
    return out


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return "%s, %d cores, Linux %s" % (model, os.cpu_count(), platform.release())


def main():
    directory = tempfile.mkdtemp(prefix="groundnut-bench-")
    sink = subprocess.Popen([TOOLS + "/load", "sink", "0"], stdout=subprocess.PIPE, text=True)
    sink_port = int(sink.stdout.readline())
    ours = rivals.Groundnut(BUILD)
    ways, results, memory = [], Results(), {}
    try:
        ways = start_all([ours], sink_port, directory, None)
        tls = (os.path.join(os.path.dirname(ours.config), "relay.crt"), os.path.join(os.path.dirname(ours.config), "relay.key"))
        ways += start_all(rivals.all_rivals(tls), sink_port, directory, None)
        measure(results, "", CASES, ways, ROUNDS)
        for way in ways:
            way.stop()
        ways = []
        if wanted("slow", "CASES"):
            os.environ.pop("CASES", None)
            measure_slow(results, sink_port, directory, tls)
        if wanted("memory", "CASES"):
            memory = measure_memory(ours, sink_port, directory)
    finally:
        for way in ways:
            way.stop()
        sink.terminate()
        sink.wait()
        shutil.rmtree(directory, ignore_errors=True)
    results.table()
    rows = target_rows(results)
    print_targets(rows)
    for name, value in memory.items():
        print("%-28s %.2f KiB" % (name, value))
    where = TOOLS if QUICK or "CASES" in os.environ or "WAYS" in os.environ else os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(where, "results.json"), "w") as f:
        json.dump({"machine": machine(), "rounds": ROUNDS, "values": results.values, "memory": memory,
                   "targets": [dict(zip(("what", "way", "ratio", "target", "more_is_better", "reached"), r)) for r in rows]}, f, indent=1)
        f.write("\n")
    with open(os.path.join(where, "ratios.svg"), "w") as f:
        f.write(plot(rows, machine()))
    print("written: %s/results.json, ratios.svg" % os.path.relpath(where))


main()
