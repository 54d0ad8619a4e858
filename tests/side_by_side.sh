# Runs tests side by side: sourced by tests/e2e/run, tests/run-unit and tests/run-fuzz. Each of them defines
#
#	start NAME                runs one, with its output to stdout
#	ended NAME CODE SECONDS   tells how it went; $out/NAME, with - for each /, is what it said
#
# and calls
#
#	side_by_side N NAME…      N at a time; with N=auto three, and up to six while a third of the CPUs' time is idle
#	slowest                   prints the ten that took longest
#
# FAULTS is what a checker, an assertion or a crash leaves in the output: such a failure counts at once, and is not tried again.
FAULTS='Sanitizer|runtime error:|failed with exception:|[Aa]ssertion|definitely lost: [1-9]|Invalid (read|write)|ended with 13[4569]'
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM
declare -A name_of=() start_of=() took=()
ticker= cpu_all=0 cpu_idle=0

said() { echo "$out/${1//\//-}"; }
# A third of the CPUs' time since the last call was idle.
idle() {
	local label user nice system idle iowait irq soft steal rest all
	read -r label user nice system idle iowait irq soft steal rest 2>/dev/null </proc/stat || return
	idle=$((idle + iowait)) all=$((user + nice + system + idle + irq + soft + steal))
	set -- $((all - cpu_all)) $((idle - cpu_idle))
	cpu_all=$all cpu_idle=$idle
	[ $(($2 * 3)) -ge "$1" ]
}
# Waits until one has ended, or for a second; 1 after a second.
one_ended() {
	local pid= code name
	if [ -z "$ticker" ]; then
		sleep 1 >/dev/null 2>&1 &
		ticker=$!
	fi
	wait -n -p pid
	code=$?
	if [ -z "${name_of[${pid:-0}]:-}" ]; then
		ticker=
		return 1
	fi
	name=${name_of[$pid]}
	took[$name]=$((SECONDS - start_of[$pid]))
	unset "name_of[$pid]"
	ended "$name" "$code" "${took[$name]}"
	return 0
}
side_by_side() {
	local least=$1 most=$1 name may_start
	[ "$1" != auto ] || least=3 most=6
	shift
	for name; do
		may_start=
		until [ "${#name_of[@]}" -lt "$least" ] || [ -n "$may_start" ]; do
			one_ended || ! idle || [ "${#name_of[@]}" -ge "$most" ] || may_start=1
		done
		start "$name" >"$(said "$name")" 2>&1 </dev/null &
		name_of[$!]=$name start_of[$!]=$SECONDS
		[ "$least" = "$most" ] || idle || true
	done
	while [ "${#name_of[@]}" -gt 0 ]; do one_ended; done
}
slowest() {
	local name
	[ "${#took[@]}" -gt 10 ] || return 0
	echo "slowest: $(for name in "${!took[@]}"; do echo "${took[$name]} s ${name##*/}"; done | sort -nr | head -10 | paste -sd, | sed 's/,/, /g')"
}
