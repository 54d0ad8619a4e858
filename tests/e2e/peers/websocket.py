#!/usr/bin/python3
"""A small WebSocket (RFC 6455) echo, both ends: websocket.py serve PORT | talk|hold HOST PORT FILE

	talk sends a numbered text message every 50 ms, in sizes of all three length forms, and checks its echo until FILE exists.
	hold is silent until FILE exists, and then sends one.
"""
import base64
import hashlib
import os
import socket
import struct
import sys
import threading
import time

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def accept_key(key):
	return base64.b64encode(hashlib.sha1(key + GUID).digest())


def read_exactly(s, n):
	data = b""
	while len(data) < n:
		piece = s.recv(n - len(data))
		if not piece:
			raise ConnectionError("ended in a message")
		data += piece
	return data


def read_head(s):
	head = b""
	while not head.endswith(b"\r\n\r\n"):
		head += read_exactly(s, 1)
	lines = head.split(b"\r\n")
	fields = dict(line.lower().split(b": ", 1) if b"sec-" not in line.lower() else
		(line.split(b": ", 1)[0].lower(), line.split(b": ", 1)[1]) for line in lines[1:] if b": " in line)
	return lines[0], fields


def send(s, code, payload, masked, last=True):
	head = bytes([(0x80 if last else 0) | code])
	n, bit = len(payload), 0x80 if masked else 0
	if n < 126:
		head += bytes([bit | n])
	elif n < 65536:
		head += bytes([bit | 126]) + struct.pack(">H", n)
	else:
		head += bytes([bit | 127]) + struct.pack(">Q", n)
	if masked:
		mask = os.urandom(4)
		head += mask
		payload = unmask(payload, mask)
	s.sendall(head + payload)


def unmask(payload, mask):
	n = len(payload)
	stream = (mask * (n // 4 + 1))[:n]
	return (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(n, "big")


def receive(s):
	a, b = read_exactly(s, 2)
	n = b & 0x7f
	if n == 126:
		n = struct.unpack(">H", read_exactly(s, 2))[0]
	elif n == 127:
		n = struct.unpack(">Q", read_exactly(s, 8))[0]
	mask = read_exactly(s, 4) if b & 0x80 else None
	payload = read_exactly(s, n)
	return a & 0xf, unmask(payload, mask) if mask else payload, bool(a & 0x80)


def one(s):
	try:
		_, fields = read_head(s)
		s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
			+ accept_key(fields[b"sec-websocket-key"]) + b"\r\n\r\n")
		while True:
			code, payload, last = receive(s)
			send(s, PONG if code == PING else code, payload, False, last)
			if code == CLOSE:
				break
	except OSError:
		pass
	s.close()


def serve(port):
	listener = socket.create_server(("0.0.0.0", port))
	while True:
		s, _ = listener.accept()
		threading.Thread(target=one, args=(s,), daemon=True).start()


def talk(host, port, path, silent):
	s = socket.create_connection((host, port), 120)
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	key = base64.b64encode(os.urandom(16))
	s.sendall(b"GET /chat HTTP/1.1\r\nHost: home\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		b"Sec-WebSocket-Key: " + key + b"\r\n\r\n")
	status, fields = read_head(s)
	if b" 101 " not in status or fields[b"sec-websocket-accept"] != accept_key(key):
		print("no handshake:", status)
		return 1
	count = 0
	while silent and not os.path.exists(path):
		time.sleep(0.05)
	while not os.path.exists(path) or (silent and not count):
		text = (b"message %d " % count) * (1, 30, 8000)[count % 3]
		send(s, TEXT, text, True)
		code, got, _ = receive(s)
		if code != TEXT or got != text:
			print("message", count, "came back wrong")
			return 1
		count += 1
		time.sleep(0.05)
	send(s, CLOSE, b"", True)
	code, _, _ = receive(s)
	print(count, "messages")
	return 0 if code == CLOSE and count else 1


if sys.argv[1] == "serve":
	serve(int(sys.argv[2]))
else:
	try:
		sys.exit(talk(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[1] == "hold"))
	except OSError as e:
		print("broken:", e)
		sys.exit(1)
