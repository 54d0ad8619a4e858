"""Says to a DNS server what no resolver would say: dns_noise.py HOST PORT udp|tcp|idle|flood|pipeline|trickle [COUNT] [NAME].
udp, tcp: COUNT packets, random, cut, or questions with bytes changed, and then prints how many answers came and how long the longest was.
idle: opens COUNT connections, prints how many of them are still open after two seconds, and holds them for 30 s. flood: COUNT questions as
fast as they go; prints answers, truncated answers and bytes in and out. pipeline: COUNT questions about NAME's TXT at once on one connection, whose
sending half is then closed; prints how many answers came, in order. trickle: a question byte by byte, slower than a server should wait;
prints what became of it."""
import random, select, socket, struct, sys, threading, time

host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
count = int(sys.argv[4]) if len(sys.argv) > 4 else 2000
random.seed(7)


def question(name, kind=1, edns=False):
    out = struct.pack(">HHHHHH", random.getrandbits(16), 0x0100, 1, 0, 0, 1 if edns else 0)
    for label in name.split("."):
        out += bytes([len(label)]) + label.encode()
    out += b"\0" + struct.pack(">HH", kind, 1)
    return out + (b"\0" + struct.pack(">HHIH", 41, 4096, 0, 0) if edns else b"")


def bad():
    p = bytearray(question(random.choice(["home.example.com", "alice.home.example.com", "x.y.example"]), random.choice([1, 28, 255, 252, 6, 16]),
                           random.random() < .5))
    way = random.randrange(5)
    if way == 0:
        return bytes(random.getrandbits(8) for _ in range(random.randrange(1, 600)))
    if way == 1:
        return bytes(p[:random.randrange(1, len(p))])
    if way == 2:
        for _ in range(random.randrange(1, 6)):
            p[random.randrange(2, len(p))] = random.getrandbits(8)
    if way == 3:
        p[12:12] = struct.pack(">H", 0xC00C)      # a name that points at itself
    if way == 4:
        p += bytes(random.getrandbits(8) for _ in range(random.randrange(1, 1200)))
        p[4:12] = struct.pack(">HHHH", *[random.choice([0, 1, 2, 65535]) for _ in range(4)])
    return bytes(p)


if what == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
    answers = longest = 0
    for _ in range(count):
        s.send(bad())
        while select.select([s], [], [], 0)[0]:
            answers, longest = answers + 1, max(longest, len(s.recv(65535)))
    print(answers, longest)
elif what == "tcp":
    for _ in range(count):
        s = socket.create_connection((host, port), 5)
        s.settimeout(5)
        p = bad()
        try:
            s.sendall(struct.pack(">H", random.choice([len(p), len(p) + 7, 0, 65535])) + p)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65535):
                pass
        except OSError:
            pass
        s.close()
    print("done")
elif what == "idle":
    all = []
    for _ in range(count):
        try:
            all.append(socket.create_connection((host, port), 5))
        except OSError:
            pass
    time.sleep(2)
    for s in all:
        s.setblocking(False)
    left = 0
    for s in all:
        try:
            s.recv(1)
        except BlockingIOError:
            left += 1
        except OSError:
            pass
    print(left, flush=True)
    time.sleep(30)
elif what == "flood":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.connect((host, port))
    whole = cut = sent = got = 0
    p = question("home.example.com", 6, True)
    for i in range(count):
        s.send(p)
        sent += len(p)
        if i % 50 == 0:
            time.sleep(.002)
        while select.select([s], [], [], .3 if i == count - 1 else 0)[0]:
            a = s.recv(65535)
            got += len(a)
            if a[2] & 2:
                cut += 1
            else:
                whole += 1
    print(whole, cut, sent, got)
elif what == "pipeline":
    s = socket.create_connection((host, port), 5)
    s.settimeout(30)
    asked = [struct.pack(">H", i) + question(sys.argv[5], 16)[2:] for i in range(count)]
    threading.Thread(target=lambda: (s.sendall(b"".join(struct.pack(">H", len(q)) + q for q in asked)), s.shutdown(socket.SHUT_WR))).start()
    got, seen = b"", 0
    while True:
        part = s.recv(65536)
        if not part:
            break
        got += part
        while len(got) >= 4 and len(got) >= 2 + struct.unpack(">H", got[:2])[0]:
            if struct.unpack(">H", got[2:4])[0] != seen:
                raise SystemExit("out of order after %d" % seen)
            got, seen = got[2 + struct.unpack(">H", got[:2])[0]:], seen + 1
    print(seen)
elif what == "trickle":
    s = socket.create_connection((host, port), 5)
    s.settimeout(1)
    p = question("home.example.com", 6)
    end = "answered"
    for byte in struct.pack(">H", len(p)) + p[:-1]:
        try:
            s.send(bytes([byte]))
            if not s.recv(10):
                end = "ended"
                break
        except TimeoutError:
            pass
        except OSError:
            end = "ended"
            break
    print(end)
