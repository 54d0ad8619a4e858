#!/usr/bin/python3
"""An agent of its own making, which keeps the rules until it breaks one on purpose: impostor.py HOST PORT VISITOR_PORT CREDENTIALS

	CREDENTIALS is a JSON file: {"alice": TOKEN, "bob": TOKEN}. It attaches as alice/py with one mapping, and a visitor who talks with it through
	the relay must be served after every attack: a replayed HELLO, an old epoch, forged numbers, other sessions, other tokens, half-dead links.
	One line a case: "ok NAME" or "FAIL NAME: what happened". The last case breaks the session itself, which then must end. The session's id goes to
	stderr, so that logs can be searched for it.
"""
import json
import os
import select
import socket
import struct
import sys
import time

import frames
from frames import ACK, CREDIT, DECLARE, DATA, FIN, HELLO, OPEN, PONG, PING, REFUSE, RESET, STATE, WELCOME, frame, is_session

host, port, public = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tokens = json.load(open(sys.argv[4]))
PATIENCE = 20 * float(os.environ.get("SLOW", "1"))
failed = 0


class Link(frames.Link):
	def __init__(self):
		super().__init__(frames.client_context().wrap_socket(socket.create_connection((host, port), PATIENCE)))

	def first(self):
		end = time.monotonic() + PATIENCE
		while time.monotonic() < end and not self.over:
			got = self.frames(0.2)
			if got:
				self.early = got[1:]
				return got[0]
		return (0, 0, b"{}")


def hello(**more):
	"""HELLO's frame, as alice/py would say it, with what more says."""
	what = {"version": 1, "role": "agent", "program": "impostor", "account": "alice", "agent": "py", "token": tokens["alice"], "instance": "7",
		"receive_budget": 1 << 24}
	what.update(more)
	return frame(0, HELLO, json.dumps(what).encode())


class Session:
	"""Echoes what visitors send, over whichever link it has."""

	def __init__(self):
		self.link = Link()
		self.link.send(hello())
		kind, welcome = self.answer()
		assert kind == WELCOME and not welcome["resumed"], welcome
		self.id, self.epoch = welcome["session"], 0
		self.taken, self.sent, self.streams = 0, [], set()
		self.state = None
		self.say_part, self.cut = 0, False  # so many bytes of the next DATA and then nothing more on this link
		declare = {"serial": 1, "nat": "unknown", "mappings": [
			{"id": 1, "name": "echo", "protocol": "tcp", "public_port": public, "target": "127.0.0.1:9"}]}
		self.say(0, DECLARE, json.dumps(declare).encode())

	def answer(self):
		stream, kind, payload = self.link.first()
		return kind, json.loads(payload or b"{}")

	def say(self, stream, kind, payload=b""):
		self.sent.append(frame(stream, kind, payload))
		if kind == DATA and self.say_part:
			self.link.send(self.sent[-1][:self.say_part])
			self.cut, self.say_part = True, 0
		elif not self.cut:
			self.link.send(self.sent[-1])

	def take(self, stream, kind, payload):
		self.taken += is_session(kind)
		if kind == PING:
			if not self.cut:
				self.link.send(frame(0, PONG, payload))
		elif kind == STATE:
			self.state = json.loads(payload)
		elif kind == OPEN:
			self.streams.add(stream)
		elif kind == DATA:
			self.say(stream, DATA, payload)
			self.say(stream, CREDIT, struct.pack(">I", len(payload)))
		elif kind in (FIN, RESET) and stream in self.streams:
			self.streams.discard(stream)
			self.say(stream, kind, payload)

	def work(self, seconds):
		end = time.monotonic() + seconds
		while time.monotonic() < end and not self.link.over:
			for got in self.link.frames(0.05):
				self.take(*got)
			if not self.cut:
				self.link.send(frame(0, ACK, struct.pack(">Q", self.taken)))

	def hello(self, **more):
		return hello(**{"session": self.id, "epoch": str(self.epoch + 1), "taken": str(self.taken), **more})

	def resume(self, keep_old=False):
		"""The honest way; returns the HELLO that was said."""
		said = self.hello()
		self.epoch += 1
		old = self.link
		self.link, self.cut = Link(), False
		self.link.send(said)
		kind, welcome = self.answer()
		if not keep_old:
			old.close()
		if kind != WELCOME or not welcome["resumed"]:
			raise AssertionError("no resume: %d %r" % (kind, welcome))
		for again in self.sent[int(welcome["taken"]):]:
			self.link.send(again)
		for got in self.link.early:
			self.take(*got)
		return said


def result(name, wrong):
	global failed
	failed += bool(wrong)
	print("FAIL %s: %s" % (name, wrong) if wrong else "ok %s" % name, flush=True)


