/* The relay and the running agent are stood in for: join_probe_run() and control_ask() below. */
#include "agent/machine_identity.h"
#include "agent/join.h"
#include "agent/join_line.h"

#include "agent/join_probe.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/control_server.h"

#include "tests/unit/agent/scratch.h"

#include <jansson.h>
#include <uv.h>

#define LINE  "groundnut://alice:" TOKEN2 "@new.example:7001/?pin=" PIN2
#define OTHER "groundnut://bob:" TOKEN2 "@new.example:7001/?pin=" PIN2

static int trial_answer;
static unsigned trials;
static const char *running; /* the running agent's answer, or NULL: none runs */
static char asked[512];

int join_probe_run(const struct agent_config *c, unsigned timeout_ms, const atomic_bool *enough,
		   enum join_probe_step *failed, char **said)
{
	(void)enough, (void)failed;
	assert_int_equal(timeout_ms, 5000);
	assert_true(c->invite || !strcmp(c->token, TOKEN2));
	trials++;
	*said =
	    mem_strdup(trial_answer ? "the relay does not answer" : "the relay takes the token");
	return trial_answer;
}

/* The state directory, in memory. */
static char failed_join[64], attached_as[64];
void machine_identity_read(const char *dir, struct machine_identity *out)
{
	(void)dir;
	*out = (struct machine_identity){0};
}
char *machine_identity_name(const struct machine_identity *id)
{
	(void)id;
	return mem_strdup("pc");
}
void machine_identity_fini(struct machine_identity *id)
{
	(void)id;
}
int machine_identity_note_attached(const char *dir, const char *agent)
{
	(void)dir;
	failed_join[0] = '\0';
	snprintf(attached_as, sizeof(attached_as), "%s", agent ? agent : "");
	return 0;
}
int machine_identity_note_failed_join(const char *dir, const char *account)
{
	(void)dir;
	snprintf(failed_join, sizeof(failed_join), "%s", account);
	return 0;
}
bool machine_identity_is_failed_join(const char *dir, const char *account)
{
	(void)dir;
	return *failed_join && !strcmp(failed_join, account);
}

int control_ask(const char *path, const char *request, unsigned timeout_ms, char **answer,
		size_t *len)
{
	(void)path, (void)timeout_ms;
	snprintf(asked, sizeof(asked), "%s", request);
	if (!running)
		return UV_ENOENT;
	*answer = mem_strdup(running);
	*len = strlen(running);
	return 0;
}

static int setup(void **state)
{
	trial_answer = 0;
	trials = 0;
	running = NULL;
	failed_join[0] = attached_as[0] = '\0';
	asked[0] = '\0';
	return scratch_setup(state);
}

static int join(const char *line, bool force)
{
	listen_in();
	int code = join_command(scratch_file, line, force);
	listen_end();
	return code;
}

static const struct {
	const char *line, *account, *token, *relay, *pin;
} good[] = {
    {LINE, "alice", TOKEN2, "new.example:7001", PIN2},
    {"groundnut://a.b-c_d:t@203.0.113.10:7000?pin=" PIN, "a.b-c_d", "t", "203.0.113.10:7000", PIN},
    {" \tgroundnut://alice:t@[2001:db8::1]:7000/?pin=" PIN " \r\n", "alice", "t",
     "[2001:db8::1]:7000", PIN},
    {"groundnut://alice:-_@relay:1/?pin=" PIN, "alice", "-_", "relay:1", PIN},
    {"groundnut://ali\n ce:t@re\r\nlay:1/ ?pin=" PIN, "alice", "t", "relay:1", PIN},
};

static void good_lines_come_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct join_line l;
		char why[256] = "";
		assert_int_equal(join_line_parse(good[i].line, &l, why, sizeof(why)), 0);
		assert_string_equal(l.account, good[i].account);
		assert_string_equal(l.token, good[i].token);
		assert_string_equal(l.relay, good[i].relay);
		assert_string_equal(l.pin, good[i].pin);
		join_line_fini(&l);
	}
}

