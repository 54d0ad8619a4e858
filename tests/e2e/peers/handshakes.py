#!/usr/bin/python3
"""Visitors who come again and again: handshakes.py HOST NAME CAS COUNT FILE SOURCE…. COUNT of them, from each source in turn, connect, verify the
	certificate by the file CAS as it is then, get a page, close and pause, until FILE exists and each was served once more then. Prints how many came, how often
	they were served, how many handshakes were answered wrongly (an alert, a certificate that is not good) and why the last one, how often a
	connection ended without an answer or page (both ends have time limits, which a busy machine may miss), and the fingerprints seen, in order.
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
request = b"GET /who HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % name.encode()
lock, served, failed, unanswered, seen, why = threading.Lock(), 0, 0, 0, [], ""


def visit(source):
	context = ssl.create_default_context(cafile=cas)
	with context.wrap_socket(socket.create_connection((host, 443), timeout=120, source_address=(source, 0)), server_hostname=name) as s:
		shown = hashlib.sha256(s.getpeercert(True)).hexdigest()
		s.sendall(request)
		got = b""
		while some := s.recv(4096):
			got += some
	return shown, got.startswith(b"HTTP/1.1 200")


def is_wrong(e):
	return isinstance(e, ssl.SSLError) and not isinstance(e, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError))


def visitor(source):
	global served, failed, unanswered, why
	got, last = False, False
	while not got or not last:
		time.sleep(4 * random.random())
		shown, got, last = None, False, os.path.exists(path)
		try:
			shown, got = visit(source)
		except OSError as e:
			if is_wrong(e):
				with lock:
					failed += 1
					why = str(e)
		with lock:
			served += got
			unanswered += not got
			if shown and shown not in seen:
				seen.append(shown)


threads = [threading.Thread(target=visitor, args=(sources[i % len(sources)],)) for i in range(count)]
for t in threads:
	t.start()
for t in threads:
	t.join()
print("came", count, "served", served)
print("failed", failed, why)
print("unanswered", unanswered)
print("seen", *seen, flush=True)
