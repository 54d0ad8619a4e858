#!/bin/bash
# Goal: the DDNS clients people already have update a name at the doors, over HTTP and HTTPS with a private CA, v4 and v6,
# and whoever asks the embedded server, also through a resolver that the zone is delegated to, sees it.
# Usage: names_clients.sh DDNS_HOST   (the test host of the naming room; see tests/tools/ddns_host.c)
set -u
host=$(readlink -f "${1:?usage: names_clients.sh DDNS_HOST}")
if [ "${2:-}" != inside ]; then
	exec unshare -n "$(readlink -f "$0")" "$host" inside
fi
dir=$(mktemp -d /tmp/names_clients.XXXXXX)
passed=0 failed=0
pids=() relay=
finish() {
	for p in "$relay" "${pids[@]}"; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	rm -rf "$dir"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
trap 'finish; exit' EXIT
check() { # name, wanted, got
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
	fi
}

ip link set lo up
for a in 11.22.33.10 11.22.33.77; do ip addr add $a/32 dev lo; done
for a in 2a00:22::10 2a00:22::77; do ip addr add $a/128 dev lo; done
ip route replace local 11.22.33.10 dev lo src 11.22.33.77 table local
ip -6 route replace local 2a00:22::10 dev lo src 2a00:22::77 table local

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "$dir/ca.key" -out "$dir/ca.crt" -subj /CN=test-ca 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/relay.key" -out "$dir/relay.csr" -subj /CN=relay 2>/dev/null
openssl x509 -req -in "$dir/relay.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 2 -out "$dir/relay.crt" \
	-extfile <(echo subjectAltName=DNS:ddns.test,IP:11.22.33.10,IP:2a00:22::10) 2>/dev/null
token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
hash=sha256:$(printf %s $token | sha256sum | cut -d' ' -f1)
cat >"$dir/accounts.json" <<E
[{"name": "alice", "token": "$hash"}, {"name": "bob", "token": "$hash", "hosts": ["bob"]}]
E
cat >"$dir/relay.json" <<E
{"domain": "home.test", "addresses": ["11.22.33.10", "2a00:22::10"],
 "dns": [{"kind": "serve", "nameservers": ["ns1.home.test"], "rate": 0,
          "records": [{"name": "alice", "type": "MX", "value": "10 mail.alice", "ttl": 300}]}],
 "update": {"http": ["11.22.33.10:8245", "[2a00:22::10]:8245"], "https": ["11.22.33.10:8443", "[2a00:22::10]:8443"]}}
E
start() {
	"$host" "$dir" >"$dir/out" 2>>"$dir/err" &
	relay=$!
	for _ in $(seq 100); do grep -q ready "$dir/out" && break; sleep 0.05; done
}
ask() { dig +short +tries=1 +time=2 @11.22.33.10 "$@" | tr '\n' ' ' | sed 's/ $//'; }
update() { curl -s --cacert "$dir/ca.crt" --interface "${from:-11.22.33.77}" -u "${who:-alice:$token}" "$@"; }
start

check "own name holds the relay's address" 11.22.33.10 "$(ask alice.home.test A)"
check "update with the peer's address" "good 11.22.33.77" "$(update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test')"
check "it is served at once" 11.22.33.77 "$(ask alice.home.test A)"
check "the other family is untouched" 2a00:22::10 "$(ask alice.home.test AAAA)"
check "again is nochg" "nochg 11.22.33.77" "$(update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test')"
check "https, a list" "good 11.9.9.9,2a00:9::9|nohost" \
	"$(update 'https://11.22.33.10:8443/v3/update?hostname=pc.alice.home.test,bob.home.test&myip=11.9.9.9,2a00:9::9' | paste -sd'|')"
check "v6 as it came" 2a00:9::9 "$(ask pc.alice.home.test AAAA)"
check "post" "good 11.9.9.8" "$(update -d 'hostname=pc.alice.home.test&myip=11.9.9.8' 'http://11.22.33.10:8245/dyndns/update')"
check "oray" "nochg 11.9.9.8" "$(update --http1.0 'http://11.22.33.10:8245/ph/update?hostname=pc.alice.home.test&myip=11.9.9.8')"
check "over v6" "good 2a00:22::77" "$(from=2a00:22::77 update 'http://[2a00:22::10]:8245/nic/update?hostname=pc.alice.home.test')"
check "that left v4 alone" 11.9.9.8 "$(ask pc.alice.home.test A)"
check "private becomes the peer's" "nochg 11.22.33.77" "$(update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test&myip=192.168.1.2')"
check "dummy is good and changes nothing" "good 127.0.0.1|11.22.33.77" \
	"$(update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test&myip=127.0.0.1')|$(ask alice.home.test A)"
check "notfqdn" notfqdn "$(update 'http://11.22.33.10:8245/nic/update?hostname=alice')"
check "numhost" numhost "$(update "http://11.22.33.10:8245/nic/update?hostname=$(seq -s, -f '%g.alice.home.test' 21)")"
check "badauth" "badauth 401" "$(who=alice:wrong update -w ' %{http_code}' 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test' | paste -sd' ' | tr -s ' ')"
check "no credentials" 401 "$(curl -s -o /dev/null -w '%{http_code}' http://11.22.33.10:8245/nic/update)"
check "the challenge" 'WWW-Authenticate: Basic realm="groundnut"' "$(curl -si http://11.22.33.10:8245/nic/update | grep -i ^www | tr -d '\r')"
check "checkip" '<html><head><title>Current IP Check</title></head><body>Current IP Address: 11.22.33.77</body></html>' "$(curl -s http://11.22.33.10:8245/checkip)"
check "myip" 11.22.33.77 "$(curl -s http://11.22.33.10:8245/myip)"
check "one line ends in one LF, length given, closed" "676f6f642031312e372e372e370a|Content-Length: 14|Connection: close" \
	"$(update -D "$dir/head" 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test&myip=11.7.7.7' | xxd -p)|$(grep -i -e ^content-length -e ^connection "$dir/head" | tr -d '\r' | sort -r | paste -sd'|' | sed 's/\(Conn.*\)|\(Cont.*\)/\2|\1/')"
check "offline" "good|" "$(update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test&offline=YES')|$(ask alice.home.test A)"
update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test' >/dev/null
check "mx" "10 mail.alice.home.test." "$(ask alice.home.test MX)"
check "soa grows" yes "$(a=$(ask home.test SOA | cut -d' ' -f3); update 'http://11.22.33.10:8245/nic/update?hostname=alice.home.test&myip=11.7.7.8' >/dev/null
	b=$(ask home.test SOA | cut -d' ' -f3); [ "$b" -gt "$a" ] && echo yes)"