static const struct {
	const char *line, *why;
} bad[] = {
    {"", "does not begin with"},
    {"http://alice:t@r:7000/?pin=" PIN, "does not begin with \"groundnut://\""},
    {"groundnut://", "no \"@\""},
    {"groundnut://alice:t", "no \"@\""},
    {"groundnut://@r:7000/?pin=" PIN, "\"\" is not an account's name"},
    {"groundnut://:t@r:7000/?pin=" PIN, "\"\" is not an account's name"},
    {"groundnut://a/b:t@r:7000/?pin=" PIN, "\"a/b\" is not an account's name"},
    {"groundnut://alice@r:7000/?pin=" PIN, "no token"},
    {"groundnut://alice:@r:7000/?pin=" PIN, "no token"},
    {"groundnut://alice:se!cret@r:7000/?pin=" PIN, "the token holds"},
    {"groundnut://alice:se:cret@r:7000/?pin=" PIN, "the token holds"},
    {"groundnut://alice:t@/?pin=" PIN, "no relay"},
    {"groundnut://alice:t@relay/?pin=" PIN, "\"relay\" "},
    {"groundnut://alice:t@relay:0/?pin=" PIN, "\"relay:0\" "},
    {"groundnut://alice:t@relay:65536/?pin=" PIN, "\"relay:65536\" "},
    {"groundnut://alice:t@relay:1-2/?pin=" PIN, "is a range"},
    {"groundnut://alice:t@2001:db8::1:7000/?pin=" PIN, "\"2001:db8::1:7000\" "},
    {"groundnut://alice:t@[2001:db8::1/?pin=" PIN, "\"[2001:db8::1\" "},
    {"groundnut://alice:t@r:7000", "the pin is missing"},
    {"groundnut://alice:t@r:7000/", "the pin is missing"},
    {"groundnut://alice:t@r:7000/?", "\"\" is not known"},
    {"groundnut://alice:t@r:7000/x?pin=" PIN, "must follow the relay's port"},
    {"groundnut://alice:t@r:7000/?pin=", "the pin \"\" is not"},
    {"groundnut://alice:t@r:7000/?pin=sha256:0011", "the pin \"sha256:0011\" is not"},
    {"groundnut://alice:t@r:7000/?pin=" PIN "&pin=" PIN, "more than one pin"},
    {"groundnut://alice:t@r:7000/?ca=x&pin=" PIN, "\"ca=x\" is not known"},
    {"groundnut://alice:t@r:7000/?invite", "the pin is missing"},
    {"groundnut://alice:t@r:7000/?pin=" PIN "&invited", "\"invited\" is not known"},
    {"groundnut://alice:t@r:7000/?pin=" PIN "&agent=&invite", "\"\" is not an agent's name"},
    {"groundnut://alice:t@r:7000/?pin=" PIN "&agent=a/b&invite", "\"a/b\" is not an agent's"},
    {"groundnut://alice:t@r:7000/?pin=" PIN "&agent=a&agent=b", "more than one agent"},
    {"groundnut://alice:t@r:7000/?pin=" PIN " groundnut://", "the pin"},
};

static void bad_lines_say_what_is_wrong_but_never_the_token(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct join_line l;
		char why[256] = "";
		assert_int_equal(join_line_parse(bad[i].line, &l, why, sizeof(why)), ERR_SYNTAX);
		assert_null(l.token);
		if (!strstr(why, bad[i].why))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].line, why, bad[i].why);
		assert_null(strstr(why, "cret"));
	}
}

static void a_line_that_works_once(void **state)
{
	(void)state;
	struct join_line l;
	char why[256];
	assert_int_equal(join_line_parse("groundnut://alice:t0k@r:7000/?pin=" PIN
					 "&agent=nas\n&in vite",
					 &l, why, sizeof(why)),
			 0);
	assert_true(l.is_invite);
	assert_string_equal(l.agent, "nas");
	assert_string_equal(l.token, "t0k");
	join_line_fini(&l);
	assert_int_equal(join_line_parse(LINE, &l, why, sizeof(why)), 0);
	assert_false(l.is_invite);
	assert_null(l.agent);
	join_line_fini(&l);
}

static char *member(const char *key)
{
	json_t *root = json_loads(scratch_read("agent.json"), 0, NULL);
	char *text = mem_strdup(json_string_value(json_object_get(root, key)));
	json_decref(root);
	return text;
}

#define INVITATION "groundnut://alice:t0k@r:7000/?pin=" PIN "&agent=nas&invite"

