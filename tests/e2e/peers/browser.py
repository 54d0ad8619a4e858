#!/usr/bin/python3
"""A real browser, driven over the WebDriver protocol: browser.py DIRECTORY SPKI,… URL…

Chromium without a screen, its profile in DIRECTORY. Believes certificates with these keys (base64 of the SPKI's SHA-256; "": none), besides the usual ones.
Each URL is opened in turn; a page says by its title "done" that it has nothing more to do (the browser's own
page about a certificate that it does not believe is shown, too). Prints what the page shows, a line "== URL"
before it, and keeps a picture of it in DIRECTORY/1.png, 2.png, …
"""
import base64
import json
import os
import subprocess
import sys
import time
import urllib.request

directory, keys, urls = sys.argv[1], sys.argv[2], sys.argv[3:]
SLOW = float(os.environ.get("SLOW", "1"))
PORT = 9515


def call(method, path, body=None):
	data = json.dumps(body).encode() if body is not None else None
	request = urllib.request.Request("http://127.0.0.1:%d%s" % (PORT, path), data, {"Content-Type": "application/json"}, method=method)
	try:
		with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
			return json.load(answer)["value"]
	except urllib.error.HTTPError as e:
		sys.exit("%s %s: %s" % (method, path, json.load(e)["value"]["message"].splitlines()[0]))


def until(ready, seconds, what):
	end = time.monotonic() + seconds * SLOW
	while not ready():
		if time.monotonic() > end:
			print("waited in vain:", what, flush=True)
			return False
		time.sleep(0.05)
	return True


def up():
	try:
		return call("GET", "/status")["ready"]
	except OSError:
		return False


def visit(session, number, url):
	print("==", url, flush=True)
	call("POST", session + "/url", {"url": url})
	until(lambda: call("GET", session + "/title") in ("done", "Privacy error"), 30, url)
	print(call("POST", session + "/execute/sync", {"script": "return document.body.innerText", "args": []}), flush=True)
	with open("%s/%d.png" % (directory, number), "wb") as f:
		f.write(base64.b64decode(call("GET", session + "/screenshot")))


driver = subprocess.Popen(["chromedriver", "--port=%d" % PORT], stdout=subprocess.DEVNULL)
try:
	if not until(up, 20, "chromedriver"):
		sys.exit(1)
	arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=%s/profile" % directory,
		     "--disable-background-networking", "--window-size=800,600"] + ["--ignore-certificate-errors-spki-list=" + keys] * bool(keys)
	options = {"args": arguments}
	session = "/session/" + call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})["sessionId"]
	for number, url in enumerate(urls, 1):
		visit(session, number, url)
	call("DELETE", session)
finally:
	driver.terminate()
	driver.wait()
