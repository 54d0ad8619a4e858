"""Alibaba Cloud's and DNSPod's record APIs, played: signed_providers.py DIR PORT. Signatures are checked by the providers' documents, step by step,
and over what came: the Host field, the query, the body. DIR/alidns and DIR/dnspod hold the records, DIR/signatures counts the good ones; while
DIR/says exists ("KIND STATUS CODE MESSAGE…") that kind answers so; while DIR/strange exists that is the answer to a question for records.
POST /stranger?kind=…&name=…&type=…&value=… makes a record that is somebody else's."""
import datetime, hashlib, hmac, http.server, json, os, sys, threading, time, urllib.parse

where, port = sys.argv[1], int(sys.argv[2])
ZONE, KEY_ID, SECRET = "home.example.com", "AKIDtest", "signing-secret"
records = {"alidns": {}, "dnspod": {}}
one = threading.Lock()
last, nonces, good = 1000, set(), {"alidns": 0, "dnspod": 0}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def keep(kind):
    for name, lines in ((kind, ["%s %s %s" % (r["name"], r["type"], r["value"]) for r in records[kind].values()]),
                        ("signatures", ["%s %d" % g for g in good.items()])):
        with open("%s/%s.new" % (where, name), "w") as f:
            f.write("".join(line + "\n" for line in sorted(lines)))
        os.rename("%s/%s.new" % (where, name), "%s/%s" % (where, name))


def full(host):
    return ZONE if host == "@" else host + "." + ZONE


