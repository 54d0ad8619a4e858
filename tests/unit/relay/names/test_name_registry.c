/* The model: which source wins, what is counted, what survives, and that nobody is told "good" for
 * something lost. */
#define _GNU_SOURCE /* nftw */
#include "relay/names/declared_names.h"

#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "tests/unit/relay/sqlite_use.h"

static char path[128];

struct lab {
	struct loop *loop;
	struct store *store;
	struct name_registry *names;
	struct declared_names *declared;
	struct accounts *accounts;
	struct name_report *reports; /* of the agent that was reported last */
	size_t report_count;
	unsigned reported; /* by itself, not for a declaration */
	unsigned told;     /* reports in all */
	bool declaring;
	const char *gone; /* an agent that is */
	unsigned answered;
	enum name_registry_answer last;
};

static struct accounts *read_accounts(const char *json)
{
	char file[160], *errors = NULL;
	struct accounts *a;
	snprintf(file, sizeof(file), "%s/accounts.json", tempdir);
	FILE *f = fopen(file, "w");
	fputs(json, f);
	fclose(f);
	int rc = accounts_load(file, "home.test", NULL, false, &a, &errors);
	if (rc != 0)
		fail_msg("%d %s", rc, errors ? errors : "");
	return a;
}

#define HASH "\"token\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\""
#define TWO                                                                                        \
	"[{\"name\":\"alice\"," HASH "},{\"name\":\"bob\"," HASH ",\"hosts\":[\"bob\",\"shop\"]}]"

static struct relay_config *read_config(const char *keys)
{
	char file[160];
	struct relay_config *c;
	snprintf(file, sizeof(file), "%s/relay.json", tempdir);
	FILE *f = fopen(file, "w");
	fprintf(f, "{\"domain\":\"home.test\",%s}", keys);
	fclose(f);
	assert_int_equal(relay_config_load(file, &c), 0);
	return c;
}

#define ADDRESSES "\"addresses\":[\"11.0.0.1\",\"2a00::1\"]"
#define SERVE     "\"dns\":[{\"kind\":\"serve\"}]"

static void on_report(void *owner, const char *account, const char *agent,
		      struct name_report *reports, size_t count)
{
	struct lab *lab = owner;
	assert_string_equal(account, "alice");
	name_reports_free(lab->reports, lab->report_count);
	lab->reports = reports;
	lab->report_count = count;
	lab->told++;
	if (lab->declaring)
		return;
	assert_string_equal(agent, "nas");
	lab->reported++;
	lab->answered++;
}

static bool is_alive(void *owner, const char *account, const char *agent)
{
	const struct lab *lab = owner;
	assert_string_equal(account, "alice");
	return !lab->gone || strcmp(lab->gone, agent) != 0;
}

static void open_lab_with(struct lab *lab, const char *keys)
{
	char *why;
	memset(lab, 0, sizeof(*lab));
	lab->loop = loop_new("test");
	lab->store = store_open(lab->loop, path, &why);
	assert_non_null(lab->store);
	struct relay_config *config = read_config(keys);
	lab->names = name_registry_new(lab->loop, lab->store, config);
	relay_config_unref(config);
	lab->declared = declared_names_new(lab->names, on_report, is_alive, lab);
	lab->accounts = read_accounts(TWO);
	name_registry_set_accounts(lab->names, lab->accounts);
}

static void open_lab(struct lab *lab)
{
	open_lab_with(lab, ADDRESSES "," SERVE);
}

static void close_lab(struct lab *lab)
{
	declared_names_free(lab->declared);
	name_registry_free(lab->names);
	store_close(lab->store);
	accounts_unref(lab->accounts);
	name_reports_free(lab->reports, lab->report_count);
	loop_stop(lab->loop);
	loop_run(lab->loop);
	assert_int_equal(loop_free(lab->loop), 0);
}

static int setup(void **state)
{
	assert_int_equal(tempdir_make(state), 0);
	snprintf(path, sizeof(path), "%s/relay.db", tempdir);
	return 0;
}

