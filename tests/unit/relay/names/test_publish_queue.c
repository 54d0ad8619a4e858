/* A publisher of our own, that answers when it is told to: what a queue has it do about TXT
 * records, whose values stand beside those of others, and of which none may be forgotten. */
#define _GNU_SOURCE /* nftw */
#include "relay/names/publish_queue.h"

#include "relay/database.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

static char path[128];

/* What the publisher was told, "+a,b -c"; and how it answers. */
static struct {
	struct loop *loop;
	struct store *store;
	struct write_batch *batch;
	struct publish_queue *queue;
	struct timer *tick; /* so that a turn ends */
	struct publish_set wanted, address;
	publish_done_fn *done;
	char told[2048], kept[2048], name[256];
	bool busy, texts;
	unsigned jobs, published, events[EVENT_KIND_COUNT];
} lab;

static char *kind_id(const void *settings)
{
	(void)settings;
	return mem_strdup("fake");
}

static bool serves(const void *settings, const char *name)
{
	(void)settings;
	return text_is_in(name, "home.test");
}

static void *start(struct loop *l, const void *settings, publish_done_fn *done, void *owner)
{
	(void)l;
	(void)settings;
	lab.done = done;
	return owner;
}

/* As another program sees the state file. */
static const char *kept(void)
{
	sqlite3 *db = database_open_to_read(path);
	sqlite3_stmt *q = NULL;
	lab.kept[0] = 0;
	assert_non_null(db);
	sqlite3_prepare_v2(db, "SELECT value FROM published WHERE family = 16", -1, &q, NULL);
	if (sqlite3_step(q) == SQLITE_ROW)
		snprintf(lab.kept, sizeof(lab.kept), "%s", sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	sqlite3_close(db);
	return lab.kept;
}

static void publish(void *self, const struct publish_job *job)
{
	(void)self;
	char wanted[PUBLISH_TEXT], gone[PUBLISH_TEXT];
	assert_false(lab.busy);
	lab.told[0] = 0;
	for (size_t i = 0; i < job->count; i++) {
		const struct publish_change *c = &job->changes[i];
		if (c->type != PUBLISH_TXT) {
			snprintf(lab.told, sizeof(lab.told), "%s=%s", publish_type_text(c->type),
				 publish_set_text(&c->wanted, wanted));
			continue;
		}
		snprintf(lab.told, sizeof(lab.told), "+%s -%s",
			 publish_set_text(&c->wanted, wanted), publish_set_text(&c->gone, gone));
		kept();
		for (unsigned k = 0; k < c->wanted.count; k++)
			if (!strstr(lab.kept, c->wanted.values[k]))
				fail_msg("%s is sent, and not in %s", c->wanted.values[k],
					 lab.kept);
	}
	snprintf(lab.name, sizeof(lab.name), "%s", job->name);
	lab.busy = true;
	lab.jobs++;
}

static void close_publisher(void *self)
{
	(void)self;
}

static struct publisher_kind kind = {.name = "fake",
				     .carries_texts = true,
				     .id = kind_id,
				     .serves = serves,
				     .start = start,
				     .publish = publish,
				     .close = close_publisher};
static const struct publisher_config config = {&kind, NULL};

static void on_wanted(void *owner, const char *name, enum publish_type type,
		      struct publish_set *out)
{
	(void)owner;
	(void)name;
	out->count = 0;
	if (type == PUBLISH_TXT)
		*out = lab.wanted;
	else if (type == PUBLISH_A)
		*out = lab.address;
}

static void on_published(void *owner, const char *name)
{
	(void)owner;
	(void)name;
	lab.published++;
}

static void on_told(void *owner, enum event_kind event, const char *subject, const char *why)
{
	(void)owner;
	(void)subject;
	(void)why;
	lab.events[event]++;
}

static const struct publish_queue_owner fns = {on_wanted, on_published, on_told};
static const char name[] = "_acme-challenge.alice.home.test";

static void on_tick(void *owner)
{
	(void)owner;
}

static void on_lost(void *owner)
{
	(void)owner;
}

static void open_lab(void)
{
	char *why;
	lab.loop = loop_new("test");
	lab.store = store_open(lab.loop, path, &why);
	assert_non_null(lab.store);
	lab.batch = write_batch_new(lab.loop, lab.store, on_lost, NULL);
	lab.queue = publish_queue_new(lab.loop, lab.batch, &config, NULL, &fns, NULL);
	lab.tick = timer_new(lab.loop, on_tick, NULL);
	timer_set_every(lab.tick, 1);
	lab.busy = false;
	lab.jobs = lab.published = 0;
}

static void close_lab(void)
{
	timer_close(lab.tick);
	publish_queue_close(lab.queue);
	write_batch_free(lab.batch);
	store_close(lab.store);
	loop_stop(lab.loop);
	loop_run(lab.loop);
	assert_int_equal(loop_free(lab.loop), 0);
}

static int setup(void **state)
{
	memset(&lab, 0, sizeof(lab));
	assert_int_equal(tempdir_make(state), 0);
	snprintf(path, sizeof(path), "%s/relay.db", tempdir);
	kind.carries_texts = true;
	kind.refuses_whole = false;
	return 0;
}

static void run_until_busy(void)
{
	for (unsigned i = 0; i < 2000 && !lab.busy; i++)
		loop_turn(lab.loop);
	assert_true(lab.busy);
}

static void want(const char *values)
{
	publish_set_read(&lab.wanted, values);
	publish_queue_check(lab.queue, name);
}

static void answer(enum publish_result result)
{
	lab.busy = false;
	lab.done(lab.queue, result, 1, result == PUBLISH_OK ? NULL : "no");
}

static void want_address(const char *value)
{
	publish_set_read(&lab.address, value);
	publish_queue_check(lab.queue, name);
}

static void expect(const char *told)
{
	run_until_busy();
	assert_string_equal(lab.told, told);
}

static struct publish_progress progress(const char *value)
{
	struct publish_progress p = {0};
	publish_queue_progress(lab.queue, name, value, &p);
	return p;
}

static void values_stand_beside_each_other(void **state)
{
	(void)state;
	open_lab();
	memset(lab.events, 0, sizeof(lab.events));
	want("a");
	expect("+a -");
	assert_int_equal(progress("a").tried, 1);
	answer(PUBLISH_OK);
	assert_int_equal(progress("a").there, 1);
	assert_int_equal(lab.events[EVENT_NAME_PUBLISHED], 1);
	assert_int_equal(lab.events[EVENT_PUBLISHER_WORKS], 0);
	want("a,b");
	expect("+a,b -");
	answer(PUBLISH_REFUSED);
	assert_int_equal(progress("b").failed, 1);
	assert_string_equal(progress("b").why, "no");
	assert_int_equal(progress("a").there, 1);
	want("c");
	expect("+c -a,b"); /* b may have come through */
	answer(PUBLISH_LATER);
	assert_int_equal(lab.events[EVENT_NAME_FAILED], 1);
	assert_int_equal(lab.events[EVENT_PUBLISHER_FAILS], 1);
	want("");
	expect("+ -a,b,c");
	answer(PUBLISH_OK);
	assert_int_equal(lab.events[EVENT_PUBLISHER_WORKS], 1);
	loop_turn(lab.loop);
	close_lab();
	open_lab();
	assert_string_equal(kept(), "");
	close_lab();
}

static void restore_one(void *arg, const struct store_published *row)
{
	(void)arg;
	publish_queue_restore(lab.queue, row);
}

static void what_was_tried_is_deleted_after_a_restart(void **state)
{
	(void)state;
	open_lab();
	want("a,b");
	expect("+a,b -");
	close_lab(); /* in the middle of it */
	open_lab();
	store_read_published(lab.store, restore_one, NULL);
	publish_set_read(&lab.wanted, "b");
	assert_int_equal(progress("b").tried, 1); /* nobody knows */
	publish_queue_check_all(lab.queue);
	expect("+b -a");
	answer(PUBLISH_OK);
	loop_turn(lab.loop);
	close_lab();
	open_lab();
	assert_string_equal(kept(), "b");
	close_lab();
}

static void more_than_fit_go_in_turns(void **state)
{
	(void)state;
	open_lab();
	want("a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11");
	run_until_busy();
	answer(PUBLISH_OK);
	want("b0,b1,b2,b3,b4,b5,b6,b7");
	expect("+b0,b1,b2,b3 -a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11");
	answer(PUBLISH_OK);
	expect("+b0,b1,b2,b3,b4,b5,b6,b7 -");
	answer(PUBLISH_OK);
	assert_int_equal(progress("b7").there, 1);
	close_lab();
}

static void one_that_carries_none_is_not_asked(void **state)
{
	(void)state;
	kind.carries_texts = false;
	open_lab();
	want("a");
	for (unsigned i = 0; i < 20; i++)
		loop_turn(lab.loop);
	assert_int_equal(lab.jobs, 0);
	const struct publish_progress p = progress("a");
	assert_int_equal(p.there + p.failed + p.tried, 0);
	close_lab();
}

/* The provider calls it trouble of its own, and it is this name's: it is too deep, say. */
static void a_name_that_is_the_trouble_holds_up_no_other(void **state)
{
	static const char other[] = "_acme-challenge.bob.home.test";
	(void)state;
	open_lab();
	want("a");
	run_until_busy();
	publish_queue_check(lab.queue, other);
	assert_string_equal(lab.name, name);
	answer(PUBLISH_LATER);
	run_until_busy();
	assert_string_equal(lab.name, other);
	answer(PUBLISH_OK);
	run_until_busy();
	assert_string_equal(lab.name, name);
	close_lab();
}

/* A server whose policy allows no TXT: names that come and go leave nothing behind. */
static void what_is_refused_whole_is_forgotten(void **state)
{
	(void)state;
	kind.refuses_whole = true;
	open_lab();
	want("a");
	expect("+a -");
	answer(PUBLISH_LATER); /* it may have come through */
	want("a,b");
	expect("+a,b -");
	answer(PUBLISH_REFUSED);
	want("");
	expect("+ -a");
	answer(PUBLISH_OK);
	want("c");
	expect("+c -");
	answer(PUBLISH_REFUSED);
	want("");
	unsigned jobs = lab.jobs;
	for (unsigned i = 0; i < 20; i++)
		loop_turn(lab.loop);
	assert_int_equal(lab.jobs, jobs);
	close_lab();
	open_lab();
	assert_string_equal(kept(), "");
	close_lab();
}

/* The answer was lost, or a reload came before it: the server may have the second address. */
static void an_address_that_came_back_is_sent_again(void **state)
{
	(void)state;
	open_lab();
	want_address("11.0.0.1");
	expect("A=11.0.0.1");
	answer(PUBLISH_OK);
	want_address("11.0.0.2");
	expect("A=11.0.0.2");
	answer(PUBLISH_LATER);
	want_address("11.0.0.1");
	expect("A=11.0.0.1");
	answer(PUBLISH_OK);
	want_address("");
	expect("A=");
	struct publish_queue *before = lab.queue;
	lab.queue = publish_queue_new(lab.loop, lab.batch, &config, before, &fns, NULL);
	publish_queue_close(before);
	lab.busy = false;
	want_address("11.0.0.1");
	expect("A=11.0.0.1");
	answer(PUBLISH_REFUSED);
	unsigned jobs = lab.jobs;
	for (unsigned i = 0; i < 20; i++)
		loop_turn(lab.loop);
	assert_int_equal(lab.jobs, jobs); /* what was there before still is */
	close_lab();
}

static void what_cannot_be_written_is_not_sent(void **state)
{
	(void)state;
	open_lab();
	struct rlimit limit, none;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	none = (struct rlimit){0, limit.rlim_max};
	setrlimit(RLIMIT_FSIZE, &none);
	want("a");
	for (unsigned i = 0; i < 2000 && !progress("a").failed; i++)
		loop_turn(lab.loop);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(lab.jobs, 0);
	assert_string_equal(progress("a").why, "the state file cannot be written");
	close_lab();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(values_stand_beside_each_other, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_was_tried_is_deleted_after_a_restart, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(more_than_fit_go_in_turns, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(one_that_carries_none_is_not_asked, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_name_that_is_the_trouble_holds_up_no_other, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_is_refused_whole_is_forgotten, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(an_address_that_came_back_is_sent_again, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_cannot_be_written_is_not_sent, setup,
					    tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
