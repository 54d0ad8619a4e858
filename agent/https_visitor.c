/*
 * Stages:
 *
 *	HELLO      gathers the ClientHello; then the owner chooses a certificate or an alert
 *	HANDSHAKE  does a step for each look, for a few visitors in a turn of the loop
 *	OPEN       moves bytes between visitor, gateway and target, then does what the gateway wants
 *	ENDING     reads nothing more, sends what is in hand, then finishes the stream. Much of an
 *	           answer may still be at the relay, so it waits until the visitor closes, too
 *
 * In OPEN every event leads to look(), until nothing moves any more:
 *
 *	stream → TLS → gateway   STREAM_LOOK: as much as the gateway has room for
 *	gateway → target         IO_ROOM
 *	target → gateway         IO_DATA; a body's bytes that the gateway need not see go from the
 *	                         target into TLS
 *	gateway → TLS → stream   TLS has at most BATCH bytes of ciphertext in hand, which go out in
 *	                         STREAM_TURN
 *
 * One timer is set for the nearest deadline. Deadlines move with every byte, but the timer is only
 * set again when it fires.
 *
 * Ways to fail: the handshake fails (the alert of OpenSSL is still sent); the visitor is reset (the
 * target is reset, too); the target fails (the visitor gets a page, or is reset in the middle of an
 * answer); a deadline passes.
 */
#include "agent/https_visitor.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/http/minimum_rate.h"
#include "shared/net/timer.h"
#include "shared/net/tls_connection.h"

#include <assert.h>
#include <string.h>
#include <uv.h>

enum {
	READ_MOST = 16 * 1024,
	BATCH = 64 * 1024, /* the most ciphertext in hand */
	IOV_MOST = 24,
	/* The time for a visitor to read the end of an answer, or an alert, before the close. */
	LINGER_MS = 2000,
	SERVICE_LOWAT = 128 * 1024,
	SAVED_MS = 60000, /* the longest pause that a fast visitor can save up */
};

enum stage { STAGE_HELLO, STAGE_HANDSHAKE, STAGE_OPEN, STAGE_ENDING };

struct https_visitor {
	struct loop *loop;
	struct transport *transport;
	struct stream *stream;
	const struct https_visitor_calls *calls;
	void *owner;
	struct splice_count *count;
	size_t *memory, weight; /* of all visitors; this one's part */
	struct https_visitor_times times;
	uint32_t hsts_s;
	enum stage stage;
	struct buf hello;         /* HELLO: what has come; then an alert on its way out */
	struct client_hello *sni; /* HELLO: how far it is read */
	struct tls_connection *tls;
	struct http_gateway *gateway;
	struct io *service; /* the target; NULL: none */
	struct task task;
	struct timer *timer;
	uint64_t due_ms; /* the time that the timer is set for; 0: it is not set */
	enum http_phase phase;
	uint64_t phase_ms; /* when the phase began, or the stage when it is not OPEN */
	uint64_t moved_ms; /* when a byte last moved */
	struct minimum_rate rate;
	uint64_t kept_ms;       /* when waiting for the visitor last began or ended */
	uint64_t brought, sent; /* bytes from the visitor, and ciphertext into the stream */
	bool has_begun;         /* the handshake: a step of it was taken */
	bool validates;         /* a CA: it gets the handshake and no more */
	bool readable, eof;     /* TLS may have bytes; its end has been read */
	bool failed;            /* TLS cannot be read or written any more */
	bool asked;             /* the head of a request has come */
	bool opening;           /* the owner dials */
	bool service_readable, service_eof, service_deaf; /* deaf: it takes no more bytes */
	bool fin_service, fin_visitor; /* the end has been passed on to the target, the visitor */
	bool finished;                 /* our side of the stream is finished */
	bool in_turn;                  /* inside STREAM_TURN: the stream takes bytes */
	bool turn_used;                /* the stream has taken bytes in this turn */
};

