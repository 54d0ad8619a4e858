/* The session against a relay that does as the test says: one loop, real TLS, scripted answers to
 * each HELLO. */
#define _GNU_SOURCE /* nftw */
#include "agent/relay_session.h"
#include "shared/base/buf.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/net/first_frame.h"
#include "shared/net/listener.h"
#include "shared/net/timer.h"
#include "shared/net/tls_context.h"

#include "tests/unit/self.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

enum { CONNS = 64, STEP_MS = 5 };

enum answer { SILENT, NEW, RESUMED, REFUSED, HANG_UP };

struct relay;

struct conn {
	struct relay *relay;
	struct io *io;
	struct buf in;
	bool greeted;
	struct hello hello;
};

struct relay {
	struct loop *loop;
	struct listener *door;
	struct tls_context *tls;
	bool plain; /* takes connections and says nothing at all */
	struct conn conns[CONNS];
	int count, hellos;
	enum answer answer; /* to the next HELLO */
	struct capabilities can;
	uint64_t time_ms;
	struct refuse refuse;

	struct agent_config *config;
	struct relay_session *session;
	int sessions, endings;
	struct timer *timer;
	void (*step)(struct relay *r);
	int stage, waited;
	bool stopped;
};

static char pin[TLS_CONTEXT_PIN_TEXT];

/* --- the relay --- */

static void say(struct conn *c, struct buf *frame)
{
	assert_int_equal(io_write(c->io, buf_data(frame), buf_len(frame)), buf_len(frame));
	buf_fini(frame);
}

static void hang_up(struct conn *c)
{
	io_close(c->io);
	c->io = NULL;
	buf_fini(&c->in);
}

static void answer(struct relay *r, struct conn *c)
{
	struct buf frame = BUF_INIT;
	if (r->answer == NEW || r->answer == RESUMED) {
		struct welcome w = {.version = HELLO_VERSION,
				    .resumed = r->answer == RESUMED,
				    .grace_s = 120,
				    .session = {1, 2, 3},
				    .address = "127.0.0.1",
				    .can = r->can,
				    .time_ms = r->time_ms};
		welcome_write(&w, &frame);
		say(c, &frame);
	} else if (r->answer == REFUSED) {
		refuse_write(&r->refuse, &frame);
		say(c, &frame);
	} else if (r->answer == HANG_UP) {
		hang_up(c);
	}
}

static void on_conn(void *owner, enum io_event event)
{
	struct conn *c = owner;
	if (event == IO_UP)
		io_watch(c->io, IO_WATCH_READ);
	if (event == IO_ERROR) {
		hang_up(c);
		return;
	}
	if (event != IO_DATA)
		return;
	if (c->greeted) {
		ssize_t n = io_read(c->io, loop_plain(c->relay->loop), 65536);
		if (n == 0)
			hang_up(c);
		return;
	}
	struct frame f;
	int got = first_frame_read(c->io, &c->in, &f);
	if (got < 0)
		hang_up(c);
	if (got <= 0)
		return;
	assert_int_equal(f.kind, FRAME_HELLO);
	assert_int_equal(hello_read(buf_data(&c->in) + FRAME_HEADER, f.len, &c->hello), 0);
	c->greeted = true;
	c->relay->hellos++;
	answer(c->relay, c);
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	(void)peer, (void)local;
	struct relay *r = owner;
	assert_true(r->count < CONNS);
	struct conn *c = &r->conns[r->count++];
	c->relay = r;
	buf_init(&c->in);
	c->io = io_take(r->loop, fd, NULL, NULL, on_conn, c);
	if (!r->plain)
		io_tls_accept(c->io, r->tls);
}

/* The last that said HELLO. */
static struct conn *last(struct relay *r)
{
	for (int i = r->count; i-- > 0;)
		if (r->conns[i].greeted)
			return &r->conns[i];
	fail_msg("nobody said HELLO");
	return NULL;
}

/* --- the agent --- */

static void on_session(void *owner, enum relay_session_event event)
{
	struct relay *r = owner;
	r->sessions += event == RELAY_SESSION_BEGINS;
	r->endings += event == RELAY_SESSION_ENDING;
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct relay *r = owner;
	if (news->event == TUNNEL_REFUSED)
		relay_session_heard_refuse(r->session, news->p, news->len);
}

