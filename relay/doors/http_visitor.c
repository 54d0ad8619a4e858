/*
 * Every event leads to look(), which moves bytes wherever they can go, and then does what the
 * gateway wants, until nothing moves any more.
 *
 *	visitor → gateway    IO_DATA: as much as the gateway has room for
 *	gateway → stream     in STREAM_TURN; bytes of a body that the gateway need not see go
 *	                     straight from the socket into the outbox
 *	stream → gateway     STREAM_LOOK, IO_ROOM; bytes of a body that it need not see go
 *	                     straight to the socket
 *	gateway → visitor    likewise
 *
 * One timer is set for the nearest deadline. Deadlines move with every byte, but the timer is only
 * set again when it fires. While the visitor does not take the bytes that wait for it, only bytes
 * that its side has acknowledged count: the visitor may be slow, and the kernel holds a lot.
 *
 * It ends when the gateway says END or ABORT, when the visitor's socket fails (the stream is
 * reset), or when a deadline passes.
 */
#include "relay/doors/http_visitor.h"

#include "shared/base/err.h"
#include "shared/http/minimum_rate.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

enum {
	READ_MOST = 16 * 1024,
	/* for the last answer to be taken, and read, before the connection closes */
	LINGER_MS = 2000,
	AWAY_RETRY_S = 30, /* what a 503 tells to wait */
	IOV_MOST = 24,
	VISITOR_LOWAT = 128 * 1024,
	SAVED_MS = 60000, /* what a visitor that moves may save for a pause */
};

struct http_visitor {
	struct loop *loop;
	struct io *io;
	struct http_gateway *gateway;
	http_visitor_route_fn *route; /* NULL: abandoned */
	http_visitor_over_fn *over;
	http_visitor_noted_fn *noted; /* or NULL */
	void *owner;
	const char *why; /* it ends, when it is not by itself; else NULL */
	struct http_visitor_lead lead;
	struct http_visitor_times times;
	struct stream *stream; /* NULL: none */
	struct shaper_waiter in, out;
	struct task task;
	struct timer *timer;
	uint64_t due_ms; /* what the timer is set for; 0: it is not */
	enum http_phase phase;
	uint64_t phase_ms; /* since when */
	uint64_t moved_ms; /* when a byte last moved */
	struct minimum_rate rate;
	bool is_writing;               /* it is late in taking what is written; else in sending */
	uint64_t kept_ms;              /* since when it is waited for, or not */
	uint64_t brought, given;       /* bytes from the visitor, and to its socket */
	uint64_t seen;                 /* progress() when it was last looked at */
	bool readable;                 /* the socket may have bytes */
	bool eof;                      /* its end has been read */
	bool failed;                   /* it can be read or written no more */
	bool service_told;             /* the gateway knows that the stream has ended */
	bool fin_service, fin_visitor; /* have been passed on */
};

static void look(struct http_visitor *v);

static void mark(struct http_visitor *v)
{
	if (v->lead.transport)
		transport_mark(v->lead.transport);
}

static void drop_stream(struct http_visitor *v)
{
	shaper_forget(&v->in);
	shaper_forget(&v->out);
	if (!v->stream)
		return;
	stream_close(v->stream);
	v->stream = NULL;
	mark(v);
}

static void drop(struct http_visitor *v)
{
	drop_stream(v);
	task_cancel(&v->task);
	timer_close(v->timer);
	http_gateway_free(v->gateway);
	mem_free(v);
}

/* over: the connection is. */
static void take_note(struct http_visitor *v, bool over)
{
	struct http_note note;
	if (v->noted && http_gateway_take_note(v->gateway, over, &note))
		v->noted(v->owner, &note);
}

static void end(struct http_visitor *v)
{
	take_note(v, true);
	http_visitor_over_fn *over = v->over;
	void *owner = v->owner;
	const char *why = v->why ? v->why : "closed";
	io_close(v->io);
	drop(v);
	if (over)
		over(owner, why);
}