check "tcp, v6" 11.7.7.8 "$(dig +short +tcp @2a00:22::10 alice.home.test A)"

echo "-- inadyn"
for scheme in http https; do
	[ $scheme = https ] && ssl=true port=8443 || ssl=false port=8245
	cat >"$dir/inadyn.conf" <<E
period = 60
allow-ipv6 = true
ca-trust-file = $dir/ca.crt
custom home@relay {
    username = alice
    password = $token
    hostname = { "$scheme.alice.home.test", "alice.home.test" }
    ddns-server = 11.22.33.10:$port
    ddns-path = "/nic/update?hostname=%h&myip=%i"
    ssl = $ssl
    checkip-server = "11.22.33.10:$port"
    checkip-path = "/checkip"
    checkip-ssl = $ssl
}
E
	mkdir -p "$dir/cache"
	inadyn -1 -n --force --cache-dir="$dir/cache" -P "$dir/inadyn.pid" -f "$dir/inadyn.conf" >"$dir/inadyn.log" 2>&1
	check "inadyn over $scheme ends well" 0 $?
	check "inadyn over $scheme: two names" "11.22.33.77 11.22.33.77" "$(ask $scheme.alice.home.test A) $(ask alice.home.test A)"
done

echo "-- ddclient"
for case in "http 8245 no web" "https 8443 yes web" "https6 8443 yes v6"; do
	read -r name port ssl use <<<"$case"
	if [ "$use" = web ]; then
		use="use=web, web=${name}://11.22.33.10:$port/checkip, web-skip='Current IP Address:'" want=11.22.33.77 type=A
	else
		use='use=cmd, cmd="echo 2a00:66::6"' want=2a00:66::6 type=AAAA
	fi
	cat >"$dir/dd.conf" <<E
