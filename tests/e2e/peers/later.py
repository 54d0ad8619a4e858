#!/usr/bin/python3
"""A peer of a later version, which says what this one does not know: later.py agent|relay ARGUMENTS…

	agent HOST PORT ACCOUNT TOKEN     declares five mappings, of which the first is plain; its link dies in a frame of a later kind, and it resumes;
	                                  in a new session the first has something unknown, too
	relay PORT CERTIFICATE KEY ENOUGH welcomes one agent, states its mappings, one of them plain; its link dies in such a frame, too. Behind "done" it
	                                  answers declarations until there is a file ENOUGH
It prints what went wrong, and ends with 1 then.
"""
import json
import os
import socket
import ssl
import struct
import sys
import time

from frames import ACK, DECLARE, HELLO, Link, PING, PONG, REFUSE, STATE, WELCOME, client_context, frame, is_session, words

arguments = sys.argv[2:]
PATIENCE = 60 * float(os.environ.get("SLOW", "1"))
CAN = ["fly", "host", "time", ""]
LATER_LINK, LATER, LAST = 130, 195, 255


def wrong(text):
	print(text, flush=True)
	sys.exit(1)


class Peer(Link):
	"""One end of a session: the links come and go, the counts stay."""
	sent, taken, acked, last = 0, 0, 0, {}

	def begin(self, tls):
		super().__init__(tls)
		self.over = False

	def say(self, *frames):
		self.sent += sum(is_session(f[4]) for f in frames)
		self.send(b"".join(frames))

	def await_frame(self, *kinds):
		end = time.monotonic() + PATIENCE
		while not self.over and time.monotonic() < end:
			came = self.work(0.1)
			for kind in kinds:
				if kind in came:
					return json.loads(came[kind])
		wrong("%r did not come, only %r" % (kinds, self.last))

	def work(self, seconds):
		came = {}
		for stream, kind, payload in self.frames(seconds):
			self.taken += is_session(kind)
			came[kind] = payload
			if kind == PING:
				self.send(frame(0, PONG, payload))
			elif kind == ACK:
				self.acked = struct.unpack(">Q", payload)[0]
			elif is_session(kind):
				self.send(frame(0, ACK, struct.pack(">Q", self.taken)))
		self.last = came or self.last
		return came

	def die_in(self, whole):
		"""The peer has all that was said, and has said so; then the link goes with half of a frame on its way."""
		end = time.monotonic() + PATIENCE
		while self.acked != self.sent and not self.over and time.monotonic() < end:
			self.work(0.1)
		if self.acked != self.sent:
			wrong("of %d session frames %d were acknowledged" % (self.sent, self.acked))
		self.send(whole[:len(whole) // 2])
		time.sleep(0.1)
		self.close()


def later_frames(length):
	return frame(0, LATER_LINK, b"?" * length), frame(0, LATER, b"?" * length), frame(7, LAST)


def agent(host, port, account, token):
	peer = Peer.__new__(Peer)
	hello = {"version": 1, "role": "agent", "program": "later " * 30, "account": account, "agent": "later", "token": token, "instance": "1",
		"receive_budget": 1 << 24, "can": CAN, "shoes": [1, {"two": 2}]}

	def dial(more):
		peer.begin(client_context().wrap_socket(socket.create_connection((host, int(port)), PATIENCE)))
		peer.send(words(HELLO, dict(hello, **more)))
		return peer.await_frame(WELCOME, REFUSE)

	def declare(serial, mappings):
		return words(DECLARE, {"serial": serial, "mappings": mappings, "names": [{"host": account, "follow": "moon"}], "weather": "fine"})

	plain = {"id": 1, "name": "plain", "protocol": "tcp", "public_port": 8080, "target": "h:80", "later": {"a": 1}}
	odd = [
		{"id": 2, "name": "quic", "protocol": "quic", "public_port": 8081, "target": "h:80"},
		{"id": 3, "name": "own-port", "protocol": "tls", "host": "own." + account, "public_port": 8082, "target": "h:80"},
		{"id": 4, "name": "who", "protocol": "http", "host": "who." + account, "target": "h:80", "allow": ["country:NZ"]},
		{"id": 5, "name": "foreign", "protocol": "http", "host": "foreign.bob", "target": "h:80"}]
	welcome = dial({})
	if not {"host", "time"} <= set(welcome["can"]) or abs(welcome["time"] - time.time() * 1000) > 600000:
		wrong("welcomed by %r" % welcome)
	peer.say(*later_frames(65536), declare(1, [plain] + odd), *later_frames(1))
	reports = {r["id"]: r for r in peer.await_frame(STATE)["mappings"]}
	if [reports[i]["state"] for i in range(1, 6)] != ["open"] + ["error"] * 4:
		wrong("stated %r" % reports)
	for i, word in (2, "protocol: \"quic\""), (3, "public_port"), (4, "country:NZ"):
		if "the relay is older than the agent, update it: " not in reports[i]["error"] or word not in reports[i]["error"]:
			wrong("of %d is said %r" % (i, reports[i]))
	if [reports[i].get("host") for i in range(1, 6)] != [None, None] + [n + ".home.example.com" for n in ("own." + account, "who." + account, "foreign.bob")]:
		wrong("hosts of %r" % reports)
	half = frame(0, LATER, b"!" * 30000)
	peer.die_in(half)
	again = dial({"session": welcome["session"], "epoch": "1", "taken": str(peer.taken)})
	if not again.get("resumed") or int(again["taken"]) != peer.sent:
		wrong("%d session frames went out whole, resumed by %r" % (peer.sent, again))
	peer.say(half, declare(2, [plain]))
	while peer.await_frame(STATE)["serial"] != 2:
		pass
	peer.close()
	# The door is open yet; what is declared for it now lets in whom this relay cannot tell.
	peer.sent = peer.taken = peer.acked = 0
	if dial({}).get("resumed"):
		wrong("a new session was not begun")
	peer.say(declare(1, [dict(plain, allow=["country:NZ"])]))
	report = peer.await_frame(STATE)["mappings"][0]
	if report["state"] != "error" or "country:NZ" not in report["error"]:
		wrong("the door was given on: %r" % report)
	try:
		socket.create_connection((host, 8080), PATIENCE)
		wrong("the port is open")
	except ConnectionRefusedError:
		pass


def relay(port, certificate, key, enough):
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(certificate, key)
	context.set_alpn_protocols(["groundnut/1"])
	door = socket.create_server(("", int(port)), backlog=50)
	door.settimeout(PATIENCE)
	peer = Peer.__new__(Peer)

	def accept():
		peer.begin(context.wrap_socket(door.accept()[0], server_side=True))
		return peer.await_frame(HELLO)

	def welcome(resumed):
		peer.send(words(WELCOME, {"version": 1, "program": "later " * 30, "resumed": resumed, "session": "07" * 16, "taken": str(peer.taken),
			"grace_s": 120, "receive_budget": 1 << 24, "address": "192.0.2.1", "can": CAN, "time": int(time.time() * 1000) - 3600000, "moon": {}}))

	hello = accept()
	if not {"host", "time"} <= set(hello["can"]):
		wrong("greeted by %r" % hello)
	welcome(False)
	odd = {
		"plain": {"state": "open", "public": "192.0.2.1:8080", "later": []},
		"limited": {"state": "limited", "public": "192.0.2.1:8081"},
		"blog": {"state": "resting", "error": "until eight", "host": "blog.alice.home.example.com"}}

	def state(said):
		return words(STATE, {"serial": said["serial"], "names": [],
			"mappings": [dict(odd.get(m["name"], {"state": "asleep"}), id=m["id"]) for m in said["mappings"]]})

	peer.say(*later_frames(65536), state(peer.await_frame(DECLARE)), *later_frames(1))
	half = frame(0, LATER, b"!" * 30000)
	peer.die_in(half)
	hello = accept()
	if hello.get("session") != "07" * 16 or int(hello["taken"]) != peer.sent:
		wrong("%d session frames went out whole, and then %r" % (peer.sent, hello))
	welcome(True)
	peer.say(half)
	print("done", flush=True)
	end = time.monotonic() + PATIENCE
	while not os.path.exists(enough) and time.monotonic() < end:
		came = peer.work(0.1)
		if DECLARE in came:
			peer.say(state(json.loads(came[DECLARE])))
		if peer.over:
			wrong("the link ended")


{"agent": agent, "relay": relay}[sys.argv[1]](*arguments)
