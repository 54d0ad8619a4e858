#include "agent/known_target_keys.h"

#include "shared/base/mem.h"

#include "tests/unit/agent/scratch.h"

#include <uv.h>

#define PLACE "192.168.1.5:5001"
#define ONE   "sha256:1"
#define TWO   "sha256:2"

/* What is on its way to the disk is written before this returns. */
static void end(struct loop *l, struct known_target_keys *k)
{
	known_target_keys_free(k);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

static struct known_target_keys *begin(struct loop **l)
{
	*l = loop_new("test");
	return known_target_keys_new(*l, scratch_dir);
}

static void expect(struct known_target_keys *k, const char *place, bool is_verified,
		   const char *pin, const char *why)
{
	char *got = known_target_keys_judge(k, place, is_verified, pin);
	if (why)
		assert_non_null(strstr(got, why));
	else
		assert_null(got);
	mem_free(got);
}

static void the_first_key_counts_also_after_a_restart(void **state)
{
	(void)state;
	struct loop *l;
	struct known_target_keys *k = begin(&l);
	expect(k, PLACE, false, ONE, NULL);
	expect(k, PLACE, false, ONE, NULL);
	expect(k, PLACE, false, TWO, "it shows the key " TWO ", and showed " ONE " before");
	/* a certificate for the same key that a CA has verified is the same key */
	expect(k, PLACE, true, ONE, NULL);
	expect(k, "192.168.1.6:5001", false, TWO, NULL);
	end(l, k);
	k = begin(&l);
	expect(k, PLACE, false, TWO, "groundnut-agent trust");
	expect(k, PLACE, false, ONE, NULL);
	end(l, k);
}

static void what_many_show_at_once_is_all_kept(void **state)
{
	(void)state;
	enum { MANY = 200 };
	struct loop *l;
	struct known_target_keys *k = begin(&l);
	char place[32];
	for (int i = 0; i < MANY; i++) {
		snprintf(place, sizeof place, "192.168.1.5:%d", 5000 + i);
		expect(k, place, false, ONE, NULL);
	}
	end(l, k);
	k = begin(&l);
	for (int i = 0; i < MANY; i++) {
		snprintf(place, sizeof place, "192.168.1.5:%d", 5000 + i);
		expect(k, place, false, TWO, ONE);
	}
	end(l, k);
}

static void a_cas_word_is_not_given_up_for_a_key(void **state)
{
	(void)state;
	struct loop *l;
	struct known_target_keys *k = begin(&l);
	expect(k, PLACE, true, ONE, NULL);
	expect(k, PLACE, true, TWO, NULL); /* it was renewed */
	expect(k, PLACE, false, TWO, "verified by no CA");
	end(l, k);
}

static void trust_takes_another_and_tells_the_old(void **state)
{
	(void)state;
	struct loop *l;
	struct known_target_keys *k = begin(&l);
	assert_null(known_target_keys_trust(k, PLACE, false, ONE));
	char *had = known_target_keys_trust(k, PLACE, false, TWO);
	assert_string_equal(had, ONE);
	mem_free(had);
	expect(k, PLACE, false, TWO, NULL);
	expect(k, PLACE, false, ONE, "it shows the key");
	end(l, k);
}

static void what_cannot_be_read_is_as_if_it_were_not_there(void **state)
{
	(void)state;
	struct loop *l;
	scratch_write("targets.json", "[1, 2");
	struct known_target_keys *k = begin(&l);
	expect(k, PLACE, false, ONE, NULL);
	end(l, k);
	k = begin(&l);
	expect(k, PLACE, false, TWO, "it shows the key");
	end(l, k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_first_key_counts_also_after_a_restart,
					    scratch_setup, scratch_teardown),
	    cmocka_unit_test_setup_teardown(what_many_show_at_once_is_all_kept, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(a_cas_word_is_not_given_up_for_a_key, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(trust_takes_another_and_tells_the_old, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(what_cannot_be_read_is_as_if_it_were_not_there,
					    scratch_setup, scratch_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
