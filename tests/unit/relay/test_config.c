#define _GNU_SOURCE /* nftw */
#include "relay/config.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include "tests/unit/capture.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <uv.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static struct capture said;

static int load(const char *text, struct relay_config **out)
{
	tempdir_write("relay.json", text);
	capture_start(&said);
	int err = relay_config_load(tempdir_path("relay.json"), out);
	capture_end(&said);
	return err;
}

static void domain_is_enough(void **state)
{
	(void)state;
	struct relay_config *c;
	assert_int_equal(load("{\"domain\": \"Home.Example.COM.\"}", &c), 0);
	assert_string_equal(c->domain, "home.example.com");
	assert_null(c->host);
	assert_int_equal(c->listen_count, 1);
	assert_int_equal(c->listen[0].port, 7000);
	assert_true(addr_is_any(&c->listen[0]));
	assert_int_equal(c->listen[0].family, 6);
	assert_int_equal(c->bind_count, 1);
	assert_true(addr_is_any(&c->bind[0]));
	assert_string_equal(c->certificate, tempdir_path("relay.crt"));
	assert_string_equal(c->private_key, tempdir_path("relay.key"));
	assert_string_equal(c->accounts, tempdir_path("accounts.json"));
	assert_int_equal(c->grace_s, 120);
	assert_null(c->congestion);
	assert_int_equal(c->egress, 0);
	assert_int_equal(c->threads, 0);
	assert_int_equal(c->limits.connections_per_account, 4096);
	assert_int_equal(c->limits.agents_per_account, 1024);
	assert_int_equal(c->limits.mappings_per_account, 4096);
	assert_int_equal(c->limits.ports_per_account, 32768);
	assert_int_equal(c->limits.failed_handshakes_per_second_per_address, 5);
	assert_int_equal(c->limits.head_s, 10);
	assert_int_equal(c->limits.unfinished_heads_per_source, 200);
	assert_int_equal(c->limits.slow_visitors_per_source, 100);
	assert_int_equal(c->limits.stall_s, 120);
	assert_int_equal(c->limits.session_memory_mib, 16);
	assert_int_equal(c->limits.memory_mib, 256);
	for (size_t i = 0; i < c->address_count; i++)
		assert_false(addr_is_loopback(&c->addresses[i]));
	relay_config_unref(c);
}

static void every_key_arrives(void **state)
{
	(void)state;
	struct relay_config *c;
	char text[ADDR_TEXT];
	assert_int_equal(
	    load(
		"{\"domain\": \"h.example\", \"host\": \"Relay.example\", \"addresses\": "
		"[\"203.0.113.10\", \"2001:db8::10\"],"
		"\"listen\": [\"127.0.0.1:7001\", \"[::1]:7002\"], \"bind\": [\"127.0.0.2\"],"
		"\"certificate\": \"pki/r.crt\", \"private_key\": \"/abs/r.key\", \"accounts\": "
		"\"a.json\","
		"\"state\": \"r.db\", \"control\": \"r.sock\", \"grace_s\": 3, \"threads\": 2,"
		"\"limits\": {\"connections_per_account\": 7, \"agents_per_account\": 13, "
		"\"mappings_per_account\": 14, \"ports_per_account\": 15, "
		"\"failed_handshakes_per_second_per_address\": 8,"
		"\"head_s\": 9, \"unfinished_heads_per_source\": 10, \"slow_visitors_per_source\": "
		"11, \"stall_s\": 12, \"session_memory_mib\": 2, \"memory_mib\": 4}}",
		&c),
	    0);
	assert_string_equal(said.err, "");
	assert_string_equal(c->host, "relay.example");
	assert_int_equal(c->address_count, 2);
	assert_string_equal(addr_ip_text(&c->addresses[1], text), "2001:db8::10");
	assert_int_equal(c->listen_count, 2);
	assert_string_equal(addr_text(&c->listen[1], text), "[::1]:7002");
	assert_string_equal(addr_ip_text(&c->bind[0], text), "127.0.0.2");
	assert_string_equal(c->certificate, tempdir_path("pki/r.crt"));
	assert_string_equal(c->private_key, "/abs/r.key");
	assert_string_equal(c->accounts, tempdir_path("a.json"));
	assert_string_equal(c->state, tempdir_path("r.db"));
	assert_string_equal(c->control, tempdir_path("r.sock"));
	assert_int_equal(c->grace_s, 3);
	assert_int_equal(c->threads, 2);
	assert_int_equal(c->limits.connections_per_account, 7);
	assert_int_equal(c->limits.agents_per_account, 13);
	assert_int_equal(c->limits.mappings_per_account, 14);
	assert_int_equal(c->limits.ports_per_account, 15);
	assert_int_equal(c->limits.failed_handshakes_per_second_per_address, 8);
	assert_int_equal(c->limits.head_s, 9);
	assert_int_equal(c->limits.unfinished_heads_per_source, 10);
	assert_int_equal(c->limits.slow_visitors_per_source, 11);
	assert_int_equal(c->limits.stall_s, 12);
	assert_int_equal(c->limits.session_memory_mib, 2);
	assert_int_equal(c->limits.memory_mib, 4);
	relay_config_unref(c);
}

