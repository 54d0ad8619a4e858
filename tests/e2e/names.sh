# What the tests about names share, beside lab.sh: addresses that may be published (the lab's own are documentation addresses, which
# never are), a resolver somewhere in the world that the zone is delegated to, and what the relay's door and DNS server answer.
DOMAIN=home.example.com
PUBLIC4=11.22.33.77 PUBLIC6=2a00:22::77   # the visitor's, after public_visitor
DOOR=http://$RELAY4:8245

# The visitor speaks from addresses that may be published.
public_visitor() {
	ip -n visitor addr add $PUBLIC4/32 dev eth0
	ip -n visitor addr add $PUBLIC6/128 dev eth0
	ip -n visitor route replace default via 198.51.100.1 src $PUBLIC4
	ip -n visitor -6 route replace default via 2001:db8:0:2::1 src $PUBLIC6
	ip -n inet route add $PUBLIC4/32 via 198.51.100.20
	ip -n inet -6 route add $PUBLIC6/128 via 2001:db8:0:2::20
}
# The carrier passes packets on as they are, and the home's router has a public address: 11.22.44.7, 8 … after each redial.
public_home() {
	in_ns carrier nft flush ruleset
	ip -n carrier addr flush dev in0
	ip -n carrier addr add 11.22.44.1/24 dev in0
	ip -n inet route add 11.22.44.0/24 via 192.0.2.100
	redial
}
public_address() { echo "11.22.44.$((7 + CHANGES))"; }
redial() {
	ip -n router addr flush dev wan0
	ip -n router addr add "$(public_address)/24" dev wan0
	ip -n router route replace default via 11.22.44.1
	in_ns router conntrack -F 2>/dev/null
}
# The home stays behind the carrier's NAT, whose outer address is one that could be published: 11.22.55.7, 8 … after each redial.
carrier_home() {
	in_ns carrier nft flush ruleset
	ip -n inet route add 11.22.55.0/24 via 192.0.2.100
	carrier_redial
}
carrier_address() { echo "11.22.55.$((7 + CHANGES))"; }
carrier_redial() {
	ip -n carrier addr replace "$(carrier_address)/32" dev eth0
	in_ns carrier nft -f - <<-RULES
	table ip nat4
	delete table ip nat4
	table ip nat4 {
		chain out {
			type nat hook postrouting priority 100
			oifname "eth0" snat to $(carrier_address)
		}
		chain through {
			type filter hook forward priority 0
			ct state established,related accept
			iifname "eth0" drop
		}
	}
	RULES
	in_ns carrier conntrack -F 2>/dev/null
}
# names AGENT 'HOST FOLLOW'…: the agent's whole list, into the file; nobody is told
names() {
	local name=$1 list='[]' line
	shift
	for line; do list=$(jq --arg h "${line% *}" --arg f "${line#* }" '. + [{host: $h, follow: $f}]' <<<"$list"); done
	conf "$W/$name/agent.json" --argjson list "$list" '.names = $list'
}
attached() { agent_is "$1" '.state == "attached"'; }

dns() { in_ns visitor dig +short +tries=1 +time=2 "@$RELAY4" "$@" | paste -sd' '; }
# The visitor's resolver: it starts at a root that knows nothing but where the zone is delegated to.
resolver() {
	cat >"$W/root.zone" <<-ZONE
	. 3600 SOA a.root. hostmaster.root. 1 3600 600 86400 60
	. 3600 NS a.root.
	a.root. 3600 A 192.0.2.1
	$DOMAIN. 3600 NS ns1.$DOMAIN.
	ns1.$DOMAIN. 3600 A $RELAY4
	ZONE
	cat >"$W/unbound.conf" <<-CONF
	server:
	  interface: 127.0.0.1
	  do-daemonize: no
	  username: ""
	  chroot: ""
	  directory: "$W"
	  pidfile: "$W/unbound.pid"
	  use-syslog: no
	  do-ip6: no
	  module-config: "iterator"
	auth-zone:
	  name: "."
	  zonefile: "$W/root.zone"
	  for-downstream: no
	  for-upstream: yes
	remote-control:
	  control-enable: no
	CONF
	spawn visitor "$W/unbound.log" unbound -d -c "$W/unbound.conf"
	until_ok 10 resolved_soa || die "the resolver does not start"
}
resolved_soa() { [ -n "$(resolved $DOMAIN SOA)" ]; }
resolved() { in_ns visitor dig +short +tries=1 +time=3 @127.0.0.1 "$@" | paste -sd' '; }
code_of() { dig_full "$@" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p'; }
dig_full() { in_ns visitor dig +tries=1 +time=2 "@$RELAY4" "$@"; }

token_of() { sed "s/^[^:]*:\/\/$1:\([^@]*\)@.*/\1/" "$W/$1.line"; }
# update ACCOUNT QUERY [curl options…]: what the door says, its lines joined by |
update() {
	local account=$1 query=$2
	shift 2
	in_ns visitor curl -s --max-time 30 -u "$account:${password:-$(token_of "$account")}" "$@" "${door:-$DOOR/nic/update}?$query" | paste -sd'|'
}
# of_name HOST TYPE FILTER: what the relay's status says of one record
of_name() { relay status --json | jq -c --arg n "$1" --arg t "$2" ".names[] | select(.name == \$n and .type == \$t) | $3"; }
# An own IPv6 network at home, as providers give along: the home PC has 2a00:44::10.
home_v6() {
	in_ns router sysctl -qw net.ipv6.conf.all.forwarding=1
	in_ns carrier sysctl -qw net.ipv6.conf.all.forwarding=1
	ip -n inet -6 addr add 2a00:45::1/64 dev c0
	ip -n carrier -6 addr add 2a00:45::2/64 dev eth0
	ip -n carrier -6 addr add 2a00:46::1/64 dev in0
	ip -n router -6 addr add 2a00:46::2/64 dev wan0
	ip -n router -6 addr add 2a00:44::1/64 dev br0
	ip -n homepc -6 addr add 2a00:44::10/64 dev eth0
	ip -n homepc -6 route add default via 2a00:44::1
	ip -n router -6 route add default via 2a00:46::1
	ip -n carrier -6 route add 2a00:44::/64 via 2a00:46::2
	ip -n carrier -6 route add default via 2a00:45::1
	ip -n inet -6 route add 2a00:44::/64 via 2a00:45::2
}
# Notes every answer that the relay's DNS server gives for a name's A, many times a second: watch_name HOST, then seen_values
watch_name() {
	spawn visitor "$W/watched" sh -c "while :; do dig +short +tries=1 +time=1 @$RELAY4 $1 A; sleep 0.05; done"
	WATCHER=$SPAWNED
}
seen_values() { sort -u "$W/watched" | grep -v '^;' | paste -sd' '; }
