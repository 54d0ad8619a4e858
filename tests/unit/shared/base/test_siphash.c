#include "shared/base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Of its authors: key 00 01 … 0f, and the first so many of the bytes 00 01 02 … */
static void the_vectors_of_its_authors_come_out(void **state)
{
	(void)state;
	static const struct {
		size_t len;
		uint64_t hash;
	} vectors[] = {
	    {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
	    {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
	    {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)},
	};
	const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
	uint8_t bytes[64];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		assert_true(siphash(key, bytes, vectors[i].len) == vectors[i].hash);
}

static void another_key_is_another_hash(void **state)
{
	(void)state;
	const uint64_t keys[][2] = {{1, 2}, {2, 2}, {1, 3}};
	assert_true(siphash(keys[0], "a", 1) == siphash(keys[0], "a", 1));
	assert_true(siphash(keys[0], "a", 1) != siphash(keys[1], "a", 1));
	assert_true(siphash(keys[0], "a", 1) != siphash(keys[2], "a", 1));
	assert_true(siphash(keys[0], "a", 1) != siphash(keys[0], "a\0", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_of_its_authors_come_out),
	    cmocka_unit_test(another_key_is_another_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
