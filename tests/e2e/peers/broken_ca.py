#!/usr/bin/python3
"""A CA with which something is wrong: broken_ca.py PORT FILE. What FILE says is wrong with its directory: 500, 429, endless, json.
"""
import http.server
import json
import sys

port, path = int(sys.argv[1]), sys.argv[2]


class Ca(http.server.BaseHTTPRequestHandler):
	def log_message(self, *args):
		pass

	def answer(self, status, body, *fields):
		self.send_response(status)
		for name, value in fields:
			self.send_header(name, value)
		self.send_header("Content-Length", str(len(body)))
		self.end_headers()
		self.wfile.write(body)

	def do_GET(self):
		wrong = open(path).read().strip()
		if wrong == "500":
			self.answer(500, b"oops")
		elif wrong == "429":
			problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many of them"}
			self.answer(429, json.dumps(problem).encode(), ("Retry-After", "7200"), ("Content-Type", "application/problem+json"))
		elif wrong == "endless":
			self.send_response(200)
			self.end_headers()
			try:
				while True:
					self.wfile.write(b" " * 65536)
			except OSError:
				pass
		elif wrong == "json":
			self.answer(200, b'{"newNonce": "x", ')

	do_HEAD = do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
	daemon_threads = True


Server(("127.0.0.1", port), Ca).serve_forever()
