#!/usr/bin/python3
"""A visitor who is there and stays: live.py tcp|udp|http|tls RELAY PORT HOST. Prints "live" when it has been served, and "cut" when it is no longer: a
connection that ended, or, by UDP, half a second without an answer."""
import socket
import ssl
import sys
import time

how, relay, port, host = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]


def say(word):
	print(word, flush=True)


def talk(s):
	"""A line and its echo, again and again."""
	number = 0
	while True:
		number += 1
		s.sendall(b"%08d" % number)
		if not s.recv(64):
			return
		if number == 1:
			say("live")
		time.sleep(0.02)


def read(s):
	s.sendall(("GET / HTTP/1.1\r\nHost: %s\r\n\r\n" % host).encode())
	first = True
	while data := s.recv(4096):
		if b"drop" in data and first:
			say("live")
			first = False


def ask():
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect((relay, port))
	s.settimeout(0.1)
	heard, silent = False, 0
	while silent < 5:
		try:
			s.send(b"x")
			s.recv(64)
			silent = 0
			if not heard:
				say("live")
			heard = True
			time.sleep(0.02)
		except TimeoutError:
			silent += heard
		except OSError:
			silent += heard
			time.sleep(0.1)


try:
	if how == "udp":
		ask()
	else:
		with socket.create_connection((relay, port), 20) as s:
			s.settimeout(120)
			if how == "tls":
				context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
				context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
				s = context.wrap_socket(s, server_hostname=host)
			read(s) if how == "http" else talk(s)
except OSError:
	pass
say("cut")
