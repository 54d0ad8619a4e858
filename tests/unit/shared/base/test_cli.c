#include "shared/base/cli.h"

#include "tests/unit/capture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <cmocka.h>

static int run_nothing(const struct cli_line *ran)
{
	(void)ran;
	return 0;
}

static const struct cli_option init_options[] = {
    {"domain", 0, "D", "the zone of your names", true},
    {"address", 0, "A", "an address", false},
    {0},
};

static const struct cli_option status_options[] = {
    {"json", 0, NULL, "as JSON", false},
    {0},
};

static const struct cli_command commands[] = {
    {"init", NULL, "writes the files", "More about it.", init_options, 0, 0, run_nothing},
    {"account add", "NAME", "creates an account", NULL, NULL, 1, 1, run_nothing},
    {"account list", NULL, "shows them", NULL, NULL, 0, 0, run_nothing},
    {"status", NULL, "asks", NULL, status_options, 0, 0, run_nothing},
    {"map", "NAME PUBLIC TARGET", "maps", NULL, NULL, 3, 3, run_nothing},
    {"admin link", NULL, "prints one", NULL, NULL, 0, 0, run_nothing},
    {"admin token add", "NAME", "creates a token", NULL, NULL, 1, 1, run_nothing},
    {"admin token list", NULL, "shows those", NULL, NULL, 0, 0, run_nothing},
    {0},
};

static const struct cli relay = {.program = "groundnut-test",
				 .about = "tests the command line",
				 .commands = commands,
				 .common = cli_common};

static struct capture said;
static struct cli_line line;

/* Splits a blank separated line; "''" stands for an empty argument. */
static int parse(const char *text)
{
	static char copy[1024], *argv[64]; /* the parsed line points into them */
	int argc = 0, exit_code = 99;
	snprintf(copy, sizeof(copy), "prog %s", text);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") ? word : word + 2;
	argv[argc] = NULL;
	capture_start(&said);
	cli_parse(&relay, argc, argv, &line, &exit_code);
	capture_end(&said);
	return exit_code;
}

static void options_stand_anywhere(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "-c a.json init --domain d.example --address 192.0.2.1 --address 2001:db8::1",
	    "--address 192.0.2.1 --domain=d.example init --address=2001:db8::1 --config a.json",
	    "--domain other.example --address 192.0.2.1 init --config=b.json --address 2001:db8::1 "
	    "-ca.json --domain d.example",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(parse(lines[i]), -1);
		assert_string_equal(line.command->name, "init");
		assert_string_equal(cli_value(&line, "config"), "a.json");
		assert_string_equal(cli_value(&line, "domain"), "d.example");
		assert_int_equal(cli_value_count(&line, "address"), 2);
		assert_string_equal(cli_value_at(&line, "address", 0), "192.0.2.1");
		assert_string_equal(cli_value_at(&line, "address", 1), "2001:db8::1");
		assert_null(cli_value_at(&line, "address", 2));
		assert_string_equal(said.err, "");
		assert_string_equal(said.out, "");
	}
}

static void words_and_double_dash(void **state)
{
	(void)state;
	assert_int_equal(parse("account -c x add -- --odd"), -1);
	assert_string_equal(line.command->name, "account add");
	assert_int_equal(line.word_count, 1);
	assert_string_equal(line.words[0], "--odd");
	assert_int_equal(parse("map web 8080 -c x -"), -1);
	assert_string_equal(line.words[2], "-");
	assert_int_equal(parse("-- status"), -1);
	assert_string_equal(line.command->name, "status");
	assert_int_equal(parse("status --json"), -1);
	assert_true(cli_has(&line, "json"));
	assert_null(cli_value(&line, "json"));
	assert_int_equal(parse("status"), -1);
	assert_false(cli_has(&line, "json"));
}