#define D "{\"domain\": \"h.example\", "

static void every_error_is_a_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} table[] = {
	    {"{}", "test: relay.json: domain: missing\n"},
	    {"{\"domain\": \"a b\"}", "test: relay.json: domain: \"a b\" is not a domain name\n"},
	    {"{\"domain\": \"192.0.2.1\"}",
	     "test: relay.json: domain: \"192.0.2.1\" is not a domain name\n"},
	    {D "\"host\": \"203.0.113.300\"}",
	     "test: relay.json: host: \"203.0.113.300\" is neither a host name nor an address\n"},
	    {D "\"host\": \"::x\"}",
	     "test: relay.json: host: \"::x\" is neither a host name nor an address\n"},
	    {D "\"adresses\": []}",
	     "test: relay.json: adresses: unknown key; did you mean \"addresses\"?\n"},
	    {D "\"addresses\": []}",
	     "test: relay.json: addresses: must have 1 to 64 entries, not 0\n"},
	    {D "\"addresses\": [\"192.0.2.1:80\"]}",
	     "test: relay.json: addresses[0]: \"192.0.2.1:80\" has a port, where an address alone "
	     "is "
	     "wanted\n"},
	    {D "\"listen\": [\"192.0.2.1\"]}", "test: relay.json: listen[0]: \"192.0.2.1\" is not "
					       "an address and port such as \"[::]:7000\"\n"},
	    {D "\"listen\": [\"[::]:7000\", \"[::]:7000\"]}",
	     "test: relay.json: listen[1]: \"[::]:7000\" is given twice\n"},
	    {D "\"certificate\": \"\"}", "test: relay.json: certificate: is empty\n"},
	    {D "\"grace_s\": 0}", "test: relay.json: grace_s: must be 1 to 86400, not 0\n"},
	    {D "\"limits\": {\"session_memory_mib\": 300}}",
	     "test: relay.json: limits.session_memory_mib: a session's 300 MiB are more than the "
	     "process's memory_mib, 256\n"},
	    {D "\"limits\": {\"heads\": 1}}",
	     "test: relay.json: limits.heads: unknown key; did you mean \"head_s\"?\n"},
	    {D "\"http\": {\"listen\": []}}",
	     "test: relay.json: http.listen: must have 1 to 64 entries, not 0\n"},
	    {D "\"tls\": {\"listn\": [\"[::]:443\"]}}",
	     "test: relay.json: tls.listn: unknown key; did you mean \"listen\"?\n"},
	    {D "\"tls\": [\"[::]:443\"]}",
	     "test: relay.json: tls: must be an object, not a list\n"},
	    {"{\"dns\": [{\"kind\": \"server\"}]}",
	     "test: relay.json: domain: missing\ntest: relay.json: dns[0].kind: \"server\" is not "
	     "one of serve, rfc2136, dyndns2, "
	     "cloudflare, alidns, dnspod; did you mean \"serve\"?\n"},
	    {D "\"addresses\": [\"fe80::1%lo\"]}", "test: relay.json: addresses[0]: \"fe80::1%lo\" "
						   "has a zone, which means something on this "
						   "machine only\n"},
	    {D "\"dns\": {}}", "test: relay.json: dns: must be a list, not an object\n"},
	    {D "\"http\": {\"trusted_proxies\": [\"127.0.0.1\", \"10.0.0.1/8\", \"proxy.lan\", 7], "
	       "\"forwarded_header\": \"x-real-ip\"}}",
	     "test: relay.json: http.trusted_proxies[1]: \"10.0.0.1/8\" is not a network such as "
	     "\"127.0.0.1/32\"\n"
	     "test: relay.json: http.trusted_proxies[2]: \"proxy.lan\" is not a network such as "
	     "\"127.0.0.1/32\"\n"
	     "test: relay.json: http.trusted_proxies[3]: must be a string, not a number\n"
	     "test: relay.json: http.forwarded_header: \"x-real-ip\" is neither "
	     "\"x-forwarded-for\" "
	     "nor \"forwarded\"\n"},
	    {D "\"tls\": {\"trusted_proxies\": \"127.0.0.1\", \"forwarded_header\": \"forwarded\", "
	       "\"proxy_protocol\": 2}}",
	     "test: relay.json: tls.trusted_proxies: must be a list, not a string\n"
	     "test: relay.json: tls.forwarded_header: unknown key\n"
	     "test: relay.json: tls.proxy_protocol: must be true or false, not a number\n"},
	    {D "\"egress\": \"fast\"}",
	     "test: relay.json: egress: \"fast\" is not a number of bits a second such as "
	     "\"3M\", 64k at least\n"},
	    {D "\"egress\": \"1k\"}",
	     "test: relay.json: egress: \"1k\" is not a number of bits a second such as "
	     "\"3M\", 64k at least\n"},
	    {D "\"congestion\": \"B B R\"}",
	     "test: relay.json: congestion: \"B B R\" names no congestion "
	     "control: \"bbr\", \"system\", or another that the kernel has\n"},
	    {D "\"update\": []}", "test: relay.json: update: must be an object, not a list\n"},
	    {D "\"update\": {\"http\": [\"8245\"], \"certificate\": \"c.crt\", \"htps\": []}}",
	     "test: relay.json: update.private_key: is missing: the two go together\n"
	     "test: relay.json: update.http[0]: \"8245\" is no address with a port\n"
	     "test: relay.json: update.htps: unknown key; did you mean \"https\"?\n"},
	    {D "\"update\": {\"certificate\": \"auto\", \"private_key\": \"k\"}, \"http\": {}}",
	     "test: relay.json: update.private_key: does not go with \"certificate\": \"auto\"\n"},
	    {D "\"update\": {\"certificate\": \"auto\"}}",
	     "test: relay.json: update.certificate: \"auto\" needs \"tls\", or \"http\" and "
	     "\"update\": there a CA looks for the relay\n"},
	    {D "\"acme\": {\"directory\": \"letsencript\", \"challenge\": \"dns-01\"}}",
	     "test: relay.json: acme.directory: \"letsencript\" is neither letsencrypt, "
	     "letsencrypt-staging nor a URL\n"
	     "test: relay.json: acme.challenge: is not for a relay: it is found by its tls port, "
	     "or "
	     "else its http port\n"},
	    {D "\"admin\": {\"listen\": [\"7080\"], \"hosts\": [\"a b\"], \"private_key\": "
	       "\"k\", \"hots\": 1}}",
	     "test: relay.json: admin.certificate: is missing: the two go together\n"
	     "test: relay.json: admin.listen[0]: \"7080\" is not an address and port such as "
	     "\"[::]:7000\"\n"
	     "test: relay.json: admin.hosts[0]: \"a b\" is not a host name\n"
	     "test: relay.json: admin.hots: unknown key; did you mean \"hosts\"?\n"},
	    {"{\"grace_s\": -1, \"threads\": \"x\"}",
	     "test: relay.json: domain: missing\ntest: relay.json: grace_s: must be 1 to 86400, "
	     "not -1\n"
	     "test: relay.json: threads: must be a number, not a string\n"},
	};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct relay_config *c;
		assert_int_equal(load(table[i].text, &c), ERR_CONFIG);
		assert_null(c);
		assert_string_equal(said.err, table[i].says);
	}
}

