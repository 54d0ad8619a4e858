#!/usr/bin/python3
"""Many busy visitors: crowd.py HOST FIRST_PORT PORTS EACH FILE. EACH connections to each port, which all send without end and read one byte in
	a while only, until FILE exists. Prints how many are connected once all are, and at the end how many were reset.
"""
import os
import resource
import selectors
import socket
import sys
import time

host, first, ports, each, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
look = selectors.DefaultSelector()
block = bytes(range(256)) * 256
sockets = []
for turn in range(each):
	for port in range(first, first + ports):
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
		s.settimeout(60)
		s.connect((host, port))
		s.setblocking(False)
		sockets.append(s)
		look.register(s, selectors.EVENT_WRITE)
print("connected", len(sockets), flush=True)
resets = 0
while not os.path.exists(path):
	for key, _ in look.select(0.2):
		try:
			key.fileobj.send(block)
		except BlockingIOError:
			pass
		except OSError:
			look.unregister(key.fileobj)
			resets += 1
	time.sleep(0.001)
print("reset", resets, flush=True)
