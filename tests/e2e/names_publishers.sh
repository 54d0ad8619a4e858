#!/bin/bash
# Goal: BIND and Knot take TSIG updates, also when they are killed and come back in the middle, with wrong keys and with clocks
# apart told in the status; a dyndns2 provider and Cloudflare's API (played here) are kept up to date and obeyed.
# Usage: names_publishers.sh DDNS_HOST   (the test host of the naming room; see tests/tools/ddns_host.c)
set -u
host=$(readlink -f "${1:?usage: names_publishers.sh DDNS_HOST}")
if [ "${2:-}" != inside ]; then
	exec unshare -n "$(readlink -f "$0")" "$host" inside
fi
here=$(dirname "$(readlink -f "$0")")
dir=$(mktemp -d /tmp/names_publishers.XXXXXX)
chmod 755 "$dir"
passed=0 failed=0 relay= named= knotd= played=
finish() {
	for p in $relay $named $knotd $played; do kill "$p" 2>/dev/null; done
	wait 2>/dev/null
	[ "$failed" = 0 ] || { tail -20 "$dir/err"; tail -n 5 "$dir/named.log"; tail -n 5 "$dir/knot.log"; }
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
until_is() { # seconds, name, wanted, command…
	local left=$(($1 * 5)) name=$2 want=$3 got
	shift 3
	while got=$("$@"); [ "$got" != "$want" ] && [ $left -gt 0 ]; do sleep 0.2; left=$((left - 1)); done
	check "$name" "$want" "$got"
}
ip link set lo up
key=$(head -c 32 /dev/urandom | base64)
other=$(head -c 32 /dev/urandom | base64)
printf '%s\n' "$key" >"$dir/key"

mkdir "$dir/bind" "$dir/knot"
chmod 777 "$dir/bind" "$dir/knot"
cat >"$dir/bind/home.zone" <<E
\$TTL 60
@ SOA ns1 hostmaster 1 3600 600 86400 30
@ NS ns1
ns1 A 127.0.0.1
E
cp "$dir/bind/home.zone" "$dir/knot/home.zone"
cat >"$dir/named.conf" <<E
key relay-key { algorithm hmac-sha256; secret "$key"; };
options { directory "$dir/bind"; listen-on port 5301 { 127.0.0.1; }; listen-on-v6 { none; }; pid-file "$dir/named.pid"; session-keyfile "$dir/bind/session"; recursion no; };
controls { };
zone "home.test" { type primary; file "home.zone"; update-policy { grant relay-key zonesub A AAAA; }; };
E
cat >"$dir/knot.conf" <<E
server:
    rundir: "$dir/knot"
    listen: 127.0.0.1@5302
database:
    storage: "$dir/knot"
log:
  - target: stderr
    any: info
key:
  - id: relay-key
    algorithm: hmac-sha256
    secret: $key
acl:
  - id: upd
    key: relay-key
    action: update
    update-type: [A, AAAA]
template:
  - id: default
    storage: "$dir/knot"
zone:
  - domain: home.test
    file: home.zone
    acl: upd
E
start_named() { named -g -c "$dir/named.conf" >>"$dir/named.log" 2>&1 & named=$!; }
start_knot() { knotd -c "$dir/knot.conf" >>"$dir/knot.log" 2>&1 & knotd=$!; }
start_named
start_knot
python3 "$here/names_played_providers.py" "$dir" 5380 >"$dir/played.log" 2>&1 &
played=$!
for _ in $(seq 50); do curl -s -o /dev/null http://127.0.0.1:5380/ && break; sleep 0.1; done
printf 'provider-password\n' >"$dir/password"
printf 'cf-token\n' >"$dir/token"

token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
printf '[{"name": "alice", "token": "sha256:%s"}]\n' "$(printf %s $token | sha256sum | cut -d' ' -f1)" >"$dir/accounts.json"
config() { # key of the knot publisher
	cat >"$dir/relay.json" <<E
{"domain": "home.test", "addresses": ["11.22.33.10"],
 "dns": [{"kind": "rfc2136", "server": "127.0.0.1:5301", "zone": "home.test", "key_name": "relay-key", "key_file": "key"},
         {"kind": "rfc2136", "server": "127.0.0.1:5302", "zone": "home.test", "key_name": "relay-key", "algorithm": "hmac-sha256", "key": "$1"},
         {"kind": "dyndns2", "url": "http://127.0.0.1:5380/nic/update?", "username": "me", "password_file": "password", "hosts": ["alice"]},
         {"kind": "cloudflare", "zone": "home.test", "token_file": "token", "api": "http://127.0.0.1:5380/client/v4"}],
 "update": {"http": ["127.0.0.1:8245"]}}
E
}
start() {
	"$host" "$dir" >"$dir/out" 2>>"$dir/err" &
	relay=$!
	for _ in $(seq 100); do grep -q ready "$dir/out" && break; sleep 0.05; done
}
update() { curl -s -u "alice:$token" "http://127.0.0.1:8245/nic/update?hostname=$1&myip=$2"; }
at_bind() { dig +short +tries=1 +time=1 @127.0.0.1 -p 5301 "$@" | paste -sd' '; }
at_knot() { dig +short +tries=1 +time=1 @127.0.0.1 -p 5302 "$@" | paste -sd' '; }
status() { # field of the kind's entry for a name's A
	kill -USR1 "$relay"
	sleep 0.2
	tail -1 "$dir/out" | python3 -c '
import json, sys
for n in json.load(sys.stdin):
    if n["name"] == sys.argv[1] and n["type"] == "A":
        print([p[sys.argv[3]] for p in n["published"] if p["kind"] == sys.argv[2]][int(sys.argv[4])])' "$1" "$2" "$3" "${4:-0}"
}
config "$key"
start

until_is 10 "BIND has the own name" 11.22.33.10 at_bind alice.home.test A
until_is 10 "Knot has the own name" 11.22.33.10 at_knot alice.home.test A
check "an update is good" "good 11.5.5.5,2a00:5::5" "$(update alice.home.test 11.5.5.5,2a00:5::5)"
until_is 10 "BIND: A" 11.5.5.5 at_bind alice.home.test A
until_is 10 "Knot: AAAA" 2a00:5::5 at_knot alice.home.test AAAA
update alice.home.test 11.5.5.6 >/dev/null
until_is 10 "BIND: replaced, not added" 11.5.5.6 at_bind alice.home.test A
check "BIND: the other family is untouched" 2a00:5::5 "$(at_bind alice.home.test AAAA)"
until_is 5 "status tells what is published" 11.5.5.6 status alice.home.test rfc2136 value 1
until_is 10 "the provider was told" "alice.home.test 11.5.5.6" sh -c "tail -1 '$dir/provider' | cut -d, -f1"
until_is 10 "Cloudflare was told" "A 11.5.5.6|AAAA 2a00:5::5" sh -c "sort '$dir/cloudflare' | paste -sd'|'"

echo "-- killed and restarted in the middle"
kill -9 $named $knotd
wait $named $knotd 2>/dev/null
check "good, although both are down" "good 11.5.5.7" "$(update alice.home.test 11.5.5.7)"
until_is 5 "status tells why" "the server 127.0.0.1: connection refused" status alice.home.test rfc2136 error
kill -9 $relay
wait $relay 2>/dev/null
start
start_named
start_knot
until_is 60 "BIND caught up, over a kill of the relay too" 11.5.5.7 at_bind alice.home.test A
until_is 60 "Knot caught up" 11.5.5.7 at_knot alice.home.test A
until_is 5 "no error any more" None status alice.home.test rfc2136 error

echo "-- names that go"
update alice.home.test 11.5.5.8 >/dev/null
curl -s -u "alice:$token" "http://127.0.0.1:8245/nic/update?hostname=alice.home.test&offline=YES" >/dev/null
until_is 10 "offline: BIND has no A" "" at_bind alice.home.test A
until_is 10 "offline: Cloudflare has nothing" "" cat "$dir/cloudflare"
update alice.home.test 11.5.5.9 >/dev/null
until_is 10 "and again" 11.5.5.9 at_bind alice.home.test A

echo "-- a wrong key"
config "$other"
kill -HUP $relay
update alice.home.test 11.6.6.6 >/dev/null
until_is 20 "status names the signature" yes sh -c "kill -USR1 $relay; sleep 0.3; tail -1 '$dir/out' | grep -q 'signature wrong' && echo yes"
check "BIND goes on meanwhile" 11.6.6.6 "$(sleep 1; at_bind alice.home.test A)"
check "Knot has the old value" 11.5.5.9 "$(at_knot alice.home.test A)"
config "$key"
kill -HUP $relay
until_is 20 "with the right key Knot catches up" 11.6.6.6 at_knot alice.home.test A

echo "-- a provider that says abuse"
touch "$dir/abuse"
update alice.home.test 11.6.6.7 >/dev/null
until_is 10 "status tells" "127.0.0.1 answered 200 abuse" status alice.home.test dyndns2 error
asked=$(wc -l <"$dir/provider")
update alice.home.test 11.6.6.8 >/dev/null
until_is 10 "BIND has it" 11.6.6.8 at_bind alice.home.test A
sleep 1
check "the provider is left alone" "$asked" "$(wc -l <"$dir/provider")"
rm "$dir/abuse"
kill -HUP $relay
until_is 10 "until the configuration is read anew" "alice.home.test 11.6.6.8" tail -1 "$dir/provider"
kill -TERM $relay
wait $relay
check "clean end" 0 $?
relay=
check "no secrets in the log" "" "$(grep -e "$token" -e "$key" -e provider-password -e cf-token "$dir/err")"
