#define _GNU_SOURCE /* accept4 */
/* A visitor and a service, each a blocking descriptor of the test's own, with two splices and a
 * tunnel between them. */
#include "tests/unit/shared/net/duo.h"

#include "shared/net/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

enum { BULK = 3 * 1024 * 1024, CHUNK = 70000 };

struct way {
	struct duo duo;
	int visitor, service;               /* the test's ends */
	int relay_fd;                       /* the relay's end of the visitor */
	struct splice *at_relay, *at_agent; /* NULL: ended */
	struct splice_end relay_end, agent_end;
	struct splice_count relay_count, agent_count;
	struct io *to_service;
	splice_guard_fn *guard;      /* of the agent's splice; NULL: none */
	unsigned asked;              /* it was */
	enum splice_verdict held;    /* what it says of what begins like a probe */
	void (*step)(struct way *w); /* by a timer, until it says way_stop() */
	int stage;
	bool stopped;
};

static struct way *the_way;

/* Two connected TCP sockets; a is non-blocking, for an io. */
static void sockets(int *a, int *b)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(l, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&at, &len), 0);
	*b = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(*b, (struct sockaddr *)&at, len), 0);
	*a = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(*a >= 0);
	close(l);
}

static void on_relay_end(void *owner, const struct splice_end *end)
{
	struct way *w = owner;
	w->at_relay = NULL;
	w->relay_end = *end;
}

static void on_agent_end(void *owner, const struct splice_end *end)
{
	struct way *w = owner;
	w->at_agent = NULL;
	w->agent_end = *end;
}

static void opened(struct side *s, struct stream *stream)
{
	struct way *w = the_way;
	w->at_agent = w->guard ? splice_new_guarded(s->trunk, w->to_service, stream,
						    &w->agent_count, w->guard, on_agent_end, w)
			       : splice_new(s->trunk, w->to_service, stream, &w->agent_count,
					    on_agent_end, w);
	w->to_service = NULL;
}

static void on_step(void *owner)
{
	struct way *w = owner;

	w->step(w);
	if (!w->stopped)
		timer_set(w->duo.pair.limit, 2);
}

static void linked(struct duo *d)
{
	struct way *w = the_way;
	struct open_info info = {.visitor.family = 4, .visited.family = 4};
	int a, b;

	duo_attach_both(d);
	d->near.on_opened = opened;
	sockets(&a, &w->service);
	w->to_service = io_take(d->pair.loop, a, NULL, NULL, NULL, NULL);
	sockets(&b, &w->visitor);
	w->relay_fd = b;
	struct stream *stream = stream_open(transport_tunnel(d->far.trunk), &info, NULL, NULL);
	w->at_relay = splice_new(d->far.trunk, io_take(d->pair.loop, b, NULL, NULL, NULL, NULL),
				 stream, &w->relay_count, on_relay_end, w);
	transport_mark(d->far.trunk);
	timer_close(d->pair.limit);
	d->pair.limit = timer_new(d->pair.loop, on_step, w);
	timer_set(d->pair.limit, 2);
}

static void way_stop(struct way *w)
{
	w->stopped = true;
	duo_stop(&w->duo);
}

static void run_guarded(struct way *w, splice_guard_fn *guard, void (*step)(struct way *w))
{
	memset(w, 0, sizeof(*w));
	w->guard = guard;
	w->held = SPLICE_WAIT;
	the_way = w;
	alarm(self_patience(40));
	duo_open(&w->duo, linked);
	w->step = step;
	pair_run(&w->duo.pair);
	alarm(0);
	assert_null(w->at_relay);
	assert_null(w->at_agent);
	close(w->visitor);
	close(w->service);
}

static bool has_data(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, 0) == 1;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void hears(int fd, const char *text)
{
	char got[64] = "";
	assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), strlen(text));
	assert_string_equal(got, text);
}