static void end_reset(struct http_visitor *v, enum reset_code code)
{
	if (v->stream)
		stream_reset(v->stream, code);
	io_reset(v->io);
	v->io = NULL;
	end(v);
}

static void moved(struct http_visitor *v)
{
	v->moved_ms = loop_now_ms(v->loop);
}

/* How many bytes it has brought, or has been seen to take. */
static uint64_t progress(const struct http_visitor *v)
{
	uint64_t unsent = io_unsent(v->io);
	return v->brought + (v->given > unsent ? v->given - unsent : 0);
}

/* --- toward the visitor --- */

static bool write_visitor(struct http_visitor *v)
{
	const uint8_t *p;
	size_t len;
	bool any = false;
	while (!v->failed && (len = http_gateway_peek(v->gateway, HTTP_VISITOR, &p)) > 0) {
		ssize_t n = io_write(v->io, p, len);
		v->failed = n < 0;
		if (n <= 0)
			break;
		http_gateway_consume(v->gateway, HTTP_VISITOR, (size_t)n);
		v->given += (uint64_t)n;
		moved(v);
		any = true;
	}
	return any;
}

static bool is_held(const struct shaper_waiter *w)
{
	return !list_is_empty(&w->node);
}

/* How many of len bytes may move that way now. */
static size_t allowed(struct http_visitor *v, enum shaper_way way, struct shaper_waiter *w,
		      size_t len)
{
	if (!v->lead.shaper)
		return len;
	size_t room = shaper_room(v->lead.shaper, way, len);
	if (!room)
		shaper_wait(v->lead.shaper, way, w);
	return room;
}

static void took(struct http_visitor *v, enum shaper_way way, size_t len)
{
	moved(v);
	if (v->lead.shaper)
		shaper_took(v->lead.shaper, way, len);
	(way == SHAPER_IN ? splice_count_in : splice_count_out)(v->lead.count, len);
}

static int shorten(struct iovec *iov, int count, size_t len)
{
	for (int i = 0; i < count; i++) {
		if (iov[i].iov_len >= len) {
			iov[i].iov_len = len;
			return i + 1;
		}
		len -= iov[i].iov_len;
	}
	return count;
}

/* Reads the stream's bytes: past the gateway when it need not see them, else into it. */
static bool read_service(struct http_visitor *v)
{
	struct iovec iov[IOV_MOST];
	int count = v->stream ? stream_peek(v->stream, iov, IOV_MOST) : 0;
	uint64_t pass = count ? http_gateway_pass(v->gateway, HTTP_SERVICE) : 0;
	size_t room = count ? http_gateway_room(v->gateway, HTTP_SERVICE) : 0;
	if (!count || v->failed || (!pass && !room))
		return false;
	size_t waiting = stream_waiting(v->stream);
	size_t len = pass ? (waiting < pass ? waiting : (size_t)pass)
			  : (iov[0].iov_len < room ? iov[0].iov_len : room);
	len = allowed(v, SHAPER_OUT, &v->out, len);
	if (!len)
		return false;
	if (!pass) {
		http_gateway_feed(v->gateway, HTTP_SERVICE, iov[0].iov_base, len);
	} else {
		count = shorten(iov, count, len);
		ssize_t n = io_writev(v->io, iov, count);
		v->failed = n < 0;
		if (n <= 0)
			return false;
		len = (size_t)n;
		v->given += len;
		http_gateway_passed(v->gateway, HTTP_SERVICE, len);
	}
	stream_consume(v->stream, len);
	took(v, SHAPER_OUT, len);
	mark(v); /* credit may be due */
	return true;
}

/* Passes on how the stream ended, behind all its bytes. */
static bool end_service(struct http_visitor *v)
{
	if (!v->stream || v->service_told || stream_waiting(v->stream))
		return false;
	bool is_reset = stream_is_reset(v->stream);
	if (!is_reset && !stream_is_eof(v->stream))
		return false;
	v->service_told = true;
	if (!is_reset) {
		http_gateway_eof(v->gateway, HTTP_SERVICE);
		return true;
	}
	if (stream_is_adrift(v->stream)) {
		v->lead.transport = NULL;
		http_gateway_refuse(v->gateway, 503, AWAY_RETRY_S);
	}
	http_gateway_broken(v->gateway);
	return true;
}

