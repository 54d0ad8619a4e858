/* What is copied, and what is not: a file that a power cut left behind, and a place where something
 * else lies. */
#include "agent/certificate_delivery.h"
#include "shared/base/mem.h"

#include "tests/unit/agent/scratch.h"

#include <openssl/crypto.h>

#define PAIR                                                                                       \
	"-----BEGIN PRIVATE KEY-----\nk\n-----END PRIVATE KEY-----\n"                              \
	"-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n"

/* Delivers it once. What was wrong: NULL, or freed by the caller. */
static char *deliver(const char *text, size_t len)
{
	struct loop *l = loop_new("test");
	char *from = mem_printf("%s/pair.pem", scratch_dir), *to = mem_printf("%s/to", scratch_dir);
	struct mapping m = {.name = "cloud", .certificate_copy = to};
	struct list all = {&all, &all};
	struct certificate_delivery *d = certificate_delivery_new(l, &m, scratch_dir, &all);
	FILE *f = fopen(from, "w");
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
	certificate_delivery_look(d, from, "cloud.alice.home.example");
	loop_stop(l);
	loop_run(l);
	char *why = mem_strdup(certificate_delivery_error(d));
	certificate_delivery_free(d);
	assert_int_equal(loop_free(l), 0);
	mem_free(from);
	mem_free(to);
	return why;
}

static void assert_wrong(char *why, const char *part)
{
	assert_non_null(why);
	assert_non_null(strstr(why, part));
	mem_free(why);
}

static void key_and_chain_are_parted(void **state)
{
	(void)state;
	assert_null(deliver(PAIR, strlen(PAIR)));
	assert_non_null(strstr(scratch_read("to/cloud.key"), "PRIVATE KEY"));
	assert_null(strstr(scratch_read("to/cloud.key"), "CERTIFICATE"));
	assert_null(strstr(scratch_read("to/cloud.crt"), "PRIVATE KEY"));
	assert_true(scratch_has("delivered/cloud"));
}

static void a_broken_file_goes_nowhere(void **state)
{
	static const char zeros[] = PAIR "\0\0\0\0", none[64];
	(void)state;
	assert_wrong(deliver(zeros, sizeof(zeros) - 1), "has no whole certificate");
	assert_wrong(deliver(none, sizeof(none)), "has no whole certificate");
	assert_wrong(deliver("", 0), "has no whole certificate");
	assert_false(scratch_has("to/cloud.key"));
	assert_false(scratch_has("delivered/cloud"));
}

/* A pipe would keep who reads it waiting. */
static void a_pipe_or_link_in_its_place_is_not_touched(void **state)
{
	(void)state;
	char *dir = mem_printf("%s/to", scratch_dir), *key = mem_printf("%s/cloud.key", dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mkfifo(key, 0600), 0);
	assert_wrong(deliver(PAIR, strlen(PAIR)), "to/cloud.key: ");
	assert_int_equal(unlink(key), 0);
	scratch_write("third", "as it was");
	assert_int_equal(symlink("../third", key), 0);
	assert_wrong(deliver(PAIR, strlen(PAIR)), "to/cloud.key: ");
	assert_string_equal(scratch_read("third"), "as it was");
	assert_false(scratch_has("delivered/cloud"));
	mem_free(key);
	mem_free(dir);
}

static unsigned at_work(const struct list *all)
{
	unsigned count = 0;
	LIST_EACH(node, all)
	count++;
	return count;
}

/* A reload may bring another delivery while the one before still writes older bytes. */
static void one_waits_until_the_one_before_has_written(void **state)
{
	(void)state;
	struct loop *l = loop_new("test");
	char *from = mem_printf("%s/pair.pem", scratch_dir), *to = mem_printf("%s/to", scratch_dir);
	struct mapping m = {.name = "cloud", .certificate_copy = to};
	struct list all = {&all, &all};
	scratch_write("pair.pem", PAIR);
	for (int i = 0; i < 3; i++) { /* only the first has begun, and goes on after this */
		struct certificate_delivery *d = certificate_delivery_new(l, &m, scratch_dir, &all);
		certificate_delivery_look(d, from, "cloud.alice.home.example");
		certificate_delivery_free(d);
		assert_int_equal(at_work(&all), 1);
	}
	while (at_work(&all))
		loop_turn(l);
	struct certificate_delivery *last = certificate_delivery_new(l, &m, scratch_dir, &all);
	certificate_delivery_look(last, from, "cloud.alice.home.example");
	loop_stop(l);
	loop_run(l);
	assert_true(scratch_has("delivered/cloud"));
	certificate_delivery_free(last);
	assert_int_equal(loop_free(l), 0);
	mem_free(from);
	mem_free(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(key_and_chain_are_parted, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(a_broken_file_goes_nowhere, scratch_setup,
					    scratch_teardown),
	    cmocka_unit_test_setup_teardown(a_pipe_or_link_in_its_place_is_not_touched,
					    scratch_setup, scratch_teardown),
	    cmocka_unit_test_setup_teardown(one_waits_until_the_one_before_has_written,
					    scratch_setup, scratch_teardown),
	};
	/* as in the agent: not first in a thread of the pool, which would keep some of it */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
