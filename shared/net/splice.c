/*
 * Two directions, each looked at by one function:
 *
 *	socket → stream   IO_DATA says stream_ready(); in STREAM_TURN one read goes straight into
 *	                  the outbox. End of input: stream_finish().
 *	stream → socket   STREAM_LOOK and IO_ROOM write what waits. The peer's FIN, and nothing
 *	                  waiting any more: io_shutdown().
 *
 * Done when both have ended. The ways to fail:
 *
 *	the socket takes no more   It closed early. That direction only stops: what comes is
 *	                           consumed and dropped. Reading goes on to the socket's end, so
 *	                           an early answer arrives; then the stream is reset.
 *	the socket fails           All that came before has been read. The stream is reset: over.
 *	the stream is reset, or    What waits is written, then the kernel gets up to DRAIN_MS
 *	the tunnel is gone         without progress to send it (DRAIN_MOST_MS in all). Then the
 *	                           socket is reset; or closed, if the stream had come to its good
 *	                           end before the tunnel went.
 */
#include "shared/net/splice.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

enum {
	SOCKET_LOWAT = 128 * 1024,
	DRAIN_MS = 2000,
	DRAIN_MOST_MS = 30000,
	DRAIN_LOOK_MS = 20,
	GUARD_LOOK_MS = 20
};

struct splice {
	struct loop *loop;
	struct transport *transport; /* NULL once the tunnel is gone */
	struct io *socket;
	struct stream *stream;
	struct splice_count *count;
	splice_fn *fn;
	void *owner;
	splice_guard_fn *guard; /* NULL: the stream's bytes may go to the socket */
	struct task task;       /* looks at the stream, for the guard */
	struct timer *again;    /* likewise, while it waits for more; NULL: it never did */
	bool is_cut;            /* by the guard */
	bool socket_eof;        /* its end was read, FIN is on its way into the stream */
	bool socket_deaf;       /* it takes no more bytes */
	bool stream_eof;        /* the stream's FIN was passed on */
	uint64_t moved_ms;      /* when a byte last went through */
	uint64_t given;         /* bytes that the socket took */
	struct shaper *shaper;  /* NULL: as fast as it goes */
	struct shaper_waiter in, out;
	struct timer *drain; /* the stream is reset: waiting for the kernel to send the rest */
	size_t drain_left;   /* what was unsent when last looked */
	uint64_t drain_ms;   /* when that last changed */
	uint64_t drain_began_ms;
	struct splice_end end;
};

static void look_stream(struct splice *s);

static void mark(struct splice *s)
{
	if (s->transport)
		transport_mark(s->transport);
}

static void finish(struct splice *s)
{
	splice_fn *fn = s->fn;
	void *owner = s->owner;
	struct splice_end end = s->end;
	task_cancel(&s->task);
	timer_close(s->again);
	timer_close(s->drain);
	shaper_forget(&s->in);
	shaper_forget(&s->out);
	stream_close(s->stream);
	mark(s);
	mem_free(s);
	if (fn)
		fn(owner, &end);
}

static void end_both(struct splice *s)
{
	io_close(s->socket);
	finish(s);
}

static void end_reset(struct splice *s)
{
	io_reset(s->socket);
	finish(s);
}

/* Both directions have come to their good end? */
static bool settle(struct splice *s)
{
	if (!s->socket_eof || !s->stream_eof)
		return false;
	end_both(s);
	return true;
}

static void watch(struct splice *s)
{
	bool reading = !s->socket_eof && stream_may_send(s->stream) && list_is_empty(&s->in.node);
	bool writing = !s->socket_deaf && !s->guard && stream_waiting(s->stream) > 0 &&
		       list_is_empty(&s->out.node);
	io_watch(s->socket, (reading ? IO_WATCH_READ : 0) | (writing ? IO_WATCH_WRITE : 0));
}

/* --- socket to stream --- */

static void fail_socket(struct splice *s, int err)
{
	s->end.socket_error = err;
	stream_reset(s->stream, RESET_ABORTED);
	end_both(s);
}

static void turn(struct splice *s)
{
	size_t room;
	uint8_t *p = stream_reserve(s->stream, &room);
	if (s->shaper && !(room = shaper_room(s->shaper, SHAPER_IN, room))) {
		stream_idle(s->stream);
		shaper_wait(s->shaper, SHAPER_IN, &s->in);
		watch(s);
		return;
	}
	ssize_t n = io_read(s->socket, p, room);
	if (n > 0) {
		stream_commit(s->stream, (size_t)n);
		s->moved_ms = loop_now_ms(s->loop);
		if (s->shaper)
			shaper_took(s->shaper, SHAPER_IN, (size_t)n);
		splice_count_in(s->count, (uint64_t)n);
		if ((size_t)n < room && !io_error(s->socket)) {
			stream_idle(s->stream);
			watch(s);
		}
		return;
	}
	if (n == UV_EAGAIN) {
		stream_idle(s->stream);
		watch(s);
		return;
	}
	if (n < 0) {
		fail_socket(s, (int)n);
		return;
	}
	s->socket_eof = true;
	/* it closed altogether: what we still send has no reader */
	if (s->socket_deaf || io_error(s->socket)) {
		fail_socket(s, UV_EPIPE);
		return;
	}
	stream_finish(s->stream);
	if (!settle(s))
		watch(s);
}