/* --- from the visitor --- */

static bool read_visitor(struct http_visitor *v)
{
	size_t room = http_gateway_room(v->gateway, HTTP_VISITOR);
	if (!v->readable || v->eof || v->failed || !room)
		return false;
	if (http_gateway_pass(v->gateway, HTTP_VISITOR))
		return false; /* turn() reads */
	size_t most = room < READ_MOST ? room : READ_MOST;
	/* not the loop's staging: in STREAM_LOOK that holds what the link has brought */
	uint8_t p[READ_MOST];
	ssize_t n = io_read(v->io, p, most);
	v->readable = n == (ssize_t)most;
	if (n == UV_EAGAIN)
		return false;
	if (n > 0) {
		http_gateway_feed(v->gateway, HTTP_VISITOR, p, (size_t)n);
		v->brought += (uint64_t)n;
		moved(v);
	} else if (n == 0) {
		v->eof = true;
		http_gateway_eof(v->gateway, HTTP_VISITOR);
	} else {
		v->failed = true;
	}
	return true;
}

/* Sends one piece of what the gateway has for the service. */
static void send_piece(struct http_visitor *v, const uint8_t *p, size_t len)
{
	size_t room;
	uint8_t *to = stream_reserve(v->stream, &room);
	len = allowed(v, SHAPER_IN, &v->in, len < room ? len : room);
	if (!len) {
		stream_idle(v->stream);
		return;
	}
	memcpy(to, p, len);
	stream_commit(v->stream, len);
	http_gateway_consume(v->gateway, HTTP_SERVICE, len);
	took(v, SHAPER_IN, len);
}

static void pass_piece(struct http_visitor *v, uint64_t pass)
{
	size_t room;
	uint8_t *to = stream_reserve(v->stream, &room);
	room = allowed(v, SHAPER_IN, &v->in, room < pass ? room : (size_t)pass);
	ssize_t n = room ? io_read(v->io, to, room) : UV_EAGAIN;
	if (n > 0) {
		stream_commit(v->stream, (size_t)n);
		http_gateway_passed(v->gateway, HTTP_VISITOR, (uint64_t)n);
		v->brought += (uint64_t)n;
		took(v, SHAPER_IN, (size_t)n);
	}
	if (room)
		v->readable = n == (ssize_t)room;
	if (n == 0) {
		v->eof = true;
		http_gateway_eof(v->gateway, HTTP_VISITOR);
	} else if (n < 0 && n != UV_EAGAIN) {
		v->failed = true;
	}
	if (n != (ssize_t)room)
		stream_idle(v->stream);
}

static void turn(struct http_visitor *v)
{
	const uint8_t *p;
	size_t len = http_gateway_peek(v->gateway, HTTP_SERVICE, &p);
	uint64_t pass =
	    len || v->eof || v->failed ? 0 : http_gateway_pass(v->gateway, HTTP_VISITOR);
	if (len)
		send_piece(v, p, len);
	else if (pass)
		pass_piece(v, pass);
	else
		stream_idle(v->stream);
	task_mark(v->loop, &v->task);
}

/* Asks for turns while there is something for the service. */
static void ask_turns(struct http_visitor *v)
{
	const uint8_t *p;
	if (!v->stream || !stream_may_send(v->stream) || v->failed || is_held(&v->in))
		return;
	bool queued = http_gateway_peek(v->gateway, HTTP_SERVICE, &p) > 0;
	if (!queued && !(v->readable && !v->eof && http_gateway_pass(v->gateway, HTTP_VISITOR)))
		return;
	stream_ready(v->stream);
	mark(v);
}

/* --- what the gateway wants --- */

static void on_stream(void *owner, enum stream_event event)
{
	struct http_visitor *v = owner;
	if (event == STREAM_TURN)
		turn(v);
	else if (event == STREAM_LOOK)
		look(v);
}

