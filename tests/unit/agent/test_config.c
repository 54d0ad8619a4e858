#include "agent/config.h"

#include "shared/base/err.h"
#include "shared/net/tls_context.h"

#include "tests/unit/agent/scratch.h"

#include <uv.h>

static int load(const char *text, struct agent_config **c)
{
	scratch_write("agent.json", text);
	listen_in();
	int err = agent_config_load(scratch_file, c);
	listen_end();
	return err;
}

static void good_file_comes_out_as_written(void **state)
{
	struct agent_config *c;
	(void)state;
	assert_int_equal(load(HEAD
			      ", \"agent\": \"nas\", \"control\": \"run/a.sock\", \"mappings\": ["
			      "{\"name\": \"web\", \"protocol\": \"tcp\", \"public_port\": 8080, "
			      "\"target\": \"127.0.0.1:80\"}],"
			      "\"names\": []}",
			      &c),
			 0);
	assert_string_equal(scratch_err, "");
	assert_string_equal(c->relay_text, "r.example:7000");
	assert_string_equal(c->relay.host, "r.example");
	assert_int_equal(c->relay.first, 7000);
	assert_string_equal(c->pin, PIN);
	assert_null(c->ca_file);
	assert_string_equal(c->account, "alice");
	assert_string_equal(c->token, TOKEN);
	assert_string_equal(c->agent, "nas");
	char control[256];
	snprintf(control, sizeof(control), "%s/run/a.sock", scratch_dir);
	assert_string_equal(c->control, control);
	assert_int_equal(c->mappings.count, 1);
	assert_string_equal(c->mappings.items[0].name, "web");
	agent_config_free(c);
}

static void least_file_has_defaults(void **state)
{
	struct agent_config *c;
	(void)state;
	assert_int_equal(load(HEAD "}", &c), 0);
	assert_int_equal(c->mappings.count, 0);
	assert_true(c->agent[0] != '\0');
	const char *end = strrchr(c->control, '/');
	assert_string_equal(end, "/agent.sock");
	agent_config_free(c);
}

static void a_ca_is_named_or_is_lets_encrypt(void **state)
{
	struct agent_config *c;
	(void)state;
	assert_int_equal(load(HEAD "}", &c), 0);
	assert_string_equal(c->acme.directory, "https://acme-v02.api.letsencrypt.org/directory");
	assert_int_equal(c->acme.way, ACME_WAY_AUTO);
	assert_null(c->acme.email);
	agent_config_free(c);
	scratch_write("eab.key", "a2V5\n");
	assert_int_equal(load(HEAD ", \"acme\": {\"directory\": \"https://ca.example/dir\", "
				   "\"email\": \"a@b\", \"profile\": \"shortlived\", "
				   "\"challenge\": \"tls-alpn-01\", "
				   "\"eab\": {\"kid\": \"k\", \"key_file\": \"eab.key\"}}}",
			      &c),
			 0);
	assert_string_equal(c->acme.directory, "https://ca.example/dir");
	assert_string_equal(c->acme.email, "a@b");
	assert_string_equal(c->acme.profile, "shortlived");
	assert_int_equal(c->acme.way, ACME_WAY_TLS_ALPN);
	assert_string_equal(c->acme.eab_id, "k");
	assert_string_equal(c->acme.eab_key, "a2V5");
	agent_config_free(c);
}

static void system_ca_stands_for_pin(void **state)
{
	struct agent_config *c;
	(void)state;
	assert_int_equal(load("{\"relay\": \"r.example:7000\", \"ca\": \"system\", \"account\": "
			      "\"alice\", \"token\": \"x\"}",
			      &c),
			 0);
	assert_null(c->pin);
	assert_null(c->ca_file);
	agent_config_free(c);
}

static void ca_file_is_read_beside_the_file(void **state)
{
	const char *const names[] = {"r.example", NULL};
	struct agent_config *c;
	char *certificate, *key, path[160];
	(void)state;
	assert_int_equal(tls_context_make_self_signed(names, &certificate, &key), 0);
	scratch_write("ca.pem", certificate);
	free(certificate);
	free(key);
	assert_int_equal(
	    load("{\"relay\": \"r.example:7000\", \"ca_file\": \"ca.pem\", \"account\": \"alice\", "
		 "\"token\": \"x\"}",
		 &c),
	    0);
	snprintf(path, sizeof(path), "%s/ca.pem", scratch_dir);
	assert_string_equal(c->ca_file, path);
	assert_null(c->pin);
	agent_config_free(c);
}

static void token_file_is_read_beside_the_file(void **state)
{
	struct agent_config *c;
	(void)state;
	scratch_write("token", TOKEN "\n");
	assert_int_equal(load("{\"relay\": \"r.example:7000\", \"pin\": \"" PIN
			      "\", \"account\": \"alice\", "
			      "\"token_file\": \"token\"}",
			      &c),
			 0);
	assert_string_equal(c->token, TOKEN);
	agent_config_free(c);
}

static void token_that_others_can_read_is_a_warning(void **state)
{
	struct agent_config *c;
	(void)state;
	scratch_write("agent.json", HEAD "}");
	chmod(scratch_file, 0644);
	listen_in();
	assert_int_equal(agent_config_load(scratch_file, &c), 0);
	listen_end();
	assert_said("chmod 600");
	agent_config_free(c);
}

