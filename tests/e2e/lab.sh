# The laboratory of the end-to-end tests: sourced by each of them, it puts a visitor, the internet, a relay on a VPS and a home behind
# two NATs into network namespaces, and runs the real programs there. Any user may; nothing of the machine's own network is touched.
#
#	visitor 198.51.100.20 ─┐                  ┌─ relay 203.0.113.10
#	     2001:db8:0:2::20  └────── inet ──────┘        2001:db8:0:1::10
#	                                 │ 192.0.2.1
#	               [wire: delay, loss, rate; only after `lab_up wire`]
#	                                 │ 192.0.2.100, 101 … after each wan_change
#	                              carrier   NAT; inside 100.64.0.1/10
#	                                 │ 100.64.7.7, 100.64.8.7 … after each wan_change
#	                               router   NAT; inside 192.168.1.1/24, a bridge
#	                      ┌──────────┼──────────┐
#	                 homepc .10  printer .20  camera .30
#
# The test runs as process 1 of a pid namespace of its own: when it ends, however it ends, everything in it ends.
# From outside: BUILD (directory with the programs), WRAP (command they run under), SLOW (factor on every deadline), LONG=1
# (also the cases that take minutes), KEEP (directory that gets the logs of a failed test).
set -u
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=${TESTS%/tests/e2e}
PEERS=$TESTS/peers
BUILD=${BUILD:-$ROOT/build/plain}
RELAY=$BUILD/groundnut-relay
AGENT=$BUILD/groundnut-agent
PYTHON=/usr/bin/python3
SLOW=${SLOW:-1}
TEST=${0##*/}
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8 TZ=UTC PYTHONDONTWRITEBYTECODE=1

if [ -z "${LAB_INSIDE:-}" ]; then
	LAB_UID=$(id -u)
	export LAB_INSIDE=1 LAB_UID
	become=
	[ "$LAB_UID" = 0 ] || become='--user --map-root-user'
	if ! unshare $become --net --mount --pid --fork --mount-proc true 2>/dev/null; then
		echo "skip $TEST: this system does not let user $LAB_UID make namespaces"
		echo "0 passed, 0 failed, 1 skipped"
		exit 0
	fi
	exec unshare $become --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi

PASSED=0 FAILED=0 SKIPPED=0 ENDED=
W=/run/lab            # the test's own directory, gone with it
PROGRAMS=()           # names of relay and agents now meant to be running
declare -A PID=()     # by name
RELAY4=203.0.113.10 RELAY6=2001:db8:0:1::10 VISITOR4=198.51.100.20
trap 'lab_down' EXIT
trap 'exit 130' INT TERM HUP

# ---- results

ok() { PASSED=$((PASSED + 1)); echo "ok   $1"; }
fail() { FAILED=$((FAILED + 1)); echo "FAIL $1"; }
skip() { SKIPPED=$((SKIPPED + 1)); echo "skip $1: $2"; }
die() { fail "$1"; exit 1; }
# What is shown of what a failing command said: its end, and what a sanitizer found, whose report is longer.
shown() { { grep -E 'Sanitizer:|runtime error:' <<<"$1" | head -n 3; tail -n 12 <<<"$1"; } | sed 's/^/     | /'; }
# check NAME command…: passes when the command does; what a failing command said is shown.
check() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then ok "$name"; else fail "$name"; shown "$said"; fi
}
# The same, in this shell, for functions that set variables.
check_here() {
	local name=$1
	shift
	if "$@" >"$W/said" 2>&1; then ok "$name"; else fail "$name"; shown "$(cat "$W/said")"; fi
}
check_not() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then fail "$name"; shown "$said"; else ok "$name"; fi
}
same() { [ "$1" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$1" "$2"; return 1; }; }
has() { case $1 in *"$2"*) ;; *) printf 'no "%s" in: %s\n' "$2" "$1"; return 1 ;; esac; }
at_most() { [ "$1" -le "$2" ] || { echo "$1 is more than $2"; return 1; }; }
at_least() { [ "$1" -ge "$2" ] || { echo "$1 is less than $2"; return 1; }; }

