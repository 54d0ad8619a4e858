#define _GNU_SOURCE /* nftw */
#include "relay/accounts/accounts.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/token.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <uv.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define HASH            "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ALICE           "{\"name\": \"alice\", \"token\": \"" HASH "\""

static int load(const char *text, struct accounts **out, char **errors)
{
	tempdir_write("accounts.json", text);
	return accounts_load(tempdir_path("accounts.json"), "home.example.com", NULL, false, out,
			     errors);
}

static struct accounts *must_load(const char *text)
{
	struct accounts *all;
	char *errors;
	int err = load(text, &all, &errors);
	if (errors)
		fail_msg("%s", errors);
	assert_int_equal(err, 0);
	return all;
}

static void what_nobody_wrote(void **state)
{
	(void)state;
	struct accounts *all = must_load("[" ALICE "}]");
	assert_int_equal(accounts_count(all), 1);
	const struct account *a = accounts_find(all, "alice");
	assert_ptr_equal(a, accounts_at(all, 0));
	assert_null(a->password);
	assert_int_equal(a->connections, 0);
	assert_int_equal(a->bandwidth, 0);
	assert_true(account_allows_ports(a, PORTS_TCP, 1024, 65535));
	assert_true(account_allows_ports(a, PORTS_UDP, 1024, 65535));
	assert_false(account_allows_ports(a, PORTS_TCP, 1023, 1023));
	assert_false(account_allows_ports(a, PORTS_TCP, 1000, 2000));
	assert_true(accounts_allow_host(all, a, "alice.home.example.com"));
	assert_true(accounts_allow_host(all, a, "Blog.Alice.home.example.com"));
	assert_true(accounts_allow_host(all, a, "a.b.alice.home.example.com"));
	assert_true(accounts_allow_host(all, a, "*.alice.home.example.com"));
	assert_false(accounts_allow_host(all, a, "home.example.com"));
	assert_false(accounts_allow_host(all, a, "*.home.example.com"));
	assert_false(accounts_allow_host(all, a, "bob.home.example.com"));
	assert_false(accounts_allow_host(all, a, "malice.home.example.com"));
	assert_false(accounts_allow_host(all, a, ".alice.home.example.com"));
	assert_false(accounts_allow_host(all, a, "alice.home.example.com.evil.example"));
	accounts_unref(all);
}

static void what_was_written(void **state)
{
	(void)state;
	struct accounts *all = must_load(
	    "[" ALICE ", \"password\": \"scrypt:x\", \"ports\": [\"8000-8099\", \"8100-8999\", "
	    "6310, \"51820/udp\","
	    " \"53/both\"], \"hosts\": [\"nas\", \"*.Web\", \"a.example.org.\"], \"connections\": "
	    "1000,"
	    " \"bandwidth\": \"100M\"}]");
	const struct account *a = accounts_find(all, "alice");
	assert_string_equal(a->password, "scrypt:x");
	assert_int_equal(a->connections, 1000);
	assert_int_equal(a->bandwidth, 100000000);
	assert_true(account_allows_ports(a, PORTS_TCP, 8050, 8200));
	assert_true(account_allows_ports(a, PORTS_TCP, 6310, 6310)); /* a number */
	assert_false(account_allows_ports(a, PORTS_UDP, 8050, 8050));
	assert_true(account_allows_ports(a, PORTS_UDP, 51820, 51820));
	assert_false(account_allows_ports(a, PORTS_TCP, 51820, 51820));
	assert_true(account_allows_ports(a, PORTS_TCP, 53, 53));
	assert_true(accounts_allow_host(all, a, "nas.home.example.com"));
	assert_false(accounts_allow_host(all, a, "x.nas.home.example.com"));
	assert_true(accounts_allow_host(all, a, "x.web.home.example.com"));
	assert_false(accounts_allow_host(all, a, "web.home.example.com"));
	assert_true(accounts_allow_host(all, a, "a.example.org"));
	assert_false(accounts_allow_host(all, a, "alice.home.example.com"));
	accounts_unref(all);
}

static void empty_lists_allow_nothing(void **state)
{
	(void)state;
	struct accounts *all = must_load("[" ALICE ", \"ports\": [], \"hosts\": []}]");
	const struct account *a = accounts_at(all, 0);
	assert_false(account_allows_ports(a, PORTS_TCP, 8080, 8080));
	assert_false(accounts_allow_host(all, a, "alice.home.example.com"));
	accounts_unref(all);
}

