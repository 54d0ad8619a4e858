#include "shared/http/content_negotiation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void gzip_where_it_is_wanted(void **state)
{
	(void)state;
	static const struct {
		const char *accept;
		bool gzip;
	} cases[] = {
	    {NULL, false},
	    {"", false},
	    {"gzip", true},
	    {"GZip", true},
	    {"x-gzip", true},
	    {"gzip, deflate, br, zstd", true},
	    {"br,gzip", true},
	    {"br", false},
	    {"gzipped", false},
	    {"gzip;q=0", false},
	    {"gzip; q=0.000", false},
	    {"gzip ; Q=0.001", true},
	    {"gzip;q=1.000", true},
	    {"gzip;q=", true},
	    {"gzip;q=x", true},
	    {"*", true},
	    {"*;q=0", false},
	    {"*;q=0, gzip", true},
	    {"gzip;q=0, *", false},
	    {"identity", false},
	    {"identity, gzip;q=0.5", false},
	    {"identity;q=0.5, gzip", true},
	    {"identity;q=0.5, gzip;q=0.25", false},
	    {", ,gzip", true},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(content_negotiation_wants_gzip(cases[i].accept), cases[i].gzip);
}

static void known_tags(void **state)
{
	(void)state;
	static const struct {
		const char *known;
		bool is_known;
	} cases[] = {
	    {NULL, false},
	    {"", false},
	    {"*", true},
	    {"\"a1\"", true},
	    {"W/\"a1\"", true},
	    {"\"b\", \"a1\"", true},
	    {"\"b\",W/\"a1\" , \"c\"", true},
	    {"\"x,y\", \"a1\"", true},
	    {"a1", false},
	    {"\"a1", false},
	    {"\"a1\"x", false},
	    {"\"a\"", false},
	    {"\"a12\"", false},
	    {"\"x\"a1\"\"", false},
	    {"\"", false},
	    {"W/", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(content_negotiation_is_known(cases[i].known, "\"a1\""),
				 cases[i].is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gzip_where_it_is_wanted),
	    cmocka_unit_test(known_tags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
