#!/usr/bin/python3
"""Visitors, polite and rude: visitor.py KIND HOST PORT [ARGUMENT…]; the last line says what came of it, and 0 means all was right.

	echo FILE           a line every 50 ms, each echo checked, until FILE exists; then FIN, and waits for the service's
	hold FILE           connects, waits until FILE exists or the connection ends: "eof", "reset" or "held"
	upload BYTES [RATE] sends BYTES of the pattern (RATE a second at most) and FIN, prints the answer
	exchange BYTES      sends and reads back BYTES of the pattern at once (an echo service), FIN each way
	download BYTES      sends a line and FIN, reads to the end: BYTES of the pattern, then an orderly end
	until_reset BYTES   sends a line, reads BYTES of the pattern, and then the end must be a reset
	reset_after BYTES   sends BYTES of the pattern, waits until they have left, and resets
	drain FILE          reads nothing until FILE exists, then to the end: "LENGTH ok eof"
	stall PATH FILE     asks an HTTP server for PATH, reads only the head until FILE exists, then the body: its SHA-256
	stubborn BYTES      a POST with a body of BYTES, written on through errors; prints the status line it got
	first               prints the first line the service says
	many N FILE         N connections at once, held until FILE exists: how many the service greeted
	refused             the connection must end without a byte: "refused", "reset" or "eof"
"""
import fcntl
import hashlib
import os
import select
import socket
import struct
import sys
import termios
import threading
import time

from pattern import Checker, pattern

kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
arguments = sys.argv[4:]
PATIENCE = 120 * float(os.environ.get("SLOW", "1"))


def say(text, good=True):
	print(text, flush=True)
	sys.exit(0 if good else 1)


def connect(small_buffer=False):
	s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
	if small_buffer:
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
	s.settimeout(PATIENCE)
	s.connect((host, port))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	return s


def wait_for(path):
	while not os.path.exists(path):
		time.sleep(0.02)


def send_pattern(s, length, rate=0):
	at = 0
	begin = time.monotonic()
	while at < length:
		n = min(1 << 16 if rate else 1 << 18, length - at)
		s.sendall(pattern(at, n))
		at += n
		if rate:
			time.sleep(max(0.0, begin + at / rate - time.monotonic()))


def read_to_end(s):
	seen = Checker()
	end = "eof"
	try:
		while True:
			data = s.recv(1 << 18)
			if not data:
				break
			seen.take(data)
	except ConnectionResetError:
		end = "reset"
	return seen, end


def told(seen, end):
	return "%d %s %s" % (seen.length, "ok" if seen.wrong is None else "wrong after %d" % seen.wrong, end)


def read_line(s):
	line = b""
	while not line.endswith(b"\n"):
		data = s.recv(1)
		if not data:
			raise ConnectionError("ended in a line")
		line += data
	return line


def echo():
	s = connect()
	count, longest = 0, 0.0
	while not os.path.exists(arguments[0]):
		line = b"line %d\n" % count
		begin = time.monotonic()
		s.sendall(line)
		got = read_line(s)
		if got != line:
			say("line %d came back as %r" % (count, got), False)
		longest = max(longest, time.monotonic() - begin)
		count += 1
		time.sleep(0.05)
	s.shutdown(socket.SHUT_WR)
	rest = s.recv(1)
	say("%d lines, longest wait %d ms" % (count, longest * 1000), rest == b"" and count > 0)


def hold():
	s = connect()
	print("connected", flush=True)
	while not os.path.exists(arguments[0]):
		ready, _, _ = select.select([s], [], [], 0.05)
		if ready:
			try:
				data = s.recv(4096)
			except ConnectionResetError:
				say("reset")
			if not data:
				say("eof")
	say("held")


def exchange():
	s = connect()
	length = int(arguments[0])

	def sender():
		try:
			send_pattern(s, length)
			s.shutdown(socket.SHUT_WR)
		except OSError:
			pass
	t = threading.Thread(target=sender)
	t.start()
	seen, end = read_to_end(s)
	t.join()
	say(told(seen, end), seen.length == length and seen.wrong is None and end == "eof")


