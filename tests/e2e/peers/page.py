#!/usr/bin/python3
"""What a real browser makes of a page: page.py DIRECTORY LANGUAGE URL TEXT

Opens URL, waits until the page holds TEXT (in its markup), and prints the markup; then what is on the console, a line "CONSOLE …" each, to stderr.
A page that listens to a stream is never at rest, so nothing else can be waited for.
"""
import json
import os
import subprocess
import sys
import time
import urllib.request

directory, language, url, text = sys.argv[1:5]
SLOW = float(os.environ.get("SLOW", "1"))
DRIVER = "http://127.0.0.1:9517"


def call(method, path, body=None):
	data = json.dumps(body).encode() if body is not None else None
	request = urllib.request.Request(DRIVER + path, data, {"Content-Type": "application/json"}, method=method)
	with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
		return json.load(answer)["value"]


def until(ready):
	end = time.monotonic() + 60 * SLOW
	while not ready() and time.monotonic() < end:
		time.sleep(0.1)


def up():
	try:
		return call("GET", "/status")["ready"]
	except OSError:
		return False


driver = subprocess.Popen(["chromedriver", "--port=9517"], stdout=subprocess.DEVNULL)
try:
	until(up)
	arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + directory,
		     "--lang=" + language, "--accept-lang=" + language, "--disable-background-networking"]
	options = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
	session = "/session/" + call("POST", "/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]
	call("POST", session + "/url", {"url": url})
	until(lambda: text in call("GET", session + "/source"))
	print(call("GET", session + "/source"))
	for line in call("POST", session + "/se/log", {"type": "browser"}):
		print("CONSOLE", line["message"], file=sys.stderr)
	call("DELETE", session)
finally:
	driver.terminate()
	driver.wait()