static void hears_reset(int fd)
{
	char c;
	assert_int_equal(recv(fd, &c, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void reset(int *fd)
{
	struct linger at_once = {.l_onoff = 1};
	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(*fd);
	*fd = -1;
}

static void run(struct way *w, void (*step)(struct way *w))
{
	run_guarded(w, NULL, step);
}

/* --- half-close --- */

static void step_half_close(struct way *w)
{
	char c;

	switch (w->stage) {
	case 0:
		say(w->visitor, "question");
		shutdown(w->visitor, SHUT_WR);
		w->stage++;
		break;
	case 1:
		if (!w->at_agent || !has_data(w->service))
			break;
		hears(w->service, "question");
		w->stage++;
		break;
	case 2:
		if (!has_data(w->service))
			break;
		assert_int_equal(recv(w->service, &c, 1, 0), 0);
		say(w->service, "answer");
		shutdown(w->service, SHUT_WR);
		w->stage++;
		break;
	case 3:
		if (!has_data(w->visitor) || w->at_relay)
			break;
		hears(w->visitor, "answer");
		assert_int_equal(recv(w->visitor, &c, 1, 0), 0);
		assert_int_equal(w->relay_end.socket_error + w->agent_end.socket_error, 0);
		assert_int_equal(w->relay_count.to_stream, 8);
		assert_int_equal(w->agent_count.to_stream, 6);
		way_stop(w);
		break;
	}
}

static void test_half_close_each_way(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_half_close);
}

/* --- resets --- */

static void step_visitor_resets(struct way *w)
{
	if (w->stage == 0) {
		say(w->visitor, "bytes before");
		w->stage++;
	} else if (w->stage == 1 && w->at_agent) {
		reset(&w->visitor);
		w->stage++;
	} else if (w->stage == 2 && !w->at_agent) {
		hears(w->service, "bytes before");
		hears_reset(w->service);
		way_stop(w);
	}
}

static void test_reset_passes_with_the_bytes_before_it(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_visitor_resets);
}

/* A visitor that says its end and then goes altogether: close() over unread bytes. */
static void step_end_then_reset(struct way *w)
{
	if (w->stage == 0) {
		say(w->service, "unread");
		w->stage++;
	} else if (w->stage == 1 && w->relay_count.from_stream == 6) {
		shutdown(w->visitor, SHUT_WR);
		reset(&w->visitor);
		w->stage++;
	} else if (w->stage == 2 && !w->at_agent) {
		hears_reset(w->service); /* no further byte was needed to find it out */
		way_stop(w);
	}
}

static void test_an_end_with_a_reset_behind_it_is_a_reset(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_end_then_reset);
}

/* The service answers before it has read everything, and resets. */
static void step_early_answer(struct way *w)
{
	static char waste[CHUNK];

	if (w->stage == 0) {
		fcntl(w->visitor, F_SETFL, O_NONBLOCK);
		w->stage++;
	} else if (w->stage == 1) {
		send(w->visitor, waste, sizeof(waste), MSG_NOSIGNAL);
		if (w->relay_count.to_stream < CHUNK)
			return;
		say(w->service, "413");
		close(w->service); /* unread bytes: this is a reset */
		w->service = -1;
		w->stage++;
	} else if (w->stage == 2) {
		send(w->visitor, waste, sizeof(waste), MSG_NOSIGNAL);
		if (w->at_relay)
			return;
		hears(w->visitor, "413");
		way_stop(w);
	}
}

static void test_an_early_answer_arrives(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_early_answer);
}

/* --- the tunnel goes while a direction has ended --- */

static void step_gone_half_closed(struct way *w)
{
	char c;

	if (w->stage == 0) {
		if (!w->at_agent)
			return;
		shutdown(w->service, SHUT_WR);
		w->stage++;
	} else if (w->stage == 1 && has_data(w->visitor)) {
		assert_int_equal(recv(w->visitor, &c, 1, 0), 0);
		splice_abandon(w->at_relay);
		w->at_relay = NULL;
		transport_free(w->duo.far.trunk);
		w->duo.far.trunk = NULL;
		say(w->visitor, "to nobody");
		w->stage++;
	} else if (w->stage == 2) {
		struct pollfd p = {.fd = w->visitor};
		if (poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)))
			w->stage++;
	} else if (w->stage == 3) {
		splice_cut(w->at_agent, RESET_ABORTED);
		w->at_agent = NULL;
		way_stop(w);
	}
}

