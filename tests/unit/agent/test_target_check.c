#include "tests/unit/shared/net/pair.h"

#include "agent/target_check.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { CHECKS = 12 };

struct home {
	struct loop *loop;
	struct target_checks *checks;
	struct target_check *check[CHECKS];
	struct listener *service;
	struct timer *timer;
	uint64_t visits;
	unsigned count, visitors, told, wanted; /* ends after so many visitors, or answers */
};

static const struct addr loop4 = {.family = 4, .ip = {127, 0, 0, 1}};

static void finish(struct home *h)
{
	for (unsigned i = 0; i < h->count; i++)
		target_check_free(h->check[i]);
	target_checks_free(h->checks);
	listener_close(h->service);
	timer_close(h->timer);
	h->count = 0;
	h->checks = NULL;
	loop_stop(h->loop);
}

static void on_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct home *h = owner;
	(void)peer, (void)local;
	close(fd);
	if (++h->visitors == h->wanted)
		finish(h);
}

static char *status_of(const struct target_check *c)
{
	static char text[256];
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	struct report_part part = target_check_part(c);
	report_part_status(&part, REPORT_TARGET, &w);
	json_close(&w);
	snprintf(text, sizeof(text), "%s", buf_str(&out));
	buf_fini(&out);
	return text;
}

static void on_told(void *owner)
{
	struct home *h = owner;
	h->told++;
	if (h->wanted)
		return;
	assert_false(target_check_is_asked(h->check[0]));
	if (!h->service) {
		assert_non_null(strstr(target_check_error(h->check[0]), ": connection refused"));
		assert_non_null(
		    strstr(status_of(h->check[0]), "\"state\":\"down\",\"error\":\"127"));
	} else {
		assert_null(target_check_error(h->check[0]));
		assert_non_null(strstr(status_of(h->check[0]), "\"state\":\"up\",\"error\":null"));
	}
	finish(h);
}

static void begin(struct home *h, bool listening, unsigned count)
{
	int err;
	memset(h, 0, sizeof(*h));
	h->loop = loop_new("test");
	h->checks = target_checks_new(h->loop, on_told, h);
	h->timer = timer_new(h->loop, (timer_fn *)finish, h);
	h->service = listener_open(h->loop, &loop4, false, on_visitor, h, &err, NULL);
	uint16_t port = listener_at(h->service)->port;
	if (!listening) {
		listener_close(h->service);
		h->service = NULL;
	}
	for (h->count = 0; h->count < count; h->count++)
		h->check[h->count] =
		    target_check_new(h->checks, "web", "127.0.0.1", port, &h->visits);
}

static void run(struct home *h)
{
	loop_run(h->loop);
	assert_int_equal(loop_free(h->loop), 0);
}

static void asked_of_a_service_that_answers(void **state)
{
	(void)state;
	struct home h;
	begin(&h, true, 1);
	assert_string_equal(
	    status_of(h.check[0]),
	    "{\"target_state\":{\"state\":\"unknown\",\"error\":null,\"since\":null}}");
	target_check_ask(h.check[0]);
	assert_true(target_check_is_asked(h.check[0]));
	run(&h);
	assert_int_equal(h.told, 1);
}

static void asked_of_a_port_that_is_closed(void **state)
{
	(void)state;
	struct home h;
	begin(&h, false, 1);
	target_check_ask(h.check[0]);
	run(&h);
	assert_int_equal(h.told, 1);
}

static void all_are_looked_at_in_turns(void **state)
{
	(void)state;
	struct home h;
	begin(&h, true, CHECKS);
	h.wanted = 2 * CHECKS;
	for (unsigned i = 0; i < CHECKS; i++)
		target_check_every(h.check[i], 1);
	run(&h);
	assert_int_equal(h.visitors, 2 * CHECKS);
	assert_int_equal(h.told, CHECKS); /* once each, when it was found to be up */
}

/* 2.5 s are room for two looks; a visitor that is inside is as good. */
static void visits_are_as_good(void **state)
{
	(void)state;
	struct home h;
	begin(&h, true, 2);
	h.visits = 1;
	target_check_note(h.check[0], NULL);
	target_check_every(h.check[0], 1);
	target_check_every(h.check[1], 0);
	timer_set(h.timer, 2500);
	run(&h);
	assert_int_equal(h.visitors, 0);
}

static void visits_tell_too(void **state)
{
	(void)state;
	struct home h;
	begin(&h, true, 1);
	target_check_note(h.check[0], "127.0.0.1:80: connection refused");
	assert_string_equal(target_check_error(h.check[0]), "127.0.0.1:80: connection refused");
	target_check_note(h.check[0], target_check_error(h.check[0]));
	assert_string_equal(target_check_error(h.check[0]), "127.0.0.1:80: connection refused");
	target_check_note(h.check[0], NULL);
	assert_null(target_check_error(h.check[0]));
	finish(&h);
	run(&h);
}

static void freed_while_under_way(void **state)
{
	(void)state;
	struct home h;
	begin(&h, true, CHECKS);
	for (unsigned i = 0; i < CHECKS; i++)
		target_check_ask(h.check[i]);
	finish(&h);
	run(&h);
	assert_int_equal(h.told, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(asked_of_a_service_that_answers),
	    cmocka_unit_test(asked_of_a_port_that_is_closed),
	    cmocka_unit_test(all_are_looked_at_in_turns),
	    cmocka_unit_test(visits_are_as_good),
	    cmocka_unit_test(visits_tell_too),
	    cmocka_unit_test(freed_while_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
