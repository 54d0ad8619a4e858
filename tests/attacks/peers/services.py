#!/usr/bin/python3
"""Services at home, on one port each: services.py CASE PORT [FILE…]

	pour      sends without end, to each visitor as fast as it reads
	record    answers every HTTP request with 200, and writes its head to FILE, one JSON list of lines each
	drip      answers HTTP requests with a piece each 50 ms, without end
	tlsecho   echoes by TLS; FILE is the certificate, and its key comes behind it
	sink      takes UDP packets and reads none
	spoil     answers HTTP requests with what no answer may be, a new kind each time
"""
import json
import resource
import select
import socket
import ssl
import sys
import threading
import time

case, port = sys.argv[1], int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if case == "sink":
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.bind(("", port))
	threading.Event().wait()
door = socket.create_server(("", port), backlog=4096)


def pour():
	block, look, held = bytes(1 << 16), select.epoll(), {}
	door.setblocking(False)
	look.register(door, select.EPOLLIN)
	while True:
		for fd, event in look.poll(1):
			if fd == door.fileno():
				s = door.accept()[0]
				s.setblocking(False)
				held[s.fileno()] = s
				look.register(s, select.EPOLLOUT)
				continue
			try:
				held[fd].send(block)
			except BlockingIOError:
				pass
			except OSError:
				look.unregister(fd)
				held.pop(fd).close()


def read_head(s, rest):
	while b"\r\n\r\n" not in rest:
		piece = s.recv(65536)
		if not piece:
			return None, b""
		rest += piece
	head, _, rest = rest.partition(b"\r\n\r\n")
	return head, rest


def body_length(lines):
	for line in lines:
		name, _, value = line.partition(":")
		if name.lower() == "content-length" and value.strip().isdigit():
			return int(value)
	return 0


def record(s):
	rest = b""
	while True:
		head, rest = read_head(s, rest)
		if head is None:
			return
		lines = head.decode("latin-1").split("\r\n")
		with open(sys.argv[3], "a") as f:
			f.write(json.dumps(lines) + "\n")
		length = body_length(lines)
		if any(line.lower().startswith("transfer-encoding:") for line in lines):
			while b"0\r\n\r\n" not in rest:
				piece = s.recv(65536)
				if not piece:
					return
				rest += piece
			rest = rest.partition(b"0\r\n\r\n")[2]
		while len(rest) < length:
			piece = s.recv(65536)
			if not piece:
				return
			rest += piece
		rest = rest[length:]
		s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")


ENDLESS = object()
SPOILED = [
	b"", b"\0" * 4096, b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * (1 << 20), b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 100000 + b"\r\n",
	b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\n" + b"x" * 20, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
	b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345HTTP/1.1 200 OK\r\n\r\n",
	b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n",
	b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
	b"HTTP/1.1 100 Continue\r\n\r\n" * 50000, b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" * 20000, b"HTTP/1.1 999 No\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n",
	b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + b"z" * 100000, b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
	b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nX\0Y: z\r\n\r\n", b"HTTP/1.1 200 OK\r\nSet-Cookie: a\rb\n\r\n\r\n", b"220 smtp ready\r\n" * 1000,
	ENDLESS,
]
turn = 0


def spoil(s):
	global turn
	read_head(s, b"")
	turn += 1
	answer = SPOILED[turn % len(SPOILED)]
	if answer is not ENDLESS:
		return s.sendall(answer)
	s.settimeout(5)
	s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for _ in range(100000):
		s.sendall(b"1\r\nx\r\n" * 100)


def drip(s):
	read_head(s, b"")
	s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	while True:
		s.sendall(b"5\r\ndrop\n\r\n")
		time.sleep(0.05)


def tlsecho(s):
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(sys.argv[3], sys.argv[4])
	with context.wrap_socket(s, server_side=True) as tls:
		while data := tls.recv(4096):
			tls.sendall(data)


def serve(s):
	with s:
		try:
			globals()[case](s)
		except OSError:
			pass


if case == "pour":
	pour()
while True:
	threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