static void look(struct https_visitor *v);

static void mark(struct https_visitor *v)
{
	transport_mark(v->transport);
}

static void moved(struct https_visitor *v)
{
	v->moved_ms = loop_now_ms(v->loop);
}

/* Passes on the note of a request that is over. over: the connection is over, too. */
static void take_note(struct https_visitor *v, bool over)
{
	struct http_note note;
	if (v->gateway && http_gateway_take_note(v->gateway, over, &note))
		v->calls->noted(v->owner, &note);
}

static void set_weight(struct https_visitor *v, size_t bytes)
{
	*v->memory += bytes - v->weight;
	v->weight = bytes;
}

/* Most of it changes in look(), so it is called there. */
static void weigh(struct https_visitor *v)
{
	set_weight(v, sizeof *v + v->hello.cap + (v->sni ? sizeof *v->sni : 0) +
			  (v->tls ? tls_connection_memory(v->tls) : 0) +
			  (v->gateway ? http_gateway_held(v->gateway) : 0));
}

static void drop(struct https_visitor *v)
{
	set_weight(v, 0);
	take_note(v, true);
	task_cancel(&v->task);
	timer_close(v->timer);
	tls_connection_free(v->tls);
	http_gateway_free(v->gateway);
	buf_fini(&v->hello);
	mem_free(v->sni);
	mem_free(v);
}

static void set_stage(struct https_visitor *v, enum stage stage)
{
	static const char *const text[] = {"HELLO", "HANDSHAKE", "OPEN", "ENDING"};
	v->stage = stage;
	log_debug("https_visitor", "stream=%u stage=%s", stream_id(v->stream), text[stage]);
}

static void tell_over(struct https_visitor *v, const char *why)
{
	void (*over)(void *owner, const char *why) = v->calls->over;
	void *owner = v->owner;
	drop(v);
	over(owner, why);
}

static void close_stream(struct https_visitor *v)
{
	bool adrift = stream_is_adrift(v->stream);
	stream_close(v->stream);
	if (!adrift)
		mark(v);
}

static void end_reset(struct https_visitor *v, enum reset_code code)
{
	if (v->service)
		io_reset(v->service);
	stream_reset(v->stream, code);
	close_stream(v);
	tell_over(v, reset_text(code));
}

/* --- ciphertext --- */

static size_t in_hand(const struct https_visitor *v)
{
	return v->tls ? tls_connection_in_hand(v->tls) : buf_len(&v->hello);
}

static void ask_turn(struct https_visitor *v)
{
	bool sending = v->stage == STAGE_HELLO ? false : in_hand(v) > 0;
	if (!sending || !stream_may_send(v->stream))
		return;
	stream_ready(v->stream);
	mark(v);
}

static ssize_t wire_receive(void *arg, void *p, size_t len)
{
	struct https_visitor *v = arg;
	struct iovec iov[IOV_MOST];
	int count = stream_peek(v->stream, iov, IOV_MOST);
	size_t got = 0;
	for (int i = 0; i < count && got < len; i++) {
		size_t n = iov[i].iov_len < len - got ? iov[i].iov_len : len - got;
		memcpy((uint8_t *)p + got, iov[i].iov_base, n);
		got += n;
	}
	if (got) {
		stream_consume(v->stream, got);
		splice_count_out(v->count, got);
		mark(v); /* credit may be due */
		return (ssize_t)got;
	}
	if (stream_is_reset(v->stream))
		return UV_ECONNRESET;
	return stream_is_eof(v->stream) ? 0 : UV_EAGAIN;
}

