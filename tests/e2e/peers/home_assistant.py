#!/usr/bin/python3
"""A service that wants to be told which proxies to believe, as Home Assistant does: home_assistant.py PORT [TRUSTED…]

X-Forwarded-For from a peer that is not trusted, given twice, or unreadable: 400. Else it answers "VISITOR SCHEME", where the visitor is the
last address in it, from the right, that is not trusted itself.
"""
import http.server
import ipaddress
import sys

trusted = [ipaddress.ip_network(word) for word in sys.argv[2:]]


def is_trusted(address):
	return any(address in network for network in trusted)


class Handler(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"

	def visitor(self):
		"""(address, scheme), or None: a bad request."""
		peer = ipaddress.ip_address(self.client_address[0])
		chains = self.headers.get_all("X-Forwarded-For") or []
		schemes = self.headers.get_all("X-Forwarded-Proto") or []
		if not chains:
			return peer, "http"
		if len(chains) > 1 or len(schemes) > 1 or not is_trusted(peer):
			return None
		if len(self.headers.get_all("X-Forwarded-Host") or []) > 1:
			return None
		try:
			chain = [ipaddress.ip_address(word.strip()) for word in chains[0].split(",")]
		except ValueError:
			return None
		names = [word.strip() for word in (schemes or ["http"])[0].split(",")]
		if "" in names or len(names) not in (1, len(chain)):
			return None
		strangers = [address for address in reversed(chain) if not is_trusted(address)]
		return (strangers or chain)[0], names[0]

	def do_GET(self):
		found = self.visitor()
		body = b"%s %s\n" % (str(found[0]).encode(), found[1].encode()) if found else b"400: Bad Request"
		self.send_response(200 if found else 400)
		self.send_header("Content-Length", str(len(body)))
		self.end_headers()
		self.wfile.write(body)

	def log_message(self, *words):
		pass


http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
