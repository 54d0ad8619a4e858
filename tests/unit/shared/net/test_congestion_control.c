/* What is asked for is on the socket, and what is not to be had is told. */
#include "shared/net/congestion_control.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/socket.h"

#include "tests/unit/capture.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
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

/* Two ends of a TCP connection on loopback. */
static void connect_pair(int end[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int door = socket(AF_INET, SOCK_STREAM, 0);
	end[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(door, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(door, 1), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&at, &len), 0);
	congestion_control_set(end[0], "bbr");
	assert_int_equal(connect(end[0], (struct sockaddr *)&at, len), 0);
	end[1] = accept(door, NULL, NULL);
	assert_true(end[1] >= 0);
	close(door);
}

/* As much as the connection takes at a time, over and over. */
static void exchange(const int end[2], int rounds)
{
	static char bytes[64 * 1024];
	for (int i = 0; i < rounds; i++) {
		while (send(end[0], bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
		}
		while (recv(end[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
		}
	}
}

/* bbr ends its start when the rate has not grown in three round trips. */
static void bbr_starts_anew(void **state)
{
	(void)state;
	struct bbr_estimate e = {0};
	int end[2];
	assert_false(congestion_control_bbr(-1, &e));
	connect_pair(end);
	if (!congestion_control_is_bbr(end[0])) {
		close(end[0]), close(end[1]);
		print_message("this kernel gives us no bbr\n");
		skip();
	}
	assert_true(congestion_control_bbr(end[0], &e));
	assert_true(e.starts);
	for (int i = 0; i < 1000 && e.starts; i++) {
		exchange(end, 10);
		congestion_control_bbr(end[0], &e);
	}
	assert_false(e.starts);
	assert_true(e.rate > 1000 * 1000);
	if (!congestion_control_bbr_restart(end[0])) {
		close(end[0]), close(end[1]);
		print_message("this machine does not let us choose reno\n");
		skip();
	}
	assert_true(congestion_control_is_bbr(end[0]));
	assert_true(congestion_control_bbr(end[0], &e));
	assert_true(e.starts);
	exchange(end, 3);
	congestion_control_set(end[0], "reno");
	assert_false(congestion_control_bbr(end[0], &e));
	assert_false(congestion_control_bbr_restart(end[0]));
	close(end[0]), close(end[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names),
	    cmocka_unit_test(what_is_set_is_read_back),
	    cmocka_unit_test(what_is_not_to_be_had_is_told),
	    cmocka_unit_test(bbr_starts_anew),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