static void open_stream(struct http_visitor *v)
{
	struct open_info info = {.mapping = v->lead.mapping,
				 .credit = v->lead.credit,
				 .visitor = *http_gateway_visitor(v->gateway),
				 .visited = *io_local(v->io)};
	v->stream = stream_open(transport_tunnel(v->lead.transport), &info, on_stream, v);
	v->service_told = v->fin_service = false;
	http_gateway_opened(v->gateway);
	mark(v);
}

enum met { MET_NOTHING, MET_SOMETHING, MET_END };

/* Keeps the first reason. */
static void say_why(struct http_visitor *v, const char *why)
{
	v->why = v->why ? v->why : why;
}

static enum met meet_route(struct http_visitor *v)
{
	if (v->route)
		return v->route(v->owner) ? MET_SOMETHING : MET_END;
	http_gateway_refuse(v->gateway, 503, AWAY_RETRY_S);
	return MET_SOMETHING;
}

static enum met meet(struct http_visitor *v)
{
	unsigned wants = http_gateway_wants(v->gateway);
	if (v->failed || (wants & HTTP_WANT_ABORT)) {
		say_why(v, !v->failed            ? "an answer or request broke off"
			   : io_error(v->io) < 0 ? err_text(io_error(v->io))
						 : "its socket failed");
		end_reset(v, RESET_ABORTED);
		return MET_END;
	}
	if (wants & HTTP_WANT_END) {
		end(v);
		return MET_END;
	}
	if (wants & HTTP_WANT_DROP) {
		drop_stream(v);
		http_gateway_dropped(v->gateway);
		return MET_SOMETHING;
	}
	if (wants & HTTP_WANT_ROUTE)
		return meet_route(v);
	if (wants & HTTP_WANT_OPEN) {
		if (v->lead.transport)
			open_stream(v);
		else
			http_gateway_refuse(v->gateway, 503, AWAY_RETRY_S);
		return MET_SOMETHING;
	}
	if ((wants & HTTP_WANT_FIN_SERVICE) && v->stream && !v->fin_service) {
		v->fin_service = true;
		stream_finish(v->stream);
		mark(v);
	}
	if ((wants & HTTP_WANT_FIN_VISITOR) && !v->fin_visitor) {
		v->fin_visitor = true;
		io_shutdown(v->io);
	}
	return MET_NOTHING;
}

/* --- time --- */

static uint64_t nearest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t after(uint64_t since_ms, uint32_t most_ms)
{
	return most_ms ? since_ms + most_ms : UINT64_MAX;
}

static uint64_t wait_deadline(const struct http_visitor *v)
{
	uint64_t since = v->moved_ms > v->kept_ms ? v->moved_ms : v->kept_ms;
	return v->rate.waiting && v->route ? after(since, v->times.wait_ms) : UINT64_MAX;
}

static uint64_t deadline(const struct http_visitor *v)
{
	switch (v->phase) {
	case HTTP_PHASE_IDLE:
		return after(v->phase_ms, v->times.idle_ms);
	case HTTP_PHASE_HEAD:
		return after(v->phase_ms, v->times.head_ms);
	case HTTP_PHASE_SERVING:
	case HTTP_PHASE_TUNNEL:
		if (!v->route)
			return v->moved_ms + LINGER_MS;
		return nearest(after(v->moved_ms, v->times.stall_ms), wait_deadline(v));
	case HTTP_PHASE_LINGER:
		if (v->rate.waiting && v->route && v->times.wait_ms)
			return wait_deadline(v);
		return (v->moved_ms > v->phase_ms ? v->moved_ms : v->phase_ms) + LINGER_MS;
	}
	return UINT64_MAX;
}

