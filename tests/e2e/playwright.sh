# What drives a browser: sourced before lab.sh, and so run twice. Outside the laboratory, where there is a network, playwright-core and axe-core are
# installed once by npm into build/fixtures (run by itself, this is all it does); inside, playwright_need uses them, or skips the test.
PLAYWRIGHT_DIR=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)/build/fixtures/playwright

playwright_install() {
	command -v npm >/dev/null || return
	mkdir -p "$PLAYWRIGHT_DIR"
	exec 9>"$PLAYWRIGHT_DIR.lock"
	flock 9
	# Where it failed, it is not tried again for an hour.
	if [ ! -e "$PLAYWRIGHT_DIR/node_modules/axe-core" ] && [ -z "$(find "$PLAYWRIGHT_DIR/why" -mmin -60 2>/dev/null)" ]; then
		PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 timeout 240 npm install --prefix "$PLAYWRIGHT_DIR" --no-audit --no-fund --no-save \
			playwright-core axe-core >"$PLAYWRIGHT_DIR/why" 2>&1
	fi
	exec 9>&-
}
[ -n "${LAB_INSIDE:-}" ] || playwright_install

# The test is skipped without them.
playwright_need() {
	need node chromium
	[ ! -e "$PLAYWRIGHT_DIR/node_modules/axe-core" ] || return 0
	skip "$TEST" "no playwright-core: $(if command -v npm >/dev/null; then tail -n 1 "$PLAYWRIGHT_DIR/why" 2>/dev/null; else echo 'npm is not installed'; fi)"
	exit 0
}

# playwright NS LOG SCRIPT arguments…: a script of peers/*.mjs in the background; its pid in SPAWNED
playwright() {
	local ns=$1 log=$2 script=$3
	shift 3
	spawn "$ns" "$log" env HOME="$W" NODE_PATH="$PLAYWRIGHT_DIR/node_modules" SLOW="$SLOW" node "$PEERS/$script.mjs" "$@"
}
# Its lines "ok NAME" and "FAIL NAME", with what is below them, become results of this test.
playwright_results() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok '*) ok "${line#ok }" ;;
		'FAIL '*) fail "${line#FAIL }" ;;
		*) echo "     | $line" ;;
		esac
	done <"$1"
}