def talk():
	"""A line there and back through the relay while the session works: what went wrong, or None."""
	global lines
	lines += 1
	line = b"line %d\n" % lines
	visitor.sendall(line)
	got = b""
	end = time.monotonic() + PATIENCE
	while time.monotonic() < end and not got.endswith(b"\n"):
		session.work(0.1)
		if session.link.over:
			return "the link is gone"
		if select.select([visitor], [], [], 0)[0]:
			try:
				data = visitor.recv(4096)
			except OSError as e:
				return "the visitor saw %s" % e
			if not data:
				return "the visitor saw the end"
			got += data
	return None if got == line else "the visitor got %r for %r" % (got, line)


def attack(name, said, wanted, code=None):
	"""Says it on a link of its own, while the session works on, and expects that kind of answer."""
	link = Link()
	link.send(said)
	end = time.monotonic() + PATIENCE
	got = []
	while time.monotonic() < end and not got and not link.over:
		got = link.frames(0.05)
		session.work(0.05)
	kind, said_back = (got[0][1], json.loads(got[0][2])) if got and got[0][1] in (WELCOME, REFUSE) else (0, {})
	link.close()
	wrong = None
	if kind != wanted or (code and said_back.get("code") != code):
		wrong = "answered by %d %r" % (kind, said_back)
	elif kind == WELCOME and (said_back["resumed"] or said_back["session"] == session.id):
		wrong = "it was given the session"
	result(name, wrong or talk())


session = Session()
print("session", session.id, file=sys.stderr, flush=True)
end = time.monotonic() + PATIENCE
while not session.state and time.monotonic() < end:
	session.work(0.1)
visitor = socket.create_connection((host, public), PATIENCE)
lines = 0
result("the impostor serves a visitor", talk())
used = session.resume()
result("it resumes by the rules", talk())
session.resume()
result("and again", talk())
attack("a replayed HELLO", used, REFUSE, "stale")
attack("the epoch that is in force", session.hello(epoch=str(session.epoch)), REFUSE, "stale")
attack("epoch 0", session.hello(epoch="0"), REFUSE, "stale")
attack("more frames than were ever sent", session.hello(epoch="1000", taken=str(session.taken + 1000)), REFUSE, "stale")
attack("fewer frames than were acknowledged", session.hello(epoch="1001", taken="0"), REFUSE, "stale")
attack("the largest number", session.hello(epoch="1002", taken=str(2 ** 64 - 1)), REFUSE, "stale")
attack("an epoch that is no number", session.hello(epoch="-1"), 0)
attack("a session id cut short", session.hello(session=session.id[:-2]), 0)
attack("the right id with a wrong token", session.hello(token="A" * 43), REFUSE, "token")
attack("the right id with no token", session.hello(token=""), REFUSE, "token")
attack("the right id with another account's token", session.hello(token=tokens["bob"]), REFUSE, "token")
attack("another account with the right id", session.hello(account="bob", token=tokens["bob"]), WELCOME)
attack("another agent of the account with the right id", session.hello(agent="other"), WELCOME)
attack("a wrong id from another process", session.hello(session="00" * 16, instance="8"), REFUSE, "name_in_use")
near = "%032x" % (int(session.id, 16) ^ 1)
attack("an id that is wrong in its last bit", session.hello(session=near, instance="8"), REFUSE, "name_in_use")
session.link.send(frame(0, ACK, struct.pack(">Q", session.taken + 10 ** 6)))
while not session.link.over:
	session.work(0.1)
session.resume()
result("a forged ACK ends the link, not the session", talk())
for part in (3, 8, 9, 12):
	session.say_part = part
	visitor.sendall(b"in two halves\n")
	while session.say_part:
		session.work(0.05)
	session.resume()
	got = b""
	while not got.endswith(b"\n"):
		session.work(0.05)
		if select.select([visitor], [], [], 0)[0]:
			got += visitor.recv(4096) or b"the end\n"
	wrong = None if got == b"in two halves\n" else "the visitor got %r" % got
	result("a frame of which %d bytes went on a link that died comes once" % part, wrong or talk())
late = session.link
session.resume(keep_old=True)
late.send(frame(0, ACK, struct.pack(">Q", 0)) + frame(0, DECLARE, b"{}") + frame(2, RESET, bytes(4)))
result("what comes late on the old link is not read", talk())
hasty = Link()
hasty.send(session.hello())
session.epoch += 1
session.resume()
hasty.close()
result("a WELCOME that nobody read is followed by another", talk())
session.say(4000, DATA, b"never opened")
end = time.monotonic() + PATIENCE
refused = None
while not session.link.over and time.monotonic() < end:
	for stream, kind, payload in session.link.frames(0.1):
		if kind == REFUSE:
			refused = json.loads(payload)
result("a violation inside the session ends it", None if refused and refused["code"] == "protocol" else "told %r" % refused)
visitor.settimeout(PATIENCE)
try:
	rest = visitor.recv(1)
	result("and its visitor is reset", "it got %r" % rest)
except ConnectionResetError:
	result("and its visitor is reset", None)
except OSError as e:
	result("and its visitor is reset", str(e))
sys.exit(failed > 0)