# need COMMAND…: without them the test is skipped, and says which.
need() {
	local command
	for command; do
		command -v "$command" >/dev/null || { skip "$TEST" "$command is not installed"; exit 0; }
	done
}

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }
# until_ok SECONDS command…: tries until it succeeds, less often when that takes long; the deadline is only there so that a failure ends.
until_ok() {
	local begun=$(now_ms) waited pause most=$(($1 * 1000 * SLOW))
	shift
	until "$@" >/dev/null 2>&1; do
		waited=$(($(now_ms) - begun))
		[ "$waited" -lt "$most" ] || { "$@"; return; }
		pause=$((waited < 500 ? 50 : waited < 2000 ? waited / 10 : 200))
		sleep "0.$(printf %03d $pause)"
	done
}
# comes_true SECONDS WANTED command…: what the command says becomes WANTED. The command is asked each time; a "$(command)" among
# until_ok's own words would be asked once.
comes_true() {
	local seconds=$1 wanted=$2
	shift 2
	until_ok "$seconds" says "$wanted" "$@"
}
says() { local wanted=$1; shift; same "$wanted" "$("$@")"; }
# ended PID SECONDS: waits for a child to end and returns 0; the code is then in ENDED_WITH.
ended() {
	local end=$(($(now_ms) + $2 * 1000 * SLOW))
	while kill -0 "$1" 2>/dev/null; do
		[ "$(now_ms)" -lt "$end" ] || { echo "process $1 still runs"; return 1; }
		sleep 0.02
	done
	wait "$1" 2>/dev/null
	ENDED_WITH=$?
}

# ---- the network

in_ns() { local ns=$1; shift; nsenter --net="/run/netns/$ns" -- "$@"; }
# spawn NS LOG command…: in the background; SPAWNED is the command's own pid.
spawn() {
	local ns=$1 log=$2
	shift 2
	(trap - EXIT INT TERM HUP; exec nsenter --net="/run/netns/$ns" -- "$@") >"$log" 2>&1 </dev/null &
	SPAWNED=$!
}
# Knows when something listens: listens NS PORT
listens() { in_ns "$1" ss -Hltn "sport = :$2" | grep -q .; }
await_port() { until_ok 15 listens "$1" "$2" || die "nothing listens on port $2 in $1"; }