static void a_token_opens_its_own_account_only(void **state)
{
	(void)state;
	char tokens[2][TOKEN_TEXT], hashes[2][TOKEN_HASH_TEXT];
	for (int i = 0; i < 2; i++) {
		token_new(tokens[i]);
		token_hash(tokens[i], hashes[i]);
	}
	char *text = mem_printf(
	    "[{\"name\": \"zoe\", \"token\": \"%s\"}, {\"name\": \"bob\", \"token\": \"%s\"}]",
	    hashes[0], hashes[1]);
	struct accounts *all = must_load(text);
	assert_string_equal(accounts_at(all, 0)->name, "zoe");
	assert_ptr_equal(accounts_verify(all, "zoe", tokens[0]), accounts_at(all, 0));
	assert_ptr_equal(accounts_verify(all, "bob", tokens[1]), accounts_at(all, 1));
	assert_null(accounts_verify(all, "bob", tokens[0]));
	assert_null(accounts_verify(all, "nobody", tokens[0]));
	assert_null(accounts_verify(all, "Zoe", tokens[0]));
	assert_null(accounts_verify(all, "zoe", ""));
	assert_null(accounts_verify(all, "zoe", hashes[0]));
	assert_null(accounts_verify(all, "", ""));
	accounts_unref(all);
	mem_free(text);
}

static void errors_have_a_line_each(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} table[] = {
	    {"{}", "accounts.json: must be a list, not an object\n"},
	    {"[{}]", "accounts.json: [0].name: missing\naccounts.json: [0].token: missing\n"},
	    {"[" ALICE ", \"port\": []}]",
	     "accounts.json: [0].port: unknown key; did you mean \"ports\"?\n"},
	    {"[" ALICE "}, " ALICE "}]", "accounts.json: the name \"alice\" is given twice\n"},
	    {"[{\"name\": \"alice\"}, {\"token\": \"" HASH "\"}, " ALICE "}]",
	     "accounts.json: the name \"alice\" is given twice\naccounts.json: [0].token: "
	     "missing\naccounts.json: [1].name: missing\n"},
	    {"[" ALICE "}, {\"name\": \"ALICE\", \"token\": \"" HASH "\"}]",
	     "accounts.json: the name \""},
	    {"[{\"name\": \"a_b\", \"token\": \"" HASH "\"}]",
	     "accounts.json: [0].name: \"a_b\" cannot be"},
	    {"[{\"name\": \"a\", \"token\": \"sha256:00\"}]", "accounts.json: [0].token: is not"},
	    {"[" ALICE ", \"password\": \"plain\"}]",
	     "accounts.json: [0].password: does not begin with \"scrypt:\"\n"},
	    {"[" ALICE ", \"ports\": [\"1-2\", \"2-1\"]}]",
	     "accounts.json: [0].ports[1]: \"2-1\" is not a port"},
	    {"[" ALICE ", \"hosts\": [\"a..b\"]}]",
	     "accounts.json: [0].hosts[0]: \"a..b\" is not a host name\n"},
	    {"[" ALICE ", \"hosts\": [\"☃\"]}]",
	     "accounts.json: [0].hosts[0]: \"☃\" is not a host name: it holds a character"},
	    {"[" ALICE ", \"connections\": 0}]", "accounts.json: [0].connections: must be"},
	    {"[" ALICE ", \"bandwidth\": \"x\"}]", "accounts.json: [0].bandwidth: \"x\" is not"},
	    {"[" ALICE, "accounts.json: "},
	};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct accounts *all;
		char *errors;
		assert_int_equal(load(table[i].text, &all, &errors), ERR_CONFIG);
		assert_null(all);
		size_t len = strlen(table[i].says);
		if (table[i].says[len - 1] == '\n')
			assert_string_equal(errors, table[i].says);
		else if (strncmp(errors, table[i].says, len))
			fail_msg("%s instead of %s", errors, table[i].says);
		mem_free(errors);
	}
}

static void more_errors_than_are_kept_are_counted(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	struct accounts *all;
	char *errors;
	for (unsigned i = 0; i < 600; i++)
		buf_puts(&text, i ? ",{}" : "[{}");
	buf_puts(&text, "]");
	assert_int_equal(load(buf_str(&text), &all, &errors), ERR_CONFIG);
	assert_null(all);
	assert_non_null(strstr(errors, "accounts.json: [499].token: missing\n"
				       "accounts.json: 200 more errors\n"));
	mem_free(errors);
	buf_fini(&text);
}