/* --- stream to socket --- */

/* How much of iov may be written now: all, or what the shaper leaves. Shortens iov; returns its
 * bytes. */
static size_t allowed(struct splice *s, struct iovec *iov, int count)
{
	size_t wanted = 0;
	for (int i = 0; i < count; i++)
		wanted += iov[i].iov_len;
	size_t room =
	    s->shaper && !s->socket_deaf ? shaper_room(s->shaper, SHAPER_OUT, wanted) : wanted;
	size_t left = room;
	for (int i = 0; i < count && room < wanted; i++) {
		if (iov[i].iov_len > left)
			iov[i].iov_len = left;
		left -= iov[i].iov_len;
	}
	return room;
}

static void on_out(void *arg);

/* Of bytes behind those that wait no event tells. */
static void look_again(struct splice *s)
{
	if (!s->again)
		s->again = timer_new(s->loop, on_out, s);
	timer_set(s->again, GUARD_LOOK_MS);
}

/* False: the stream's bytes may not go to the socket, or not yet. */
static bool passes_guard(struct splice *s)
{
	uint8_t first[SPLICE_GUARDED];
	struct iovec iov[24];
	size_t len = 0;
	int count = stream_peek(s->stream, iov, 24);
	for (int i = 0; i < count && len < sizeof first; i++) {
		size_t part =
		    iov[i].iov_len < sizeof first - len ? iov[i].iov_len : sizeof first - len;
		memcpy(first + len, iov[i].iov_base, part);
		len += part;
	}
	enum splice_verdict verdict = len ? s->guard(s->owner, first, len) : SPLICE_WAIT;
	if (verdict == SPLICE_PASS)
		s->guard = NULL;
	else if (verdict == SPLICE_WAIT && len)
		look_again(s);
	s->is_cut = verdict == SPLICE_CUT;
	s->socket_deaf |= s->is_cut;
	return verdict == SPLICE_PASS;
}

/* Writes what waits; true when nothing waits any more. */
static bool drain_stream(struct splice *s)
{
	if (s->guard && !passes_guard(s))
		return stream_waiting(s->stream) == 0;
	struct iovec iov[24];
	int count;
	while ((count = stream_peek(s->stream, iov, 24)) > 0) {
		size_t wanted = allowed(s, iov, count);
		if (wanted == 0) {
			shaper_wait(s->shaper, SHAPER_OUT, &s->out);
			break;
		}
		ssize_t n = s->socket_deaf ? (ssize_t)wanted : io_writev(s->socket, iov, count);
		if (n < 0 && n != UV_EAGAIN) {
			s->socket_deaf = true;
			if (!s->end.socket_error)
				s->end.socket_error = (int)n;
			continue;
		}
		if (n > 0) {
			stream_consume(s->stream, (size_t)n);
			s->moved_ms = loop_now_ms(s->loop);
			s->given += (uint64_t)n;
			if (!s->socket_deaf)
				splice_count_out(s->count, (uint64_t)n);
			if (s->shaper)
				shaper_took(s->shaper, SHAPER_OUT, (size_t)n);
		}
		if (n < (ssize_t)wanted)
			break;
	}
	return stream_waiting(s->stream) == 0;
}

static void on_drain(void *owner)
{
	struct splice *s = owner;
	bool written = drain_stream(s);
	size_t left = stream_waiting(s->stream) + io_unsent(s->socket);
	uint64_t now = loop_now_ms(s->loop);
	if (left != s->drain_left) {
		s->drain_left = left;
		s->drain_ms = now;
	}
	bool late = now >= s->drain_ms + DRAIN_MS || now >= s->drain_began_ms + DRAIN_MOST_MS;
	if (written && left == 0 && stream_is_eof(s->stream) && !s->socket_deaf) {
		end_both(s);
		return;
	}
	if ((written && left == 0) || s->socket_deaf || late) {
		end_reset(s);
		return;
	}
	timer_set(s->drain, DRAIN_LOOK_MS);
}

static void begin_drain(struct splice *s)
{
	s->end.was_reset = stream_is_reset(s->stream);
	s->end.code = stream_reset_code(s->stream);
	if (stream_is_adrift(s->stream))
		s->transport = NULL;
	if (s->drain)
		return;
	s->drain = timer_new(s->loop, on_drain, s);
	s->drain_ms = s->drain_began_ms = loop_now_ms(s->loop);
	s->drain_left = SIZE_MAX;
	timer_set(s->drain, 0);
	io_watch(s->socket, 0);
}

