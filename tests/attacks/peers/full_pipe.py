#!/usr/bin/python3
"""Becomes a program whose stderr is a pipe that is full and that nobody reads: full_pipe.py PROGRAM ARGUMENTS…"""
import os
import signal
import sys

reader, writer = os.pipe()
os.set_blocking(writer, False)
for size in (4096, 1):
	try:
		while True:
			os.write(writer, b"x" * size)
	except BlockingIOError:
		pass
os.set_blocking(writer, True)
os.set_inheritable(reader, True)
parent = os.getpid()
if os.fork() == 0:  # holds the reading end, as long as the program lives
	os.close(writer)
	while os.getppid() == parent:
		signal.sigtimedwait([], 0.2)
	os._exit(0)
os.close(reader)
os.dup2(writer, 2)
os.close(writer)
os.execv(sys.argv[1], sys.argv[1:])
