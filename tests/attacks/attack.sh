# The field of the attacks: sourced by each of them. It puts a relay, a good home and good visitors into the laboratory of the end-to-end tests, has
# hostile peers attack, measures meanwhile how the good ones fare (peers/good.py), and says whether they noticed.
#
# Accounts: alice, whose home `pc` serves an echo (tcp 9001) and a page (http://web.alice.home.example.com/small), bob, as whom good.py attaches,
# and mallory, who is hostile. Strangers come from 11.64.0.0/10 and 2a00:99::/32, all of which lie in the namespace `visitor`.
#
# In short, as `make test` runs it, only what no clock decides is asserted. With FULL=1, as `make attacks` does, attacks last longer, waits and
# turns of loops are limited too, and the figures are written to $RESULTS.
#
# A script may set before field_up (after it has sourced this): RELAY_CONFIG (a jq filter over relay.json), PROBES (those of good.py; with https the home has
# https://cloud.alice.home.example.com, too), HOME_MAPPINGS (an array), MEMORY_MIB,
# FIELD_INIT (options of init), WIRE_MS (delay each way to the home), DESCRIPTORS (of the relay), GOOD_NS and GOOD_ADDRESS, RELAY_ENV (an array of NAME=VALUE); and before judge: DESCRIPTORS_MOST, TURN_MOST_MS, WATCHDOG_MOST_MS, LOG_MOST_KIB.
. "${BASH_SOURCE[0]%/*}/../e2e/lab.sh"
HOSTILE=$ROOT/tests/attacks/peers
export PYTHONPATH=$PEERS:$HOSTILE SLOW
FULL=${FULL:-} RESULTS=${RESULTS:-}
DOMAIN=home.example.com
if [ -n "$FULL" ]; then QUIET_S=${QUIET_S:-2} ATTACK_S=${ATTACK_S:-7}; else QUIET_S=${QUIET_S:-0.3} ATTACK_S=${ATTACK_S:-1}; fi
export ATTACK_S ENOUGH=$W/enough
PROBES="kept fresh http attach"
MEMORY_MIB=64         # budget for sending, and the same for receiving
FIELD_INIT= RELAY_CONFIG=. RELAY_ENV=() HOME_MAPPINGS=() WIRE_MS=0
DESCRIPTORS_MOST=400 TURN_MOST_MS=100 WATCHDOG_MOST_MS=15000 LOG_MOST_KIB=1024
GOOD_NS=visitor GOOD_ADDRESS=11.22.33.77
GOOD= ATTACKERS=() RATES=() NOTES=() VOID=

token_of() { sed "s/^[^:]*:\/\/$1:\([^@]*\)@.*/\1/" "$W/$1.line"; }
# Networks of strangers: all their addresses are the visitor's own.
strangers() {
	ip -n visitor route add local 11.64.0.0/10 dev lo
	ip -n inet route add 11.64.0.0/10 via $VISITOR4
	ip -n visitor -6 route add local 2a00:99::/32 dev lo
	ip -n inet -6 route add 2a00:99::/32 via 2001:db8:0:2::20
	in_ns visitor sysctl -qw net.ipv6.ip_nonlocal_bind=1
	in_ns visitor sysctl -qw net.ipv4.ip_local_port_range="2000 65000"
	# The good ones come from other networks than the strangers. DDNS takes no documentation address.
	ip -n visitor route add local 11.22.0.0/16 dev lo
	ip -n inet route add 11.22.0.0/16 via $VISITOR4
}
field_up() {
	if [ "$WIRE_MS" = 0 ]; then lab_up; else lab_up wire; fi
	ulimit -n "$(ulimit -Hn)"
	strangers
	printf '%s\n' "127.0.0.1 localhost" "$RELAY4 relay.$DOMAIN" >"$W/hosts"
	mount --bind "$W/hosts" /etc/hosts
	sample small 1024
	web homepc 80 'location = /up { proxy_pass http://127.0.0.1/small; }' # reads a body to its end
	peer homepc "$W/echo.out" service echo 9001
	await_port homepc 9001
	relay_init $FIELD_INIT
	conf "$W/relay/relay.json" --argjson m $MEMORY_MIB '.limits.memory_mib = $m | .grace_s = 5'
	conf "$W/relay/relay.json" "$RELAY_CONFIG"
	field_relay
	account_add alice
	account_add bob
	account_add mallory
	agent_join pc alice
	case $PROBES in *https*) https_mapping ;; esac
	mappings pc 'echo 9001 127.0.0.1:9001' 'web web.alice 127.0.0.1:80 http' "${HOME_MAPPINGS[@]+"${HOME_MAPPINGS[@]}"}"
	agent_start pc
	agent_ready pc
	[ "$WIRE_MS" = 0 ] || wire delay "$WIRE_MS"
}
https_mapping() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "$W/cloud.key" -out "$W/cloud.crt" -subj /CN=cloud \
		-addext "subjectAltName=DNS:cloud.alice.$DOMAIN" 2>/dev/null
	HOME_MAPPINGS+=("cloud cloud.alice 127.0.0.1:80 https certificate=$W/cloud.crt private_key=$W/cloud.key")
}
field_relay_program() {
	start_program relay relay env NOTIFY_SOCKET="$W/notify" WATCHDOG_USEC=2000000 "${RELAY_ENV[@]+"${RELAY_ENV[@]}"}" \
		prlimit --nofile="${DESCRIPTORS:-20000:20000}" "$RELAY" run -c "$W/relay/relay.json"
}
field_relay() {
	field_relay_program
	until_ok 15 relay status || { tail -n 20 "$W/relay.log"; die "the relay does not start"; }
}

