/* The block `dns`: what is right is read, what is wrong is said with its place. */
#define _GNU_SOURCE /* nftw */
#include "relay/names/publishers.h"

#include "shared/base/mem.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char file[128];

static int setup(void **state)
{
	assert_int_equal(tempdir_make(state), 0);
	snprintf(file, sizeof(file), "%s/relay.json", tempdir);
	tempdir_write("secret", "c2VjcmV0\nsecond line\n");
	return 0;
}

static struct conf *read_dns(const char *json, struct publishers_config *out, bool *ok)
{
	char *text = mem_printf("{\"dns\":%s}", json);
	struct conf *c = conf_parse("relay.json", text, strlen(text), false);
	mem_free(text);
	const struct publisher_place place = {.file = file, .domain = "home.test"};
	*ok = publishers_config_read(conf_list(conf_root(c), "dns"), &place, out);
	return c;
}

static void all_kinds(void **state)
{
	(void)state;
	struct publishers_config l;
	bool ok;
	struct conf *c = read_dns(
	    "[{\"kind\":\"serve\",\"nameservers\":[\"ns1.home.test\",\"ns2\",\"ns.example.com.\"],"
	    "\"listen\":[\"127.0.0.1:5353\",\"::1\"],"
	    "\"records\":[{\"name\":\"alice\",\"type\":\"MX\",\"value\":\"10 "
	    "mail.alice\",\"ttl\":60},{\"name\":\"@\",\"type\":\"TXT\",\"value\":\"hello\"}]},"
	    "{\"kind\":\"rfc2136\",\"server\":\"127.0.0.1\",\"zone\":\"Home.Test\",\"key_name\":"
	    "\"relay-key\",\"key_file\":\"secret\"},"
	    "{\"kind\":\"rfc2136\",\"server\":\"ns.lan:5353\",\"key_name\":\"k\",\"key\":"
	    "\"c2VjcmV0\",\"algorithm\":\"hmac-sha512\"},"
	    "{\"kind\":\"dyndns2\",\"url\":\"https://members.example.com/nic/"
	    "update\",\"username\":\"me\",\"password_file\":\"secret\",\"hosts\":[\"alice\"]},"
	    "{\"kind\":\"cloudflare\",\"zone\":\"home.test\",\"token_file\":\"secret\"},"
	    "{\"kind\":\"alidns\",\"zone\":\"home.test\",\"key_id\":\"k\",\"key_secret_file\":"
	    "\"secret\",\"ttl\":600},"
	    "{\"kind\":\"dnspod\",\"zone\":\"home.test\",\"key_id\":\"k\",\"key_secret_file\":"
	    "\"secret\",\"api\":\"http://127.0.0.1:99/\"}]",
	    &l, &ok);
	if (!ok)
		fail_msg("%s", conf_error_text(c, 0));
	assert_int_equal(l.count, 7);
	const struct zone_config *s = publishers_config_dns_server(&l);
	assert_string_equal(s->nameservers[1], "ns2.home.test");
	assert_string_equal(s->nameservers[2], "ns.example.com");
	assert_int_equal(s->listen[1].port, 53);
	assert_string_equal(s->records[0].name, "alice.home.test");
	assert_string_equal(s->records[1].name, "home.test");
	static const char *const ids[] = {
	    NULL,
	    "rfc2136 home.test 127.0.0.1:53",
	    "rfc2136 home.test ns.lan:5353",
	    "dyndns2 https://members.example.com/nic/update me",
	    "cloudflare home.test https://api.cloudflare.com/client/v4",
	    "alidns home.test https://alidns.aliyuncs.com",
	    "dnspod home.test http://127.0.0.1:99"};
	static const bool serves_bob[] = {false, true, true, false, true, true, true};
	for (size_t i = 1; i < 7; i++) {
		const struct publisher_config *one = &l.items[i];
		char *id = one->kind->id(one->settings);
		assert_string_equal(id, ids[i]);
		mem_free(id);
		assert_true(one->kind->serves(one->settings, "alice.home.test"));
		assert_int_equal(one->kind->serves(one->settings, "bob.home.test"), serves_bob[i]);
		assert_false(one->kind->serves(one->settings, "alice.example"));
	}
	publishers_config_fini(&l);
	conf_free(c);
	c = read_dns("[{\"kind\":\"serve\"}]", &l, &ok);
	assert_true(ok);
	assert_string_equal(publishers_config_dns_server(&l)->nameservers[0], "ns1.home.test");
	publishers_config_fini(&l);
	conf_free(c);
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	static const struct {
		const char *json, *want;
	} table[] = {
	    {"[{\"kind\":\"server\"}]",
	     "relay.json: dns[0].kind: \"server\" is not one of serve, "
	     "rfc2136, dyndns2, cloudflare, alidns, dnspod; did you mean \"serve\"?"},
	    {"[{\"kind\":\"serve\",\"nameserver\":[]}]",
	     "relay.json: dns[0].nameserver: unknown key; did you mean \"nameservers\"?"},
	    {"[{\"kind\":\"serve\"},{\"kind\":\"serve\"}]",
	     "relay.json: dns[1].kind: \"serve\" can stand here only once"},
	    {"[{\"kind\":\"serve\",\"listen\":[\"here\"]}]",
	     "relay.json: dns[0].listen[0]: \"here\" is no address with a port"},
	    {"[{\"kind\":\"serve\",\"listen\":[\"[::]:0\"]}]",
	     "relay.json: dns[0].listen[0]: \"[::]:0\" is no address with a port"},
	    {"[{\"kind\":\"serve\",\"records\":[{\"name\":\"a\",\"type\":\"A\",\"value\":\"1.2.3\"}"
	     "]}]",
	     "relay.json: dns[0].records[0].value: \"1.2.3\" is no A record"},
	    {"[{\"kind\":\"serve\",\"records\":[{\"name\":\"a\",\"type\":\"NS\",\"value\":\"x\"}]}"
	     "]",
	     "relay.json: dns[0].records[0].type: \"NS\" is not one of"},
	    {"[{\"kind\":\"serve\",\"records\":[{\"name\":\"a.example.\",\"type\":\"A\",\"value\":"
	     "\"1.2.3.4\"}]}]",
	     "relay.json: dns[0].records[0].name: \"a.example.\" is not below"},
	    {"[{\"kind\":\"serve\",\"records\":[{\"name\":\"a\",\"type\":\"A\",\"value\":\"1.2.3."
	     "4\"},{\"name\":\"a\",\"type\":\"CNAME\",\"value\":\"b\"}]}]",
	     "relay.json: dns[0].records: \"a.home.test\" has a CNAME and another record"},
	    {"[{\"kind\":\"serve\",\"records\":[{\"name\":\"@\",\"type\":\"CNAME\",\"value\":\"b\"}"
	     "]}]",
	     "relay.json: dns[0].records: \"home.test\" cannot be a CNAME: it is the domain or one "
	     "of its name servers"},
	    {"[{\"kind\":\"serve\",\"records\":[{\"name\":\"ns1\",\"type\":\"CNAME\",\"value\":"
	     "\"b\"}]}]",
	     "relay.json: dns[0].records: \"ns1.home.test\" cannot be a CNAME: it is the domain or "
	     "one of its name servers"},
	    {"[{\"kind\":\"rfc2136\",\"server\":\"a b\",\"key_name\":\"k\",\"key\":\"c2VjcmV0\"}]",
	     "relay.json: dns[0].server: \"a b\""},
	    {"[{\"kind\":\"rfc2136\",\"server\":\"1.2.3.4\",\"key_name\":\"k\",\"key\":\"***\"}]",
	     "relay.json: dns[0].key: is no base64"},
	    {"[{\"kind\":\"rfc2136\",\"server\":\"1.2.3.4\",\"key_name\":\"k\",\"key\":"
	     "\"c2VjcmV0\",\"algorithm\":\"md4\"}]",
	     "relay.json: dns[0].algorithm: \"md4\""},
	    {"[{\"kind\":\"dyndns2\",\"url\":\"members\",\"username\":\"u\",\"password_file\":"
	     "\"secret\"}]",
	     "relay.json: dns[0].url: \"members\" is no address"},
	    {"[{\"kind\":\"dyndns2\",\"url\":\"https://"
	     "m\",\"username\":\"u\",\"password_file\":\"nothing\"}]",
	     "relay.json: dns[0].password_file: \"nothing\" cannot be read"},
	    {"[{\"kind\":\"cloudflare\",\"zone\":\"home.test\"}]", "relay.json: dns[0].token_file"},
	    {"[{\"kind\":\"alidns\",\"zone\":\"home.test\",\"key_secret_file\":\"secret\"}]",
	     "relay.json: dns[0].key_id: missing"},
	    {"[{\"kind\":\"dnspod\",\"zone\":\"home.test\",\"key_id\":\"a/b\",\"key_secret_file\":"
	     "\"secret\"}]",
	     "relay.json: dns[0].key_id: \"a/b\" is no key's id"},
	    {"[{\"kind\":\"dnspod\",\"zone\":\"home.test\",\"key_id\":\"k\",\"token_file\":"
	     "\"secret\","
	     "\"key_secret_file\":\"secret\"}]",
	     "relay.json: dns[0].token_file: unknown key"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct publishers_config l;
		bool ok;
		struct conf *c = read_dns(table[i].json, &l, &ok);
		if (ok || conf_errors(c) != 1)
			fail_msg("%s: %zu errors", table[i].json, conf_errors(c));
		if (strncmp(conf_error_text(c, 0), table[i].want, strlen(table[i].want)) != 0)
			fail_msg("%s, not %s", conf_error_text(c, 0), table[i].want);
		conf_free(c);
	}
}

static void errors_elsewhere_hide_none_here(void **state)
{
	(void)state;
	static const char wrong[] = "{\"dns\":[{}]}";
	struct conf *c = conf_parse("relay.json", wrong, strlen(wrong), false);
	struct publishers_config l;
	const struct publisher_place place = {.file = file, .domain = "home.test"};
	for (unsigned i = 0; i < 2000; i++)
		conf_error(conf_root(c), "domain", "wrong in way %u", i);
	assert_false(publishers_config_read(conf_list(conf_root(c), "dns"), &place, &l));
	assert_int_equal(l.count, 0);
	conf_free(c);
}

static void every_alias_that_cannot_be_is_told(void **state)
{
	(void)state;
#define RECORD(name, type, value)                                                                  \
	"{\"name\":\"" name "\",\"type\":\"" type "\",\"value\":\"" value "\"},"
	struct publishers_config l;
	bool ok;
	struct conf *c = read_dns("[{\"kind\":\"serve\",\"records\":[" RECORD("@", "CNAME", "b")
				      RECORD("a", "A", "1.2.3.4") RECORD("a", "CNAME", "b")
					  RECORD("a", "TXT", "x") RECORD("c", "CNAME", "b")
					      RECORD("c", "CNAME", "d") RECORD("d", "CNAME", "b")
						  RECORD("ns1", "CNAME", "b") "{}]}]",
				  &l, &ok);
	assert_false(ok);
	static const char *const says[] = {
	    "\"home.test\" cannot be a CNAME", "\"ns1.home.test\" cannot be a CNAME",
	    "\"a.home.test\" has a CNAME and", "\"c.home.test\" has a CNAME and"};
	for (size_t i = 0; i < 4; i++)
		if (!strstr(conf_error_text(c, i), says[i]))
			fail_msg("%s, not %s", conf_error_text(c, i), says[i]);
	assert_int_equal(conf_errors(c), 4 + 3); /* those of {} */
	conf_free(c);
}

/* "hostmaster." and "ns1." stand before it in its zone. */
static void a_domain_leaves_room_for_its_zone(void **state)
{
	(void)state;
	static const char json[] = "{\"dns\":[{\"kind\":\"serve\"}]}";
	for (size_t len = 242; len <= 243; len++) {
		char domain[256];
		for (size_t i = 0; i < len; i++)
			domain[i] = i % 50 == 49 ? '.' : 'x';
		domain[len] = 0;
		const struct publisher_place place = {.file = file, .domain = domain};
		struct publishers_config l;
		struct conf *c = conf_parse("relay.json", json, strlen(json), false);
		bool ok = publishers_config_read(conf_list(conf_root(c), "dns"), &place, &l);
		assert_int_equal(ok, len == 242);
		if (ok)
			zone_free(zone_config_zone(publishers_config_dns_server(&l), domain));
		else
			assert_non_null(strstr(conf_error_text(c, 0),
					       "dns[0]: the domain has 243 bytes, a zone's has at "
					       "most 242"));
		publishers_config_fini(&l);
		conf_free(c);
	}
}

static void a_path_leaves_room_for_the_name(void **state)
{
	(void)state;
	for (size_t len = 600; len <= 601; len++) {
		char path[602] = "/";
		struct publishers_config l;
		bool ok;
		memset(path + 1, 'x', len - 1);
		path[len] = 0;
		char *json = mem_printf("[{\"kind\":\"dyndns2\",\"url\":\"https://m%s\","
					"\"username\":\"u\",\"password_file\":\"secret\"}]",
					path);
		struct conf *c = read_dns(json, &l, &ok);
		assert_int_equal(ok, len == 600);
		if (!ok)
			assert_string_equal(
			    conf_error_text(c, 0),
			    "relay.json: dns[0].url: has a path of 601 bytes, at most 600 may be");
		publishers_config_fini(&l);
		conf_free(c);
		mem_free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(all_kinds, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_is_wrong_is_said, setup, tempdir_remove),
	    cmocka_unit_test(errors_elsewhere_hide_none_here),
	    cmocka_unit_test(every_alias_that_cannot_be_is_told),
	    cmocka_unit_test(a_domain_leaves_room_for_its_zone),
	    cmocka_unit_test_setup_teardown(a_path_leaves_room_for_the_name, setup, tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
