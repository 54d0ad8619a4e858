/* Who goes when one more comes than there are places for. */
#include "relay/agents/unauthenticated_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct peer {
	struct newcomer newcomer; /* first */
	bool has_spoken;
};

static struct peer peers[UNAUTHENTICATED_PEERS_MOST];

static bool has_spoken(const struct newcomer *n)
{
	return ((const struct peer *)n)->has_spoken;
}

static struct addr address(const char *network, size_t i)
{
	char text[32];
	struct addr a;
	snprintf(text, sizeof text, "%s.%zu", network, i % 256);
	assert_int_equal(addr_parse_ip(text, &a), 0);
	return a;
}

static void come(struct unauthenticated_peers *all, struct peer *p, const char *network, bool known,
		 uint64_t now_ms)
{
	struct addr a = address(network, (size_t)(p - peers));
	unauthenticated_peers_join(all, &p->newcomer, &a, known, now_ms);
}

static enum unauthenticated_peers_answer ask(struct unauthenticated_peers *all, const char *network,
					     bool known, uint64_t now_ms, struct newcomer **goes)
{
	struct addr a = address(network, 7);
	return unauthenticated_peers_ask(all, &a, known, now_ms, goes);
}

/* As many strangers of one network as there are places for, all of whom have spoken. */
static struct unauthenticated_peers *crowded(void)
{
	struct unauthenticated_peers *all = unauthenticated_peers_new(has_spoken);
	memset(peers, 0, sizeof peers);
	for (size_t i = 0; i < UNAUTHENTICATED_PEERS_STRANGERS; i++) {
		peers[i].has_spoken = true;
		come(all, &peers[i], "192.0.2", false, 1000);
	}
	return all;
}

static void empty(struct unauthenticated_peers *all)
{
	for (struct newcomer *n; (n = unauthenticated_peers_any(all));)
		unauthenticated_peers_leave(all, n);
	unauthenticated_peers_free(all);
}

/* Thousands come back together: each tries again until it gets a place, and who has one ends its
 * handshake. */
static void a_network_does_not_push_out_its_own_in_their_handshakes(void **state)
{
	(void)state;
	struct unauthenticated_peers *all = crowded();
	struct newcomer *goes;
	for (int i = 0; i < 3000; i++)
		assert_int_equal(ask(all, "192.0.2", false, 1100, &goes),
				 UNAUTHENTICATED_PEERS_NONE);
	unauthenticated_peers_leave(all, &peers[3].newcomer);
	assert_int_equal(ask(all, "192.0.2", false, 1100, &goes), UNAUTHENTICATED_PEERS_ROOM);
	empty(all);
}

static void who_says_nothing_goes_first(void **state)
{
	(void)state;
	struct unauthenticated_peers *all = crowded();
	struct newcomer *goes;
	peers[4].has_spoken = false;
	assert_int_equal(ask(all, "192.0.2", false, 1100, &goes), UNAUTHENTICATED_PEERS_INSTEAD);
	assert_ptr_equal(goes, &peers[4].newcomer);
	empty(all);
}

/* One that sends a byte and then nothing does not keep its place for ever. */
static void who_takes_too_long_goes(void **state)
{
	(void)state;
	struct unauthenticated_peers *all = crowded();
	struct newcomer *goes;
	uint64_t late = 1000 + UNAUTHENTICATED_PEERS_HANDSHAKE_MS;
	assert_int_equal(ask(all, "192.0.2", false, late - 1, &goes), UNAUTHENTICATED_PEERS_NONE);
	assert_int_equal(ask(all, "192.0.2", false, late, &goes), UNAUTHENTICATED_PEERS_INSTEAD);
	empty(all);
}

/* However many a network has, all of them in their handshakes, it holds up nobody else. */
static void other_networks_get_in(void **state)
{
	(void)state;
	struct unauthenticated_peers *all = crowded();
	struct newcomer *goes;
	assert_int_equal(ask(all, "198.51.100", false, 1100, &goes), UNAUTHENTICATED_PEERS_INSTEAD);
	assert_non_null(goes);
	/* nor who held a session lately, of the same network */
	assert_int_equal(ask(all, "192.0.2", true, 1100, &goes), UNAUTHENTICATED_PEERS_ROOM);
	for (size_t i = UNAUTHENTICATED_PEERS_STRANGERS; i < UNAUTHENTICATED_PEERS_MOST; i++) {
		peers[i].has_spoken = true;
		come(all, &peers[i], "192.0.2", true, 1000);
	}
	assert_int_equal(ask(all, "192.0.2", true, 1100, &goes), UNAUTHENTICATED_PEERS_INSTEAD);
	assert_false(goes->known);
	empty(all);
}

static void strangers_are_told_apart(void **state)
{
	(void)state;
	struct unauthenticated_peers *all = unauthenticated_peers_new(has_spoken);
	memset(peers, 0, sizeof peers);
	assert_null(unauthenticated_peers_any(all));
	come(all, &peers[0], "192.0.2", true, 1000);
	come(all, &peers[1], "192.0.2", false, 1000);
	come(all, &peers[2], "192.0.2", false, 1000);
	peers[1].has_spoken = true;
	assert_int_equal(unauthenticated_peers_strangers(all), 2);
	assert_ptr_equal(unauthenticated_peers_stranger(all, 1100), &peers[2].newcomer);
	empty(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_network_does_not_push_out_its_own_in_their_handshakes),
	    cmocka_unit_test(who_says_nothing_goes_first),
	    cmocka_unit_test(who_takes_too_long_goes),
	    cmocka_unit_test(other_networks_get_in),
	    cmocka_unit_test(strangers_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