static ssize_t wire_send(void *arg, const struct iovec *iov, int count)
{
	struct https_visitor *v = arg;
	size_t room, done = 0;
	if (!v->in_turn || v->turn_used)
		return UV_EAGAIN;
	v->turn_used = true;
	uint8_t *to = stream_reserve(v->stream, &room);
	for (int i = 0; i < count && done < room; i++) {
		size_t n = iov[i].iov_len < room - done ? iov[i].iov_len : room - done;
		memcpy(to + done, iov[i].iov_base, n);
		done += n;
	}
	if (!done)
		return UV_EAGAIN;
	stream_commit(v->stream, done);
	splice_count_in(v->count, done);
	v->sent += done;
	moved(v);
	return (ssize_t)done;
}

static void use_staging(struct https_visitor *v)
{
	tls_connection_set_staging(v->tls, loop_cipher(v->loop), loop_received(v->loop));
}

/* Sends what is in hand. What follows is encrypted at the end of the turn of the loop. */
static void turn(struct https_visitor *v)
{
	struct iovec iov = {buf_data(&v->hello), buf_len(&v->hello)};
	v->in_turn = true;
	v->turn_used = false;
	if (v->tls) {
		use_staging(v);
		tls_connection_flush(v->tls);
	} else if (iov.iov_base) {
		ssize_t n = wire_send(v, &iov, 1);
		buf_take(&v->hello, n > 0 ? (size_t)n : 0);
	}
	v->in_turn = false;
	if (!in_hand(v))
		stream_idle(v->stream);
	task_mark(v->loop, &v->task);
}

/* --- beginning --- */

/* Goes to ENDING: reads nothing more, and sends what is in hand. */
static void begin_end(struct https_visitor *v)
{
	set_stage(v, STAGE_ENDING);
	v->phase_ms = loop_now_ms(v->loop);
	minimum_rate_wait(&v->rate, true, v->phase_ms);
	io_close(v->service);
	v->service = NULL;
}

static void alert(struct https_visitor *v, enum client_hello_alert code)
{
	uint8_t bytes[CLIENT_HELLO_ALERT_LEN];
	client_hello_write_alert(code, bytes);
	buf_fini(&v->hello);
	buf_put(&v->hello, bytes, sizeof bytes);
	begin_end(v);
}

static void begin_handshake(struct https_visitor *v)
{
	const struct tls_wire wire = {wire_receive, wire_send, v};
	enum client_hello_alert code = CLIENT_HELLO_INTERNAL_ERROR;
	struct tls_context *tls = v->calls->choose(v->owner, v->sni, &code, &v->validates);
	mem_free(v->sni);
	v->sni = NULL;
	if (!tls) {
		alert(v, code);
		return;
	}
	v->tls = tls_connection_over(&wire, tls, NULL, buf_data(&v->hello), buf_len(&v->hello));
	tls_connection_set_batch(v->tls, BATCH);
	buf_fini(&v->hello);
	set_stage(v, STAGE_HANDSHAKE);
}

static void read_hello(struct https_visitor *v)
{
	struct iovec iov[IOV_MOST];
	int count = stream_peek(v->stream, iov, IOV_MOST);
	size_t len = 0;
	for (int i = 0; i < count; len += iov[i++].iov_len)
		buf_put(&v->hello, iov[i].iov_base, iov[i].iov_len);
	if (len) {
		stream_consume(v->stream, len);
		splice_count_out(v->count, len);
		mark(v);
	}
	switch (client_hello_read(v->sni, buf_data(&v->hello), buf_len(&v->hello))) {
	case CLIENT_HELLO_MORE:
		if (stream_is_eof(v->stream)) {
			buf_fini(&v->hello);
			begin_end(v);
		}
		return;
	case CLIENT_HELLO_HOST:
		begin_handshake(v);
		return;
	case CLIENT_HELLO_NO_NAME:
		alert(v, CLIENT_HELLO_UNRECOGNIZED_NAME);
		return;
	case CLIENT_HELLO_MALFORMED:
		alert(v, CLIENT_HELLO_DECODE_ERROR);
		return;
	}
}

