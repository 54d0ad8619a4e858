/* A program that fails, that is not there, that does not end, and one that nobody waits for. */
#include "shared/base/mem.h"
#include "shared/net/child_process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000, SHORT_MS = 1000 };

struct run {
	struct loop *loop;
	struct child_process *program;
	char *why;
	unsigned told;
};

static void on_end(void *owner, const char *why)
{
	struct run *r = owner;
	r->told++;
	r->why = mem_strdup(why);
	child_process_close(r->program);
	loop_stop(r->loop);
}

/* What it is told to have met: NULL, or freed by the caller. */
static char *run(const char *path, const char *script, uint64_t most_ms)
{
	char *words[] = {(char *)(uintptr_t)path, "-c", (char *)(uintptr_t)script, NULL};
	char *variables[] = {"ONE=1", NULL};
	struct run r = {.loop = loop_new("test")};
	r.program = child_process_start(r.loop, words, variables, most_ms, on_end, &r);
	loop_run(r.loop);
	assert_int_equal(loop_free(r.loop), 0);
	assert_int_equal(r.told, 1);
	return r.why;
}

static void assert_said(const char *wanted, char *why)
{
	if (wanted)
		assert_string_equal(why, wanted);
	else
		assert_null(why);
	mem_free(why);
}

static void what_it_ends_with_is_told(void **state)
{
	(void)state;
	assert_said(NULL, run("/bin/sh", "echo good; exit 0", LONG_MS));
	assert_said("ended with 3", run("/bin/sh", "exit 3", LONG_MS));
	assert_said("ended with 1: last",
		    run("/bin/sh", "echo first; echo last >&2; echo; exit 1", LONG_MS));
	assert_said("ended with 1: a?b", run("/bin/sh", "printf 'a\\001b\\n'; exit 1", LONG_MS));
	assert_said("ended by signal 9: x", run("/bin/sh", "echo x; kill -9 $$", LONG_MS));
	assert_said("no such file or directory", run("/nowhere/at/all", "", LONG_MS));
	assert_said("permission denied", run("/etc/passwd", "", LONG_MS));
}

static void a_long_line_is_cut(void **state)
{
	(void)state;
	char *why = run("/bin/sh", "printf '%0300000d' 7; exit 1", LONG_MS);
	assert_int_equal(strlen(why), strlen("ended with 1: ") + 200);
	mem_free(why);
}

/* No variable of ours, no descriptor, no signal that is passed over. */
static void it_has_only_what_it_was_given(void **state)
{
	(void)state;
	assert_said("ended with 1: 1", run("/bin/sh", "echo \"$ONE$HOME$USER\"; exit 1", LONG_MS));
	assert_said(NULL, run("/bin/sh",
			      "for fd in /proc/$$/fd/*; do case ${fd##*/} in [012]) ;; "
			      "*) [ ! -e $fd ] || exit 1 ;; esac; done",
			      LONG_MS));
	assert_said(NULL, run("/bin/sh", "read line && exit 1; exit 0", LONG_MS));
}

static void one_that_does_not_end_is_killed(void **state)
{
	(void)state;
	assert_said("did not end within 1 s, and was killed: busy",
		    run("/bin/sh", "echo busy; trap '' TERM; sleep 600 & wait", SHORT_MS));
}

/* It has ended although somebody else holds its output. */
static void what_it_leaves_behind_is_not_waited_for(void **state)
{
	(void)state;
	assert_said("ended with 4: bye", run("/bin/sh", "sleep 600 & echo bye; exit 4", LONG_MS));
}

/* Also one that could not be started, whose failure would be told later. */
static void one_that_is_closed_says_nothing(void **state)
{
	char *words[] = {"/bin/sh", "-c", "sleep 600", NULL}, *variables[] = {NULL};
	struct run r = {.loop = loop_new("test")};
	(void)state;
	child_process_close(child_process_start(r.loop, words, variables, LONG_MS, on_end, &r));
	words[0] = "/nowhere/at/all";
	child_process_close(child_process_start(r.loop, words, variables, LONG_MS, on_end, &r));
	loop_stop(r.loop);
	loop_run(r.loop);
	assert_int_equal(loop_free(r.loop), 0);
	assert_int_equal(r.told, 0);
}

int main(void)
{
	for (int fd = 3; fd < 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC); /* what the test itself was given is not meant */
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_ends_with_is_told),
	    cmocka_unit_test(a_long_line_is_cut),
	    cmocka_unit_test(it_has_only_what_it_was_given),
	    cmocka_unit_test(one_that_does_not_end_is_killed),
	    cmocka_unit_test(what_it_leaves_behind_is_not_waited_for),
	    cmocka_unit_test(one_that_is_closed_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
