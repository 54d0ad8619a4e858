#define _GNU_SOURCE /* nftw */
#include "relay/accounts/account_command.h"
#include "relay/accounts/agent_credentials.h"

#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/token.h"
#include "shared/net/tls_context.h"

#include "tests/unit/capture.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

static struct relay_config *config;
static struct capture said;
static char invitation[TOKEN_TEXT], own[TOKEN_TEXT], account_token[TOKEN_TEXT];

static int setup(void **state)
{
	const char *const names[] = {"home.example.com", NULL};
	char *certificate, *key, *text, hash[TOKEN_HASH_TEXT];
	if (tempdir_make(state) || tls_context_make_self_signed(names, &certificate, &key))
		return -1;
	tempdir_write("relay.crt", certificate);
	mem_free(certificate);
	mem_free(key);
	tempdir_write("relay.json", "{\"domain\": \"home.example.com\", \"control\": \"r.sock\", "
				    "\"host\": \"relay.example\"}");
	token_new(own);
	token_new(account_token);
	token_hash(account_token, hash);
	text =
	    mem_printf("[{\"name\": \"bob\", \"token\": \"%s\"}, {\"name\": \"alice\", \"token\": "
		       "\"%s\", \"password\": \"scrypt:x\"}]",
		       hash, hash);
	tempdir_write("accounts.json", text);
	mem_free(text);
	return relay_config_load(tempdir_path("relay.json"), &config);
}

static int teardown(void **state)
{
	relay_config_unref(config);
	config = NULL;
	return tempdir_remove(state);
}

/* The exit code; the line's token in invitation. */
static int invite(const char *account, const char *agent, const char *hours)
{
	capture_start(&said);
	int code = account_command_invite(config, account, agent, hours);
	capture_end(&said);
	const char *token = strrchr(said.out, ':');
	if (!code && token)
		snprintf(invitation, sizeof invitation, "%s", strchr(said.out + 12, ':') + 1);
	return code;
}

