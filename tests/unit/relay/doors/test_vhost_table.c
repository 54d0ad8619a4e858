#define _GNU_SOURCE /* nftw */
#include "relay/doors/vhost_table.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include "tests/unit/tempdir.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <uv.h>
#include <cmocka.h>

static char workers[8];
static const struct vhost_entrance HTTP = {MAPPING_SHARED_HTTP, 0}, TLS = {MAPPING_SHARED_TLS, 0};

static struct worker *worker(int i)
{
	return (struct worker *)&workers[i];
}

static uint64_t take(struct vhost_table *v, struct vhost_entrance p, const char *host, int i)
{
	struct vhost door = {.worker = worker(i)};
	char *holder, *why;
	assert_int_equal(vhost_table_claim(v, p, host, "alice/nas", &door, &holder, &why), 0);
	return door.claim;
}

/* Negative, and whose it is, or why. */
static int refused(struct vhost_table *v, const char *host, const char *owner, const char *text)
{
	struct vhost door = {.worker = worker(1)};
	char *holder, *why;
	int err = vhost_table_claim(v, HTTP, host, owner, &door, &holder, &why);
	assert_true(err < 0);
	assert_true(!holder != !why);
	assert_string_equal(holder ? holder : why, text);
	mem_free(holder);
	mem_free(why);
	return err;
}

static void a_held_host_is_refused_by_name(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	uint64_t first = take(v, HTTP, "blog.example", 0);
	uint64_t version = vhost_table_version(v);
	refused(v, "Blog.Example.", "bob/box", "alice/nas");
	refused(v, "blog.example", "alice/nas", "alice/nas"); /* also for itself */
	refused(v, "no host", "bob/box", "\"no host\" is no host name");
	assert_int_equal(vhost_table_version(v), version);
	vhost_table_release(v, HTTP, "blog.example", first);
	assert_int_not_equal(take(v, HTTP, "blog.example", 1), first);
	vhost_table_free(v);
	vhost_table_free(NULL);
}

static void what_is_no_name_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",    "*",      "*.",   "a.*.com", "**.com",
					  "a b", "-a.com", "a..b", "a/b",     "*a.com"};
	struct vhost_table *v = vhost_table_new();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *text = mem_printf("\"%s\" is no host name", bad[i]);
		assert_int_equal(refused(v, bad[i], "bob/box", text), ERR_SYNTAX);
		vhost_table_release(v, HTTP, bad[i], 1);
		mem_free(text);
	}
	vhost_table_free(v);
}

static void the_nearest_name_wins(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	take(v, TLS, "alice.home.example.com", 1);
	take(v, TLS, "*.alice.home.example.com", 2);
	take(v, TLS, "blog.alice.home.example.com", 3);
	take(v, TLS, "*.deep.alice.home.example.com", 4);
	take(v, TLS, "*.home.example.com", 5);
	take(v, TLS, "Shout.Example.COM.", 6);
	static const struct {
		const char *host;
		int owner;
	} cases[] = {
	    {"alice.home.example.com", 1},
	    {"ALICE.home.Example.com", 1},
	    {"alice.home.example.com.", 1},
	    {"x.alice.home.example.com", 2},
	    {"x.y.alice.home.example.com", 2},
	    {"deep.alice.home.example.com", 2},
	    {"blog.alice.home.example.com", 3},
	    {"www.blog.alice.home.example.com", 2},
	    {"a.deep.alice.home.example.com", 4},
	    {"a.b.deep.alice.home.example.com", 4},
	    {"bob.home.example.com", 5},
	    {"malice.home.example.com", 5},
	    {"home.example.com", 0},
	    {"example.com", 0},
	    {"com", 0},
	    {"", 0},
	    {".", 0},
	    {"*.alice.home.example.com", 0},
	    {"a..alice.home.example.com", 0},
	    {".alice.home.example.com", 0},
	    {"192.0.2.1", 0},
	    {"shout.example.com", 6},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vhost who = {.worker = worker(0)};
		bool found = vhost_table_find(v, TLS, cases[i].host, &who);
		if (who.worker != worker(cases[i].owner) || found != (cases[i].owner != 0))
			fail_msg("%s went to %d", cases[i].host,
				 (int)((char *)who.worker - workers));
	}
	vhost_table_free(v);
}

static struct accounts *accounts(const char *json)
{
	struct accounts *all;
	char *errors;
	tempdir_write("accounts.json", json);
	assert_int_equal(
	    accounts_load(tempdir_path("accounts.json"), "home.test", NULL, false, &all, &errors),
	    0);
	return all;
}

