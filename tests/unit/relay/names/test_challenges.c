/* Who gets a TXT record for a CA, and when it goes: rights, values, several at one name, places. */
#include "relay/names/challenges.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#define ZEROS           "00000000000000000000000000000000"
#define HASH            "\"token\":\"sha256:" ZEROS ZEROS "\""
#define TXT             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" /* and one more */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char dir[64];

static struct {
	struct loop *loop;
	struct store *store;
	struct name_registry *names;
	struct challenges *challenges;
	char said[2048]; /* of the agent that was reported last, "published", "error: …" by lines */
} lab;

static void on_reports(void *owner, const char *account, const char *agent,
		       struct challenge_report *reports, size_t count)
{
	static const char *const words[] = {"pending", "published", "error"};
	(void)owner;
	(void)account;
	(void)agent;
	lab.said[0] = 0;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(lab.said);
		snprintf(lab.said + len, sizeof(lab.said) - len, "%s%s%s\n",
			 words[reports[i].state], reports[i].error ? ": " : "",
			 reports[i].error ? reports[i].error : "");
	}
	challenge_reports_free(reports, count);
}

static char *write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
	return path;
}

static void set_accounts(const char *json)
{
	char *errors = NULL, *path = write_file("accounts.json", json);
	struct accounts *a;
	if (accounts_load(path, "home.test", name_registry_config(lab.names)->reserved_names, false,
			  &a, &errors) != 0)
		fail_msg("%s", errors);
	name_registry_set_accounts(lab.names, a);
	accounts_unref(a);
	mem_free(path);
}

static int setup(void **state)
{
	char *why;
	struct relay_config *config;
	(void)state;
	strcpy(dir, "/tmp/test_challenges.XXXXXX");
	assert_non_null(mkdtemp(dir));
	char *db = mem_printf("%s/relay.db", dir),
	     *path = write_file("relay.json",
				"{\"domain\":\"home.test\",\"host\":\"relay.home.test\","
				"\"addresses\":[\"11.0.0.1\"],\"dns\":[{\"kind\":\"serve\"}]}");
	assert_int_equal(relay_config_load(path, &config), 0);
	lab.loop = loop_new("test");
	lab.store = store_open(lab.loop, db, &why);
	lab.names = name_registry_new(lab.loop, lab.store, config);
	relay_config_unref(config);
	set_accounts("[{\"name\":\"alice\"," HASH "},{\"name\":\"bob\"," HASH
		     ",\"hosts\":[\"bob\",\"www.example.org.\",\"*.www.example.org.\"]},"
		     "{\"name\":\"carol\"," HASH ",\"hosts\":[\"test.\",\"*.test.\"]}]");
	lab.challenges = challenges_new(lab.loop, lab.names, on_reports, NULL);
	mem_free(db);
	mem_free(path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	challenges_free(lab.challenges);
	name_registry_free(lab.names);
	store_close(lab.store);
	loop_stop(lab.loop);
	loop_run(lab.loop);
	assert_int_equal(loop_free(lab.loop), 0);
	char *command = mem_printf("rm -rf %s", dir);
	int rc = system(command);
	mem_free(command);
	return rc;
}

/* words: "HOST LAST-CHARACTER-OF-THE-VALUE…" */
static void declare(const char *account, const char *agent, const char *words)
{
	struct challenge list[CHALLENGES_MAX];
	char *copy = mem_strdup(words), *rest = copy, *host;
	size_t count = 0;
	while ((host = strtok_r(rest, " ", &rest)) != NULL) {
		const char *last = strtok_r(NULL, " ", &rest);
		struct challenge *c = &list[count++];
		snprintf(c->host, sizeof(c->host), "%s", host);
		snprintf(c->txt, sizeof(c->txt), "%s%s", TXT, last);
	}
	mem_free(copy);
	challenges_set(lab.challenges, account, agent, list, count);
}

/* The last characters of the values at the name, as the DNS server has them. */
static const char *at(const char *host)
{
	static char out[32];
	struct dns_name name;
	const struct zone_node *n;
	size_t i = 0, len = 0;
	char *text = mem_printf("_acme-challenge.%s", host);
	assert_int_equal(dns_name_parse(text, &name), 0);
	mem_free(text);
	if (zone_find(name_registry_zone(lab.names), &name, &n) == ZONE_NODE)
		while (zone_record(n, DNS_TXT, &i))
			len++;
	snprintf(out, sizeof(out), "%zu", len);
	return out;
}

#define RIGHT "error: the account may not have that host and all below it\n"

static void rights(void **state)
{
	(void)state;
	static const struct {
		const char *account, *words, *said;
	} table[] = {
	    {"alice", "alice B", "published\n"},
	    {"alice", "alice.home.test. B", "published\n"},
	    {"alice", "deep.alice B", "published\n"},
	    {"alice", "bob B", RIGHT},
	    {"alice", "home.test. B", RIGHT},
	    {"alice", "test. B", RIGHT},
	    {"alice", "relay B", RIGHT},
	    {"alice", "_acme-challenge.alice B", RIGHT},
	    {"alice", "*.alice B", "error: that is no host that a challenge can be for\n"},
	    {"alice", "al..ice B", "error: that is no host that a challenge can be for\n"},
	    {"bob", "bob B", RIGHT},     /* not all below it */
	    {"carol", "test. B", RIGHT}, /* the relay's domain lies below it */
	    {"bob", "www.example.org. B",
	     "error: nothing in the relay's \"dns\" publishes TXT records of it\n"},
	    {"nobody", "alice B", RIGHT},
	    {"alice", "alice =", "error: the value is not 43 characters of base64url\n"},
	    {"alice", "alice BB", "error: the value is not 43 characters of base64url\n"},
	    {"alice", "alice B bob B deep.alice C", "published\n" RIGHT "published\n"},
	};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		declare(table[i].account, "nas", table[i].words);
		if (strcmp(lab.said, table[i].said) != 0)
			fail_msg("%s of %s: %s", table[i].words, table[i].account, lab.said);
	}
	assert_string_equal(at("bob.home.test"), "0");
	assert_string_equal(at("home.test"), "0");
	assert_string_equal(at("alice.home.test"), "1");
}