static void test_a_half_closed_visitor_does_not_outlive_its_tunnel(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_gone_half_closed);
}

/* What has come for a visitor is written, though the tunnel is gone before the visitor reads. */
static void step_gone_with_bytes(struct way *w)
{
	static char bytes[2 * 1024 * 1024];

	if (w->stage == 0) {
		int room = 4096;
		if (!w->at_agent)
			return;
		setsockopt(w->visitor, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		fcntl(w->service, F_SETFL, O_NONBLOCK);
		w->stage++;
	} else if (w->stage < 100) {
		send(w->service, bytes, sizeof(bytes), MSG_NOSIGNAL);
		w->stage++;
	} else if (w->stage == 100) {
		splice_abandon(w->at_relay);
		w->at_relay = NULL;
		transport_free(w->duo.far.trunk);
		w->duo.far.trunk = NULL;
		splice_cut(w->at_agent, RESET_ABORTED);
		w->at_agent = NULL;
		w->stage++;
		fcntl(w->visitor, F_SETFL, O_NONBLOCK);
	} else {
		static char got[65536];
		ssize_t n;
		while ((n = recv(w->visitor, got, sizeof(got), 0)) > 0)
			w->relay_count.to_stream += (uint64_t)n; /* counted here from now on */
		if (n < 0 && errno == EAGAIN)
			return;
		assert_true(n < 0 && errno == ECONNRESET);
		assert_true(w->relay_count.to_stream >= w->relay_count.from_stream);
		way_stop(w);
	}
}

static void test_what_has_come_is_written_after_the_tunnel(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_gone_with_bytes);
}

/* The same when both directions had come to their end by then: it ends well. The kernel's buffers
 * are full, so all of it waits: they are filled until they have taken nothing for many looks, since
 * what the kernel moves from one end to the other makes room again. */
static void step_gone_after_the_end(struct way *w)
{
	static char bytes[40 * 1024];
	static size_t wanted, got;
	static unsigned quiet;
	ssize_t n;

	if (w->stage == 0) {
		int room = 16384;
		if (!w->at_agent)
			return;
		if (!wanted)
			setsockopt(w->visitor, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
		quiet++;
		for (; (n = send(w->relay_fd, bytes, sizeof(bytes), MSG_NOSIGNAL)) > 0; quiet = 0)
			wanted += (size_t)n;
		if (quiet < 50)
			return;
		wanted += sizeof(bytes);
		assert_int_equal(send(w->service, bytes, sizeof(bytes), MSG_NOSIGNAL),
				 sizeof(bytes));
		shutdown(w->service, SHUT_WR);
		shutdown(w->visitor, SHUT_WR);
		w->stage++;
	} else if (w->stage == 1) {
		if (w->at_agent || tunnel_streams(transport_tunnel(w->duo.far.trunk)) > 0)
			return;
		assert_true(w->relay_count.from_stream < sizeof(bytes));
		splice_abandon(w->at_relay);
		w->at_relay = NULL;
		transport_free(w->duo.far.trunk);
		w->duo.far.trunk = NULL;
		fcntl(w->visitor, F_SETFL, O_NONBLOCK);
		w->stage++;
	} else {
		while ((n = recv(w->visitor, bytes, sizeof(bytes), 0)) > 0)
			got += (size_t)n;
		if (n < 0 && errno == EAGAIN)
			return;
		assert_int_equal(n, 0);
		assert_int_equal(got, wanted);
		way_stop(w);
	}
}

static void test_a_good_end_is_one_after_the_tunnel_too(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_gone_after_the_end);
}

/* --- cut, and stop, at any time --- */

