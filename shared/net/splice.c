/*
 * Two directions, looked at by one function each.
 *
 *	near → far   IO_DATA says stream_ready(); in STREAM_TURN one read goes straight into the
 *                   outbox. End of input: stream_finish().
 *	far → near   STREAM_LOOK and IO_ROOM write what waits. The peer's FIN, and nothing waiting
 *                   any more: io_shutdown().
 *
 * Done when both have ended. The ways to fail:
 *	near cannot be written any more (it closed early)   that direction only stops: what comes is
 *                                                          consumed and dropped, reading goes on to
 *                                                          its
 *	                                                    end, so an early answer
 *	                                                      arrives; then the far side is
 *	                                                      told by a reset
 *	near reads an error                                 all before it has been read; reset to
 *                                                          the far side, over
 *	far resets, or the tunnel is gone                   what waits is written, then the kernel
 *                                                          gets up to DRAIN_MS without progress to
 *                                                          send
 *	                                                    it (DRAIN_MOST_MS in all),
 *	                                                      then near is reset; or
 *	                                                      closed, when far had come to
 *	                                                      its good
 *	                                                    end before the tunnel went
 */
#include "shared/net/splice.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <uv.h>

enum { NEAR_LOWAT = 128 * 1024, DRAIN_MS = 2000, DRAIN_MOST_MS = 30000, DRAIN_LOOK_MS = 20 };

struct splice {
	struct loop *loop;
	struct transport *trunk; /* NULL once the tunnel is gone */
	struct io *near;
	struct stream *far;
	struct splice_count *count;
	splice_fn *fn;
	void *owner;
	bool near_eof;         /* its end was read, FIN is on its way to the far side */
	bool near_deaf;        /* it takes no more bytes */
	bool far_eof;          /* the far side's FIN was passed on */
	uint64_t moved_ms;     /* when a byte last went through */
	struct shaper *shaper; /* NULL: as fast as it goes */
	struct shaper_waiter in, out;
	struct timer *drain; /* the far side has reset: waiting for the kernel to send the rest */
	size_t drain_left;   /* what was unsent when last looked */
	uint64_t drain_ms;   /* when that last changed */
	uint64_t drain_began_ms;
	struct splice_end end;
};

static void look_far(struct splice *s);

static void mark(struct splice *s)
{
	if (s->trunk)
		transport_mark(s->trunk);
}

static void finish(struct splice *s)
{
	splice_fn *fn = s->fn;
	void *owner = s->owner;
	struct splice_end end = s->end;
	timer_close(s->drain);
	shaper_forget(&s->in);
	shaper_forget(&s->out);
	stream_close(s->far);
	mark(s);
	mem_free(s);
	if (fn)
		fn(owner, &end);
}

static void end_both(struct splice *s)
{
	io_close(s->near);
	finish(s);
}

static void end_reset(struct splice *s)
{
	io_reset(s->near);
	finish(s);
}

/* Both directions have come to their good end? */
static bool settle(struct splice *s)
{
	if (!s->near_eof || !s->far_eof)
		return false;
	end_both(s);
	return true;
}

static void watch(struct splice *s)
{
	bool reading = !s->near_eof && stream_may_send(s->far) && list_is_empty(&s->in.node);
	bool writing = !s->near_deaf && stream_waiting(s->far) > 0 && list_is_empty(&s->out.node);
	io_watch(s->near, (reading ? IO_WATCH_READ : 0) | (writing ? IO_WATCH_WRITE : 0));
}

/* --- near to far --- */

static void fail_near(struct splice *s, int err)
{
	s->end.near_error = err;
	stream_reset(s->far, RESET_ABORTED);
	end_both(s);
}

static void turn(struct splice *s)
{
	size_t room;
	uint8_t *p = stream_reserve(s->far, &room);
	if (s->shaper && !(room = shaper_room(s->shaper, SHAPER_IN, room))) {
		stream_idle(s->far);
		shaper_wait(s->shaper, SHAPER_IN, &s->in);
		watch(s);
		return;
	}
	ssize_t n = io_read(s->near, p, room);
	if (n > 0) {
		stream_commit(s->far, (size_t)n);
		s->moved_ms = loop_now_ms(s->loop);
		if (s->shaper)
			shaper_took(s->shaper, SHAPER_IN, (size_t)n);
		if (s->count)
			s->count->near_to_far += (uint64_t)n;
		if ((size_t)n < room && !io_error(s->near)) {
			stream_idle(s->far);
			watch(s);
		}
		return;
	}
	if (n == UV_EAGAIN) {
		stream_idle(s->far);
		watch(s);
		return;
	}
	if (n < 0) {
		fail_near(s, (int)n);
		return;
	}
	s->near_eof = true;
	/* it closed altogether: what we still send has no reader */
	if (s->near_deaf || io_error(s->near)) {
		fail_near(s, UV_EPIPE);
		return;
	}
	stream_finish(s->far);
	if (!settle(s))
		watch(s);
}

/* --- far to near --- */

/* How much of iov may be written now: all, or what the shaper leaves. Shortens iov; returns its
 * bytes. */
static size_t allowed(struct splice *s, struct iovec *iov, int count)
{
	size_t wanted = 0;
	for (int i = 0; i < count; i++)
		wanted += iov[i].iov_len;
	size_t room =
	    s->shaper && !s->near_deaf ? shaper_room(s->shaper, SHAPER_OUT, wanted) : wanted;
	size_t left = room;
	for (int i = 0; i < count && room < wanted; i++) {
		if (iov[i].iov_len > left)
			iov[i].iov_len = left;
		left -= iov[i].iov_len;
	}
	return room;
}

