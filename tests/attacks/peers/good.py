#!/usr/bin/python3
"""Good visitors and a good home beside an attack, and how long each of them waited.

	good.py --probes LIST --relay ADDRESS --from ADDRESS --home DOMAIN --account NAME --token TOKEN --pid PID --log FILE --notify SOCKET --out FILE

Each probe is one thing done over and over, alone in a thread: said to have failed when it was refused, broken or answered wrongly, or when an
answer has not come after PATIENCE. What still waits at the end is waited for.

	kept    one connection to the echo (tcp 9001), a line each 20 ms
	fresh   connects to the echo, says a line, has it back, and goes
	http    asks for http://web.alice.DOMAIN/small, on a connection of its own
	https   asks for https://cloud.alice.DOMAIN/small, on a connection of its own, whose certificate is --ca
	attach  an agent of ACCOUNT: TLS, HELLO, DECLARE of one mapping, until STATE says that it is open; then BYE
	dns     asks the relay by UDP for web.alice.DOMAIN, as a resolver does: again after a second, up to five times
	dnstcp  the same by TCP
	udp     a datagram to the mapping at --udp and back; sent again after a second, up to five times
	update  tells the update door a new address of ACCOUNT's name, by its token, or --password
	router  the same as a router does it that was never there before: each time another account of router0, router1 …, which all have --password, from
	        another network of 11.22.0.0/16
	signin  signs in to the dashboard on port 7443 by --password

It prints "ready" when each probe has succeeded once. SIGUSR1: the quiet is over, the attack begins. SIGUSR2: the attack is at its height; "seen" is
printed when each probe has come to an end three more times. SIGTERM: the end; then the figures go to FILE.
Beside them it looks at the relay: its memory, descriptors, log, and how long its watchdog was not fed.
"""
import argparse
import base64
import json
import os
import signal
import socket
import ssl
import struct
import sys
import threading
import time

from frames import BYE, DECLARE, REFUSE, STATE, WELCOME, Link, client_context, frame, words

SLOW = float(os.environ.get("SLOW", "1"))
PATIENCE = 20 * SLOW
options = argparse.ArgumentParser()
for name in "probes relay from home account token log notify out".split():
	options.add_argument("--" + name, dest=name, required=True)
options.add_argument("--pid", type=int, required=True)
options.add_argument("--password", default="")
options.add_argument("--ca", default="")
options.add_argument("--udp", type=int, default=5001)
options.add_argument("--echo", type=int, default=9001)
options.add_argument("--attach-port", type=int, default=9500)
options = options.parse_args()
source = getattr(options, "from")
phase = "quiet"
over = threading.Event()
SMALL = 1024
ROUTERS = 40


class Wrong(Exception):
	pass


def connect(port, address=None):
	s = socket.create_connection((options.relay, port), PATIENCE, (address or source, 0))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	return s


def read_exactly(s, length):
	got = b""
	while len(got) < length:
		piece = s.recv(length - len(got))
		if not piece:
			raise Wrong("ended early")
		got += piece
	return got


class Kept:
	pause = 0.02
	s = None

	def once(self, number):
		if not self.s:
			self.s = connect(options.echo)
		line = b"%012d" % number
		try:
			self.s.sendall(line)
			if read_exactly(self.s, len(line)) != line:
				raise Wrong("other bytes came back")
		except (OSError, Wrong):
			self.s.close()
			self.s = None
			raise


class Fresh:
	pause = 0.05

	def once(self, number):
		line = b"%012d" % number
		with connect(options.echo) as s:
			s.sendall(line)
			if read_exactly(s, len(line)) != line:
				raise Wrong("other bytes came back")


def ask_http(port, request, address=None, wrap=lambda s: s):
	with wrap(connect(port, address)) as s:
		s.sendall(request.encode())
		got = b""
		while True:
			piece = s.recv(65536)
			if not piece:
				break
			got += piece
	head, _, body = got.partition(b"\r\n\r\n")
	return head.split(b"\r\n")[0].decode("latin-1"), body


class Http:
	pause = 0.05
	port, host = 80, "web"

	@staticmethod
	def wrap(s):
		return s

	def once(self, number):
		status, body = ask_http(self.port, "GET /small?%d HTTP/1.1\r\nHost: %s.alice.%s\r\nConnection: close\r\n\r\n" % (number, self.host, options.home),
			wrap=self.wrap)
		if status != "HTTP/1.1 200 OK" or len(body) != SMALL:
			raise Wrong("answered %r and %d bytes" % (status, len(body)))


