#!/usr/bin/python3
"""Agents of a hostile account, with a right token: agents.py CASE RELAY ACCOUNT TOKEN [ARGUMENT…], while the attack goes on. At last "rate N".

	declares COUNT    DECLAREs of up to 40 KB from COUNT agents as fast as they go, and what the relay says is read
	broken            DECLAREs that are wrong in hundreds of places
	equal_names       DECLAREs of 1,024 equal names, or 600 equal mappings
	churn COUNT       COUNT agents one after another, each of which has 1,000 names and goes for good
	half_declares COUNT   of each of COUNT agents a DECLARE of 1 MiB without its end
	ports             all ports that it is given
	relay_ports LIST  these ports, over and over; prints those that it was ever given
	by_port PORT      HELLO at another port than the agents'
	one_state MAPPINGS [NAMES]   prints what STATE says of them
	random_frames [SEED]   frames of random kinds, lengths and bytes
	hoarders COUNT EACH   COUNT agents with EACH streams, whose credit they keep, and whose visitors read nothing
"""
import json
import os
import select
import socket
import struct
import sys
import threading
import time

from attack import goes_on, hold, ready, seconds, stranger
from frames import ACK, BYE, DATA, DECLARE, FIN, HELLO, Link, OPEN, PING, PONG, REFUSE, RESET, STATE, WELCOME, client_context, frame, is_session, words

case, relay, account, token = sys.argv[1:5]
arguments = sys.argv[5:]
PATIENCE = 60 * float(os.environ.get("SLOW", "1"))
context = client_context()


class Agent(Link):
	"""Attached when it is made, or `refused` says why not."""

	def __init__(self, name, port=7000, patience=PATIENCE):
		plain = socket.create_connection((relay, port), patience)
		plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		super().__init__(context.wrap_socket(plain))
		self.taken, self.state, self.refused, self.welcomed = 0, None, None, False
		self.send(words(HELLO, {"version": 1, "role": "agent", "program": "hostile", "account": account, "agent": name, "token": token,
			"instance": "1", "receive_budget": 1 << 24}))
		self.until(lambda: self.welcomed or self.refused, patience)

	def work(self, seconds):
		got = self.frames(seconds)
		for _, kind, payload in got:
			self.taken += is_session(kind)
			if kind == WELCOME:
				self.welcomed = True
			elif kind == REFUSE:
				self.refused = json.loads(payload)
			elif kind == STATE:
				self.state = json.loads(payload)
			elif kind == PING:
				self.send(frame(0, PONG, payload))
		if got and self.welcomed:
			self.send(frame(0, ACK, struct.pack(">Q", self.taken)))
		return got

	def until(self, true, seconds=PATIENCE):
		end = time.monotonic() + seconds
		while not true() and not self.over and time.monotonic() < end:
			self.work(0.1)
		return true()

	def declare(self, serial, mappings, names=()):
		self.send(words(DECLARE, {"serial": serial, "mappings": mappings, "names": list(names)}))


def tcp(number, public, name=None):
	return {"id": number, "name": name or "m%d" % number, "protocol": "tcp", "public_port": public, "target": "127.0.0.1:%s" % public}


def side_by_side(count, work):
	"""work(i) in count threads; the sum of what they return."""
	results = [0] * count

	def run(i):
		results[i] = work(i)
	threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(count)]
	for t in threads:
		t.start()
	for t in threads:
		t.join()
	return sum(results)


def declares():
	"""Made once and numbered anew each time, as the attack is to cost the relay more than the attacker. No id comes twice."""
	def flood(i):
		agent = Agent("flood%d" % i)
		mappings = [tcp(int("1%05d%03d" % (99999, j)), 20000 + 1000 * i + j, "mapping-%d-%s" % (j, "x" * 30)) for j in range(250)]
		names = [[{"host": "n%d-%d-%d.%s" % (i, k, j, account), "follow": "relay"} for j in range(400)] for k in range(7)]
		bodies = [json.dumps({"serial": 199999, "mappings": mappings if k % 2 else [], "names": names[k % 7] if k % 3 else []}).encode()
			.replace(b": 199999", b": 1NUMBER") for k in range(42)]
		sent = 0
		while goes_on() and not agent.over:
			sent += 1
			agent.send(frame(0, DECLARE, bodies[sent % 42].replace(b"NUMBER", b"%05d" % sent)))
			agent.work(0)
		agent.close()
		return sent
	ready()
	return side_by_side(int(arguments[0]), flood) / seconds()