static void more_errors_than_are_kept_are_counted(void **state)
{
	(void)state;
	struct relay_config *c;
	struct buf text = BUF_INIT;
	buf_puts(&text, D "\"dns\": [{}");
	for (unsigned i = 1; i < 1100; i++)
		buf_puts(&text, ",{}");
	buf_puts(&text, "], \"update\": {\"htp\": []}}");
	assert_int_equal(load(buf_str(&text), &c), ERR_CONFIG);
	assert_null(c);
	assert_non_null(strstr(said.err, "test: relay.json: dns[999].kind: missing\n"
					 "test: relay.json: 101 more errors\n"));
	buf_fini(&text);
}

static void a_control_path_that_fits_no_socket(void **state)
{
	(void)state;
	struct relay_config *c;
	char text[512], path[140];
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), D "\"control\": \"%s\"}", path);
	assert_int_equal(load(text, &c), ERR_CONFIG);
	assert_non_null(strstr(said.err, "relay.json: control: "));
}

static void control_is_found_in_a_wrong_file(void **state)
{
	(void)state;
	char *path;
	tempdir_write("relay.json", "{\"nonsense\": 1, \"control\": \"r.sock\"}");
	assert_int_equal(relay_config_control(tempdir_path("relay.json"), &path), 0);
	assert_string_equal(path, tempdir_path("r.sock"));
	mem_free(path);
	tempdir_write("relay.json", "{");
	assert_int_equal(relay_config_control(tempdir_path("relay.json"), &path), 0);
	assert_non_null(strstr(path, "/groundnut/relay.sock"));
	mem_free(path);
	capture_start(&said);
	assert_int_equal(relay_config_control(tempdir_path("none.json"), &path), UV_ENOENT);
	capture_end(&said);
	assert_non_null(strstr(said.err, "/none.json: no such file or directory\n"));
}

