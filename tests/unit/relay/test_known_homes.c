/* The homes that were here before a restart: each is told once to be missed, and what is too old,
 * removed or too much is not. */
#define _GNU_SOURCE /* nftw */
#include "relay/known_homes.h"

#include "shared/base/mem.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
	struct loop *loop;
	struct store *store;
	struct event_hub *events;
	struct accounts *accounts;
	struct known_homes *known;
	char missed[256]; /* "ACCOUNT/AGENT " of each that was told at the start */
	unsigned count;
} lab;

static void on_missed(void *owner, const struct event *e)
{
	size_t len = strlen(lab.missed);
	(void)owner;
	assert_int_equal(e->kind, EVENT_HOME_GONE);
	assert_true(e->is_repeated);
	assert_non_null(e->why);
	lab.count++;
	snprintf(lab.missed + len, sizeof lab.missed - len, "%s/%s ", e->account, e->agent);
}

static void start(const char *accounts)
{
	char *path = mem_printf("%s/relay.db", tempdir),
	     *file = mem_printf("%s/accounts.json", tempdir), *why = NULL;
	FILE *f = fopen(file, "w");
	fputs(accounts, f);
	fclose(f);
	lab.loop = loop_new("test");
	lab.store = store_open(lab.loop, path, &why);
	assert_non_null(lab.store);
	assert_int_equal(accounts_load(file, "home.test", NULL, false, &lab.accounts, &why), 0);
	lab.events = event_hub_new(lab.loop, "test");
	event_hub_hear(lab.events, on_missed, NULL);
	lab.missed[0] = '\0';
	lab.count = 0;
	lab.known = known_homes_new(lab.store, lab.events, lab.accounts);
	mem_free(path);
	mem_free(file);
}

static void stop(void)
{
	known_homes_free(lab.known);
	event_hub_close(lab.events);
	store_close(lab.store);
	loop_stop(lab.loop);
	loop_run(lab.loop);
	assert_int_equal(loop_free(lab.loop), 0);
	accounts_unref(lab.accounts);
}

static void happens(enum event_kind kind, const char *account, const char *agent)
{
	const struct event e = {.kind = kind, .account = account, .agent = agent};
	event_hub_take(lab.events, &e);
}

#define ACCOUNT(name)                                                                              \
	"{\"name\": \"" name "\", \"token\": "                                                     \
	"\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}"
static const char both[] = "[" ACCOUNT("alice") ", " ACCOUNT("bob") "]";

static void who_was_here_is_missed_after_each_restart_until_it_is_back(void **state)
{
	(void)state;
	start(both);
	assert_string_equal(lab.missed, "");
	happens(EVENT_HOME_ATTACHED, "alice", "nas");
	happens(EVENT_HOME_ATTACHED, "bob", "pc");
	happens(EVENT_HOME_ATTACHED, "bob", "sold");
	happens(EVENT_HOME_DETACHED, "alice", "nas");
	happens(EVENT_HOME_GONE, "bob", "pc");
	happens(EVENT_HOME_REMOVED, "bob", "sold");
	happens(EVENT_HOME_GONE, "bob", "sold");
	stop();
	start(both);
	assert_string_equal(lab.missed, "alice/nas bob/pc ");
	happens(EVENT_HOME_REMOVED, "alice", "nas");
	stop();
	start(both);
	assert_string_equal(lab.missed, "bob/pc ");
	stop();
}

static void homes_of_accounts_that_are_no_more_are_forgotten(void **state)
{
	(void)state;
	start(both);
	happens(EVENT_HOME_ATTACHED, "alice", "nas");
	happens(EVENT_HOME_ATTACHED, "bob", "pc");
	stop();
	start("[" ACCOUNT("bob") "]");
	assert_string_equal(lab.missed, "bob/pc ");
	stop();
	start(both);
	assert_string_equal(lab.missed, "bob/pc ");
	stop();
}

static void who_left_long_ago_is_not_missed(void **state)
{
	(void)state;
	start(both);
	struct store_batch *b = store_batch_new();
	uint64_t now = loop_wall_ms();
	const struct store_home rows[] = {{"alice", "old", now - KNOWN_HOMES_MS - 1000},
					  {"alice", "late", now - KNOWN_HOMES_MS / 2}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		store_put_home(b, &rows[i]);
	store_commit(lab.store, b, NULL, NULL);
	stop();
	start(both);
	assert_string_equal(lab.missed, "alice/late ");
	stop();
}

static void names_that_are_made_up_are_bounded_and_leave_who_is_here(void **state)
{
	(void)state;
	char agent[32];
	start(both);
	happens(EVENT_HOME_ATTACHED, "alice", "nas");
	for (unsigned i = 0; i < 2 * KNOWN_HOMES_EACH; i++) {
		snprintf(agent, sizeof agent, "a%u", i);
		happens(EVENT_HOME_ATTACHED, "alice", agent);
		happens(EVENT_HOME_GONE, "alice", agent);
	}
	stop();
	start(both);
	assert_int_equal(lab.count, KNOWN_HOMES_EACH);
	assert_memory_equal(lab.missed, "alice/nas ", 10);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		who_was_here_is_missed_after_each_restart_until_it_is_back, tempdir_make,
		tempdir_remove),
	    cmocka_unit_test_setup_teardown(homes_of_accounts_that_are_no_more_are_forgotten,
					    tempdir_make, tempdir_remove),
	    cmocka_unit_test_setup_teardown(who_left_long_ago_is_not_missed, tempdir_make,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(
		names_that_are_made_up_are_bounded_and_leave_who_is_here, tempdir_make,
		tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