static struct agent_config *config_for(struct relay *r, const char *host)
{
	struct agent_config *c;
	char text[512];
	snprintf(text, sizeof text,
		 "{\"relay\": \"%s:%u\", \"pin\": \"%s\", \"account\": \"alice\", \"token\": "
		 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", "
		 "\"agent\": \"nas\"}",
		 host, listener_at(r->door)->port, pin);
	assert_int_equal(agent_config_parse(tempdir_path("agent.json"), text, strlen(text), &c), 0);
	return c;
}

static void stop(struct relay *r)
{
	r->stopped = true;
	relay_session_stop(r->session);
	relay_session_free(r->session);
	for (int i = 0; i < r->count; i++)
		hang_up(&r->conns[i]);
	listener_close(r->door);
	timer_close(r->timer);
	loop_stop(r->loop);
}

static void on_step(void *owner)
{
	struct relay *r = owner;
	int stage = r->stage;
	r->step(r);
	r->waited = r->stage == stage ? r->waited + 1 : 0;
	if (!r->stopped)
		timer_set(r->timer, STEP_MS);
}

static void run(void (*step)(struct relay *r), const char *host, enum answer first)
{
	struct relay *r = mem_zalloc(sizeof *r);
	struct addr at = {.family = 4, .ip = {127, 0, 0, 1}};
	char *why;
	int err;
	alarm(self_patience(60));
	r->loop = loop_new("test");
	r->door = listener_open(r->loop, &at, false, on_accept, r, &err, NULL);
	r->tls = tls_context_server_new(tempdir_path("relay.crt"), tempdir_path("relay.key"),
					TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	r->answer = first;
	r->config = config_for(r, host);
	r->session = relay_session_new(r->loop, r->config, on_session, on_news, r, &why);
	assert_true(r->door && r->tls && r->session);
	r->step = step;
	r->timer = timer_new(r->loop, on_step, r);
	timer_set(r->timer, 0);
	loop_run(r->loop);
	agent_config_free(r->config);
	tls_context_unref(r->tls);
	assert_int_equal(loop_free(r->loop), 0);
	mem_free(r);
	alarm(0);
}

static int make_files(void **state)
{
	const char *names[] = {"localhost", NULL};
	char *crt, *key, *why;
	if (tempdir_make(state) || tls_context_make_self_signed(names, &crt, &key))
		return -1;
	tempdir_write("relay.crt", crt);
	tempdir_write("relay.key", key);
	mem_free(crt);
	mem_free(key);
	return tls_context_pin_of_certificate(tempdir_path("relay.crt"), pin, &why);
}

/* --- what the relay tells of itself --- */

/* First a relay that is an hour behind, then one of 0.1.0, then one that cannot and says it. */
static void step_clock(struct relay *r)
{
	int64_t off_ms;
	if (r->sessions != r->stage)
		return;
	bool known = relay_session_clock(r->session, &off_ms);
	if (r->stage == 0) {
		assert_false(known);
		r->can = CAPABILITIES_OURS;
		r->time_ms = loop_wall_ms() - 3600 * 1000;
	} else if (r->stage == 1) {
		assert_true(known && off_ms <= -3600 * 1000 && off_ms > -3700 * 1000);
		assert_true(last(r)->hello.can.bits == CAPABILITIES_OURS.bits);
		r->can = (struct capabilities){0};
		r->time_ms = 0;
		relay_session_restart(r->session);
	} else if (r->stage == 2) {
		assert_false(known);
		r->time_ms = loop_wall_ms();
		relay_session_restart(r->session);
	} else {
		assert_false(known);
		stop(r);
	}
	r->stage++;
}

static void the_relays_clock_is_known_if_it_is_told(void **state)
{
	(void)state;
	run(step_clock, "127.0.0.1", NEW);
}

/* --- resuming --- */

static void step_welcome_lost(struct relay *r)
{
	if (r->stage == 0 && r->sessions) {
		assert_false(last(r)->hello.resume);
		r->answer = HANG_UP;
		hang_up(last(r));
		r->stage++;
	} else if (
	    r->stage == 1 &&
	    r->hellos >=
		3) { /* two at least were not answered: the next may come before this step does */
		assert_true(last(r)->hello.resume);
		assert_int_equal(last(r)->hello.epoch, r->hellos - 1);
		assert_int_equal(last(r)->hello.session[2], 3);
		assert_int_equal(relay_session_state(r->session), RELAY_SESSION_DETACHED);
		r->answer = RESUMED;
		r->stage++;
	} else if (r->stage == 2 && relay_session_resumed(r->session)) {
		assert_int_equal(last(r)->hello.epoch, r->hellos - 1);
		assert_int_equal(r->sessions, 1);
		assert_int_equal(r->endings, 0);
		assert_int_equal(relay_session_state(r->session), RELAY_SESSION_ATTACHED);
		stop(r);
	}
}

static void a_lost_welcome_is_asked_for_again(void **state)
{
	(void)state;
	run(step_welcome_lost, "127.0.0.1", NEW);
}

static void step_unknown(struct relay *r)
{
	if (r->stage == 0 && r->sessions) {
		hang_up(last(r)); /* and the relay is another: it knows no session */
		r->stage++;
	} else if (r->stage == 1 && r->sessions == 2) {
		assert_true(last(r)->hello.resume);
		assert_int_equal(r->endings, 1);
		assert_int_equal(relay_session_resumed(r->session), 0);
		stop(r);
	}
}

static void an_unknown_session_begins_anew(void **state)
{
	(void)state;
	run(step_unknown, "127.0.0.1", NEW);
}

static void step_unasked(struct relay *r)
{
	assert_int_not_equal(relay_session_state(r->session), RELAY_SESSION_ATTACHED);
	if (r->stage == 0 && r->hellos >= 2) {
		assert_false(last(r)->hello.resume);
		r->stage++;
		stop(r);
	}
}

static void a_resume_that_nobody_asked_for_is_none(void **state)
{
	(void)state;
	run(step_unasked, "127.0.0.1", RESUMED);
}

/* --- doubt --- */

static void step_doubt(struct relay *r)
{
	if (r->stage == 0 && r->sessions) {
		r->answer = SILENT;
		io_watch(last(r)->io, 0); /* the old link says nothing any more */
		relay_session_doubt(r->session);
		relay_session_hurry(r->session);
		r->stage++;
	} else if (r->stage == 1 && r->hellos == 2) {
		assert_true(last(r)->hello.resume);
		r->stage++;
	} else if (
	    r->stage == 2 && r->waited > 300 &&
	    r->hellos >=
		3) { /* the clock of the grace has ticked meanwhile; not answered: another way */
		assert_int_equal(r->endings, 0);
		assert_true(last(r)->hello.resume);
		r->answer = RESUMED;
		r->stage++;
	} else if (r->stage == 3 && relay_session_resumed(r->session)) {
		assert_int_equal(r->sessions, 1);
		stop(r);
	}
}

static void a_doubted_link_loses_no_session(void **state)
{
	(void)state;
	run(step_doubt, "127.0.0.1", NEW);
}

/* --- what the relay asked for --- */

static void step_refused(struct relay *r)
{
	if (r->stage == 0) {
		r->refuse =
		    (struct refuse){.code = REFUSE_TOKEN, .retry_ms = 60000, .reason = "no"};
		r->stage++;
	} else if (r->stage == 1 && *relay_session_last_error(r->session)) {
		assert_non_null(strstr(relay_session_last_error(r->session), "no"));
		r->stage++;
	} else if (r->stage == 2) {
		assert_int_equal(r->hellos, 1);
		relay_session_hurry(r->session);
		relay_session_doubt(r->session);
		if (r->waited > 100)
			r->stage++;
	} else if (r->stage == 3) {
		char *why;
		struct agent_config *fresh = config_for(r, "127.0.0.1"), *old = r->config;
		assert_int_equal(relay_session_set_config(r->session, fresh, &why), 0);
		r->config = fresh;
		r->answer = NEW;
		relay_session_restart(r->session);
		agent_config_free(old);
		r->stage++;
	} else if (r->stage == 4 && r->sessions) {
		stop(r);
	}
}

static void a_time_that_the_relay_named_is_kept_by_all_but_a_new_file(void **state)
{
	(void)state;
	run(step_refused, "127.0.0.1", REFUSED);
}

static void assert_no_visitor_waits(const struct relay *r)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	relay_session_put_break(r->session, &w);
	json_close(&w);
	assert_non_null(strstr(buf_str(&out), "\"held_until\":null"));
	buf_fini(&out);
}

