#!/usr/bin/python3
"""UDP at both ends: datagrams.py KIND ARGUMENTS…; the last line says what came of it, and 0 means all was right.

	echo PORT[-PORT] [tell]       sends back what comes, from the address that was asked; tell: with "LOCAL PORT, REMOTE PORT " before it
	echo4 PORT                    the same on 127.0.0.1 alone
	first PORT FILE               echoes, and writes each remote's first datagram to FILE, in hexadecimal, a line each
	ask HOST PORT TEXT            one datagram; prints the answer, and with from= before it the address it came from if that is another one
	sizes HOST PORT               every length that is a boundary somewhere, 0 to 65507, both ways, in bursts as well
	order HOST PORT COUNT         COUNT numbered ones at a pace: those echoed come in order, and nearly all do
	range HOST PORT-PORT          one to each port; each must be answered by that port
	flows HOST PORT COUNT [FILE]  COUNT sockets at once, each echoed twice; keeps them until FILE exists
	steady HOST PORT FILE         one socket, a datagram every 100 ms until FILE exists: answers, the longest silence in ms, and from how many ports
	                              (as the service sees it; tell) they came
	flood HOST PORT BYTES RATE FILE  datagrams of BYTES, RATE a second, until FILE exists
	pings HOST PORT COUNT         a small one every 20 ms: how many were answered, and the median and 90th percentile of their ms
	source PORT BYTES RATE FILE   to whoever says something: datagrams of BYTES, RATE a second, until FILE exists: how many in all
	listen HOST PORT FILE         asks a source until FILE exists and nothing more comes: how many came, in order, and how many ms old the
	                              oldest was (both ends share a clock)
"""
import os
import resource
import select
import socket
import sys
import threading
import time

kind, arguments = sys.argv[1], sys.argv[2:]
SLOW = float(os.environ.get("SLOW", "1"))
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def say(text, good=True):
	print(text, flush=True)
	sys.exit(0 if good else 1)


def roomy(s):
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
	return s


def service(port):
	s = roomy(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
	s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
	s.bind(("::", port))
	return s


def visitor(host, port):
	s = roomy(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM))
	s.connect((host, port))
	s.settimeout(3 * SLOW)
	return s


def ports(text):
	first, _, last = text.partition("-")
	return range(int(first), int(last or first) + 1)


def echo(numbers, tell, path=None):
	sockets = [service(n) for n in numbers]
	seen = set()
	while True:
		for s in select.select(sockets, [], [])[0]:
			data, remote = s.recvfrom(65536)
			if path and remote[:2] not in seen:
				seen.add(remote[:2])
				with open(path, "a") as f:
					f.write(data[:256].hex() + "\n")
			head = b"%d %d " % (s.getsockname()[1], remote[1]) if tell else b""
			try:
				s.sendto(head + data, remote)
			except OSError:
				pass


def body(length, salt=0):
	return bytes((i * 7 + length + salt + (i >> 8)) & 255 for i in range(length))


def sizes(host, port):
	s = visitor(host, port)
	for length in [0, 1, 2, 3, 7, 8, 9, 255, 256, 1199, 1200, 1472, 1473, 1500, 1501, 2048, 2049, 4096, 9000, 16383, 16384, 16385, 32767, 32768, 32769,
		       60000, 65506, 65507]:
		for attempt in range(3):  # the network may lose one in pieces
			s.send(body(length))
			try:
				got = s.recv(70000)
			except socket.timeout:
				continue
			if got != body(length):
				say("length %d: %d other bytes came" % (length, len(got)), False)
			break
		else:
			say("length %d: nothing came" % length, False)
	burst = [10, 0, 1400, 65507, 30000, 1, 20000, 500]
	for length in burst:
		s.send(body(length, 1))
	for length in burst:
		try:
			got = s.recv(70000)
		except socket.timeout:
			say("of a burst, %d is missing" % length, False)
		if got != body(length, 1):
			say("of a burst, instead of %d came %d" % (length, len(got)), False)
	say("all")


def order(host, port, count):
	s = visitor(host, port)
	s.settimeout(0)
	last, came = -1, 0
	end = None
	sent = 0
	while True:
		now = time.monotonic()
		if sent < count:
			for _ in range(8):
				s.send(b"%09d" % sent + body(200 + sent % 1000))
				sent += 1
			time.sleep(0.002)
		else:
			end = end or now + 2 * SLOW
			if now > end or came == count:
				break
			time.sleep(0.01)
		while True:
			try:
				data = s.recv(70000)
			except OSError:
				break
			number = int(data[:9])
			if number <= last:
				say("%d came after %d" % (number, last), False)
			if data[9:] != body(200 + number % 1000):
				say("%d is damaged" % number, False)
			last, came = number, came + 1
	say("%d of %d in order" % (came, count), came >= count * 0.98)


def many(host, port, count, path):
	sockets = []
	for i in range(count):
		sockets.append(visitor(host, port))
	poll = select.poll()
	by_fd = {}
	for i, s in enumerate(sockets):
		poll.register(s, select.POLLIN)
		by_fd[s.fileno()] = i
	for again in range(2):
		missing = set(range(count))
		for attempt in range(5):
			for i in sorted(missing):
				try:
					sockets[i].send(b"%d %d" % (i, again))
				except OSError:
					pass
				if i % 50 == 49:
					time.sleep(0.004)
			deadline = time.monotonic() + 4 * SLOW
			while missing and time.monotonic() < deadline:
				for fd, _ in poll.poll(200):
					i = by_fd[fd]
					try:
						data = sockets[i].recv(100)
					except OSError:
						continue
					if data == b"%d %d" % (i, again):
						missing.discard(i)
					elif not data.startswith(b"%d " % i):
						say("%d got %r" % (i, data), False)
			if not missing:
				break
		if missing:
			say("%d of %d were answered" % (count - len(missing), count), False)
	print("all %d" % count, flush=True)
	while path and not os.path.exists(path):
		time.sleep(0.05)


