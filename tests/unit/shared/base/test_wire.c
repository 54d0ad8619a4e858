#include "shared/base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t message[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
				  0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 'x',  'y'};

static bool read_all(struct wire *w)
{
	char text[2];
	bool right = wire_get_u8(w) == 0x01;
	right = wire_get_u16(w) == 0x0203 && right;
	right = wire_get_u32(w) == 0x04050607 && right;
	right = wire_get_u64(w) == UINT64_C(0x08090a0b0c0d0e0f) && right;
	wire_get_bytes(w, text, 2);
	return right && memcmp(text, "xy", 2) == 0;
}

static void a_message_is_in_network_order(void **state)
{
	(void)state;
	uint8_t out[sizeof(message)];
	struct wire w = wire_over(message, sizeof(message));
	assert_true(read_all(&w) && wire_ok(&w) && w.left == 0);
	w = wire_over(out, sizeof(out));
	wire_put_u8(&w, 0x01);
	wire_put_u16(&w, 0x0203);
	wire_put_u32(&w, 0x04050607);
	wire_put_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	wire_put_bytes(&w, "xy", 2);
	assert_true(wire_ok(&w) && w.left == 0);
	assert_memory_equal(out, message, sizeof(out));
	wire_put(&w, 3, 1);
	assert_false(wire_ok(&w));
}

static void a_message_cut_anywhere_is_not_ok(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(message); len++) {
		struct wire w = wire_over(message, len);
		read_all(&w);
		assert_false(wire_ok(&w));
	}
}

static void after_an_overrun_all_is_zero(void **state)
{
	(void)state;
	uint8_t bytes[4] = {9, 9, 9, 9};
	struct wire w = wire_over(message, 3);
	assert_int_equal(wire_get_u32(&w), 0);
	assert_int_equal(wire_get_u8(&w), 0);
	assert_null(wire_skip(&w, 0));
	wire_get_bytes(&w, bytes, 4);
	assert_memory_equal(bytes, "\0\0\0\0", 4);
	assert_false(wire_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_is_in_network_order),
	    cmocka_unit_test(a_message_cut_anywhere_is_not_ok),
	    cmocka_unit_test(after_an_overrun_all_is_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