/* What the zone says, "-" for no such name, "" for no such record. */
static const char *shown(struct lab *lab, const char *host, unsigned family)
{
	static char text[512];
	struct dns_name name;
	const struct zone_node *n;
	size_t count;
	text[0] = 0;
	assert_int_equal(dns_name_parse(host, &name), 0);
	if (zone_find(name_registry_zone(lab->names), &name, &n) != ZONE_NODE)
		return "-";
	const uint8_t *ip = zone_addresses(n, (uint8_t)family, &count);
	for (size_t i = 0; i < count; i++) {
		struct addr a = {.family = (uint8_t)family};
		char one[ADDR_TEXT];
		memcpy(a.ip, ip + i * (family == 4 ? 4 : 16), family == 4 ? 4 : 16);
		strcat(strcat(text, i ? "," : ""), addr_ip_text(&a, one));
	}
	return text;
}

static void on_done(void *owner, uint64_t ticket, enum name_registry_answer a)
{
	struct lab *lab = owner;
	(void)ticket;
	lab->answered++;
	lab->last = a;
}

static void wait_answer(struct lab *lab)
{
	for (unsigned before = lab->answered; lab->answered == before;)
		loop_turn(lab->loop);
}

static struct name_registry_change set4(const char *ip)
{
	struct name_registry_change c = {.asked = {true, false}};
	addr_parse_ip(ip, &c.set[0]);
	return c;
}

static enum name_registry_answer ask(struct lab *lab, const char *account, const char *host,
				     struct name_registry_change c)
{
	uint64_t ticket;
	return name_registry_update(lab->names, accounts_find(lab->accounts, account), host, &c,
				    "inadyn (11.9.9.9)", on_done, lab, &ticket);
}

static char *status(struct lab *lab)
{
	struct buf b = BUF_INIT;
	struct json w = json_into(&b, false);
	json_open(&w, NULL, '[');
	assert_false(name_registry_status(lab->names, &(struct name_registry_cursor){0}, &w));
	json_close(&w);
	char *text = mem_strdup(buf_str(&b));
	buf_fini(&b);
	return text;
}

static void every_account_has_its_name(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "alice.home.test", 6), "2a00::1");
	assert_string_equal(shown(&lab, "home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "ns1.home.test", 6), "2a00::1");
	assert_string_equal(shown(&lab, "carol.home.test", 4), "-");
	struct accounts *one = read_accounts("[{\"name\":\"bob\"," HASH "}]");
	name_registry_set_accounts(lab.names, one);
	accounts_unref(one);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "-");
	close_lab(&lab);
}

