/* What is asked for is on the socket, and what is not to be had is told. */
#include "shared/net/congestion_control.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"

#include "tests/unit/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct capture said;

static const char *choose(const char *wanted)
{
	static char out[CONGESTION_CONTROL_NAME];
	capture_start(&said);
	congestion_control_choose(wanted, out);
	capture_end(&said);
	return out;
}

/* Whether a file may say it. */
static bool takes(const char *name)
{
	char *text = mem_printf("{\"congestion\": \"%s\"}", name);
	struct conf *c = conf_parse("relay.json", text, strlen(text), false);
	char *read = congestion_control_read(conf_root(c));
	assert_string_equal(read, strcmp(name, "b\\n") ? name : "b\n");
	bool right = !conf_errors(c);
	mem_free(read);
	conf_free(c);
	mem_free(text);
	return right;
}

static void names(void **state)
{
	(void)state;
	static const char *const good[] = {"bbr", "system", "cubic", "dctcp-x_2",
					   "a23456789012345"};
	static const char *const bad[] = {"", "BBR", "b br", "a234567890123456", "b\\n", "é"};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(takes(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(takes(bad[i]));
}

/* reno is in every kernel, for everybody. */
static void what_is_set_is_read_back(void **state)
{
	(void)state;
	char before[CONGESTION_CONTROL_NAME], after[CONGESTION_CONTROL_NAME];
	int fd = socket_open(AF_INET, SOCK_STREAM);
	assert_string_equal(choose("reno"), "reno");
	assert_string_equal(said.err, "");
	congestion_control_of(fd, before);
	assert_true(*before);
	congestion_control_set(fd, "");
	assert_string_equal(congestion_control_of(fd, after), before);
	congestion_control_set(fd, "reno");
	assert_string_equal(congestion_control_of(fd, after), "reno");
	congestion_control_set(fd, "nosuch");
	assert_string_equal(congestion_control_of(fd, after), "reno");
	close(fd);
	assert_string_equal(congestion_control_of(-1, after), "");
}

static void what_is_not_to_be_had_is_told(void **state)
{
	(void)state;
	assert_string_equal(choose("system"), "");
	assert_string_equal(said.err, "");
	assert_string_equal(choose("nosuch"), "");
	assert_non_null(strstr(said.err, " warn no_congestion_control wanted=nosuch uses="));
	assert_non_null(strstr(said.err, "modprobe tcp_bbr"));
	/* Nothing asked for: bbr, or a line that does not warn. */
	if (strcmp(choose(NULL), "bbr") != 0)
		assert_non_null(strstr(said.err, " info no_congestion_control wanted=bbr uses="));
	else
		assert_string_equal(said.err, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(what_is_set_is_read_back),
	    cmocka_unit_test(what_is_not_to_be_had_is_told),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
