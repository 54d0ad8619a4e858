# pebble, Let's Encrypt's CA for tests: sourced before lab.sh, and so run twice. Outside the laboratory, where there is a network, the newest
# pebble is installed once by go into build/fixtures (run by itself, this is all it does); inside, pebble_need and pebble_start use it, or the
# package's, which is older and can less, or skip the test.
PEBBLE_DIR=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)/build/fixtures/pebble

pebble_install() {
	local part=$PEBBLE_DIR.part module=github.com/letsencrypt/pebble/v2/cmd
	command -v go >/dev/null || return
	mkdir -p "$PEBBLE_DIR"
	exec 9>"$PEBBLE_DIR.lock"
	flock 9
	# Where it failed, it is not tried again for an hour.
	if [ ! -x "$PEBBLE_DIR/pebble" ] && [ -z "$(find "$PEBBLE_DIR/why" -mmin -60 2>/dev/null)" ]; then
		rm -rf "$part"
		mkdir "$part"
		if env GOPATH="$part/go" GOCACHE="$part/cache" GOBIN="$part/bin" GOFLAGS='-modcacherw -buildvcs=false' timeout 240 \
			go install $module/pebble@latest $module/pebble-challtestsrv@latest >"$PEBBLE_DIR/why" 2>&1; then
			mv "$part"/bin/* "$PEBBLE_DIR/"
		fi
		rm -rf "$part"
	fi
	exec 9>&-
}
[ -n "${LAB_INSIDE:-}" ] || pebble_install

# pebble_has NAME: a program of pebble's, wherever it is; "" where it is not
pebble_has() { if [ -x "$PEBBLE_DIR/$1" ]; then echo "$PEBBLE_DIR/$1"; else command -v "$1"; fi; }

# The test is skipped without pebble.
pebble_need() {
	PEBBLE=$(pebble_has pebble) CHALLENGES=$(pebble_has pebble-challtestsrv)
	[ -z "$PEBBLE" ] || [ -z "$CHALLENGES" ] || return 0
	skip "$TEST" "no pebble: $(if command -v go >/dev/null; then tail -n 1 "$PEBBLE_DIR/why" 2>/dev/null; else echo 'neither go nor the package is installed'; fi)"
	exit 0
}

# pebble_start NS NAME [jq filter on its configuration] [VARIABLE=VALUE…]: at https://127.0.0.1:14000/dir, believed by $W/ca/ca.crt, looking
# names up at port 8053 (or PEBBLE_DNS), where all of them are 127.0.0.1, and TXT records are set by http://127.0.0.1:8055.
pebble_start() {
	local ns=$1 log=$W/$2.log filter=${3:-.}
	shift 2
	shift $(($# > 0))
	[ -d "$W/ca" ] || pebble_ca
	jq "$filter" >"$W/ca/pebble.json" <<-JSON
	{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "certificate": "$W/ca/pebble.crt",
		"privateKey": "$W/ca/pebble.key", "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "", "keyAlgorithm": "ecdsa",
		"retryAfter": {"authz": 1, "order": 1}, "profiles": {
			"default": {"description": "three months", "validityPeriod": 7776000},
			"shortlived": {"description": "six days", "validityPeriod": 518400}}}}
	JSON
	spawn "$ns" "$log" env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 "$@" "$PEBBLE" -config "$W/ca/pebble.json" -dnsserver "${PEBBLE_DNS:-127.0.0.1:8053}"
	PEBBLE_PID=$SPAWNED
	await_port "$ns" 14000
	await_port "$ns" 15000
}
pebble_stop() { kill "$PEBBLE_PID" && ended "$PEBBLE_PID" 10; }

pebble_ca() {
	mkdir "$W/ca"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "$W/ca/ca.key" -out "$W/ca/ca.crt" -subj /CN=ca
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$W/ca/pebble.key" -out "$W/ca/pebble.csr" -subj /CN=pebble
	openssl x509 -req -in "$W/ca/pebble.csr" -CA "$W/ca/ca.crt" -CAkey "$W/ca/ca.key" -set_serial 5 -days 2 -out "$W/ca/pebble.crt" \
		-extfile <(echo subjectAltName=IP:127.0.0.1)
} 2>/dev/null

# challenges_start NS: the DNS server that pebble asks
challenges_start() {
	local dns=-dns01
	"$CHALLENGES" -help 2>&1 | grep -q -- -dnsserver && dns=-dnsserver
	spawn "$1" "$W/challenges.log" "$CHALLENGES" $dns 127.0.0.1:8053 -management 127.0.0.1:8055 -defaultIPv6 "" -http01 "" -https01 "" -tlsalpn01 "" \
		$([ $dns = -dns01 ] || echo -doh=)
	await_port "$1" 8053
	await_port "$1" 8055
}

# What pebble's own certificates lead to: pebble_root NS FILE
pebble_root() { in_ns "$1" curl -sS --cacert "$W/ca/ca.crt" -o "$2" https://127.0.0.1:15000/roots/0; }
# The directory as JSON, so that what an older pebble lacks can be skipped.
pebble_directory() { in_ns "$1" curl -sS --cacert "$W/ca/ca.crt" https://127.0.0.1:14000/dir; }
