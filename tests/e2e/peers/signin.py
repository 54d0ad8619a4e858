#!/usr/bin/python3
"""Signs in to a dashboard as a person does, by the keyboard of a real browser: signin.py DIRECTORY LANGUAGE URL WORD…

Types each WORD into the page on how to sign in and presses Enter ("PASSWORD SECRET" where a code is wanted: Tab, and the code), and prints what the page says then: its
trouble, or "signed in" when it is the dashboard. Then what is on the console, a line "console: …" each. A picture of each page is DIRECTORY/1.png, 2.png, …
"""
import base64
import hashlib
import hmac
import json
import os
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

directory, language, url, words = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
SLOW = float(os.environ.get("SLOW", "1"))
DRIVER = "http://127.0.0.1:9516"
ENTER, TAB = "\ue007", "\ue004"


def call(method, path, body=None):
	data = json.dumps(body).encode() if body is not None else None
	request = urllib.request.Request(DRIVER + path, data, {"Content-Type": "application/json"}, method=method)
	with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
		return json.load(answer)["value"]


def until(get):
	end = time.monotonic() + 60 * SLOW
	while time.monotonic() < end:
		try:
			found = get()
			if found:
				return found
		except OSError:
			pass
		time.sleep(0.1)
	sys.exit("waited in vain")


def script(session, text):
	return call("POST", session + "/execute/sync", {"script": text, "args": []})


def press(session, keys):
	actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
	call("POST", session + "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})


def code_of(secret):
	"""RFC 6238; of the next step, which is good for another minute."""
	digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + 1), hashlib.sha1)
	at = digest[19] & 15
	return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7fffffff) % 1000000)


def sign_in(session, word):
	script(session, "document.getElementById('trouble').textContent = ''; document.getElementById('password').focus()")
	password, _, secret = word.partition(" ")
	press(session, list(password) + ([TAB] + list(code_of(secret)) if secret else []) + [ENTER])
	return until(lambda: script(session, """
		const trouble = document.getElementById('trouble');
		return trouble ? trouble.textContent : document.getElementById('signout') ? 'signed in' : ''"""))


driver = subprocess.Popen(["chromedriver", "--port=" + DRIVER.rsplit(":", 1)[1]], stdout=subprocess.DEVNULL)
try:
	until(lambda: call("GET", "/status")["ready"])
	options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=%s/profile" % directory,
		"--disable-background-networking", "--window-size=360,640", "--lang=" + language, "--accept-lang=" + language]}
	wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
	session = "/session/" + call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
	call("POST", session + "/url", {"url": url})
	for number, word in enumerate(words, 1):
		print(sign_in(session, word), flush=True)
		with open("%s/%d.png" % (directory, number), "wb") as f:
			f.write(base64.b64decode(call("GET", session + "/screenshot")))
	for line in call("POST", session + "/se/log", {"type": "browser"}):
		if "401" not in line["message"]:  # a wrong password's answer
			print("console:", line["message"])
	call("DELETE", session)
finally:
	driver.terminate()
	driver.wait()
