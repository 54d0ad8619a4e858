#!/usr/bin/python3
"""Visitors who come again and again: handshakes.py HOST NAME CAS COUNT FILE SOURCE…. COUNT of them, from each source in turn, connect, verify the
	certificate by the file CAS as it is then, get a page, close and pause, until FILE exists. Prints how many were served, how many failed and
	why, how many failed for being late (a handshake must end within 10 s, which a busy machine may miss), and the fingerprints seen, in order.
"""
import hashlib
import os
import random
import socket
import ssl
import sys
import threading
import time

host, name, cas, count, path, sources = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], sys.argv[6:]
LATE_S = 5
request = b"GET /who HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % name.encode()
lock, served, failed, late, seen, why = threading.Lock(), 0, 0, 0, [], ""


def visit(source):
	context = ssl.create_default_context(cafile=cas)
	with context.wrap_socket(socket.create_connection((host, 443), timeout=120, source_address=(source, 0)), server_hostname=name) as s:
		shown = hashlib.sha256(s.getpeercert(True)).hexdigest()
		s.sendall(request)
		got = b""
		while some := s.recv(4096):
			got += some
	if not got.startswith(b"HTTP/1.1 200"):
		raise OSError("no page")
	return shown


def visitor(source):
	global served, failed, late, why
	while not os.path.exists(path):
		time.sleep(4 * random.random())
		begun = time.monotonic()
		try:
			shown = visit(source)
			with lock:
				served += 1
				if shown not in seen:
					seen.append(shown)
		except OSError as e:
			with lock:
				if time.monotonic() - begun > LATE_S:
					late += 1
				else:
					failed += 1
					why = str(e)


threads = [threading.Thread(target=visitor, args=(sources[i % len(sources)],)) for i in range(count)]
for t in threads:
	t.start()
for t in threads:
	t.join()
print("served", served, "failed", failed, why)
print("late", late)
print("seen", *seen, flush=True)