join_ns() { ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"; ip -n "$1" link set "$2" up; ip -n "$3" link set "$4" up; }
# nat NS OUTER: what a home router and a carrier do: outgoing is masqueraded, incoming only as an answer.
nat() {
	in_ns "$1" nft -f - <<-RULES
	table inet nat4 {
		chain out {
			type nat hook postrouting priority 100
			oifname "$2" masquerade
		}
		chain through {
			type filter hook forward priority 0
			ct state established,related accept
			iifname "$2" drop
		}
		chain here {
			type filter hook input priority 0
			ct state established,related accept
			iifname "$2" meta l4proto { tcp, udp } drop
		}
	}
	RULES
}
set_home_address() {
	ip -n router addr flush dev wan0
	ip -n router addr add "100.64.$((7 + CHANGES)).7/10" dev wan0
	ip -n router route replace default via 100.64.0.1
	ip -n carrier addr flush dev eth0
	ip -n carrier addr add "$(home_address)/24" dev eth0
	ip -n carrier route replace default via 192.0.2.1
}
home_address() { echo "192.0.2.$((100 + CHANGES))"; }

# lab_up [wire]
lab_up() {
	mount -t tmpfs -o mode=755 lab /run || die "no tmpfs on /run"
	# process ids begin anew in here, and libfaketime leaves semaphores there that are named by them
	if [ -d /dev/shm ]; then mount -t tmpfs -o mode=1777 lab /dev/shm; fi
	if mkdir -p /var/lib/groundnut 2>/dev/null; then mount -t tmpfs -o mode=700 lab /var/lib/groundnut; fi
	mkdir -p "$W" /run/netns
	chmod 755 "$W"
	CHANGES=0 WIRE=${1:-}
	ip link set lo up
	local ns
	for ns in inet relay visitor carrier router homepc printer camera $WIRE; do
		ip netns add "$ns" || die "no namespace $ns"
		ip -n "$ns" link set lo up
		in_ns "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	done
	for ns in inet carrier router; do in_ns "$ns" sysctl -qw net.ipv4.ip_forward=1; done
	in_ns inet sysctl -qw net.ipv6.conf.all.forwarding=1
	join_ns inet r0 relay eth0
	join_ns inet v0 visitor eth0
	if [ -n "$WIRE" ]; then
		join_ns inet c0 wire b0
		join_ns wire a0 carrier eth0
		spawn wire "$W/wire.log" $PYTHON "$PEERS/wire.py" run a0 b0 "$W/wire.sock"
		until_ok 10 test -S "$W/wire.sock" || die "the wire does not start"
	else
		join_ns inet c0 carrier eth0
	fi
	join_ns carrier in0 router wan0
	ip -n inet -batch - <<-IP
	addr add 203.0.113.1/24 dev r0
	addr add 2001:db8:0:1::1/64 dev r0
	addr add 198.51.100.1/24 dev v0
	addr add 2001:db8:0:2::1/64 dev v0
	addr add 192.0.2.1/24 dev c0
	IP
	ip -n relay -batch - <<-IP
	addr add $RELAY4/24 dev eth0
	addr add $RELAY6/64 dev eth0
	route add default via 203.0.113.1
	route add default via 2001:db8:0:1::1
	IP
	ip -n visitor -batch - <<-IP
	addr add $VISITOR4/24 dev eth0
	addr add 2001:db8:0:2::20/64 dev eth0
	route add default via 198.51.100.1
	route add default via 2001:db8:0:2::1
	IP
	ip -n carrier addr add 100.64.0.1/10 dev in0
	ip -n router link add br0 type bridge
	ip -n router link set br0 up
	ip -n router addr add 192.168.1.1/24 dev br0
	local n=10
	for ns in homepc printer camera; do
		join_ns router "p$n" "$ns" eth0
		ip -n router link set "p$n" master br0
		ip -n "$ns" addr add "192.168.1.$n/24" dev eth0
		ip -n "$ns" route add default via 192.168.1.1
		n=$((n + 10))
	done
	nat carrier eth0
	nat router wan0
	# An address that nobody has any more is silent on the real internet.
	in_ns inet nft -f - <<-'RULES'
	table ip quiet {
		chain out {
			type filter hook output priority 0
			icmp type destination-unreachable drop
		}
	}
	RULES
	set_home_address
}

# many_addresses COUNT: what comes from homes leaves the carrier by another address each time: 11.64.0.1 to COUNT, as if there were so many
# homes. Only for homes that are dialled by nobody.
many_addresses() {
	ip -n inet route add 11.64.0.0/24 via "$(home_address)"
	ip -n carrier route add 192.168.1.0/24 via 100.64.7.7
	in_ns router nft flush chain inet nat4 out # or all would have one address, and its ports
	in_ns router nft flush chain inet nat4 through
	in_ns carrier nft -f - <<-RULES
	table ip many {
		chain out {
			type nat hook postrouting priority 90
			oifname "eth0" snat to numgen inc mod $1 map { $(for i in $(seq "$1"); do printf '%d : 11.64.0.%d, ' $((i - 1)) "$i"; done) }
		}
	}
	RULES
}
# A redial: the home gets another address at the carrier, the carrier another one outside, and both forget every connection.
wan_change() {
	CHANGES=$((CHANGES + 1))
	set_home_address
	in_ns router conntrack -F 2>/dev/null
	in_ns carrier conntrack -F 2>/dev/null
	ip -n inet neigh flush dev c0
}
# Nothing passes between home and internet, and nobody is told.
cut_path() {
	in_ns inet nft -f - <<-'RULES'
	table inet cut {
		chain through {
			type filter hook forward priority -10
			iifname "c0" drop
			oifname "c0" drop
		}
	}
	RULES
}
heal_path() { in_ns inet nft delete table inet cut; }
# The router forgets all it knew, its LAN loses the carrier signal, and it comes back with another address.
router_reboot() {
	local port
	for port in wan0 p10 p20 p30; do ip -n router link set "$port" down; done
	in_ns router conntrack -F 2>/dev/null
	sleep "${1:-2}"
	for port in wan0 p10 p20 p30; do ip -n router link set "$port" up; done
	wan_change
}
# wire delay MS | loss PERCENT | rate KBIT QUEUE_MS (0: none); each way, together
wire() {
	[ -n "$WIRE" ] || die "the lab was built without a wire"
	# Loss and queues count packets as the internet would see them, not the kernel's large segments.
	case $1 in loss | rate) ip -n carrier link set eth0 gso_max_segs 1; ip -n inet link set c0 gso_max_segs 1 ;; esac
	$PYTHON "$PEERS/wire.py" set "$W/wire.sock" "$@"
}

