#include "relay/ports.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool claim(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last,
		  const char *owner, const char *holder)
{
	char *said;
	bool held = ports_claim(p, protocol, first, last, owner, &said);
	if (holder)
		assert_string_equal(said, holder);
	else
		assert_null(said);
	mem_free(said);
	return held;
}

static void ranges_of_one_protocol_do_not_overlap(void **state)
{
	(void)state;
	struct ports *p = ports_new(1000);
	assert_true(claim(p, MAPPING_TCP, 100, 200, "alice/nas", NULL));
	assert_false(claim(p, MAPPING_TCP, 200, 300, "bob/pc", "alice/nas"));
	assert_false(claim(p, MAPPING_TCP, 50, 100, "bob/pc", "alice/nas"));
	assert_false(claim(p, MAPPING_TCP, 150, 150, "bob/pc", "alice/nas"));
	assert_false(claim(p, MAPPING_TCP, 1, 65535, "bob/pc", "alice/nas"));
	assert_true(claim(p, MAPPING_UDP, 100, 200, "bob/pc", NULL));
	assert_true(claim(p, MAPPING_TCP, 201, 300, "bob/pc", NULL));
	assert_true(claim(p, MAPPING_TCP, 65535, 65535, "bob/pc", NULL));
	ports_release(p, MAPPING_TCP, 100, 200);
	assert_true(claim(p, MAPPING_TCP, 150, 150, "bob/pc", NULL));
	assert_true(claim(p, MAPPING_TCP, 151, 200, "alice/nas", NULL));
	ports_free(p);
}

/* Each costs a descriptor: what is left is for visitors and agents. */
static void there_is_an_end_to_them(void **state)
{
	(void)state;
	struct ports *p = ports_new(100);
	assert_false(claim(p, MAPPING_TCP, 1, 65535, "alice/nas", NULL));
	assert_true(claim(p, MAPPING_TCP, 1001, 1060, "alice/nas", NULL));
	assert_false(claim(p, MAPPING_UDP, 1001, 1041, "alice/nas", NULL));
	assert_true(claim(p, MAPPING_UDP, 1001, 1040, "bob/pc", NULL));
	assert_false(claim(p, MAPPING_TCP, 2000, 2000, "bob/pc", NULL));
	assert_false(claim(p, MAPPING_TCP, 1001, 1001, "bob/pc", "alice/nas"));
	ports_release(p, MAPPING_TCP, 1001, 1060);
	ports_release(p, MAPPING_TCP, 1001, 1060);
	assert_true(claim(p, MAPPING_TCP, 2000, 2059, "bob/pc", NULL));
	assert_false(claim(p, MAPPING_TCP, 3000, 3000, "bob/pc", NULL));
	ports_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_of_one_protocol_do_not_overlap),
	    cmocka_unit_test(there_is_an_end_to_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
