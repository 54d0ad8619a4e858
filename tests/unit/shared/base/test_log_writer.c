#include "shared/base/log_writer.h"

#include "shared/base/log.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Every test has a child, whose stderr it owns. A child that waits for a reader is ended by
 * SIGALRM, which no test expects. */

enum { PATIENCE_S = 30, LINES = 20000, FITTING = 4000 };

static int reader, writer; /* of the stderr that the child gets */
static int talk;           /* with the child, which has it as its stdin */

static void make_pipe(void)
{
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	reader = fds[0];
	writer = fds[1];
}

/* As another program leaves it that has written into it: full, and blocking. */
static void fill(int fd)
{
	char junk[4096];
	int flags = fcntl(fd, F_GETFL);
	memset(junk, '.', sizeof(junk));
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, junk, sizeof(junk)) > 0 || write(fd, junk, 1) > 0)
		;
	fcntl(fd, F_SETFL, flags);
}

static pid_t begin(void (*child)(void))
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	talk = ends[0];
	if (pid > 0) {
		close(ends[1]);
		close(writer);
		return pid;
	}
	dup2(ends[1], STDIN_FILENO);
	close(ends[0]);
	close(ends[1]);
	dup2(writer, STDERR_FILENO);
	close(reader);
	close(writer);
	signal(SIGPIPE, SIG_IGN);
	alarm(PATIENCE_S);
	log_setup("test", LOG_INFO, LOG_TEXT);
	child();
	_exit(0);
}

/* How it ended, as waitpid() says. */
static int end(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(talk);
	close(reader);
	return status;
}

/* All that has come, until it has last in it; NULL: until the child is gone. */
static char *read_until(const char *last)
{
	static char text[8 << 20];
	static size_t len;
	ssize_t n = 1;
	while (n > 0 && !(last && strstr(text, last))) {
		n = read(reader, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		text[len] = 0;
	}
	if (!last)
		len = 0;
	return text + strspn(text, ".");
}

static void log_some(unsigned lines)
{
	for (unsigned i = 0; i < lines; i++)
		log_info("line", "number=%u padding=%s", i,
			 "0123456789012345678901234567890123456789012345678901234567890123456789");
}

static void start_and_stop(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);
	if (log_start() != 0)
		_exit(2);
	log_some(LINES);
	if (fcntl(STDERR_FILENO, F_GETFL) != flags)
		_exit(3);
	log_stop();
	log_info("last", NULL);
	if (fcntl(STDERR_FILENO, F_GETFL) != flags)
		_exit(4);
}

static void a_full_pipe_stops_nobody(void **state)
{
	(void)state;
	make_pipe();
	fill(writer);
	assert_int_equal(end(begin(start_and_stop)), 0);
}

static void a_stopped_terminal_stops_nobody(void **state)
{
	(void)state;
	assert_int_equal(openpty(&reader, &writer, NULL, NULL, NULL), 0);
	assert_int_equal(write(reader, "\x13", 1), 1); /* Ctrl-S */
	assert_int_equal(end(begin(start_and_stop)), 0);
}

static void a_reader_that_has_gone_stops_nobody(void **state)
{
	(void)state;
	make_pipe();
	close(reader);
	reader = open("/dev/null", O_RDONLY);
	assert_int_equal(end(begin(start_and_stop)), 0);
}

static void a_full_disk_stops_nobody(void **state)
{
	(void)state;
	reader = open("/dev/null", O_RDONLY);
	writer = open("/dev/full", O_WRONLY);
	assert_int_equal(end(begin(start_and_stop)), 0);
}

/* Logs, then waits until the reader has read what there is to read. */
static void log_and_wait(unsigned lines)
{
	char word;
	if (log_start() != 0)
		_exit(2);
	log_some(lines);
	if (write(STDIN_FILENO, "d", 1) != 1 || read(STDIN_FILENO, &word, 1) != 1)
		_exit(3);
	log_stop();
	log_info("after", NULL);
}

static void log_what_fits(void)
{
	log_and_wait(FITTING);
}

static void log_too_much(void)
{
	log_and_wait(LINES);
}

/* What a child of log_and_wait() wrote, which is not read before it has logged all. */
static const char *hear(void (*child)(void), const char *last)
{
	pid_t pid = begin(child);
	char word;
	assert_int_equal(read(talk, &word, 1), 1);
	char *p = read_until(last);
	assert_int_equal(write(talk, "g", 1), 1);
	p = read_until(NULL);
	assert_int_equal(end(pid), 0);
	return p;
}

/* How many lines of log_some() are there, in order and up to limit. */
static uint64_t count_lines(const char *p, const char *limit)
{
	uint64_t got = 0;
	for (; (p = strstr(p, " info line number=")); p++, got++) {
		assert_int_equal(strtoul(p + 18, NULL, 10), got);
		assert_true(p < limit);
	}
	return got;
}

static void nothing_is_lost_that_has_room(void **state)
{
	(void)state;
	make_pipe();
	fcntl(writer, F_SETFL, O_NONBLOCK); /* whoever had it before wanted that */
	const char *p = hear(log_what_fits, "number=3999 "), *after = strstr(p, " info after\n");
	assert_non_null(after);
	assert_int_equal(count_lines(p, after), FITTING);
}

static void what_was_lost_is_counted_in_one_line(void **state)
{
	(void)state;
	make_pipe();
	fill(writer);
	const char *p = hear(log_too_much, "log_lost"), *lost = strstr(p, " warn log_lost lines=");
	assert_non_null(lost);
	assert_null(strstr(lost + 21, "log_lost"));
	uint64_t got = count_lines(p, lost), said = strtoull(lost + 21, NULL, 10);
	assert_true(got > LOG_WRITER_ROOM / 200);
	assert_int_equal(got + said, LINES);
	assert_non_null(strstr(lost, " info after\n"));
}

static void fail_to_assert(void)
{
	if (log_start() != 0)
		_exit(2);
	log_info("before", NULL);
	assert(getpid() == 0);
}

static void an_assertion_ends_it_though_nobody_reads(void **state)
{
	(void)state;
	make_pipe();
	fill(writer);
	int status = end(begin(fail_to_assert));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void an_assertion_is_the_last_word(void **state)
{
	(void)state;
	make_pipe();
	pid_t pid = begin(fail_to_assert);
	const char *p = read_until(NULL), *before = strstr(p, " info before\n");
	int status = end(pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(before);
	const char *failed = strstr(before, "fail_to_assert: Assertion `getpid() == 0' failed.\n");
	assert_non_null(failed);
	assert_string_equal(strchr(failed, '\n'), "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_pipe_stops_nobody),
	    cmocka_unit_test(a_stopped_terminal_stops_nobody),
	    cmocka_unit_test(a_reader_that_has_gone_stops_nobody),
	    cmocka_unit_test(a_full_disk_stops_nobody),
	    cmocka_unit_test(nothing_is_lost_that_has_room),
	    cmocka_unit_test(what_was_lost_is_counted_in_one_line),
	    cmocka_unit_test(an_assertion_ends_it_though_nobody_reads),
	    cmocka_unit_test(an_assertion_is_the_last_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
