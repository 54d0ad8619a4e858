#!/usr/bin/env python3
"""What shared/web/sentences.js translates is what the programs say: prints each part of its patterns that no source holds.
In a pattern (?:) stands where a program puts a sentence together."""
import re
import subprocess
import sys

LEAST = 8  # shorter ones say nothing


def texts():
	"""The texts of all sources; those that stand beside each other are one."""
	files = subprocess.run(["find", "shared", "relay", "agent", "-name", "*.[ch]"], check=True, capture_output=True, text=True).stdout.split()
	for path in files:
		source = re.sub(r"\\\n", "\n", open(path, encoding="utf-8").read())
		for found in re.finditer(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', source):
			yield re.sub(r"\\(.)", r"\1", "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', found.group())))


def parts(pattern):
	"""What a pattern has word by word."""
	pattern = re.sub(r"\(\?<?[=!][^()]*\)", "\0", pattern)  # what stands around it
	pattern = re.sub(r"\(\?:", "(", pattern)
	pattern = re.sub(r"(?<!\\)\([^()|]*(?:\\.|\[[^]]*\]|[.*+?])[^()|]*\)", "\0", pattern)  # what differs
	pattern = re.sub(r"\.[+*]\??|\\[Swd][+*]?\??|.\?|[$^]", lambda m: m.group() if m.group().startswith("\\") and m.group()[1] not in "Swd" else "\0", pattern)
	return [part for part in re.split(r"\0|(?<!\\)[()|]", re.sub(r"\\([^Swd])", lambda m: m.group(1) if m.group(1) not in "()" else "\1" if m.group(1) == "(" else "\2", pattern))]


said = "\n".join(texts())
source = open("shared/web/sentences.js", encoding="utf-8").read()
patterns = re.findall(r"\[/((?:[^/\\\n]|\\.)+)/,\s", source[source.index("const PARTS"):source.index("const SYSTEM")])
if len(patterns) < 50:
	sys.exit("no patterns found")
for pattern in patterns:
	if "(.*)" in pattern:
		print(f"its time grows with the square of what a peer says: {pattern}")
	for part in parts(pattern):
		text = part.replace("\1", "(").replace("\2", ")").strip()
		if len(text) >= LEAST and text not in said:
			print(f"nothing says: {text}")