/* Writes what waits; true when nothing waits any more. */
static bool drain_far(struct splice *s)
{
	struct iovec iov[24];
	int count;
	while ((count = stream_peek(s->far, iov, 24)) > 0) {
		size_t wanted = allowed(s, iov, count);
		if (wanted == 0) {
			shaper_wait(s->shaper, SHAPER_OUT, &s->out);
			break;
		}
		ssize_t n = s->near_deaf ? (ssize_t)wanted : io_writev(s->near, iov, count);
		if (n < 0 && n != UV_EAGAIN) {
			s->near_deaf = true;
			if (!s->end.near_error)
				s->end.near_error = (int)n;
			continue;
		}
		if (n > 0) {
			stream_consume(s->far, (size_t)n);
			s->moved_ms = loop_now_ms(s->loop);
			if (s->count && !s->near_deaf)
				s->count->far_to_near += (uint64_t)n;
			if (s->shaper)
				shaper_took(s->shaper, SHAPER_OUT, (size_t)n);
		}
		if (n < (ssize_t)wanted)
			break;
	}
	return stream_waiting(s->far) == 0;
}

static void on_drain(void *owner)
{
	struct splice *s = owner;
	bool written = drain_far(s);
	size_t left = stream_waiting(s->far) + io_unsent(s->near);
	uint64_t now = loop_now_ms(s->loop);
	if (left != s->drain_left) {
		s->drain_left = left;
		s->drain_ms = now;
	}
	bool late = now >= s->drain_ms + DRAIN_MS || now >= s->drain_began_ms + DRAIN_MOST_MS;
	if (written && left == 0 && stream_is_eof(s->far) && !s->near_deaf) {
		end_both(s);
		return;
	}
	if ((written && left == 0) || s->near_deaf || late) {
		end_reset(s);
		return;
	}
	timer_set(s->drain, DRAIN_LOOK_MS);
}

static void begin_drain(struct splice *s)
{
	s->end.far_reset = stream_is_reset(s->far);
	s->end.far_code = stream_reset_code(s->far);
	if (stream_is_adrift(s->far))
		s->trunk = NULL;
	if (s->drain)
		return;
	s->drain = timer_new(s->loop, on_drain, s);
	s->drain_ms = s->drain_began_ms = loop_now_ms(s->loop);
	s->drain_left = SIZE_MAX;
	timer_set(s->drain, 0);
	io_watch(s->near, 0);
}

static void look_far(struct splice *s)
{
	if (stream_is_reset(s->far) || stream_is_adrift(s->far)) {
		begin_drain(s);
		return;
	}
	bool deaf = s->near_deaf;
	bool empty = drain_far(s);
	if (s->near_deaf && !deaf && s->near_eof) {
		fail_near(s, s->end.near_error);
		return;
	}
	if (empty && stream_is_eof(s->far) && !s->far_eof) {
		s->far_eof = true;
		if (!s->near_deaf)
			io_shutdown(s->near);
		if (settle(s))
			return;
	}
	mark(s); /* credit may be due */
	watch(s);
}

/* --- events --- */

static void on_near(void *owner, enum io_event event)
{
	struct splice *s = owner;
	switch (event) {
	case IO_UP:
		break;
	case IO_ERROR:
		if (s->drain || !stream_id(s->far) || !stream_may_send(s->far)) {
			/* Never spoken of, or nothing left to be read that anyone would get. */
			fail_near(s, io_error(s->near));
			break;
		}
		stream_ready(s->far); /* what came before the error is still to be read */
		mark(s);
		break;
	case IO_DATA:
		stream_ready(s->far);
		mark(s);
		break;
	case IO_ROOM:
		look_far(s);
		break;
	}
}

static void on_far(void *owner, enum stream_event event)
{
	struct splice *s = owner;
	if (event == STREAM_TURN)
		turn(s);
	else if (event == STREAM_LOOK)
		look_far(s);
}

static void on_in(void *arg)
{
	struct splice *s = arg;
	watch(s);
	stream_ready(s->far);
	mark(s);
}

static void on_out(void *arg)
{
	look_far(arg);
}

uint64_t splice_moved_ms(const struct splice *s)
{
	return s->moved_ms;
}

void splice_shape(struct splice *s, struct shaper *shaper)
{
	s->shaper = shaper;
}

struct splice *splice_new(struct transport *k, struct io *near, struct stream *far,
			  struct splice_count *count, splice_fn *fn, void *owner)
{
	struct splice *s = mem_alloc(sizeof *s);
	*s = (struct splice){.loop = transport_loop(k),
			     .trunk = k,
			     .near = near,
			     .far = far,
			     .count = count,
			     .fn = fn,
			     .owner = owner};
	s->moved_ms = loop_now_ms(s->loop);
	s->in = (struct shaper_waiter){.fn = on_in, .arg = s};
	s->out = (struct shaper_waiter){.fn = on_out, .arg = s};
	list_init(&s->in.node);
	list_init(&s->out.node);
	io_own(near, on_near, s);
	io_set_notsent_lowat(near, NEAR_LOWAT);
	stream_own(far, on_far, s);
	look_far(s); /* ends nothing yet: near has not been read */
	return s;
}

void splice_abandon(struct splice *s)
{
	s->fn = NULL;
	s->count = NULL;
	s->shaper = NULL;
	shaper_forget(&s->in);
	shaper_forget(&s->out);
}

void splice_cut(struct splice *s, enum reset_code code)
{
	s->fn = NULL;
	stream_reset(s->far, code);
	end_reset(s);
}
