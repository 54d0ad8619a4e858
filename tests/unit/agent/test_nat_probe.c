/* The probe on loopback, where nobody answers with anything but "no such port". */
#include "agent/nat_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct addr ip(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(text, &a), 0);
	return a;
}

struct seen {
	unsigned calls;
	struct nat_facts facts;
	struct loop *loop;
};

static void on_facts(void *owner, const struct nat_facts *facts)
{
	struct seen *s = owner;
	s->calls++;
	s->facts = *facts;
	loop_stop(s->loop);
}

static void the_probe_ends_by_itself(void **state)
{
	(void)state;
	struct seen s = {.loop = loop_new("test")};
	struct addr to = ip("127.0.0.1");
	nat_probe_start(s.loop, &to, NULL, on_facts, &s);
	loop_run(s.loop);
	assert_int_equal(s.calls, 1);
	/* "Port unreachable" came from the far end itself: that is no hop. */
	for (unsigned i = 0; i < NAT_HOPS; i++)
		assert_int_equal(s.facts.hops[i].family, 0);
	assert_int_equal(loop_free(s.loop), 0);
}

static void v6_and_closing(void **state)
{
	(void)state;
	struct seen s = {.loop = loop_new("test")};
	struct addr v6 = ip("2a00::1"), v4 = ip("127.0.0.1");
	nat_probe_close(nat_probe_start(s.loop, &v4, &v4, on_facts, &s));
	nat_probe_start(s.loop, &v6, NULL, on_facts, &s);
	loop_run(s.loop);
	assert_int_equal(s.calls, 1);
	assert_int_equal(s.facts.hops[0].family, 0);
	assert_int_equal(loop_free(s.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_probe_ends_by_itself),
	    cmocka_unit_test(v6_and_closing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
