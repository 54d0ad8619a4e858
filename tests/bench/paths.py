#!/usr/bin/env python3
"""The two ends of make bench-paths: paths.py serve PORT at home, paths.py measure COLUMN LEG FIFO DIRECTORY NAME=HOST:PORT… at the visitor's.

FULL=1       all cells instead of 24
QUICK=1      12 of the 24, in rounds as far as they end within 15 minutes
ROUNDS=N     how many rounds (7)
UPLINKS=a,b  the thin uplinks, Mbit/s (1,5,20)
CELLS=a,b    only these (as printed; may be prefixes; thin: the thin uplinks; call: UDP beside a download; vps: five homes share a thin VPS)
WAYS=a,b     only these

A pass on one way is 16 MiB, a second of quiet, and 1 MiB: so the small transfer finds the link as a big one has left it. Each ends
after 10 s and counts what has arrived until then.
"""
import json
import math
import os
import platform
import socket
import sys
import threading
import time

from plot import plot

LIMIT_S, QUIET_S, CHUNK = 10, 1, 1 << 18
FORGET_S = 10.5  # bbr believes in the least round trip that it saw within 10 s
MIB = 1 << 20
# round trip ms, loss %, direction, visitors
NAMED = [(rtt, loss, way, 1) for rtt, loss in ((10, .1), (40, 0), (100, .1), (200, 1)) for way in ("down", "up")] \
    + [(rtt, loss, way, 8) for rtt, loss in ((40, .1), (100, 1)) for way in ("down", "up")]
QUICK, QUICK_S = NAMED[2:8], 15 * 60
ALL = [(rtt, loss, way, n) for rtt in (10, 40, 100, 200) for loss in (0, .1, 1) for way in ("down", "up") for n in (1, 8)]
# A home's uplink: Mbit/s; its router holds 300 ms of it
THIN = [int(n) for n in os.environ.get("UPLINKS", "1,5,20").split(",")]
THIN_RTT_MS, THIN_QUEUE_MS, THIN_FULL_S, ECHOES_S, ECHO_EACH_S = 40, 300, 3, 6, .05
VPS_NOT = ("direct", "rathole")  # the first does not go through the VPS, the second's server is told of one home only
# A call: packets of so many bytes, each so long after the one before, on a path of this round trip and loss; UDP is at each way's port and ten
CALL_BYTES, CALL_EACH_S, CALL_S, CALL_RTT_MS, CALL_LOSS, UDP_PORT = 200, .02, 8, 40, 1, 10
# Ours divided by the best other's, and by direct's.
BEST_IN_MOST, MOST, BEST_IN_EACH, DIRECT, DIRECT_LOSSY_CUBIC, SHARE = 1.0, .9, .85, .95, 1.2, 1.2


# ---- the service: 9 bytes say what the visitor wants: "D" or "U" and how many bytes

def take(s, n):
    got = b""
    while len(got) < n:
        more = s.recv(n - len(got))
        if not more:
            raise ConnectionError("early end")
        got += more
    return got


def serve_one(s):
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with s:
        try:
            while True:
                head = take(s, 9)
                size = int.from_bytes(head[1:], "big")
                if head[:1] == b"D":
                    while size:
                        size -= s.send(bytes(min(size, CHUNK)))
                elif head[:1] == b"U":
                    count_in(s, size)
                else:
                    s.sendall(head)  # an echo
        except OSError:
            pass


def count_in(s, size):
    """What has come is said each time some has: the visitor knows what had arrived when its time was up."""
    got = 0
    while got < size:
        more = s.recv(CHUNK)
        if not more:
            return
        got += len(more)
        s.sendall(got.to_bytes(8, "big"))


