#include "tests/unit/shared/net/pair.h"

#include "shared/net/shaper.h"

/* Several who share one shaper, each wanting more than there is. What counts is that all of it
 * is used, that nobody is left out and that the sum is what the buckets give: never more than
 * the burst and the rate of the time that has passed. */
struct taker {
	struct crowd *crowd;
	struct shaper *shaper;
	enum shaper_way way;
	struct shaper_waiter waiter;
	uint64_t took;
	int woken;
};

struct crowd {
	struct loop *loop;
	struct timer *limit;
	struct taker takers[8];
	int count;
	struct shaper *shapers[2]; /* freed when all is done, before the loop ends */
	uint64_t goal;             /* each wants so much … */
	int done;
};

static void end(void *arg)
{
	struct crowd *c = arg;
	shaper_free(c->shapers[0]);
	shaper_free(c->shapers[1]);
	timer_close(c->limit);
	loop_stop(c->loop);
}

static void take(void *arg)
{
	struct taker *t = arg;
	struct crowd *c = t->crowd;
	t->woken++;
	size_t room = shaper_room(t->shaper, t->way, 65536);
	if (room) {
		assert_true(room <= 65536);
		shaper_took(t->shaper, t->way, room);
		t->took += room;
	}
	if (t->took < c->goal) {
		shaper_wait(t->shaper, t->way, &t->waiter);
	} else if (++c->done == c->count) {
		loop_post(c->loop, end, c);
	}
}

static void on_limit(void *owner)
{
	(void)owner;
	fail_msg("somebody waits for ever");
}

static void crowd_begin(struct crowd *c, uint64_t goal)
{
	memset(c, 0, sizeof *c);
	c->loop = loop_new("test");
	c->limit = timer_new(c->loop, on_limit, c);
	timer_set(c->limit, self_patience(30) * 1000);
	c->goal = goal;
}

static void crowd_add(struct crowd *c, struct shaper *s, enum shaper_way way)
{
	struct taker *t = &c->takers[c->count++];
	*t = (struct taker){.crowd = c, .shaper = s, .way = way, .waiter = {.fn = take, .arg = t}};
	list_init(&t->waiter.node);
}

static uint64_t crowd_run(struct crowd *c)
{
	uint64_t began = loop_clock_ms();
	for (int i = 0; i < c->count; i++)
		take(&c->takers[i]);
	loop_run(c->loop);
	return loop_clock_ms() - began;
}

/* 8 Mbit/s is 1000 bytes a millisecond, and 50 ms of it may come at once. */
static void together_no_more_than_the_rate(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 100000);
	struct shaper *s = c.shapers[0] = shaper_new(c.loop, 8000000, NULL);
	for (int i = 0; i < 4; i++)
		crowd_add(&c, s, SHAPER_IN);
	uint64_t ms = crowd_run(&c), took = 0;
	for (int i = 0; i < 4; i++)
		took += c.takers[i].took;
	assert_true(took >= 400000);
	assert_true(took <= 50000 + (ms + 2) * 1000);
	assert_int_equal(loop_free(c.loop), 0);
}

static void the_ways_do_not_share(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 1);
	struct shaper *s = c.shapers[0] = shaper_new(c.loop, 8000000, NULL);
	shaper_took(s, SHAPER_IN, 1000000);
	assert_int_equal(shaper_room(s, SHAPER_IN, 1), 0);
	assert_int_equal(shaper_room(s, SHAPER_OUT, 1000), 1000);
	crowd_add(&c, s, SHAPER_OUT);
	crowd_run(&c);
	assert_int_equal(loop_free(c.loop), 0);
}

static void the_whole_wins_over_the_mappings(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 100000);
	struct shaper_whole *w = shaper_whole_new(8000000, NULL);
	struct shaper *one = c.shapers[0] = shaper_new(c.loop, 800000000, w),
		      *two = c.shapers[1] = shaper_new(c.loop, 0, w);
	shaper_whole_unref(w);
	crowd_add(&c, one, SHAPER_OUT);
	crowd_add(&c, two, SHAPER_OUT);
	uint64_t ms = crowd_run(&c);
	/* Each looks at the bucket before it takes, so a piece may overdraw it; the debt is
	 * paid. */
	assert_true(c.takers[0].took + c.takers[1].took <= 50000 + 65536 + (ms + 2) * 1000);
	assert_int_equal(loop_free(c.loop), 0);
}

static void a_whole_that_comes_later_counts(void **state)
{
	(void)state;
	struct loop *l = loop_new("test");
	struct shaper *s = shaper_new(l, 0, NULL);
	assert_int_equal(shaper_room(s, SHAPER_IN, 1 << 30), 1 << 30);
	struct shaper_whole *w = shaper_whole_new(8000000, NULL);
	shaper_stand_below(s, w);
	shaper_stand_below(s, w);
	assert_true(shaper_room(s, SHAPER_IN, 1 << 30) <= 50000);
	shaper_whole_change(w, 0);
	assert_int_equal(shaper_room(s, SHAPER_IN, 1 << 30), 1 << 30);
	shaper_whole_unref(w);
	shaper_free(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

static void a_higher_rate_helps_those_who_wait(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 10000000); /* at 8 Mbit/s ten seconds, at 800 a tenth of one */
	struct shaper *s = c.shapers[0] = shaper_new(c.loop, 8000000, NULL);
	crowd_add(&c, s, SHAPER_IN);
	take(&c.takers[0]);
	shaper_change(s, 800000000);
	uint64_t ms = crowd_run(&c);
	assert_true(c.takers[0].took <= 5000000 + (ms + 4) * 100000);
	assert_int_equal(loop_free(c.loop), 0);
}

/* He is told whenever time passes, and waits again. */
static void note(void *arg)
{
	struct taker *t = arg;
	t->woken++;
	shaper_wait(t->shaper, t->way, &t->waiter);
}

static void who_has_gone_is_not_told(void **state)
{
	struct crowd c;

	(void)state;
	crowd_begin(&c, 60000);
	struct shaper *s = c.shapers[0] = shaper_new(c.loop, 8000000, NULL);
	struct taker gone = {
	    .crowd = &c, .shaper = s, .way = SHAPER_IN, .waiter = {.fn = take, .arg = &gone}};
	list_init(&gone.waiter.node);
	shaper_took(s, SHAPER_IN, 50000);
	shaper_wait(s, SHAPER_IN, &gone.waiter);
	shaper_wait(s, SHAPER_IN, &gone.waiter);
	shaper_forget(&gone.waiter);
	shaper_took(s, SHAPER_OUT, 1000000);
	struct taker late = {
	    .crowd = &c, .shaper = s, .way = SHAPER_OUT, .waiter = {.fn = note, .arg = &late}};
	list_init(&late.waiter.node);
	crowd_add(&c, s, SHAPER_IN);
	note(&late);
	crowd_run(&c);
	assert_int_equal(gone.woken, 0);
	assert_true(list_is_empty(&late.waiter.node)); /* the shaper has gone before him */
	shaper_free(NULL);
	shaper_whole_unref(NULL);
	assert_int_equal(loop_free(c.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(together_no_more_than_the_rate),
	    cmocka_unit_test(the_ways_do_not_share),
	    cmocka_unit_test(the_whole_wins_over_the_mappings),
	    cmocka_unit_test(a_whole_that_comes_later_counts),
	    cmocka_unit_test(a_higher_rate_helps_those_who_wait),
	    cmocka_unit_test(who_has_gone_is_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
