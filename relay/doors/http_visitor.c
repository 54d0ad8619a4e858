/*
 * Every event leads to look(): bytes are moved wherever they can be, then the machine's wishes are
 * met, until nothing moves any more.
 *
 *	visitor → machine    IO_DATA: as much as the machine has room for
 *	machine → stream     in STREAM_TURN; a body's bytes that the machine need not see go from
 *                           the socket straight into the outbox
 *	stream → machine     STREAM_LOOK, IO_ROOM; a body's bytes that it need not see go straight
 *                           to the socket
 *	machine → visitor    likewise
 *
 * One timer, set for the nearest deadline and looked at when it comes: deadlines move with every
 * byte, the timer does not. While the visitor does not take what waits for him, the bytes that
 * count are those his side has acknowledged: he may be slow, and the kernel holds a lot.
 *
 * Ends: the machine says END or ABORT, the visitor's socket fails (the stream is reset), a deadline
 * passes.
 */
#include "relay/doors/http_visitor.h"

#include "relay/doors/minimum_rate.h"
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
};

struct http_visitor {
	struct loop *loop;
	struct io *io;
	struct http_gateway *machine;
	http_visitor_route_fn *route; /* NULL: abandoned */
	http_visitor_over_fn *over;
	void *owner;
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
	struct minimum_rate patience;
	bool deaf;               /* … he does not take what is written; else he says nothing */
	uint64_t kept_ms;        /* when we began to wait for him */
	uint64_t brought, given; /* bytes from the visitor, and to his socket */
	uint64_t seen;           /* progress() when it was last looked at */
	bool readable;           /* the socket may have bytes */
	bool eof;                /* its end has been read */
	bool failed;             /* it can be read or written no more */
	bool service_told;       /* the machine knows that the stream has ended */
	bool fin_service, fin_visitor; /* have been passed on */
};

static void look(struct http_visitor *g);

static void mark(struct http_visitor *g)
{
	if (g->lead.trunk)
		transport_mark(g->lead.trunk);
}

static void drop_stream(struct http_visitor *g)
{
	shaper_forget(&g->in);
	shaper_forget(&g->out);
	if (!g->stream)
		return;
	stream_close(g->stream);
	g->stream = NULL;
	mark(g);
}

static void drop(struct http_visitor *g)
{
	drop_stream(g);
	task_cancel(&g->task);
	timer_close(g->timer);
	http_gateway_free(g->machine);
	mem_free(g);
}

static void end(struct http_visitor *g)
{
	http_visitor_over_fn *over = g->over;
	void *owner = g->owner;
	io_close(g->io);
	drop(g);
	if (over)
		over(owner);
}

static void end_reset(struct http_visitor *g, enum reset_code code)
{
	if (g->stream)
		stream_reset(g->stream, code);
	io_reset(g->io);
	g->io = NULL;
	end(g);
}

static void moved(struct http_visitor *g)
{
	g->moved_ms = loop_now_ms(g->loop);
}

/* The bytes that he has brought, or has been seen to take. */
static uint64_t progress(const struct http_visitor *g)
{
	uint64_t unsent = io_unsent(g->io);
	return g->brought + (g->given > unsent ? g->given - unsent : 0);
}

/* --- toward the visitor --- */

static bool write_visitor(struct http_visitor *g)
{
	const uint8_t *p;
	size_t len;
	bool any = false;
	while (!g->failed && (len = http_gateway_peek(g->machine, HTTP_VISITOR, &p)) > 0) {
		ssize_t n = io_write(g->io, p, len);
		g->failed = n < 0;
		if (n <= 0)
			break;
		http_gateway_consume(g->machine, HTTP_VISITOR, (size_t)n);
		g->given += (uint64_t)n;
		moved(g);
		any = true;
	}
	return any;
}

static bool is_held(const struct shaper_waiter *w)
{
	return !list_is_empty(&w->node);
}

/* How many of len bytes may move now, that way. */
static size_t allowed(struct http_visitor *g, enum shaper_way way, struct shaper_waiter *w,
		      size_t len)
{
	if (!g->lead.shaper)
		return len;
	size_t room = shaper_room(g->lead.shaper, way, len);
	if (!room)
		shaper_wait(g->lead.shaper, way, w);
	return room;
}

