# What the tests of trouble on the path share: the visitors who are there all the while, and how they must have fared.
# Sourced after lab.sh.

# crowd_up [BYTES_A_SECOND [BYTES]]: services, the programs, and visitors under way: a download of BYTES (64 MiB), an upload, a line of talk, a
# WebSocket, and where a real sshd can run, a copy by scp
crowd_up() {
	LOAD=${1:-5000000} SIZE=${2:-67108864}
	sample big "$SIZE"
	sample 64k 65536
	sample 20m 20971520
	web homepc 80
	peer homepc "$W/echo.out" service echo 9001
	peer homepc "$W/sum.out" service sum 9002
	peer homepc "$W/ws.out" websocket serve 9003
	for port in 9001 9002 9003; do await_port homepc $port; done
	ssh_up
	home_up 'web 8080 127.0.0.1:80' 'echo 9001 127.0.0.1:9001' 'sum 9002 127.0.0.1:9002' 'chat 9003 127.0.0.1:9003' 'ssh 2222 127.0.0.1:22'
	crowd_in
}
# A real sshd wants to be started by root.
ssh_up() {
	SSH=
	if [ "$LAB_UID" != 0 ] || ! { command -v scp && command -v ssh-keygen && command -v /usr/sbin/sshd; } >/dev/null; then
		skip scp "no root, or no ssh"
		return
	fi
	SSH=$W/ssh
	mkdir -p /run/sshd "$SSH"
	ssh-keygen -q -t ed25519 -N '' -f "$SSH/host"
	ssh-keygen -q -t ed25519 -N '' -f "$SSH/visitor"
	echo "[$RELAY4]:2222 $(cut -d' ' -f1,2 "$SSH/host.pub")" >"$SSH/known"
	printf '%s\n' 'Port 22' 'ListenAddress 0.0.0.0' "HostKey $SSH/host" "AuthorizedKeysFile $SSH/visitor.pub" 'PermitRootLogin yes' \
		'StrictModes no' 'UsePAM no' 'PidFile none' 'Subsystem sftp internal-sftp' >"$SSH/sshd_config"
	spawn homepc "$W/sshd.out" /usr/sbin/sshd -D -e -f "$SSH/sshd_config"
	await_port homepc 22
}
crowd_in() {
	rm -f "$W/stop" "$W/download" "$W/copy"
	declare -gA CROWD=()
	spawn visitor "$W/download.err" curl -sS --max-time 600 --limit-rate "$LOAD" -o "$W/download" "http://$RELAY4:8080/big"
	CROWD[download]=$SPAWNED
	peer visitor "$W/upload" visitor upload $RELAY4 9002 67108864 $((67108864 / (SIZE / LOAD)))
	CROWD[upload]=$SPAWNED
	peer visitor "$W/talk" visitor echo $RELAY4 9001 "$W/stop"
	CROWD[talk]=$SPAWNED
	peer visitor "$W/chat" websocket talk $RELAY4 9003 "$W/stop"
	CROWD[chat]=$SPAWNED
	if [ -n "$SSH" ]; then
		spawn visitor "$W/scp.err" scp -F none -i "$SSH/visitor" -o "UserKnownHostsFile=$SSH/known" -o BatchMode=yes -l "$((20971520 * 8 / (SIZE / LOAD) / 1000))" \
			-P 2222 root@$RELAY4:"$W/www/20m" "$W/copy"
		CROWD[copy]=$SPAWNED
	fi
	check "visitors are under way" until_ok 15 agent_is pc '[.mappings[] | select(.connections > 0)] | length >= 3'
}
# crowd_out: everybody must come to a good end
crowd_out() {
	local who
	check_here "the download ends" ended "${CROWD[download]}" 180
	check "with every byte" cmp "$W/download" "$W/www/big"
	if [ -n "$SSH" ]; then
		check_here "the copy by scp ends" ended "${CROWD[copy]}" 180
		check "with every byte" cmp "$W/copy" "$W/www/20m"
	fi
	check_here "the upload ends" ended "${CROWD[upload]}" 180
	check "with every byte" same "67108864 ok eof" "$(tail -n 1 "$W/upload")"
	touch "$W/stop"
	for who in talk chat; do
		check_here "the $who ends" ended "${CROWD[$who]}" 60
		check "the $who was not broken" same 0 "$ENDED_WITH"
		echo "note $who: $(tail -n 1 "$W/$who")"
	done
}
