#!/usr/bin/python3
"""Says raw bytes and shows what comes back: raw.py HOST PORT say|finish|sse|slow|hang|hello|trickle|stall|sip|hold|weigh arguments…

	say    TEXT (with \\r, \\n, \\xNN), then each LATER after 200 ms; prints all that came until the end or 6 s of silence
	finish the same, and a FIN behind it
	sse    HOST PATH: prints how many events came before the fifth 200 ms, that is, whether they come one by one
	slow   COUNT HOST SECONDS: that many connections, each saying a byte of a head a second; prints how many were ended by the other side
	hang   COUNT SECONDS: that many connections that say nothing
	trickle HOST COUNT SECONDS: a POST to /sum whose body of COUNT bytes comes byte by byte, one each SECONDS; prints what comes back
	stall  HOST PATH COUNT: asks and reads nothing (COUNT 0), until the end; or COUNT times some bytes, half a second apart: "read on" if it could
	sip    HOST PATH: asks with Connection: close, reads nothing for four seconds, then to the end: how it ended, and with what last
	hold   HOST PATH: asks, reads nothing, and stays until it is killed
	weigh  ADDRESSES EACH BYTES SECONDS: from each of the addresses (comma list) so many connections, each of which sends the beginning of a head of BYTES
	hello  FILE PIECE: a recorded ClientHello in pieces of that many bytes; prints the alert or "open"
"""
import resource
import select
import selectors
import socket
import sys
import time

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
arguments = sys.argv[4:]


def unescape(text):
	return text.encode().decode("unicode_escape").encode("latin-1")


def connect():
	s = socket.create_connection((host, port), 30)
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	return s


def until_end(s, silence=6):
	s.settimeout(silence)
	got = b""
	try:
		while True:
			piece = s.recv(65536)
			if not piece:
				return got, "end"
			got += piece
	except socket.timeout:
		return got, "silence"
	except OSError:
		return got, "reset"


def say(fin=False):
	s = connect()
	for i, text in enumerate(arguments):
		if i:
			time.sleep(0.2)
		try:
			s.sendall(unescape(text))
		except OSError:
			break
	if fin:
		s.shutdown(socket.SHUT_WR)
	got, how = until_end(s)
	sys.stdout.write(got.decode("latin-1"))
	print("--", how)


def finish():
	say(True)


def sse():
	s = connect()
	s.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (arguments[1], arguments[0])).encode())
	s.settimeout(10)
	begun, times, got = time.monotonic(), [], b""
	while len(times) < 10:
		got += s.recv(65536)
		while len(times) < got.count(b"data: "):
			times.append(time.monotonic() - begun)
	print("one by one" if times[9] - times[0] > 1 and times[0] < times[4] < times[9] else times)


def slow():
	count, name, seconds = int(arguments[0]), arguments[1], float(arguments[2])
	text = ("GET / HTTP/1.1\r\nHost: %s\r\nX-Slow: %s" % (name, "x" * 100000)).encode()
	selector = selectors.DefaultSelector()
	alive = 0
	for _ in range(count):
		try:
			s = connect()
		except OSError:
			continue
		s.setblocking(False)
		selector.register(s, selectors.EVENT_READ, [0])
		alive += 1
	print(alive, "connected", flush=True)
	ended = 0
	end = time.monotonic() + seconds
	while time.monotonic() < end and selector.get_map():
		for key in list(selector.get_map().values()):
			try:
				key.fileobj.send(text[key.data[0]:key.data[0] + 1])
				key.data[0] += 1
			except BlockingIOError:
				pass
			except OSError:
				selector.unregister(key.fileobj)
				key.fileobj.close()
				ended += 1
		until = time.monotonic() + 1
		while time.monotonic() < until and selector.get_map():
			for key, _ in selector.select(max(0, until - time.monotonic())):
				try:
					if key.fileobj.recv(65536):
						continue
				except OSError:
					pass
				selector.unregister(key.fileobj)
				key.fileobj.close()
				ended += 1
	print(ended, "ended")


def hang():
	held = [connect() for _ in range(int(arguments[0]))]
	print(len(held), "connected", flush=True)
	time.sleep(float(arguments[1]))


def trickle():
	s = connect()
	count, pause = int(arguments[1]), float(arguments[2])
	s.sendall(("POST /sum HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (arguments[0], count)).encode())
	for _ in range(count):
		time.sleep(pause)
		s.sendall(b"x")
	print(until_end(s)[0].decode("latin-1"))


def ask_small(more=""):
	"""Asks for a large answer into a small receive buffer."""
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
	s.connect((host, port))
	s.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (arguments[1], arguments[0], more)).encode())
	return s


def stall():
	s = ask_small()
	count = int(arguments[2])
	try:
		for _ in range(count):
			time.sleep(0.5)
			if not s.recv(4096):
				return print("ended early")
		if count:
			return print("read on")
		poll = select.poll()
		poll.register(s, 0) # an error only
		poll.poll(20000)
		print("--", until_end(s)[1])
	except OSError as e:
		print("--", "reset" if isinstance(e, ConnectionResetError) else e)


def sip():
	s = ask_small("Connection: close\r\n")
	time.sleep(4)
	got, how = until_end(s)
	print(how, got[-5:])


def hold():
	s = ask_small()
	while True:
		time.sleep(60)


def weigh():
	each, size = int(arguments[1]), int(arguments[2])
	text = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * size
	held = []
	for _ in range(each):
		for address in arguments[0].split(","):
			s = socket.create_connection((host, port), 30, (address, 0))
			try:
				s.sendall(text)
			except OSError:
				pass
			held.append(s)
	print(len(held), "sent", flush=True)
	time.sleep(float(arguments[3]))


def hello():
	data = open(arguments[0], "rb").read()
	piece = int(arguments[1])
	s = connect()
	for i in range(0, len(data), piece):
		s.sendall(data[i:i + piece])
		time.sleep(0.002)
	got, how = until_end(s, 1)
	print("alert", got[6] if len(got) >= 7 and got[0] == 21 else got[:1].hex() or how)


{"say": say, "finish": finish, "sse": sse, "slow": slow, "hang": hang, "hello": hello, "trickle": trickle, "stall": stall, "sip": sip, "hold": hold, "weigh": weigh}[what]()
