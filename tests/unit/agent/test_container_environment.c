/* From a container's environment to agent.json. */
#include "agent/container_environment.h"

#include "agent/config.h"
#include "agent/config_edit.h"

#include "tests/unit/agent/scratch.h"

#define LINE "groundnut://alice:" TOKEN "@r.example:7000/?pin=" PIN

static char said[8][256]; /* what was mapped, each word in brackets */
static int calls, map_code;

static int map(void *arg, char **words, int count)
{
	assert_ptr_equal(arg, &calls);
	assert_true(calls < 8);
	for (int i = 0; i < count; i++)
		snprintf(said[calls] + strlen(said[calls]),
			 sizeof(said[calls]) - strlen(said[calls]), "[%s]", words[i]);
	calls++;
	return map_code;
}

static int setup(void **state)
{
	calls = map_code = 0;
	memset(said, 0, sizeof(said));
	unsetenv("GROUNDNUT_JOIN");
	unsetenv("GROUNDNUT_AGENT");
	unsetenv("GROUNDNUT_MAP");
	return scratch_setup(state);
}

static int apply(void)
{
	listen_in();
	int code = container_environment_apply(scratch_file, map, &calls);
	listen_end();
	return code;
}

static void file_is_made(void **state)
{
	(void)state;
	struct agent_config *c;
	setenv("GROUNDNUT_JOIN", " " LINE "\n", 1);
	setenv("GROUNDNUT_AGENT", "box", 1);
	setenv("GROUNDNUT_MAP",
	       "web 8080 host:80;  vpn\t51820 host:51820 --protocol udp\n;;nas nas.alice host:443;",
	       1);
	assert_int_equal(apply(), 0);
	assert_int_equal(calls, 3);
	assert_string_equal(said[0], "[web][8080][host:80]");
	assert_string_equal(said[1], "[vpn][51820][host:51820][--protocol][udp]");
	assert_string_equal(said[2], "[nas][nas.alice][host:443]");
	assert_int_equal(agent_config_load(scratch_file, &c), 0);
	assert_string_equal(c->account, "alice");
	assert_string_equal(c->token, TOKEN);
	assert_string_equal(c->agent, "box");
	agent_config_free(c);
}

static void what_is_not_given_is_not_needed(void **state)
{
	(void)state;
	assert_int_equal(apply(), 0);
	setenv("GROUNDNUT_JOIN", "", 1);
	setenv("GROUNDNUT_MAP", "web 8080 80", 1);
	assert_int_equal(apply(), 0);
	assert_false(scratch_has("agent.json"));
	setenv("GROUNDNUT_JOIN", LINE, 1);
	setenv("GROUNDNUT_AGENT", "", 1);
	setenv("GROUNDNUT_MAP", "", 1);
	assert_int_equal(apply(), 0);
	assert_null(strstr(scratch_read("agent.json"), "\"agent\""));
	assert_int_equal(calls, 0);
}

static void file_that_is_there_stays(void **state)
{
	(void)state;
	scratch_write("agent.json", "not even JSON");
	setenv("GROUNDNUT_JOIN", LINE, 1);
	setenv("GROUNDNUT_MAP", "web 8080 80", 1);
	assert_int_equal(apply(), 0);
	assert_string_equal(scratch_read("agent.json"), "not even JSON");
	assert_int_equal(calls, 0);
}

/* The next start says the same: a file with half of it would hide what is wrong. */
static void nothing_half_is_left(void **state)
{
	(void)state;
	setenv("GROUNDNUT_JOIN", LINE, 1);
	setenv("GROUNDNUT_MAP", "web nonsense; vpn 1 2", 1);
	map_code = 2;
	assert_int_equal(apply(), 2);
	assert_int_equal(calls, 1);
	assert_false(scratch_has("agent.json"));
	setenv("GROUNDNUT_MAP", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", 1);
	map_code = 0;
	assert_int_equal(apply(), 2);
	assert_said("GROUNDNUT_MAP: too many words before \"17\"");
	assert_false(scratch_has("agent.json"));
	setenv("GROUNDNUT_AGENT", "\xff", 1);
	assert_int_equal(apply(), 2);
	assert_said("not UTF-8");
	assert_false(scratch_has("agent.json"));
}

static void wrong_line_is_told_without_its_token(void **state)
{
	(void)state;
	setenv("GROUNDNUT_JOIN", "groundnut://alice:" TOKEN "@r.example:7000/", 1);
	assert_int_equal(apply(), 2);
	assert_said("GROUNDNUT_JOIN is not a join line: the pin is missing");
	assert_null(strstr(scratch_err, TOKEN));
	assert_false(scratch_has("agent.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(file_is_made, setup, scratch_teardown),
	    cmocka_unit_test_setup_teardown(what_is_not_given_is_not_needed, setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(file_that_is_there_stays, setup, scratch_teardown),
	    cmocka_unit_test_setup_teardown(nothing_half_is_left, setup, scratch_teardown),
	    cmocka_unit_test_setup_teardown(wrong_line_is_told_without_its_token, setup,
					    scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
