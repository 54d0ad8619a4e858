#include "shared/base/mem.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void nothing_is_null_even_for_no_bytes(void **state)
{
	(void)state;
	void *p[] = {mem_alloc(0), mem_zalloc(0), mem_resize(NULL, 0), mem_dup(NULL, 0)};
	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		assert_non_null(p[i]);
		mem_free(p[i]);
	}
	mem_free(NULL);
	mem_wipe(NULL, 0);
	assert_null(mem_strdup(NULL));
}

static void contents_are_kept(void **state)
{
	(void)state;
	uint8_t *zero = mem_zalloc(1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(zero[i], 0);
	memset(zero, 5, 1000);
	zero = mem_resize(zero, 100000);
	uint8_t *copy = mem_dup(zero, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(copy[i], 5);
	mem_wipe(copy, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(copy[i], 0);
	mem_free(copy);
	mem_free(zero);
	char *text = mem_printf("%s-%d", "a", 7);
	assert_string_equal(text, "a-7");
	mem_free(text);
}

static void too_little_memory_ends_the_process(void **state)
{
	(void)state;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		close(STDERR_FILENO);
		mem_alloc(SIZE_MAX / 4);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* The address sanitizer's malloc ends the process by itself, with its own exit code. */
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_null_even_for_no_bytes),
	    cmocka_unit_test(contents_are_kept),
	    cmocka_unit_test(too_little_memory_ends_the_process),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
