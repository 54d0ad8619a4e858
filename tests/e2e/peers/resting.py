#!/usr/bin/python3
"""Visitors of an https mapping that ask for one page each and then rest: resting.py HOST NAME CA COUNT SOURCE…, from each source in turn.
	Prints how many got it, and then how many of the first hundred are still there, and how many of the last hundred are not.
"""
import resource
import socket
import ssl
import sys

host, name, ca, count, sources = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5:]
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
context = ssl.create_default_context(cafile=ca)
request = b"GET /who HTTP/1.1\r\nHost: %s\r\n\r\n" % name.encode()


def page(s):
	s.sendall(request)
	got = b""
	while not got.endswith(b"here"):
		some = s.recv(4096)
		if not some:
			return False
		got += some
	return got.startswith(b"HTTP/1.1 200")


def again(s):
	try:
		return page(s)
	except OSError:
		return False


visitors = []
for i in range(count):
	try:
		s = context.wrap_socket(socket.create_connection((host, 443), timeout=120, source_address=(sources[i % len(sources)], 0)), server_hostname=name)
		if page(s):
			visitors.append(s)
	except OSError:
		pass
print("got", len(visitors), flush=True)
print("first", sum(again(s) for s in visitors[:100]), flush=True)
print("lost", 100 - sum(again(s) for s in visitors[-100:]), flush=True)
