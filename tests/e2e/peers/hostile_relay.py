#!/usr/bin/python3
"""A relay with the right key and no manners: hostile_relay.py CASE PORT CERTIFICATE KEY ENOUGH

	garbage      what comes instead of WELCOME is none: the agent ends the link, and comes again
	states       STATEs with many errors: each ends its session at the first
	undeclared   streams to a mapping that the agent never declared: each is reset
	stuffing     streams to a service that never answers, each stuffed with all the bytes it takes, none given back: in the end each is reset
	flood        words of farewell and of refusal without end: the link ends
	steer        probes are answered with addresses of the home's own network; what comes to the right one is echoed
	late         probes come back through the tunnel, as a visitor's first bytes, whole and in part
	nonsense     answers to probes that are none: each ends its session
	terminal     names, errors and addresses that would steer a terminal
It serves one agent, prints what went wrong, and ends with 1 then. Behind "done" it only listens, until there is a file ENOUGH.
"""
import json
import os
import select
import socket
import ssl
import struct
import sys
import time

from frames import ACK, BYE, DATA, DATAGRAM, DECLARE, HELLO, Link, OPEN, PING, PONG, PROBE, REFUSE, RESET, STATE, WELCOME, frame, is_session, words

case, port, enough = sys.argv[1], int(sys.argv[2]), sys.argv[5]
PATIENCE = 60 * float(os.environ.get("SLOW", "1"))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
context.set_alpn_protocols(["groundnut/1"])
door = socket.create_server(("", port), backlog=50)
door.settimeout(PATIENCE)


def wrong(text):
	print(text)
	sys.exit(1)


class Agent(Link):
	"""The next agent that has said HELLO."""

	def __init__(self):
		while True:
			super().__init__(context.wrap_socket(door.accept()[0], server_side=True))
			self.taken, self.mappings, self.codes, self.greeted, self.welcomed = 0, None, {}, False, False
			self.probes, self.resets, self.data = [], set(), {}
			if self.until(lambda: self.greeted):
				return

	def take(self, seconds):
		got = self.frames(seconds)
		for stream, kind, payload in got:
			self.taken += is_session(kind)
			if kind == HELLO:
				self.greeted = True
			elif kind == DECLARE:
				self.mappings = {m["name"]: m for m in json.loads(payload)["mappings"]}
			elif kind == PROBE:
				self.probes.append(json.loads(payload))
			elif kind == DATA:
				self.data[stream] = self.data.get(stream, b"") + payload
			elif kind == RESET:
				self.resets.add(stream)
				code = struct.unpack(">I", payload)[0]
				self.codes[code] = self.codes.get(code, 0) + 1
			elif kind == PING:
				self.send(frame(0, PONG, payload))
		if got and self.welcomed:
			self.send(frame(0, ACK, struct.pack(">Q", self.taken)))

	def until(self, true):
		end = time.monotonic() + PATIENCE
		while not true() and not self.over and time.monotonic() < end:
			self.take(0.1)
		return true()

	def welcome(self, address="192.0.2.1"):
		self.send(words(WELCOME, {"version": 1, "program": "hostile", "resumed": False, "session": "00" * 16, "taken": "0", "grace_s": 120,
			"receive_budget": 1 << 24, "address": address, "can": ["probe", "report"]}))
		self.welcomed = True
		if not self.until(lambda: self.mappings):
			wrong("it declared nothing")


def opening(stream, mapping, visited, credit=4096):
	return frame(stream, OPEN, struct.pack(">II", mapping, credit) + b"\4\1\2\3\4\0\1" + b"\4\1\2\3\4" + struct.pack(">H", visited))


agent = Agent()
if case == "garbage":
	for answer in (bytes(4096), b"\xff" * 4096, words(WELCOME, []), words(WELCOME, {"version": 99}), frame(0, STATE, b"{}"), frame(0, WELCOME, b"{" * 2000)):
		agent.send(answer)
		if not agent.until(lambda: agent.over):
			wrong("the link lives behind %r" % answer[:40])
		agent = Agent()
	agent.close()
else:
	agent.welcome("1.2.3.4\u009b31m\x1b[31m" if case == "terminal" else "192.0.2.1")
if case == "states":
	report = {"id": 1, "state": "open"}
	for bad in ({}, {"serial": 1, "mappings": [{}] * 400}, {"serial": 1, "mappings": [report] * 1025}, {"serial": 1, "names": [{}] * 2000},
			{"serial": 1, "names": [{"name": "x", "counted": -1}] * 2000}, {"serial": 1, "x": [{}] * 100000}):
		agent.send(words(STATE, bad))
		if not agent.until(lambda: agent.over):
			wrong("the link lives behind %s" % json.dumps(bad)[:60])
		agent = Agent()
		agent.welcome()