#define HASH     "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OF(name) "{\"name\": \"" name "\", \"token\": \"" HASH "\"}"

/* The owner of a name may be away: its visitors go to nobody else. */
static void a_wildcard_serves_no_name_of_anothers(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	struct accounts *one = accounts("[" OF("alice") "]"),
			*two = accounts("[" OF("alice") "," OF("nas.alice") "]");
	take(v, TLS, "*.alice.home.test", 0);
	assert_true(vhost_table_find(v, TLS, "nas.alice.home.test", &who));
	vhost_table_set_accounts(v, one);
	assert_true(vhost_table_find(v, TLS, "nas.alice.home.test", &who));
	uint64_t version = vhost_table_version(v);
	vhost_table_set_accounts(v, two);
	assert_int_not_equal(vhost_table_version(v), version);
	assert_false(vhost_table_find(v, TLS, "nas.alice.home.test", &who));
	assert_false(vhost_table_find(v, TLS, "a.nas.alice.home.test", &who));
	assert_true(vhost_table_find(v, TLS, "web.alice.home.test", &who));
	accounts_unref(one);
	accounts_unref(two);
	vhost_table_free(v);
}

static void http_and_tls_do_not_meet(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	uint64_t http = take(v, HTTP, "a.example", 0), tls = take(v, TLS, "a.example", 1);
	assert_true(vhost_table_find(v, HTTP, "a.example", &who));
	assert_true(who.claim == http && who.worker == worker(0));
	assert_true(vhost_table_find(v, TLS, "A.Example.", &who));
	assert_true(who.claim == tls && who.worker == worker(1));
	vhost_table_free(v);
}

static void a_stale_release_takes_nothing(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	uint64_t old = take(v, TLS, "*.example", 0);
	vhost_table_release(v, TLS, "*.example", old);
	uint64_t new = take(v, TLS, "*.example", 1);
	vhost_table_release(v, TLS, "*.example", old);
	vhost_table_release(v, TLS, "b.example", new);
	assert_true(vhost_table_find(v, TLS, "x.example", &who));
	assert_int_equal(who.claim, new);
	uint64_t version = vhost_table_version(v);
	vhost_table_release(v, TLS, "*.Example.", new);
	assert_int_not_equal(vhost_table_version(v), version);
	assert_false(vhost_table_find(v, TLS, "x.example", &who));
	vhost_table_free(v);
}

static void thousands_of_names(void **state)
{
	(void)state;
	static uint64_t claims[5000];
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	char name[64];
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%sh%d.example.com", i % 3 ? "" : "*.", i);
		claims[i] = take(v, HTTP, name, 0);
	}
	for (int i = 0; i < 5000; i += 2) {
		snprintf(name, sizeof(name), "%sh%d.example.com", i % 3 ? "" : "*.", i);
		vhost_table_release(v, HTTP, name, claims[i]);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%sh%d.example.com", i % 3 ? "" : "www.", i);
		assert_int_equal(vhost_table_find(v, HTTP, name, &who), i % 2);
		assert_true(!(i % 2) || who.claim == claims[i]);
	}
	vhost_table_free(v);
}

static void churn(void *arg)
{
	struct vhost_table *v = arg;
	for (int i = 0; i < 2000; i++) {
		struct vhost who, door = {.worker = worker(2)};
		char *holder, *why;
		vhost_table_find(v, HTTP, "a.example", &who);
		if (vhost_table_claim(v, HTTP, "a.example", "bob/box", &door, &holder, &why) == 0)
			vhost_table_release(v, HTTP, "a.example", door.claim);
		mem_free(holder);
		mem_free(why);
	}
}

