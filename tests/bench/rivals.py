"""What is measured: ways from a port on loopback to a service (the sink, the origin or the echo), each with programs of its own.

A way has start(service, dir, via) and stop(). via(port) gives a port that leads to port over the slow path; without one, port itself.
After start(): port, where visitors go in, and pids, whose processor time and memory are the way's own.
kind is what a way carries: "tcp", "http", "https" or "udp". only is what the names of its cases begin with, if it is not for all.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import procs

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
BUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/fixtures/rivals")  # by rival_programs
HOST = "web.bench.bench.test"  # what visitors of "http" ask for


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("port %d does not open" % port)


def wait_for_echo(port, seconds=15):
    end = time.time() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        s.connect(("127.0.0.1", port))
        while time.time() < end:
            try:
                s.send(b"probe")
                if s.recv(100) == b"probe":
                    return
            except OSError:
                time.sleep(0.05)
    raise RuntimeError("port %d does not answer" % port)


def write(directory, name, text, mode=0o600):
    path = os.path.join(directory, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def wait_for_page(port, seconds=15):
    """Some programs open the port before they know where to."""
    end = time.time() + seconds
    while time.time() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as s:
                s.sendall(("GET /1 HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST).encode())
                if s.recv(100).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("port %d serves no page" % port)


class Way:
    """Runs the programs and ends just these and their children."""

    name = ""
    kind = "tcp"
    only = ""

    def __init__(self):
        self.processes = []
        self.port = 0

    @property
    def pids(self):
        return [p.pid for p in self.processes]

    def run(self, directory, *command, env=None):
        log = open(os.path.join(directory, self.name.replace(" ", "-") + ".log"), "a")
        full = dict(os.environ, **env) if env else None
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=full))

    def wait_open(self):
        (wait_for_echo if self.kind == "udp" else wait_for)(self.port)

    def stop(self):
        for pid in reversed(procs.family(self.pids)):
            try:
                os.kill(pid, signal.SIGTERM)
            except OSError:
                pass
        for p in self.processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.processes = []

    def missing(self):
        return None

    def takes(self, case):
        return case.startswith(self.only)


class Direct(Way):
    name = "direct"

    def start(self, sink, directory, via):
        self.port = via(sink) if via else sink

    def takes(self, case):
        return not case.startswith("calls")  # it has no programs


class Groundnut(Way):
    name = "groundnut"

    def __init__(self, build, kind="tcp", tls=None):
        super().__init__()
        self.kind, self.tls = kind, tls
        self.relay = os.path.join(build, "groundnut-relay")
        self.agent = os.path.join(build, "groundnut-agent")

    def start(self, sink, directory, via):
        home = os.path.join(directory, "groundnut-%d" % free_port())
        quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True)
        subprocess.run([self.relay, "init", "--domain", "bench.test", "--address", "127.0.0.1", "--dir", home], **quiet)
        self.config = os.path.join(home, "relay.json")
        self.door, self.port = free_port(), free_port()
        with open(self.config) as f:
            c = json.load(f)
        for key in ("http", "tls", "dns", "update", "admin"):
            c.pop(key, None)
        if self.kind == "http":
            c["http"] = {"listen": ["127.0.0.1:%d" % self.port]}
        if self.kind == "https":
            c["tls"] = {"listen": ["127.0.0.1:%d" % self.port]}
        c.update(listen=["127.0.0.1:%d" % self.door], bind=["127.0.0.1"], control="relay.sock", state="relay.db")
        c["limits"] = {"connections_per_account": 60000}
        write(home, "relay.json", json.dumps(c))
        self.tokens = {}  # an account holds 1,024 agents
        for account in ("bench", "crowd"):
            line = subprocess.run([self.relay, "account", "add", account, "-c", self.config], **quiet).stdout
            line = [w for w in line.split() if w.startswith("groundnut://")][0]
            self.tokens[account] = line[len("groundnut://%s:" % account):line.index("@")]
            self.pin = line[line.index("pin=") + 4:]
        accounts = os.path.join(home, "accounts.json")
        with open(accounts) as f:
            a = json.load(f)
        a[0]["connections"] = 60000
        write(home, "accounts.json", json.dumps(a))
        self.run(directory, self.relay, "run", "-c", self.config, "--log-level", "warn")
        wait_for(self.door)
        mapping = {"name": "bench", "protocol": self.kind, "target": "127.0.0.1:%d" % sink}
        mapping.update({"host": "web.bench"} if self.kind in ("http", "https") else {"public_port": self.port})
        if self.kind == "https":
            mapping.update(certificate=self.tls[0], private_key=self.tls[1])
        agent = {
            "relay": "127.0.0.1:%d" % (via(self.door) if via else self.door), "pin": self.pin, "account": "bench", "token": self.tokens["bench"],
            "agent": "bench", "control": "agent.sock",
            "mappings": [mapping],
        }
        self.run(directory, self.agent, "run", "-c", write(home, "agent.json", json.dumps(agent)), "--log-level", "warn")
        if self.kind in ("http", "https"):
            self.wait_mapped(home)
        self.wait_open()

    def wait_mapped(self, home):
        for _ in range(150):
            out = subprocess.run([self.agent, "status", "--json", "-c", os.path.join(home, "agent.json")], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            if out and json.loads(out)["mappings"][0]["state"] == "open":
                return
            time.sleep(0.1)
        raise RuntimeError("the mapping does not open")

    relay_pid = property(lambda self: self.processes[0].pid)
    agent_pid = property(lambda self: self.processes[1].pid)


class Pair(Way):
    """Two of one kind: the outer one speaks TLS to the inner one, which has the certificate."""

    program = ""

    def __init__(self, tls):
        super().__init__()
        self.tls = tls

    def missing(self):
        return None if self.path() else self.program

    def path(self):
        return shutil.which(self.program, path=PATH)

    def start(self, sink, directory, via):
        inner, self.port = free_port(), free_port()
        tag = "%s-%d" % (self.name.replace(" ", "-"), self.port)
        self.launch(directory, tag + "-in", inner, sink, True)
        wait_for(inner)
        self.launch(directory, tag + "-out", self.port, via(inner) if via else inner, False)
        wait_for(self.port)


class Bare(Pair):
    """The floor for bulk: nothing but recv, AES and send. Its key is built in."""

    name, only = "bare", ("pull", "push")

    def __init__(self, build):
        super().__init__(None)
        self.program = os.path.join(build, "tests/bench/bare")

    def launch(self, directory, tag, port, to, inner):
        self.run(directory, self.path(), "open" if inner else "seal", str(port), str(to))


NGINX_STREAM = "/usr/lib/nginx/modules/ngx_stream_module.so"
NGINX_HEAD = """
daemon off; pid %(dir)s/%(tag)s.pid; error_log %(dir)s/nginx.log; worker_processes auto; worker_rlimit_nofile 20000;
events { worker_connections 8192; }
"""


class Nginx(Pair):
    program = "nginx"

    def __init__(self, tls, buffer_kib):
        super().__init__(tls)
        self.buffer = buffer_kib
        self.name = "nginx %dk" % buffer_kib

    def missing(self):
        return super().missing() or (None if os.path.exists(NGINX_STREAM) else "nginx's stream module")

    def launch(self, directory, tag, port, to, inner):
        tls = ("ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;" % self.tls) if inner else \
            "proxy_ssl on; proxy_ssl_protocols TLSv1.3;"
        self.run(directory, self.path(), "-e", directory + "/nginx.log", "-c", write(directory, tag + ".conf", """