static void wrong_usage_is_one_line_and_two(void **state)
{
	(void)state;
	static const struct {
		const char *line, *says;
	} table[] = {
	    {"stats", "groundnut-test: unknown command \"stats\"; did you mean \"status\"?\n"},
	    {"acount add x",
	     "groundnut-test: unknown command \"acount\"; did you mean \"account\"?\n"},
	    {"zzzzzz",
	     "groundnut-test: unknown command \"zzzzzz\"; groundnut-test --help lists them\n"},
	    {"account", "groundnut-test: account needs one of add, list\n"},
	    {"admin", "groundnut-test: admin needs one of link, token add, token list\n"},
	    {"admin token", "groundnut-test: admin token needs one of add, list\n"},
	    {"admin token ad x",
	     "groundnut-test: unknown command \"admin token ad\"; admin token has add, list\n"},
	    {"account passwd x",
	     "groundnut-test: unknown command \"account passwd\"; account has add, list\n"},
	    {"status --jsn", "groundnut-test: unknown option --jsn; did you mean --json?\n"},
	    {"status -x", "groundnut-test: unknown option -x\n"},
	    {"status --json=1", "groundnut-test: --json takes no value\n"},
	    {"status --domain x", "groundnut-test: status has no option --domain\n"},
	    {"status --config", "groundnut-test: --config needs a value: FILE\n"},
	    {"status --config=", "groundnut-test: --config needs a value: FILE\n"},
	    {"status -c ''", "groundnut-test: --config needs a value: FILE\n"},
	    {"status x", "groundnut-test: status: one word too many: \"x\"\n"},
	    {"map web",
	     "groundnut-test: map needs NAME PUBLIC TARGET (groundnut-test map --help)\n"},
	    {"account add",
	     "groundnut-test: account add needs NAME (groundnut-test account add --help)\n"},
	    {"status --log-level loud",
	     "groundnut-test: --log-level: \"loud\" is none of debug, info, warn, error\n"},
	    {"status --log-format xml",
	     "groundnut-test: --log-format: \"xml\" is neither text nor json\n"},
	    {"a b c d e f g h i j k l m n o p q",
	     "groundnut-test: too many words, from \"q\" on\n"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		assert_int_equal(parse(table[i].line), EXIT_USAGE);
		assert_string_equal(said.err, table[i].says);
		assert_string_equal(said.out, "");
	}
}

static void too_many_values(void **state)
{
	(void)state;
	char text[1024] = "init";
	for (int i = 0; i < CLI_VALUES; i++)
		strcat(text, " --address=x");
	assert_int_equal(parse(text), -1);
	strcat(text, " --address=x");
	assert_int_equal(parse(text), EXIT_USAGE);
}

static void no_command_shows_usage_on_stderr(void **state)
{
	(void)state;
	assert_int_equal(parse(""), EXIT_USAGE);
	assert_non_null(strstr(said.err, "Usage: groundnut-test COMMAND"));
	assert_string_equal(said.out, "");
	assert_int_equal(parse("-c x"), EXIT_USAGE);
}

static void help_at_every_level(void **state)
{
	(void)state;
	assert_int_equal(parse("--help"), 0);
	assert_non_null(strstr(said.out, "\n  init "));
	assert_non_null(strstr(said.out, "\n  account add NAME "));
	assert_non_null(strstr(said.out, "--log-level LEVEL"));
	assert_int_equal(parse("account --help"), 0);
	assert_non_null(strstr(said.out, "\n  account list "));
	assert_null(strstr(said.out, "\n  init "));
	assert_int_equal(parse("admin token --help"), 0);
	assert_non_null(strstr(said.out, "\n  admin token list "));
	assert_null(strstr(said.out, "\n  admin link "));
	assert_int_equal(parse("-h init nonsense"), 0);
	assert_non_null(
	    strstr(said.out,
		   "Usage: groundnut-test init --domain D [--address A]\n\nWrites the files.\n\n"));
	assert_non_null(strstr(said.out, "More about it."));
	assert_string_equal(said.err, "");
	assert_int_equal(parse("nonsense --help"), EXIT_USAGE);
	assert_string_equal(said.out, "");
}

static void version_anywhere(void **state)
{
	(void)state;
	assert_int_equal(parse("--version"), 0);
	assert_string_equal(said.out, "groundnut-test " GROUNDNUT_VERSION "\n");
	assert_int_equal(parse("status --version"), 0);
	assert_string_equal(said.out, "groundnut-test " GROUNDNUT_VERSION "\n");
}

/* What --version ends with when the descriptors of mask are closed; 99: a file took a place. */
static int version_without(unsigned mask)
{
	char *argv[] = {"prog", "--version", NULL};
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_RDWR), STDOUT_FILENO);
		for (int fd = 0; fd <= 2; fd++)
			if (mask & 1u << fd)
				close(fd);
		int code = cli_main(&relay, 2, argv);
		_exit(open("/dev/null", O_RDONLY) > 2 ? code : 99);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void closed_descriptors_are_held_and_fail(void **state)
{
	(void)state;
	for (unsigned mask = 0; mask < 8; mask++)
		assert_int_equal(version_without(mask), mask & 1u << STDOUT_FILENO ? 1 : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_stand_anywhere),
	    cmocka_unit_test(words_and_double_dash),
	    cmocka_unit_test(wrong_usage_is_one_line_and_two),
	    cmocka_unit_test(too_many_values),
	    cmocka_unit_test(no_command_shows_usage_on_stderr),
	    cmocka_unit_test(help_at_every_level),
	    cmocka_unit_test(version_anywhere),
	    cmocka_unit_test(closed_descriptors_are_held_and_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