static void values_of_two_agents_stand_beside_each_other(void **state)
{
	(void)state;
	declare("alice", "nas", "alice B alice C");
	declare("alice", "pi", "alice C alice D");
	assert_string_equal(at("alice.home.test"), "3");
	declare("alice", "nas", "alice B");
	assert_string_equal(at("alice.home.test"), "3");
	challenges_drop(lab.challenges, "alice", "pi");
	assert_string_equal(at("alice.home.test"), "1");
	challenges_drop(lab.challenges, "alice", "unknown");
	declare("alice", "nas", "");
	assert_string_equal(at("alice.home.test"), "0");
	assert_string_equal(lab.said, "");
}

static void an_account_has_eight(void **state)
{
	(void)state;
	declare("alice", "nas", "a.alice B b.alice B c.alice B d.alice B e.alice B f.alice B");
	declare("alice", "pi", "g.alice B h.alice B i.alice B");
	assert_string_equal(lab.said, "published\npublished\n"
				      "error: the account has 8 challenges already\n");
	assert_string_equal(at("i.alice.home.test"), "0");
	challenges_drop(lab.challenges, "alice", "nas");
	while (strstr(lab.said, "error")) /* it is judged again by itself */
		loop_turn(lab.loop);
	assert_string_equal(lab.said, "published\npublished\npublished\n");
	assert_string_equal(at("i.alice.home.test"), "1");
}

static void a_right_that_is_lost_takes_the_record(void **state)
{
	(void)state;
	declare("alice", "nas", "alice B");
	set_accounts("[{\"name\":\"alice\"," HASH ",\"hosts\":[\"alice\"]}]");
	while (!strstr(lab.said, "error"))
		loop_turn(lab.loop);
	assert_string_equal(lab.said, RIGHT);
	assert_string_equal(at("alice.home.test"), "0");
	set_accounts("[{\"name\":\"alice\"," HASH "}]");
	while (strstr(lab.said, "error"))
		loop_turn(lab.loop);
	assert_string_equal(at("alice.home.test"), "1");
	set_accounts("[]");
	while (!strstr(lab.said, "error"))
		loop_turn(lab.loop);
	assert_string_equal(at("alice.home.test"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(rights, setup, teardown),
	    cmocka_unit_test_setup_teardown(values_of_two_agents_stand_beside_each_other, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(an_account_has_eight, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_right_that_is_lost_takes_the_record, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
