#!/usr/bin/python3
"""One visitor in the middle of its TLS handshake while a crowd of another network begins as many as it can: stalled_handshakes.py ADDRESS NAME
	CA-FILE CROWDED-ADDRESS COUNT FROM…. Prints the status of the visitor's answer, or why it got none.
"""
import socket
import ssl
import sys
import time

address, name, ca, crowded, count, sources = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), sys.argv[6:]
context = ssl.create_default_context(cafile=ca)


def hello():
	incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
	tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
	try:
		tls.do_handshake()
	except ssl.SSLWantReadError:
		pass
	return tls, incoming, outgoing


def begin(to, source=None):
	s = socket.create_connection((to, 443), 20, source and (source, 0))
	tls, incoming, outgoing = hello()
	s.sendall(outgoing.read())
	return s, tls, incoming, outgoing


s, tls, incoming, outgoing = begin(address)
incoming.write(s.recv(65536))
crowd = [begin(crowded, source)[0] for _ in range(count) for source in sources]
for one in crowd:
	try:
		one.recv(65536)  # the agent has seen it
	except OSError:
		pass
time.sleep(0.5)
try:
	while True:
		try:
			tls.do_handshake()
			break
		except ssl.SSLWantReadError:
			incoming.write(s.recv(65536))
	tls.write(f"GET /who HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
	s.sendall(outgoing.read())
	while part := s.recv(65536):
		incoming.write(part)
	print(tls.read(65536).split()[1].decode())
except (OSError, ssl.SSLError) as e:
	print(e)