load_module %s;%s
stream { server { listen 127.0.0.1:%d%s; %s proxy_buffer_size %dk; tcp_nodelay on; proxy_pass 127.0.0.1:%d; } }
""" % (NGINX_STREAM, NGINX_HEAD % {"dir": directory, "tag": tag}, port, " ssl" if inner else "", tls, self.buffer, to)))


class Haproxy(Pair):
    name = program = "haproxy"

    def launch(self, directory, tag, port, to, inner):
        pem = write(directory, "haproxy.pem", open(self.tls[0]).read() + open(self.tls[1]).read())
        self.run(directory, self.path(), "-db", "-f", write(directory, tag + ".cfg", """
global
  maxconn 4000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen l
  bind 127.0.0.1:%d%s
  server s 127.0.0.1:%d%s
""" % (port, " ssl crt " + pem if inner else "", to, "" if inner else " ssl verify none")))


class Stunnel(Pair):
    name, program = "stunnel", "stunnel4"

    def launch(self, directory, tag, port, to, inner):
        self.run(directory, self.path(), write(directory, tag + ".conf", """
foreground = yes
pid =
debug = err
%s
[s]
accept = 127.0.0.1:%d
connect = 127.0.0.1:%d
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
%s
""" % ("cert = %s\nkey = %s" % self.tls if inner else "", port, to, "" if inner else "client = yes")))


class Ssh(Way):
    name = "ssh -R"

    def missing(self):
        if not shutil.which("ssh") or not os.path.exists("/usr/sbin/sshd"):
            return "ssh and sshd"
        return None if os.geteuid() != 0 or os.path.isdir("/run/sshd") else "sshd as root: mkdir /run/sshd"

    def start(self, sink, directory, via):
        for key in ("ssh_host", "ssh_user"):
            path = os.path.join(directory, key)
            if not os.path.exists(path):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
        write(directory, "authorized", open(os.path.join(directory, "ssh_user.pub")).read())
        door, self.port = free_port(), free_port()
        config = write(directory, "sshd-%d.conf" % door, """