class Https(Http):
	port, host = 443, "cloud"

	def __init__(self):
		self.context = ssl.create_default_context(cafile=options.ca)

	def wrap(self, s):
		return self.context.wrap_socket(s, server_hostname="cloud.alice." + options.home)


class Attach:
	pause = 0.15
	context = client_context()

	def once(self, number):
		with connect(7000) as plain:
			link = Link(self.context.wrap_socket(plain))
			link.send(words(1, {"version": 1, "role": "agent", "program": "good", "account": options.account, "agent": "probe",
				"token": options.token, "instance": "7", "receive_budget": 1 << 20}))
			self.until(link, WELCOME)
			mapping = {"id": 1, "name": "probe", "protocol": "tcp", "public_port": options.attach_port, "target": "127.0.0.1:9"}
			link.send(words(DECLARE, {"serial": 1, "mappings": [mapping], "names": []}))
			state = None
			while not state or state["serial"] != 1 or state["mappings"][0]["state"] == "pending":
				state = json.loads(self.until(link, STATE))
			link.send(frame(0, BYE, b"goodbye"))
			link.close()
			if state["mappings"][0]["state"] != "open":
				raise Wrong(state["mappings"][0].get("error"))

	@staticmethod
	def until(link, wanted):
		end = time.monotonic() + PATIENCE
		while time.monotonic() < end and not link.over:
			for _, kind, payload in link.frames(end - time.monotonic()):
				if kind == wanted:
					return payload
				if kind == REFUSE:
					raise Wrong("refused: %s" % json.loads(payload).get("reason"))
		raise Wrong("the link ended" if link.over else "no answer in time")


def question(number):
	name = b"".join(bytes([len(label)]) + label.encode() for label in ("web.alice." + options.home).split(".")) + b"\0"
	return struct.pack(">HHHHHH", number & 0xffff, 0x100, 1, 0, 0, 0) + name + struct.pack(">HH", 1, 1)


def check_answer(answer, number):
	ident, flags, _, answers = struct.unpack(">HHHH", answer[:8])
	if ident != number & 0xffff or flags & 15 or answers < 1:
		raise Wrong("flags %x, %d answers" % (flags, answers))


def ask_udp(port, data):
	for _ in range(5):
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
			s.bind((source, 0))
			s.connect((options.relay, port))
			s.settimeout(1 * SLOW)
			s.send(data)
			try:
				return s.recv(4096)
			except TimeoutError:
				pass
	raise Wrong("five questions got no answer")


class Dns:
	pause = 0.1

	def once(self, number):
		check_answer(ask_udp(53, question(number)), number)


class Udp:
	pause = 0.05

	def once(self, number):
		line = b"%012d" % number
		if not ask_udp(options.udp, line).startswith(line):
			raise Wrong("other bytes came back")


class Dnstcp:
	pause = 0.1

	def once(self, number):
		ask = question(number)
		with connect(53) as s:
			s.sendall(struct.pack(">H", len(ask)) + ask)
			check_answer(read_exactly(s, struct.unpack(">H", read_exactly(s, 2))[0]), number)


class Update:
	pause = 0.3

	def address(self, number):
		return source

	def account(self, number):
		return options.account

	def once(self, number):
		account = self.account(number)
		login = base64.b64encode(("%s:%s" % (account, options.password or options.token)).encode()).decode()
		status, body = ask_http(8245, "GET /nic/update?hostname=%s.%s&myip=11.9.%d.%d HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n"
			"User-Agent: good/1\r\nConnection: close\r\n\r\n" % (account, options.home, number >> 8 & 255, number & 255, login), self.address(number))
		if status != "HTTP/1.1 200 OK" or not body.startswith((b"good", b"nochg")):
			raise Wrong("answered %r %r" % (status, body[:40]))