class Refused(Exception):
    def __init__(self, status, code, message):
        self.status, self.code, self.message = status, code, message


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, what):
        data = (what if isinstance(what, str) else json.dumps(what)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def field(self, name):
        values = self.headers.get_all(name) or []
        if len(values) != 1:
            raise Refused(400, "Missing", "%d fields %s" % (len(values), name))
        return values[0].strip()

    # https://help.aliyun.com, "V3 version request body & signature mechanism"
    def check_acs3(self, body):
        scheme, _, rest = self.field("Authorization").partition(" ")
        parts = dict(p.split("=", 1) for p in rest.split(","))
        if scheme != "ACS3-HMAC-SHA256" or parts["Credential"] != KEY_ID:
            raise Refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        signed = parts["SignedHeaders"].split(";")
        must = {"host"} | {k.lower() for k in self.headers if k.lower().startswith("x-acs-")}
        if signed != sorted(signed) or not must <= set(signed):
            raise Refused(400, "IncompleteSignature", "signed are %r" % signed)
        if self.field("x-acs-content-sha256") != sha256(body):
            raise Refused(400, "InvalidContent", "the digest is not the body's")
        then = datetime.datetime.strptime(self.field("x-acs-date"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(then - time.time()) > 900:
            raise Refused(400, "InvalidTimeStamp.Expired", "the time is not now")
        if self.field("x-acs-signature-nonce") in nonces:
            raise Refused(400, "SignatureNonceUsed", "again")
        nonces.add(self.field("x-acs-signature-nonce"))
        url = urllib.parse.urlsplit(self.path)
        quote = lambda text: urllib.parse.quote(text, safe="-_.~")
        query = "&".join("%s=%s" % (quote(k), quote(v)) for k, v in sorted(urllib.parse.parse_qsl(url.query, keep_blank_values=True)))
        canonical = "\n".join([self.command, url.path or "/", query, "".join("%s:%s\n" % (h, self.field(h)) for h in signed), ";".join(signed), sha256(body)])
        if mac(SECRET.encode(), "ACS3-HMAC-SHA256\n" + sha256(canonical.encode())).hex() != parts["Signature"]:
            raise Refused(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")

    # https://cloud.tencent.com/document/api/1427/56189, "Signature v3"
    def check_tc3(self, body):
        scheme, _, rest = self.field("Authorization").partition(" ")
        parts = dict(p.strip().split("=", 1) for p in rest.split(","))
        who, date, service, end = parts["Credential"].split("/")
        stamp = int(self.field("X-TC-Timestamp"))
        if scheme != "TC3-HMAC-SHA256" or who != KEY_ID or service != "dnspod" or end != "tc3_request":
            raise Refused(200, "AuthFailure.SecretIdNotFound", "The SecretId is not found")
        if abs(stamp - time.time()) > 300 or date != time.strftime("%Y-%m-%d", time.gmtime(stamp)):
            raise Refused(200, "AuthFailure.SignatureExpire", "The provided credentials are expired")
        signed = parts["SignedHeaders"].split(";")
        if signed != sorted(signed) or not {"content-type", "host"} <= set(signed):
            raise Refused(200, "AuthFailure.SignatureFailure", "signed are %r" % signed)
        value = lambda h: self.field(h).lower() if h == "x-tc-action" else self.field(h)
        canonical = "\n".join([self.command, "/", "", "".join("%s:%s\n" % (h, value(h)) for h in signed), ";".join(signed), sha256(body)])
        key = ("TC3" + SECRET).encode()
        for step in (date, service, "tc3_request"):
            key = mac(key, step)
        if mac(key, "TC3-HMAC-SHA256\n%d\n%s/%s/tc3_request\n%s" % (stamp, date, service, sha256(canonical.encode()))).hex() != parts["Signature"]:
            raise Refused(200, "AuthFailure.SignatureFailure", "The provided credentials could not be validated.")

    def told(self, kind, asks):
        if os.path.exists(where + "/says"):
            with open(where + "/says") as f:
                which, status, code, message = f.read().strip().split(None, 3)
            if which == kind:
                raise Refused(int(status), code, message)
        if asks and os.path.exists(where + "/strange"):
            with open(where + "/strange") as f:
                return f.read()

    def make(self, kind, name, type_, value):
        global last
        if any((r["name"], r["type"], r["value"]) == (name, type_, value) for r in records[kind].values()):
            raise Refused(400 if kind == "alidns" else 200, "DomainRecordDuplicate" if kind == "alidns" else "InvalidParameter.DomainRecordExist", "it is there")
        last += 1
        records[kind][str(last)] = {"name": name, "type": type_, "value": value}
        return str(last)

    def alidns(self, body):
        self.check_acs3(body)
        if self.field("x-acs-version") != "2015-01-09" or body:
            raise Refused(400, "UnsupportedVersion", "what is this")
        good["alidns"] += 1
        p = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        action, all_, answer = self.field("x-acs-action"), records["alidns"], {"RequestId": "1"}
        strange = self.told("alidns", action == "DescribeSubDomainRecords")
        if strange:
            return self.answer(200, strange)
        if action == "DescribeSubDomainRecords":
            found = [dict(RecordId=i, RR=r["name"], Type=r["type"], Value=r["value"], Line="default") for i, r in all_.items() if r["name"] == p["SubDomain"]]
            answer.update(TotalCount=len(found), PageSize=int(p["PageSize"]), PageNumber=1, DomainRecords={"Record": found})
        elif action == "AddDomainRecord":
            if p["DomainName"] != ZONE:
                raise Refused(404, "InvalidDomainName.NoExist", "The specified domain name does not exist.")
            answer["RecordId"] = self.make("alidns", full(p["RR"]), p["Type"], p["Value"])
        elif action == "UpdateDomainRecord":
            all_[p["RecordId"]] = {"name": full(p["RR"]), "type": p["Type"], "value": p["Value"]}
        elif action == "DeleteDomainRecord":
            del all_[p["RecordId"]]
        keep("alidns")
        self.answer(200, answer)

    def dnspod(self, body):
        self.check_tc3(body)
        if self.field("X-TC-Version") != "2021-03-23":
            raise Refused(200, "InvalidParameter", "what is this")
        good["dnspod"] += 1
        p = json.loads(body)
        action, all_, answer = self.field("X-TC-Action"), records["dnspod"], {"RequestId": "1"}
        strange = self.told("dnspod", action == "DescribeRecordList")
        if strange:
            return self.answer(200, strange)
        if p["Domain"] != ZONE:
            raise Refused(200, "InvalidParameterValue.DomainNotExists", "no such domain")
        if action == "DescribeRecordList":
            found = [dict(RecordId=int(i), Name=r["name"], Type=r["type"], Value=r["value"], Line="默认") for i, r in all_.items() if r["name"] == full(p["Subdomain"])]
            if not found:
                raise Refused(200, "ResourceNotFound.NoDataOfRecord", "No record on the list.")
            answer.update(RecordList=found)
        elif action in ("CreateRecord", "ModifyRecord"):
            if p["RecordLine"] != "默认":
                raise Refused(200, "InvalidParameter.RecordLineInvalid", "no such line")
            if action == "CreateRecord":
                answer["RecordId"] = int(self.make("dnspod", full(p["SubDomain"]), p["RecordType"], p["Value"]))
            else:
                all_[str(p["RecordId"])] = {"name": full(p["SubDomain"]), "type": p["RecordType"], "value": p["Value"]}
        elif action == "DeleteRecord":
            del all_[str(p["RecordId"])]
        keep("dnspod")
        self.answer(200, {"Response": answer})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with one:
            self.take(body)

    def take(self, body):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/stranger":
            q = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
            self.make(q["kind"], q["name"], q["type"], q["value"])
            keep(q["kind"])
            return self.answer(200, {})
        kind = "dnspod" if "X-TC-Action" in self.headers else "alidns"
        try:
            getattr(self, kind)(body)
        except Refused as r:
            if kind == "dnspod":
                self.answer(r.status, {"Response": {"Error": {"Code": r.code, "Message": r.message}, "RequestId": "1"}})
            else:
                self.answer(r.status, {"Code": r.code, "Message": r.message, "RequestId": "1"})

    def log_message(self, *args):
        pass


os.makedirs(where, exist_ok=True)
keep("alidns")
keep("dnspod")
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