ListenAddress 127.0.0.1:%d
HostKey %s/ssh_host
AuthorizedKeysFile %s/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
""" % (door, directory, directory))
        self.run(directory, "/usr/sbin/sshd", "-D", "-e", "-f", config)
        wait_for(door)
        self.run(directory, "ssh", "-F", "none", "-N", "-p", str(via(door) if via else door), "-i", directory + "/ssh_user",
                 "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                 "-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:%d:127.0.0.1:%d" % (self.port, sink), "127.0.0.1")
        wait_for(self.port)


class Frp(Way):
    def __init__(self, mux, kind="tcp"):
        super().__init__()
        self.mux, self.kind = mux, kind
        self.name = "frp mux" if mux else "frp"
        self.where = os.environ.get("FRP", BUILT)

    def missing(self):
        programs = [os.path.join(self.where or "", p) for p in ("frps", "frpc")]
        return None if self.where and all(os.access(p, os.X_OK) for p in programs) else "FRP=directory of frps and frpc, or make bench-rivals"

    def start(self, sink, directory, via):
        door, self.port = free_port(), free_port()
        tag = "frp-%d" % door
        vhost = "vhostHTTPPort = %d\n" % self.port if self.kind == "http" else ""
        place = 'customDomains = ["%s"]' % HOST if self.kind == "http" else "remotePort = %d" % self.port
        common = 'auth.token = "bench"\ntransport.tcpMux = %s\n' % str(self.mux).lower()
        self.run(directory, self.where + "/frps", "-c", write(directory, tag + "s.toml", 'bindAddr = "127.0.0.1"\nbindPort = %d\n'
                 'log.level = "error"\ntransport.tls.force = true\n%s%s' % (door, vhost, common)))
        wait_for(door)
        self.run(directory, self.where + "/frpc", "-c", write(directory, tag + "c.toml", 'serverAddr = "127.0.0.1"\nserverPort = %d\n'
                 'log.level = "error"\ntransport.tls.enable = true\n%s[[proxies]]\nname = "bench"\ntype = "%s"\nlocalIP = "127.0.0.1"\n'
                 'localPort = %d\n%s\n' % (via(door) if via else door, common, self.kind, sink, place)))
        if self.kind == "http":
            wait_for_page(self.port)
        self.wait_open()


class Rathole(Way):
    def __init__(self, transport, kind="tcp"):
        super().__init__()
        self.transport, self.kind = transport, kind
        self.name = "rathole " + transport
        self.program = os.environ.get("RATHOLE", BUILT + "/rathole")

    def missing(self):
        return None if self.program and os.access(self.program, os.X_OK) else "RATHOLE=program, or make bench-rivals"

    def tls(self, directory):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                "-days", "30", "-subj", "/CN=bench CA")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr",
                "-subj", "/CN=bench.test")
        write(directory, "leaf.ext", "subjectAltName = DNS:bench.test\n")
        openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-out", "leaf.crt",
                "-extfile", "leaf.ext")
        openssl("pkcs12", "-export", "-inkey", "leaf.key", "-in", "leaf.crt", "-certfile", "ca.crt", "-passout", "pass:x", "-out", "leaf.pfx")
        return ('[server.transport.tls]\npkcs12 = "%s/leaf.pfx"\npkcs12_password = "x"\n' % directory,
                '[client.transport.tls]\ntrusted_root = "%s/ca.crt"\nhostname = "bench.test"\n' % directory)

    def noise(self, directory):
        text = subprocess.run([self.program, "--genkey"], check=True, capture_output=True, text=True).stdout.split()
        private, public = text[2], text[5]
        return ('[server.transport.noise]\nlocal_private_key = "%s"\n' % private,
                '[client.transport.noise]\nremote_public_key = "%s"\n' % public)

    def start(self, sink, directory, via):
        door, self.port = free_port(), free_port()
        server, client = self.tls(directory) if self.transport == "tls" else self.noise(directory)
        tag = "rathole-%d" % door
        self.run(directory, self.program, write(directory, tag + "s.toml", '[server]\nbind_addr = "127.0.0.1:%d"\ndefault_token = "x"\n'
                 '[server.transport]\ntype = "%s"\n%s[server.services.bench]\ntype = "%s"\nbind_addr = "127.0.0.1:%d"\n'
                 % (door, self.transport, server, self.kind, self.port)), env={"RUST_LOG": "error"})
        wait_for(door)
        self.run(directory, self.program, write(directory, tag + "c.toml", '[client]\nremote_addr = "127.0.0.1:%d"\ndefault_token = "x"\n'
                 '[client.transport]\ntype = "%s"\n%s[client.services.bench]\ntype = "%s"\nlocal_addr = "127.0.0.1:%d"\n'
                 % (via(door) if via else door, self.transport, client, self.kind, sink)), env={"RUST_LOG": "error"})
        self.wait_open()


class Chisel(Way):
    name = "chisel"

    def __init__(self):
        super().__init__()
        self.program = os.environ.get("CHISEL")

    def missing(self):
        return None if self.program and os.access(self.program, os.X_OK) else "CHISEL=program"

    def start(self, sink, directory, via):
        door, self.port = free_port(), free_port()
        self.run(directory, self.program, "server", "--reverse", "--host", "127.0.0.1", "--port", str(door))
        wait_for(door)
        self.run(directory, self.program, "client", "http://127.0.0.1:%d" % (via(door) if via else door),
                 "R:127.0.0.1:%d:127.0.0.1:%d" % (self.port, sink))
        wait_for(self.port)


class WebNginx(Pair):
    """A reverse proxy in one process, without TLS; or with it two, as a tunnel would be. kind https: visitors come to the outer one by TLS, too."""

    program = "nginx"

    def __init__(self, tls=None, kind="http"):
        super().__init__(tls)
        self.name, self.kind = "nginx pair" if tls else "nginx", kind

    def start(self, service, directory, via):
        if self.tls:
            return super().start(service, directory, via)
        self.port = free_port()
        self.launch(directory, "nginx-web-%d" % self.port, self.port, service, None)
        wait_for(self.port)

    def launch(self, directory, tag, port, to, inner):
        listen = " ssl; ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;" % self.tls if inner or self.kind == "https" else ";"
        scheme = "https" if inner is False else "http"
        self.run(directory, self.path(), "-e", directory + "/nginx.log", "-c", write(directory, tag + ".conf", """%s