def again_and_again(form, most=100000, pause=0.0):
	"""A new agent for each: form(agent, i) does what it does."""
	done = 0
	ready()
	while goes_on() and done < most:
		agent = Agent("a%d" % (done % 8))
		if agent.welcomed:
			form(agent, done)
		agent.close()
		done += 1
		time.sleep(pause)
	return done / seconds()


def broken():
	half = tcp(1, 20001)
	bodies = [
		{"serial": 1, "mappings": [{}] * 260, "names": []},
		{"serial": 1, "mappings": [{}] * 1000, "names": []},
		{"serial": 1, "mappings": [{"id": i} for i in range(300)] + [half], "names": []},
		{"serial": 1, "mappings": [{"id": i, "name": [], "protocol": {}, "public_port": "x", "target": 7} for i in range(1, 400)], "names": []},
		{"serial": 1, "mappings": [], "names": [{}] * 1020},
		{"serial": 1, "mappings": [half], "names": [{"host": i, "follow": []} for i in range(1000)]},
		{"serial": "x", "mappings": {}, "names": 7},
		[[[[]]]] * 1000,
		{"serial": 1, "mappings": [dict(half, allow=["x"] * 2000)], "names": []},
		{"serial": 1, "mappings": [dict(half, basic_auth={"user": {}, "password": []}, idle_s=-1, flows="y", bandwidth="z")] * 300, "names": []},
	]

	def form(agent, i):
		agent.send(words(DECLARE, bodies[i % len(bodies)]))
		agent.until(lambda: agent.over or agent.refused or agent.state, 3)
	return again_and_again(form)


def equal_names():
	equal = [{"host": "x.%s" % account, "follow": "relay"}] * 1024
	twins = [tcp(1, 20000, "twin")] * 600

	def form(agent, i):
		agent.declare(1, twins if i % 2 else [], [] if i % 2 else equal)
		agent.until(lambda: agent.over or agent.refused or agent.state, 10)
	return again_and_again(form, pause=0.1) * seconds()


def churn():
	"""Agents that come, name as much as they may, and go for good: `rate` is names a second."""
	def form(agent, i):
		agent.declare(1, [], [{"host": "c%d-%d.%s" % (i, j, account), "follow": "relay"} for j in range(1000)])
		agent.until(lambda: agent.over or agent.refused or agent.state, 20)
		agent.send(frame(0, BYE, b"gone"))
	done = 0
	ready()
	while goes_on() and done < int(arguments[0]):
		agent = Agent("gone%d" % done)
		if agent.welcomed:
			form(agent, done)
			done += 1
		agent.close()
	print("agents", done)
	return 1000 * done / seconds()


def half_declares():
	"""Of each agent a DECLARE of 1 MiB that never ends."""
	agents = []
	part = b"{" + b" " * (1 << 20)
	while len(agents) < int(arguments[0]):
		agent = Agent("half%d" % len(agents))
		if agent.welcomed:
			agent.s.settimeout(5)
			agent.send(struct.pack(">IB", 0, DECLARE) + (1 << 20).to_bytes(3, "big") + part[:(1 << 20) - 1])
		agents.append(agent)
	hold()
	return len(agents)


def ports():
	"""All the ports that there are, in ranges, from the largest that is given."""
	agent, serial, held = Agent("ports"), 0, []
	first, size = 10000, 8192
	while size and first < 56000:
		serial += 1
		asked = held + [tcp(serial, "%d-%d" % (first, first + size - 1) if size > 1 else first)]
		agent.state = None
		agent.declare(serial, asked)
		if not agent.until(lambda: agent.state and agent.state["serial"] == serial, 20):
			break
		if agent.state["mappings"][-1]["state"] == "open":
			held, first = asked, first + size
		else:
			size //= 2
	ready()
	while goes_on():
		agent.work(0.1)
	return first - 10000


