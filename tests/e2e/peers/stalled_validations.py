#!/usr/bin/python3
"""Strangers who look like a CA that validates a name (tls-alpn-01), and stop behind their ClientHello: stalled_validations.py ADDRESS NAME COUNT
	FILE. Keeps COUNT of them connected until FILE exists.
"""
import os
import socket
import ssl
import sys
import time

address, name, count, path = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
context = ssl.create_default_context()
context.set_alpn_protocols(["acme-tls/1"])


def begin():
	outgoing = ssl.MemoryBIO()
	tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
	try:
		tls.do_handshake()
	except ssl.SSLWantReadError:
		pass
	s = socket.create_connection((address, 443), 20)
	s.sendall(outgoing.read())
	s.setblocking(False)
	return s


def is_over(s):
	try:
		return s.recv(4096)[:1] in (b"", b"\x15")  # its end, or an alert
	except BlockingIOError:
		return False
	except OSError:
		return True


crowd = [begin() for _ in range(count)]
while not os.path.exists(path):
	crowd = [begin() if is_over(s) else s for s in crowd]
	time.sleep(0.01)