static void step_replaced(struct relay *r)
{
	if (r->stage == 0 && r->sessions) {
		struct buf frame = BUF_INIT;
		struct refuse replaced = {.code = REFUSE_REPLACED, .retry_ms = 60000};
		refuse_write(&replaced, &frame);
		say(last(r), &frame);
		hang_up(last(r));
		r->stage++;
	} else if (r->stage == 1 && r->endings) {
		assert_int_equal(relay_session_state(r->session), RELAY_SESSION_CONNECTING);
		assert_no_visitor_waits(r);
		r->stage++;
	} else if (r->stage == 2) {
		relay_session_hurry(r->session);
		assert_int_equal(r->hellos, 1);
		if (r->waited > 100)
			stop(r);
	}
}

static void a_replaced_process_stays_away(void **state)
{
	(void)state;
	run(step_replaced, "127.0.0.1", NEW);
}

/* It need not be closed by the relay, and nothing behind it counts. */
static void step_refused_on_a_link(struct relay *r)
{
	if (r->stage == 0 && r->sessions) {
		struct buf frames = BUF_INIT;
		struct refuse refuse = {.code = REFUSE_STOPPING, .retry_ms = 100};
		for (int i = 0; i < 200; i++)
			refuse_write(&refuse, &frames);
		refuse = (struct refuse){.code = REFUSE_REPLACED, .retry_ms = 60000};
		refuse_write(&refuse, &frames);
		r->answer = RESUMED;
		say(last(r), &frames);
		r->stage++;
	} else if (r->stage == 1 && r->hellos == 2 &&
		   relay_session_state(r->session) == RELAY_SESSION_ATTACHED) {
		assert_int_equal(r->endings, 0);
		assert_int_equal(relay_session_resumed(r->session), 1);
		stop(r);
	}
}

