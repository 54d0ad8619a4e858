#!/usr/bin/python3
"""admin_guesses.py HOST:PORT COUNT: that many wrong passwords for the dashboard, from a thousand networks as proxies at 127.0.0.80 and behind tell of
them, 160 at once; "ready" when the first hundred were answered."""
import collections
import http.client
import os
import sys
import threading

HOST, COUNT = sys.argv[1], int(sys.argv[2])
PATIENCE = 60 * float(os.environ.get("SLOW", "1"))
answers, left, lock = collections.Counter(), iter(range(COUNT)), threading.Lock()


def guess(i):
	connection = http.client.HTTPConnection(HOST, timeout=PATIENCE, source_address=("127.0.0.%d" % (80 + i % 8), 0))
	try:
		connection.request("POST", "/signin", '{"password": "guess%d"}' % i, {"Content-Type": "application/json", "Origin": "http://" + HOST,
			"X-Forwarded-For": "11.%d.%d.%d" % (64 + i % 4, i % 251, 1 + i // 1000)})
		return connection.getresponse().status
	finally:
		connection.close()


def work():
	while True:
		with lock:
			i = next(left, None)
		if i is None:
			return
		try:
			status = guess(i)
		except (OSError, http.client.HTTPException) as e:
			status = type(e).__name__
		with lock:
			answers[status] += 1
			if sum(answers.values()) == 100:
				print("ready", flush=True)


threads = [threading.Thread(target=work) for _ in range(160)]
for thread in threads:
	thread.start()
for thread in threads:
	thread.join()
print("answers", dict(answers))
good = set(answers) <= {401, 429}
print("%d guesses: %s" % (sum(answers.values()), "none of them right" if good else "not as they should"), flush=True)
