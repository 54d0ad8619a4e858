#include "shared/base/event_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { BEGIN = 1000000 };

static void add(struct event_ring *r, const char *account, const char *subject)
{
	const struct event e = {.kind = EVENT_MAPPING_OPEN, .account = account, .subject = subject};
	event_ring_add(r, &e, BEGIN);
}

/* The subjects, "a b c". */
static const char *subjects(const struct event_ring *r, uint64_t after, size_t most, char out[256])
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, false);
	json_open(&w, NULL, '[');
	event_ring_write(r, after, most, EVENT_KIND_COUNT, &w);
	json_close(&w);
	*out = '\0';
	for (const char *p = buf_str(&text); (p = strstr(p, "\"subject\":\""));) {
		size_t at = strlen(out);
		p += sizeof "\"subject\":\"" - 1;
		snprintf(out + at, 256 - at, "%s%.*s", at ? " " : "", (int)strcspn(p, "\""), p);
	}
	buf_fini(&text);
	return out;
}

static size_t count_of(const struct event_ring *r, const char *word)
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, false);
	size_t count = 0;
	json_open(&w, NULL, '[');
	event_ring_write(r, 0, SIZE_MAX, EVENT_KIND_COUNT, &w);
	json_close(&w);
	for (const char *p = buf_str(&text); (p = strstr(p, word)); p++)
		count++;
	buf_fini(&text);
	return count;
}

static void a_reader_goes_on_where_it_was(void **state)
{
	struct event_ring *r = event_ring_new(BEGIN);
	char text[256];
	(void)state;
	assert_int_equal(event_ring_last(r), 0);
	add(r, "alice", "a");
	add(r, "bob", "b");
	add(r, NULL, "c");
	assert_int_equal(event_ring_last(r), BEGIN + 2);
	assert_string_equal(subjects(r, 0, 10, text), "a b c");
	assert_string_equal(subjects(r, BEGIN, 10, text), "b c");
	assert_string_equal(subjects(r, BEGIN + 2, 10, text), "");
	/* of an older process */
	assert_string_equal(subjects(r, BEGIN - 500, 10, text), "a b c");
	assert_string_equal(subjects(r, 0, 2, text), "b c");
	event_ring_free(r);
}

static void one_kind_can_be_asked_for(void **state)
{
	struct event_ring *r = event_ring_new(BEGIN);
	const struct event audit = {.kind = EVENT_AUDIT, .subject = "account_add"};
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, false);
	(void)state;
	add(r, "alice", "a");
	event_ring_add(r, &audit, BEGIN);
	add(r, "alice", "b");
	json_open(&w, NULL, '[');
	event_ring_write(r, 0, 10, EVENT_AUDIT, &w);
	json_close(&w);
	assert_non_null(strstr(buf_str(&text), "[{\"id\":1000001,"));
	assert_non_null(strstr(buf_str(&text), "\"event\":\"audit\","));
	assert_non_null(strstr(buf_str(&text), "\"why\":null}]"));
	buf_fini(&text);
	event_ring_free(r);
}

static void one_account_pushes_out_only_its_own(void **state)
{
	struct event_ring *r = event_ring_new(BEGIN);
	char subject[32];
	(void)state;
	add(r, "bob", "the one of bob");
	add(r, NULL, "the relay's");
	for (unsigned i = 0; i < 2 * EVENT_RING_MOST; i++) {
		snprintf(subject, sizeof subject, "n%u", i);
		add(r, "alice", subject);
	}
	assert_int_equal(count_of(r, "\"alice\""), EVENT_RING_EACH);
	assert_int_equal(count_of(r, "\"bob\""), 1);
	assert_int_equal(count_of(r, "the relay's"), 1);
	event_ring_free(r);
}

/* Each of them from another address. */
static void guesses_push_out_only_guesses(void **state)
{
	struct event_ring *r = event_ring_new(BEGIN);
	const struct event audit = {.kind = EVENT_AUDIT, .subject = "account added"};
	const struct event guess = {.kind = EVENT_GUESSES, .subject = "192.0.2.1"};
	(void)state;
	event_ring_add(r, &audit, BEGIN);
	add(r, "bob", "the one of bob");
	for (unsigned i = 0; i < 2 * EVENT_RING_MOST; i++)
		event_ring_add(r, &guess, BEGIN);
	assert_int_equal(count_of(r, "\"guesses\""), EVENT_RING_EACH);
	assert_int_equal(count_of(r, "account added"), 1);
	assert_int_equal(count_of(r, "\"bob\""), 1);
	event_ring_free(r);
}

static void there_is_an_end_to_all(void **state)
{
	struct event_ring *r = event_ring_new(BEGIN);
	char account[32];
	(void)state;
	for (unsigned i = 0; i < 2 * EVENT_RING_MOST; i++) {
		snprintf(account, sizeof account, "a%u", i);
		add(r, account, "x");
	}
	assert_int_equal(count_of(r, "\"id\""), EVENT_RING_MOST);
	event_ring_free(r);
	event_ring_free(NULL);
}

/* Each has one event, and goes with it. */
static void of_many_accounts_the_last_are_kept(void **state)
{
	enum { ACCOUNTS = EVENT_RING_MOST + 100 };
	struct event_ring *r = event_ring_new(BEGIN);
	char account[32];
	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ACCOUNTS; i++) {
			snprintf(account, sizeof account, "a%u", i);
			add(r, account, "s");
		}
		assert_int_equal(count_of(r, "\"s\""), EVENT_RING_MOST);
		assert_int_equal(count_of(r, "\"a99\""), 0);
		assert_int_equal(count_of(r, "\"a100\""), 1);
	}
	event_ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_many_accounts_the_last_are_kept),
	    cmocka_unit_test(a_reader_goes_on_where_it_was),
	    cmocka_unit_test(one_kind_can_be_asked_for),
	    cmocka_unit_test(one_account_pushes_out_only_its_own),
	    cmocka_unit_test(guesses_push_out_only_guesses),
	    cmocka_unit_test(there_is_an_end_to_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
