#define _GNU_SOURCE /* nftw */
#include "relay/accounts/account_command.h"

#include "relay/accounts/accounts.h"
#include "relay/accounts/accounts_file.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/tls_context.h"

#include "tests/unit/capture.h"
#include "tests/unit/fake_control.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <cmocka.h>

#define HASH   "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NOBODY "test: no relay is running; the next one to start takes it up\n"

static struct relay_config *config;
static struct capture said;
static char pin[TLS_CONTEXT_PIN_TEXT];

static void configure(const char *more)
{
	char *text =
	    mem_printf("{\"domain\": \"home.example.com\", \"control\": \"r.sock\", %s}", more);
	relay_config_unref(config);
	tempdir_write("relay.json", text);
	mem_free(text);
	assert_int_equal(relay_config_load(tempdir_path("relay.json"), &config), 0);
}

static int setup(void **state)
{
	const char *const names[] = {"home.example.com", NULL};
	char *certificate, *key, *why = NULL;
	if (tempdir_make(state) || tls_context_make_self_signed(names, &certificate, &key))
		return -1;
	tempdir_write("relay.crt", certificate);
	mem_free(certificate);
	mem_free(key);
	configure("\"addresses\": [\"203.0.113.10\"]");
	return tls_context_pin_of_certificate(config->certificate, pin, &why);
}

static int teardown(void **state)
{
	relay_config_unref(config);
	config = NULL;
	return tempdir_remove(state);
}

static int add(const char *name, const char *ports)
{
	capture_start(&said);
	int exit_code = account_command_add(config, name, ports);
	capture_end(&said);
	return exit_code;
}

static int removed(const char *name)
{
	capture_start(&said);
	int exit_code = account_command_remove(config, name);
	capture_end(&said);
	return exit_code;
}

static int renew(const char *name)
{
	capture_start(&said);
	int exit_code = account_command_renew(config, name);
	capture_end(&said);
	return exit_code;
}

static int set(const char *ports, const char *hosts, const char *connections, const char *bandwidth)
{
	struct account_changes changes = {
	    .ports = ports, .hosts = hosts, .connections = connections, .bandwidth = bandwidth};
	capture_start(&said);
	int exit_code = account_command_set(config, "alice", &changes);
	capture_end(&said);
	return exit_code;
}

static struct accounts *accounts_now(void)
{
	struct accounts *all;
	char *errors;
	assert_int_equal(accounts_load(config->accounts, config->domain, config->reserved_names,
				       false, &all, &errors),
			 0);
	return all;
}

/* The join line on stdout, alone: groundnut://NAME:TOKEN@rest; its token opens the account in the
 * file. */
static void assert_join_line(const char *name, const char *where, char token[64])
{
	char wanted[256];
	size_t skip = strlen("groundnut://") + strlen(name) + 1;
	assert_true(strlen(said.out) > skip + 43);
	snprintf(token, 64, "%.43s", said.out + skip);
	snprintf(wanted, sizeof(wanted), "groundnut://%s:%s@%s/?pin=%s\n", name, token, where, pin);
	assert_string_equal(said.out, wanted);
	struct accounts *all = accounts_now();
	assert_non_null(accounts_verify(all, name, token));
	accounts_unref(all);
}

/* With its lines indented the file would be larger than any that is read. */
static void a_file_that_would_be_too_large_stays(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	buf_puts(&text, "[");
	for (unsigned i = 0; i < 30000; i++)
		buf_printf(&text, "%s{\"name\":\"a%u\",\"token\":\"" HASH "\",\"ports\":[1,2,3]}",
			   i ? "," : "", i);
	buf_puts(&text, "]");
	tempdir_write("accounts.json", buf_str(&text));
	buf_fini(&text);
	assert_int_equal(add("alice", NULL), EXIT_WORK);
	assert_non_null(strstr(said.err, "accounts.json: cannot be written: "));
	struct accounts *all = accounts_now();
	assert_int_equal(accounts_count(all), 30000);
	accounts_unref(all);
}

