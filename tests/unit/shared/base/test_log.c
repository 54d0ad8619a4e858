#include "shared/base/log.h"

#include "shared/base/buf.h"

#include "shared/base/err.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char written[256 * 1024];
static int kept_stderr = -1, caught = -1;

static void catch_stderr(void)
{
	char name[] = "/tmp/test_log.XXXXXX";
	caught = mkstemp(name);
	assert_true(caught >= 0);
	unlink(name);
	fcntl(caught, F_SETFL, O_APPEND);
	kept_stderr = dup(STDERR_FILENO);
	dup2(caught, STDERR_FILENO);
}

/* Puts stderr back; what was written since catch_stderr. */
static const char *release_stderr(void)
{
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	ssize_t n = pread(caught, written, sizeof(written) - 1, 0);
	close(caught);
	assert_true(n >= 0);
	written[n] = 0;
	return written;
}

/* "2026-11-23T08:00:00.123Z" becomes TIME, so that the rest can be compared. */
static const char *without_time(const char *line, char out[1024])
{
	const char *z = strstr(line, "Z");
	assert_non_null(z);
	assert_true(z - line >= 23);
	assert_int_equal(z[-4], '.');
	assert_int_equal(z[-7], ':');
	assert_int_equal(z[-13], 'T');
	snprintf(out, 1024, "%.*sTIME%s", (int)(z - 23 - line), line, z + 1);
	return out;
}

#define EXPECT_LINE(call, expected)                                                                \
	do {                                                                                       \
		char line[1024];                                                                   \
		catch_stderr();                                                                    \
		call;                                                                              \
		assert_string_equal(without_time(release_stderr(), line), expected);               \
	} while (0)

static void a_line_has_time_level_event_and_keys(void **state)
{
	(void)state;
	log_setup("groundnut-relay", LOG_DEBUG, LOG_TEXT);
	EXPECT_LINE(log_info("agent_resumed", "account=%s agent=%s after_ms=%" PRIu64, "alice",
			     "nas", UINT64_C(12)),
		    "TIME info agent_resumed account=alice agent=nas after_ms=12\n");
	EXPECT_LINE(log_debug("stopped", NULL), "TIME debug stopped\n");
	EXPECT_LINE(
	    log_warn("all",
		     "a=%d b=%u c=%ld d=%lu e=%lld f=%llu g=%zu h=%zd i=%c j=plain k=%s:%u l=%.*s",
		     -1, ~0u, -2L, ~0UL, -3LL, ~0ULL, (size_t)4, (ssize_t)-5, 'x', "h", 80u, 2,
		     "abc"),
	    "TIME warn all a=-1 b=4294967295 c=-2 d=18446744073709551615 e=-3 "
	    "f=18446744073709551615 g=4 h=-5 "
	    "i=x j=plain k=h:80 l=ab\n");
}

static void a_visitor_cannot_forge_a_line(void **state)
{
	(void)state;
	log_setup("groundnut-relay", LOG_INFO, LOG_TEXT);
	EXPECT_LINE(log_error("bad", "a=%s b=%s c=%s d=%s e=%s f=%s g=%s", "x\nTIME info forged",
			      "", "a=b", "q\"", "\x1b[2J\xff", "é", "plain-\\[::1]:80"),
		    "TIME error bad a=\"x\\nTIME info forged\" b=\"\" c=\"a=b\" d=\"q\\\"\" "
		    "e=\"\\u001b[2J�\" f=\"é\" "
		    "g=plain-\\[::1]:80\n");
}