static void step_cut(struct way *w)
{
	if (!w->at_agent)
		return;
	say(w->visitor, "x");
	splice_cut(w->at_relay, RESET_MAPPING_GONE);
	w->at_relay = NULL;
	hears_reset(w->visitor);
	w->step = NULL;
	splice_cut(w->at_agent, RESET_MAPPING_GONE);
	w->at_agent = NULL;
	way_stop(w);
}

static void test_cut_resets_at_once(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_cut);
}

static void step_stop_unopened(struct way *w)
{
	splice_abandon(w->at_relay);
	w->at_relay = NULL;
	if (w->at_agent)
		splice_abandon(w->at_agent);
	w->at_agent = NULL;
	io_close(w->to_service);
	way_stop(w);
}

static void test_stop_at_once_leaves_nothing(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_stop_unopened);
}

/* --- bulk both ways --- */

struct mill {
	int fd;
	uint8_t seed_out, seed_in;
	bool right;
};

static uint8_t pattern(size_t at, uint8_t seed)
{
	return (uint8_t)(at * 31 + (at >> 9) * 5 + seed);
}

static void *mill_write(void *arg)
{
	struct mill *m = arg;
	static _Thread_local uint8_t buf[CHUNK];

	for (size_t at = 0; at < BULK;) {
		size_t len = BULK - at < CHUNK ? BULK - at : CHUNK;
		for (size_t i = 0; i < len; i++)
			buf[i] = pattern(at + i, m->seed_out);
		ssize_t n = send(m->fd, buf, len, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	shutdown(m->fd, SHUT_WR);
	return NULL;
}

static void *mill_read(void *arg)
{
	struct mill *m = arg;
	static _Thread_local uint8_t buf[CHUNK];
	size_t at = 0;
	ssize_t n;
	bool right = true;

	while ((n = recv(m->fd, buf, sizeof(buf), 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			right &= buf[i] == pattern(at + (size_t)i, m->seed_in);
		at += (size_t)n;
	}
	m->right = right && n == 0 && at == BULK;
	return NULL;
}

static struct mill mills[2];
static pthread_t threads[4];

static void step_bulk(struct way *w)
{
	if (w->stage == 0) {
		mills[0] = (struct mill){.fd = w->visitor, .seed_out = 1, .seed_in = 2};
		mills[1] = (struct mill){.fd = w->service, .seed_out = 2, .seed_in = 1};
		for (int i = 0; i < 2; i++) {
			pthread_create(&threads[2 * i], NULL, mill_write, &mills[i]);
			pthread_create(&threads[2 * i + 1], NULL, mill_read, &mills[i]);
		}
		w->stage++;
	} else if (w->at_agent == NULL && w->at_relay == NULL) {
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		assert_true(mills[0].right && mills[1].right);
		assert_int_equal(w->relay_count.to_stream, BULK);
		assert_int_equal(w->relay_count.from_stream, BULK);
		way_stop(w);
	}
}

static void test_bulk_both_ways(void **state)
{
	struct way w;
	(void)state;
	run(&w, step_bulk);
}

/* --- guarded --- */

/* "probe" and all that may become it */
static enum splice_verdict guard(void *owner, const void *p, size_t len)
{
	struct way *w = owner;
	w->asked++;
	if (memcmp(p, "probe", len < 5 ? len : 5) != 0)
		return SPLICE_PASS;
	return len < 5 ? w->held : SPLICE_CUT;
}

static void step_guarded(struct way *w)
{
	if (w->stage == 0 && w->at_agent) {
		say(w->service, "220 first"); /* a service may speak first */
		w->stage++;
	} else if (w->stage == 1 && has_data(w->visitor)) {
		hears(w->visitor, "220 first");
		say(w->visitor, "pro");
		w->stage++;
	} else if (w->stage == 2 && w->asked) {
		assert_false(has_data(w->service));
		say(w->visitor, "of");
		w->stage++;
	} else if (w->stage == 3 && has_data(w->service)) {
		hears(w->service, "proof");
		say(w->visitor, "probe"); /* not the first bytes any more */
		w->stage++;
	} else if (w->stage == 4 && has_data(w->service)) {
		hears(w->service, "probe");
		reset(&w->visitor);
		w->stage++;
	} else if (w->stage == 5 && !w->at_agent) {
		way_stop(w);
	}
}

static void test_first_bytes_wait_for_the_guard(void **state)
{
	struct way w;
	(void)state;
	run_guarded(&w, guard, step_guarded);
}

/* In two pieces, or at once. */
static void step_kept_away(struct way *w)
{
	char c;
	if (w->stage == 0) {
		say(w->visitor, "p");
		w->stage++;
	} else if (w->stage == 1 && w->asked) {
		say(w->visitor, "robe and more");
		w->stage++;
	} else if (w->stage == 2 && !w->at_agent && !w->at_relay) {
		assert_int_equal(recv(w->service, &c, 1, 0), 0);
		assert_int_equal(w->agent_end.socket_error, UV_ECANCELED);
		way_stop(w);
	}
}

static void test_what_the_guard_cuts_nobody_hears(void **state)
{
	struct way w;
	(void)state;
	run_guarded(&w, guard, step_kept_away);
}

static void step_released(struct way *w)
{
	if (w->stage == 0) {
		say(w->visitor, "pro");
		w->stage++;
	} else if (w->stage == 1 && w->asked) {
		assert_false(has_data(w->service));
		w->held = SPLICE_PASS;
		w->stage++;
	} else if (w->stage == 2 && has_data(w->service)) {
		hears(w->service, "pro");
		reset(&w->visitor);
		w->stage++;
	} else if (w->stage == 3 && !w->at_agent) {
		way_stop(w);
	}
}

static void test_the_guard_is_asked_again(void **state)
{
	struct way w;
	(void)state;
	run_guarded(&w, guard, step_released);
}

static void step_guarded_end(struct way *w)
{
	char c;
	if (w->stage == 0) {
		say(w->visitor, "pro");
		shutdown(w->visitor, SHUT_WR);
		w->stage++;
	} else if (w->stage == 1 && w->asked) {
		assert_false(has_data(w->service));
		w->held = SPLICE_PASS;
		w->stage++;
	} else if (w->stage == 2 && has_data(w->service)) {
		hears(w->service, "pro");
		assert_int_equal(recv(w->service, &c, 1, 0), 0);
		shutdown(w->service, SHUT_WR);
		w->stage++;
	} else if (w->stage == 3 && !w->at_agent && !w->at_relay) {
		way_stop(w);
	}
}

static void test_an_end_behind_guarded_bytes_passes(void **state)
{
	struct way w;
	(void)state;
	run_guarded(&w, guard, step_guarded_end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_half_close_each_way),
	    cmocka_unit_test(test_reset_passes_with_the_bytes_before_it),
	    cmocka_unit_test(test_an_end_with_a_reset_behind_it_is_a_reset),
	    cmocka_unit_test(test_an_early_answer_arrives),
	    cmocka_unit_test(test_a_half_closed_visitor_does_not_outlive_its_tunnel),
	    cmocka_unit_test(test_what_has_come_is_written_after_the_tunnel),
	    cmocka_unit_test(test_a_good_end_is_one_after_the_tunnel_too),
	    cmocka_unit_test(test_cut_resets_at_once),
	    cmocka_unit_test(test_stop_at_once_leaves_nothing),
	    cmocka_unit_test(test_bulk_both_ways),
	    cmocka_unit_test(test_first_bytes_wait_for_the_guard),
	    cmocka_unit_test(test_what_the_guard_cuts_nobody_hears),
	    cmocka_unit_test(test_the_guard_is_asked_again),
	    cmocka_unit_test(test_an_end_behind_guarded_bytes_passes),
	};

	return cmocka_run_group_tests(tests, pair_make_files, pair_remove_files);
}