def stall():
	s = connect(small_buffer=True)
	s.sendall(b"GET %s HTTP/1.0\r\n\r\n" % arguments[0].encode())
	head = b""
	while b"\r\n\r\n" not in head:
		data = s.recv(512)
		if not data:
			say("no answer", False)
		head += data
	print("stalled", flush=True)
	wait_for(arguments[1])
	digest = hashlib.sha256(head.split(b"\r\n\r\n", 1)[1])
	while True:
		data = s.recv(1 << 18)
		if not data:
			break
		digest.update(data)
	say(digest.hexdigest())


def stubborn():
	s = connect()
	length = int(arguments[0])
	s.sendall(b"POST /upload HTTP/1.1\r\nHost: home\r\nContent-Length: %d\r\n\r\n" % length)
	sent = 0
	try:
		while sent < length:
			_, writable, _ = select.select([], [s], [], 5)
			if not writable:
				break
			sent += s.send(pattern(sent, min(1 << 16, length - sent)))
	except OSError:
		pass
	answer = b""
	try:
		while b"\n" not in answer:
			data = s.recv(4096)
			if not data:
				break
			answer += data
	except OSError:
		pass
	say(answer.split(b"\r\n")[0].decode() or "nothing", bool(answer))


def many():
	count = int(arguments[0])
	held, greeted = [], 0
	for _ in range(count):
		try:
			s = socket.socket()
			s.settimeout(PATIENCE)
			s.setblocking(False)
			s.connect_ex((host, port))
			held.append(s)
		except OSError:
			break
	got = set()
	print("connecting", flush=True)
	while not os.path.exists(arguments[1]):
		waiting = [s for s in held if s not in got]
		ready, _, _ = select.select(waiting, [], [], 0.1) if waiting else (time.sleep(0.1), 0, 0)
		for s in ready or []:
			try:
				if s.recv(64):
					greeted += 1
			except OSError:
				pass
			got.add(s)
	say("%d greeted of %d" % (greeted, count))


if kind == "echo":
	echo()
elif kind == "hold":
	hold()
elif kind == "upload":
	s = connect()
	send_pattern(s, int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 0)
	s.shutdown(socket.SHUT_WR)
	say(read_line(s).decode().strip())
elif kind == "exchange":
	exchange()
elif kind == "download":
	s = connect()
	s.sendall(b"go\n")
	s.shutdown(socket.SHUT_WR)
	seen, end = read_to_end(s)
	say(told(seen, end), seen.length == int(arguments[0]) and seen.wrong is None and end == "eof")
elif kind == "until_reset":
	s = connect()
	s.sendall(b"go\n")
	seen, end = read_to_end(s)
	say(told(seen, end), seen.length == int(arguments[0]) and seen.wrong is None and end == "reset")
elif kind == "reset_after":
	s = connect()
	send_pattern(s, int(arguments[0]))
	while struct.unpack("i", fcntl.ioctl(s, termios.TIOCOUTQ, b"\0" * 4))[0]:
		time.sleep(0.01)
	time.sleep(0.3)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	s.close()
	say("reset")
elif kind == "drain":
	s = connect(small_buffer=True)
	s.sendall(b"go\n")
	print("waiting", flush=True)
	wait_for(arguments[0])
	seen, end = read_to_end(s)
	say(told(seen, end), seen.wrong is None and end == "eof")
elif kind == "stall":
	stall()
elif kind == "stubborn":
	stubborn()
elif kind == "first":
	say(read_line(connect()).decode().strip())
elif kind == "many":
	many()
elif kind == "refused":
	try:
		s = connect()
	except ConnectionRefusedError:
		say("refused")
	except ConnectionResetError:
		say("reset")
	try:
		data = s.recv(1)
	except ConnectionResetError:
		say("reset")
	say("eof" if not data else "a byte came", not data)