# served: alice's page is whole
served() { visit --resolve "web.alice.$DOMAIN:80:$RELAY4" "http://web.alice.$DOMAIN/small" | cmp - "$W/www/small"; }

# ---- the good ones

# One of attacks/peers/ that does no harm: good_peer NS LOG NAME arguments…
good_peer() { local ns=$1 log=$2 name=$3; shift 3; spawn "$ns" "$log" $PYTHON "$HOSTILE/$name.py" "$@"; }
# good_start [more options of good.py]: from here on they are measured, as the quiet that the attack is compared with
good_start() {
	good_peer "$GOOD_NS" "$W/good.log" good --probes "$PROBES" --relay $RELAY4 --from $GOOD_ADDRESS --home "$DOMAIN" \
		--account bob --token="$(token_of bob)" --pid "${PID[relay]}" --log "$W/relay.log" --notify "$W/notify" --out "$W/good.json" --ca "$W/cloud.crt" "$@"
	GOOD=$SPAWNED
	until_ok 30 test -s "$W/good.log" || { cat "$W/good.log"; die "the good ones do not start"; }
	kill -0 $GOOD || { cat "$W/good.log"; die "the good ones do not start"; }
	sleep "$QUIET_S"
	TURN_QUIET_US=$(longest_turn_us)
	kill -USR1 $GOOD
}
# The attack is at its height, and each of the good ones has come to an end a few times more, in whatever way.
good_seen() {
	local lines=$(grep -c seen "$W/good.log")
	kill -USR2 $GOOD
	until_ok 100 seen_more $lines || fail "the good ones say nothing any more"
}
seen_more() { [ "$(grep -c seen "$W/good.log")" -gt "$1" ]; }
good_end() {
	kill -TERM $GOOD
	check_here "the good ones come to an end" ended $GOOD 120
	[ "$ENDED_WITH" = 0 ] || { cat "$W/good.log"; die "the good ones ended with $ENDED_WITH"; }
	TURN_US=$(longest_turn_us)
	[ -n "$TURN_US" ] || fail "status does not answer"
}
longest_turn_us() { relay status --json | jq '[.loops[]?.longest_turn_us] | max // empty'; }
# good FILTER: a figure of theirs
good() { jq -r "$1" "$W/good.json"; }

# ---- the hostile ones