static void loops_share_it(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	uv_thread_t threads[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(uv_thread_create(&threads[i], churn, v), 0);
	churn(v);
	for (int i = 0; i < 2; i++)
		uv_thread_join(&threads[i]);
	assert_false(vhost_table_find(v, HTTP, "a.example", &who));
	vhost_table_free(v);
}

static uint64_t take_redirect(struct vhost_table *v, const char *host, uint16_t port)
{
	struct vhost door = {.redirect = port};
	char *holder, *why;
	assert_int_equal(vhost_table_claim(v, HTTP, host, "alice/nas", &door, &holder, &why), 0);
	return door.claim;
}

static void a_port_of_its_own_is_another_entrance(void **state)
{
	(void)state;
	static const struct vhost_entrance own = {MAPPING_SHARED_TLS, 54321},
					   other = {MAPPING_SHARED_TLS, 5432};
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	uint64_t shared = take(v, TLS, "*.example", 0), mine = take(v, own, "*.example", 1);
	assert_true(vhost_table_find(v, TLS, "a.example", &who));
	assert_int_equal(who.claim, shared);
	assert_true(vhost_table_find(v, own, "A.Example.", &who));
	assert_int_equal(who.claim, mine);
	assert_false(vhost_table_find(v, other, "a.example", &who));
	vhost_table_release(v, other, "*.example", mine);
	vhost_table_release(v, TLS, "*.example", mine);
	assert_true(vhost_table_find(v, own, "a.example", &who));
	vhost_table_release(v, own, "*.example", mine);
	assert_false(vhost_table_find(v, own, "a.example", &who));
	assert_true(vhost_table_find(v, TLS, "a.example", &who));
	vhost_table_free(v);
}

static void a_door_beats_a_redirect_of_the_same_name(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	take_redirect(v, "*.example", 443);
	uint64_t exact = take_redirect(v, "a.example", 8443);
	uint64_t door = take(v, HTTP, "*.example", 0);
	assert_true(vhost_table_find(v, HTTP, "b.example", &who));
	assert_int_equal(who.claim, door);
	assert_int_equal(who.redirect, 0);
	assert_true(vhost_table_find(v, HTTP, "a.example", &who)); /* the exact name wins */
	assert_int_equal(who.redirect, 8443);
	assert_false(vhost_table_find(v, TLS, "a.example", &who));
	vhost_table_release(v, HTTP, "*.example", door);
	assert_true(vhost_table_find(v, HTTP, "b.example", &who));
	assert_int_equal(who.redirect, 443);
	vhost_table_release(v, HTTP, "a.example", exact);
	assert_true(vhost_table_find(v, HTTP, "a.example", &who));
	assert_int_equal(who.redirect, 443);
	vhost_table_free(v);
}

static void a_closed_port_is_told(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	assert_null(vhost_table_closed(v, MAPPING_SHARED_TLS, true));
	assert_true(vhost_table_set_closed(v, MAPPING_SHARED_TLS, "is held", "is held by nginx"));
	assert_false(vhost_table_set_closed(v, MAPPING_SHARED_TLS, "is held", "is held by nginx"));
	char *account = vhost_table_closed(v, MAPPING_SHARED_TLS, false);
	char *operator= vhost_table_closed(v, MAPPING_SHARED_TLS, true);
	assert_string_equal(account, "is held");
	assert_string_equal(operator, "is held by nginx");
	mem_free(account);
	mem_free(operator);
	assert_null(vhost_table_closed(v, MAPPING_SHARED_HTTP, false));
	assert_true(vhost_table_set_closed(v, MAPPING_SHARED_TLS, NULL, NULL));
	assert_null(vhost_table_closed(v, MAPPING_SHARED_TLS, true));
	vhost_table_free(v);
}

/* There is a claim for each mapping of each agent. */
static void a_claim_takes_little_memory(void **state)
{
	(void)state;
	enum { MANY = 1000, MOST = 200 };
	struct vhost_table *v = vhost_table_new();
	size_t before = mallinfo2().uordblks;
	char host[32];
	for (int i = 0; i < MANY; i++) {
		snprintf(host, sizeof host, "h%d.home.test", i);
		take(v, HTTP, host, 0);
	}
	if (before) /* a sanitizer's malloc does not say */
		assert_true(mallinfo2().uordblks - before < (size_t)MANY * MOST);
	vhost_table_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_claim_takes_little_memory),
	    cmocka_unit_test(a_held_host_is_refused_by_name),
	    cmocka_unit_test(what_is_no_name_is_refused),
	    cmocka_unit_test(the_nearest_name_wins),
	    cmocka_unit_test_setup_teardown(a_wildcard_serves_no_name_of_anothers, tempdir_make,
					    tempdir_remove),
	    cmocka_unit_test(http_and_tls_do_not_meet),
	    cmocka_unit_test(a_stale_release_takes_nothing),
	    cmocka_unit_test(thousands_of_names),
	    cmocka_unit_test(loops_share_it),
	    cmocka_unit_test(a_port_of_its_own_is_another_entrance),
	    cmocka_unit_test(a_door_beats_a_redirect_of_the_same_name),
	    cmocka_unit_test(a_closed_port_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