static void a_door_update_is_counted_and_outlives_the_process(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	uint32_t serial = zone_serial(name_registry_zone(lab.names));
	assert_int_equal(ask(&lab, "alice", "alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_WAIT);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.7.7.7");
	/* the other family is not touched */
	assert_string_equal(shown(&lab, "alice.home.test", 6), "2a00::1");
	assert_true(zone_serial(name_registry_zone(lab.names)) > serial);
	serial = zone_serial(name_registry_zone(lab.names));
	assert_int_equal(lab.answered, 0);
	wait_answer(&lab);
	assert_int_equal(lab.answered, 1);
	assert_int_equal(lab.last, NAME_REGISTRY_GOOD);
	close_lab(&lab);

	open_lab(&lab);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.7.7.7");
	assert_true(zone_serial(name_registry_zone(lab.names)) > serial);
	assert_int_equal(ask(&lab, "alice", "alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_WAIT);
	wait_answer(&lab);
	assert_int_equal(lab.last, NAME_REGISTRY_NOCHG);
	char *text = status(&lab);
	assert_non_null(strstr(text, "{\"name\":\"alice.home.test\",\"type\":\"A\",\"wanted\":\"11."
				     "7.7.7\",\"value\":\"11.7.7.7\",\"source\":\"door\""));
	assert_non_null(strstr(
	    text,
	    "\"requests\":2,\"changes\":1,\"client\":\"inadyn (11.9.9.9)\",\"answer\":\"nochg\""));
	mem_free(text);
	close_lab(&lab);
}

static void a_family_that_nobody_named_has_not_changed(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	ask(&lab, "alice", "pc.alice.home.test", set4("11.7.7.7"));
	struct name_registry_change six = {.asked = {false, true}};
	addr_parse_ip("2a01::7", &six.set[1]);
	ask(&lab, "alice", "pc.alice.home.test", six);
	char *text = status(&lab);
	const char *four = strstr(text, "\"name\":\"pc.alice.home.test\",\"type\":\"A\""),
		   *second = strstr(text, "\"name\":\"pc.alice.home.test\",\"type\":\"AAAA\"");
	assert_non_null(four);
	assert_non_null(second);
	assert_memory_equal(strstr(four, "\"requests\""), "\"requests\":1,\"changes\":1,", 25);
	assert_memory_equal(strstr(second, "\"requests\""), "\"requests\":1,\"changes\":1,", 25);
	mem_free(text);
	close_lab(&lab);
}

static void what_is_not_yours_is_nohost(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	assert_int_equal(ask(&lab, "alice", "bob.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "home.test", set4("11.7.7.7")), NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "ns1.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "_acme-challenge.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "alice.example.com", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "bob", "x.bob.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "bob", "shop.home.test", set4("11.7.7.7")), NAME_REGISTRY_WAIT);
	assert_int_equal(ask(&lab, "alice", "pc.alice.home.test", set4("11.7.7.8")),
			 NAME_REGISTRY_WAIT);
	assert_string_equal(shown(&lab, "pc.alice.home.test", 4), "11.7.7.8");
	close_lab(&lab);
}

static void offline_and_dummies(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	const struct name_registry_change off = {.asked = {true, false}, .offline = {true, false}},
					  dummy = {.asked = {true, false}};
	assert_int_equal(ask(&lab, "alice", "new.alice.home.test", dummy), NAME_REGISTRY_GOOD);
	assert_string_equal(shown(&lab, "new.alice.home.test", 4), "-");
	ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
	ask(&lab, "alice", "alice.home.test", dummy);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.7.7.7");
	ask(&lab, "alice", "alice.home.test", off);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "");
	assert_string_equal(shown(&lab, "alice.home.test", 6), "2a00::1");
	close_lab(&lab);
	open_lab(&lab);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "");
	close_lab(&lab);
}

static void declare(struct lab *lab, const char *agent, const struct declare *said,
		    const char *seen)
{
	struct addr a;
	addr_parse_ip(seen, &a);
	lab->declaring = true;
	declared_names_set(lab->declared, "alice", agent, said, &a, 1);
	lab->declaring = false;
}

static void declare_home(struct lab *lab, const char *agent, const char *host,
			 enum name_follow follow, const char *seen, const char *nat)
{
	struct name_entry entry = {.host = (char *)(uintptr_t)host, .follow = follow};
	struct declare d = {.names = {.items = &entry, .count = host != NULL}};
	snprintf(d.nat, sizeof d.nat, "%s", nat);
	declare(lab, agent, &d, seen);
}

static void the_agent_wins_and_steps_back(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.5.5.5");
	assert_string_equal(shown(&lab, "alice.home.test", 6), "2a00::1");
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.6", "unknown");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.5.5.6");
	assert_int_equal(ask(&lab, "alice", "alice.home.test", set4("11.7.7.9")),
			 NAME_REGISTRY_WAIT);
	/* an update is taken, and is weaker */
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.5.5.6");
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.6", "cgnat");
	/* a carrier's address leads nowhere */
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.0.0.1");
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.7", "pending");
	/* not even for a second */
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.0.0.1");
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "100.64.3.4", "unknown");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.7.7.9");
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_RELAY, "11.5.5.6", "public");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.0.0.1");
	declare_home(&lab, "nas", NULL, NAME_FOLLOW_RELAY, "11.5.5.6", "public");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.7.7.9");
	close_lab(&lab);
}

/* Of a later agent: what is not understood moves nothing, and the agent is told. */
static void a_name_that_follows_something_unknown_stays(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_UNKNOWN, "11.5.5.5", "public");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.0.0.1");
	assert_int_equal(lab.report_count, 1);
	assert_string_equal(lab.reports[0].name, "alice.home.test");
	assert_string_equal(lab.reports[0].answer, "the relay is older than the agent, update it: "
						   "it does not know what this name follows");
	assert_null(lab.reports[0].wanted);
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.5.5.5");
	close_lab(&lab);
}

