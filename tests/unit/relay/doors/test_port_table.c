#include "relay/doors/port_table.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

#define NO_ROOM "the relay has no descriptors left for so many ports"

/* why: what is said; NULL: it is held. */
static void claim(struct port_table *p, enum ports_protocol transport, uint16_t first,
		  uint16_t last, const char *owner, const char *why)
{
	char *holder, *said;
	int err = port_table_claim(p, transport, first, last, owner, &holder, &said);
	if (holder) {
		assert_null(said);
		said = mem_printf("held by %s", holder);
	}
	mem_free(holder);
	assert_int_equal(err, !why ? 0 : strcmp(why, NO_ROOM) ? UV_EADDRINUSE : UV_EMFILE);
	if (why)
		assert_string_equal(said, why);
	else
		assert_null(said);
	mem_free(said);
}

static void ranges_of_one_protocol_do_not_overlap(void **state)
{
	(void)state;
	struct port_table *p = port_table_new(1000);
	claim(p, PORTS_TCP, 100, 200, "alice/nas", NULL);
	claim(p, PORTS_TCP, 200, 300, "bob/pc", "held by alice/nas");
	claim(p, PORTS_TCP, 50, 100, "bob/pc", "held by alice/nas");
	claim(p, PORTS_TCP, 150, 150, "bob/pc", "held by alice/nas");
	claim(p, PORTS_TCP, 1, 65535, "bob/pc", "held by alice/nas");
	claim(p, PORTS_UDP, 100, 200, "bob/pc", NULL);
	claim(p, PORTS_TCP, 201, 300, "bob/pc", NULL);
	claim(p, PORTS_TCP, 65535, 65535, "bob/pc", NULL);
	port_table_release(p, PORTS_TCP, 100, 200);
	claim(p, PORTS_TCP, 150, 150, "bob/pc", NULL);
	claim(p, PORTS_TCP, 151, 200, "alice/nas", NULL);
	port_table_free(p);
}

/* Each costs a descriptor: what is left is for visitors and agents. */
static void there_is_an_end_to_them(void **state)
{
	(void)state;
	struct port_table *p = port_table_new(100);
	claim(p, PORTS_TCP, 1, 65535, "alice/nas", NO_ROOM);
	claim(p, PORTS_TCP, 1001, 1060, "alice/nas", NULL);
	claim(p, PORTS_UDP, 1001, 1041, "alice/nas", NO_ROOM);
	claim(p, PORTS_UDP, 1001, 1040, "bob/pc", NULL);
	claim(p, PORTS_TCP, 2000, 2000, "bob/pc", NO_ROOM);
	claim(p, PORTS_TCP, 1001, 1001, "bob/pc", "held by alice/nas");
	port_table_release(p, PORTS_TCP, 1001, 1060);
	port_table_release(p, PORTS_TCP, 1001, 1060);
	claim(p, PORTS_TCP, 2000, 2059, "bob/pc", NULL);
	claim(p, PORTS_TCP, 3000, 3000, "bob/pc", NO_ROOM);
	port_table_free(p);
}

static void none_of_the_relays_own(void **state)
{
	(void)state;
	static const struct ports_range before[] = {{8245, 8245, PORTS_TCP}};
	static const struct ports_range after[] = {{53, 53, PORTS_TCP | PORTS_UDP},
						   {8500, 8500, PORTS_TCP}};
	struct port_table *p = port_table_new(1000);
	assert_null(port_table_why_not(p, PORTS_TCP, 1, 65535));
	port_table_set_own(p, before, 1);
	claim(p, PORTS_TCP, 8245, 8245, "bob/pc", "the relay itself listens on port 8245");
	claim(p, PORTS_TCP, 8200, 8299, "bob/pc", "the relay itself listens on port 8245");
	claim(p, PORTS_UDP, 8245, 8245, "bob/pc", NULL);
	claim(p, PORTS_TCP, 8246, 8600, "bob/pc", NULL);
	port_table_set_own(p, after, 2); /* also while somebody holds it */
	char *why = port_table_why_not(p, PORTS_TCP, 8246, 8600);
	assert_string_equal(why, "the relay itself listens on port 8500");
	mem_free(why);
	assert_null(port_table_why_not(p, PORTS_TCP, 8501, 8600));
	assert_null(port_table_why_not(p, PORTS_UDP, 8500, 8500));
	claim(p, PORTS_TCP, 8245, 8245, "bob/pc", NULL);
	claim(p, PORTS_UDP, 53, 54, "bob/pc", "the relay itself listens on port 53/udp");
	port_table_release(p, PORTS_TCP, 8246, 8600);
	claim(p, PORTS_TCP, 8246, 8600, "bob/pc", "the relay itself listens on port 8500");
	port_table_set_own(p, NULL, 0);
	claim(p, PORTS_TCP, 8246, 8600, "bob/pc", NULL);
	port_table_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ranges_of_one_protocol_do_not_overlap),
	    cmocka_unit_test(there_is_an_end_to_them),
	    cmocka_unit_test(none_of_the_relays_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