if case == "undeclared":
	for at in range(0, 20000, 500):
		agent.send(b"".join(opening(2 * i + 2, 4000000, 8080) for i in range(at, at + 500)))
		agent.until(lambda: agent.codes.get(3, 0) == at + 500)
	if agent.codes != {3: 20000}:
		wrong("of 20000 streams %r were reset" % agent.codes)
elif case == "stuffing":
	target = agent.mappings["mute"]
	count = 0
	while count < 6000 and not agent.codes.get(4) and not agent.over:
		blob = b""
		for count in range(count, count + 50):
			blob += opening(2 * count + 2, target["id"], target["public_port"]) + frame(2 * count + 2, DATA, bytes(16384))
		count += 1
		agent.send(blob)
		agent.take(0.1)
		for got in agent.frames(0):
			agent.codes[4] = agent.codes.get(4, 0) + (got[1] == RESET and got[2] == b"\0\0\0\4")
	if agent.over or not agent.until(lambda: agent.codes.get(4, 0) > 0):
		wrong("of %d streams %r were reset" % (count, agent.codes))
elif case == "flood":
	agent.send(frame(0, BYE, b"\x1b[31m") * 50000)
	agent.send(words(REFUSE, {"code": "busy", "reason": "no \u009b31m", "retry_ms": 100}) * 5000)
	if not agent.until(lambda: agent.over):
		wrong("the link lives")
elif case == "terminal":
	reports = [{"id": m["id"], "state": "error", "error": "\x1b[31m\u009b31m\nred\r"} for m in agent.mappings.values()]
	agent.send(words(STATE, {"serial": 1, "mappings": reports, "names": []}))
def state_all(public):
	"""All is open, there; the first probe of each mapping."""
	agent.send(words(STATE, {"serial": 1, "mappings": [{"id": m["id"], "state": "open", "public": public % m["public_port"]} for m in agent.mappings.values()],
		"names": []}))
	if not agent.until(lambda: len({p["mapping"] for p in agent.probes}) == len(agent.mappings)):
		wrong("only these probes came: %r" % agent.probes)
	return {p["mapping"]: p for p in agent.probes}


if case == "steer":
	echo = agent.mappings["echo"]
	side = socket.create_server(("", echo["public_port"]))
	side.settimeout(PATIENCE)
	probes = state_all("192.168.1.1:%d")
	for probe in probes.values():
		agent.send(words(PROBE, {"number": probe["number"] + 1000, "port": 22}) + words(PROBE, {"number": probe["number"], "port": 22}) * 2)
	tried, nonce = side.accept()[0], bytes.fromhex(probes[echo["id"]]["nonce"])
	got = tried.recv(100)
	if got != nonce:
		wrong("the agent said %r" % got)
	tried.sendall(got * 4)
	agent.until(lambda: not select.select([tried], [], [], 0)[0] == [])
	tried.close()
elif case == "late":
	probes = state_all("10.0.0.1:%d")
	echo, udp = agent.mappings["echo"], agent.mappings["udp"]
	nonce = bytes.fromhex(probes[echo["id"]]["nonce"])
	agent.send(opening(2, echo["id"], 8080) + frame(2, DATA, nonce[:5]))
	agent.take(0.3)
	agent.send(frame(2, DATA, nonce[5:] + b"more"))
	agent.send(opening(4, udp["id"], 8081, 0) + frame(4, DATAGRAM, bytes.fromhex(probes[udp["id"]]["nonce"]) + bytes(16)))
	if not agent.until(lambda: 2 in agent.resets):
		wrong("the visitor that brought the nonce lives")
	probes = state_all("10.0.0.1:%d")
	agent.send(opening(6, echo["id"], 8080) + frame(6, DATA, nonce[:8]))
	if not agent.until(lambda: agent.data.get(6) == nonce[:8]):
		wrong("what was a visitor's after all came back as %r" % agent.data)
elif case == "nonsense":
	for bad in ({}, {"number": 0, "port": 1}, {"number": 1, "port": 70000}):
		agent.send(words(PROBE, bad))
		if not agent.until(lambda: agent.over):
			wrong("the link lives behind %r" % bad)
		agent = Agent()
		agent.welcome()
print("done", flush=True)
end = time.monotonic() + PATIENCE
while not os.path.exists(enough) and time.monotonic() < end:
	if agent.over:
		time.sleep(0.05)
	else:
		agent.take(0.1)
