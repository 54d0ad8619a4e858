#!/bin/sh
# Installs Groundnut from a release directory:
#
#	sh install.sh relay|agent [JOIN-LINE] [--from PREFIX] [--version V] [--key FILE] [--yes]
#	sh install.sh undo [--yes]
#
# PREFIX is the directory or URL that holds SHA256SUMS; by default the directory of this script. Takes the Debian package where there is one that
# fits this system, else the static programs. Nothing is installed whose checksum is not signed by the release's key, which is in this script. Says what it
# will do, asks if it can, does it, and prints the next command. With a join line the agent is joined at once. undo takes away what was
# installed; the configuration stays.
set -eu
RELEASE_KEY='@KEY@'
PREFIX=/usr/local
# OpenWrt looks for programs in /usr alone, and others' sudo does.
[ ! -e /etc/rc.common ] || PREFIX=/usr
MANIFEST=$PREFIX/share/groundnut.installed
PATH=$PATH:/usr/sbin:/sbin:$PREFIX/bin

say() { echo "install.sh: $*" >&2; }
fail() { say "$*"; exit 1; }
usage() { sed -n '/^# Installs/,/^# installed;/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

what='' line='' version='' key='' yes=''
from=$(dirname "$0")
while [ $# -gt 0 ]; do
	case $1 in
	relay | agent | undo) what=$1 ;;
	groundnut://*) line=$1 ;;
	--from | --version | --key)
		[ $# -gt 1 ] || usage
		eval "${1#--}=\$2"
		shift
		;;
	--yes) yes=1 ;;
	*) usage ;;
	esac
	shift
done
[ -n "$what" ] || usage
[ -z "$line" ] || [ "$what" = agent ] || usage
[ "$(id -u)" = 0 ] || fail "this needs root: sudo sh $0 $what"
has() { command -v "$1" >/dev/null 2>&1; }

# ask WHAT…: says it, and goes on if nobody says no.
ask() {
	say "$@"
	[ -z "$yes" ] && [ -t 0 ] || return 0
	printf 'Go on? [Y/n] ' >&2
	read -r answer
	case $answer in '' | [yY]*) ;; *) fail "nothing was changed" ;; esac
}

# ---- undo
stop_services() {
	for program in groundnut-relay groundnut-agent; do
		if [ -d /run/systemd/system ]; then systemctl disable --quiet --now $program.service 2>/dev/null || true; fi
		if has rc-service && [ -e /etc/init.d/$program ]; then
			rc-service $program stop || true
			rc-update delete $program default || true
		fi
		if [ -e /etc/rc.common ] && [ -e /etc/init.d/$program ]; then
			/etc/init.d/$program stop || true
			/etc/init.d/$program disable || true
		fi
	done
}
by_package() { has dpkg-query && [ "$(dpkg-query -W -f '${db:Status-Status}' groundnut-$1 2>/dev/null)" = installed ]; }
undo() {
	packages=
	for program in relay agent; do
		if by_package $program; then packages="$packages groundnut-$program"; fi
	done
	[ -n "$packages" ] || [ -f "$MANIFEST" ] || fail "nothing of it is installed"
	ask "this removes${packages:- the programs from $PREFIX/bin}; /etc/groundnut and /var/lib/groundnut stay"
	[ -z "$packages" ] || dpkg -r $packages
	[ -f "$MANIFEST" ] || return 0
	stop_services
	while read -r file; do rm -f "$file"; done <"$MANIFEST"
	rm -f "$MANIFEST"
	if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}

# ---- the release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
get() {
	case $from in
	*://*)
		if has curl; then curl -fsSL -o "$work/$1" "$from/$1"; else wget -q -O "$work/$1" "$from/$1"; fi
		;;
	*) cp "$from/$1" "$work/$1" ;;
	esac || fail "$from/$1 is not to be had"
}
verify_release() {
	get SHA256SUMS
	if [ -z "$key" ]; then
		[ "${RELEASE_KEY#@}" = "$RELEASE_KEY" ] && [ -n "$RELEASE_KEY" ] || fail "this copy holds no release key; --key names the file with it"
		printf -- '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' "$RELEASE_KEY" >"$work/key.pem"
		key=$work/key.pem
	fi
	has openssl || fail "the signature is verified by the command openssl, which is not installed"
	get SHA256SUMS.sig
	openssl pkeyutl -verify -rawin -pubin -inkey "$key" -in "$work/SHA256SUMS" -sigfile "$work/SHA256SUMS.sig" >/dev/null 2>&1 ||
		fail "the signature of $from/SHA256SUMS is not by the release's key"
}
# file PATTERN: the newest file of the release that is called so, or nothing
file() { sed -n 's/^[0-9a-f]*  //p' "$work/SHA256SUMS" | grep -xE "$1" | sort -V 2>/dev/null | tail -n 1; }
fetch() {
	get "$1"
	(cd "$work" && grep "  $1\$" SHA256SUMS | sha256sum -c - >/dev/null 2>&1) || fail "$from/$1 is not what was signed"
}

# ---- by package
# What the package depends on is to be had, at the latest when apt's lists are fresh. A package is made for one release of a system.
is_installable() { apt-get -s install --no-install-recommends "$work/$1" >/dev/null 2>&1; }
fits_here() {
	fetch "$1"
	chmod 755 "$work"
	is_installable "$1" || { apt-get -qq update >/dev/null 2>&1 || true; is_installable "$1"; }
}
install_package() {
	ask "this installs $1 and what it depends on, by apt"
	apt-get install -y --no-install-recommends "$work/$1"
}

