"""How long an attack lasts: ATTACK_S seconds, and then until there is a file ENOUGH, so that it has not ended before the good ones have shown how
they fare; never longer than MOST_S beyond that."""
import os
import socket
import struct
import time

ATTACK_S = float(os.environ.get("ATTACK_S", "2"))
ENOUGH = os.environ.get("ENOUGH", "")
MOST_S = 60 * float(os.environ.get("SLOW", "1"))
begun = time.monotonic()


def seconds():
	return time.monotonic() - begun


def goes_on():
	return seconds() < ATTACK_S or (ENOUGH and not os.path.exists(ENOUGH) and seconds() < ATTACK_S + MOST_S)


def ready():
	"""The attack is at its height."""
	print("ready", flush=True)


def hold():
	"""What was to be built up is there: it stays so."""
	ready()
	while goes_on():
		time.sleep(0.05)


def stranger(i):
	"""The address of the i-th stranger, each in a /24 of its own while there are some left."""
	return socket.inet_ntoa(struct.pack(">I", (11 << 24 | 64 << 16) + i * 257 % (1 << 22)))
