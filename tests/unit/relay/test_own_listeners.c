/* Which ports of relay.json no mapping may have: each listener, by protocol, where it meets
 * `bind`. */
#define _GNU_SOURCE /* nftw */
#include "relay/own_listeners.h"

#include "shared/base/buf.h"
#include "shared/base/mem.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* "7000 53/both", in the file's order, of a relay.json with these keys. */
static char *of(const char *keys)
{
	struct relay_config *c;
	struct buf b = BUF_INIT;
	size_t count;
	char *text = mem_printf("{\"domain\": \"home.test\", \"listen\": [\"[::]:7000\"]%s}", keys);
	tempdir_write("relay.json", text);
	mem_free(text);
	assert_int_equal(relay_config_load(tempdir_path("relay.json"), &c), 0);
	struct ports_range *list = own_listeners_ports(c, &count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].first, list[i].last);
		buf_printf(&b, "%s%u%s", i ? " " : "", list[i].first,
			   list[i].protocols == PORTS_TCP ? "" : "/both");
	}
	text = mem_strdup(buf_str(&b));
	buf_fini(&b);
	mem_free(list);
	relay_config_unref(c);
	return text;
}

static void every_listener_of_the_file(void **state)
{
	(void)state;
	static const struct {
		const char *keys, *ports;
	} table[] = {
	    {"", "7000"},
	    {", \"http\": {}, \"tls\": {\"listen\": [\"[::]:443\", \"[::]:8443\"]}",
	     "7000 80 443 8443"},
	    {", \"update\": {\"http\": [\"[::]:8245\"], \"https\": [\"0.0.0.0:8444\"]}",
	     "7000 8245 8444"},
	    {", \"dns\": [{\"kind\": \"serve\"}]", "7000 53/both"},
	    {", \"dns\": [{\"kind\": \"serve\", \"listen\": [\"127.0.0.1:5300\"]}]",
	     "7000 5300/both"},
	    /* by address: "::" means both families */
	    {", \"bind\": [\"203.0.113.10\"], \"update\": {\"http\": [\"127.0.0.1:8245\"]}",
	     "7000"},
	    {", \"bind\": [\"203.0.113.10\"], \"update\": {\"http\": [\"203.0.113.10:8245\"]}",
	     "7000 8245"},
	    {", \"bind\": [\"203.0.113.10\"], \"update\": {\"http\": [\"0.0.0.0:8245\"]}",
	     "7000 8245"},
	    {", \"bind\": [\"2001:db8::1\"], \"update\": {\"http\": [\"0.0.0.0:8245\"]}", "7000"},
	    {", \"bind\": [\"0.0.0.0\"], \"update\": {\"http\": [\"[2001:db8::1]:8245\"]}", "7000"},
	    {", \"bind\": [\"127.0.0.1\", \"0.0.0.0\"], \"update\": {\"http\": "
	     "[\"192.0.2.1:8245\"]}",
	     "7000 8245"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *ports = of(table[i].keys);
		assert_string_equal(ports, table[i].ports);
		mem_free(ports);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_listener_of_the_file, tempdir_make,
					    tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
