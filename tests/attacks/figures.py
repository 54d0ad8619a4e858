#!/usr/bin/python3
"""Makes a page of what `make attacks` measured: figures.py DIRECTORY PAGE. The directory holds a file for each attack, as attack.sh writes it."""
import glob
import json
import os
import sys

HEAD = """# Attacks, measured

`make attacks` wrote this page. In each row a hostile peer attacks, under SCHED_IDLE, while good visitors of *another* account and a good home go on
([attacks/](attacks/); what each attack is stands at the head of its script). Times are in ms, median / 95 % / worst, in the quiet before → during the
attack. **kept**: a line and its echo on one connection that stays; **fresh**: the same on a new connection; **http**: a page by host name; **attach**:
an agent from its first packet until its mapping is open; **more**: what else the row concerns (DNS by UDP and TCP, updates by DDNS, UDP;
**https**: a page of the very mapping that is attacked). **turn**: the
longest turn of any loop of the relay, in ms of CPU, quiet → attack. **memory**: the relay's peak in MiB, of what its budgets and 64 MiB allow.
**fds**: its descriptors at most. **dog**: the longest time that its watchdog was not fed, in ms; it is fed each second.

Limits: medians at most 3 times quiet + 5 ms; nobody over 500 ms (attach: 1 s; plus three round trips where the home is far); turns 100 ms; dog 15 s.
A row in [attacks/known](attacks/known) is known to miss its limits. `void`: the attacker did not reach its rate, and the row says nothing.

"""


def times(row, probe):
	quiet, attack = row["quiet"].get(probe), row["attack"].get(probe)
	if not attack:
		return ""
	words = lambda f: " / ".join("%.1f" % f[key] if f[key] is not None else "-" for key in ("median", "p95", "worst"))
	failed = " **%d failed**" % attack["failed"] if attack["failed"] else ""
	return "%s → %s%s" % (words(quiet), words(attack), failed)


def verdict(row, known):
	if row["void"]:
		return "void"
	if row["failed"]:
		return "known" if row["name"] in known else "**%d limits missed**" % row["failed"]
	return "held"


def known_names(path):
	with open(path) as f:
		return {line.split()[0] for line in f if line.strip() and not line.startswith("#")}


rows = [json.load(open(path)) for path in sorted(glob.glob(sys.argv[1] + "/*.json"))]
known = known_names(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "known"))
order = lambda row: (int("".join(c for c in row["goal"].split(":")[0] if c.isdigit()) or 99), row["name"])
with open(sys.argv[2], "w") as page:
	page.write(HEAD)
	page.write("| row | attack | reached | verdict | kept | fresh | http | attach | more | turn | memory | fds | dog |\n")
	page.write("| --- " * 13 + "|\n")
	for row in sorted(rows, key=order):
		number, _, goal = row["goal"].partition(": ")
		more = "; ".join("%s %s" % (probe, times(row, probe)) for probe in row["attack"] if probe not in ("kept", "fresh", "http", "attach"))
		page.write("| %s | %s | %s | %s | %s |\n" % (number.replace("Row ", ""), row["name"], "; ".join(row["rates"] + row["notes"]), verdict(row, known), " | ".join(
			[times(row, probe) for probe in ("kept", "fresh", "http", "attach")] + [more, "%.0f → %.0f" % (row["turn_quiet_us"] / 1000, row["turn_us"] / 1000),
			"%d of %d" % (row["rss_kib"] >> 10, row["rss_bound_kib"] >> 10), "%d" % row["descriptors"], "%d" % row["watchdog_ms"]])))
print("%d attacks are in %s" % (len(rows), sys.argv[2]))