static void a_first_account_makes_the_file(void **state)
{
	(void)state;
	char token[64];
	struct stat st;
	assert_int_equal(add("alice", NULL), 0);
	assert_join_line("alice", "203.0.113.10:7000", token);
	assert_string_equal(said.err, NOBODY);
	assert_int_equal(stat(config->accounts, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_null(strstr(tempdir_read("accounts.json"), token));
}

static void where_an_agent_finds_us(void **state)
{
	(void)state;
	char token[64];
	configure("\"addresses\": [\"2001:db8::1\"], \"listen\": [\"[::]:7443\", \"[::]:7000\"]");
	assert_int_equal(add("a", NULL), 0);
	assert_join_line("a", "[2001:db8::1]:7443", token);
	configure("\"addresses\": [\"2001:db8::1\"], \"host\": \"relay.example.com\"");
	assert_int_equal(add("b", NULL), 0);
	assert_join_line("b", "relay.example.com:7000", token);
	configure("\"host\": \"2001:db8::2\"");
	assert_int_equal(add("c", NULL), 0);
	assert_join_line("c", "[2001:db8::2]:7000", token);
}

static void ports_are_kept_as_given(void **state)
{
	(void)state;
	assert_int_equal(add("bob", "8000-8999,6310,51820/udp,53/both"), 0);
	struct accounts *all = accounts_now();
	const struct account *a = accounts_find(all, "bob");
	assert_int_equal(a->ports_count, 4);
	assert_true(account_allows_ports(a, PORTS_UDP, 53, 53));
	assert_false(account_allows_ports(a, PORTS_UDP, 6310, 6310));
	accounts_unref(all);
}

static void an_edit_keeps_the_rest(void **state)
{
	(void)state;
	char before[64], after[64];
	tempdir_write("accounts.json",
		      "[{\"name\": \"old\", \"token\": \"" HASH
		      "\", \"ports\": [\"80\"], \"hosts\": [\"x.\"],"
		      " \"connections\": 7, \"bandwidth\": \"5M\", \"password\": \"scrypt:p\"}]");
	assert_int_equal(chmod(config->accounts, 0640), 0);
	assert_int_equal(add("new", NULL), 0);
	assert_join_line("new", "203.0.113.10:7000", before);
	assert_int_equal(renew("new"), 0);
	assert_join_line("new", "203.0.113.10:7000", after);
	assert_string_not_equal(before, after);
	struct accounts *all = accounts_now();
	assert_null(accounts_verify(all, "new", before));
	accounts_unref(all);
	assert_int_equal(removed("new"), 0);
	assert_string_equal(said.out, "");
	all = accounts_now();
	assert_int_equal(accounts_count(all), 1);
	const struct account *a = accounts_at(all, 0);
	assert_string_equal(a->token, HASH);
	assert_string_equal(a->password, "scrypt:p");
	assert_int_equal(a->connections, 7);
	assert_int_equal(a->bandwidth, 5000000);
	assert_string_equal(a->hosts[0], "x");
	accounts_unref(all);
	struct stat st;
	assert_int_equal(stat(config->accounts, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void set_adds_and_takes_away(void **state)
{
	static const struct {
		const char *ports, *hosts, *shown;
	} steps[] = {
	    {"-8080", NULL, "ports 1024-8079/both,8080/udp,8081-65535/both "},
	    {"+51820/udp,2000-2010", NULL, "ports 1024-8079/both,8080/udp,8081-65535/both "},
	    {"+8080", NULL, "ports 1024-8079/both,8080/udp,8080,8081-65535/both "},
	    {"80,90-99", NULL, "ports 80,90-99 "},
	    {"-92-93,80/udp", NULL, "ports 80,90-91,94-99 "},
	    {"-1-65535/both", NULL, "ports none "},
	    {"+443,443/udp", NULL, "ports 443,443/udp "},
	    {NULL, "+www.example.org.,blog.alice",
	     "hosts alice.home.example.com,*.alice.home.example.com,www.example.org,"
	     "blog.alice.home.example.com\n"},
	    {NULL, "-*.alice,ALICE", "hosts www.example.org,blog.alice.home.example.com\n"},
	    {NULL, "*.bob", "hosts *.bob.home.example.com\n"},
	};
	(void)state;
	assert_int_equal(add("alice", NULL), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(set(steps[i].ports, steps[i].hosts, NULL, NULL), 0);
		if (!strstr(said.out, steps[i].shown))
			fail_msg("step %zu shows %s", i, said.out);
	}
	assert_int_equal(set(NULL, NULL, "10", "20M"), 0);
	assert_non_null(strstr(said.out, "connections 10  bandwidth 20000000\n"));
	assert_int_equal(set(NULL, NULL, "none", "none"), 0);
	assert_null(strstr(said.out, "connections"));
}

static void set_refuses_what_is_wrong_and_changes_nothing(void **state)
{
	static const struct {
		const char *ports, *hosts, *connections, *bandwidth, *why;
	} wrong[] = {
	    {NULL, NULL, NULL, NULL, "nothing to change"},
	    {"+70000", NULL, NULL, NULL, "\"70000\" is not a port"},
	    {"+", NULL, NULL, NULL, "\"\" is not a port"},
	    {NULL, "-foo", NULL, NULL, "alice has no host foo"},
	    {NULL, "+a b", NULL, NULL, "\"a b\" is not a host name"},
	    {NULL, NULL, "0", NULL, "--connections: \"0\""},
	    {NULL, NULL, NULL, "fast", "--bandwidth: \"fast\""},
	    {"+80", NULL, NULL, "fast", "--bandwidth: \"fast\""},
	};
	(void)state;
	assert_int_equal(add("alice", NULL), 0);
	char *before = mem_strdup(tempdir_read("accounts.json"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
		    set(wrong[i].ports, wrong[i].hosts, wrong[i].connections, wrong[i].bandwidth),
		    2);
		if (!strstr(said.err, wrong[i].why))
			fail_msg("wrong %zu says %s", i, said.err);
		assert_string_equal(tempdir_read("accounts.json"), before);
	}
	mem_free(before);
	assert_int_equal(set("80", NULL, NULL, NULL), 0);
	assert_non_null(strstr(said.err, "these ports are tcp only"));
}

static void names_of_the_relays_own_are_not_given(void **state)
{
	(void)state;
	configure(
	    "\"addresses\": [\"203.0.113.10\"], \"host\": \"relay.home.example.com\", \"dns\": "
	    "[{\"kind\": \"serve\", \"records\": [{\"name\": \"www\", \"type\": \"A\", \"value\": "
	    "\"203.0.113.9\"}, {\"name\": \"post\", \"type\": \"MX\", \"value\": \"10 post\"}]}]");
	static const char *const own[] = {"relay", "ns1", "Www", "_acme-challenge"};
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		assert_int_equal(add(own[i], NULL), EXIT_USAGE);
		assert_non_null(strstr(said.err, "cannot be"));
	}
	assert_string_equal(said.out, "");
	assert_int_equal(add("post", NULL), 0);
	assert_int_equal(add("alice", NULL), 0);
	assert_int_equal(set(NULL, "+blog.alice,relay", NULL, NULL), EXIT_USAGE);
	assert_non_null(strstr(said.err, "relay.home.example.com. is a name of the relay's own"));
	assert_int_equal(set(NULL, "home.example.com.", NULL, NULL), EXIT_USAGE);
	assert_int_equal(set(NULL, "+10.113.0.203.in-addr.arpa.", NULL, NULL), EXIT_USAGE);
	assert_int_equal(set(NULL, "+_acme-challenge.alice", NULL, NULL), EXIT_USAGE);
	/* Another account's is the operator's to give. */
	assert_int_equal(set(NULL, "+shop.post", NULL, NULL), 0);
	assert_non_null(strstr(said.err, "is account post's"));
}

static void what_cannot_be_done(void **state)
{
	(void)state;
	assert_int_equal(removed("alice"), EXIT_WORK);
	assert_int_equal(renew("alice"), EXIT_WORK);
	assert_int_equal(add("a_b", NULL), EXIT_USAGE);
	assert_int_equal(add("a", "80-70"), EXIT_USAGE);
	assert_int_equal(add("a", "80,,81,90-80"), EXIT_USAGE);
	assert_string_equal(
	    said.err,
	    "test: --ports: \"\" is not a port or range such as 8000-8999, 51820/udp or 53/both\n"
	    "test: --ports: \"90-80\" is not a port or range such as 8000-8999, 51820/udp or "
	    "53/both\n");
	assert_int_equal(add("a", ""), EXIT_USAGE);
	assert_int_equal(access(config->accounts, F_OK), -1);
	assert_int_equal(add("alice", NULL), 0);
	assert_int_equal(add("Alice", NULL), EXIT_WORK);
	assert_string_equal(said.out, "");
	assert_int_equal(removed("bob"), EXIT_WORK);
	assert_string_equal(said.err, "test: no account is called \"bob\"\n");
	assert_int_equal(renew("bob"), EXIT_WORK);
	assert_string_equal(said.out, "");
	unlink(config->certificate);
	const char *before = mem_strdup(tempdir_read("accounts.json"));
	assert_int_equal(add("carl", NULL), EXIT_WORK);
	assert_int_equal(renew("alice"), EXIT_WORK);
	assert_string_equal(tempdir_read("accounts.json"), before);
	mem_free((char *)(uintptr_t)before);
}

static void a_mark_before_the_text_is_no_error(void **state)
{
	(void)state;
	tempdir_write("accounts.json",
		      "\xef\xbb\xbf[{\"name\": \"old\", \"token\": \"" HASH "\"}]");
	assert_int_equal(add("new", NULL), 0);
	struct accounts *all = accounts_now();
	assert_int_equal(accounts_count(all), 2);
	accounts_unref(all);
}

static void a_file_with_errors_is_not_touched(void **state)
{
	(void)state;
	static const char *const broken[] = {"[{\"name\": \"a\"}]", "[{]", "{}", ""};
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		tempdir_write("accounts.json", broken[i]);
		assert_int_equal(add("b", NULL), EXIT_USAGE);
		assert_string_equal(said.out, "");
		assert_non_null(strstr(said.err, "test: accounts.json: "));
		assert_int_equal(removed("a"), EXIT_USAGE);
		assert_int_equal(renew("a"), EXIT_USAGE);
		assert_string_equal(tempdir_read("accounts.json"), broken[i]);
	}
}

static void a_running_relay_is_told(void **state)
{
	(void)state;
	struct fake_control relay;
	char token[64];
	fake_control_start(&relay, config->control, "{\"ok\": true}");
	assert_int_equal(add("alice", NULL), 0);
	assert_join_line("alice", "203.0.113.10:7000", token);
	assert_string_equal(said.err, "test: the running relay has taken it up\n");
	fake_control_stop(&relay);
	char *asked = mem_printf("{\"do\":\"accounts\",\"file\":\"%s\"}\n", config->accounts);
	assert_string_equal(relay.asked, asked);
	mem_free(asked);
	/* The socket is left behind, and nobody listens. */
	assert_int_equal(renew("alice"), 0);
	assert_string_equal(said.err, NOBODY);
	unlink(config->control);
	fake_control_start(&relay, config->control,
			   "{\"ok\": false, \"error\": \"accounts.json: permission denied\"}");
	assert_int_equal(renew("alice"), EXIT_WORK);
	assert_join_line("alice", "203.0.113.10:7000", token);
	assert_string_equal(
	    said.err,
	    "test: the running relay did not take it up: accounts.json: permission denied\n");
	assert_int_equal(removed("alice"), EXIT_WORK);
	fake_control_stop(&relay);
	unlink(config->control);
	fake_control_start(&relay, config->control, "nonsense");
	assert_int_equal(add("bob", NULL), 0);
	assert_non_null(strstr(said.err, "test: written, but "));
	fake_control_stop(&relay);
}

static void adding_at_once_loses_nothing(void **state)
{
	(void)state;
	enum { WRITERS = 16 };
	capture_start(&said);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0) {
			char name[16];
			snprintf(name, sizeof(name), "u%d", i);
			_exit(account_command_add(config, name, NULL));
		}
	int failed = 0, status;
	while (wait(&status) > 0)
		failed += status != 0;
	capture_end(&said);
	assert_int_equal(failed, 0);
	struct accounts *all = accounts_now();
	assert_int_equal(accounts_count(all), WRITERS);
	accounts_unref(all);
}

static int nothing(struct accounts_file *f, void *arg)
{
	assert_int_equal(accounts_file_place(f, "old", strcmp), 0);
	(void)arg;
	return 0;
}

/* An editor may replace it between two readings, and the accounts would be told apart by the places
 * that they had before. A pipe has its bytes once, and a second reading would wait for ever. */
static void an_edit_reads_the_file_once(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(config->accounts, 0600), 0);
	pid_t writer = fork();
	if (!writer) {
		tempdir_write("accounts.json", "[{\"name\": \"old\", \"token\": \"" HASH "\"}]");
		_exit(0);
	}
	alarm(60);
	assert_int_equal(accounts_file_edit(config, false, nothing, NULL), 0);
	alarm(0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	struct accounts *all = accounts_now();
	assert_int_equal(accounts_count(all), 1);
	accounts_unref(all);
}

static void a_list_for_people(void **state)
{
	(void)state;
	capture_start(&said);
	assert_int_equal(account_command_list(config), EXIT_WORK);
	capture_end(&said);
	add("alice", "80,53/udp");
	capture_start(&said);
	assert_int_equal(account_command_list(config), 0);
	capture_end(&said);
	assert_non_null(strstr(said.out, "alice "));
	assert_non_null(strstr(said.out, " 53/udp,80 "));
	assert_non_null(strstr(said.out, "alice.home.example.com,*.alice.home.example.com\n"));
	assert_null(strstr(said.out, "sha256"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_first_account_makes_the_file),
	    TEST(a_file_that_would_be_too_large_stays),
	    TEST(where_an_agent_finds_us),
	    TEST(ports_are_kept_as_given),
	    TEST(an_edit_keeps_the_rest),
	    TEST(set_adds_and_takes_away),
	    TEST(set_refuses_what_is_wrong_and_changes_nothing),
	    TEST(names_of_the_relays_own_are_not_given),
	    TEST(what_cannot_be_done),
	    TEST(a_mark_before_the_text_is_no_error),
	    TEST(a_file_with_errors_is_not_touched),
	    TEST(a_running_relay_is_told),
	    TEST(adding_at_once_loses_nothing),
	    TEST(an_edit_reads_the_file_once),
	    TEST(a_list_for_people),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