static void set_phase(struct http_visitor *v)
{
	enum http_phase phase = http_gateway_phase(v->gateway);
	if (phase != v->phase) {
		if (phase != HTTP_PHASE_HEAD)
			minimum_rate_pardon(&v->rate, loop_now_ms(v->loop));
		v->phase = phase;
		v->phase_ms = loop_now_ms(v->loop);
		log_debug("http_visitor_phase", "port=%u phase=%s", io_peer(v->io)->port,
			  http_phase_text(phase));
	}
	if (!v->route && (phase == HTTP_PHASE_IDLE || phase == HTTP_PHASE_HEAD)) {
		http_gateway_timeout(v->gateway);
		task_mark(v->loop, &v->task);
	}
	uint64_t at = deadline(v), now = loop_now_ms(v->loop);
	if (at == UINT64_MAX || (v->due_ms && v->due_ms <= at))
		return;
	v->due_ms = at > now ? at : now + 1;
	timer_set(v->timer, v->due_ms - now);
}

/* Nothing could be written, but what was written before is still being taken. */
static bool takes_quietly(struct http_visitor *v)
{
	uint64_t now = progress(v);
	if (v->phase == HTTP_PHASE_IDLE || v->phase == HTTP_PHASE_HEAD || !v->rate.waiting ||
	    now == v->seen)
		return false;
	v->seen = now;
	moved(v);
	return true;
}

static void on_timer(void *owner)
{
	struct http_visitor *v = owner;
	v->due_ms = 0;
	if (loop_now_ms(v->loop) < deadline(v) || takes_quietly(v)) {
		set_phase(v);
	} else if (v->phase == HTTP_PHASE_IDLE || v->phase == HTTP_PHASE_HEAD) {
		say_why(v, v->phase == HTTP_PHASE_IDLE ? reset_text(RESET_IDLE)
						       : "its request did not come in time");
		http_gateway_timeout(v->gateway);
		look(v);
	} else if (loop_now_ms(v->loop) >= wait_deadline(v)) {
		say_why(v, "too slow");
		http_gateway_give_up(v->gateway);
		look(v);
	} else if (v->phase == HTTP_PHASE_LINGER) {
		end(v);
	} else {
		say_why(v, reset_text(RESET_IDLE));
		end_reset(v, RESET_IDLE);
	}
}

/* --- looking --- */

static void set_waiting(struct http_visitor *v, bool waiting, bool writing)
{
	v->is_writing = writing;
	if (waiting == v->rate.waiting)
		return;
	v->kept_ms = loop_now_ms(v->loop);
	minimum_rate_wait(&v->rate, waiting, v->kept_ms);
	if (waiting && writing)
		v->seen = progress(v);
}

static void watch(struct http_visitor *v)
{
	const uint8_t *p;
	bool passes = !is_held(&v->in) && http_gateway_pass(v->gateway, HTTP_VISITOR);
	bool reading =
	    !v->eof && !v->readable && (passes || http_gateway_room(v->gateway, HTTP_VISITOR));
	bool writing = http_gateway_peek(v->gateway, HTTP_VISITOR, &p) > 0;
	if (v->stream && stream_waiting(v->stream) && !is_held(&v->out))
		writing = true;
	io_watch(v->io, (reading ? IO_WATCH_READ : 0) | (writing ? IO_WATCH_WRITE : 0));
	set_waiting(v, http_gateway_is_kept(v->gateway, reading, writing), writing);
}

static void look(struct http_visitor *v)
{
	enum met met;
	bool any;
	do {
		any = write_visitor(v);
		any |= read_service(v);
		any |= end_service(v);
		any |= read_visitor(v);
		take_note(v, false);
		met = meet(v);
		if (met == MET_END)
			return;
	} while (any || met == MET_SOMETHING);
	ask_turns(v);
	watch(v);
	set_phase(v);
}

static void on_task(void *arg)
{
	look(arg);
}

static void on_io(void *owner, enum io_event event)
{
	struct http_visitor *v = owner;
	if (event == IO_ERROR)
		v->failed = true;
	if (event == IO_DATA)
		v->readable = true;
	look(v);
}

/* --- for the owner --- */

