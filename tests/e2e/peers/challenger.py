#!/usr/bin/python3
"""An agent that has no mappings, only challenges: challenger.py HOST PORT ACCOUNT TOKEN DIR. It declares what stands in DIR/want, a line "HOST TXT"
each, anew when that changes; DIR/state gets a line "HOST TXT STATE ERROR" for each of what the relay says last. It goes when DIR/leave is there."""
import json
import os
import socket
import struct
import sys
import time

from frames import ACK, DECLARE, HELLO, Link, PING, PONG, STATE, WELCOME, client_context, frame, is_session, words

host, port, account, token, where = sys.argv[1:6]


def read(name):
	try:
		with open(os.path.join(where, name)) as f:
			return f.read()
	except FileNotFoundError:
		return ""


def write(challenges):
	with open(os.path.join(where, "new"), "w") as f:
		for c in challenges:
			f.write("%s %s %s %s\n" % (c["host"], c["txt"], c["state"], c.get("error", "")))
	os.rename(os.path.join(where, "new"), os.path.join(where, "state"))


link = Link(client_context().wrap_socket(socket.create_connection((host, int(port)), 60)))
link.send(words(HELLO, {"version": 1, "role": "agent", "program": "challenger", "account": account, "agent": "challenger", "token": token,
	"instance": str(os.getpid()), "receive_budget": 1 << 24, "can": ["challenges"]}))
taken, serial, declared = 0, 0, None
while not link.over and not os.path.exists(os.path.join(where, "leave")):
	for stream, kind, payload in link.frames(0.1):
		taken += is_session(kind)
		if kind == PING:
			link.send(frame(0, PONG, payload))
		elif kind == WELCOME and "challenges" not in json.loads(payload)["can"]:
			sys.exit("the relay does not know challenges")
		elif kind == STATE:
			said = json.loads(payload)
			if said["serial"] == serial:
				write(said.get("challenges", []))
		if is_session(kind):
			link.send(frame(0, ACK, struct.pack(">Q", taken)))
	want = read("want")
	if want != declared:
		declared, serial = want, serial + 1
		link.send(words(DECLARE, {"serial": serial, "mappings": [], "names": [],
			"challenges": [dict(zip(("host", "txt"), line.split())) for line in want.splitlines()]}))
link.close()