def relay_ports():
	"""Ports that relay.json names, asked for over and over; says which it was ever given."""
	agent, serial, given = Agent("ports"), 0, set()
	ready()
	wanted = [int(p) for p in arguments[0].split(",")]
	while goes_on() and not agent.over:
		serial += 1
		agent.state = None
		agent.declare(serial, [tcp(100 * serial + i, port) for i, port in enumerate(wanted)])
		seen = time.monotonic() + 0.5
		while time.monotonic() < seen and not agent.over:  # STATE comes again when a port becomes free
			agent.work(0.02)
			if agent.state and agent.state["serial"] == serial:
				given |= {wanted[i] for i, m in enumerate(agent.state["mappings"]) if m["state"] == "open"}
	print("given", *sorted(given))
	return serial / seconds()


def one_state():
	"""Declares the JSON in the argument and prints the answer's mappings, without attacking for long."""
	agent = Agent("one")
	ready()
	if not agent.welcomed:
		print("refused", agent.refused)
		return 0
	agent.declare(1, json.loads(arguments[0]), json.loads(arguments[1]) if len(arguments) > 1 else [])
	agent.until(lambda: agent.state or agent.over or agent.refused, 10)
	print(json.dumps(agent.state and agent.state["mappings"]))
	return 1


def by_port():
	"""HELLO at another port than the agents'; prints how many were let in."""
	done = let_in = 0
	ready()
	while goes_on():
		done += 1
		try:
			let_in += Agent("side", port=int(arguments[0]), patience=2).welcomed
		except OSError:
			pass
		time.sleep(0.1)
	print("let in", let_in)
	return done


def random_frames():
	"""Frames of random kinds, lengths and bytes, behind a good beginning; the relay ends each of these agents in its own time."""
	import random
	chance = random.Random(int(arguments[0]) if arguments else 1)
	sent, number = 0, 0
	ready()
	while goes_on():
		number += 1
		agent = Agent("r%d" % (number % 16))
		if not agent.welcomed:
			agent.close()
			time.sleep(0.02)
			continue
		agent.declare(1, [tcp(1, 21000 + number % 16)])
		blob, count = b"", chance.randint(1, 400)
		for _ in range(count):
			kind = chance.choice([PING, PONG, ACK, DATA, FIN, RESET, OPEN, 70, 71, 7, 8, 128, 192, 193, 255, DECLARE, STATE])
			length = {PING: 8, PONG: 8, ACK: 8, RESET: 4, 70: 4, 71: 4, OPEN: 22}.get(kind, chance.randint(0, 64))
			blob += frame(chance.choice([0, 1, 2, 3, 1 << 31, chance.getrandbits(32)]), kind, chance.randbytes(length))
		agent.send(blob)
		agent.work(0.01)
		agent.close()
		sent += count
	return sent / seconds()


def hoarders():
	"""Agents that give none of their streams' credit back, whose visitors read nothing: each has a mapping at 22000 and up. `rate` is streams."""
	count, each = int(arguments[0]), int(arguments[1])
	agents, visitors = [Agent("hoarder%d" % i) for i in range(count)], []
	for i, agent in enumerate(agents):
		agent.declare(1, [tcp(1, 22000 + i)])
		agent.until(lambda: agent.state)
	look = select.epoll()
	by_fd = {agent.s.fileno(): agent for agent in agents}
	for fd in by_fd:
		look.register(fd, select.EPOLLIN)
	opened, pouring, begun = 0, bytes(16384), time.monotonic()
	while goes_on() or opened < count * each and seconds() < 30:
		while len(visitors) < min(count * each, opened + 200):
			s = socket.socket()
			s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
			s.bind((stranger(len(visitors) % 500), 0))
			s.settimeout(5)
			s.connect((relay, 22000 + len(visitors) % count))
			visitors.append(s)
		for fd, _ in look.poll(0.05):
			agent = by_fd[fd]
			for stream, kind, payload in agent.work(0):
				if kind == OPEN:
					opened += 1
					grant = struct.unpack(">I", payload[4:8])[0]
					agent.send(frame(stream, DATA, pouring[:min(grant, 16384)]))
			if agent.over:
				look.unregister(fd)
		if opened >= count * each or time.monotonic() > begun + 15:
			begun = float("inf")
			ready()
	return opened


print("rate %d" % globals()[case]())
