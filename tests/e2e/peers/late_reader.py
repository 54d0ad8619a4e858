#!/usr/bin/python3
"""A visitor of a TLS port that asks for the first bytes of /20m, reads nothing for a while, and then all: late_reader.py ADDRESS NAME CA-FILE
	BYTES PAUSE close|half-close. It asks for the end of the connection, or half-closes itself. Prints how many bytes of the body came.
"""
import os
import socket
import ssl
import sys
import time

address, name, ca, size, pause, how = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6]
plain = socket.socket()
plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
plain.connect((address, 443))
tls = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname=name)
more = "Connection: close\r\n" if how == "close" else ""
tls.sendall(f"GET /20m HTTP/1.1\r\nHost: {name}\r\nRange: bytes=0-{size - 1}\r\n{more}\r\n".encode())
if how == "half-close":
	socket.socket(fileno=os.dup(tls.fileno())).shutdown(socket.SHUT_WR)
time.sleep(pause)
got = b""
try:
	while part := tls.recv(65536):
		got += part
except OSError as e:
	print(e, file=sys.stderr)
print(len(got) - got.find(b"\r\n\r\n") - 4)