static bool may(const struct accounts *all, const char *name, const char *host)
{
	return accounts_allow_host(all, accounts_find(all, name), host);
}

#define OF(name, hosts) "{\"name\": \"" name "\", \"token\": \"" HASH "\"" hosts "}"

static void a_name_of_anothers_is_not_covered_by_what_lies_above(void **state)
{
	(void)state;
	struct accounts *all = must_load("[" OF("mallory", "") "," OF("Nas.Mallory", "") "," OF(
	    "boss", ", \"hosts\": [\"*.home.example.com.\", \"x.nas.mallory\", "
		    "\"*.bob\"]") "," OF("bob", ", \"hosts\": [\"www.example.org.\"]") "]");
	assert_true(may(all, "mallory", "mallory.home.example.com"));
	assert_true(may(all, "mallory", "own.mallory.home.example.com"));
	assert_true(may(all, "mallory", "*.mallory.home.example.com"));
	assert_true(may(all, "mallory", "xnas.mallory.home.example.com"));
	assert_false(may(all, "mallory", "nas.mallory.home.example.com"));
	assert_false(may(all, "mallory", "NAS.mallory.home.example.com."));
	assert_false(may(all, "mallory", "*.nas.mallory.home.example.com"));
	assert_false(may(all, "mallory", "a.b.nas.mallory.home.example.com"));
	assert_true(may(all, "Nas.Mallory", "nas.mallory.home.example.com"));
	assert_true(may(all, "Nas.Mallory", "a.b.nas.mallory.home.example.com"));
	assert_false(may(all, "Nas.Mallory", "own.mallory.home.example.com"));
	/* What the operator wrote out is his word. */
	assert_true(may(all, "boss", "x.nas.mallory.home.example.com"));
	assert_true(may(all, "boss", "y.bob.home.example.com"));
	assert_true(may(all, "boss", "nobody.home.example.com"));
	assert_false(may(all, "boss", "y.nas.mallory.home.example.com"));
	assert_false(may(all, "boss", "mallory.home.example.com"));
	assert_false(may(all, "boss", "bob.home.example.com"));
	assert_false(may(all, "bob", "bob.home.example.com"));
	assert_true(may(all, "bob", "www.example.org"));
	assert_string_equal(accounts_owner(all, "a.NAS.mallory.home.example.com")->name,
			    "Nas.Mallory");
	assert_string_equal(accounts_owner(all, "*.mallory.home.example.com")->name, "mallory");
	assert_null(accounts_owner(all, "home.example.com"));
	assert_null(accounts_owner(all, "mallory.example.org"));
	accounts_unref(all);
}

static void the_relays_own_names_are_nobodys(void **state)
{
	(void)state;
	struct reserved_names *own = reserved_names_new();
	struct accounts *all;
	char *errors;
	reserved_names_add(own, "relay.home.example.com");
	reserved_names_add(own, "www.example.org");
	reserved_names_add(own, "mail.shop.bob.home.example.com");
	reserved_names_add(own, "_acme-challenge.x.bob.home.example.com");
	tempdir_write("accounts.json",
		      "[" OF("relay", "") "," OF(
			  "bob", ", \"hosts\": [\"www.example.org.\", \"bob\", \"*.bob\"]") "]");
	assert_int_equal(accounts_load(tempdir_path("accounts.json"), "home.example.com", own,
				       false, &all, &errors),
			 0);
	reserved_names_unref(own);
	assert_false(may(all, "relay", "relay.home.example.com"));
	assert_true(may(all, "relay", "x.relay.home.example.com"));
	assert_false(may(all, "relay", "_acme-challenge.relay.home.example.com"));
	assert_false(may(all, "bob", "www.example.org"));
	/* A certificate for "*.shop.bob" is good for mail, too. */
	const struct account *bob = accounts_find(all, "bob");
	assert_true(may(all, "bob", "shop.bob.home.example.com"));
	assert_false(may(all, "bob", "mail.shop.bob.home.example.com"));
	assert_false(accounts_allow_all_below(all, bob, "Shop.bob.home.example.com"));
	assert_false(accounts_allow_all_below(all, bob, "bob.home.example.com"));
	assert_true(accounts_allow_all_below(all, bob, "x.bob.home.example.com"));
	accounts_unref(all);
}