def steady(host, port, path):
	s = visitor(host, port)
	s.settimeout(0.1)
	answers, silence, last, remotes, asked = 0, 0.0, time.monotonic(), set(), 0
	while not os.path.exists(path):
		asked += 1
		s.send(b"%d" % asked)
		until = time.monotonic() + 0.1
		while time.monotonic() < until:
			try:
				data = s.recv(1000)
			except OSError:
				continue
			now = time.monotonic()
			silence = max(silence, now - last)
			last = now
			answers += 1
			remotes.add(data.split()[1])
			time.sleep(max(0, until - time.monotonic()))
	silence = max(silence, time.monotonic() - last)
	say("%d answers, %d ms, %d remotes" % (answers, silence * 1000, len(remotes)))


def at_rate(send, rate, until):
	"""Calls send, rate times a second, until until() says so; what is late is made up for, a little."""
	at = time.monotonic()
	while not until():
		now = time.monotonic()
		if at < now - 0.1:
			at = now
		while at <= now:
			try:
				send()
			except OSError:
				pass
			at += 1 / rate
		time.sleep(max(0.001, at - now))


def pings(host, port, count):
	s = visitor(host, port)
	took = []
	sent = {}
	s.setblocking(False)
	for i in range(count + 100):
		if i < count:
			sent[i] = time.monotonic()
			s.send(b"%d" % i)
		until = time.monotonic() + 0.02
		while (left := until - time.monotonic()) > 0:
			if not select.select([s], [], [], left)[0]:
				break
			try:
				data = s.recv(1000)
			except OSError:
				continue
			number = int(data.split()[-1])
			if number in sent:
				took.append((time.monotonic() - sent.pop(number)) * 1000)
		if len(took) == count:
			break
	took.sort()
	if not took:
		say("0 answered", False)
	say("%d answered, median %d ms, 90 %% within %d ms" % (len(took), took[len(took) // 2], took[len(took) * 9 // 10]))


def source(port, length, rate, path):
	s = service(port)
	heard = set()
	sent = [0]

	def listen():
		while True:
			heard.add(s.recvfrom(2000)[1])

	def send():
		for remote in list(heard):
			sent[0] += 1
			s.sendto((b"%d %d " % (sent[0], time.monotonic_ns())).ljust(length, b"x"), remote)

	threading.Thread(target=listen, daemon=True).start()
	at_rate(send, rate, lambda: os.path.exists(path))
	say("%d sent" % sent[0])


def listen(host, port, path):
	s = visitor(host, port)
	s.settimeout(0.5)
	came, last, oldest, heard = 0, 0, 0, time.monotonic()
	while not os.path.exists(path) or time.monotonic() < heard + 2 * SLOW:
		if not came:
			s.send(b"more")
		try:
			number, born, _ = s.recv(70000).split(b" ", 2)
		except OSError:
			continue
		heard = time.monotonic()
		oldest = max(oldest, time.monotonic_ns() - int(born))
		if int(number) <= last:
			say("%d came after %d" % (int(number), last), False)
		came, last = came + 1, int(number)
	say("%d came, %d ms old, %d was the last" % (came, oldest / 1e6, last))


if kind == "echo":
	echo(ports(arguments[0]), len(arguments) > 1)
elif kind == "first":
	echo([int(arguments[0])], False, arguments[1])
elif kind == "ask":
	s = roomy(socket.socket(socket.AF_INET6 if ":" in arguments[0] else socket.AF_INET, socket.SOCK_DGRAM))
	s.settimeout(3 * SLOW)
	s.sendto(arguments[2].encode(), (arguments[0], int(arguments[1])))
	try:
		data, remote = s.recvfrom(70000)
	except OSError:
		say("nothing came", False)
	say(("" if remote[0] == arguments[0] and remote[1] == int(arguments[1]) else "from=%s,%d " % remote[:2]) + data.decode())
elif kind == "echo4":
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("127.0.0.1", int(arguments[0])))
	print("ready", flush=True)
	while True:
		data, remote = s.recvfrom(65536)
		s.sendto(data, remote)
elif kind == "sizes":
	sizes(arguments[0], int(arguments[1]))
elif kind == "order":
	order(arguments[0], int(arguments[1]), int(arguments[2]))
elif kind == "range":
	for number in ports(arguments[1]):
		s = visitor(arguments[0], number)
		s.send(b"which")
		try:
			data = s.recv(1000)
		except OSError:
			say("port %d: nothing came" % number, False)
		print(number, data.decode().split()[0])
	say("all")
elif kind == "flows":
	many(arguments[0], int(arguments[1]), int(arguments[2]), arguments[3] if len(arguments) > 3 else None)
elif kind == "steady":
	steady(arguments[0], int(arguments[1]), arguments[2])
elif kind == "flood":
	s = visitor(arguments[0], int(arguments[1]))
	data = b"x" * int(arguments[2])
	at_rate(lambda: s.send(data), float(arguments[3]), lambda: os.path.exists(arguments[4]))
elif kind == "pings":
	pings(arguments[0], int(arguments[1]), int(arguments[2]))
elif kind == "source":
	source(int(arguments[0]), int(arguments[1]), float(arguments[2]), arguments[3])
elif kind == "listen":
	listen(arguments[0], int(arguments[1]), arguments[2])