# ---- by tarball
# place MODE FILE PATH; put does so with what undo takes away again.
place() {
	mkdir -p "$(dirname "$3")"
	sed "s#@PREFIX@#$PREFIX#g; s#@PROGRAM@#groundnut-$what#g" "$root/$2" >"$3.new"
	chmod "$1" "$3.new"
	mv "$3.new" "$3"
}
put() {
	place "$@"
	echo "$3" >>"$MANIFEST"
}
make_user() {
	id groundnut >/dev/null 2>&1 && return
	if has useradd; then
		useradd --system --user-group --home-dir /var/lib/groundnut --shell /usr/sbin/nologin groundnut
	elif has adduser; then
		addgroup -S groundnut && adduser -S -D -H -h /var/lib/groundnut -s /sbin/nologin -G groundnut groundnut
	else
		echo 'groundnut:x:7000:' >>/etc/group
		echo 'groundnut:x:7000:7000:groundnut:/var/lib/groundnut:/bin/false' >>/etc/passwd
	fi
}
make_directories() {
	mkdir -p /etc/groundnut /var/lib/groundnut
	chown root:groundnut /etc/groundnut
	chmod 770 /etc/groundnut
	chown groundnut:groundnut /var/lib/groundnut
	chmod 700 /var/lib/groundnut
}
install_service() {
	if [ -d /run/systemd/system ]; then
		put 644 groundnut-$what.service /etc/systemd/system/groundnut-$what.service
		put 644 groundnut-$what.path /etc/systemd/system/groundnut-$what.path
		put 644 groundnut.modules /etc/modules-load.d/groundnut.conf
		systemctl daemon-reload
		systemctl enable --quiet --now groundnut-$what.path
		systemctl enable --quiet groundnut-$what.service
		# The path unit starts it when the file is written, and this one may lie there already.
		if [ -f /etc/groundnut/$what.json ]; then
			systemctl restart groundnut-$what.service || say "it does not start: systemctl status groundnut-$what"
		fi
	elif [ -e /etc/rc.common ] && [ $what = agent ]; then
		put 755 groundnut-agent.init /etc/init.d/groundnut-agent
		[ -e /etc/config/groundnut ] || place 600 groundnut.config /etc/config/groundnut
		/etc/init.d/groundnut-agent enable
		/etc/init.d/groundnut-agent restart
	elif has openrc-run || [ -x /sbin/openrc-run ]; then
		put 755 openrc/groundnut-$what /etc/init.d/groundnut-$what
		rc-update add groundnut-$what default
		[ ! -f /etc/groundnut/$what.json ] || rc-service groundnut-$what restart
	else
		say "no init system that is known here: have it run $PREFIX/bin/groundnut-$what run -c /etc/groundnut/$what.json"
	fi
	if has modprobe; then modprobe -q tcp_bbr || true; fi
}
install_tarball() {
	ask "this installs $PREFIX/bin/groundnut-$what from $1, the user groundnut, and a service"
	fetch "$1"
	tar -C "$work" -xzf "$work/$1"
	root=$work/${1%.tar.gz}
	[ "$("$root/groundnut-$what" --version | sed -n '1s/ .*//p')" = groundnut-$what ] || fail "$1 does not run on this machine"
	mkdir -p $PREFIX/bin $PREFIX/share
	[ ! -f "$MANIFEST" ] || sort -u "$MANIFEST" -o "$MANIFEST"
	# Not written over: it may be running.
	cp "$root/groundnut-$what" $PREFIX/bin/groundnut-$what.new
	mv $PREFIX/bin/groundnut-$what.new $PREFIX/bin/groundnut-$what
	echo $PREFIX/bin/groundnut-$what >>"$MANIFEST"
	put 644 man/groundnut-$what.1 $PREFIX/share/man/man1/groundnut-$what.1
	put 644 man/$what.json.5 $PREFIX/share/man/man5/$what.json.5
	put 644 completion.bash $PREFIX/share/bash-completion/completions/groundnut-$what
	make_user
	make_directories
	install_service
}

next() {
	if [ -n "$line" ]; then
		groundnut-agent join "$line" || say "groundnut-agent join LINE tries it again"
	elif [ -f /etc/groundnut/$what.json ]; then
		say "done; it runs with what it had: groundnut-$what status"
	elif [ $what = relay ]; then
		say "done; next: groundnut-relay init --domain home.example.com --address THIS-MACHINE'S-ADDRESS"
	else
		say "done; next: groundnut-agent join 'the line that groundnut-relay account add printed'"
	fi
}

if [ $what = undo ]; then
	undo
	exit
fi
verify_release
number=${version:-[0-9.]+}
case $(uname -m) in
x86_64) machine=x86_64 ;;
aarch64 | arm64) machine=aarch64 ;;
armv7* | armv8l) machine=armv7 ;;
mips) machine=mipsel ;;
*) machine=$(uname -m) ;;
esac
package=
if has apt-get && has dpkg; then package=$(file "groundnut-${what}_${number}_$(dpkg --print-architecture)\.deb"); fi
tarball=$(file "groundnut-$number-linux-$machine\.tar\.gz")
# One of the two ways, and the one that was taken before.
[ ! -f "$MANIFEST" ] || package=
if [ -n "$package" ] && ! fits_here "$package" && [ -n "$tarball" ] && ! by_package $what; then
	say "$package is made for another release of this system: it is the static programs then"
	package=
fi
if [ -n "$package" ]; then
	install_package "$package"
elif [ -n "$tarball" ]; then
	install_tarball "$tarball"
else
	fail "$from has nothing for this machine ($machine)${version:+ of version $version}"
fi
next
