"""What is measured: ways from a port on loopback to the sink, each two programs of its own with one TLS hop between them.

A way has start(sink, dir, via) and stop(). via(port) gives a port that leads to port over the slow path; without one, port itself.
After start(): port, where visitors go in, and pids, whose processor time and memory are the way's own.
"""
import json
import os
import shutil
import socket
import subprocess
import time


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


def write(directory, name, text, mode=0o600):
    path = os.path.join(directory, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


class Way:
    """Runs the programs and ends just these."""

    name = ""

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

    def stop(self):
        for p in reversed(self.processes):
            p.terminate()
        for p in self.processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        self.processes = []

    def missing(self):
        return None


class Direct(Way):
    name = "direct"

    def start(self, sink, directory, via):
        self.port = via(sink) if via else sink


class Groundnut(Way):
    name = "groundnut"

    def __init__(self, build):
        super().__init__()
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
        c.update(listen=["127.0.0.1:%d" % self.door], bind=["127.0.0.1"], control="relay.sock", state="relay.db")
        c["limits"] = {"connections_per_account": 60000}
        write(home, "relay.json", json.dumps(c))
        line = subprocess.run([self.relay, "account", "add", "bench", "-c", self.config], **quiet).stdout
        line = [w for w in line.split() if w.startswith("groundnut://")][0]
        self.token = line[len("groundnut://bench:"):line.index("@")]
        self.pin = line[line.index("pin=") + 4:]
        accounts = os.path.join(home, "accounts.json")
        with open(accounts) as f:
            a = json.load(f)
        a[0]["connections"] = 60000
        write(home, "accounts.json", json.dumps(a))
        self.run(directory, self.relay, "run", "-c", self.config, "--log-level", "warn")
        wait_for(self.door)
        agent = {
            "relay": "127.0.0.1:%d" % (via(self.door) if via else self.door), "pin": self.pin, "account": "bench", "token": self.token,
            "agent": "bench", "control": "agent.sock",
            "mappings": [{"name": "sink", "protocol": "tcp", "public_port": self.port, "target": "127.0.0.1:%d" % sink}],
        }
        self.run(directory, self.agent, "run", "-c", write(home, "agent.json", json.dumps(agent)), "--log-level", "warn")
        wait_for(self.port)

    relay_pid = property(lambda self: self.processes[0].pid)


class Pair(Way):
    """Two of one kind: the outer one speaks TLS to the inner one, which has the certificate."""

    program = ""

    def __init__(self, tls):
        super().__init__()
        self.tls = tls

    def missing(self):
        return None if shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") else self.program

    def path(self):
        return shutil.which(self.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def start(self, sink, directory, via):
        inner, self.port = free_port(), free_port()
        tag = "%s-%d" % (self.name.replace(" ", "-"), self.port)
        self.launch(directory, tag + "-in", inner, sink, True)
        wait_for(inner)
        self.launch(directory, tag + "-out", self.port, via(inner) if via else inner, False)
        wait_for(self.port)


class Nginx(Pair):
    program = "nginx"

    def __init__(self, tls, buffer_kib):
        super().__init__(tls)
        self.buffer = buffer_kib
        self.name = "nginx %dk" % buffer_kib

    def missing(self):
        module = "/usr/lib/nginx/modules/ngx_stream_module.so"
        return super().missing() or (None if os.path.exists(module) else "nginx's stream module")

    def launch(self, directory, tag, port, to, inner):
        tls = ("ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3;" % self.tls) if inner else \
            "proxy_ssl on; proxy_ssl_protocols TLSv1.3;"
        self.run(directory, self.path(), "-e", directory + "/nginx.log", "-c", write(directory, tag + ".conf", """
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off; pid %s/%s.pid; error_log %s/nginx.log; worker_processes auto; worker_rlimit_nofile 20000;
events { worker_connections 8192; }
stream { server { listen 127.0.0.1:%d%s; %s proxy_buffer_size %dk; tcp_nodelay on; proxy_pass 127.0.0.1:%d; } }
""" % (directory, tag, directory, port, " ssl" if inner else "", tls, self.buffer, to)))


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
        ok = shutil.which("ssh") and os.path.exists("/usr/sbin/sshd") and (os.geteuid() != 0 or os.path.isdir("/run/sshd"))
        return None if ok else "sshd (as root it needs /run/sshd)"

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
    def __init__(self, mux):
        super().__init__()
        self.mux = mux
        self.name = "frp mux" if mux else "frp"
        self.where = os.environ.get("FRP")

    def missing(self):
        return None if self.where else "FRP=directory of frps and frpc"

    def start(self, sink, directory, via):
        door, self.port = free_port(), free_port()
        tag = "frp-%d" % door
        common = 'auth.token = "bench"\ntransport.tcpMux = %s\n' % str(self.mux).lower()
        self.run(directory, self.where + "/frps", "-c", write(directory, tag + "s.toml", 'bindAddr = "127.0.0.1"\nbindPort = %d\n'
                 'log.level = "error"\ntransport.tls.force = true\n%s' % (door, common)))
        wait_for(door)
        self.run(directory, self.where + "/frpc", "-c", write(directory, tag + "c.toml", 'serverAddr = "127.0.0.1"\nserverPort = %d\n'
                 'log.level = "error"\ntransport.tls.enable = true\n%s[[proxies]]\nname = "sink"\ntype = "tcp"\nlocalIP = "127.0.0.1"\n'
                 'localPort = %d\nremotePort = %d\n' % (via(door) if via else door, common, sink, self.port)))
        wait_for(self.port)


class Rathole(Way):
    def __init__(self, transport):
        super().__init__()
        self.transport = transport
        self.name = "rathole " + transport
        self.program = os.environ.get("RATHOLE")

    def missing(self):
        return None if self.program else "RATHOLE=program"

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
                 '[server.transport]\ntype = "%s"\n%s[server.services.sink]\nbind_addr = "127.0.0.1:%d"\n'
                 % (door, self.transport, server, self.port)), env={"RUST_LOG": "error"})
        wait_for(door)
        self.run(directory, self.program, write(directory, tag + "c.toml", '[client]\nremote_addr = "127.0.0.1:%d"\ndefault_token = "x"\n'
                 '[client.transport]\ntype = "%s"\n%s[client.services.sink]\nlocal_addr = "127.0.0.1:%d"\n'
                 % (via(door) if via else door, self.transport, client, sink)), env={"RUST_LOG": "error"})
        wait_for(self.port)


class Chisel(Way):
    name = "chisel"

    def __init__(self):
        super().__init__()
        self.program = os.environ.get("CHISEL")

    def missing(self):
        return None if self.program else "CHISEL=program"

    def start(self, sink, directory, via):
        door, self.port = free_port(), free_port()
        self.run(directory, self.program, "server", "--reverse", "--host", "127.0.0.1", "--port", str(door))
        wait_for(door)
        self.run(directory, self.program, "client", "http://127.0.0.1:%d" % (via(door) if via else door),
                 "R:127.0.0.1:%d:127.0.0.1:%d" % (self.port, sink))
        wait_for(self.port)


def all_rivals(tls):
    return [Direct(), Nginx(tls, 16), Nginx(tls, 64), Haproxy(tls), Stunnel(tls), Ssh(), Frp(False), Frp(True), Rathole("tls"),
            Rathole("noise"), Chisel()]