# ---- relay and agents

# Edits a JSON file in place: conf FILE JQ-ARGUMENTS…
conf() {
	local file=$1
	shift
	jq "$@" "$file" >"$file.new" && cat "$file.new" >"$file" && rm "$file.new"
}
relay() { in_ns relay "$RELAY" "$@" -c "$W/relay/relay.json"; }
agent() { local name=$1; shift; in_ns "${AGENT_NS[$name]}" "$AGENT" "$@" -c "$W/$name/agent.json"; }
declare -A AGENT_NS=()

# relay_init [options of init…]
relay_init() {
	in_ns relay "$RELAY" init --domain home.example.com --address $RELAY4 --dir "$W/relay" "$@" \
		>"$W/init.out" 2>"$W/init.err" || { cat "$W/init.err"; die "init failed"; }
	conf "$W/relay/relay.json" '. + {state: "relay.db", control: "relay.sock"}'
}
# The log of a restarted program goes on in the same file.
start_program() {
	local name=$1 ns=$2
	shift 2
	(trap - EXIT INT TERM HUP; exec nsenter --net="/run/netns/$ns" -- ${WRAP:-} "$@") >>"$W/$name.log" 2>&1 </dev/null &
	PID[$name]=$!
	PROGRAMS+=("$name")
}
relay_start() {
	start_program relay relay "$RELAY" run -c "$W/relay/relay.json"
	until_ok 15 relay status || { tail -n 20 "$W/relay.log"; die "the relay does not start"; }
}
# account_add NAME [--ports LIST]: the join line goes to $W/NAME.line
account_add() { relay account add "$@" >"$W/$1.line" 2>"$W/$1.line.err" || { cat "$W/$1.line.err"; die "account add $1 failed"; }; }
# agent_join AGENT ACCOUNT [NS]
agent_join() {
	AGENT_NS[$1]=${3:-homepc}
	mkdir -p "$W/$1"
	# 1: the relay did not take it, which some tests want; the file is there all the same
	agent "$1" join "$(cat "$W/$2.line")" >"$W/$1.join" 2>&1 || [ -s "$W/$1/agent.json" ] || { cat "$W/$1.join"; die "join failed"; }
	conf "$W/$1/agent.json" --arg name "$1" '. + {agent: $name, control: "agent.sock"}'
}
# mappings AGENT 'NAME PUBLIC TARGET [PROTOCOL [KEY=VALUE…]]'…: the whole list, into the file; nobody is told
mappings() {
	local name=$1 line list='[]'
	shift
	for line; do
		set -- $line
		list=$(jq --arg n "$1" --arg p "$2" --arg t "$3" --arg how "${4:-tcp}" --arg more "${*:5}" \
			'. + [{name: $n, protocol: $how, target: $t}
				+ (if $how == "http" or $how == "https" or $how == "tls" then {host: $p} else {public_port: ($p | tonumber? // .)} end)
				+ ($more | split(" ") | map(split("=") | {(.[0]): (.[1] | fromjson? // .)}) | add // {})]' <<<"$list") || die "mapping $line"
	done
	conf "$W/$name/agent.json" --argjson list "$list" '.mappings = $list'
}
agent_start() { start_program "$1" "${AGENT_NS[$1]}" "$AGENT" run -c "$W/$1/agent.json"; }
# What status says, by a jq filter; a program that gives no answer fits no filter.
relay_is() { local said; said=$(relay status --json) && jq -e "$1" <<<"$said"; }
agent_is() { local said; said=$(agent "$1" status --json) && jq -e "$2" <<<"$said"; }
# What all mappings of the agent being there looks like.
ALL_OPEN='.state == "attached" and (.mappings | length > 0) and all(.mappings[]; .state == "open")'
# What was edited by hand is taken up before anything goes on.
relay_reloads() { relay reload >"$W/reload.out" 2>&1 || { cat "$W/reload.out"; die "the relay does not take up its files"; }; }
agent_ready() { until_ok 20 agent_is "$1" "$ALL_OPEN" || { tail -n 20 "$W/$1.log"; die "agent $1 does not get ready"; }; }

# home_up 'NAME PUBLIC TARGET …'…: a relay, an account alice, and an agent pc with these mappings, ready
home_up() {
	relay_init
	relay_start
	account_add alice
	agent_join pc alice
	mappings pc "$@"
	agent_start pc
	agent_ready pc
}
forget() {
	local keep=() name
	for name in "${PROGRAMS[@]}"; do [ "$name" = "$1" ] || keep+=("$name"); done
	PROGRAMS=("${keep[@]+"${keep[@]}"}")
}
# stop NAME: SIGTERM, and it must end with 0
stop() {
	kill -TERM "${PID[$1]}" 2>/dev/null
	forget "$1"
	ended "${PID[$1]}" 20 || { kill -KILL "${PID[$1]}"; return 1; }
	[ "$ENDED_WITH" = 0 ] || { tail -n 8 "$W/$1.log"; echo "$1 ended with $ENDED_WITH"; return 1; }
}
# murder NAME: SIGKILL, as a power cut does to a process
murder() { kill -KILL "${PID[$1]}"; forget "$1"; ended "${PID[$1]}" 10; }
cpu_ticks() { awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/${PID[$1]}/stat"; }
memory_kib() { awk '/^VmRSS/{print $2}' "/proc/${PID[$1]}/status"; }
descriptors() { ls "/proc/${PID[$1]}/fd" | wc -l; }
plain() { [ -z "${WRAP:-}" ] && [ "${BUILD##*/}" = plain ]; }

# ---- services and visitors

# A web server at home: web NS PORT [more nginx server lines]; its files are below $W/www
web() {
	local dir=$W/nginx-$1-$2
	mkdir -p "$dir" "$W/www"
	cat >"$dir/nginx.conf" <<-CONF
	daemon off;
	user root;
	worker_processes 1;
	pid $dir/pid;
	error_log $dir/error.log;
	events { worker_connections 4096; }
	http {
		access_log $dir/access.log;
		client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fastcgi;
		uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
		client_max_body_size 100m;
		send_timeout 600s; # the default would end a transfer that a cut of 60 s holds up
		sendfile on;
		server { listen $2; root $W/www; ${3:-} }
	}
	CONF
	spawn "$1" "$dir/out" nginx -c "$dir/nginx.conf" -e "$dir/error.log"
	WEB=$SPAWNED
	await_port "$1" "$2"
}
# A file of SIZE bytes that look like nothing else: sample NAME BYTES
sample() {
	mkdir -p "$W/www"
	head -c "$2" /dev/zero | openssl enc -aes-128-ctr -nosalt -K "$(printf '%032x' "$2")" -iv 0 2>/dev/null >"$W/www/$1"
}
visit() { in_ns visitor curl -sS --max-time "$((30 * SLOW))" "$@"; }
# fetch NAME PORT [HOST]: the file arrives whole
fetch() { visit "http://${3:-$RELAY4}:$2/$1" | cmp - "$W/www/$1"; }
# peer NS LOG NAME arguments…: one of peers/*.py in the background
peer() { local ns=$1 log=$2 name=$3; shift 3; spawn "$ns" "$log" $PYTHON "$PEERS/$name.py" "$@"; }
ask() { local name=$1; shift; in_ns visitor timeout "$((60 * SLOW))" $PYTHON "$PEERS/$name.py" "$@"; }

# ---- the end

# What a program must never have said, whatever the test was about.
sane() { ! grep -nE 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|[Aa]ssertion|loop is not closed|definitely lost: [1-9]|Invalid (read|write)' "$W/$1.log"; }
lab_down() {
	local code=$? name
	trap - EXIT
	[ "$code" = 0 ] || [ "$FAILED" -gt 0 ] || fail "$TEST ended early with $code"
	for name in "${PROGRAMS[@]+"${PROGRAMS[@]}"}"; do check_here "$name ends cleanly" stop "$name"; done
	for name in "${!PID[@]}"; do check "$name said nothing alarming" sane "$name"; done
	if [ "$FAILED" -gt 0 ]; then
		for name in "${!PID[@]}"; do
			echo "---- last of $name.log"
			tail -n 25 "$W/$name.log"
		done
		if [ -n "${KEEP:-}" ]; then mkdir -p "$KEEP/$TEST" && cp -r "$W"/*.log "$W"/*.err "$KEEP/$TEST" 2>/dev/null; fi
	fi
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	[ "$FAILED" = 0 ]
	exit
}
