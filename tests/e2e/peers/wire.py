#!/usr/bin/python3
"""A piece of bad internet between two interfaces: delay, loss and a slow link with a queue, each way, all in user space.

	wire.py run IF_A IF_B SOCKET        copies frames until it is ended
	wire.py set SOCKET delay MS | loss PERCENT | rate KBIT QUEUE_MS
"""
import heapq
import random
import select
import socket
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING, PACKET_OUTGOING = 263, 15, 23, 4
VNET_HDR_LEN = 10  # carries checksum and segmentation still to be done, so that large segments pass whole


def open_port(name):
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
	s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
	s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
	s.bind((name, 0))
	s.setblocking(False)
	return s


def run(name_a, name_b, path):
	ports = [open_port(name_a), open_port(name_b)]
	control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	control.bind(path)
	how = {"delay": 0.0, "loss": 0.0, "rate": 0.0, "queue": 0.0}
	busy_until = [0.0, 0.0]
	waiting = []
	order = 0
	while True:
		now = time.monotonic()
		while waiting and waiting[0][0] <= now:
			_, _, to, frame = heapq.heappop(waiting)
			try:
				ports[to].send(frame)
			except OSError:
				pass  # a full or absent interface loses packets, as a real one does
		patience = max(0.0, waiting[0][0] - now) if waiting else None
		ready, _, _ = select.select(ports + [control], [], [], patience)
		if control in ready:
			words = control.recv(256).decode().split()
			how[words[0]] = float(words[1])
			if words[0] == "rate":
				how["queue"] = float(words[2])
		now = time.monotonic()
		for i in (0, 1):
			if ports[i] not in ready:
				continue
			for _ in range(64):
				try:
					frame, address = ports[i].recvfrom(1 << 17)
				except BlockingIOError:
					break
				except OSError:
					break
				if address[2] == PACKET_OUTGOING:
					continue
				if how["loss"] and random.random() * 100 < how["loss"]:
					continue
				at = now
				if how["rate"]:
					if busy_until[i] - now > how["queue"] / 1000:
						continue
					busy_until[i] = max(now, busy_until[i]) + (len(frame) - VNET_HDR_LEN) * 8 / (how["rate"] * 1000)
					at = busy_until[i]
				at += how["delay"] / 1000
				order += 1
				heapq.heappush(waiting, (at, order, 1 - i, frame))


if sys.argv[1] == "run":
	run(*sys.argv[2:5])
else:
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.sendto(" ".join(sys.argv[3:]).encode(), sys.argv[2])