def echo_packets(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", port))
        while True:
            packet, at = s.recvfrom(2048)
            s.sendto(packet, at)


def serve(port):
    threading.Thread(target=echo_packets, args=(port + UDP_PORT,), daemon=True).start()
    door = socket.create_server(("0.0.0.0", port), backlog=64)
    while True:
        threading.Thread(target=serve_one, args=(door.accept()[0],), daemon=True).start()


# ---- the visitor

class Transfer(threading.Thread):
    def __init__(self, at, direction, size):
        super().__init__(daemon=True)
        self.at, self.direction, self.size, self.arrived, self.done_s = at, direction, size, 0, None

    def run(self):
        self.began = time.monotonic()
        end = self.began + LIMIT_S
        try:
            with socket.create_connection(self.at, timeout=LIMIT_S) as s:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                s.sendall(self.direction[0].upper().encode() + self.size.to_bytes(8, "big"))
                if self.direction == "down":
                    self.pull(s, end)
                else:
                    threading.Thread(target=self.push, args=(s,), daemon=True).start()
                    self.hear(s, end)
        except OSError:
            pass
        if self.arrived >= self.size:
            self.done_s = time.monotonic() - self.began

    def pull(self, s, end):
        while self.arrived < self.size and time.monotonic() < end:
            s.settimeout(max(.01, end - time.monotonic()))
            more = len(s.recv(CHUNK))
            if not more:
                return
            self.arrived += more

    def push(self, s):
        left = self.size
        try:
            while left:
                left -= s.send(bytes(min(left, CHUNK)))
        except OSError:
            pass

    def hear(self, s, end):
        said = b""
        while self.arrived < self.size and time.monotonic() < end:
            s.settimeout(max(.01, end - time.monotonic()))
            more = s.recv(4096)
            if not more:
                return
            said += more
            whole = len(said) // 8 * 8
            if whole:
                self.arrived = int.from_bytes(said[whole - 8:whole], "big")
                said = said[whole:]


def transfer(at, direction, size, visitors):
    """Bytes a second of all together; and, when the first has all it wanted, the most that one has over the least."""
    all_of_them = [Transfer(at, direction, size // visitors) for _ in range(visitors)]
    began = time.monotonic()
    for one in all_of_them:
        one.start()
    share = None
    while any(one.is_alive() for one in all_of_them):
        time.sleep(.002)
        if share is None and any(one.done_s for one in all_of_them):
            share = max(one.arrived for one in all_of_them) / max(1, min(one.arrived for one in all_of_them))
    took = max((one.done_s or LIMIT_S) for one in all_of_them) if visitors == 1 else time.monotonic() - began
    return sum(one.arrived for one in all_of_them) / took, share


def set_path(fifo, rtt_ms, loss, uplink=0):
    """uplink: bytes a second from the long leg's end, with its queue; 0: no limit."""
    for number, rate in (("0", 0), ("1", uplink)):
        with open(fifo + number, "w") as f:
            f.write("%d %g %d %d\n" % (rtt_ms * 500, loss, rate, rate * THIN_QUEUE_MS // 1000))
    time.sleep(.2)


def change_path(fifo, ways, rtt_ms, loss, uplink=0):
    """The links that stand already come to know the path as they would know it at its other end."""
    set_path(fifo, rtt_ms, loss, uplink)
    time.sleep(FORGET_S)
    for at in ways.values():
        transfer(at, "down", CHUNK, 1)
        transfer(at, "up", CHUNK, 1)
    time.sleep(QUIET_S)


def echoes(at, seconds):
    """Round trips of a few bytes, in ms."""
    got = []
    with socket.create_connection(at, timeout=LIMIT_S) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            s.sendall(b"E" + bytes(8))
            take(s, 9)
            got.append((time.monotonic() - began) * 1000)
            time.sleep(ECHO_EACH_S)
    return sorted(got)


def thin(at, echo_at):
    """Echoes beside a download that fills a line: p50, p99, and what the download gets, KiB/s."""
    bulk = Transfer(at, "down", 1 << 40)
    bulk.start()
    time.sleep(THIN_FULL_S)
    try:
        got = echoes(echo_at, ECHOES_S)
    except TimeoutError:
        got = [LIMIT_S * 1000]
    bulk.join()
    return got[len(got) // 2], got[len(got) * 99 // 100], bulk.arrived / LIMIT_S / 1024


def call(at):
    """Packets there and back beside a download: % that did not come back within a second, p99 of how far two neighbours' round trips differ, ms."""
    bulk = Transfer(at, "down", 1 << 40)
    bulk.start()
    time.sleep(1)
    took, count = {}, int(CALL_S / CALL_EACH_S)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((at[0], at[1] + UDP_PORT))
        began = time.monotonic()

        def hear():
            while time.monotonic() < began + CALL_S + 1:
                try:
                    packet = s.recv(2048)
                except OSError:
                    continue
                number = int.from_bytes(packet[:4], "big")
                took[number] = (time.monotonic() - began - number * CALL_EACH_S) * 1000

        s.settimeout(.2)
        ear = threading.Thread(target=hear, daemon=True)
        ear.start()
        for number in range(count):
            time.sleep(max(0, began + number * CALL_EACH_S - time.monotonic()))
            try:
                s.send(number.to_bytes(4, "big") + bytes(CALL_BYTES - 4))
            except OSError:
                pass
        ear.join()
    bulk.join()
    back = [n for n in sorted(took) if took[n] < 1000]
    jitter = sorted(abs(took[b] - took[a]) for a, b in zip(back, back[1:]))
    return 100 * (count - len(back)) / count, jitter[len(jitter) * 99 // 100] if jitter else LIMIT_S * 1000, bulk.arrived / LIMIT_S / 1024


def measure_call(fifo, ways, rounds):
    ways = {n: at for n, at in ways.items() if not n.startswith("ssh")}
    print("\nA call (%d bytes each %.0f ms) beside a download, round trip %d ms, %g %% loss: %% of packets lost there and back; p99 of jitter, ms; the download in KiB/s\n"
          % (CALL_BYTES, CALL_EACH_S * 1000, CALL_RTT_MS, CALL_LOSS))
    values = {}
    change_path(fifo, ways, CALL_RTT_MS, CALL_LOSS)
    for _ in range(rounds):
        for name, at in ways.items():
            values.setdefault(name, []).append(call(at))
            time.sleep(QUIET_S)
    print("| %s |\n|%s" % (" | ".join(ways), " --- |" * len(ways)))
    print("| %s |" % " | ".join("%.1f, %.0f, %.0f" % tuple(median(v) for v in zip(*values[w])) for w in ways), flush=True)


def measure_thin(fifo, ways, rounds):
    print("\nEchoes beside a download over a home's uplink with %d ms of queue, round trip %d ms: p50, p99 in ms; the download in KiB/s\n"
          % (THIN_QUEUE_MS, THIN_RTT_MS))
    print("| uplink | %s |\n| --- |%s" % (" | ".join(ways), " --- |" * len(ways)))
    for mbit in THIN:
        values = {}
        change_path(fifo, ways, THIN_RTT_MS, 0, mbit * 125000)
        for _ in range(rounds):
            for name, at in ways.items():
                values.setdefault(name, []).append(thin(at, at))
                time.sleep(QUIET_S)
        print("| %d Mbit/s | %s |" % (mbit, " | ".join(", ".join("%.0f" % median(v) for v in zip(*values[w])) for w in ways)), flush=True)


def police(fifo, on):
    with open(fifo + "p", "w") as f:
        f.write("on\n" if on else "off\n")
    time.sleep(QUIET_S)


def measure_vps(fifo, ways, rounds):
    """The first home is downloaded from; echoes go to the second, at the port and a thousand."""
    ways = {n: at for n, at in ways.items() if n not in VPS_NOT}
    print("\nFive homes on a VPS that drops what is over 3 Mbit/s, round trip %d ms (ours knows it by \"egress\"): p50, p99 of one's echoes beside another's download, ms; the download in KiB/s\n"
          % THIN_RTT_MS)
    change_path(fifo, ways, THIN_RTT_MS, 0)
    police(fifo, True)
    values = {}
    for _ in range(rounds):
        for way, at in ways.items():
            values.setdefault(way, []).append(thin(at, (at[0], at[1] + 1000)))
            time.sleep(QUIET_S)
    police(fifo, False)
    print("| %s |\n|%s" % (" | ".join(ways), " --- |" * len(ways)))
    print("| %s |" % " | ".join(", ".join("%.0f" % median(v) for v in zip(*values[w])) for w in ways), flush=True)


def name(cell, size):
    return "%s-%dM-%dms-%g%%-%d" % (cell[2], size // MIB, cell[0], cell[1], cell[3])


def wanted(cell):
    only = [c for c in os.environ.get("CELLS", "").split(",") if c]
    return not only or any(name(cell, size).startswith(c) for c in only for size in (MIB, 16 * MIB))


def wants(what):
    only = os.environ.get("CELLS")
    return what in only.split(",") if only else os.environ.get("QUICK") != "1"


def median(values):
    v = sorted(values)
    return v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return "%s, %d cores, Linux %s" % (model, os.cpu_count(), platform.release().split("-")[0])


def measure(column, leg, fifo, directory, ways):
    quick, began = os.environ.get("QUICK") == "1", time.monotonic()
    cells = [c for c in (ALL if os.environ.get("FULL") == "1" else QUICK if quick else NAMED) if wanted(c)]
    only = [w for w in os.environ.get("WAYS", "").split(",") if w]
    ways = {n: w for n, w in ways.items() if not only or n in only}
    rounds, values, shares, load = int(os.environ.get("ROUNDS", 7)), {}, {}, [os.getloadavg()[0]]
    for number in range(rounds):
        if quick and number and (time.monotonic() - began) * (number + 1) / number > QUICK_S:
            rounds = number
            break
        order = list(ways)[number % len(ways):] + list(ways)[:number % len(ways)]
        before = None
        for cell in cells:
            if cell[:2] != before:
                change_path(fifo, ways, *cell[:2])
            before = cell[:2]
            for way in order:
                for size in (16 * MIB, MIB):
                    speed, share = transfer(ways[way], cell[2], size, cell[3])
                    key = name(cell, size)
                    values.setdefault(key, {}).setdefault(way, []).append(speed / 1024)
                    if share and cell[3] > 1 and size > MIB:
                        shares.setdefault(key, {}).setdefault(way, []).append(share)
                    time.sleep(QUIET_S)
        print("note round %d of %d is done" % (number + 1, rounds), file=sys.stderr, flush=True)
        load.append(os.getloadavg()[0])
    if values:
        print("\n%s; %d rounds; load %s" % (machine(), rounds, ", ".join("%.1f" % n for n in load)))
        result = {"column": column, "leg": leg, "rounds": rounds, "machine": machine(), "load": load, "kib_s": values, "shares": shares}
        where = os.path.join(directory, "%s-%s" % (column, leg))
        with open(where + ".json", "w") as f:
            json.dump(result, f, indent=1)
        rows = show(column, leg, list(ways), values, shares)
        with open(where + ".svg", "w") as f:
            f.write(plot(rows, machine(), "Speed on long and lossy paths, beside the best other and beside a forwarded port: times better (right) or worse (left)"))
        print("written: %s.json, .svg" % where, flush=True)
    if leg == "home" and wants("thin"):
        measure_thin(fifo, ways, rounds)
    if "vps" in os.environ.get("CELLS", "").split(","):
        measure_vps(fifo, ways, rounds)
    if wants("call"):
        measure_call(fifo, ways, rounds)


# ---- what came out

def paired(values, way):
    """Median of ours divided by theirs, in the same round."""
    return median([a / b for a, b in zip(values["groundnut"], values[way]) if b > 0] or [math.inf])  # nothing arrived by the other


def show(column, leg, ways, values, shares):
    """Returns the rows of the picture."""
    print("\nKiB/s, medians; %s is the system's congestion control, the long leg is the %s's\n" % (column, leg))
    print("| cell | %s | of the best other | of direct |\n| --- |%s --- | --- |" % (" | ".join(ways), " --- |" * len(ways)))
    others = [w for w in ways if w not in ("groundnut", "direct")]
    best, direct, rows = {}, {}, []
    for cell, by_way in values.items():
        row = ["{:,.0f}".format(median(by_way[w])) for w in ways]
        if "groundnut" in by_way and others:
            best[cell], way = min((paired(by_way, w), w) for w in others)
            rows.append({"what": cell, "way": way, "value": best[cell], "kind": "ratio", "more_is_better": True})
        if "groundnut" in by_way and "direct" in by_way:
            direct[cell] = paired(by_way, "direct")
            rows.append({"what": cell, "way": "direct", "value": direct[cell], "kind": "ratio", "more_is_better": True})
        print("| %s | %s | %s | %s |" % (cell, " | ".join(row), *("%.2f" % d[cell] if cell in d else "" for d in (best, direct))))
    if best:
        good = sum(b >= BEST_IN_MOST for b in best.values()) / len(best)
        print("\nat least the best other's in %.0f %% of the cells (wanted: %.0f %%), %.2f of it in the worst (wanted: %.2f): %s"
              % (good * 100, MOST * 100, min(best.values()), BEST_IN_EACH, "yes" if good >= MOST and min(best.values()) >= BEST_IN_EACH else "NO"))
    if direct:
        need = {c: DIRECT_LOSSY_CUBIC if column == "cubic" and "-0%-" not in c else DIRECT for c in direct}
        missed = [c for c in direct if direct[c] < need[c]]
        print("of direct (wanted: %.2f, with cubic and loss %.2f): %s" % (DIRECT, DIRECT_LOSSY_CUBIC, "missed by " + ", ".join(missed) if missed else "yes"))
    for cell, by_way in shares.items():
        print("share %s, most by least (wanted: %.1f): %s" % (cell, SHARE, ", ".join("%s %.2f" % (w, median(v)) for w, v in by_way.items())))
    return rows


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        measure(*sys.argv[2:6], {w.split("=")[0]: (w.split("=")[1].rsplit(":", 1)[0], int(w.rsplit(":", 1)[1])) for w in sys.argv[6:]})