/* A declaration that is carried over to the next link speaks of the address before. */
static void a_verdict_about_another_address_is_none(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.5", "unknown");
	struct name_entry entry = {.host = (char *)(uintptr_t) "alice", .follow = NAME_FOLLOW_HOME};
	struct declare d = {.names = {.items = &entry, .count = 1}, .nat = "unknown"};
	addr_parse_ip("11.5.5.5", &d.judged);
	declare(&lab, "nas", &d, "11.6.6.6");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.5.5.5");
	addr_parse_ip("11.6.6.6", &d.judged);
	declare(&lab, "nas", &d, "11.6.6.6");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.6.6.6");
	close_lab(&lab);
}

static void a_detached_agents_value_stays(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	declare_home(&lab, "nas", "direct.alice", NAME_FOLLOW_HOME, "2a01::5", "public");
	assert_string_equal(shown(&lab, "direct.alice.home.test", 6), "2a01::5");
	assert_string_equal(shown(&lab, "direct.alice.home.test", 4), "11.0.0.1");
	assert_int_equal(lab.report_count, 1);
	assert_int_equal(lab.reports[0].counted, 0);
	close_lab(&lab);
	open_lab(&lab);
	assert_string_equal(shown(&lab, "direct.alice.home.test", 6), "2a01::5");
	declare_home(&lab, "other", NULL, NAME_FOLLOW_HOME, "11.5.5.5", "public");
	/* another agent's word is not about it */
	assert_string_equal(shown(&lab, "direct.alice.home.test", 6), "2a01::5");
	declare_home(&lab, "nas", NULL, NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_string_equal(shown(&lab, "direct.alice.home.test", 6), "-");
	declare_home(&lab, "nas", "bob", NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_string_equal(shown(&lab, "bob.home.test", 4), "11.0.0.1");
	assert_int_equal(lab.report_count, 1);
	assert_string_equal(lab.reports[0].answer, "nohost");
	close_lab(&lab);
}

static void assert_held(struct lab *lab, const char *account, const char *agent, const char *names)
{
	char held[512] = "";
	size_t len = 0;
	const struct name *n = name_registry_first_held(lab->names, account, agent);
	for (; n; n = name_registry_next_held(n))
		len += (size_t)snprintf(held + len, sizeof held - len, "%s ", n->name);
	assert_string_equal(held, names);
}

/* A declaration looks at what its agent holds, not at all that its account has. */
static void each_agents_names_are_known(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	struct mapping hosts[] = {{.protocol = MAPPING_HTTP, .host = (char *)"a.alice"},
				  {.protocol = MAPPING_HTTP, .host = (char *)"b.alice"}};
	struct declare two = {.mappings = {hosts, 2}, .nat = "unknown"},
		       one = {.mappings = {hosts, 1}, .nat = "unknown"};
	declare(&lab, "nas", &two, "11.5.5.5");
	declare_home(&lab, "pc", "c.alice", NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_held(&lab, "alice", "nas", "a.alice.home.test b.alice.home.test ");
	assert_held(&lab, "alice", "pc", "c.alice.home.test ");
	close_lab(&lab);
	open_lab(&lab);
	declare(&lab, "pc", &one, "11.5.5.5"); /* and not c any more */
	assert_held(&lab, "alice", "nas", "b.alice.home.test ");
	assert_held(&lab, "alice", "pc", "a.alice.home.test ");
	assert_non_null(name_registry_obtain(lab.names, "a.alice.home.test", "bob"));
	assert_held(&lab, "alice", "pc", "");
	assert_held(&lab, "bob", "pc", "a.alice.home.test ");
	declare_home(&lab, "nas", NULL, NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_held(&lab, "alice", "nas", "");
	assert_null(name_registry_find(lab.names, "b.alice.home.test"));
	close_lab(&lab);
}

static void mappings_hosts_exist(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	struct mapping m[2] = {{.host = (char *)(uintptr_t) "*.alice"}, {.host = NULL}};
	struct declare d = {.mappings = {.items = m, .count = 2}, .nat = "unknown"};
	declare(&lab, "nas", &d, "11.5.5.5");
	assert_string_equal(shown(&lab, "anything.alice.home.test", 4), "11.0.0.1");
	close_lab(&lab);
	open_lab(&lab);
	assert_string_equal(shown(&lab, "anything.alice.home.test", 4), "11.0.0.1");
	d.mappings.count = 0;
	declare(&lab, "nas", &d, "11.5.5.5");
	assert_string_equal(shown(&lab, "anything.alice.home.test", 4), "-");
	close_lab(&lab);
}

static void an_agents_report_is_answered_when_durable(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	declare_home(&lab, "nas", "direct.alice", NAME_FOLLOW_HOME, "11.5.5.5", "public");
	wait_answer(&lab);
	assert_int_equal(lab.reported, 1);
	assert_int_equal(lab.report_count, 1);
	assert_string_equal(lab.reports[0].answer, "good");
	assert_string_equal(lab.reports[0].published, "11.5.5.5,2a00::1");
	assert_int_equal(lab.reports[0].counted, 1);
	close_lab(&lab);
}

/* Its agent would get a STATE for nothing. */
static void an_agent_without_names_is_told_nothing(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	struct mapping m = {.host = (char *)(uintptr_t) "a.alice"};
	struct declare d = {.mappings = {.items = &m, .count = 1}, .nat = "unknown"};
	declare(&lab, "nas", &d, "11.5.5.5");
	ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
	wait_answer(&lab);
	assert_int_equal(lab.told, 0);
	declare_home(&lab, "nas", "alice", NAME_FOLLOW_HOME, "11.5.5.5", "public");
	assert_int_equal(lab.told, 1);
	wait_answer(&lab);
	assert_int_equal(lab.told, 2);
	declare(&lab, "nas", &d, "11.5.5.5"); /* and no name any more */
	assert_int_equal(lab.told, 3);
	assert_int_equal(lab.report_count, 0);
	declare(&lab, "nas", &d, "11.5.5.5");
	assert_int_equal(lab.told, 3);
	close_lab(&lab);
}

static bool is_to_be_written(struct lab *lab, const char *name)
{
	return !list_is_empty(&name_registry_find(lab->names, name)->dirty);
}

static void count_all(void *arg, const struct store_name *row)
{
	(void)row;
	++*(unsigned *)arg;
}

/* Homes that come back together, after the relay has restarted, bring nothing to write. */
static void a_declaration_writes_what_is_new(void **state)
{
	(void)state;
	struct lab lab;
	unsigned rows = 0;
	open_lab_with(&lab, "\"addresses\":[\"11.0.0.1\"]");
	struct mapping m = {.host = (char *)(uintptr_t) "a.alice", .protocol = MAPPING_HTTPS};
	struct declare d = {.mappings = {.items = &m, .count = 1}, .nat = "unknown"};
	declare(&lab, "nas", &d, "11.5.5.5");
	assert_true(is_to_be_written(&lab, "a.alice.home.test"));
	close_lab(&lab);
	open_lab_with(&lab, "\"addresses\":[\"11.0.0.1\"]");
	store_read_names(lab.store, count_all, &rows);
	assert_int_equal(rows, 3); /* with alice's and bob's own names; none has an AAAA */
	declare(&lab, "nas", &d, "11.5.5.5");
	assert_false(is_to_be_written(&lab, "a.alice.home.test"));
	m.protocol = MAPPING_HTTP;
	declare(&lab, "nas", &d, "11.5.5.5");
	while (is_to_be_written(&lab, "a.alice.home.test"))
		loop_turn(lab.loop);
	m.protocol = MAPPING_HTTPS;
	declare(&lab, "nas", &d, "11.5.5.5");
	assert_true(is_to_be_written(&lab, "a.alice.home.test"));
	close_lab(&lab);
	open_lab_with(&lab, "\"addresses\":[\"11.0.0.1\"]");
	declare(&lab, "pc", &d, "11.5.5.5");
	assert_true(is_to_be_written(&lab, "a.alice.home.test"));
	close_lab(&lab);
}

static void reload(struct lab *lab, const char *keys)
{
	struct relay_config *config = read_config(keys);
	name_registry_reload(lab->names, config);
	relay_config_unref(config);
}

static void reload_keeps_what_is_known(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
	uint32_t serial = zone_serial(name_registry_zone(lab.names));
	reload(&lab, "\"addresses\":[\"11.0.0.2\"]," SERVE);
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.7.7.7");
	assert_string_equal(shown(&lab, "alice.home.test", 6), "");
	assert_string_equal(shown(&lab, "bob.home.test", 4), "11.0.0.2");
	assert_string_equal(shown(&lab, "home.test", 4), "11.0.0.2");
	assert_true(zone_serial(name_registry_zone(lab.names)) > serial);
	close_lab(&lab);
}

static uint32_t serial_after(struct lab *lab, const char *keys)
{
	reload(lab, keys);
	return name_registry_zone(lab->names) ? zone_serial(name_registry_zone(lab->names)) : 0;
}

/* The pool has the store: the serial of a zone that a reload brings is known before. */
static void a_reload_that_brings_serve_while_a_batch_is_written(void **state)
{
	(void)state;
	struct lab lab;
	sqlite_use_watch();
	open_lab(&lab);
	uint32_t first = zone_serial(name_registry_zone(lab.names));
	assert_int_equal(serial_after(&lab, ADDRESSES), 0);
	sqlite_use_here = 0;
	for (unsigned i = 0; i < 20; i++) {
		char ip[32];
		snprintf(ip, sizeof(ip), "11.7.7.%u", i + 1);
		assert_int_equal(ask(&lab, "alice", "alice.home.test", set4(ip)),
				 NAME_REGISTRY_WAIT);
		loop_turn(lab.loop);
		uint32_t serial = serial_after(&lab, ADDRESSES "," SERVE);
		assert_true(serial > first);
		first = serial;
		assert_string_equal(shown(&lab, "alice.home.test", 4), ip);
		assert_int_equal(serial_after(&lab, ADDRESSES), 0);
	}
	while (lab.answered < 20)
		loop_turn(lab.loop);
	assert_int_equal(sqlite_use_here, 0);
	close_lab(&lab);
	open_lab(&lab); /* nothing was served that the file does not know of */
	assert_true(zone_serial(name_registry_zone(lab.names)) > first);
	close_lab(&lab);
}

#define FEW ADDRESSES "," SERVE ",\"limits\":{\"names_per_account\":4,\"records_per_account\":6}"

static enum name_registry_answer ask_door(struct lab *lab, const char *host)
{
	enum name_registry_answer a = ask(lab, "alice", host, set4("11.7.7.7"));
	if (a == NAME_REGISTRY_WAIT)
		wait_answer(lab);
	return a == NAME_REGISTRY_WAIT ? lab->last : a;
}

/* alice.home.test is the first, with two records. */
static void a_password_makes_only_so_many_names(void **state)
{
	(void)state;
	struct lab lab;
	open_lab_with(&lab, FEW);
	assert_int_equal(ask_door(&lab, "a.alice.home.test"), NAME_REGISTRY_GOOD);
	assert_int_equal(ask_door(&lab, "b.alice.home.test"), NAME_REGISTRY_GOOD);
	assert_int_equal(ask_door(&lab, "c.alice.home.test"), NAME_REGISTRY_GOOD);
	assert_int_equal(ask_door(&lab, "d.alice.home.test"), NAME_REGISTRY_FULL);
	assert_string_equal(shown(&lab, "d.alice.home.test", 4), "-");
	assert_int_equal(ask_door(&lab, "c.alice.home.test"), NAME_REGISTRY_NOCHG);
	/* records: 2 + 3, and one more is the last */
	struct name_registry_change six = {.asked = {false, true}};
	addr_parse_ip("2a01::7", &six.set[1]);
	assert_int_equal(ask(&lab, "alice", "a.alice.home.test", six), NAME_REGISTRY_WAIT);
	assert_int_equal(ask(&lab, "alice", "b.alice.home.test", six), NAME_REGISTRY_FULL);
	/* has its own */
	assert_int_equal(ask(&lab, "bob", "bob.home.test", six), NAME_REGISTRY_WAIT);
	name_registry_forget(lab.names, &lab);
	close_lab(&lab);
	/* What is there stays, also when less is allowed. */
	open_lab_with(&lab, ADDRESSES "," SERVE ",\"limits\":{\"names_per_account\":1}");
	assert_string_equal(shown(&lab, "c.alice.home.test", 4), "11.7.7.7");
	assert_int_equal(ask_door(&lab, "c.alice.home.test"), NAME_REGISTRY_NOCHG);
	assert_int_equal(ask_door(&lab, "d.alice.home.test"), NAME_REGISTRY_FULL);
	close_lab(&lab);
}

static void declare_hosts(struct lab *lab, const char *agent, const char *const *hosts)
{
	struct mapping m[8] = {{0}};
	size_t count = 0;
	for (; hosts[count]; count++)
		m[count].host = (char *)(uintptr_t)hosts[count];
	const struct declare d = {.mappings = {.items = m, .count = count}, .nat = "unknown"};
	declare(lab, agent, &d, "11.5.5.5");
}

static void a_password_moves_no_https_host(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	struct mapping m[2] = {{.host = (char *)"cloud.alice", .protocol = MAPPING_HTTPS},
			       {.host = (char *)"*.w.alice", .protocol = MAPPING_HTTPS}};
	struct declare a = {.mappings = {m, 2}, .nat = "unknown"};
	/* a value from before the mapping does not count any more either */
	assert_int_equal(ask_door(&lab, "cloud.alice.home.test"), NAME_REGISTRY_GOOD);
	declare(&lab, "pc", &a, "11.5.5.5");
	assert_string_equal(shown(&lab, "cloud.alice.home.test", 4), "11.0.0.1");
	assert_int_equal(ask(&lab, "alice", "cloud.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "x.w.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "w.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_WAIT);
	close_lab(&lab);
	open_lab(&lab); /* and the home is not back yet */
	assert_string_equal(shown(&lab, "cloud.alice.home.test", 4), "11.0.0.1");
	assert_int_equal(ask(&lab, "alice", "cloud.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	assert_int_equal(ask(&lab, "alice", "y.w.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_NOHOST);
	/* the home itself may move it */
	declare_home(&lab, "pc", "cloud.alice", NAME_FOLLOW_HOME, "11.5.5.5", "unknown");
	assert_string_equal(shown(&lab, "cloud.alice.home.test", 4), "11.5.5.5");
	a.mappings.count = 0;
	declare(&lab, "pc", &a, "11.5.5.5");
	assert_int_equal(ask(&lab, "alice", "cloud.alice.home.test", set4("11.7.7.7")),
			 NAME_REGISTRY_WAIT);
	close_lab(&lab);
}

#define FOUR ADDRESSES "," SERVE ",\"limits\":{\"names_per_account\":4,\"records_per_account\":100}"

static void what_is_left_over_makes_room_for_what_is_declared(void **state)
{
	(void)state;
	struct lab lab;
	open_lab_with(&lab, FOUR);
	assert_int_equal(ask_door(&lab, "door.alice.home.test"), NAME_REGISTRY_GOOD);
	declare_hosts(&lab, "old", (const char *const[]){"x.alice", "y.alice", NULL});
	assert_string_equal(shown(&lab, "y.alice.home.test", 4), "11.0.0.1");
	/* full; only what the door brought is left over */
	declare_hosts(&lab, "new", (const char *const[]){"p.alice", "q.alice", NULL});
	assert_string_equal(shown(&lab, "p.alice.home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "q.alice.home.test", 4), "-");
	assert_string_equal(shown(&lab, "door.alice.home.test", 4), "-");
	assert_string_equal(shown(&lab, "x.alice.home.test", 4), "11.0.0.1");
	lab.gone = "old";
	declare_hosts(&lab, "new", (const char *const[]){"p.alice", "q.alice", NULL});
	assert_string_equal(shown(&lab, "q.alice.home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "p.alice.home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "x.alice.home.test", 4), "-");
	assert_string_equal(shown(&lab, "y.alice.home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "alice.home.test", 4), "11.0.0.1");
	/* A door takes nothing from an agent that is gone. */
	assert_int_equal(ask_door(&lab, "door.alice.home.test"), NAME_REGISTRY_FULL);
	declare_hosts(&lab, "new",
		      (const char *const[]){"p.alice", "q.alice", "r.alice", "s.alice", NULL});
	assert_string_equal(shown(&lab, "r.alice.home.test", 4), "11.0.0.1");
	assert_string_equal(shown(&lab, "s.alice.home.test", 4), "-");
	declare_home(&lab, "late", "t.alice", NAME_FOLLOW_RELAY, "11.5.5.5", "public");
	assert_string_equal(lab.reports[0].answer,
			    "this account has all the names that it may have (limits: "
			    "names_per_account, records_per_account)");
	close_lab(&lab);
}

static unsigned count_names(const char *json)
{
	unsigned count = 0;
	for (const char *at = json; (at = strstr(at, "{\"name\":\"")); at++)
		count++;
	return count;
}

static void status_comes_in_pages(void **state)
{
	enum { NAMES = 2500 };
	(void)state;
	struct lab lab;
	struct name_registry_cursor at = {0};
	unsigned pages = 0, seen = 0;
	bool more = true;
	open_lab_with(&lab, ADDRESSES "," SERVE ",\"limits\":{\"names_per_account\":5000}");
	for (unsigned i = 0; i < NAMES; i++) {
		char host[64];
		snprintf(host, sizeof(host), "n%u.alice.home.test", i);
		ask(&lab, "alice", host, set4("11.7.7.7"));
	}
	while (more) {
		struct buf b = BUF_INIT;
		struct json w = json_into(&b, false);
		json_open(&w, NULL, '[');
		more = name_registry_status(lab.names, &at, &w);
		json_close(&w);
		seen += count_names(buf_str(&b));
		buf_fini(&b);
		if (pages++ == 0) /* the name that it stands at goes */
			name_registry_drop(lab.names, name_registry_find(lab.names, at.name));
	}
	assert_int_equal(pages, 3);
	assert_int_equal(seen, NAMES + 4); /* alice's and bob's own, two records each */
	name_registry_forget(lab.names, &lab);
	close_lab(&lab);
}

static void count_row(void *arg, const struct store_name *row)
{
	unsigned *count = arg;
	*count += strcmp(row->account, "bob") == 0;
}

/* Files may not grow from here on, as on a disk that is full; or they may. */
static void fill_disk(bool full)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* What was dropped while nothing could be written does not come back. */
static void a_lost_batch_is_made_good(void **state)
{
	(void)state;
	struct lab lab;
	unsigned rows = 0;
	char *why;
	open_lab(&lab);
	ask(&lab, "bob", "shop.home.test", set4("11.7.7.7"));
	wait_answer(&lab);
	struct accounts *one = read_accounts("[{\"name\":\"alice\"," HASH "}]");
	fill_disk(true);
	name_registry_set_accounts(lab.names, one);
	ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
	wait_answer(&lab);
	fill_disk(false);
	assert_int_equal(lab.last, NAME_REGISTRY_TROUBLE);
	while (lab.last != NAME_REGISTRY_NOCHG) {
		ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
		wait_answer(&lab);
	}
	accounts_unref(one);
	close_lab(&lab);
	lab.loop = loop_new("test");
	lab.store = store_open(lab.loop, path, &why);
	store_read_names(lab.store, count_row, &rows);
	store_close(lab.store);
	loop_stop(lab.loop);
	loop_run(lab.loop);
	assert_int_equal(loop_free(lab.loop), 0);
	assert_int_equal(rows, 0);
}

static void forgotten_owners_are_not_told(void **state)
{
	(void)state;
	struct lab lab;
	open_lab(&lab);
	ask(&lab, "alice", "alice.home.test", set4("11.7.7.7"));
	name_registry_forget(lab.names, &lab);
	close_lab(&lab);
	assert_int_equal(lab.answered, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_account_has_its_name, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_door_update_is_counted_and_outlives_the_process,
					    setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_family_that_nobody_named_has_not_changed, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_is_not_yours_is_nohost, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(offline_and_dummies, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(the_agent_wins_and_steps_back, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_name_that_follows_something_unknown_stays, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_verdict_about_another_address_is_none, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_detached_agents_value_stays, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(each_agents_names_are_known, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(mappings_hosts_exist, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(an_agents_report_is_answered_when_durable, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(an_agent_without_names_is_told_nothing, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_declaration_writes_what_is_new, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(reload_keeps_what_is_known, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_reload_that_brings_serve_while_a_batch_is_written,
					    setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_password_makes_only_so_many_names, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_password_moves_no_https_host, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_is_left_over_makes_room_for_what_is_declared,
					    setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(status_comes_in_pages, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_lost_batch_is_made_good, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(forgotten_owners_are_not_told, setup, tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
