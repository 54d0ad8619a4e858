# 0.1.0, built once from this repository's history into build/fixtures: sourced after lab.sh, it sets OLD_DIR, or skips the test where the
# history is not there.
OLD=0.1.0
OLD_COMMIT=fdfb46c2a4f8edb08fe32db0e2234b35f11d7395 # its last; the repository has no tags
OLD_DIR=$ROOT/build/fixtures/$OLD

# Built beside its place and moved there whole, so that a build that was ended early is none.
build_old() {
	local git=(git -c safe.directory='*' -C "$ROOT") part=$OLD_DIR.part
	mkdir -p "$ROOT/build/fixtures"
	exec 9>"$OLD_DIR.lock"
	flock 9
	[ ! -x "$OLD_DIR/build/plain/groundnut-relay" ] || return 0
	"${git[@]}" cat-file -e "$OLD_COMMIT^{commit}" 2>/dev/null || {
		skip "$TEST" "$OLD is not in the history that is here (a shallow clone, or no clone at all)"
		exit 0
	}
	rm -rf "$part" "$OLD_DIR"
	mkdir "$part"
	"${git[@]}" archive "$OLD_COMMIT" | tar -x -C "$part" &&
		env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u SAN -u CFLAGS -u LDFLAGS CC=gcc make -C "$part" -j2 >"$OLD_DIR.log" 2>&1 &&
		mv "$part" "$OLD_DIR" || { tail -n 20 "$OLD_DIR.log"; die "$OLD cannot be built"; }
}
build_old
exec 9>&-