ssl=$ssl
ssl_ca_file=$dir/ca.crt
cache=$dir/dd.cache
$use
protocol=dyndns2
server=11.22.33.10:$port
login=alice
password='$token'
$name-dd.alice.home.test,$name-two.alice.home.test
E
	chmod 600 "$dir/dd.conf"
	rm -f "$dir/dd.cache"
	ddclient -file "$dir/dd.conf" -foreground -daemon=0 -noquiet -verbose >"$dir/dd.log" 2>&1
	check "ddclient $name: two names in one request" "2 $want $want" \
		"$(grep -c '^SUCCESS' "$dir/dd.log") $(ask $name-dd.alice.home.test $type) $(ask $name-two.alice.home.test $type)"
done

echo "-- unbound, delegated"
cat >"$dir/unbound.conf" <<E
server:
  interface: 127.0.0.1@5300
  do-daemonize: no
  local-zone: "test." nodefault
  username: ""
  chroot: ""
  directory: "$dir"
  pidfile: "$dir/unbound.pid"
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  access-control: 127.0.0.0/8 allow
stub-zone:
  name: "home.test"
  stub-addr: 11.22.33.10
E
unbound -d -c "$dir/unbound.conf" >"$dir/unbound.log" 2>&1 &
pids+=($!)
for _ in $(seq 50); do dig +short +time=1 +tries=1 @127.0.0.1 -p 5300 home.test SOA >/dev/null 2>&1 && break; sleep 0.1; done
through() { dig +short +tries=1 +time=3 @127.0.0.1 -p 5300 "$@" | paste -sd' '; }
check "through a resolver" 11.22.33.77 "$(through alice.home.test A)"
check "mx through a resolver" "10 mail.alice.home.test." "$(through alice.home.test MX)"
check "nxdomain through a resolver" NXDOMAIN "$(dig @127.0.0.1 -p 5300 nobody.home.test | sed -n 's/.*status: \([A-Z]*\),.*/\1/p')"
update 'http://11.22.33.10:8245/nic/update?hostname=nobody.alice.home.test&myip=11.3.3.3' >/dev/null
check "a fresh name through a resolver" 11.3.3.3 "$(through nobody.alice.home.test A)"

echo "-- counts outlive kill -9"
update 'http://11.22.33.10:8245/nic/update?hostname=count.alice.home.test&myip=11.3.3.4' >/dev/null
update 'http://11.22.33.10:8245/nic/update?hostname=count.alice.home.test&myip=11.3.3.5' >/dev/null
serial=$(ask home.test SOA | cut -d' ' -f3)
kill -9 "$relay"
wait "$relay" 2>/dev/null
start
check "value after kill -9" 11.3.3.5 "$(ask count.alice.home.test A)"
check "serial after kill -9" yes "$([ "$(ask home.test SOA | cut -d' ' -f3)" -gt "$serial" ] && echo yes)"
kill -USR1 "$relay"
sleep 0.3
check "counts after kill -9" '"requests":2,"changes":2' "$(tail -1 "$dir/out" | grep -o '"name":"count.alice.home.test","type":"A"[^}]*' | grep -o '"requests":2,"changes":[0-9]*')"

echo "-- a new certificate is taken up"
openssl x509 -req -in "$dir/relay.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -set_serial 4711 -days 2 -out "$dir/new.crt" \
	-extfile <(echo subjectAltName=IP:11.22.33.10) 2>/dev/null
mv "$dir/new.crt" "$dir/relay.crt"
for _ in $(seq 40); do
	serial=$(echo | openssl s_client -connect 11.22.33.10:8443 2>/dev/null | openssl x509 -noout -serial 2>/dev/null)
	[ "$serial" = serial=1267 ] && break
	sleep 0.25
done
check "serial number of the certificate" serial=1267 "$serial"
kill -TERM "$relay"
wait "$relay"
check "clean end" 0 $?
check "no secrets and no queries in the log" "" "$(grep -e "$token" -e 'hostname=' -e myip "$dir/err")"
[ "$failed" = 0 ] || tail -5 "$dir/err"
