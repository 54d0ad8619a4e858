"""Those whom alerts are sent to, played over HTTPS: receivers.py DIR PORT CERTIFICATE KEY. DIR/NAME gets a line for each message that was taken,
where NAME is the first part of the path: "METHOD PATH CONTENT-TYPE BODY". While DIR/busy exists all answer 503, and DIR/tried gets a line each time;
while DIR/refuses exists the chat robots answer 200 with an errcode, as they do."""
import http.server, json, os, ssl, sys

where, port = sys.argv[1], int(sys.argv[2])


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        name = self.path.strip("/").split("/")[0].split("?")[0] or "ntfy"
        if os.path.exists(where + "/busy"):
            with open(where + "/tried", "a") as f:
                f.write(name + "\n")
            return self.answer(503, {"error": "busy"})
        if os.path.exists(where + "/refuses"):
            with open(where + "/tried", "a") as f:
                f.write(name + "\n")
            return self.answer(200, {"errcode": 310000, "errmsg": "keywords not in content"})
        with open(where + "/" + name, "a") as f:
            f.write("%s %s %s %s\n" % (self.command, self.path, self.headers.get("Content-Type"), body))
        self.answer(200, {"errcode": 0, "errmsg": "ok"} if name in ("wecom", "dingtalk") else {"ok": True})

    def log_message(self, *_):
        pass


os.makedirs(where, exist_ok=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
