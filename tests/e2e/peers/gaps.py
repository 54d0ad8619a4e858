#!/usr/bin/python3
"""Streams that show when they stood still: gaps.py source PORT | sink PORT FILE | down HOST PORT FILE | up HOST PORT | echo HOST PORT FILE

	source sends a numbered piece every 10 ms; down reads them, checks them, and writes to FILE the wall clock of every read, in ms
	up sends them, and sink reads, checks and writes them; echo sends them to an echo service and writes when they are back
"""
import socket
import sys
import threading
import time

PIECE = b"%015d\n"
SIZE = 16


def send_pieces(s):
	number = 0
	begin = time.monotonic()
	try:
		while True:
			s.sendall(PIECE % number)
			number += 1
			time.sleep(max(0.0, begin + number * 0.01 - time.monotonic()))
	except OSError:
		pass


def watch(s, path):
	number, rest = 0, b""
	with open(path, "w", buffering=1) as out:
		while True:
			data = s.recv(1 << 16)
			now = time.time()
			if not data:
				out.write("end\n")
				return
			rest += data
			while len(rest) >= SIZE:
				if rest[:SIZE] != PIECE % number:
					out.write("wrong %d\n" % number)
					return
				rest = rest[SIZE:]
				number += 1
			out.write("%d\n" % (now * 1000))


def connect():
	s = socket.create_connection((sys.argv[2], int(sys.argv[3])))
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	return s


kind = sys.argv[1]
if kind in ("source", "sink"):
	listener = socket.create_server(("0.0.0.0", int(sys.argv[2])))
	while True:
		s, _ = listener.accept()
		s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		work = (send_pieces, (s,)) if kind == "source" else (watch, (s, sys.argv[3]))
		threading.Thread(target=work[0], args=work[1], daemon=True).start()
elif kind == "down":
	watch(connect(), sys.argv[4])
elif kind == "up":
	send_pieces(connect())
elif kind == "echo":
	s = connect()
	threading.Thread(target=send_pieces, args=(s,), daemon=True).start()
	watch(s, sys.argv[4])