static void begin_gateway(struct https_visitor *v)
{
	set_stage(v, STAGE_OPEN);
	v->gateway = http_gateway_new("https");
	http_gateway_set_hsts(v->gateway, v->hsts_s);
	v->phase = http_gateway_phase(v->gateway);
	v->phase_ms = v->moved_ms = loop_now_ms(v->loop);
	v->readable = true;
	minimum_rate_init(&v->rate, SAVED_MS, v->phase_ms);
	tls_connection_admit(v->tls);
}

static void step_handshake(struct https_visitor *v)
{
	if (!loop_may_toil(v->loop, v->has_begun)) {
		task_mark(v->loop, &v->task);
		return;
	}
	use_staging(v);
	v->has_begun = true;
	int err = tls_connection_handshake(v->tls);
	if (err == 0 && v->validates) {
		tls_connection_finish(v->tls);
		begin_end(v);
	} else if (err == 0) {
		begin_gateway(v);
	} else if (err != UV_EAGAIN) {
		log_debug("handshake_failed", "why=%s detail=%s", err_text(err),
			  tls_connection_detail(v->tls));
		begin_end(v);
	} else if (tls_connection_is_paused(v->tls)) {
		task_mark(v->loop, &v->task);
	}
}

/* --- the gateway's bytes --- */

static bool write_visitor(struct https_visitor *v)
{
	const uint8_t *p;
	size_t len;
	bool any = false;
	while (!v->failed && (len = http_gateway_peek(v->gateway, HTTP_VISITOR, &p)) > 0) {
		struct iovec iov = {(void *)p, len};
		ssize_t n = tls_connection_writev(v->tls, &iov, 1);
		v->failed = n < 0;
		if (n <= 0)
			break;
		http_gateway_consume(v->gateway, HTTP_VISITOR, (size_t)n);
		any = true;
	}
	return any;
}

