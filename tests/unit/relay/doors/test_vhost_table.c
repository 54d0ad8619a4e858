#include "relay/doors/vhost_table.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>
#include <cmocka.h>

static char homes[4];

static struct agent *home(int i)
{
	return (struct agent *)&homes[i];
}

static uint64_t take(struct vhost_table *v, enum mapping_protocol p, const char *host, int i)
{
	uint64_t claim;
	char *why = NULL;
	assert_int_equal(vhost_table_claim(v, p, host, home(i), "alice/nas", &claim, &why), 0);
	return claim;
}

static void a_held_host_is_refused_by_name(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	uint64_t first = take(v, MAPPING_HTTP, "blog.example", 0), other;
	char *why = NULL;
	uint64_t version = vhost_table_version(v);
	assert_true(vhost_table_claim(v, MAPPING_HTTP, "blog.example", home(1), "bob/box", &other,
				      &why) < 0);
	assert_string_equal(why, "held by alice/nas");
	mem_free(why);
	/* also for itself */
	assert_true(vhost_table_claim(v, MAPPING_HTTP, "blog.example", home(0), "alice/nas", &other,
				      &why) < 0);
	mem_free(why);
	assert_true(
	    vhost_table_claim(v, MAPPING_HTTP, "no host", home(1), "bob/box", &other, &why) < 0);
	mem_free(why);
	assert_int_equal(vhost_table_version(v), version);
	vhost_table_release(v, MAPPING_HTTP, "blog.example", first);
	assert_int_not_equal(take(v, MAPPING_HTTP, "blog.example", 1), first);
	vhost_table_free(v);
}

static void http_and_tls_do_not_meet(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	uint64_t http = take(v, MAPPING_HTTP, "a.example", 0),
		 tls = take(v, MAPPING_TLS, "a.example", 1);
	assert_true(vhost_table_find(v, MAPPING_HTTP, "a.example", &who));
	assert_true(who.claim == http && who.home == home(0));
	assert_true(vhost_table_find(v, MAPPING_TLS, "A.Example.", &who));
	assert_true(who.claim == tls && who.home == home(1));
	vhost_table_free(v);
}

static void a_stale_release_takes_nothing(void **state)
{
	(void)state;
	struct vhost_table *v = vhost_table_new();
	struct vhost who;
	uint64_t old = take(v, MAPPING_TLS, "*.example", 0);
	vhost_table_release(v, MAPPING_TLS, "*.example", old);
	uint64_t new = take(v, MAPPING_TLS, "*.example", 1);
	vhost_table_release(v, MAPPING_TLS, "*.example", old);
	assert_true(vhost_table_find(v, MAPPING_TLS, "x.example", &who));
	assert_int_equal(who.claim, new);
	uint64_t version = vhost_table_version(v);
	vhost_table_release(v, MAPPING_TLS, "*.example", new);
	assert_int_not_equal(vhost_table_version(v), version);
	assert_false(vhost_table_find(v, MAPPING_TLS, "x.example", &who));
	vhost_table_free(v);
}

static void churn(void *arg)
{
	struct vhost_table *v = arg;
	for (int i = 0; i < 2000; i++) {
		struct vhost who;
		uint64_t claim;
		char *why = NULL;
		vhost_table_find(v, MAPPING_HTTP, "a.example", &who);
		if (vhost_table_claim(v, MAPPING_HTTP, "a.example", home(2), "bob/box", &claim,
				      &why) == 0)
			vhost_table_release(v, MAPPING_HTTP, "a.example", claim);
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
	assert_false(vhost_table_find(v, MAPPING_HTTP, "a.example", &who));
	vhost_table_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_held_host_is_refused_by_name),
	    cmocka_unit_test(http_and_tls_do_not_meet),
	    cmocka_unit_test(a_stale_release_takes_nothing),
	    cmocka_unit_test(loops_share_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