/* The machine makes a credential of its own, and keeps it when the line is used again. */
static void an_invitation_is_kept_beside_a_token_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(join(INVITATION, false), 0);
	char *token = member("token"), *invite = member("invite"), *agent = member("agent");
	assert_int_equal(strlen(token), 43);
	assert_string_equal(invite, "t0k");
	assert_string_equal(agent, "nas");
	assert_int_equal(join(INVITATION, false), 0);
	char *again = member("token");
	assert_string_equal(again, token);
	assert_int_equal(join(LINE, false), 0);
	char *shared = member("token");
	assert_string_equal(shared, TOKEN2);
	assert_null(member("invite"));
	mem_free(token);
	mem_free(invite);
	mem_free(agent);
	mem_free(again);
	mem_free(shared);
}

static void every_cut_line_is_bad(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(LINE); len++) {
		struct join_line l;
		char cut[256] = "", why[256];
		memcpy(cut, LINE, len);
		assert_int_equal(join_line_parse(cut, &l, why, sizeof(why)), ERR_SYNTAX);
	}
}

static void first_join_writes_a_secret_file(void **state)
{
	struct stat st;
	(void)state;
	assert_int_equal(join(LINE, false), 0);
	assert_string_equal(scratch_read("agent.json"),
			    "{\n  \"relay\": \"new.example:7001\",\n  \"pin\": \"" PIN2
			    "\",\n  \"account\": \"alice\",\n  \"token\": \"" TOKEN2
			    "\",\n  \"mappings\": []\n}\n");
	assert_int_equal(stat(scratch_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(scratch_has("agent.json~"));
	assert_int_equal(trials, 1);
	assert_said("the relay takes the token");
	assert_said("next: `groundnut-agent map");
	assert_null(strstr(scratch_err, TOKEN2));
}

static void file_is_written_whatever_the_relay_says(void **state)
{
	(void)state;
	trial_answer = ERR_TIMEOUT;
	assert_int_equal(join(LINE, false), 1);
	assert_true(scratch_has("agent.json"));
	assert_said("the relay does not answer");
	assert_null(strstr(scratch_err, "groundnut-agent map"));
	assert_string_equal(failed_join, "alice");
}

static void a_join_that_never_worked_gives_way(void **state)
{
	(void)state;
	trial_answer = ERR_REFUSED;
	assert_int_equal(join(OTHER, false), 1);
	trial_answer = 0;
	assert_int_equal(join(LINE, false), 0);
	assert_non_null(strstr(scratch_read("agent.json"), "\"alice\""));
	assert_string_equal(attached_as, "pc");
	assert_int_equal(join(OTHER, false), 1); /* alice's has worked */
	assert_said("--force");
}

static void missing_directories_are_made(void **state)
{
	struct stat st;
	char file[160], dir[160];
	(void)state;
	snprintf(file, sizeof(file), "%s/a/b/agent.json", scratch_dir);
	snprintf(dir, sizeof(dir), "%s/a/b", scratch_dir);
	listen_in();
	int code = join_command(file, LINE, false);
	listen_end();
	assert_int_equal(code, 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

#define KEPT                                                                                       \
	"\"agent\": \"nas\",\n  \"mappings\": [\n    {\"name\": \"web\", \"protocol\": \"tcp\", "  \
	"\"public_port\": 8080, \"target\": \"127.0.0.1:80\"}\n  ],\n  \"names\": []\n}\n"

static void same_account_replaces_relay_pin_and_token_only(void **state)
{
	(void)state;
	scratch_write("agent.json", HEAD ",\n  " KEPT);
	assert_int_equal(join(LINE, false), 0);
	assert_string_equal(scratch_read("agent.json"),
			    "{\n  \"relay\": \"new.example:7001\",\n  \"pin\": \"" PIN2
			    "\",\n  \"account\": \"alice\",\n  \"token\": \"" TOKEN2
			    "\",\n  " KEPT);
	assert_false(scratch_has("agent.json~"));
	assert_said("next: `groundnut-agent run -c ");
}

static void join_takes_the_place_of_ca_and_token_file(void **state)
{
	(void)state;
	scratch_write("token", TOKEN);
	scratch_write("agent.json", "{\"relay\": \"r:1\", \"ca\": \"system\", \"account\": "
				    "\"alice\", \"token_file\": \"token\"}");
	assert_int_equal(join(LINE, false), 0);
	assert_null(strstr(scratch_read("agent.json"), "system"));
	assert_null(strstr(scratch_read("agent.json"), "token_file"));
}

static void other_account_needs_force(void **state)
{
	const char *old = HEAD ",\n  " KEPT;
	(void)state;
	scratch_write("agent.json", old);
	assert_int_equal(join(OTHER, false), 1);
	assert_string_equal(scratch_read("agent.json"), old);
	assert_said("--force");
	assert_int_equal(trials, 0);
}

static void force_keeps_mappings_and_the_old_file(void **state)
{
	const char *old = HEAD ",\n  " KEPT;
	struct stat st;
	char backup[160];
	(void)state;
	scratch_write("agent.json", old);
	scratch_write("agent.json~", "older");
	snprintf(backup, sizeof(backup), "%s~", scratch_file);
	chmod(backup, 0644);
	assert_int_equal(join(OTHER, true), 0);
	assert_string_equal(scratch_read("agent.json"),
			    "{\n  \"relay\": \"new.example:7001\",\n  \"pin\": \"" PIN2
			    "\",\n  \"account\": \"bob\",\n  \"token\": \"" TOKEN2 "\",\n  " KEPT);
	assert_string_equal(scratch_read("agent.json~"), old);
	assert_int_equal(stat(backup, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void force_makes_a_first_file_too(void **state)
{
	(void)state;
	assert_int_equal(join(LINE, true), 0);
	assert_false(scratch_has("agent.json~"));
}

static void broken_file_stays_as_it_is(void **state)
{
	static const char *const broken[] = {
	    "{\"relay\": ",    "", "[]", HEAD ", \"mappings\": 7}", HEAD ", \"unknown\": 1}",
	    "{\"account\": 7}"};
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		for (int force = 0; force <= 1; force++) {
			scratch_write("agent.json", broken[i]);
			/* A number where the account's name belongs is what the line replaces. */
			int expect = strstr(broken[i], "\"account\": 7") ? 0 : 2;
			assert_int_equal(join(LINE, force), expect);
			if (expect)
				assert_string_equal(scratch_read("agent.json"), broken[i]);
			assert_true(scratch_err[0] != '\0');
		}
	}
	assert_int_equal(trials, 2);
}

static void wrong_line_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(join("groundnut://alice", false), 2);
	assert_false(scratch_has("agent.json"));
	assert_said("join: the line is not a join line: ");
}

static void line_comes_from_stdin(void **state)
{
	(void)state;
	scratch_write("line", "\n" LINE "\n");
	char path[160];
	snprintf(path, sizeof(path), "%s/line", scratch_dir);
	assert_non_null(freopen(path, "r", stdin));
	assert_int_equal(join("-", false), 0);
	assert_true(scratch_has("agent.json"));
	assert_int_equal(join("-", false), 2);
	assert_said("no line came from stdin");
}

/* Was the running agent asked this, about our file? */
static void assert_asked(const char *part)
{
	char file[256];
	snprintf(file, sizeof(file), "\"file\":\"%s\"", scratch_file);
	if (!strstr(asked, part) || !strstr(asked, file))
		fail_msg("asked was: %s", asked);
}

static void agent_control_client_is_told(void **state)
{
	(void)state;
	running = "{\"ok\": true}";
	assert_int_equal(join(LINE, false), 0);
	assert_asked("\"do\":\"reload\"");
	assert_said("the running agent has taken the file up");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(good_lines_come_apart),
	    TEST(bad_lines_say_what_is_wrong_but_never_the_token),
	    TEST(every_cut_line_is_bad),
	    TEST(a_line_that_works_once),
	    TEST(an_invitation_is_kept_beside_a_token_of_its_own),
	    TEST(first_join_writes_a_secret_file),
	    TEST(file_is_written_whatever_the_relay_says),
	    TEST(a_join_that_never_worked_gives_way),
	    TEST(missing_directories_are_made),
	    TEST(same_account_replaces_relay_pin_and_token_only),
	    TEST(join_takes_the_place_of_ca_and_token_file),
	    TEST(other_account_needs_force),
	    TEST(force_keeps_mappings_and_the_old_file),
	    TEST(force_makes_a_first_file_too),
	    TEST(broken_file_stays_as_it_is),
	    TEST(wrong_line_is_wrong_usage),
	    TEST(line_comes_from_stdin),
	    TEST(agent_control_client_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
