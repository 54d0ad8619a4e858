#!/usr/bin/env python3
"""make bench: Groundnut beside the programs that people would use instead, in alternating rounds on loopback. README.md tells what each case does.

QUICK=1             short rounds, three of them (results stay in the build directory)
ROUNDS=N            how many rounds (7)
CASES=a,b WAYS=c,d  only these (names as printed; case names may be prefixes: slow, http, udp, memory)
FRP=dir RATHOLE=program CHISEL=program    where these are, if they are to be compared
"""
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import procs
import rivals
from plot import plot
from procs import cpu_seconds, pss_kib

BUILD = os.path.abspath(sys.argv[1])
TOOLS = os.path.join(BUILD, "tests/bench")
QUICK = os.environ.get("QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS", 3 if QUICK else 7))
PARTIAL = QUICK or ROUNDS < 7 or "CASES" in os.environ or "WAYS" in os.environ
SECONDS = 0.5 if QUICK else 1.0
BULK = (96 if QUICK else 256) << 20
PATH_RATE = 25_000_000
RTTS_MS = (0, 40, 200)
UDP_RATE, UDP_FLOWS, UDP_WINDOW = 20_000, 8, 64
IDLE_CONNECTIONS, IDLE_AGENTS, IDLE_RIVALS = 10_000, 2_000, 1_000
AGENTS_FIRST_PORT = 20_000
START_S = 0.7           # a way's programs, until they serve
ROOM_FILES = 500        # descriptors beside those of idle connections

# metric: unit, whether more is better
METRICS = {
    "cpu_s_per_gib": ("CPU s/GiB", False), "mb_s": ("MB/s", True), "rate": ("per second", True), "loss_pct": ("% lost", False),
    "p50_us": ("p50 µs", False), "p99_us": ("p99 µs", False), "p999_us": ("p99.9 µs", False), "cpu_us_per_op": ("CPU µs/op", False),
    "seconds": ("s", False), "wakeups": ("wakeups/op", False), "system_calls": ("system calls/op", False),
}

# Pools of cases: their paired ratios count together.
POOLS = {"bulk": ["pull-1", "pull-8", "pull-64", "push-1", "push-8", "push-64"], "bulk-1-8": ["pull-1", "pull-8", "push-1", "push-8"],
         "others": ["others-bulk", "others-stalled"]}

# pool or case, metric, {way: the ratio to reach, or None: shown for comparison}; what frp reaches counts for both its modes
TARGETS = [
    ("bulk", "cpu_s_per_gib", {"nginx 16k": .75, "nginx 64k": .95, "haproxy": .85, "stunnel": .7, "ssh -R": .9, "frp": .5, "frp mux": .5,
                               "rathole tls": .8, "bare": None}),
    ("bulk-1-8", "mb_s", {"nginx 16k": 1.2, "nginx 64k": 1.0, "haproxy": 1.1, "stunnel": 1.2, "ssh -R": 1.0, "frp": 2, "frp mux": 2,
                          "rathole tls": 1.1, "direct": .2, "bare": None}),
    ("rr-1", "p50_us", {"nginx 16k": 1.0, "nginx 64k": 1.0, "haproxy": 1.0, "stunnel": 1.0, "ssh -R": .85, "frp": .8, "frp mux": .8,
                        "rathole tls": 1.0, "direct": 2.0}),
    ("rr-64", "rate", {"nginx 16k": 2.5, "haproxy": 2, "stunnel": 3, "ssh -R": 1.5, "frp": 2, "frp mux": 2, "rathole tls": 1.3, "direct": .38}),
    ("rr-64", "p99_us", {"nginx 16k": .4, "ssh -R": .6}),
    ("crc-32", "rate", {"nginx 16k": 4.5, "haproxy": 5, "stunnel": 7, "ssh -R": 12, "frp": 4, "frp mux": 4, "rathole tls": 3, "direct": .6}),
    ("others", "p50_us", {"nginx 16k": .2, "ssh -R": 1.0, "frp": .3, "frp mux": .3, "rathole tls": .5}),
]

