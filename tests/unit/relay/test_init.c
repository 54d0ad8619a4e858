#define _GNU_SOURCE /* nftw */
#include "relay/init.h"

#include "relay/accounts/accounts.h"
#include "relay/config.h"
#include "shared/base/log.h"
#include "shared/net/tls_context.h"

#include "tests/unit/capture.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static const struct cli_option domain = {"domain", 0, "D", "", false},
			       address = {"address", 0, "A", "", false},
			       host = {"host", 0, "H", "", false},
			       dir = {"dir", 0, "DIR", "", false},
			       config = {"config", 'c', "FILE", "", false};

static struct capture said;
static struct cli_line line;

static void give(const struct cli_option *option, const char *value)
{
	line.values[line.value_count].option = option;
	line.values[line.value_count++].value = value;
}

static int init(const char *config_file)
{
	capture_start(&said);
	int exit_code = init_files(&line, config_file);
	capture_end(&said);
	line.value_count = 0;
	return exit_code;
}

static unsigned mode_of(const char *name)
{
	struct stat st;
	assert_int_equal(stat(tempdir_path(name), &st), 0);
	return st.st_mode & 0777;
}

static void the_files_are_in_order(void **state)
{
	(void)state;
	struct relay_config *c;
	struct accounts *all;
	char text[ADDR_TEXT], *errors, *why = NULL;
	umask(077);
	give(&domain, "Home.example.com");
	give(&address, "203.0.113.10");
	give(&address, "2001:db8::10");
	give(&address, "203.0.113.10");
	give(&host, "relay.example.com");
	give(&dir, tempdir_path("new/er"));
	assert_int_equal(init("/nowhere/relay.json"), 0);
	assert_int_equal(mode_of("new/er"), 0700);
	assert_int_equal(mode_of("new/er/relay.key"), 0600);
	assert_int_equal(mode_of("new/er/accounts.json"), 0600);
	assert_int_equal(mode_of("new/er/relay.crt"), 0644);
	assert_int_equal(mode_of("new/er/relay.json"), 0644);
	assert_int_equal(relay_config_load(tempdir_path("new/er/relay.json"), &c), 0);
	assert_string_equal(c->domain, "home.example.com");
	assert_string_equal(c->host, "relay.example.com");
	assert_int_equal(c->address_count, 2);
	assert_string_equal(addr_ip_text(&c->addresses[1], text), "2001:db8::10");
	assert_int_equal(
	    accounts_load(c->accounts, c->domain, c->reserved_names, false, &all, &errors), 0);
	assert_int_equal(accounts_count(all), 0);
	struct tls_context *t = tls_context_server_new(c->certificate, c->private_key,
						       TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	assert_non_null(t);
	tls_context_unref(t);
	accounts_unref(all);
	relay_config_unref(c);
}

static void what_is_left_to_paste(void **state)
{
	(void)state;
	give(&domain, "home.example.com");
	give(&address, "203.0.113.10");
	give(&address, "2001:db8::10");
	give(&dir, tempdir);
	assert_int_equal(init("/nowhere/relay.json"), 0);
	static const char *const lines[] = {
	    "(a) At the DNS provider of example.com,",
	    "\n    home NS ns1.home.example.com.\n",
	    "\n    ns1.home A 203.0.113.10\n",
	    "\n    ns1.home AAAA 2001:db8::10\n",
	    "(b)",
	    "\n    home A 203.0.113.10\n",
	    "\n    *.home A 203.0.113.10\n",
	    "\n    *.home AAAA 2001:db8::10\n",
	    "(c)",
	    "\n    ufw allow 7000/tcp\n",
	    "\n    nft add rule inet filter input tcp dport 7000 accept\n",
	    "(d)",
	    "groundnut-relay account add alice -c ",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (!strstr(said.out, lines[i]))
			fail_msg("missing: %s", lines[i]);
	assert_non_null(strstr(said.err, "test: warning: 203.0.113.10 is not a public address"));
}

static void a_domain_that_is_a_zone(void **state)
{
	(void)state;
	give(&domain, "example.com");
	give(&address, "8.8.8.8");
	give(&config, "given");
	assert_int_equal(init(tempdir_path("r.json")), 0);
	assert_non_null(strstr(said.out, "\n    @ NS ns1.example.com.\n    ns1 A 8.8.8.8\n"));
	assert_non_null(strstr(said.out, "\n    @ A 8.8.8.8\n    * A 8.8.8.8\n"));
	assert_int_equal(access(tempdir_path("r.json"), R_OK), 0);
}

/* What holds a whole web site and its mail is warned of; a name below it is not. */
static void a_domain_that_is_in_use(void **state)
{
	(void)state;
	static const struct {
		const char *domain, *label; /* as the provider's form wants it */
	} rows[] = {{"example.com", "@"},
		    {"example.co.uk", "@"},
		    {"example.com.cn", "@"},
		    {"home.example.com", "home"},
		    {"home.example.co.uk", "home"},
		    {"home.co.example", "home"},
		    {"home", "@"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char record[64], file[32], warning[400] = "";
		snprintf(file, sizeof(file), "%zu/r.json", i);
		give(&domain, rows[i].domain);
		give(&address, "8.8.8.8");
		assert_int_equal(init(tempdir_path(file)), 0);
		snprintf(record, sizeof(record), "\n    %s A 8.8.8.8\n", rows[i].label);
		assert_non_null(strstr(said.out, record));
		if (rows[i].label[0] == '@' && strchr(rows[i].domain, '.'))
			snprintf(
			    warning, sizeof(warning),
			    "test: warning: %s seems to be a whole domain: `@ A` replaces the "
			    "web site that is there, and `@ NS` takes all its names, mail too; "
			    "a name below it replaces nothing: --domain home.%s\n",
			    rows[i].domain, rows[i].domain);
		assert_string_equal(said.err, warning);
	}
}

static void ports_say_what_they_are_for(void **state)
{
	(void)state;
	give(&domain, "home.example.com");
	give(&address, "8.8.8.8");
	assert_int_equal(init(tempdir_path("r.json")), 0);
	assert_non_null(
	    strstr(said.out, "    7000/tcp  needed: here the agents at home connect\n"));
	assert_non_null(
	    strstr(said.out, "      80/tcp  only for web sites by name (http mappings)\n"));
	assert_non_null(strstr(said.out, "      53/udp  only for (a), this relay as DNS server\n"));
}

static void commands_are_ready_to_paste(void **state)
{
	(void)state;
	give(&domain, "example.com");
	give(&address, "8.8.8.8");
	give(&config, "given");
	assert_int_equal(init(tempdir_path("its files.json")), 0);
	char command[512];
	snprintf(command, sizeof(command), "\n    groundnut-relay run -c '%s'\n",
		 tempdir_path("its files.json"));
	assert_non_null(strstr(said.out, command));
}

static void nothing_is_overwritten(void **state)
{
	(void)state;
	static const char *const files[] = {"relay.json", "accounts.json", "relay.crt",
					    "relay.key"};
	for (size_t i = 0; i < 4; i++) {
		tempdir_write(files[i], "mine");
		give(&domain, "home.example.com");
		give(&address, "8.8.8.8");
		give(&dir, tempdir);
		assert_int_equal(init("/nowhere/relay.json"), EXIT_WORK);
		assert_non_null(strstr(said.err, files[i]));
		assert_string_equal(said.out, "");
		assert_string_equal(tempdir_read(files[i]), "mine");
		for (size_t k = 0; k < 4; k++)
			assert_int_equal(access(tempdir_path(files[k]), F_OK), k == i ? 0 : -1);
		unlink(tempdir_path(files[i]));
	}
}

static void wrong_words(void **state)
{
	(void)state;
	give(&dir, tempdir);
	assert_int_equal(init("/nowhere/relay.json"), EXIT_USAGE);
	assert_non_null(strstr(said.err, "test: init needs --domain"));
	assert_non_null(strstr(said.err, "test: init needs --address"));
	give(&domain, "192.0.2.1");
	give(&address, "192.0.2.1:80");
	give(&address, "192.0.2.300");
	give(&address, "fe80::1%lo");
	give(&host, "a b");
	give(&dir, tempdir);
	assert_int_equal(init("/nowhere/relay.json"), EXIT_USAGE);
	assert_string_equal(
	    said.err, "test: --domain: \"192.0.2.1\" is not a domain name\n"
		      "test: --host: \"a b\" is neither a host name nor an address\n"
		      "test: --address: \"192.0.2.1:80\" has a port, where an address alone is "
		      "wanted\n"
		      "test: --address: \"192.0.2.300\" is no address: that is four numbers "
		      "from 0 to 255, as in 203.0.113.10\n"
		      "test: --address: \"fe80::1%lo\" has a zone, which means something on "
		      "this machine only\n");
	give(&dir, tempdir);
	give(&config, "x");
	assert_int_equal(init("x"), EXIT_USAGE);
	assert_int_equal(access(tempdir_path("relay.key"), F_OK), -1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_files_are_in_order),  TEST(what_is_left_to_paste),
	    TEST(a_domain_that_is_a_zone), TEST(commands_are_ready_to_paste),
	    TEST(a_domain_that_is_in_use), TEST(ports_say_what_they_are_for),
	    TEST(nothing_is_overwritten),  TEST(wrong_words),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
