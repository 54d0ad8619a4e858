#!/usr/bin/python3
"""Takes uploads by HTTP, of any length: receive.py PORT. Answers "BYTES SHA256" of what came."""
import hashlib
import socket
import sys

door = socket.create_server(("0.0.0.0", int(sys.argv[1])))
room = memoryview(bytearray(1 << 20))
while True:
	s = door.accept()[0]
	data = b""
	while b"\r\n\r\n" not in data:
		data += s.recv(1 << 16)
	head, body = data.split(b"\r\n\r\n", 1)
	fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
	if b"expect" in fields:
		s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
	left = int(fields[b"content-length"]) - len(body)
	total, digest = len(body), hashlib.sha256(body)
	while left:
		n = s.recv_into(room[:left])
		if n == 0:
			break
		digest.update(room[:n])
		total += n
		left -= n
	answer = b"%d %s\n" % (total, digest.hexdigest().encode())
	s.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
	s.close()