static void absent_is_not_wrong(void **state)
{
	(void)state;
	struct relay_config *c;
	capture_start(&said);
	assert_int_equal(relay_config_load(tempdir_path("none.json"), &c), UV_ENOENT);
	capture_end(&said);
	assert_null(c);
	assert_non_null(strstr(said.err, "/none.json: no such file or directory\n"));
}

static void relative_name_absolute_paths(void **state)
{
	(void)state;
	struct relay_config *c;
	char here[4096];
	tempdir_write("relay.json", "{\"domain\": \"h.example\"}");
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(tempdir), 0);
	int err = relay_config_load("relay.json", &c);
	assert_int_equal(chdir(here), 0);
	assert_int_equal(err, 0);
	assert_string_equal(c->file, tempdir_path("relay.json"));
	assert_string_equal(c->accounts, tempdir_path("accounts.json"));
	relay_config_unref(c);
}

static void defaults_of_root_and_of_others(void **state)
{
	(void)state;
	struct relay_config *c;
	setenv("XDG_CONFIG_HOME", "/xdg/config", 1);
	setenv("XDG_STATE_HOME", "relative/is/ignored", 1);
	setenv("HOME", "/home/u", 1);
	unsetenv("XDG_RUNTIME_DIR");
	char *file = relay_config_default_path();
	assert_int_equal(load("{\"domain\": \"h.example\"}", &c), 0);
	bool root = geteuid() == 0;
	assert_string_equal(file, root ? "/etc/groundnut/relay.json"
				       : "/xdg/config/groundnut/relay.json");
	assert_string_equal(c->state, root ? "/var/lib/groundnut/relay.db"
					   : "/home/u/.local/state/groundnut/relay.db");
	assert_string_equal(c->control, root ? "/run/groundnut/relay.sock"
					     : "/home/u/.local/state/groundnut/relay.sock");
	mem_free(file);
	relay_config_unref(c);
}

