#!/usr/bin/python3
"""Peers that do not speak the protocol at the agents' door: intruder.py KIND HOST PORT. Prints how the relay ended it.

	Frames are u32 stream, u8 kind, u24 length, in network order (PROTOCOL.md).
"""
import socket
import ssl
import struct
import sys
import time

kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
HELLO, PING, DECLARE, DATA = 1, 4, 64, 67


def frame(stream, number, payload=b"", length=None):
	return struct.pack(">IB", stream, number) + (len(payload) if length is None else length).to_bytes(3, "big") + payload


def end_of(s):
	s.settimeout(60)
	got = b""
	try:
		while True:
			data = s.recv(4096)
			if not data:
				break
			got += data
	except (ConnectionResetError, BrokenPipeError, ssl.SSLError) as e:
		print("ended with", type(e).__name__, "after", len(got), "bytes")
		return
	print("ended after", len(got), "bytes")


def tls(s, alpn="groundnut/1", newest=None):
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE
	if alpn:
		context.set_alpn_protocols([alpn])
	if newest:
		context.maximum_version = newest
	return context.wrap_socket(s)


PAYLOADS = {
	"garbage": bytes(range(256)) * 8,
	"zeros": bytes(4000),
	"data_first": frame(2, DATA, b"x" * 100),
	"declare_first": frame(0, DECLARE, b"{}"),
	"ping_first": frame(0, PING, bytes(8)),
	"huge_length": frame(0, HELLO, b"", 0xffffff) + b"{" * 8000,
	"over_limit": frame(0, HELLO, b"{" + b" " * 5000 + b"}"),
	"not_json": frame(0, HELLO, b"hello there, how are you"),
	"json_array": frame(0, HELLO, b"[]"),
	"deep_json": frame(0, HELLO, b"[" * 2000 + b"]" * 2000),
	"empty_object": frame(0, HELLO, b"{}"),
	"wrong_types": frame(0, HELLO, b'{"version":"one","account":{},"agent":[],"token":5,"instance":-1}'),
	"nul_inside": frame(0, HELLO, b'{"account":"a\\u0000b","token":"x"}'),
	"on_a_stream": frame(7, HELLO, b"{}"),
	"half_a_hello": frame(0, HELLO, b"{", 100),
}

try:
	s = socket.create_connection((host, port), 10)
	if kind == "plain_http":
		s.sendall(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
	elif kind == "silent":
		pass
	elif kind == "silent_after_tls":
		s = tls(s)
	elif kind == "drip":
		# a TLS record header, and then a byte now and then: never enough for a handshake
		s.sendall(b"\x16\x03\x01\x02\x00\x01")
		begin = time.monotonic()
		s.settimeout(0.5)
		while time.monotonic() - begin < 60:
			try:
				s.sendall(b"\x00")
				if not s.recv(1):
					break
			except socket.timeout:
				continue
		else:
			print("still open after 60 s")
			sys.exit(1)
	elif kind == "wrong_alpn":
		s = tls(s, "h2")
	elif kind == "no_alpn":
		s = tls(s, None)
		s.sendall(PAYLOADS["empty_object"])
	elif kind == "tls12":
		s = tls(s, newest=ssl.TLSVersion.TLSv1_2)
	else:
		s = tls(s)
		s.sendall(PAYLOADS[kind])
	end_of(s)
except (ConnectionError, ssl.SSLError) as e:
	print("ended at once:", type(e).__name__)
except socket.timeout:
	print("never ended")
	sys.exit(1)
