/* What a relay may have the agent order: certificates for the hosts of its own mappings, and not
 * ever new ones of these. */
#include "agent/certificates.h"

#include "shared/base/buf.h"
#include "shared/base/mem.h"

#include "tests/unit/agent/scratch.h"

#include <dirent.h>
#include <jansson.h>

struct desk {
	struct loop *loop;
	struct agent_config *config;
	struct certificates *all;
};

static void on_news(void *owner)
{
	(void)owner;
}

static void open_desk(struct desk *d)
{
	char *text = mem_printf(
	    "{\"relay\": \"127.0.0.1:1\", \"pin\": \"sha256:%064d\", \"account\": \"alice\", "
	    "\"token\": \"x\", \"state\": \"%s\", \"acme\": {\"directory\": "
	    "\"http://127.0.0.1:1/\"}, \"mappings\": [{\"name\": \"cloud\", \"protocol\": "
	    "\"https\", \"host\": \"cloud.alice\", \"target\": \"127.0.0.1:80\"}, {\"name\": "
	    "\"own\", "
	    "\"protocol\": \"https\", \"host\": \"own.example.org.\", \"target\": "
	    "\"127.0.0.1:80\"}, {\"name\": \"beside\", \"protocol\": \"https\", \"host\": "
	    "\"cloud.alice\", \"public_port\": 8444, \"target\": \"127.0.0.1:80\"}]}",
	    0, scratch_dir);
	d->loop = loop_new("test");
	assert_int_equal(agent_config_parse("agent.json", text, strlen(text), &d->config), 0);
	d->all = certificates_new(d->loop, NULL, on_news, d);
	certificates_set(d->all, d->config);
	mem_free(text);
}

static void close_desk(struct desk *d)
{
	certificates_free(d->all);
	agent_config_free(d->config);
	loop_stop(d->loop);
	loop_run(d->loop);
	assert_int_equal(loop_free(d->loop), 0);
}

static json_t *list_all(const struct desk *d)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '[');
	certificates_list(d->all, &w);
	json_close(&w);
	json_t *list = json_loads(buf_str(&out), 0, NULL);
	buf_fini(&out);
	return list;
}

/* Tells the host; whether a certificate is then wanted for it. */
static bool takes(struct desk *d, const char *mapping, const char *host)
{
	bool taken = false;
	certificates_told(d->all, mapping, &(struct certificates_public){.host = host});
	json_t *list = list_all(d);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *e = json_array_get(list, i);
		taken |= !strcmp(json_string_value(json_object_get(e, "name")), mapping) &&
			 !strcmp(json_string_value(json_object_get(e, "host")), host);
	}
	json_decref(list);
	return taken;
}

/* Whether something about a host is wrong. */
static bool is_told_wrong(const struct desk *d)
{
	bool wrong = false;
	json_t *list = list_all(d);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *e =
		    json_string_value(json_object_get(json_array_get(list, i), "error"));
		wrong |= e && strstr(e, "the host that the relay tells");
	}
	json_decref(list);
	return wrong;
}

static void only_hosts_of_mappings_are_taken(void **state)
{
	struct desk d;
	(void)state;
	open_desk(&d);
	assert_false(takes(&d, "cloud", "bank.example"));
	assert_false(takes(&d, "cloud", "cloud.alicex.home.example"));
	assert_false(takes(&d, "cloud", "x.cloud.alice.home.example"));
	assert_false(takes(&d, "cloud", ""));
	assert_false(takes(&d, "cloud", "cloud.alice.$(reboot)"));
	assert_false(takes(&d, "cloud", "cloud.alice.home.example\nX=1"));
	assert_false(takes(&d, "cloud", "cloud.alice.home.example:443"));
	assert_true(is_told_wrong(&d));
	assert_true(takes(&d, "cloud", "cloud.alice.home.example"));
	assert_false(takes(&d, "own", "own.example.org.home.example"));
	assert_false(takes(&d, "own", "other.example.org"));
	assert_true(takes(&d, "own", "own.example.org"));
	assert_false(is_told_wrong(&d));
	close_desk(&d);
}

static void a_relay_changes_its_domain_seldom(void **state)
{
	struct desk d;
	unsigned taken = 0;
	char host[64];
	(void)state;
	open_desk(&d);
	for (int i = 0; i < 100; i++) {
		snprintf(host, sizeof host, "cloud.alice.d%d.example", i);
		taken += takes(&d, "cloud", host);
	}
	assert_int_equal(taken, 3);
	assert_true(is_told_wrong(&d));
	assert_true(takes(&d, "cloud", "cloud.alice.d2.example"));
	assert_false(is_told_wrong(&d));
	close_desk(&d);
}

static void tell(struct desk *d, const char *mapping, uint16_t port, const char *closed)
{
	certificates_told(d->all, mapping,
			  &(struct certificates_public){.host = "cloud.alice.home.example",
							.is_open = port != 0,
							.port = port,
							.closed = closed});
}

static void tell_closed(struct desk *d, const char *mapping, const char *why)
{
	tell(d, mapping, 443, why);
}

/* What keeps one of them closed was said, and the hour begun, at each look. */
static void mappings_of_one_host_are_looked_at_together(void **state)
{
	struct desk d;
	unsigned said = 0;
	(void)state;
	open_desk(&d);
	listen_in();
	for (int i = 0; i < 3; i++) {
		tell_closed(&d, "cloud", NULL);
		tell_closed(&d, "beside", "8444 does not answer");
	}
	listen_end();
	assert_null(strstr(scratch_err, "certificate_waits"));
	listen_in();
	for (int i = 0; i < 3; i++) {
		tell_closed(&d, "cloud", "443 does not answer");
		tell_closed(&d, "beside", "8444 does not answer");
	}
	listen_end();
	for (const char *p = scratch_err; (p = strstr(p, "certificate_waits")); p++)
		said++;
	assert_int_equal(said, 1);
	close_desk(&d);
}

/* The port that was told last was the CA's, too, and an open port elsewhere hid that 443 is not. */
static void of_one_hosts_ports_443_counts(void **state)
{
	struct desk d;
	(void)state;
	open_desk(&d);
	tell(&d, "cloud", 443, "443 does not answer");
	tell(&d, "beside", 8444, "8444 does not answer");
	listen_in();
	tell(&d, "cloud", 443, "443 is silent");
	listen_end();
	assert_said("443 is silent");
	tell(&d, "cloud", 443, NULL);
	tell(&d, "beside", 8444, NULL);
	listen_in();
	tell(&d, "cloud", 443, "443 is shut");
	listen_end();
	assert_said("443 is shut");
	listen_in();
	/* then a TXT record proves the host, and the port is the other's */
	tell(&d, "cloud", 0, NULL);
	tell(&d, "beside", 8444, "8444 is shut");
	listen_end();
	assert_null(strstr(scratch_err, "certificate_waits"));
	close_desk(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(only_hosts_of_mappings_are_taken, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(a_relay_changes_its_domain_seldom, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(of_one_hosts_ports_443_counts, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(mappings_of_one_host_are_looked_at_together,
					    scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