/* A certificate for "*.alice" is good for "nas.alice", too. */
static void all_below_is_one_accounts_only_while_no_other_has_a_name_there(void **state)
{
	(void)state;
	struct accounts *all = must_load("[" OF("alice", "") "," OF("x.Nas.alice", "") "," OF(
	    "bob", ", \"hosts\": [\"bob\", \"www.example.org.\", "
		   "\"*.www.example.org.\", \"nas.example.org1.\", \"*.nas.example.org1.\"]") "]");
	const struct account *alice = accounts_find(all, "alice"), *bob = accounts_find(all, "bob"),
			     *nas = accounts_find(all, "x.Nas.alice");
	assert_false(accounts_allow_all_below(all, alice, "alice.home.example.com"));
	assert_false(accounts_allow_all_below(all, alice, "nas.alice.home.example.com"));
	assert_true(accounts_allow_all_below(all, alice, "web.alice.home.example.com"));
	assert_true(accounts_allow_all_below(all, nas, "x.nas.alice.home.example.com"));
	assert_false(accounts_allow_all_below(all, bob, "bob.home.example.com"));
	assert_true(accounts_allow_all_below(all, bob, "www.example.org"));
	assert_true(accounts_allow_all_below(all, bob, "nas.example.org1")); /* as long as ours */
	assert_false(accounts_allow_all_below(all, bob, "home.example.com"));
	assert_false(accounts_allow_all_below(all, bob, "*.www.example.org"));
	accounts_unref(all);
}

static bool is_called(void *name, const struct account *a)
{
	return !strcmp(a->name, name);
}

static void those_who_may_have_a_host(void **state)
{
	(void)state;
	struct accounts *all = must_load("[" OF("alice", "") "," OF(
	    "bob", ", \"hosts\": [\"shop\"]") "," OF("carol", ", \"hosts\": [\"shop\"]") "]");
	assert_true(accounts_any_with_host(all, "shop.home.example.com", is_called, "bob"));
	assert_true(accounts_any_with_host(all, "Shop.home.example.com", is_called, "carol"));
	assert_false(accounts_any_with_host(all, "shop.home.example.com", is_called, "alice"));
	assert_true(accounts_any_with_host(all, "a.b.alice.home.example.com", is_called, "alice"));
	assert_false(accounts_any_with_host(all, "", is_called, "alice"));
	assert_false(accounts_any_with_host(all, "[::1]", is_called, "alice"));
	accounts_unref(all);
}

static void absent_may_be_empty(void **state)
{
	(void)state;
	struct accounts *all;
	char *errors;
	assert_int_equal(
	    accounts_load(tempdir_path("none.json"), "h.example", NULL, true, &all, &errors), 0);
	assert_null(errors);
	assert_int_equal(accounts_count(all), 0);
	assert_null(accounts_find(all, "a"));
	assert_null(accounts_verify(all, "a", "b"));
	accounts_unref(all);
	assert_int_equal(
	    accounts_load(tempdir_path("none.json"), "h.example", NULL, false, &all, &errors),
	    UV_ENOENT);
	assert_null(all);
	assert_non_null(strstr(errors, "none.json: no such file or directory\n"));
	mem_free(errors);
}

static void a_list_lives_while_one_holds_it(void **state)
{
	(void)state;
	struct accounts *all = must_load("[" ALICE "}]");
	struct accounts *mine = accounts_ref(all);
	accounts_unref(all);
	assert_string_equal(accounts_at(mine, 0)->name, "alice");
	accounts_unref(mine);
	accounts_unref(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_nobody_wrote),
	    TEST(what_was_written),
	    TEST(empty_lists_allow_nothing),
	    TEST(a_token_opens_its_own_account_only),
	    TEST(errors_have_a_line_each),
	    TEST(more_errors_than_are_kept_are_counted),
	    TEST(a_name_of_anothers_is_not_covered_by_what_lies_above),
	    TEST(the_relays_own_names_are_nobodys),
	    TEST(all_below_is_one_accounts_only_while_no_other_has_a_name_there),
	    TEST(those_who_may_have_a_host),
	    TEST(absent_may_be_empty),
	    TEST(a_list_lives_while_one_holds_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