# Shown beside whoever was measured, with nothing to reach.
RATIOS = [("calls-rr-1", "wakeups"), ("calls-rr-1", "system_calls"), ("calls-rr-64", "system_calls"), ("http-64", "rate"), ("http-64", "cpu_us_per_op"), ("http-1", "p50_us"), ("https-tls-64", "rate"), ("https-tls-64", "cpu_us_per_op"),
          ("https-tls-1", "p50_us"), ("https-handshakes-32", "rate"), ("https-handshakes-32", "cpu_us_per_op"), ("udp-64-max", "rate"), ("udp-64-max", "cpu_us_per_op"),
          ("udp-1200-max", "rate"), ("udp-1200-max", "cpu_us_per_op")]


def median(values):
    v = sorted(values)
    return v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2


# ---- cases

def tool(name, *words, timeout=60):
    """Runs a load program; what it found wrong is its exit code and the end of the case."""
    out = subprocess.run([os.path.join(TOOLS, name), *map(str, words)], stdout=subprocess.PIPE, timeout=timeout, check=True, text=True,
                         stdin=subprocess.DEVNULL)
    r = json.loads(out.stdout)
    if r.get("count") == 0:
        raise ValueError("nothing came back")
    return r


def with_cpu(way, run, warm_s=0.0, seconds=1.0):
    """CPU per operation; the load program's warm-up is in the CPU but not in the count."""
    before = cpu_seconds(way.pids)
    r = run()
    r["cpu_us_per_op"] = (cpu_seconds(way.pids) - before) * 1e6 / r["count"] * seconds / (seconds + warm_s)
    return r


class Case:
    """run(way) measures once; seconds is about how long that takes."""

    def __init__(self, name, run, seconds):
        self.name, self.run, self.seconds = name, run, seconds


def bulk(direction, connections):
    def run(way):
        before = cpu_seconds(way.pids)
        r = tool("load", "bulk", way.port, direction, connections, BULK)
        return {"mb_s": r["mb_s"], "cpu_s_per_gib": (cpu_seconds(way.pids) - before) * (1 << 30) / r["bytes"]}
    return Case("%s-%d" % (direction, connections), run, BULK / 350e6)


