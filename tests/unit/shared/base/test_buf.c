#include "shared/base/buf.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void bytes_come_out_as_they_went_in(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	uint32_t seed = 12345, in = 0, out = 0;
	for (unsigned round = 0; round < 20000; round++) {
		seed = seed * 1664525 + 1013904223;
		unsigned n = (seed >> 8) % 97;
		if (seed >> 31) {
			uint8_t *room = buf_reserve(&b, n);
			for (unsigned i = 0; i < n; i++)
				room[i] = (uint8_t)in++;
			buf_commit(&b, n);
		} else {
			n = n < buf_len(&b) ? n : (unsigned)buf_len(&b);
			for (unsigned i = 0; i < n; i++)
				assert_int_equal(buf_data(&b)[i], (uint8_t)out++);
			buf_take(&b, n);
		}
		assert_int_equal(buf_len(&b), in - out);
	}
	buf_fini(&b);
}

static void a_queue_that_is_drained_does_not_grow(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	for (unsigned i = 0; i < 100000; i++) {
		buf_put(&b, "0123456789", 10);
		if (i)
			buf_take(&b, 10);
	}
	assert_int_equal(buf_len(&b), 10);
	assert_true(b.cap <= 1024);
	buf_fini(&b);
}

static void the_view_as_text_ends_where_the_bytes_end(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	assert_string_equal(buf_str(&b), "");
	buf_puts(&b, "xxabc");
	buf_take(&b, 2);
	assert_string_equal(buf_str(&b), "abc");
	assert_int_equal(buf_len(&b), 3);
	buf_puts(&b, "d");
	assert_string_equal(buf_str(&b), "abcd");
	buf_fini(&b);
}

static void printing_more_than_the_room_is_whole(void **state)
{
	(void)state;
	for (size_t len = 0; len < 700; len++) {
		struct buf b = BUF_INIT;
		char text[701];
		memset(text, 'y', len);
		text[len] = 0;
		buf_puts(&b, "x");
		buf_printf(&b, "%s%d", text, 7);
		assert_int_equal(buf_len(&b), len + 2);
		assert_memory_equal(buf_data(&b) + 1, text, len);
		assert_int_equal(buf_data(&b)[len + 1], '7');
		buf_fini(&b);
	}
}

static void an_empty_one_is_harmless(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b);
	buf_put(&b, NULL, 0);
	buf_puts(&b, "");
	buf_take(&b, 0);
	assert_int_equal(buf_len(&b), 0);
	assert_null(buf_data(&b));
	buf_fini(&b);
	buf_fini(&b);
	buf_puts(&b, "usable again");
	assert_string_equal(buf_str(&b), "usable again");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_out_as_they_went_in),
	    cmocka_unit_test(a_queue_that_is_drained_does_not_grow),
	    cmocka_unit_test(the_view_as_text_ends_where_the_bytes_end),
	    cmocka_unit_test(printing_more_than_the_room_is_whole),
	    cmocka_unit_test(an_empty_one_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