static int removed(const char *which)
{
	capture_start(&said);
	int code = account_command_remove_agent(config, which);
	capture_end(&said);
	return code;
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

static struct accounts_claim claim(const char *agent, const char *token, const char *with)
{
	return (struct accounts_claim){"alice", agent, token, with, (uint64_t)time(NULL)};
}

static enum accounts_verdict verdict(const char *agent, const char *token, const char *with)
{
	struct accounts *all = accounts_now();
	const struct accounts_claim c = claim(agent, token, with);
	enum accounts_verdict v = accounts_admit(all, &c);
	accounts_unref(all);
	return v;
}

static enum agent_credentials_result take(const char *agent, const char *token, const char *with,
					  bool attaches)
{
	const struct accounts_claim c = claim(agent, token, with);
	capture_start(&said);
	enum agent_credentials_result r = agent_credentials_take(config, &c, attaches);
	capture_end(&said);
	return r;
}

static void a_line_works_once(void **state)
{
	(void)state;
	assert_int_equal(invite("alice", NULL, NULL), 0);
	assert_non_null(strstr(said.out, "@relay.example:7000/?pin=sha256:"));
	assert_string_equal(strrchr(said.out, '&'), "&invite\n");
	assert_int_equal(verdict("nas", own, ""), ACCOUNTS_REFUSED);
	assert_int_equal(verdict("nas", invitation, ""), ACCOUNTS_REFUSED);
	assert_int_equal(verdict("nas", own, "other"), ACCOUNTS_INVITATION_OVER);
	assert_int_equal(verdict("nas", own, invitation), ACCOUNTS_INVITED);
	assert_int_equal(take("nas", own, invitation, true), AGENT_CREDENTIALS_DONE);
	assert_int_equal(verdict("nas", own, ""), ACCOUNTS_ADMITTED);
	assert_int_equal(verdict("nas", own, invitation), ACCOUNTS_ADMITTED);
	assert_int_equal(verdict("pc", own, ""), ACCOUNTS_OTHER_AGENT);
	assert_int_equal(verdict("thief", "stolen", invitation), ACCOUNTS_INVITATION_OVER);
	assert_int_equal(take("thief", "stolen", invitation, true), AGENT_CREDENTIALS_OVER);
	assert_int_equal(verdict("pc", account_token, ""), ACCOUNTS_ADMITTED);
	struct accounts *all = accounts_now();
	const struct account *a = accounts_find(all, "alice");
	assert_int_equal(a->invite_count, 0);
	assert_int_equal(a->agent_count, 1);
	assert_string_equal(a->password, "scrypt:x");
	assert_int_equal(accounts_find(all, "bob")->agent_count, 0);
	assert_true(accounts_still_admit(all, "alice", "nas", a->agents[0].token));
	assert_false(accounts_still_admit(all, "alice", "pc", a->agents[0].token));
	assert_false(accounts_still_admit(all, "bob", "nas", a->agents[0].token));
	accounts_unref(all);
}

/* `join` only asks: the name by which the agent then attaches becomes its own. */
static void the_name_of_the_first_session_stays(void **state)
{
	(void)state;
	char second[TOKEN_TEXT];
	token_new(second);
	assert_int_equal(invite("alice", NULL, NULL), 0);
	assert_int_equal(take("host", own, invitation, false), AGENT_CREDENTIALS_DONE);
	assert_int_equal(verdict("any", own, ""), ACCOUNTS_NEW);
	assert_int_equal(invite("alice", NULL, NULL), 0);
	assert_int_equal(take("host", second, invitation, false), AGENT_CREDENTIALS_DONE);
	/* again */
	assert_int_equal(take("host", second, invitation, false), AGENT_CREDENTIALS_DONE);
	assert_int_equal(take("nas", own, "", true), AGENT_CREDENTIALS_DONE);
	assert_int_equal(verdict("nas", own, ""), ACCOUNTS_ADMITTED);
	assert_int_equal(take("nas", second, "", true), AGENT_CREDENTIALS_NAME_TAKEN);
	/* and changes nothing */
	assert_int_equal(take("boss", own, "", true), AGENT_CREDENTIALS_DONE);
	assert_int_equal(verdict("nas", own, ""), ACCOUNTS_ADMITTED);
	capture_start(&said);
	assert_int_equal(account_command_list_agents(config), 0);
	capture_end(&said);
	assert_string_equal(said.out, "alice/nas\nalice/host-2  has joined, not attached yet\n");
}

static void an_invitation_for_one_agent(void **state)
{
	(void)state;
	assert_int_equal(invite("alice", "nas", "1"), 0);
	assert_string_equal(strrchr(said.out, '=') - 5, "agent=nas&invite\n");
	assert_int_equal(verdict("pc", own, invitation), ACCOUNTS_OTHER_AGENT);
	assert_int_equal(verdict("nas", own, invitation), ACCOUNTS_INVITED);
	assert_int_equal(take("nas", own, invitation, false), AGENT_CREDENTIALS_DONE);
	assert_int_equal(verdict("pc", own, ""), ACCOUNTS_OTHER_AGENT);
	assert_int_equal(invite("alice", "nas", "1"), 0);
	assert_int_equal(take("nas", "other", invitation, false), AGENT_CREDENTIALS_NAME_TAKEN);
	assert_int_equal(removed("alice/nas"), 0); /* and the invitation of that name */
	assert_int_equal(verdict("nas", own, ""), ACCOUNTS_REFUSED);
	assert_int_equal(take("nas", "other", invitation, false), AGENT_CREDENTIALS_OVER);
}

static void its_time_is_over(void **state)
{
	(void)state;
	assert_int_equal(invite("alice", NULL, "1"), 0);
	struct accounts *all = accounts_now();
	struct accounts_claim c = claim("nas", own, invitation);
	c.now_s += 3590;
	assert_int_equal(accounts_admit(all, &c), ACCOUNTS_INVITED);
	c.now_s += 20;
	assert_int_equal(accounts_admit(all, &c), ACCOUNTS_INVITATION_OVER);
	accounts_unref(all);
}

static void what_cannot_be_done(void **state)
{
	(void)state;
	assert_int_equal(invite("nobody", NULL, NULL), EXIT_WORK);
	assert_non_null(strstr(said.err, "no account is called \"nobody\""));
	assert_string_equal(said.out, "");
	assert_int_equal(invite("alice", "a/b", NULL), EXIT_USAGE);
	assert_int_equal(invite("alice", NULL, "0"), EXIT_USAGE);
	assert_int_equal(invite("alice", NULL, "8761"), EXIT_USAGE);
	assert_int_equal(invite("alice", NULL, "soon"), EXIT_USAGE);
	assert_int_equal(removed("alice"), EXIT_USAGE);
	assert_int_equal(removed("/nas"), EXIT_USAGE);
	assert_int_equal(removed("alice/"), EXIT_USAGE);
	assert_int_equal(removed("nobody/nas"), EXIT_WORK);
	assert_int_equal(removed("alice/nas"), EXIT_WORK);
	assert_non_null(strstr(said.err, "groundnut-relay account renew alice"));
	assert_int_equal(take("nas", own, "x", true), AGENT_CREDENTIALS_OVER);
	tempdir_write("accounts.json", "[{]");
	assert_int_equal(take("nas", own, "x", true), AGENT_CREDENTIALS_FAILED);
}

enum { MACHINES = 8 };

/* Each a process of its own, as a second relay or command would be. */
static void one_of_many_at_once(void **state)
{
	(void)state;
	pid_t pids[MACHINES];
	int winners = 0, status;
	assert_int_equal(invite("alice", NULL, NULL), 0);
	for (int i = 0; i < MACHINES; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		char token[TOKEN_TEXT], name[16];
		token_new(token);
		snprintf(name, sizeof name, "pc%d", i);
		_exit(take(name, token, invitation, true) == AGENT_CREDENTIALS_DONE ? 0 : 1);
	}
	for (int i = 0; i < MACHINES; i++) {
		waitpid(pids[i], &status, 0);
		winners += status == 0;
	}
	assert_int_equal(winners, 1);
	struct accounts *all = accounts_now();
	assert_int_equal(accounts_find(all, "alice")->agent_count, 1);
	accounts_unref(all);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_line_works_once),           TEST(the_name_of_the_first_session_stays),
	    TEST(an_invitation_for_one_agent), TEST(its_time_is_over),
	    TEST(what_cannot_be_done),         TEST(one_of_many_at_once),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
