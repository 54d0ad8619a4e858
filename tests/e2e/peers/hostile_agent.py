#!/usr/bin/python3
"""An agent with a right token and no manners: hostile_agent.py CASE HOST PORT ACCOUNT TOKEN

	declares   DECLARE upon DECLARE, of a thousand mappings, a thousand names, or nothing; the last is answered
	faults     DECLAREs with many errors, each of which ends its session at the first
	pings      more PINGs than a link takes: the link ends
	opens      more streams than it may: the session ends
	crowd      one agent more than an account may have is refused
	ports      a range of 3,500 ports is not given, one of 10 is
	probes     PROBE upon PROBE: few are armed; REPORT upon REPORT, one of which would steer a terminal
	deaf       reads nothing while it says what has to be answered, until the relay takes no more of it
It prints what went wrong, and ends with 1 then.
"""
import json
import os
import socket
import struct
import sys
import time

from frames import ACK, DECLARE, Link, OPEN, PING, PONG, PROBE, REFUSE, REPORT, STATE, WELCOME, client_context, frame, is_session, words

case, host, port, account, token = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
PATIENCE = 60 * float(os.environ.get("SLOW", "1"))
context = client_context()


class Agent(Link):
	def __init__(self, name="hostile"):
		plain = socket.create_connection((host, port), PATIENCE)
		plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		super().__init__(context.wrap_socket(plain))
		self.taken, self.state, self.refused, self.welcomed, self.answers = 0, None, None, False, []
		self.send(words(1, {"version": 1, "role": "agent", "program": "hostile", "account": account, "agent": name, "token": token,
			"instance": "1", "receive_budget": 1 << 24}))
		self.until(lambda: self.welcomed or self.refused)

	def work(self, seconds):
		got = self.frames(seconds)
		for stream, kind, payload in got:
			self.taken += is_session(kind)
			if kind == WELCOME:
				self.welcomed = True
			elif kind == REFUSE:
				self.refused = json.loads(payload)["code"]
			elif kind == STATE:
				self.state = json.loads(payload)
			elif kind == PROBE:
				self.answers.append(json.loads(payload))
			elif kind == PING:
				self.send(frame(0, PONG, payload))
		if got and self.welcomed:
			self.send(frame(0, ACK, struct.pack(">Q", self.taken)))
		return got

	def until(self, true):
		end = time.monotonic() + PATIENCE
		while not true() and not self.over and time.monotonic() < end:
			self.work(0.1)
		return true()


def wrong(text):
	print(text)
	sys.exit(1)


def mapping(number, public):
	target = "127.0.0.1:%s" % public
	return {"id": number, "name": "m%d" % number, "protocol": "tcp", "public_port": public, "target": target}


def declare(serial, mappings, names):
	return words(DECLARE, {"serial": serial, "mappings": mappings, "names": names})


if case == "crowd":
	for i in range(1025):
		agent = Agent("a%d" % i if i else "hostile")
		agent.close()
		if i < 1024 and not agent.welcomed:
			wrong("number %d was refused: %s" % (i, agent.refused))
	if agent.refused != "busy":
		wrong("the last one was not refused (%r)" % agent.refused)
	if not Agent("a17").welcomed:
		wrong("one of them was not let in again")
	sys.exit(0)
if case == "faults":
	same, empty = mapping(7, 20000), b'{"serial":1,"mappings":[' + b",".join([b"{}"] * 260) + b"]}"
	faults = [frame(0, DECLARE, empty), declare(1, [{}] * 1024, []), declare(1, [same] * 1024, []), declare(1, [same] * 1025, []),
		declare(1, [], [{"host": "x", "follow": "home"}] * 1024), declare(1, [], [{}] * 1024), declare(1, [[]] * 1024, [7] * 1024),
		frame(0, DECLARE, b'{"serial":1,"x":[' + b"{}," * 349000 + b"0]}"), frame(0, DECLARE, b'{"serial":1' + b',"x":0' * 170000 + b"}"),
		frame(0, DECLARE, b'{"serial":1,"x":' + b"[" * 500000), frame(0, DECLARE, b'{"serial":1,"mappings":[{"id":1,"id":2}]}')]
	for number, fault in enumerate(faults * 3):
		agent = Agent()
		agent.send(fault)
		if not agent.until(lambda: agent.refused or agent.over) or agent.refused != "protocol":
			wrong("number %d was answered by %r, %r" % (number, agent.refused, agent.state))
		agent.close()
	print(3 * len(faults))
	sys.exit(0)