static void a_refusal_ends_the_link(void **state)
{
	(void)state;
	run(step_refused_on_a_link, "127.0.0.1", NEW);
}

static void step_hammer(struct relay *r)
{
	if (++r->stage < 3000 / STEP_MS || r->hellos < 2) /* it goes on trying, */
		return;
	assert_true(r->count < 12 + r->stage * STEP_MS / 500); /* … and not in haste */
	stop(r);
}

static void a_relay_that_hangs_up_is_not_hammered(void **state)
{
	(void)state;
	run(step_hammer, "127.0.0.1", HANG_UP);
}

static void step_attach_and_lose(struct relay *r)
{
	for (int i = 0; i < r->count; i++)
		if (r->conns[i].io && r->conns[i].greeted)
			hang_up(&r->conns[i]);
	step_hammer(r);
}

static void a_link_that_never_lasts_is_not_hammered(void **state)
{
	(void)state;
	run(step_attach_and_lose, "127.0.0.1", NEW);
}

/* --- another file --- */

static void step_reload(struct relay *r)
{
	if (r->stage == 0) { /* the name is being looked up */
		char *why;
		struct agent_config *fresh = config_for(r, "localhost"), *old = r->config;
		assert_int_equal(relay_session_set_config(r->session, fresh, &why), 0);
		r->config = fresh;
		agent_config_free(old);
		r->stage++;
	} else if (r->stage == 1 && r->sessions) {
		stop(r);
	}
}

static void a_reload_leaves_ways_under_way_whole(void **state)
{
	(void)state;
	run(step_reload, "localhost", NEW);
}

/* --- the end --- */

static void step_stop_early(struct relay *r)
{
	r->plain = true;
	if (r->count)
		stop(r);
}

static void a_stop_in_the_middle_of_a_handshake_leaves_nothing(void **state)
{
	(void)state;
	run(step_stop_early, "127.0.0.1", SILENT);
}

static void step_stop_greeting(struct relay *r)
{
	if (r->hellos)
		stop(r);
}

static void a_stop_behind_hello_leaves_nothing(void **state)
{
	(void)state;
	run(step_stop_greeting, "127.0.0.1", SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_relays_clock_is_known_if_it_is_told),
	    cmocka_unit_test(a_lost_welcome_is_asked_for_again),
	    cmocka_unit_test(an_unknown_session_begins_anew),
	    cmocka_unit_test(a_resume_that_nobody_asked_for_is_none),
	    cmocka_unit_test(a_doubted_link_loses_no_session),
	    cmocka_unit_test(a_time_that_the_relay_named_is_kept_by_all_but_a_new_file),
	    cmocka_unit_test(a_replaced_process_stays_away),
	    cmocka_unit_test(a_refusal_ends_the_link),
	    cmocka_unit_test(a_relay_that_hangs_up_is_not_hammered),
	    cmocka_unit_test(a_link_that_never_lasts_is_not_hammered),
	    cmocka_unit_test(a_reload_leaves_ways_under_way_whole),
	    cmocka_unit_test(a_stop_in_the_middle_of_a_handshake_leaves_nothing),
	    cmocka_unit_test(a_stop_behind_hello_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, make_files, tempdir_remove);
}
