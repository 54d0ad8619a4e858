/* A hello that was never sent anywhere. */
#include "shared/net/client_hello_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const struct buf *b, const char *bytes, size_t len)
{
	for (size_t i = 0; i + len <= buf_len(b); i++)
		if (!memcmp(buf_data(b) + i, bytes, len))
			return true;
	return false;
}

static void it_names_host_and_protocols(void **state)
{
	(void)state;
	static const char *const alpn[] = {"one/1", "two", NULL};
	struct buf b = BUF_INIT;
	client_hello_writer_write("nas.alice.example", alpn, &b);
	assert_true(buf_len(&b) > 100);
	assert_memory_equal(buf_data(&b), "\x16\3\1", 3);
	assert_int_equal(buf_data(&b)[3] << 8 | buf_data(&b)[4], buf_len(&b) - 5);
	assert_int_equal(buf_data(&b)[5], 1);
	assert_true(holds(&b, "\0\021nas.alice.example", 19));
	assert_true(holds(&b, "\5one/1\3two", 10));
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_names_host_and_protocols),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
