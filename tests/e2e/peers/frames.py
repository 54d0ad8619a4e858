"""What a peer of its own making needs to speak to an agent or a relay: frames, and a link that reads them. PROTOCOL.md is the truth."""
import json
import select
import ssl
import struct

HELLO, WELCOME, REFUSE, PING, PONG, ACK, BYE = 1, 2, 3, 4, 5, 6, 7
DECLARE, STATE, OPEN, DATA, FIN, RESET, CREDIT = 64, 65, 66, 67, 68, 69, 70
DATAGRAM, REPORT, PROBE = 8, 192, 193


def frame(stream, kind, payload=b""):
	return struct.pack(">IB", stream, kind) + len(payload).to_bytes(3, "big") + payload


def words(kind, what):
	"""A frame that carries JSON."""
	return frame(0, kind, json.dumps(what).encode())


def is_session(kind):
	return 64 <= kind < 128 or kind >= 192


def client_context():
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE
	context.set_alpn_protocols(["groundnut/1"])
	return context


class Link:
	"""A TLS connection; frames() gives what has come, whole frames only."""

	def __init__(self, tls):
		self.s = tls
		self.rest = b""
		self.over = False

	def send(self, data):
		try:
			self.s.sendall(data)
		except OSError:
			self.over = True

	def frames(self, seconds):
		"""What comes within so many seconds, ending early after anything came."""
		if not self.s.pending() and not select.select([self.s], [], [], seconds)[0]:
			return []
		try:
			data = self.s.recv(1 << 16)
		except OSError:
			data = b""
		self.over |= not data
		self.rest += data
		got = []
		while len(self.rest) >= 8:
			length = int.from_bytes(self.rest[5:8], "big")
			if len(self.rest) < 8 + length:
				break
			stream, kind = struct.unpack(">IB", self.rest[:5])
			got.append((stream, kind, self.rest[8:8 + length]))
			self.rest = self.rest[8 + length:]
		return got

	def close(self):
		self.over = True
		self.s.close()