static void took(struct http_visitor *g, enum shaper_way way, size_t len)
{
	moved(g);
	if (g->lead.shaper)
		shaper_took(g->lead.shaper, way, len);
	if (g->lead.count)
		*(way == SHAPER_IN ? &g->lead.count->near_to_far : &g->lead.count->far_to_near) +=
		    len;
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

/* The stream's bytes: past the machine when it need not see them, else into it. */
static bool read_service(struct http_visitor *g)
{
	struct iovec iov[IOV_MOST];
	int count = g->stream ? stream_peek(g->stream, iov, IOV_MOST) : 0;
	uint64_t pass = count ? http_gateway_pass(g->machine, HTTP_SERVICE) : 0;
	size_t room = count ? http_gateway_room(g->machine, HTTP_SERVICE) : 0;
	if (!count || g->failed || (!pass && !room))
		return false;
	size_t waiting = stream_waiting(g->stream);
	size_t len = pass ? (waiting < pass ? waiting : (size_t)pass)
			  : (iov[0].iov_len < room ? iov[0].iov_len : room);
	len = allowed(g, SHAPER_OUT, &g->out, len);
	if (!len)
		return false;
	if (!pass) {
		http_gateway_feed(g->machine, HTTP_SERVICE, iov[0].iov_base, len);
	} else {
		count = shorten(iov, count, len);
		ssize_t n = io_writev(g->io, iov, count);
		g->failed = n < 0;
		if (n <= 0)
			return false;
		len = (size_t)n;
		g->given += len;
		http_gateway_passed(g->machine, HTTP_SERVICE, len);
	}
	stream_consume(g->stream, len);
	took(g, SHAPER_OUT, len);
	mark(g); /* credit may be due */
	return true;
}

/* Behind all its bytes, how the stream ended. */
static bool end_service(struct http_visitor *g)
{
	if (!g->stream || g->service_told || stream_waiting(g->stream))
		return false;
	bool is_reset = stream_is_reset(g->stream);
	if (!is_reset && !stream_is_eof(g->stream))
		return false;
	g->service_told = true;
	if (!is_reset) {
		http_gateway_eof(g->machine, HTTP_SERVICE);
		return true;
	}
	if (stream_is_adrift(g->stream)) {
		g->lead.trunk = NULL;
		http_gateway_refuse(g->machine, 503, AWAY_RETRY_S);
	}
	http_gateway_broken(g->machine);
	return true;
}

/* --- from the visitor --- */

static bool read_visitor(struct http_visitor *g)
{
	size_t room = http_gateway_room(g->machine, HTTP_VISITOR);
	if (!g->readable || g->eof || g->failed || !room)
		return false;
	if (http_gateway_pass(g->machine, HTTP_VISITOR))
		return false; /* turn() reads */
	size_t most = room < READ_MOST ? room : READ_MOST;
	/* not the loop's staging: in STREAM_LOOK that holds what the link has brought */
	uint8_t p[READ_MOST];
	ssize_t n = io_read(g->io, p, most);
	g->readable = n == (ssize_t)most;
	if (n == UV_EAGAIN)
		return false;
	if (n > 0) {
		http_gateway_feed(g->machine, HTTP_VISITOR, p, (size_t)n);
		g->brought += (uint64_t)n;
		moved(g);
	} else if (n == 0) {
		g->eof = true;
		http_gateway_eof(g->machine, HTTP_VISITOR);
	} else {
		g->failed = true;
	}
	return true;
}

/* One piece of what the machine has for the service. */
static void send_piece(struct http_visitor *g, const uint8_t *p, size_t len)
{
	size_t room;
	uint8_t *to = stream_reserve(g->stream, &room);
	len = allowed(g, SHAPER_IN, &g->in, len < room ? len : room);
	if (!len) {
		stream_idle(g->stream);
		return;
	}
	memcpy(to, p, len);
	stream_commit(g->stream, len);
	http_gateway_consume(g->machine, HTTP_SERVICE, len);
	took(g, SHAPER_IN, len);
}

static void pass_piece(struct http_visitor *g, uint64_t pass)
{
	size_t room;
	uint8_t *to = stream_reserve(g->stream, &room);
	room = allowed(g, SHAPER_IN, &g->in, room < pass ? room : (size_t)pass);
	ssize_t n = room ? io_read(g->io, to, room) : UV_EAGAIN;
	if (n > 0) {
		stream_commit(g->stream, (size_t)n);
		http_gateway_passed(g->machine, HTTP_VISITOR, (uint64_t)n);
		g->brought += (uint64_t)n;
		took(g, SHAPER_IN, (size_t)n);
	}
	if (room)
		g->readable = n == (ssize_t)room;
	if (n == 0) {
		g->eof = true;
		http_gateway_eof(g->machine, HTTP_VISITOR);
	} else if (n < 0 && n != UV_EAGAIN) {
		g->failed = true;
	}
	if (n != (ssize_t)room)
		stream_idle(g->stream);
}

static void turn(struct http_visitor *g)
{
	const uint8_t *p;
	size_t len = http_gateway_peek(g->machine, HTTP_SERVICE, &p);
	uint64_t pass =
	    len || g->eof || g->failed ? 0 : http_gateway_pass(g->machine, HTTP_VISITOR);
	if (len)
		send_piece(g, p, len);
	else if (pass)
		pass_piece(g, pass);
	else
		stream_idle(g->stream);
	task_mark(g->loop, &g->task);
}

/* Asks for turns while there is something for the service. */
static void ask_turns(struct http_visitor *g)
{
	const uint8_t *p;
	if (!g->stream || !stream_may_send(g->stream) || g->failed || is_held(&g->in))
		return;
	bool queued = http_gateway_peek(g->machine, HTTP_SERVICE, &p) > 0;
	if (!queued && !(g->readable && !g->eof && http_gateway_pass(g->machine, HTTP_VISITOR)))
		return;
	stream_ready(g->stream);
	mark(g);
}

/* --- what the machine wants --- */

static void on_stream(void *owner, enum stream_event event)
{
	struct http_visitor *g = owner;
	if (event == STREAM_TURN)
		turn(g);
	else if (event == STREAM_LOOK)
		look(g);
}

static void open_stream(struct http_visitor *g)
{
	struct open_info info = {.mapping = g->lead.mapping,
				 .credit = g->lead.credit,
				 .visitor = *io_peer(g->io),
				 .visited = *io_local(g->io)};
	g->stream = stream_open(transport_tunnel(g->lead.trunk), &info, on_stream, g);
	g->service_told = g->fin_service = false;
	http_gateway_opened(g->machine);
	mark(g);
}

enum met { MET_NOTHING, MET_SOMETHING, MET_END };

static enum met meet_route(struct http_visitor *g)
{
	if (g->route)
		return g->route(g->owner) ? MET_SOMETHING : MET_END;
	http_gateway_refuse(g->machine, 503, AWAY_RETRY_S);
	return MET_SOMETHING;
}

static enum met meet(struct http_visitor *g)
{
	unsigned wants = http_gateway_wants(g->machine);
	if (g->failed || (wants & HTTP_WANT_ABORT)) {
		end_reset(g, RESET_ABORTED);
		return MET_END;
	}
	if (wants & HTTP_WANT_END) {
		end(g);
		return MET_END;
	}
	if (wants & HTTP_WANT_DROP) {
		drop_stream(g);
		http_gateway_dropped(g->machine);
		return MET_SOMETHING;
	}
	if (wants & HTTP_WANT_ROUTE)
		return meet_route(g);
	if (wants & HTTP_WANT_OPEN) {
		if (g->lead.trunk)
			open_stream(g);
		else
			http_gateway_refuse(g->machine, 503, AWAY_RETRY_S);
		return MET_SOMETHING;
	}
	if ((wants & HTTP_WANT_FIN_SERVICE) && g->stream && !g->fin_service) {
		g->fin_service = true;
		stream_finish(g->stream);
		mark(g);
	}
	if ((wants & HTTP_WANT_FIN_VISITOR) && !g->fin_visitor) {
		g->fin_visitor = true;
		io_shutdown(g->io);
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

static uint64_t wait_deadline(const struct http_visitor *g)
{
	uint64_t since = g->moved_ms > g->kept_ms ? g->moved_ms : g->kept_ms;
	return g->patience.waiting && g->route ? after(since, g->times.wait_ms) : UINT64_MAX;
}

static uint64_t deadline(const struct http_visitor *g)
{
	switch (g->phase) {
	case HTTP_PHASE_IDLE:
		return after(g->phase_ms, g->times.idle_ms);
	case HTTP_PHASE_HEAD:
		return after(g->phase_ms, g->times.head_ms);
	case HTTP_PHASE_SERVING:
	case HTTP_PHASE_TUNNEL:
		if (!g->route)
			return g->moved_ms + LINGER_MS;
		return nearest(after(g->moved_ms, g->times.stall_ms), wait_deadline(g));
	case HTTP_PHASE_LINGER:
		if (g->patience.waiting && g->route && g->times.wait_ms)
			return wait_deadline(g);
		return (g->moved_ms > g->phase_ms ? g->moved_ms : g->phase_ms) + LINGER_MS;
	}
	return UINT64_MAX;
}

static void set_phase(struct http_visitor *g)
{
	enum http_phase phase = http_gateway_phase(g->machine);
	if (phase != g->phase) {
		if (phase != HTTP_PHASE_HEAD)
			minimum_rate_pardon(&g->patience, loop_now_ms(g->loop));
		g->phase = phase;
		g->phase_ms = loop_now_ms(g->loop);
	}
	if (!g->route && (phase == HTTP_PHASE_IDLE || phase == HTTP_PHASE_HEAD)) {
		http_gateway_timeout(g->machine);
		task_mark(g->loop, &g->task);
	}
	uint64_t at = deadline(g), now = loop_now_ms(g->loop);
	if (at == UINT64_MAX || (g->due_ms && g->due_ms <= at))
		return;
	g->due_ms = at > now ? at : now + 1;
	timer_set(g->timer, g->due_ms - now);
}

/* Nothing could be written, but what had been written is on its way all the same. */
static bool takes_quietly(struct http_visitor *g)
{
	uint64_t now = progress(g);
	if (g->phase == HTTP_PHASE_IDLE || g->phase == HTTP_PHASE_HEAD || !g->patience.waiting ||
	    now == g->seen)
		return false;
	g->seen = now;
	moved(g);
	return true;
}

static void on_timer(void *owner)
{
	struct http_visitor *g = owner;
	g->due_ms = 0;
	if (loop_now_ms(g->loop) < deadline(g) || takes_quietly(g)) {
		set_phase(g);
	} else if (g->phase == HTTP_PHASE_IDLE || g->phase == HTTP_PHASE_HEAD) {
		http_gateway_timeout(g->machine);
		look(g);
	} else if (loop_now_ms(g->loop) >= wait_deadline(g)) {
		http_gateway_give_up(g->machine);
		look(g);
	} else if (g->phase == HTTP_PHASE_LINGER) {
		end(g);
	} else {
		end_reset(g, RESET_IDLE);
	}
}

/* --- looking --- */

/* Is it the visitor that everything waits for? */
static bool is_kept(const struct http_visitor *g, bool reading, bool writing)
{
	switch (http_gateway_phase(g->machine)) {
	case HTTP_PHASE_IDLE:
	case HTTP_PHASE_HEAD:
		return true;
	case HTTP_PHASE_SERVING:
		return writing || (reading && http_gateway_awaits_body(g->machine));
	case HTTP_PHASE_TUNNEL:
	case HTTP_PHASE_LINGER:
		return writing;
	}
	return false;
}

static void set_patience(struct http_visitor *g, bool waiting, bool writing)
{
	g->deaf = writing;
	if (waiting == g->patience.waiting)
		return;
	g->kept_ms = loop_now_ms(g->loop);
	minimum_rate_wait(&g->patience, waiting, g->kept_ms);
	if (waiting && writing)
		g->seen = progress(g);
}

static void watch(struct http_visitor *g)
{
	const uint8_t *p;
	bool passes = !is_held(&g->in) && http_gateway_pass(g->machine, HTTP_VISITOR);
	bool reading =
	    !g->eof && !g->readable && (passes || http_gateway_room(g->machine, HTTP_VISITOR));
	bool writing = http_gateway_peek(g->machine, HTTP_VISITOR, &p) > 0;
	if (g->stream && stream_waiting(g->stream) && !is_held(&g->out))
		writing = true;
	io_watch(g->io, (reading ? IO_WATCH_READ : 0) | (writing ? IO_WATCH_WRITE : 0));
	set_patience(g, is_kept(g, reading, writing), writing);
}

static void look(struct http_visitor *g)
{
	enum met met;
	bool any;
	do {
		any = write_visitor(g);
		any |= read_service(g);
		any |= end_service(g);
		any |= read_visitor(g);
		met = meet(g);
		if (met == MET_END)
			return;
	} while (any || met == MET_SOMETHING);
	ask_turns(g);
	watch(g);
	set_phase(g);
}

static void on_task(void *arg)
{
	look(arg);
}

static void on_io(void *owner, enum io_event event)
{
	struct http_visitor *g = owner;
	if (event == IO_ERROR)
		g->failed = true;
	if (event == IO_DATA)
		g->readable = true;
	look(g);
}

/* --- for the owner --- */

struct http_visitor *http_visitor_new(struct loop *l, struct io *io, struct http_gateway *machine,
				      const struct http_visitor_times *times,
				      http_visitor_route_fn *route, http_visitor_over_fn *over,
				      void *owner)
{
	struct http_visitor *g = mem_zalloc(sizeof *g);
	uint64_t now = loop_now_ms(l);
	*g = (struct http_visitor){.loop = l,
				   .io = io,
				   .machine = machine,
				   .route = route,
				   .over = over,
				   .owner = owner,
				   .times = *times};
	g->phase = http_gateway_phase(machine);
	g->phase_ms = g->moved_ms = now;
	minimum_rate_init(&g->patience, now);
	g->in = (struct shaper_waiter){.fn = on_task, .arg = g};
	g->out = (struct shaper_waiter){.fn = on_task, .arg = g};
	list_init(&g->in.node);
	list_init(&g->out.node);
	task_init(&g->task, on_task, g);
	g->timer = timer_new(l, on_timer, g);
	io_own(io, on_io, g);
	io_set_notsent_lowat(io, VISITOR_LOWAT);
	task_mark(l, &g->task); /* a request may wait in the machine already */
	return g;
}

void http_visitor_set_lead(struct http_visitor *g, const struct http_visitor_lead *lead)
{
	g->lead = *lead;
}

void http_visitor_set_times(struct http_visitor *g, const struct http_visitor_times *times)
{
	g->times = *times;
}

struct http_gateway *http_visitor_machine(struct http_visitor *g)
{
	return g->machine;
}

struct io *http_visitor_io(struct http_visitor *g)
{
	return g->io;
}

int64_t http_visitor_lag_ms(struct http_visitor *g)
{
	int64_t lag_ms = minimum_rate_lag_ms(&g->patience, progress(g), loop_now_ms(g->loop));
	/* then it is we who are late */
	bool spoke = lag_ms > 0 && !g->deaf && io_has_unread(g->io);
	return spoke ? 0 : lag_ms;
}

struct io_parcel *http_visitor_pack(struct http_visitor *g, struct http_gateway **machine)
{
	if (g->stream) { /* it stays here; the machine has to know that */
		http_gateway_broken(g->machine);
		http_gateway_dropped(g->machine);
	}
	struct io_parcel *parcel = io_pack(g->io);
	g->io = NULL;
	*machine = g->machine;
	g->machine = NULL;
	drop(g);
	return parcel;
}

void http_visitor_abandon(struct http_visitor *g)
{
	shaper_forget(&g->in);
	shaper_forget(&g->out);
	g->route = NULL;
	g->over = NULL;
	g->lead = (struct http_visitor_lead){.trunk = NULL};
	moved(g);
	task_mark(g->loop, &g->task);
}

void http_visitor_cut(struct http_visitor *g, enum reset_code code)
{
	g->over = NULL;
	end_reset(g, code);
}

void http_visitor_evict(struct http_visitor *g)
{
	http_gateway_give_up(g->machine);
	write_visitor(g);
	g->over = NULL;
	if (http_gateway_wants(g->machine) & HTTP_WANT_ABORT)
		end_reset(g, RESET_ABORTED);
	else
		end(g);
}

void http_visitor_turn_away(struct loop *l, struct io_parcel *parcel, struct http_gateway *machine,
			    unsigned status, unsigned retry_after_s)
{
	static const struct http_visitor_times none = {0};
	struct io *io = io_unpack(l, parcel, NULL, NULL);
	http_gateway_refuse(machine, status, retry_after_s);
	http_visitor_new(l, io, machine, &none, NULL, NULL, NULL);
}