# What is a wakeup, and what moves or asks for bytes: counted by strace, in both programs
CALLS = {"wakeups": ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6", "futex"), "system_calls": None}


def count_calls(pids, run):
    """System calls of these processes while run() goes on, by name; its result."""
    with tempfile.NamedTemporaryFile("r") as out:
        words = [w for pid in pids for w in ("-p", str(pid))]
        strace = subprocess.Popen(["strace", "-f", "-c", "-U", "calls,name", "-o", out.name, *words], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
        strace.stderr.readline()  # it is attached
        try:
            result = run()
        finally:
            strace.send_signal(signal.SIGINT)
            strace.communicate()
        rows = [line.split() for line in out.read().splitlines()]
        return {r[1]: int(r[0]) for r in rows if len(r) == 2 and r[0].isdigit() and r[1] != "total"}, result


def calls_each(connections):
    """Wakeups and system calls of both programs for a round trip. The load program counts those after its warm-up only, strace all."""
    def run(way):
        if not shutil.which("strace"):
            raise ValueError("strace is not installed")
        counted, r = count_calls(procs.family(way.pids), lambda: tool("load", "rr", way.port, connections, SECONDS))
        trips = r["count"] * (SECONDS + .1) / SECONDS
        return {metric: sum(n for name, n in counted.items() if names is None or name in names) / trips for metric, names in CALLS.items()}
    return Case("calls-rr-%d" % connections, run, SECONDS + 1)


def rr(connections):
    return Case("rr-%d" % connections, lambda way: with_cpu(way, lambda: tool("load", "rr", way.port, connections, SECONDS), .1, SECONDS),
                SECONDS + .2)


def crc(connections):
    return Case("crc-%d" % connections, lambda way: with_cpu(way, lambda: tool("load", "crc", way.port, connections, SECONDS)), SECONDS + .1)


def others(name, direction, stalled, seconds, warm_s):
    return Case(name, lambda way: tool("load", "mixed", way.port, direction, seconds, warm_s, 1, stalled), seconds + warm_s + .1)


def web(connections):
    return Case("http-%d" % connections,
                lambda way: with_cpu(way, lambda: tool("web", "get", way.port, rivals.HOST, connections, SECONDS), .2, SECONDS), SECONDS + .3)


def secure_web(verb, connections):
    return Case("https-%s-%d" % (verb, connections),
                lambda way: with_cpu(way, lambda: tool("web", verb, way.port, rivals.HOST, connections, SECONDS), .2, SECONDS), SECONDS + .3)


def packets(name, size, per_second):
    def run(way):
        return with_cpu(way, lambda: tool("packets", "send", way.port, size, UDP_FLOWS, SECONDS, per_second, UDP_WINDOW))
    return Case("udp-%d-%s" % (size, name), run, SECONDS + .4)


def slow(rtt_ms):
    """On a path of PATH_RATE: a transfer that has come up to speed and others beside it, both ways; and the first MiB of a new connection."""
    name, warm, seconds = "slow-%d-" % rtt_ms, .5 + rtt_ms * .004, .8 if QUICK else 1.5
    return [others(name + "pull", "pull", 0, seconds, warm), others(name + "push", "push", 0, seconds, warm),
            Case(name + "first-mib", lambda way: {"seconds": tool("load", "bulk", way.port, "pull", 1, 1 << 20)["seconds"]}, .1 + rtt_ms * .006)]


STREAMS = [bulk(d, n) for d in ("pull", "push") for n in (1, 8, 64)] + [rr(1), rr(64), crc(32)]
STREAMS += [calls_each(1), calls_each(64)]
STREAMS += [others("others-bulk", "pull", 0, SECONDS, .5), others("others-stalled", "pull", 1, SECONDS, .5)]
WEBS = [web(1), web(64)]
SECURE_WEBS = [secure_web("tls", 1), secure_web("tls", 64), secure_web("handshakes", 32)]
FLOWS = [packets(name, size, rate) for size in (64, 1200) for name, rate in (("%dk" % (UDP_RATE // 1000), UDP_RATE), ("max", 0))]


def wanted(name, variable):
    only = os.environ.get(variable)
    return not only or any(name == w or (variable == "CASES" and name.startswith(w)) for w in only.split(","))


def chosen(cases):
    return [c for c in cases if wanted(c.name, "CASES")]


# ---- results

class Results:
    def __init__(self):
        self.values = {}        # case → way → metric → [per round]
        self.failed = []        # what went wrong, in words
        self.not_compared = {}  # way → what is missing

    def add(self, case, way, measured):
        per = self.values.setdefault(case, {}).setdefault(way, {})
        for metric in METRICS:
            per.setdefault(metric, []).append(measured.get(metric) if measured else None)

    def tries(self, case, way):
        """Rounds, and how many of them failed."""
        rounds = list(zip(*self.values.get(case, {}).get(way, {}).values()))
        return len(rounds), sum(1 for r in rounds if all(v is None for v in r))

    def get(self, case, way, metric):
        return [v for v in self.values.get(case, {}).get(way, {}).get(metric, []) if v is not None]

    def pairs(self, case, way, metric):
        ours = self.values.get(case, {}).get("groundnut", {}).get(metric, [])
        theirs = self.values.get(case, {}).get(way, {}).get(metric, [])
        return [(a, b) for a, b in zip(ours, theirs) if a is not None and b is not None]

    def ratios(self, case, way, metric):
        return [a / b for a, b in self.pairs(case, way, metric) if b]

    def table(self):
        for case, ways in self.values.items():
            for metric, (unit, _) in METRICS.items():
                if not any(self.get(case, w, metric) for w in ways):
                    continue
                print("\n%-24s %28s   ours / theirs" % (case + ", " + unit, "median  [min … max]"))
                for way in ways:
                    v = self.get(case, way, metric)
                    if not v:
                        print("  %-22s     failed" % way)
                        continue
                    if way == "direct" and metric.startswith("cpu"):
                        continue
                    r = self.ratios(case, way, metric)
                    ratio = "%6.2f  [%.2f … %.2f]" % (median(r), min(r), max(r)) if way != "groundnut" and r else ""
                    digits = 3 if median(v) < 10 else 1
                    print("  %-22s %10.*f  [%.*f … %.*f]   %s" % (way, digits, median(v), digits, min(v), digits, max(v), ratio))


def row(what, way, value, target, more, kind, worst=None):
    reached = None if target is None else value >= target if more else value <= target
    return {"what": what, "way": way, "kind": kind, "value": value, "target": target, "more_is_better": more, "reached": reached, "worst": worst}


def ratio_row(results, label, way, metric, target):
    """The median of all paired ratios of a pool, and which of its cases is the worst; None if it was not measured."""
    more = METRICS[metric][1]
    per_case = {c: results.ratios(c, way, metric) for c in POOLS.get(label, [label])}
    r = [x for ratios in per_case.values() for x in ratios]
    if not r or (way == "direct" and metric.startswith("cpu")):
        return None
    medians = {c: median(v) for c, v in per_case.items() if v}
    worst = (min if more else max)(medians, key=medians.get)
    return row("%s, %s" % (label, METRICS[metric][0]), way, median(r), target, more, "ratio", "%s %.2f" % (worst, medians[worst])
               if len(medians) > 1 else None)


def path_rows(results):
    """What the slow path is measured against is the path itself, and nginx's time for a first MiB."""
    rows = []
    for rtt in (r for r in RTTS_MS if r):
        for direction in ("pull", "push"):
            case = "slow-%d-%s" % (rtt, direction)
            mb, p50 = results.get(case, "groundnut", "mb_s"), results.get(case, "groundnut", "p50_us")
            if mb:
                rows.append(row(case + ", share", "path", median(mb) * 1e6 / PATH_RATE, .95, True, "path"))
                rows.append(row(case + ", p50 of others", "path's RTT", median(p50) / (rtt * 1000), 1.3, False, "path"))
    first = [a - b for a, b in results.pairs("slow-40-first-mib", "nginx 64k", "seconds")]
    if first:
        rows.append(row("slow-40-first-mib, ms more", "nginx 64k", median(first) * 1000, 40, False, "path"))
    return rows


def target_rows(results, memory):
    rows = [ratio_row(results, label, way, metric, target) for label, metric, ways in TARGETS for way, target in ways.items()]
    rows += [ratio_row(results, label, way, metric, None) for label, metric in RATIOS for way in results.values.get(label, {}) if way != "groundnut"]
    rows += path_rows(results)
    if "connection" in memory:
        rows.append(row("idle connection, KiB", "both programs", memory["connection"], 4, False, "memory"))
    if "agent_at_relay" in memory:
        rows.append(row("idle agent, KiB", "relay", memory["agent_at_relay"], 20, False, "memory"))
    if "https_visitor_at_agent" in memory:
        rows.append(row("idle https visitor, KiB", "agent", memory["https_visitor_at_agent"], 20, False, "memory"))
    return [r for r in rows if r]


def print_rows(rows):
    if rows:
        print("\n%-28s %-14s %8s   to reach         worst case" % ("ours / theirs", "", "median"))
    for r in rows:
        goal = "" if r["target"] is None else "%s %-5.4g  %s" % ("≥" if r["more_is_better"] else "≤", r["target"], "yes" if r["reached"] else "NO")
        print("%-28s %-14s %8.2f   %-16s %s" % (r["what"], r["way"], r["value"], goal, r["worst"] or ""))


# ---- measuring

def measure(results, cases, ways, rounds):
    """Each round runs each case on each way, beginning with another one. Who has failed a case twice is left out of it."""
    if not cases or not ways:
        return
    for number in range(rounds):
        for case in cases:
            those = [w for w in ways if w.takes(case.name)]
            at = number % max(1, len(those))
            for way in those[at:] + those[:at]:
                measured = None
                if results.tries(case.name, way.name)[1] < 2:
                    try:
                        measured = case.run(way)
                    except (subprocess.SubprocessError, ValueError) as e:
                        results.failed.append("%s: %s: %s" % (case.name, way.name, e))
                        print("\n  failed: " + results.failed[-1], file=sys.stderr)
                results.add(case.name, way.name, measured)
            sys.stderr.write(".")
            sys.stderr.flush()
        sys.stderr.write(" round %d of %d\n" % (number + 1, rounds))


def available(candidates, results=None):
    out = []
    for way in candidates:
        missing = way.missing() if wanted(way.name, "WAYS") else "not asked for"
        if missing is None:
            out.append(way)
        elif results is not None and missing != "not asked for" and way.name not in results.not_compared:
            results.not_compared[way.name] = missing
            print("not compared: %s (%s)" % (way.name, missing))
    return out


def start_all(candidates, service, directory, via, results):
    started = []
    for way in candidates:
        try:
            way.start(service, directory, via)
            started.append(way)
        except Exception as e:
            way.stop()
            results.failed.append("%s does not start: %s" % (way.name, e))
            print("not compared: " + results.failed[-1])
    return started


class Service:
    """What visitors reach in the end. It ends by itself only when it was given something wrong."""

    def __init__(self, *words):
        self.words = words
        self.process = subprocess.Popen([os.path.join(TOOLS, words[0]), *words[1:], "0"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self, results):
        if self.process.poll() is not None:
            results.failed.append("%s ended with %d: wrong bytes came" % (" ".join(self.words), self.process.returncode))
        self.process.terminate()
        self.process.wait()


class Section:
    """Cases over the same ways to the same service."""

    def __init__(self, title, service, cases, candidates, rtt_ms=None):
        self.title, self.service, self.cases, self.candidates, self.rtt_ms = title, service, chosen(cases), candidates, rtt_ms

    def seconds(self, ways):
        return sum(c.seconds for c in self.cases for w in ways if w.takes(c.name)) * ROUNDS + START_S * len(ways)

    def run(self, results, directory):
        if not self.cases:
            return
        print("%s: %s" % (self.title, ", ".join(c.name for c in self.cases)), file=sys.stderr)
        shapers, service, ways = [], Service(*self.service), []

        def via(port):
            p = subprocess.Popen([TOOLS + "/shaper", str(port), str(PATH_RATE), str(self.rtt_ms)], stdout=subprocess.PIPE, text=True)
            shapers.append(p)
            return int(p.stdout.readline())

        try:
            ways = start_all(available(self.candidates, results), service.port, directory, None if self.rtt_ms is None else via, results)
            measure(results, self.cases, ways, ROUNDS)
        finally:
            for way in ways:
                way.stop()
            for p in shapers:
                p.terminate()
                p.wait()
            service.stop(results)


def sections(tls):
    out = [Section("streams", ("load", "sink"), STREAMS, [rivals.Groundnut(BUILD), rivals.Bare(BUILD)] + rivals.streams(tls)),
           Section("http", ("web", "origin"), WEBS, [rivals.Groundnut(BUILD, "http")] + rivals.webs(tls)),
           Section("https", ("web", "origin"), SECURE_WEBS, [rivals.Groundnut(BUILD, "https", tls)] + rivals.secure_webs(tls)),
           Section("udp", ("packets", "echo"), FLOWS, [rivals.Groundnut(BUILD, "udp")] + rivals.flows())]
    for rtt in RTTS_MS:
        out.append(Section("25 MB/s, %d ms" % rtt, ("load", "sink"), slow(rtt),
                           [rivals.Groundnut(BUILD), rivals.Direct(), rivals.Nginx(tls, 64), rivals.Ssh()], rtt))
    return out


# ---- memory

class Crowd:
    """A load program that holds many of something open, until it is let go."""

    def __init__(self, name, *words):
        self.process = subprocess.Popen([os.path.join(TOOLS, name), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.process.wait()
            raise ValueError("%s %s does not come up" % (name, words))
        time.sleep(1 if QUICK else 8)  # the relay gives back what handshakes needed when they are over

    def let_go(self):
        """Idle connections are asked once more each, and their answers looked at."""
        self.process.communicate("\n", timeout=120)
        if self.process.returncode:
            raise ValueError("what was idle does not answer")


def idle_connections(way, count):
    """KiB of PSS more for each of these, by process of the way."""
    tool("load", "rr", way.port, 8, 0.2)
    before = [pss_kib([pid]) for pid in way.pids]
    crowd = Crowd("load", "idle", way.port, count)
    out = [(pss_kib([pid]) - b) / count for pid, b in zip(way.pids, before)]
    crowd.let_go()
    return out


def idle_https(results, directory, tls):
    """KiB of PSS more for each visitor of an https mapping that has asked once and is idle: at the agent, where its TLS ends."""
    origin, ours = Service("web", "origin"), rivals.Groundnut(BUILD, "https", tls)
    try:
        ours.start(origin.port, directory, None)
        tool("web", "tls", ours.port, rivals.HOST, 8, 0.2)
        before = pss_kib([ours.agent_pid])
        crowd = Crowd("web", "hold", ours.port, rivals.HOST, IDLE_RIVALS)
        out = (pss_kib([ours.agent_pid]) - before) / IDLE_RIVALS
        crowd.let_go()
        return out
    finally:
        ours.stop()
        origin.stop(results)


def measure_memory(results, directory, tls):
    """PSS of idle connections, all programs of a way, and of idle agents at both ends."""
    out = {}
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(IDLE_CONNECTIONS, max(files - ROOM_FILES, 100))
    service = Service("load", "sink")
    ours = rivals.Groundnut(BUILD)
    try:
        ours.start(service.port, directory, None)
        out["connections"] = count
        out["relay_alone"], out["agent_alone"] = pss_kib([ours.relay_pid]), pss_kib([ours.agent_pid])
        out["connection_at_relay"], out["connection_at_agent"] = idle_connections(ours, count)
        out["connection"] = out["connection_at_relay"] + out["connection_at_agent"]
        ours.stop()
        ours.start(service.port, directory, None)
        before = pss_kib([ours.relay_pid])
        each = IDLE_AGENTS // len(ours.tokens)
        crowds = [Crowd("idle_agents", ours.door, ours.pin, account, token, each, AGENTS_FIRST_PORT + i * each)
                  for i, (account, token) in enumerate(ours.tokens.items())]
        out["agents"] = each * len(crowds)
        out["agent_at_relay"] = (pss_kib([ours.relay_pid]) - before) / out["agents"]
        out["agent_at_home"] = pss_kib([c.process.pid for c in crowds]) / out["agents"]
        for crowd in crowds:
            crowd.process.terminate()
            crowd.process.wait()
        ours.stop()
        out["https_visitor_at_agent"] = idle_https(results, directory, tls)
        for way in available(rivals.streams(tls)[1:], results):
            try:
                way.start(service.port, directory, None)
                out["connection, " + way.name] = sum(idle_connections(way, min(count, IDLE_RIVALS)))
            except Exception as e:
                print("not compared: idle, %s (%s)" % (way.name, e))
            way.stop()
    except (subprocess.SubprocessError, ValueError) as e:
        results.failed.append("memory: groundnut: %s" % e)
    finally:
        ours.stop()
        service.stop(results)
    return out


def print_memory(memory):
    if memory:
        print("\nidle, KiB of PSS for one")
    for name, value in memory.items():
        print("  %-28s %10.2f" % (name, value))


# ---- all of it

def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return "%s, %d cores, Linux %s" % (model, os.cpu_count(), platform.release().split("-")[0])


def certificate(directory):
    """The pairs' certificate is one such as the relay makes for itself: P-256."""
    crt, key = os.path.join(directory, "pair.crt"), os.path.join(directory, "pair.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", crt,
                    "-days", "30", "-subj", "/CN=bench.test"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return crt, key


def write_results(results, rows, memory, took):
    where = TOOLS if PARTIAL else os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(where, "results.json"), "w") as f:
        json.dump({"machine": machine(), "rounds": ROUNDS, "minutes": round(took / 60, 1), "not_compared": results.not_compared,
                   "failed": results.failed, "targets": rows, "memory": memory, "values": results.values}, f, indent=1)
        f.write("\n")
    with open(os.path.join(where, "ratios.svg"), "w") as f:
        f.write(plot(rows, machine()))
    print("\nwritten: %s/results.json, ratios.svg" % os.path.relpath(where))


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended then, too
    directory, began = tempfile.mkdtemp(prefix="groundnut-bench-"), time.monotonic()
    results, memory = Results(), {}
    try:
        tls = certificate(directory)
        todo = sections(tls)
        idle = wanted("memory", "CASES")
        seconds = sum(s.seconds(available(s.candidates)) for s in todo if s.cases) + (10 * len(available(rivals.streams(tls))) + 30) * idle
        print("%s; %d rounds, about %.0f minutes%s" % (machine(), ROUNDS, seconds / 60 + .5, "" if PARTIAL else ", and 12 more for resume and names"))
        sys.stdout.flush()
        for section in todo:
            section.run(results, directory)
        if idle:
            memory = measure_memory(results, directory, tls)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    results.table()
    print_memory(memory)
    rows = target_rows(results, memory)
    print_rows(rows)
    for name, why in results.not_compared.items():
        print("not compared: %s (%s)" % (name, why))
    for words in results.failed:
        print("failed: " + words)
    write_results(results, rows, memory, time.monotonic() - began)
    return 1 if any("groundnut" in words or "wrong bytes" in words for words in results.failed) else 0


sys.exit(main())