static bool read_visitor(struct https_visitor *v)
{
	size_t room = http_gateway_room(v->gateway, HTTP_VISITOR);
	if (!v->readable || v->eof || v->failed || !room)
		return false;
	uint8_t p[READ_MOST];
	ssize_t n = tls_connection_read(v->tls, p, room < READ_MOST ? room : READ_MOST,
					loop_now_ms(v->loop));
	if (n == UV_EAGAIN) {
		v->readable = false;
		if (tls_connection_is_paused(v->tls)) {
			v->readable = true;
			task_mark(v->loop, &v->task);
		}
		return false;
	}
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

static void end_service(struct https_visitor *v, ssize_t n)
{
	v->service_eof = true;
	if (n == 0)
		http_gateway_eof(v->gateway, HTTP_SERVICE);
	else
		http_gateway_broken(v->gateway);
}

/* How much may be read from the target now. *pass: the bytes go past the gateway into TLS. */
static size_t service_room(const struct https_visitor *v, bool *pass)
{
	uint64_t may_pass = http_gateway_pass(v->gateway, HTTP_SERVICE);
	size_t room =
	    may_pass ? tls_connection_room(v->tls) : http_gateway_room(v->gateway, HTTP_SERVICE);
	*pass = may_pass > 0;
	if (*pass && room > may_pass)
		room = (size_t)may_pass;
	return room < READ_MOST ? room : READ_MOST;
}

static bool read_service(struct https_visitor *v)
{
	bool pass;
	size_t most = service_room(v, &pass);
	if (!v->service || !v->service_readable || v->service_eof || v->failed || !most)
		return false;
	uint8_t p[READ_MOST];
	ssize_t n = io_read(v->service, p, most);
	v->service_readable = n == (ssize_t)most;
	if (n == UV_EAGAIN)
		return false;
	if (n <= 0) {
		end_service(v, n);
		return true;
	}
	moved(v);
	if (!pass) {
		http_gateway_feed(v->gateway, HTTP_SERVICE, p, (size_t)n);
		return true;
	}
	struct iovec iov = {p, (size_t)n};
	v->failed = tls_connection_writev(v->tls, &iov, 1) != n;
	http_gateway_passed(v->gateway, HTTP_SERVICE, (uint64_t)n);
	return true;
}

/* A target that takes no more bytes may still answer, so the bytes for it are dropped. */
static bool write_service(struct https_visitor *v)
{
	const uint8_t *p;
	size_t len;
	bool any = false;
	while (v->service && (len = http_gateway_peek(v->gateway, HTTP_SERVICE, &p)) > 0) {
		ssize_t n = v->service_deaf ? (ssize_t)len : io_write(v->service, p, len);
		if (n < 0) {
			v->service_deaf = true;
			continue;
		}
		if (n == 0)
			break;
		http_gateway_consume(v->gateway, HTTP_SERVICE, (size_t)n);
		moved(v);
		any = true;
	}
	return any;
}

/* --- what the gateway wants --- */

static void on_service(void *owner, enum io_event event)
{
	struct https_visitor *v = owner;
	if (event == IO_DATA || event == IO_ERROR)
		v->service_readable = true;
	look(v);
}

void https_visitor_opened(struct https_visitor *v, struct io *io)
{
	v->opening = false;
	if (v->stage != STAGE_OPEN || !(http_gateway_wants(v->gateway) & HTTP_WANT_OPEN)) {
		io_close(io);
		return;
	}
	if (!io) {
		http_gateway_refuse(v->gateway, 502, 0);
	} else {
		v->service = io;
		v->service_readable = v->service_eof = v->service_deaf = v->fin_service = false;
		io_own(io, on_service, v);
		io_set_notsent_lowat(io, SERVICE_LOWAT);
		http_gateway_opened(v->gateway);
	}
	task_mark(v->loop, &v->task);
}

enum met { MET_NOTHING, MET_SOMETHING, MET_END };

static enum met meet(struct https_visitor *v)
{
	unsigned wants = http_gateway_wants(v->gateway);
	if (v->failed || (wants & HTTP_WANT_ABORT)) {
		end_reset(v, RESET_ABORTED);
		return MET_END;
	}
	if (wants & HTTP_WANT_DROP) {
		io_close(v->service);
		v->service = NULL;
		http_gateway_dropped(v->gateway);
		return MET_SOMETHING;
	}
	if (wants & HTTP_WANT_ROUTE) {
		v->asked = true;
		v->calls->route(v->owner);
		return MET_SOMETHING;
	}
	if ((wants & HTTP_WANT_OPEN) && !v->opening) {
		v->opening = true;
		v->calls->open(v->owner);
	}
	if ((wants & HTTP_WANT_FIN_SERVICE) && v->service && !v->fin_service) {
		v->fin_service = true;
		io_shutdown(v->service);
	}
	if ((wants & HTTP_WANT_FIN_VISITOR) && !v->fin_visitor) {
		v->fin_visitor = true;
		tls_connection_finish(v->tls);
	}
	if (wants & HTTP_WANT_END) {
		begin_end(v);
		return MET_NOTHING;
	}
	return MET_NOTHING;
}

/* --- time --- */

static uint64_t after(uint64_t since_ms, uint32_t most_ms)
{
	return most_ms ? since_ms + most_ms : UINT64_MAX;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t wait_deadline(const struct https_visitor *v)
{
	return v->rate.waiting ? after(later(v->moved_ms, v->kept_ms), v->times.wait_ms)
			       : UINT64_MAX;
}

static uint64_t phase_deadline(const struct https_visitor *v)
{
	uint64_t stall = after(v->moved_ms, v->times.stall_ms), wait = wait_deadline(v);
	switch (v->phase) {
	case HTTP_PHASE_IDLE:
		return after(v->phase_ms, v->asked ? v->times.idle_ms : v->times.head_ms);
	case HTTP_PHASE_HEAD:
		return after(v->phase_ms, v->times.head_ms);
	case HTTP_PHASE_SERVING:
	case HTTP_PHASE_TUNNEL:
		return stall < wait ? stall : wait;
	case HTTP_PHASE_LINGER:
		return wait != UINT64_MAX ? wait : later(v->moved_ms, v->phase_ms) + LINGER_MS;
	}
	return UINT64_MAX;
}

static uint64_t deadline(const struct https_visitor *v)
{
	switch (v->stage) {
	case STAGE_HELLO:
	case STAGE_HANDSHAKE:
		return after(v->phase_ms, v->times.hello_ms);
	case STAGE_OPEN:
		return phase_deadline(v);
	case STAGE_ENDING: /* the last bytes of an answer have as much time as those before */
		return later(v->phase_ms, v->moved_ms) +
		       (v->gateway ? v->times.wait_ms : LINGER_MS);
	}
	return UINT64_MAX;
}

static void set_timer(struct https_visitor *v)
{
	uint64_t at = deadline(v), now = loop_now_ms(v->loop);
	if (at == UINT64_MAX || (v->due_ms && v->due_ms <= at))
		return;
	v->due_ms = at > now ? at : now + 1;
	timer_set(v->timer, v->due_ms - now);
}

/* Whether it waits for the next request and has taken all of the last answer. */
static bool is_resting(const struct https_visitor *v)
{
	const uint8_t *p;
	return v->phase == HTTP_PHASE_IDLE && v->asked && !in_hand(v) &&
	       !http_gateway_peek(v->gateway, HTTP_VISITOR, &p);
}

static void note_phase(struct https_visitor *v)
{
	enum http_phase phase = http_gateway_phase(v->gateway);
	if (phase == v->phase)
		return;
	if (phase != HTTP_PHASE_HEAD)
		minimum_rate_pardon(&v->rate, loop_now_ms(v->loop));
	v->phase = phase;
	v->phase_ms = loop_now_ms(v->loop);
}

static void on_timer(void *owner)
{
	struct https_visitor *v = owner;
	v->due_ms = 0;
	if (loop_now_ms(v->loop) < deadline(v)) {
		set_timer(v);
	} else if (v->stage != STAGE_OPEN) {
		end_reset(v, RESET_IDLE);
	} else if (v->phase == HTTP_PHASE_IDLE || v->phase == HTTP_PHASE_HEAD) {
		http_gateway_timeout(v->gateway);
		look(v);
	} else if (loop_now_ms(v->loop) >= wait_deadline(v)) {
		http_gateway_give_up(v->gateway);
		look(v);
	} else if (v->phase == HTTP_PHASE_LINGER) {
		begin_end(v);
		look(v);
	} else {
		end_reset(v, RESET_IDLE);
	}
}

/* --- looking --- */

static void watch(struct https_visitor *v)
{
	const uint8_t *p;
	bool pass;
	uint64_t now = loop_now_ms(v->loop);
	if (v->service) {
		bool reading = !v->service_eof && !v->service_readable && service_room(v, &pass);
		bool writing = http_gateway_peek(v->gateway, HTTP_SERVICE, &p) > 0;
		io_watch(v->service,
			 (reading ? IO_WATCH_READ : 0) | (writing ? IO_WATCH_WRITE : 0));
	}
	bool reading = !v->eof && !v->readable && http_gateway_room(v->gateway, HTTP_VISITOR);
	bool waiting = http_gateway_is_kept(v->gateway, reading, in_hand(v) > 0);
	if (waiting == v->rate.waiting)
		return;
	v->kept_ms = now;
	minimum_rate_wait(&v->rate, waiting, now);
}

/* Moves bytes until nothing moves any more. False: the visitor has ended. */
static bool move_all(struct https_visitor *v)
{
	enum met met;
	bool any;
	use_staging(v);
	do {
		any = write_visitor(v);
		any |= read_service(v);
		any |= read_visitor(v);
		any |= write_service(v);
		take_note(v, false);
		met = meet(v);
		if (met == MET_END)
			return false;
	} while (v->stage == STAGE_OPEN && (any || met == MET_SOMETHING));
	if (v->stage == STAGE_OPEN) {
		watch(v);
		note_phase(v);
		v->calls->rests(v->owner, is_resting(v));
	}
	return true;
}

static void close_all(struct https_visitor *v)
{
	close_stream(v);
	tell_over(v, "closed");
}

/* Finishes the stream after all is sent, and closes it when the other end is closed, too. True: it
 * has closed. A stream that is closed earlier is reset, and the relay would drop what the visitor
 * has not taken yet. */
static bool finish(struct https_visitor *v)
{
	struct iovec iov[IOV_MOST];
	size_t len = 0;
	int count;
	if (!v->finished)
		stream_finish(v->stream);
	v->finished = true;
	while ((count = stream_peek(v->stream, iov, IOV_MOST)) > 0) {
		for (int i = 0; i < count; i++)
			len += iov[i].iov_len;
		stream_consume(v->stream, len);
		len = 0;
	}
	mark(v);
	if (v->gateway && !stream_is_eof(v->stream))
		return false;
	close_all(v);
	return true;
}

static void look(struct https_visitor *v)
{
	if (stream_is_reset(v->stream) && v->finished) {
		close_all(v);
		return;
	}
	if (stream_is_reset(v->stream)) {
		end_reset(v, RESET_ABORTED);
		return;
	}
	if (v->stage == STAGE_HELLO)
		read_hello(v);
	if (v->stage == STAGE_HANDSHAKE)
		step_handshake(v);
	if (v->stage == STAGE_OPEN && !move_all(v))
		return;
	if (v->stage == STAGE_ENDING && !in_hand(v) && finish(v))
		return;
	ask_turn(v);
	set_timer(v);
	weigh(v);
}

static void on_task(void *arg)
{
	look(arg);
}

static void on_stream(void *owner, enum stream_event event)
{
	struct https_visitor *v = owner;
	if (event == STREAM_TURN) {
		turn(v);
	} else if (event == STREAM_LOOK) {
		v->readable = true;
		look(v);
	}
}

/* --- for the owner --- */

struct https_visitor *https_visitor_new(struct transport *k, struct stream *stream,
					const struct https_visitor_times *times, uint32_t hsts_s,
					struct splice_count *count, size_t *memory,
					const struct https_visitor_calls *calls, void *owner)
{
	struct https_visitor *v = mem_zalloc(sizeof *v);
	v->loop = transport_loop(k);
	v->transport = k;
	v->stream = stream;
	v->calls = calls;
	v->owner = owner;
	v->count = count;
	v->memory = memory;
	v->times = *times;
	v->hsts_s = hsts_s;
	v->phase_ms = v->moved_ms = loop_now_ms(v->loop);
	v->sni = mem_alloc(sizeof *v->sni);
	client_hello_init(v->sni);
	task_init(&v->task, on_task, v);
	v->timer = timer_new(v->loop, on_timer, v);
	stream_own(stream, on_stream, v);
	weigh(v);
	task_mark(v->loop, &v->task); /* the ClientHello may have come with the OPEN */
	return v;
}

struct http_gateway *https_visitor_gateway(struct https_visitor *v)
{
	return v->gateway;
}

const struct open_info *https_visitor_info(const struct https_visitor *v)
{
	return stream_info(v->stream);
}

int64_t https_visitor_lag_ms(struct https_visitor *v)
{
	return minimum_rate_lag_ms(&v->rate, v->brought + v->sent, loop_now_ms(v->loop));
}

void https_visitor_cut(struct https_visitor *v, enum reset_code code)
{
	if (v->service)
		io_reset(v->service);
	stream_reset(v->stream, code);
	close_stream(v);
	drop(v);
}