static void json_lines_keep_numbers_numbers(void **state)
{
	(void)state;
	log_setup("groundnut-relay", LOG_INFO, LOG_JSON);
	EXPECT_LINE(log_info("open", "n=%d u=%llu z=%zu s=%s both=%u/%u number_like=%s", -5, ~0ULL,
			     (size_t)7, "a\"\n", 1u, 2u, "12"),
		    "{\"time\":\"TIME\",\"level\":\"info\",\"event\":\"open\",\"n\":-5,\"u\":"
		    "18446744073709551615,"
		    "\"z\":7,\"s\":\"a\\\"\\n\",\"both\":\"1/2\",\"number_like\":\"12\"}\n");
	EXPECT_LINE(log_info("stopped", NULL),
		    "{\"time\":\"TIME\",\"level\":\"info\",\"event\":\"stopped\"}\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
	(void)state;
	log_setup("groundnut-relay", LOG_WARN, LOG_TEXT);
	catch_stderr();
	log_debug("a", "k=%d", 1);
	log_info("b", "k=%d", 1);
	assert_string_equal(release_stderr(), "");
	EXPECT_LINE(log_error("c", "k=%d", 1), "TIME error c k=1\n");
}

static void what_is_said_is_one_line(void **state)
{
	(void)state;
	log_setup("groundnut-agent", LOG_ERROR, LOG_TEXT);
	catch_stderr();
	log_say("agent.json: mappings[%d].target: \"%s\" names no port", 1,
		"a\nb\x1b\xc2\x9b"
		"2Jé");
	assert_string_equal(release_stderr(), "groundnut-agent: agent.json: mappings[1].target: "
					      "\"a\\x0ab\\x1b\\xc2\\x9b2Jé\" names no port\n");
	/* A machine's log has nothing in it but objects. */
	log_setup("groundnut-agent", LOG_ERROR, LOG_JSON);
	EXPECT_LINE(log_say("x.json: %s", "\"\n\xff"),
		    "{\"time\":\"TIME\",\"level\":\"error\",\"event\":\"said\",\"text\":\"x.json: "
		    "\\\"\\n\xef\xbf\xbd\"}\n");
}

/* One that serves somebody else catches what is said to it; others say it as ever. */
static void what_is_said_can_be_caught(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	log_setup("groundnut-relay", LOG_ERROR, LOG_TEXT);
	catch_stderr();
	log_say_into(&text);
	log_say("no account is called \"%s\"", "a");
	log_say("second");
	log_say_into(NULL);
	log_say("aloud");
	assert_string_equal(release_stderr(), "groundnut-relay: aloud\n");
	assert_string_equal(buf_str(&text), "no account is called \"a\"\nsecond\n");
	buf_fini(&text);
}

static const char *as_journal(bool it_is, enum log_format format)
{
	char stream[64];
	struct stat st;
	catch_stderr();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino + !it_is);
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup("test", LOG_DEBUG, format);
	log_debug("a", NULL);
	log_info("b", "n=%d", 1);
	log_warn("c", NULL);
	log_error("d", NULL);
	log_say("e");
	unsetenv("JOURNAL_STREAM");
	const char *lines = release_stderr();
	log_setup("test", LOG_DEBUG, LOG_TEXT);
	return lines;
}

static void journal_gets_priorities_and_no_times(void **state)
{
	(void)state;
	assert_string_equal(as_journal(true, LOG_TEXT), "<7>debug a\n"
							"<6>info b n=1\n"
							"<4>warn c\n"
							"<3>error d\n"
							"<3>test: e\n");
	assert_string_equal(as_journal(true, LOG_JSON),
			    "<7>{\"level\":\"debug\",\"event\":\"a\"}\n"
			    "<6>{\"level\":\"info\",\"event\":\"b\",\"n\":1}\n"
			    "<4>{\"level\":\"warn\",\"event\":\"c\"}\n"
			    "<3>{\"level\":\"error\",\"event\":\"d\"}\n"
			    "<3>{\"level\":\"error\",\"event\":\"said\",\"text\":\"e\"}\n");
}

static void another_file_is_no_journal(void **state)
{
	(void)state;
	const char *lines = as_journal(false, LOG_TEXT);
	assert_int_equal(lines[0], '2');
	assert_non_null(strstr(lines, "Z debug a\n"));
	assert_non_null(strstr(lines, "\ntest: e\n"));
}

static void *write_lines(void *mark)
{
	for (unsigned i = 0; i < 200; i++)
		log_info("line", "mark=%c%c%c%c%c", *(char *)mark, *(char *)mark, *(char *)mark,
			 *(char *)mark, *(char *)mark);
	return NULL;
}

static void check_threads(bool with_writer)
{
	pthread_t threads[4];
	char marks[] = "abcd";
	unsigned lines = 0;
	log_setup("groundnut-relay", LOG_INFO, LOG_TEXT);
	catch_stderr();
	assert_int_equal(with_writer ? log_start() : 0, 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_lines, &marks[i]);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	if (with_writer)
		log_stop();
	for (const char *p = release_stderr(); *p; p = strchr(p, '\n') + 1, lines++) {
		const char *mark = strstr(p, " info line mark=");
		assert_int_equal(mark - p, 24);
		mark += strlen(" info line mark=");
		assert_int_equal(strspn(mark, (char[]){*mark, 0}), 5);
		assert_int_equal(mark[5], '\n');
	}
	assert_int_equal(lines, 800);
}

static void lines_of_threads_do_not_mix(void **state)
{
	(void)state;
	check_threads(false);
	check_threads(true);
}

static void words_for_levels_and_formats(void **state)
{
	(void)state;
	enum log_level level = LOG_INFO;
	enum log_format format = LOG_TEXT;
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_ERROR);
	assert_int_equal(log_level_parse("Error", &level), ERR_SYNTAX);
	assert_int_equal(log_format_parse("json", &format), 0);
	assert_int_equal(format, LOG_JSON);
	assert_int_equal(log_format_parse("", &format), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_has_time_level_event_and_keys),
	    cmocka_unit_test(a_visitor_cannot_forge_a_line),
	    cmocka_unit_test(json_lines_keep_numbers_numbers),
	    cmocka_unit_test(what_is_below_the_level_is_not_written),
	    cmocka_unit_test(what_is_said_is_one_line),
	    cmocka_unit_test(what_is_said_can_be_caught),
	    cmocka_unit_test(lines_of_threads_do_not_mix),
	    cmocka_unit_test(journal_gets_priorities_and_no_times),
	    cmocka_unit_test(another_file_is_no_journal),
	    cmocka_unit_test(words_for_levels_and_formats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