http { access_log off; keepalive_requests 100000000;
  upstream u { server 127.0.0.1:%d; keepalive 128; keepalive_requests 100000000; }
  server { listen 127.0.0.1:%d%s tcp_nodelay on;
    location / { proxy_pass %s://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_ssl_protocols TLSv1.3; } } }
""" % (NGINX_HEAD % {"dir": directory, "tag": tag}, to, port, listen, scheme)))


class WebHaproxy(Pair):
    name, program, kind = "haproxy", "haproxy", "http"

    def __init__(self):
        super().__init__(None)

    def start(self, service, directory, via):
        self.port = free_port()
        self.run(directory, self.path(), "-db", "-f", write(directory, "haproxy-web-%d.cfg" % self.port, """
global
  maxconn 4000
defaults
  mode http
  option forwardfor
  timeout connect 10s
  timeout client 1h
  timeout server 1h
listen l
  bind 127.0.0.1:%d
  server s 127.0.0.1:%d
""" % (self.port, service)))
        wait_for(self.port)


class Socat(Pair):
    name, program, kind = "socat", "socat", "udp"

    def __init__(self):
        super().__init__(None)

    def start(self, service, directory, via):
        self.port = free_port()
        self.run(directory, self.path(), "-T", "30", "UDP4-LISTEN:%d,bind=127.0.0.1,fork,reuseaddr" % self.port,
                 "UDP4:127.0.0.1:%d" % service)
        wait_for_echo(self.port)


def streams(tls):
    return [Direct(), Nginx(tls, 16), Nginx(tls, 64), Haproxy(tls), Stunnel(tls), Ssh(), Frp(False), Frp(True), Rathole("tls"),
            Rathole("noise"), Chisel()]


def webs(tls):
    return [Direct(), WebNginx(), WebHaproxy(), WebNginx(tls), Frp(True, "http")]


def secure_webs(tls):
    return [WebNginx(tls, "https")]


def flows():
    return [Direct(), Socat(), Frp(False, "udp"), Frp(True, "udp"), Rathole("tls", "udp")]
