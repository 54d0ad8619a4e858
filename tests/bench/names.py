#!/usr/bin/env python3
"""make bench-names: 100,000 names in the relay; updates through the door at 1,000 a second; answers per second of its DNS server beside
NSD and Knot (those that are installed), in alternating rounds by dnsperf on loopback.

QUICK=1    10,000 names and two short rounds
ROUNDS=N   how many rounds (5)
"""
import base64
import hashlib
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.path.abspath(sys.argv[1])
QUICK = os.environ.get("QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS", 2 if QUICK else 5))
SECONDS = 2 if QUICK else 4
NAMES = 10_000 if QUICK else 100_000
UPDATES_S, UPDATE_SECONDS = 1000, 4 if QUICK else 10
ACCOUNTS = 100
TICK = os.sysconf("SC_CLK_TCK")
TOKEN = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
ZONE = "bench.test"
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def tree(pid):
    """A process and all below it, with their stat fields from the third on."""
    all = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % entry) as f:
                all[int(entry)] = f.read().rsplit(")", 1)[1].split()
        except OSError:
            pass
    out, todo = {}, [pid]
    while todo:
        one = todo.pop()
        if one in all:
            out[one] = all[one]
            todo += [p for p, fields in all.items() if int(fields[1]) == one]
    return out


def cpu(pid):
    return sum(sum(map(int, fields[11:15])) for fields in tree(pid).values()) / TICK


def pss_mb(pid):
    total = 0
    for one in tree(pid):
        with open("/proc/%d/smaps_rollup" % one) as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total / 1024