struct http_visitor *http_visitor_new(struct loop *l, struct io *io, struct http_gateway *gateway,
				      const struct http_visitor_times *times,
				      http_visitor_route_fn *route, http_visitor_over_fn *over,
				      void *owner)
{
	struct http_visitor *v = mem_zalloc(sizeof *v);
	uint64_t now = loop_now_ms(l);
	*v = (struct http_visitor){.loop = l,
				   .io = io,
				   .gateway = gateway,
				   .route = route,
				   .over = over,
				   .owner = owner,
				   .times = *times};
	v->phase = http_gateway_phase(gateway);
	v->phase_ms = v->moved_ms = now;
	minimum_rate_init(&v->rate, SAVED_MS, now);
	v->in = (struct shaper_waiter){.fn = on_task, .arg = v};
	v->out = (struct shaper_waiter){.fn = on_task, .arg = v};
	list_init(&v->in.node);
	list_init(&v->out.node);
	task_init(&v->task, on_task, v);
	v->timer = timer_new(l, on_timer, v);
	io_own(io, on_io, v);
	io_set_notsent_lowat(io, VISITOR_LOWAT);
	task_mark(l, &v->task); /* a request may wait in the gateway already */
	return v;
}

void http_visitor_set_noted(struct http_visitor *v, http_visitor_noted_fn *noted)
{
	v->noted = noted;
}

void http_visitor_set_lead(struct http_visitor *v, const struct http_visitor_lead *lead)
{
	v->lead = *lead;
}

struct http_gateway *http_visitor_gateway(struct http_visitor *v)
{
	return v->gateway;
}

struct io *http_visitor_io(struct http_visitor *v)
{
	return v->io;
}

int64_t http_visitor_lag_ms(struct http_visitor *v)
{
	int64_t lag_ms = minimum_rate_lag_ms(&v->rate, progress(v), loop_now_ms(v->loop));
	/* then the relay is late, not the visitor */
	bool spoke = lag_ms > 0 && !v->is_writing && io_has_unread(v->io);
	return spoke ? 0 : lag_ms;
}

struct slow_visitors_sight http_visitor_look(struct http_visitor *v)
{
	return (struct slow_visitors_sight){
	    .waits = v->rate.waiting && (v->is_writing || !io_has_unread(v->io)),
	    .holds_memory = v->stream,
	    .progress = progress(v),
	    .lag_ms = http_visitor_lag_ms(v),
	};
}

struct io_parcel *http_visitor_pack(struct http_visitor *v, struct http_gateway **gateway)
{
	if (v->stream) { /* the stream stays here, and the gateway has to know that */
		http_gateway_broken(v->gateway);
		http_gateway_dropped(v->gateway);
	}
	struct io_parcel *parcel = io_pack(v->io);
	v->io = NULL;
	*gateway = v->gateway;
	v->gateway = NULL;
	drop(v);
	return parcel;
}

void http_visitor_abandon(struct http_visitor *v)
{
	shaper_forget(&v->in);
	shaper_forget(&v->out);
	v->route = NULL;
	v->over = NULL;
	v->noted = NULL;
	v->lead = (struct http_visitor_lead){.transport = NULL};
	moved(v);
	task_mark(v->loop, &v->task);
}

void http_visitor_cut(struct http_visitor *v, enum reset_code code)
{
	v->over = NULL;
	end_reset(v, code);
}

void http_visitor_evict(struct http_visitor *v)
{
	http_gateway_give_up(v->gateway);
	write_visitor(v);
	v->over = NULL;
	if (http_gateway_wants(v->gateway) & HTTP_WANT_ABORT)
		end_reset(v, RESET_ABORTED);
	else
		end(v);
}

void http_visitor_turn_away(struct loop *l, struct io_parcel *parcel, struct http_gateway *gateway,
			    unsigned status, unsigned retry_after_s)
{
	static const struct http_visitor_times none = {0};
	struct io *io = io_unpack(l, parcel, NULL, NULL);
	http_gateway_refuse(gateway, status, retry_after_s);
	http_visitor_new(l, io, gateway, &none, NULL, NULL, NULL);
}
