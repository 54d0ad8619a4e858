# What the tests of trouble on the path share: the visitors who are there all the while, and how they must have fared.
# Sourced after lab.sh.

# crowd_up [RATE]: services, the programs, and four visitors under way: a download, an upload, a line of talk, a WebSocket
crowd_up() {
	sample 64m 67108864
	sample 64k 65536
	web homepc 80
	peer homepc "$W/echo.out" service echo 9001
	peer homepc "$W/sum.out" service sum 9002
	peer homepc "$W/ws.out" websocket serve 9003
	for port in 9001 9002 9003; do await_port homepc $port; done
	home_up 'web 8080 127.0.0.1:80' 'echo 9001 127.0.0.1:9001' 'sum 9002 127.0.0.1:9002' 'chat 9003 127.0.0.1:9003'
	LOAD=${1:-5M}
	crowd_in
}
crowd_in() {
	rm -f "$W/stop" "$W/download"
	declare -gA CROWD=()
	spawn visitor "$W/download.err" curl -sS --max-time 600 --limit-rate "$LOAD" -o "$W/download" "http://$RELAY4:8080/64m"
	CROWD[download]=$SPAWNED
	peer visitor "$W/upload" visitor upload $RELAY4 9002 67108864
	CROWD[upload]=$SPAWNED
	peer visitor "$W/talk" visitor echo $RELAY4 9001 "$W/stop"
	CROWD[talk]=$SPAWNED
	peer visitor "$W/chat" websocket talk $RELAY4 9003 "$W/stop"
	CROWD[chat]=$SPAWNED
	check "visitors are under way" until_ok 15 agent_is pc '[.mappings[] | select(.connections > 0)] | length >= 3'
}
# crowd_out: everybody must come to a good end
crowd_out() {
	local who
	check_here "the download ends" ended "${CROWD[download]}" 180
	check "with every byte" cmp "$W/download" "$W/www/64m"
	check_here "the upload ends" ended "${CROWD[upload]}" 180
	check "with every byte" same "67108864 ok eof" "$(tail -n 1 "$W/upload")"
	touch "$W/stop"
	for who in talk chat; do
		check_here "the $who ends" ended "${CROWD[$who]}" 60
		check "the $who was not broken" same 0 "$ENDED_WITH"
		echo "note $who: $(tail -n 1 "$W/$who")"
	done
}
