#include "relay/doors/port_table.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

#define MOST 500 /* ports of an account */

static int try(struct port_table *p, enum ports_protocol transport, uint16_t first, uint16_t last,
	       const char *owner, char **why)
{
	char account[32], *holder;
	const struct port_wish w = {transport, first, last, account, owner, MOST};
	snprintf(account, sizeof account, "%.*s", (int)strcspn(owner, "/"), owner);
	int err = port_table_claim(p, &w, &holder, why);
	if (holder) {
		assert_null(*why);
		*why = mem_printf("held by %s", holder);
	}
	mem_free(holder);
	return err;
}

/* why: what is said; NULL: it is held. */
static void claim(struct port_table *p, enum ports_protocol transport, uint16_t first,
		  uint16_t last, const char *owner, const char *why)
{
	char *said;
	assert_int_equal(try(p, transport, first, last, owner, &said), why ? UV_EADDRINUSE : 0);
	if (why)
		assert_string_equal(said, why);
	else
		assert_null(said);
	mem_free(said);
}

/* The account may not have so many. */
static void too_many(struct port_table *p, enum ports_protocol transport, uint16_t first,
		     uint16_t last, const char *owner, const char *why)
{
	char *said;
	assert_int_equal(try(p, transport, first, last, owner, &said), UV_EMFILE);
	if (!strstr(said, why))
		fail_msg("%s", said);
	mem_free(said);
}

static void ranges_of_one_protocol_do_not_overlap(void **state)
{
	(void)state;
	struct port_table *p = port_table_new(1000000);
	claim(p, PORTS_TCP, 100, 200, "alice/nas", NULL);
	claim(p, PORTS_TCP, 200, 300, "bob/pc", "held by alice/nas");
	claim(p, PORTS_TCP, 50, 100, "bob/pc", "held by alice/nas");
	claim(p, PORTS_TCP, 150, 150, "bob/pc", "held by alice/nas");
	too_many(p, PORTS_TCP, 1, 65535, "bob/pc", "account bob has 0 ports and may have 500");
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
	too_many(p, PORTS_TCP, 1, 65535, "alice/nas", "account alice has 0 ports and may have 500");
	port_table_set_accounts(p, 1); /* half is kept for one that is still to come */
	claim(p, PORTS_TCP, 1001, 1050, "alice/nas", NULL);
	too_many(p, PORTS_UDP, 1001, 1001, "alice/pc", "account alice has 50 ports, and what else");
	port_table_release(p, PORTS_TCP, 1001, 1050);
	port_table_release(p, PORTS_TCP, 1001, 1050);
	claim(p, PORTS_UDP, 1001, 1050, "alice/pc", NULL);
	port_table_free(p);
}

static void one_account_cannot_take_them_all(void **state)
{
	(void)state;
	struct port_table *p = port_table_new(500);
	port_table_set_accounts(p, 3);
	claim(p, PORTS_TCP, 1000, 1307, "mallory/a", NULL); /* but for 3 times 64 */
	too_many(p, PORTS_TCP, 2000, 2000, "mallory/b", "kept for other accounts");
	claim(p, PORTS_TCP, 2000, 2063, "alice/nas", NULL);
	too_many(p, PORTS_TCP, 3000, 3000, "alice/nas", "kept for other accounts");
	too_many(p, PORTS_UDP, 3000, 3000, "mallory/a", "kept for other accounts");
	claim(p, PORTS_UDP, 3000, 3062, "bob/pc", NULL);
	port_table_set_accounts(p, 4); /* another has come */
	claim(p, PORTS_TCP, 4000, 4063, "carol/pc", NULL);
	claim(p, PORTS_TCP, 5000, 5000, "bob/pc", NULL);
	too_many(p, PORTS_TCP, 5001, 5001, "bob/pc", "kept for other accounts");
	port_table_release(p, PORTS_TCP, 1000, 1307);
	claim(p, PORTS_TCP, 5001, 5180, "bob/pc", NULL); /* 64 for mallory, 64 to come */
	too_many(p, PORTS_TCP, 5181, 5181, "bob/pc", "account bob has 244 ports, and what else");
	claim(p, PORTS_TCP, 1000, 1063, "mallory/a", NULL);
	port_table_free(p);
}

static void each_has_a_share_of_few(void **state)
{
	(void)state;
	struct port_table *p = port_table_new(100);
	port_table_set_accounts(p, 9);
	claim(p, PORTS_TCP, 1001, 1010, "mallory/a", NULL);
	too_many(p, PORTS_TCP, 1011, 1011, "mallory/a", "kept for other accounts");
	port_table_set_accounts(p, 1);
	claim(p, PORTS_TCP, 1011, 1050, "mallory/a", NULL);
	port_table_set_accounts(p, 0);
	claim(p, PORTS_TCP, 1101, 1150, "bob/a", NULL);
	port_table_free(p);
}

static void an_account_has_a_most_of_its_own(void **state)
{
	(void)state;
	struct port_table *p = port_table_new(10000);
	port_table_set_accounts(p, 2);
	claim(p, PORTS_TCP, 1000, 1250, "alice/nas", NULL);
	too_many(p, PORTS_UDP, 1000, 1249, "alice/pc",
		 "account alice has 251 ports and may have 500: declare fewer, or raise "
		 "ports_per_account");
	claim(p, PORTS_UDP, 1000, 1248, "alice/pc", NULL);
	port_table_free(p);
}

static void none_of_the_relays_own(void **state)
{
	(void)state;
	static const struct ports_range before[] = {{8245, 8245, PORTS_TCP}};
	static const struct ports_range after[] = {{53, 53, PORTS_TCP | PORTS_UDP},
						   {8500, 8500, PORTS_TCP}};
	struct port_table *p = port_table_new(1000000);
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
	    cmocka_unit_test(one_account_cannot_take_them_all),
	    cmocka_unit_test(each_has_a_share_of_few),
	    cmocka_unit_test(an_account_has_a_most_of_its_own),
	    cmocka_unit_test(none_of_the_relays_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
