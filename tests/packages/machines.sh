# Machines with a real systemd, for tests/packages/run: containers by systemd-nspawn on one bridge, each with a file system of its own above one image.
# The caller is in network, mount and process namespaces of its own, so that all of it ends with the caller, and has the variables image and machines.
#
#	image SUITE DEB…                 makes an image, unless it is there already, with all that these depend on to be installed without a network
#	needs DEB…                       what they depend on
#	bridge [ADDRESS]                 10.9.0.1/24 is the caller's, who is the visitor
#	machine NAME ADDRESS             a machine, booted; its files are in $machines/NAME/root
#	on NAME COMMAND…                 runs a command in it
#	reboot NAME [OPTION…]            … and waits until it is up again; options are systemd-nspawn's
#	network NAME off|on              takes its address away from the next boot on, when no one waits for one, or gives it back at once
#	until_ok COMMAND…                tries for half a minute
declare -A leader nspawn

needs() { local file; for file; do dpkg-deb -f "$file" Depends; done | tr ',' '\n' | grep -v systemd | sed 's/^ *//; s/ .*//' | sort -u; }

# What a VPS has that Debian was installed on, and what the tests want: no compiler, and none of the libraries.
image() {
	local suite=$1 packages=systemd,systemd-sysv,dbus,iproute2,kmod,make,openssl,procps,python3,sudo,wget,ca-certificates needs
	shift
	# Later releases have it instead of systemd only.
	[ "$suite" != bookworm ] || packages+=,openrc
	needs=$(needs "$@")
	image=$PWD/build/images/$suite-$({ echo "$packages $needs"; sed -n "/^image()/,/^}/p" tests/packages/machines.sh; } | sha256sum | cut -c1-12)
	[ ! -d "$image" ] || return 0
	rm -rf "$image.new"
	mkdir -p "${image%/*}"
	deploy/bootstrap "$suite" "$image.new" --variant=minbase --include="$packages" --dpkgopt='path-exclude=/usr/share/locale/*' --skip=cleanup/apt/lists,cleanup/apt/cache \
		--customize-hook='rm -f "$1"/var/cache/apt/archives/*.deb' \
		--customize-hook="chroot \"\$1\" apt-get -qq install --download-only --no-install-recommends $(echo $needs)" >&2 || return 1
	ln -sf /lib/systemd/system/systemd-networkd.service "$image.new/etc/systemd/system/multi-user.target.wants/"
	mkdir -p "$image.new/etc/systemd/system/network-online.target.wants"
	ln -sf /lib/systemd/system/systemd-networkd-wait-online.service "$image.new/etc/systemd/system/network-online.target.wants/"
	mv "$image.new" "$image"
}

bridge() {
	ip link set lo up
	ip link add name lan type bridge
	ip addr add "${1:-10.9.0.1}/24" dev lan
	ip link set lan up
}

machine() {
	local name=$1 dir=$machines/$1
	mkdir -p "$dir/upper" "$dir/work" "$dir/root"
	mount -t overlay overlay -o "lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
	echo "$name" >"$dir/root/etc/hostname"
	echo "127.0.1.1 $name" >>"$dir/root/etc/hosts"
	printf '[Match]\nName=host0\n[Network]\nAddress=%s/24\nGateway=%s\nIPv6AcceptRA=no\n' "$2" "${2%.*}.1" >"$dir/root/etc/systemd/network/10-host0.network"
	rm -f "$dir/root/etc/machine-id"
	: >"$dir/root/etc/machine-id"
	boot "$name"
}

boot() {
	systemd-nspawn --quiet --boot --register=no --keep-unit --network-bridge=lan --machine="$1" --directory="$machines/$1/root" --console=pipe \
		"${@:2}" </dev/null >>"$machines/$1/console" 2>&1 &
	nspawn[$1]=$!
	booted "$1"
}

not() { ! "$@"; }

until_ok() {
	local tries
	for ((tries = 0; tries < 450; tries++)); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
	return 1
}

on() {
	local name=$1
	shift
	nsenter -t "${leader[$name]}" -m -u -i -n -p -- env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# The machine's first process, which is another one after a reboot.
find_leader() {
	leader[$1]=$(ps -o pid= --ppid "${nspawn[$1]}" | tr -d ' ') && [ -n "${leader[$1]}" ]
}

is_up() {
	find_leader "$1" && on "$1" systemctl is-active --quiet multi-user.target
}

booted() { until_ok is_up "$1"; }

# systemd-nspawn leaves it to its caller to start it again, by this code.
reboot() {
	on "$1" systemctl --no-block reboot
	wait "${nspawn[$1]}"
	[ $? = 133 ] && boot "$@"
}

network() {
	local file=/etc/systemd/network/10-host0.network waiting=/etc/systemd/system/systemd-networkd-wait-online.service
	case $2 in
	off) on "$1" sh -c "mv $file $file.off && ln -s /dev/null $waiting" ;;
	on) on "$1" sh -c "mv $file.off $file && rm $waiting && networkctl reload" ;;
	esac
}
