# Machines with a real systemd, for tests/packages/run: containers by systemd-nspawn on one bridge, each with a file system of its own above one image.
# The caller is in network, mount and process namespaces of its own, so that all of it ends with the caller, and has the variables image and machines.
#
#	image DIRECTORY SUITE PACKAGE…   makes an image, unless it is there already
#	bridge                           10.9.0.1/24 is the caller's, who is the visitor
#	machine NAME ADDRESS             a machine, booted; its files are in $machines/NAME/root
#	on NAME COMMAND…                 runs a command in it
#	reboot NAME                      … and waits until it is up again
#	until_ok COMMAND…                tries for half a minute
declare -A leader nspawn

image() {
	local dir=$1 suite=$2 packages
	shift 2
	[ ! -e "$dir/etc/debian_version" ] || return 0
	packages=$(IFS=,; echo "systemd,systemd-sysv,dbus,iproute2,kmod,curl,make,openssl,procps,python3,$*")
	# Later releases have it instead of systemd only.
	[ "$suite" != bookworm ] || packages+=,openrc
	rm -rf "$dir" "$dir.new"
	mkdir -p "${dir%/*}"
	mmdebstrap --quiet --variant=minbase --include="$packages" --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$dir.new" >&2 || return 1
	ln -sf /lib/systemd/system/systemd-networkd.service "$dir.new/etc/systemd/system/multi-user.target.wants/"
	mkdir -p "$dir.new/etc/systemd/system/network-online.target.wants"
	ln -sf /lib/systemd/system/systemd-networkd-wait-online.service "$dir.new/etc/systemd/system/network-online.target.wants/"
	mv "$dir.new" "$dir"
}

bridge() {
	ip link set lo up
	ip link add name lan type bridge
	ip addr add 10.9.0.1/24 dev lan
	ip link set lan up
}

machine() {
	local name=$1 dir=$machines/$1
	mkdir -p "$dir/upper" "$dir/work" "$dir/root"
	mount -t overlay overlay -o "lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
	echo "$name" >"$dir/root/etc/hostname"
	printf '[Match]\nName=host0\n[Network]\nAddress=%s/24\nGateway=10.9.0.1\nIPv6AcceptRA=no\n' "$2" >"$dir/root/etc/systemd/network/10-host0.network"
	rm -f "$dir/root/etc/machine-id"
	: >"$dir/root/etc/machine-id"
	boot "$name"
}

boot() {
	systemd-nspawn --quiet --boot --register=no --keep-unit --network-bridge=lan --machine="$1" --directory="$machines/$1/root" --console=pipe \
		</dev/null >>"$machines/$1/console" 2>&1 &
	nspawn[$1]=$!
	booted "$1"
}

not() { ! "$@"; }

until_ok() {
	local tries
	for ((tries = 0; tries < 150; tries++)); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
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
	[ $? = 133 ] && boot "$1"
}