#define LONG "012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *text;
	const char *said[4];
} wrong[] = {
    {"{", {"agent.json"}},
    {"[]", {"agent.json"}},
    {"{}", {"relay: ", "pin: missing", "account: ", "token: missing"}},
    {"{\"relay\": \"r.example\", \"pin\": \"sha256:12\", \"account\": \"a b\", \"token\": \"a b\"}",
     {"relay: \"r.example\" ", "pin: \"sha256:12\"", "account: \"a b\"", "token: is not a token"}},
    {HEAD ", \"ca\": \"system\", \"token_file\": \"t\"}",
     {"pin: only one of", "token: only one of"}},
    {"{\"relay\": \"r:1-2\", \"ca\": \"any\", \"account\": \"a\", \"token\": \"t\"}",
     {"relay: \"r:1-2\" is a range", "ca: \"any\" is not \"system\""}},
    {"{\"relay\": \"r:1\", \"ca_file\": \"no.pem\", \"account\": \"a\", \"token_file\": \"none\"}",
     {"ca_file: ", "no.pem", "token_file: ", "none"}},
    {HEAD ", \"names\": [{\"host\": \"alice\", \"follow\": \"hom\"}]}", {"names[0].follow: "}},
    {HEAD ", \"mapings\": []}", {"mapings", "mappings"}},
    {HEAD ", \"agent\": \"-x\"}", {"agent: \"-x\""}},
    {HEAD ", \"acme\": {\"directory\": \"letsencrip\", \"challenge\": \"http-01\", "
	  "\"ca_file\": \"no.pem\", \"eab\": {\"kid\": \"k\", \"key_file\": \"none\"}}}",
     {"acme.directory: \"letsencrip\" is neither letsencrypt, letsencrypt-staging nor a URL",
      "acme.challenge: \"http-01\" is none of auto, tls-alpn-01 and dns-01", "no.pem",
      "acme.eab.key_file: "}},
    {HEAD ", \"mappings\": [{\"name\": \"c\", \"protocol\": \"https\", \"host\": \"c\", "
	  "\"target\": \"h:1\", \"certificate\": \"no.crt\", \"private_key\": \"no.key\"}]}",
     {"mappings[0].certificate: ", "no.crt: no such file or directory"}},
    {HEAD ", \"control\": \"\"}", {"control: is empty"}},
    {HEAD ", \"control\": \"/" LONG LONG "\"}",
     {"control: \"/0123456789", "is longer than a socket's path may be (107 bytes)"}},
    {HEAD ", \"mappings\": [{\"name\": \"b\", \"protocol\": \"http\", \"host\": \"b.alice\", "
	  "\"target\": \"127.0.0.1:80\"},"
	  "{\"name\": \"p\", \"protocol\": \"tcp\", \"public_port\": 1, \"target\": "
	  "\"192.168.1.20\"}, 7],"
	  "\"account_\": 1}",
     {"mappings[1].target: \"192.168.1.20\" names no port", "mappings[2]", "account_"}},
};

static void every_error_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct agent_config *c;
		assert_int_equal(load(wrong[i].text, &c), ERR_CONFIG);
		assert_null(c);
		for (size_t k = 0; k < 4 && wrong[i].said[k]; k++)
			assert_said(wrong[i].said[k]);
	}
}

static void more_errors_than_are_kept_are_counted(void **state)
{
	(void)state;
	struct agent_config *c;
	struct buf text = BUF_INIT;
	buf_puts(&text, HEAD ", \"mappings\": [{}");
	for (unsigned i = 1; i < 400; i++)
		buf_puts(&text, ",{}");
	buf_puts(&text, "], \"names\": [{}]}");
	assert_int_equal(load(buf_str(&text), &c), ERR_CONFIG);
	assert_null(c);
	assert_said("agent.json: mappings[333].name: missing");
	assert_said("agent.json: 202 more errors\n");
	buf_fini(&text);
}

static void broken_syntax_is_the_only_error(void **state)
{
	struct agent_config *c;
	(void)state;
	assert_int_equal(load("{\"relay\": }", &c), ERR_CONFIG);
	assert_ptr_equal(strchr(scratch_err, '\n'), scratch_err + strlen(scratch_err) - 1);
}

static void absent_file_is_an_errno(void **state)
{
	struct agent_config *c;
	(void)state;
	listen_in();
	int err = agent_config_load(scratch_file, &c);
	listen_end();
	assert_int_equal(err, UV_ENOENT);
	assert_said("agent.json: ");
}

static void control_is_found_in_a_wrong_file(void **state)
{
	char *path, expect[256];
	(void)state;
	scratch_write("agent.json", "{\"nonsense\": 1, \"control\": \"a.sock\"}");
	snprintf(expect, sizeof(expect), "%s/a.sock", scratch_dir);
	assert_int_equal(agent_config_control(scratch_file, &path), 0);
	assert_string_equal(path, expect);
	free(path);
	scratch_write("agent.json", "{");
	assert_int_equal(agent_config_control(scratch_file, &path), 0);
	assert_non_null(strstr(path, "agent.sock"));
	free(path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(good_file_comes_out_as_written),
	    TEST(least_file_has_defaults),
	    TEST(a_ca_is_named_or_is_lets_encrypt),
	    TEST(system_ca_stands_for_pin),
	    TEST(ca_file_is_read_beside_the_file),
	    TEST(token_file_is_read_beside_the_file),
	    TEST(token_that_others_can_read_is_a_warning),
	    TEST(every_error_is_said),
	    TEST(more_errors_than_are_kept_are_counted),
	    TEST(broken_syntax_is_the_only_error),
	    TEST(absent_file_is_an_errno),
	    TEST(control_is_found_in_a_wrong_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
