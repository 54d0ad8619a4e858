#!/usr/bin/python3
"""Services at home, good and bad: service.py KIND PORT [ARGUMENT] [--address A]

	echo                sends back what comes, and FIN after FIN
	name TEXT           says TEXT and a line end first, then echoes
	sum                 reads to the end, then answers "LENGTH ok" (or where the pattern broke) and closes
	greet FILE          says hello and FIN at once, then reads to the end and writes to FILE how it ended: "LENGTH ok eof|reset"
	source BYTES        after a first line sends BYTES of the pattern and closes
	cutoff BYTES        after a first line sends BYTES of the pattern, waits until they have left, and resets
	refuse413           reads a request's head, answers 413 and closes with the body unread: the kernel resets
	watch FILE          reads to the end and appends to FILE how it ended: "LENGTH ok eof|reset"
	http TEXT           answers every request with TEXT; keeps the connection
"""
import fcntl
import resource
import socket
import struct
import sys
import termios
import threading
import time

from pattern import Checker, pattern

arguments = sys.argv[1:]
address = "0.0.0.0"
if "--address" in arguments:
	i = arguments.index("--address")
	address = arguments[i + 1]
	del arguments[i:i + 2]
kind, port = arguments[0], int(arguments[1])
extra = arguments[2] if len(arguments) > 2 else ""


def reset(s):
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	s.close()


def left(s):
	"""Waits until the peer's kernel has everything."""
	while struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, b"\0" * 4))[0]:
		time.sleep(0.005)


def first_line(s):
	line = b""
	while not line.endswith(b"\n"):
		byte = s.recv(1)
		if not byte:
			break
		line += byte
	return line


def read_to_end(s):
	seen = Checker()
	end = "eof"
	try:
		while True:
			data = s.recv(1 << 16)
			if not data:
				break
			seen.take(data)
	except ConnectionResetError:
		end = "reset"
	return "%d %s %s" % (seen.length, "ok" if seen.wrong is None else "wrong after %d" % seen.wrong, end)


def write_to(path, text):
	with open(path, "a") as f:
		f.write(text + "\n")


def echo(s):
	while True:
		data = s.recv(1 << 16)
		if not data:
			break
		s.sendall(data)
	s.shutdown(socket.SHUT_WR)


def send_pattern(s, length):
	at = 0
	while at < length:
		n = min(1 << 20, length - at)
		s.sendall(pattern(at, n))
		at += n


def http(s):
	body = extra.encode()
	answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
	head = b""
	while True:
		data = s.recv(1 << 16)
		if not data:
			return
		head += data
		while b"\r\n\r\n" in head:
			_, head = head.split(b"\r\n\r\n", 1)
			s.sendall(answer)


def serve(s):
	if kind == "echo":
		echo(s)
	elif kind == "name":
		s.sendall(extra.encode() + b"\n")
		echo(s)
	elif kind == "sum":
		s.sendall((read_to_end(s) + "\n").encode())
	elif kind == "greet":
		s.sendall(b"hello\n")
		s.shutdown(socket.SHUT_WR)
		write_to(extra, read_to_end(s))
	elif kind == "watch":
		write_to(extra, read_to_end(s))
	elif kind == "source":
		first_line(s)
		send_pattern(s, int(extra))
	elif kind == "cutoff":
		first_line(s)
		send_pattern(s, int(extra))
		left(s)
		reset(s)
	elif kind == "refuse413":
		head = b""
		while b"\r\n\r\n" not in head:
			head += s.recv(1024)
		text = b"too much\n"
		s.sendall(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text))
		time.sleep(0.2)  # the body is on its way: closing now resets
	elif kind == "http":
		http(s)


def one(s):
	try:
		serve(s)
	except OSError:
		pass
	s.close()


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
threading.stack_size(256 * 1024)
listener = socket.create_server((address, port), backlog=1024)
while True:
	connection, _ = listener.accept()
	threading.Thread(target=one, args=(connection,), daemon=True).start()