/* --- a reload --- */

static struct relay_config *running(void)
{
	struct relay_config *c;
	assert_int_equal(load("{\"domain\": \"h.example\", \"addresses\": [\"203.0.113.10\"],"
			      "\"state\": \"r.db\", \"control\": \"r.sock\","
			      "\"http\": {\"listen\": [\"[::]:80\"]},"
			      "\"dns\": [{\"kind\": \"serve\"}]}",
			      &c),
			 0);
	return c;
}

static int reload(const char *text, const struct relay_config *runs, struct relay_config **out,
		  char **later)
{
	tempdir_write("relay.json", text);
	capture_start(&said);
	int err = relay_config_reload(tempdir_path("relay.json"), runs, out, later);
	capture_end(&said);
	return err;
}

static void what_a_running_relay_takes_up(void **state)
{
	(void)state;
	struct relay_config *runs = running(), *c;
	char *later;
	assert_int_equal(
	    reload("{\"domain\": \"h.example\", \"addresses\": [\"203.0.113.10\"], \"state\": "
		   "\"r.db\", \"control\": \"r.sock\", \"certificate\": \"other.crt\","
		   "\"http\": {\"listen\": [\"[::]:81\", \"[::]:82\"]}, \"tls\": {},"
		   "\"update\": {\"http\": [\"[::]:8245\"], \"https\": [\"127.0.0.1:8443\"],"
		   "\"certificate\": \"c.crt\", \"private_key\": \"c.key\"}, \"limits\": "
		   "{\"head_s\": 3}}",
		   runs, &c, &later),
	    0);
	assert_null(later);
	assert_string_equal(said.err, "");
	assert_int_equal(c->http_count, 2);
	assert_int_equal(c->http[1].port, 82);
	assert_int_equal(c->tls[0].port, 443);
	assert_true(c->update.on);
	assert_int_equal(c->update.http[0].port, 8245);
	assert_int_equal(c->update.https[0].port, 8443);
	assert_string_equal(c->update.certificate.file, tempdir_path("c.crt"));
	assert_int_equal(c->dns.count, 0);
	assert_int_equal(c->limits.head_s, 3);
	assert_string_equal(c->certificate, tempdir_path("other.crt"));
	relay_config_unref(c);
	relay_config_unref(runs);
}

/* Each alone: named, and as it runs; what else the file says is taken up. */
static void what_stays_until_a_restart(void **state)
{
	(void)state;
	static const struct {
		const char *domain, *key, *value;
	} table[] = {
	    {"other.example", "domain", "\"other.example\""},
	    {"h.example", "host", "\"relay.example\""},
	    {"h.example", "addresses", "[\"203.0.113.11\"]"},
	    {"h.example", "listen", "[\"[::]:7001\"]"},
	    {"h.example", "bind", "[\"127.0.0.1\"]"},
	    {"h.example", "accounts", "\"other.json\""},
	    {"h.example", "state", "\"other.db\""},
	    {"h.example", "control", "\"other.sock\""},
	    {"h.example", "grace_s", "7"},
	    {"h.example", "threads", "7"},
	};
	struct relay_config *runs = running(), *c;
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		const char *key = table[i].key;
		char text[512], *later;
		size_t len = 0;
		len += (size_t)snprintf(text, sizeof(text),
					"{\"dns\": [{\"kind\": \"serve\"}], \"http\": {\"listen\":"
					" [\"[::]:81\"]}, \"%s\": %s",
					key, table[i].value);
		static const char *const others[][2] = {{"domain", "\"h.example\""},
							{"addresses", "[\"203.0.113.10\"]"},
							{"state", "\"r.db\""},
							{"control", "\"r.sock\""}};
		for (size_t o = 0; o < COUNT_OF(others); o++)
			if (strcmp(others[o][0], key) != 0)
				len += (size_t)snprintf(text + len, sizeof(text) - len,
							", \"%s\": %s", others[o][0], others[o][1]);
		snprintf(text + len, sizeof(text) - len, "}");
		assert_int_equal(reload(text, runs, &c, &later), 0);
		assert_string_equal(later, key);
		mem_free(later);
		assert_string_equal(c->domain, "h.example");
		assert_null(c->host);
		assert_int_equal(c->address_count, 1);
		assert_true(addr_equal(&c->addresses[0], &runs->addresses[0]));
		assert_int_equal(c->listen[0].port, 7000);
		assert_true(addr_is_any(&c->bind[0]));
		assert_string_equal(c->accounts, runs->accounts);
		assert_string_equal(c->state, runs->state);
		assert_string_equal(c->control, runs->control);
		assert_int_equal(c->grace_s, 120);
		assert_int_equal(c->threads, 0);
		assert_int_equal(c->http[0].port, 81);
		assert_string_equal(publishers_config_dns_server(&c->dns)->nameservers[0],
				    "ns1.h.example");
		relay_config_unref(c);
	}
	relay_config_unref(runs);
}

