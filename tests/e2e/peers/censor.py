#!/usr/bin/python3
"""A provider that cuts connections by name: censor.py PORT WORD

It takes the connections that are redirected to PORT, reads what comes first, and resets those in which WORD stands; the others go on to where they
were meant for."""
import socket
import struct
import sys
import threading

SO_ORIGINAL_DST = 80
port, word = int(sys.argv[1]), sys.argv[2].encode()


def carry(a, b):
	try:
		while True:
			data = a.recv(65536)
			if not data:
				break
			b.sendall(data)
		b.shutdown(socket.SHUT_WR)
	except OSError:
		pass


def serve(s):
	got = s.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
	to = (socket.inet_ntoa(got[4:8]), struct.unpack(">H", got[2:4])[0])
	first = s.recv(4096)
	if word in first:
		print("cut", to, flush=True)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		s.close()
		return
	onward = socket.create_connection(to)
	onward.sendall(first)
	threading.Thread(target=carry, args=(onward, s), daemon=True).start()
	carry(s, onward)


door = socket.create_server(("", port))
while True:
	threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
