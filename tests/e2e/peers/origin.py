#!/usr/bin/python3
"""An HTTP/1.1 service that shows what reached it: origin.py PORT

	/echo     the body back, in chunks, as it comes          /sum     length and SHA-256 of the body
	/head     the request's head, as it came                 /sse     an event every 200 ms, ten of them
	/cut      half of a promised answer, then a reset        /slow    an answer after two seconds
	/early    413 without reading the body                   /close   an answer that ends with the connection
	/hints    103 before 200                                 /count   how many requests came on this connection
	/tail     an event every 200 ms, as HTTP/1.0 sends them   /upgrade another protocol, in which every byte comes back
	/crumbs?N N chunks of ten bytes
	/think    five seconds before its 100, if it is asked for one
	/seen     how many requests came in all                   /late    an answer after twenty seconds
	/raw      switches protocols, then every byte back        /live    five events, each only after the one before was /heard
"""
import hashlib
import socket
import struct
import sys
import threading
import time

SEEN = [0]
HEARD = threading.Semaphore(0)


class Closed(Exception):
	pass


class Reader:
	def __init__(self, s):
		self.s, self.data = s, b""

	def more(self):
		piece = self.s.recv(65536)
		if not piece:
			raise Closed
		self.data += piece

	def line(self):
		while b"\r\n" not in self.data:
			self.more()
		line, self.data = self.data.split(b"\r\n", 1)
		return line

	def take(self, n):
		while not self.data:
			self.more()
		piece, self.data = self.data[:n], self.data[n:]
		return piece

	def body(self, fields):
		if b"chunked" in fields.get(b"transfer-encoding", b""):
			while True:
				left = int(self.line().split(b";")[0], 16)
				if not left:
					while self.line():
						pass
					return
				while left:
					piece = self.take(left)
					left -= len(piece)
					yield piece
				self.line()
		left = int(fields.get(b"content-length", 0))
		while left:
			piece = self.take(left)
			left -= len(piece)
			yield piece


def answer(s, body, status=b"200 OK", fields=b""):
	s.sendall(b"HTTP/1.1 " + status + b"\r\n" + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def chunk(s, piece):
	s.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))


def serve(s):
	r = Reader(s)
	count = 0
	while True:
		head = [r.line()]
		while head[-1]:
			head.append(r.line())
		count += 1
		SEEN[0] += 1
		path = head[0].split(b" ")[1].split(b"?")[0]
		fields = {k.strip().lower(): v.strip() for k, v in (line.split(b":", 1) for line in head[1:-1])}
		if fields.get(b"expect", b"").lower() == b"100-continue" and path != b"/early":
			time.sleep(5 if path == b"/think" else 0)
			s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
		if path == b"/early":
			answer(s, b"too much\n", b"413 Content Too Large", b"Connection: close\r\n")
			s.shutdown(socket.SHUT_WR)
			time.sleep(0.5)
			return
		if path == b"/echo":
			s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for piece in r.body(fields):
				chunk(s, piece)
			s.sendall(b"0\r\n\r\n")
			continue
		total = hashlib.sha256()
		size = 0
		for piece in r.body(fields):
			total.update(piece)
			size += len(piece)
		if path == b"/sum":
			answer(s, b"%d %s\n" % (size, total.hexdigest().encode()))
		elif path == b"/head":
			answer(s, b"\n".join(head))
		elif path == b"/sse":
			s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
			for i in range(10):
				chunk(s, b"data: %d\n\n" % i)
				time.sleep(0.2)
			s.sendall(b"0\r\n\r\n")
		elif path == b"/tail":
			s.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
			for i in range(10):
				s.sendall(b"data: %d\n\n" % i)
				time.sleep(0.2)
			return
		elif path == b"/upgrade":
			s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nwelcome,")
			piece = r.data or s.recv(65536)
			while piece:
				s.sendall(piece)
				piece = s.recv(65536)
			s.sendall(b",bye")
			return
		elif path == b"/crumbs":
			s.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"a\r\n0123456789\r\n" * int(head[0].split(b" ")[1].split(b"?")[1]) + b"0\r\n\r\n")
		elif path == b"/live":
			s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nAccess-Control-Allow-Origin: *\r\n"
				b"Transfer-Encoding: chunked\r\n\r\n")
			for i in range(5):
				chunk(s, b"data: %d\n\n" % i)
				HEARD.acquire()
			chunk(s, b"event: end\ndata:\n\n")
			s.sendall(b"0\r\n\r\n")
		elif path == b"/heard":
			HEARD.release()
			answer(s, b"good\n", fields=b"Access-Control-Allow-Origin: *\r\n")
		elif path == b"/raw":
			s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
			while True:
				s.sendall(r.take(65536))
		elif path == b"/cut":
			s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 500000)
			time.sleep(0.2)
			s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
			return
		elif path == b"/twice":
			answer(s, b"said twice\n", fields=b"Content-Length: 11\r\n")
		elif path == b"/odd":
			answer(s, b"odd\n", fields=b"activeLangId=English; isStackableDevice=falseServer: switch\r\nX-Odd: a\x01b\xe4\r\n")
		elif path == b"/blurred":
			answer(s, b"blurred\n", fields=b"Content Length: 3\r\n")
		elif path == b"/close":
			s.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil the end\n")
			return
		elif path == b"/hints":
			s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
			answer(s, b"hinted\n")
		elif path == b"/count":
			answer(s, b"%d\n" % count)
		elif path == b"/seen":
			answer(s, b"%d\n" % SEEN[0])
		elif path == b"/late":
			time.sleep(20)
			answer(s, b"late\n")
		elif path == b"/slow":
			time.sleep(2)
			answer(s, b"slow\n")
		else:
			answer(s, b"no\n", b"404 Not Found")


def one(s):
	try:
		serve(s)
	except (Closed, OSError):
		pass
	s.close()


listener = socket.create_server(("0.0.0.0", int(sys.argv[1])), backlog=256)
while True:
	connection, _ = listener.accept()
	threading.Thread(target=one, args=(connection,), daemon=True).start()