def name(i):
    return "h%d.a%d.%s" % (i // ACCOUNTS, i % ACCOUNTS, ZONE)


def update(port, account, hosts, address):
    """Seconds until the answer was whole."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.settimeout(30)
        s.sendall(("GET /nic/update?hostname=%s&myip=%s HTTP/1.0\r\nAuthorization: Basic %s\r\n\r\n" %
                   (",".join(hosts), address, base64.b64encode(("%s:%s" % (account, TOKEN)).encode()).decode())).encode())
        answer = b""
        while True:
            part = s.recv(4096)
            if not part:
                break
            answer += part
    body = answer.split(b"\r\n\r\n", 1)[-1]
    if not answer.startswith(b"HTTP/1.0 200") or body.count(b"good") + body.count(b"nochg") != len(hosts):
        raise SystemExit("the door said: %r" % answer)
    return time.monotonic() - begun


class Server:
    def __init__(self, label, port, command, cwd):
        self.label, self.port = label, port
        self.log = open(os.path.join(cwd, label + ".log"), "w")
        self.process = subprocess.Popen(command, cwd=cwd, stdout=self.log, stderr=self.log, env=dict(os.environ, PATH=PATH))
        self.rates, self.per_cpu = [], []

    def wait(self):
        question = bytes.fromhex("000101000001000000000000") + b"".join(bytes([len(x)]) + x.encode() for x in ZONE.split(".")) + b"\0\0\x06\0\1"
        for _ in range(300):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(.2)
                try:
                    s.connect(("127.0.0.1", self.port))
                    s.send(question)
                    if s.recv(2048)[3] & 15 == 0:
                        return
                except OSError:
                    time.sleep(.1)
            if self.process.poll() is not None:
                break
        raise SystemExit("%s does not answer: %s" % (self.label, open(self.log.name).read()[-500:]))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def relay(where, dns, door, tunnel):
    accounts = [{"name": "a%d" % i, "token": "sha256:" + hashlib.sha256(TOKEN.encode()).hexdigest()} for i in range(ACCOUNTS)]
    program = os.path.join(BUILD, "groundnut-relay")
    subprocess.run([program, "init", "--domain", ZONE, "--address", "127.0.0.1", "--dir", where], check=True, capture_output=True)
    with open(where + "/relay.json") as f:
        config = json.load(f)
    for key in "http", "tls":
        config.pop(key, None)
    config.update(state="relay.db", control="relay.sock", listen=["127.0.0.1:%d" % tunnel], addresses=["203.0.113.10"],
                  dns=[{"kind": "serve", "listen": ["127.0.0.1:%d" % dns], "rate": 0}], update={"http": ["127.0.0.1:%d" % door]})
    with open(where + "/relay.json", "w") as f:
        json.dump(config, f)
    with open(where + "/accounts.json", "w") as f:
        json.dump(accounts, f)
    server = Server("groundnut", dns, [program, "run", "-c", where + "/relay.json"], where)
    server.wait()
    return server


def zone_file(path):
    with open(path, "w") as f:
        f.write("$ORIGIN %s.\n$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 30\n@ NS ns1\nns1 A 203.0.113.10\n" % ZONE)
        for i in range(NAMES):
            f.write("%s. A 11.%d.%d.%d\n" % (name(i), i >> 16, i >> 8 & 255, i & 255))


def nsd(where, port):
    with open(where + "/nsd.conf", "w") as f:
        f.write("""server:
 ip-address: 127.0.0.1@%d
 server-count: 1
 username: ""
 zonesdir: "%s"
 database: ""
 zonelistfile: "%s/zone.list"
 xfrdfile: "%s/xfrd.state"
 xfrdir: "%s"
 pidfile: "%s/nsd.pid"
 rrl-ratelimit: 0
remote-control:
 control-enable: no
zone:
 name: %s
 zonefile: bench.zone
""" % (port, where, where, where, where, where, ZONE))
    return Server("nsd", port, ["nsd", "-d", "-c", where + "/nsd.conf"], where)


def knot(where, port):
    with open(where + "/knot.conf", "w") as f:
        f.write("""server:
    rundir: "%s"
    listen: 127.0.0.1@%d
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "%s"
template:
  - id: default
    storage: "%s"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: %s
    file: bench.zone
""" % (where, port, where, where, ZONE))
    return Server("knot", port, ["knotd", "-c", where + "/knot.conf"], where)


def fill(server, port):
    """All names, twenty a request."""
    before, begun = cpu(server.process.pid), time.monotonic()
    todo = [(a, list(range(start, min(start + 20 * ACCOUNTS, NAMES), ACCOUNTS))) for a in range(ACCOUNTS) for start in range(a, NAMES, 20 * ACCOUNTS)]
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                if not todo:
                    return
                account, group = todo.pop()
            update(port, "a%d" % account, [name(i) for i in group], "11.%d.%d.%d" % (group[0] >> 16, group[0] >> 8 & 255, group[0] & 255))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - begun
    print("%d names by 20 a request: %.1f s, %.0f names/s, relay CPU %.2f s" % (NAMES, took, NAMES / took, cpu(server.process.pid) - before))


def updates(server, port):
    """One name a request, as routers send them, at a steady pace."""
    times, late = [], []
    count = UPDATES_S * UPDATE_SECONDS
    before, begun = cpu(server.process.pid), time.monotonic() + .1
    workers = 16

    def work(k):
        r = random.Random(k)
        for j in range(k, count, workers):
            due = begun + j / UPDATES_S
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            i = r.randrange(NAMES)
            times.append(update(port, "a%d" % (i % ACCOUNTS), [name(i)], "12.%d.%d.%d" % tuple(r.randrange(1, 255) for _ in range(3))))
            late.append(time.monotonic() - due)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.monotonic() - begun
    used = cpu(server.process.pid) - before
    times.sort()
    late.sort()
    result = {"wanted_per_second": UPDATES_S, "per_second": count / took, "p50_ms": times[count // 2] * 1000, "p99_ms": times[count * 99 // 100] * 1000,
              "cpu_us_per_update": used / count * 1e6}
    print("%(wanted_per_second)d updates/s: %(per_second).0f/s came, each durable: p50 %(p50_ms).1f ms, p99 %(p99_ms).1f ms, %(cpu_us_per_update).0f µs of the relay's CPU" % result)
    return result


def measure(server, queries):
    before = cpu(server.process.pid)
    out = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", queries, "-l", str(SECONDS), "-c", "4", "-T", "1", "-q", "200"],
                         capture_output=True, text=True).stdout
    used = cpu(server.process.pid) - before
    facts = {line.split(":")[0].strip(): line.split(":")[1].split() for line in out.splitlines() if ":" in line}
    answered, lost = int(facts["Queries completed"][0]), int(facts["Queries lost"][0])
    if "NOERROR %d" % answered not in " ".join(facts["Response codes"]):
        raise SystemExit("%s: not every answer was one:\n%s" % (server.label, out))
    server.rates.append(float(facts["Queries per second"][0]))
    server.per_cpu.append(answered / used)
    server.lost = getattr(server, "lost", 0) + lost


def main():
    if not shutil.which("dnsperf", path=PATH):
        print("names: dnsperf is not installed; deploy/install-deps bench installs what this compares with")
        return
    os.environ["PATH"] = PATH
    where = tempfile.mkdtemp(prefix="bench-names.")
    servers = []
    try:
        dns, door, tunnel, other, third = free_ports(5)
        ours = relay(where, dns, door, tunnel)
        servers.append(ours)
        empty = pss_mb(ours.process.pid)
        fill(ours, door)
        memory = pss_mb(ours.process.pid)
        print("relay's memory: %.1f MB with %d names, %.1f MB without" % (memory, NAMES, empty))
        updated = updates(ours, door)
        zone_file(where + "/bench.zone")
        if shutil.which("nsd"):
            servers.append(nsd(where, other))
        if shutil.which("knotd"):
            servers.append(knot(where, third))
        for s in servers[1:]:
            s.wait()
        random.seed(1)
        with open(where + "/queries", "w") as f:
            for _ in range(200_000):
                f.write("%s A\n" % name(random.randrange(NAMES)))
        for round in range(ROUNDS):
            for k in range(len(servers)):
                measure(servers[(k + round) % len(servers)], where + "/queries")
        result = {"names": NAMES, "memory_mb": memory, "updates": updated, "servers": {}}
        print("%-10s %14s %26s %12s %s" % ("", "answers/s", "answers per CPU second", "ratio", "memory"))
        for s in servers:
            ratio = statistics.median(a / b for a, b in zip(ours.per_cpu, s.per_cpu))
            result["servers"][s.label] = {"per_second": s.rates, "per_cpu_second": s.per_cpu, "ratio": ratio, "lost": s.lost}
            print("%-10s %14.0f %10.0f (%.0f–%.0f) %12s %6.1f MB%s" % (s.label, statistics.median(s.rates), statistics.median(s.per_cpu), min(s.per_cpu),
                  max(s.per_cpu), "" if s is ours else "%.2f" % ratio, pss_mb(s.process.pid), ", %d lost" % s.lost if s.lost else ""))
        with open(os.path.join(BUILD, "bench-names.json"), "w") as f:
            json.dump(result, f, indent=1)
        print("targets: half of NSD's answers per CPU second, 200 MB at 100,000 names, 1,000 updates a second")
    finally:
        for s in servers:
            s.stop()
        shutil.rmtree(where, ignore_errors=True)


main()
