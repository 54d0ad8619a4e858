"""What zsh completes a line to, in a terminal: completion.py DIRECTORY LINE WANTED. DIRECTORY has the completions as zsh looks for them. Ends with 0 when
two tabs after LINE show WANTED."""
import os
import pty
import select
import sys
import time

PATIENCE_S = 60
directory, line, wanted = sys.argv[1:]
shell, terminal = pty.fork()
if shell == 0:
    os.environ.update(TERM="xterm", PS1="ready> ", HOME=directory)
    os.execvp("zsh", ["zsh", "-f", "-i"])


def until(text):
    seen, end = "", time.monotonic() + PATIENCE_S
    while text not in seen:
        if time.monotonic() > end or not select.select([terminal], [], [], PATIENCE_S)[0]:
            sys.exit(f"{line} shows {seen!r}, not {text}")
        seen += os.read(terminal, 4096).decode(errors="replace")


until("ready> ")
os.write(terminal, f"fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\n".encode())
until("ready\r")
os.write(terminal, (line + "\t\t").encode())
until(wanted)