agent = Agent()
if not agent.welcomed:
	wrong("refused: %s" % agent.refused)
if case == "declares":
	for serial in range(1, 61):
		ports = [mapping(1000 * serial + i, 20000 + i) for i in range(1, 1001)] if serial % 2 else []
		names = [{"host": "n%d-%d.%s" % (serial, i, account), "follow": "relay"} for i in range(1000)] if serial % 3 else []
		agent.send(declare(serial, ports, names))
		agent.work(0)
	agent.send(b"".join(declare(serial, [], []) for serial in range(61, 20061)))
	if not agent.until(lambda: agent.state and agent.state["serial"] == 20060):
		wrong("the last was not answered, only %r" % (agent.state and agent.state["serial"]))
elif case == "pings":
	agent.send(frame(0, PING, bytes(8)) * 20000)
	if not agent.until(lambda: agent.over):
		wrong("the link lives")
elif case == "opens":
	address = b"\4\1\2\3\4\0\1"
	agent.send(b"".join(frame(2 * i + 1, OPEN, struct.pack(">II", 1, 4096) + 2 * address) for i in range(1000)))
	if not agent.until(lambda: agent.refused or agent.over) or agent.refused != "protocol":
		wrong("told %r" % agent.refused)
elif case == "ports":
	agent.send(declare(1, [mapping(1, "20000-23499"), mapping(2, "30000-30009")], []))
	if not agent.until(lambda: agent.state):
		wrong("no answer")
	many, few = agent.state["mappings"]
	if many["state"] != "error" or "descriptors" not in many["error"] or few["state"] != "open":
		wrong("answered %r" % agent.state)
elif case == "probes":
	for bad in (words(REPORT, {"mappings": [{}]}), words(PROBE, {"number": 1}), frame(0, PROBE, b"{}"), words(REPORT, [])):
		agent.send(bad)
		if not agent.until(lambda: agent.refused or agent.over) or agent.refused != "protocol":
			wrong("%r was answered by %r" % (bad, agent.refused))
		agent = Agent()
	agent.send(declare(1, [mapping(1, 20000)], []))
	if not agent.until(lambda: agent.state):
		wrong("no answer")
	begun = time.monotonic()
	agent.send(b"".join(words(PROBE, {"number": i, "mapping": 1 + i % 2, "port": 20000, "nonce": "%032x" % i}) for i in range(1, 5001)))
	agent.send(words(REPORT, {"mappings": [{"id": i} for i in range(2, 1026)]}) * 500)
	agent.send(words(REPORT, {"mappings": [{"id": 1, "reachable": {"state": "no", "error": "\x1b[31m\u009b31m\nred\r" * 100}}]}))
	agent.send(words(PROBE, {"number": 6000, "mapping": 1, "port": 1, "nonce": "00" * 16}))
	if not agent.until(lambda: agent.answers and agent.answers[-1]["number"] == 6000):
		wrong("the last was not answered, only %r" % agent.answers[-1:])
	armed = [a for a in agent.answers if a.get("port")]
	if not 1 <= len(armed) <= 10 + 5 * (time.monotonic() - begun) + 1 or any(a["number"] % 2 for a in armed):
		wrong("of %d answers %d were armed" % (len(agent.answers), len(armed)))
elif case == "deaf":
	agent.s.settimeout(5)
	blob = declare(1, [mapping(i, 20000 + i) for i in range(1, 1001)], [])
	try:
		for serial in range(100):
			agent.s.sendall(blob + frame(0, PING, bytes(8)))
	except OSError:
		pass