static void look_stream(struct splice *s)
{
	if (stream_is_reset(s->stream) || stream_is_adrift(s->stream)) {
		begin_drain(s);
		return;
	}
	bool deaf = s->socket_deaf;
	bool empty = drain_stream(s);
	if (s->is_cut) {
		fail_socket(s, UV_ECANCELED);
		return;
	}
	if (s->socket_deaf && !deaf && s->socket_eof) {
		fail_socket(s, s->end.socket_error);
		return;
	}
	if (empty && stream_is_eof(s->stream) && !s->stream_eof) {
		s->stream_eof = true;
		if (!s->socket_deaf)
			io_shutdown(s->socket);
		if (settle(s))
			return;
	}
	mark(s); /* credit may be due */
	watch(s);
}

/* --- events --- */

static void on_socket(void *owner, enum io_event event)
{
	struct splice *s = owner;
	switch (event) {
	case IO_UP:
		break;
	case IO_ERROR:
		if (s->drain || !stream_id(s->stream) || !stream_may_send(s->stream)) {
			/* Never spoken of, or nothing left to be read that anyone would get. */
			fail_socket(s, io_error(s->socket));
			break;
		}
		stream_ready(s->stream); /* what came before the error is still to be read */
		mark(s);
		break;
	case IO_DATA:
		stream_ready(s->stream);
		mark(s);
		break;
	case IO_ROOM:
		look_stream(s);
		break;
	}
}

static void on_stream(void *owner, enum stream_event event)
{
	struct splice *s = owner;
	if (event == STREAM_TURN)
		turn(s);
	else if (event == STREAM_LOOK)
		look_stream(s);
}

static void on_in(void *arg)
{
	struct splice *s = arg;
	watch(s);
	stream_ready(s->stream);
	mark(s);
}

static void on_out(void *arg)
{
	look_stream(arg);
}

const char *splice_end_text(const struct splice_end *end)
{
	if (end->was_reset)
		return reset_text(end->code);
	return end->socket_error ? err_text(end->socket_error) : "closed";
}

uint64_t splice_moved_ms(const struct splice *s)
{
	return s->moved_ms;
}

bool splice_waits_for_socket(const struct splice *s)
{
	return !s->drain && !s->socket_deaf && stream_waiting(s->stream) > 0 &&
	       list_is_empty(&s->out.node);
}

uint64_t splice_delivered(const struct splice *s)
{
	uint64_t unsent = io_unsent(s->socket);
	return s->given > unsent ? s->given - unsent : 0;
}

void splice_shape(struct splice *s, struct shaper *shaper)
{
	s->shaper = shaper;
}

static struct splice *make(struct transport *k, struct io *socket, struct stream *stream,
			   struct splice_count *count, splice_fn *fn, void *owner)
{
	struct splice *s = mem_alloc(sizeof *s);
	*s = (struct splice){.loop = transport_loop(k),
			     .transport = k,
			     .socket = socket,
			     .stream = stream,
			     .count = count,
			     .fn = fn,
			     .owner = owner};
	s->moved_ms = loop_now_ms(s->loop);
	s->in = (struct shaper_waiter){.fn = on_in, .arg = s};
	s->out = (struct shaper_waiter){.fn = on_out, .arg = s};
	list_init(&s->in.node);
	list_init(&s->out.node);
	task_init(&s->task, on_out, s);
	io_own(socket, on_socket, s);
	io_set_notsent_lowat(socket, SOCKET_LOWAT);
	stream_own(stream, on_stream, s);
	return s;
}

struct splice *splice_new(struct transport *k, struct io *socket, struct stream *stream,
			  struct splice_count *count, splice_fn *fn, void *owner)
{
	struct splice *s = make(k, socket, stream, count, fn, owner);
	look_stream(s); /* ends nothing yet: the socket has not been read */
	return s;
}

struct splice *splice_new_guarded(struct transport *k, struct io *socket, struct stream *stream,
				  struct splice_count *count, splice_guard_fn *guard, splice_fn *fn,
				  void *owner)
{
	struct splice *s = make(k, socket, stream, count, fn, owner);
	s->guard = guard;
	task_mark(s->loop, &s->task); /* the guard may end it, and not in here */
	io_watch(socket, IO_WATCH_READ);
	return s;
}

void splice_abandon(struct splice *s)
{
	s->guard = NULL; /* its owner goes */
	s->fn = NULL;
	s->count = NULL;
	s->shaper = NULL;
	shaper_forget(&s->in);
	shaper_forget(&s->out);
}

void splice_cut(struct splice *s, enum reset_code code)
{
	s->fn = NULL;
	stream_reset(s->stream, code);
	end_reset(s);
}