/* Right by itself, yet not below the domain that runs. */
static void a_file_that_does_not_fit_what_runs_is_refused(void **state)
{
	(void)state;
	struct relay_config *runs = running(), *c;
	char *later;
	assert_int_equal(reload("{\"domain\": \"other.example\", \"dns\": [{\"kind\": \"serve\","
				"\"records\": [{\"name\": \"www.other.example.\", \"type\": \"A\","
				"\"value\": \"192.0.2.1\"}]}]}",
				runs, &c, &later),
			 ERR_CONFIG);
	assert_null(c);
	assert_null(later);
	assert_string_equal(said.err, "test: relay.json: dns[0].records[0].name: "
				      "\"www.other.example.\" is not below \"h.example\"\n");
	assert_int_equal(reload("{\"domain\": \"h.example\", \"grace_s\": 0}", runs, &c, &later),
			 ERR_CONFIG);
	assert_null(c);
	assert_null(later);
	relay_config_unref(runs);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

/* A proxy on the same machine, and one of another network. */
static void proxies_are_trusted_by_listener(void **state)
{
	(void)state;
	struct relay_config *c;
	assert_int_equal(
	    load(
		"{\"domain\": \"home.example.com\","
		"\"http\": {\"trusted_proxies\": [\"127.0.0.1/32\", \"2001:db8::/32\"],"
		"\"forwarded_header\": \"Forwarded\"},"
		"\"tls\": {\"trusted_proxies\": [\"192.0.2.7\"], \"proxy_protocol\": true},"
		"\"update\": {\"trusted_proxies\": [], \"forwarded_header\": \"x-forwarded-for\"}}",
		&c),
	    0);
	assert_int_equal(c->http_trust.count, 2);
	assert_true(c->http_trust.by_forwarded);
	assert_false(c->http_trust.proxy_protocol);
	assert_int_equal(c->tls_trust.count, 1);
	assert_int_equal(c->tls_trust.proxies[0].bits, 32);
	assert_true(c->tls_trust.proxy_protocol);
	assert_int_equal(c->update.trust.count, 0);
	assert_false(c->update.trust.by_forwarded);
	relay_config_unref(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(proxies_are_trusted_by_listener),
	    TEST(domain_is_enough),
	    TEST(every_key_arrives),
	    TEST(every_error_is_a_line),
	    TEST(more_errors_than_are_kept_are_counted),
	    TEST(a_control_path_that_fits_no_socket),
	    TEST(control_is_found_in_a_wrong_file),
	    TEST(absent_is_not_wrong),
	    TEST(relative_name_absolute_paths),
	    TEST(defaults_of_root_and_of_others),
	    TEST(what_a_running_relay_takes_up),
	    TEST(what_stays_until_a_restart),
	    TEST(a_file_that_does_not_fit_what_runs_is_refused),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
