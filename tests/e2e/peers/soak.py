#!/usr/bin/python3
"""Streams through an echo service for a long while: soak.py HOST PORT COUNT FILE RATE. Each writes the pattern at RATE bytes a second at most, and
	reads and checks its echo, now and then standing still for some seconds in one direction or both. One in five lives for some megabytes only,
	ends in order and is followed by another. Until FILE exists; then all end in order. Prints what came of it; 0 means not one byte was wrong.
"""
import os
import random
import socket
import sys
import threading
import time

from pattern import Checker, pattern

host, port, count, path, rate = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], float(sys.argv[5])
PIECE = 16384
lock = threading.Lock()
total = {"streams": 0, "bytes": 0, "stalls": 0, "wrong": 0}
longest = 0.0


def note(key, n=1):
	with lock:
		total[key] += n


def complain(text):
	note("wrong")
	print(text, flush=True)


def maybe_stall():
	if random.random() < 0.002:
		note("stalls")
		time.sleep(random.uniform(0.5, 6))


def write(s, most):
	at = 0
	begin = time.monotonic()
	try:
		while at < most and not os.path.exists(path):
			n = min(PIECE, most - at)
			s.sendall(pattern(at, n))
			at += n
			maybe_stall()
			late = time.monotonic() - begin - at / rate
			if late < 0:
				time.sleep(-late)
			elif late > 5:
				begin += late - 5  # what a cut has cost is not caught up
		s.shutdown(socket.SHUT_WR)
	except OSError as e:
		complain("writing after %d bytes: %s" % (at, e))
	return at


def one(most):
	global longest
	s = socket.create_connection((host, port), 180)
	note("streams")
	sent = [0]
	writer = threading.Thread(target=lambda: sent.__setitem__(0, write(s, most)))
	writer.start()
	seen = Checker()
	try:
		while True:
			begin = time.monotonic()
			data = s.recv(1 << 16)
			longest = max(longest, time.monotonic() - begin)
			if not data:
				break
			seen.take(data)
			note("bytes", len(data))
			maybe_stall()
	except OSError as e:
		complain("reading after %d bytes: %s" % (seen.length, e))
	writer.join()
	s.close()
	if seen.wrong is not None or seen.length != sent[0]:
		complain("sent %d, came back %d, wrong from %r" % (sent[0], seen.length, seen.wrong))


def live(i):
	while not os.path.exists(path) and not total["wrong"]:
		try:
			one(random.randrange(1, 5 << 20) if i % 5 == 0 else 1 << 50)
		except OSError as e:
			complain("connecting: %s" % e)


threading.stack_size(256 * 1024)
threads = [threading.Thread(target=live, args=(i,)) for i in range(count)]
for t in threads:
	t.start()
for t in threads:
	t.join()
print("%d streams, %d MB echoed, %d stalls, longest wait %.1f s, %d wrong" % (
	total["streams"], total["bytes"] // 1000000, total["stalls"], longest, total["wrong"]), flush=True)
sys.exit(total["wrong"] > 0)