class Router(Update):
	pause = 0.4

	def account(self, number):
		return "router%d" % (number % ROUTERS)

	def address(self, number):
		return "11.22.%d.%d" % (100 + number % 150, 1 + number // 150)


class Signin:
	pause = 0.4
	context = ssl.create_default_context()
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE

	def once(self, number):
		host, body = "%s:7443" % options.relay, json.dumps({"password": options.password})
		with self.context.wrap_socket(connect(7443)) as s:
			s.sendall(("POST /signin HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
				% (host, host, len(body), body)).encode())
			status = read_exactly(s, 12).decode("latin-1")
		if status != "HTTP/1.1 303":
			raise Wrong("answered %r" % status)


class Probe(threading.Thread):
	def __init__(self, name):
		super().__init__(daemon=True)
		self.what, self.does = name, globals()[name.capitalize()]()
		self.took = {"quiet": [], "attack": []}
		self.failed = {"quiet": [], "attack": []}
		self.wanted = 0

	def ends(self):
		return len(self.took["attack"]) + len(self.failed["attack"])

	def run(self):
		number = 0
		while not over.is_set():
			number += 1
			during, begun = phase, time.monotonic()
			try:
				self.does.once(number)
				self.took[during].append((time.monotonic() - begun) * 1000)
				# who began in the quiet and ended in the attack was held up by it
				if phase != during:
					self.took[phase].append(self.took[during].pop())
			except Exception as e: # whatever it is, this probe has failed
				self.failed[phase].append("%s after %.1f s: %s" % (self.what, time.monotonic() - begun, str(e) or type(e).__name__))
			over.wait(self.does.pause)

	def figures(self, during):
		took, failed = sorted(self.took[during]), self.failed[during]
		at = lambda share: round(took[min(len(took) - 1, int(len(took) * share))], 2) if took else None
		return {"done": len(took), "median": at(0.5), "p95": at(0.95), "worst": at(1), "failed": len(failed), "why": "; ".join(sorted(failed)[:3])}


class Watchdog(threading.Thread):
	"""The longest time between two WATCHDOG=1, in ms."""

	def __init__(self, path):
		super().__init__(daemon=True)
		self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		self.s.bind(path)
		self.longest, self.last = 0, None

	def run(self):
		while True:
			if b"WATCHDOG=1" in self.s.recv(4096):
				now = time.monotonic()
				self.longest, self.last = max(self.longest, now - (self.last or now)), now

	def so_far(self):
		return int(1000 * max(self.longest, time.monotonic() - self.last if self.last else 0))


class Relay:
	"""What the relay holds."""
	descriptors = 0

	def look(self):
		try:
			self.descriptors = max(self.descriptors, len(os.listdir("/proc/%d/fd" % options.pid)))
			return True
		except OSError:
			return False

	def peak_kib(self):
		try:
			with open("/proc/%d/status" % options.pid) as f:
				return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
		except (OSError, StopIteration):
			return 0


def begin_attack(*_):
	global phase
	phase = "attack"


def reach_height(*_):
	global at_height
	at_height = True
	for probe in probes:
		probe.wanted = probe.ends() + 3


at_height = False


if os.path.exists(options.notify):
	os.unlink(options.notify)
watchdog = Watchdog(options.notify)
watchdog.start()
probes = [Probe(name) for name in options.probes.split()]
relay = Relay()
signal.signal(signal.SIGUSR1, begin_attack)
signal.signal(signal.SIGUSR2, reach_height)
signal.signal(signal.SIGTERM, lambda *_: over.set())
for probe in probes:
	probe.start()
begun = time.monotonic()
while not all(probe.took["quiet"] for probe in probes):
	time.sleep(0.02)
	if time.monotonic() - begun > PATIENCE:
		sys.exit("not ready: %s" % "; ".join(why for probe in probes for why in probe.failed["quiet"][:2] or [probe.what] if not probe.took["quiet"]))
for probe in probes:  # the first of each found everything cold
	probe.took["quiet"].clear()
	probe.failed["quiet"].clear()
print("ready", flush=True)
resting = relay.peak_kib(), len(os.listdir("/proc/%d/fd" % options.pid))
log_size = os.path.getsize(options.log)
while not over.wait(0.1):
	relay.look()
	# one that has failed shows it already, and need not fail three times
	if at_height and all(probe.ends() >= probe.wanted or probe.failed["attack"] for probe in probes):
		at_height = False
		print("seen", flush=True)
for probe in probes:
	probe.join(PATIENCE + 5)
	if probe.is_alive():
		probe.failed["attack"].append("%s still waits" % probe.what)
alive = relay.look()
with open(options.out, "w") as f:
	json.dump({**{during: {probe.what: probe.figures(during) for probe in probes} for during in ("quiet", "attack")}, "alive": alive,
		"rss_kib": relay.peak_kib(), "rss_quiet_kib": resting[0], "descriptors": relay.descriptors, "descriptors_quiet": resting[1],
		"watchdog_ms": watchdog.so_far(), "log_bytes": os.path.getsize(options.log) - log_size}, f)
