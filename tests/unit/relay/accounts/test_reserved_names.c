#include "relay/accounts/reserved_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void they_are_found_in_any_case(void **state)
{
	(void)state;
	struct reserved_names *o = reserved_names_new();
	reserved_names_add(o, "relay.example.com");
	reserved_names_add(o, "Relay.Example.com."); /* once is enough */
	reserved_names_add(o, "*.park.example.com");
	reserved_names_add(o, NULL);
	reserved_names_add(o, "no host");
	assert_true(reserved_names_has(o, "RELAY.example.com."));
	assert_true(reserved_names_has(o, "*.park.example.com"));
	assert_false(reserved_names_has(o, "x.park.example.com"));
	assert_false(reserved_names_has(o, "x.relay.example.com"));
	assert_false(reserved_names_has(o, "example.com"));
	assert_false(reserved_names_has(o, "no host"));
	assert_false(reserved_names_has(o, ""));
	reserved_names_unref(o);
}

static void an_address_is_one_in_every_form(void **state)
{
	(void)state;
	struct reserved_names *o = reserved_names_new();
	struct addr four, six;
	assert_int_equal(addr_parse_ip("203.0.113.10", &four), 0);
	assert_int_equal(addr_parse_ip("2001:db8::10", &six), 0);
	reserved_names_add_address(o, &four);
	reserved_names_add_address(o, &six);
	assert_true(reserved_names_has(o, "203.0.113.10"));
	assert_true(reserved_names_has(o, "10.113.0.203.in-addr.arpa"));
	assert_true(reserved_names_has(o, "2001:DB8:0::10"));
	assert_true(reserved_names_has(o, "[2001:db8::10]"));
	assert_true(
	    reserved_names_has(o, "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
				  ".ip6.arpa"));
	assert_false(reserved_names_has(o, "203.0.113.11"));
	reserved_names_unref(o);
}

static void where_certificates_are_proven(void **state)
{
	(void)state;
	struct reserved_names *o = reserved_names_new();
	static const char *const own[] = {"_acme-challenge", "_acme-challenge.alice.example.com",
					  "_ACME-Challenge2.x.example.com",
					  "*._acme-challenge.alice.example.com"};
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		assert_true(reserved_names_has(o, own[i]));
	assert_false(reserved_names_has(o, "acme-challenge.alice.example.com"));
	assert_false(reserved_names_has(o, "x_acme-challenge.alice.example.com"));
	assert_false(reserved_names_has(NULL, "_acme-challenge"));
	struct reserved_names *again = reserved_names_ref(o);
	reserved_names_unref(o);
	assert_true(reserved_names_has(again, own[0]));
	reserved_names_unref(again);
	reserved_names_unref(NULL);
	assert_null(reserved_names_ref(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_found_in_any_case),
	    cmocka_unit_test(an_address_is_one_in_every_form),
	    cmocka_unit_test(where_certificates_are_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
