"""A dyndns2 provider and Cloudflare's record API, played: providers.py DIR PORT [CERTIFICATE KEY]. DIR/provider gets a line for each update
that came, DIR/cloudflare holds the records; while DIR/says exists the provider answers what stands in it, "STATUS WORD"; while DIR/limit
exists the API answers 429; while DIR/strange exists that is what it answers when it is asked for records."""
import http.server, json, os, ssl, sys, urllib.parse

where, port = sys.argv[1], int(sys.argv[2])
records = {}
last = 0


def keep():
    with open(where + "/cloudflare.new", "w") as f:
        for r in records.values():
            f.write("%s %s %s\n" % (r["name"], r["type"], r["content"]))
    os.rename(where + "/cloudflare.new", where + "/cloudflare")


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body, kind="application/json"):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def provider(self, query):
        if self.headers.get("Authorization") != "Basic bWU6cHJvdmlkZXItcGFzc3dvcmQ=":
            return self.answer(401, "badauth\n", "text/plain")
        with open(where + "/provider", "a") as f:
            f.write("%s %s\n" % (query["hostname"][0], query["myip"][0]))
        if os.path.exists(where + "/says"):
            with open(where + "/says") as f:
                status, word = f.read().split(None, 1)
            return self.answer(int(status), word, "text/plain")
        self.answer(200, "good " + query["myip"][0] + "\n", "text/plain")

    def cloudflare(self, parts, query):
        global last
        if os.path.exists(where + "/limit"):
            return self.answer(429, json.dumps({"success": False, "errors": [{"code": 10000, "message": "More than 1200 requests per 300 seconds reached"}]}))
        if self.headers.get("Authorization") != "Bearer cf-token":
            return self.answer(403, json.dumps({"success": False, "errors": [{"code": 9109, "message": "Invalid access token"}]}))
        result = []
        if parts == ["zones"]:
            result = [{"id": "0123456789abcdef", "name": query["name"][0]}]
        elif self.command == "GET":
            result = [r for r in records.values() if r["name"] == query["name"][0]]
        else:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
            if self.command == "POST":
                last += 1
                record = "r%d" % last
            else:
                record = parts[3]
                if record not in records:
                    return self.answer(404, json.dumps({"success": False, "errors": [{"message": "Record does not exist."}]}))
            if self.command == "DELETE":
                del records[record]
            else:
                records[record] = dict(body, id=record)
            keep()
        if self.command == "GET" and parts != ["zones"] and os.path.exists(where + "/strange"):
            with open(where + "/strange") as f:
                return self.answer(200, f.read())
        self.answer(200, json.dumps({"success": True, "errors": [], "messages": [], "result": result}))

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/nic/update":
            return self.provider(query)
        self.cloudflare(url.path.strip("/").split("/")[2:], query)

    do_POST = do_PATCH = do_DELETE = do_GET


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client):
        print("one who went: %s" % sys.exc_info()[1], flush=True)


os.makedirs(where, exist_ok=True)
keep()
server = Server(("127.0.0.1", port), Handler)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