# hostile LOG NS command…: a peer that attacks, at the lowest priority there is, so that it takes no CPU from anybody else
hostile() {
	local log=$1 ns=$2
	shift 2
	[ ${#ATTACKERS[@]} -gt 0 ] || BEGUN_MS=$(now_ms)
	spawn "$ns" "$W/$log" chrt -i 0 "$@"
	ATTACKERS+=("$SPAWNED:$log")
}
# hostile_peer LOG NAME arguments…: one of peers/NAME.py, in the strangers' namespace
hostile_peer() { local log=$1 name=$2; shift 2; hostile "$log" visitor $PYTHON "$HOSTILE/$name.py" "$@"; }
# attacked UNIT FLOOR: waits for the attackers; each says "rate N" at last. Below FLOOR the full form is worth nothing. Without attackers, and
# without words, it only lets the good ones show how they fare after what the script itself has done.
attacked() {
	local one sum=0 rate
	if [ ${#ATTACKERS[@]} = 0 ]; then good_seen; return; fi
	for one in "${ATTACKERS[@]}"; do until_ok 60 at_height "${one%%:*}" "$W/${one#*:}" || fail "the attack ${one#*:} does not reach its height"; done
	until_ok 60 lasts_long_enough
	[ -z "$GOOD" ] || good_seen
	touch "$ENOUGH"
	for one in "${ATTACKERS[@]}"; do
		check_here "the attack ${one#*:} comes to its end" ended "${one%%:*}" 120
		[ "${ENDED_WITH:-1}" = 0 ] || { fail "the attack ${one#*:} failed"; tail -n 5 "$W/${one#*:}" | sed 's/^/     | /'; }
		rate=$(sed -n 's/^rate \([0-9]*\).*/\1/p' "$W/${one#*:}" | tail -n 1)
		sum=$((sum + ${rate:-0}))
	done
	ATTACKERS=()
	rm -f "$ENOUGH"
	RATES+=("$sum $1")
	echo "note attacked with $sum $1"
	if [ -n "$FULL" ] && [ "$sum" -lt "$2" ]; then VOID="$sum $1, needed $2"; echo "void $TEST: $VOID"; fi
}
lasts_long_enough() { [ "$(now_ms)" -ge $((BEGUN_MS + 1000 * ATTACK_S)) ]; }
at_height() { grep -q ^ready "$2" || ! kill -0 "$1" 2>/dev/null; }
note() { NOTES+=("$1"); echo "note $1"; }

# ---- what must be true

# judge: nothing of another account failed, nothing ended, memory and descriptors are within bounds; with FULL=1 the clock's limits, too
judge() {
	local probe
	good_end
	check "the relay is the same process" same true "$(good .alive)"
	for probe in $PROBES; do
		check "$probe: nothing failed ($(good ".attack.$probe.done") done)" holds $probe ".attack.$probe | .failed == 0 and .done > 0"
	done
	if plain; then check "the relay's memory is within its budgets and 64 MiB (KiB)" at_most "$(good .rss_kib)" $(((2 * MEMORY_MIB + 64) * 1024)); fi
	check "its descriptors are within bounds" at_most "$(good .descriptors)" "$DESCRIPTORS_MOST"
	check "its log is within bounds (KiB)" at_most $(($(good .log_bytes) / 1024)) "$LOG_MOST_KIB"
	[ -z "$FULL" ] || judge_waits
}
# The same of an https mapping, and what its end at home holds.
https_judge() {
	check "the agent is the same process" kill -0 "${PID[pc]}"
	if plain; then check "the agent's memory is bounded (KiB)" at_most "$(peak_kib pc)" $(((64 + 2 * MEMORY_MIB) * 1024)); fi
	note "agent: $(peak_kib pc) KiB, $(descriptors pc) descriptors"
	judge
}
peak_kib() { awk '/^VmHWM/{print $2}' "/proc/${PID[$1]}/status"; }
judge_waits() {
	local probe most
	check "no turn of a loop was too long (ms of CPU)" at_most $((TURN_US / 1000)) "$TURN_MOST_MS"
	check "the watchdog was fed (ms)" at_most "$(good .watchdog_ms)" "$WATCHDOG_MOST_MS"
	for probe in $PROBES; do
		most=500
		[ "$probe" != attach ] || most=1000
		most=$((most + 12 * WIRE_MS))
		check "$probe: the median stayed" holds $probe ".attack.$probe.median <= 3 * .quiet.$probe.median + 5"
		check "$probe: nobody waited long" holds $probe ".attack.$probe.worst <= $most"
	done
}
# holds PROBE FILTER: what the filter says of the figures is true
holds() { jq -e "$2" "$W/good.json" >/dev/null || { jq -c ".quiet.$1, .attack.$1" "$W/good.json"; return 1; }; }
lines() { [ $# = 0 ] || printf '%s\n' "$@"; }
write_result() {
	jq --arg name "$TEST" --arg goal "$(sed -n '2s/^# //p' "$0")" --arg rates "$(lines "${RATES[@]+"${RATES[@]}"}")" \
		--arg notes "$(lines "${NOTES[@]+"${NOTES[@]}"}")" --arg void "$VOID" --argjson failed "$FAILED" --argjson turn "${TURN_US:-0}" \
		--argjson quiet "${TURN_QUIET_US:-0}" --argjson bound $(((2 * MEMORY_MIB + 64) * 1024)) \
		'. + {name: $name, goal: $goal, rates: ($rates | split("\n")), notes: ($notes | split("\n")), void: $void, failed: $failed,
			turn_us: $turn, turn_quiet_us: $quiet, rss_bound_kib: $bound}' "$W/good.json" >"$RESULTS/$TEST.json"
}
trap 'code=$?; [ -z "$RESULTS" ] || [ ! -s "$W/good.json" ] || write_result; (exit $code); lab_down' EXIT
