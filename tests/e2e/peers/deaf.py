"""Starts a program whose stderr nobody reads: deaf.py pipe|tty OUT PROGRAM...

pipe: a full one; tty: a terminal after Ctrl-S. When the file OUT.go appears, all that was and is
written is read into OUT.
"""
import os
import pty
import select
import sys
import time


def fill(fd):
    os.set_blocking(fd, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(fd, b"." * (size - 1) + b"\n")
        except BlockingIOError:
            pass
    os.set_blocking(fd, True)


def is_over(fd):
    poll = select.poll()
    poll.register(fd, 0)
    return bool(poll.poll(0))


def read_later(kind, fd, out):
    while not os.path.exists(out + ".go"):
        if is_over(fd):
            return
        time.sleep(0.05)
    if kind == "tty":
        os.write(fd, b"\x11")
    with open(out, "wb", 0) as f:
        try:
            while data := os.read(fd, 65536):
                f.write(data)
        except OSError:  # a terminal's end
            pass


kind, out, *program = sys.argv[1:]
reader, writer = os.pipe() if kind == "pipe" else pty.openpty()
if kind == "pipe":
    fill(writer)
else:
    os.write(reader, b"\x13")
if os.fork() == 0:
    os.close(writer)
    if os.fork() == 0:
        read_later(kind, reader, out)
    os._exit(0)
os.wait()
os.close(reader)
os.dup2(writer, 2)
os.close(writer)
os.execvp(program[0], program)
