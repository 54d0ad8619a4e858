/*
 * The states of an exchange; it has one timer for all of them:
 *
 *	READING     until the request is whole; a trusted proxy may send a PROXY header first
 *	ASKED       the owner has the request; the connection is not watched, and the timer is off
 *	WRITING     the answer is sent
 *	LINGERING   after the FIN it reads on, so that the answer is not lost to a reset
 *	STREAMING   instead of the last two: the owner writes when it likes, and the timer runs
 *	            while something waits to be sent
 *
 * Ways to fail: a request that cannot be read is answered with 400 or 413. When the client goes
 * before the owner answers, the exchange stays without io and ends with the answer. When there are
 * too many connections, in all or of one source, or too many bytes of requests that are not whole,
 * an exchange that is READING makes room: the oldest of the source, or of the network that has the
 * most. When none is READING, one that is LINGERING ends, because its answer is sent. When there is
 * none either, the newcomer is closed.
 */
#include "shared/net/http_server.h"

#include "shared/base/eviction_queue.h"
#include "shared/base/err.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"
#include "shared/http/error_page.h"
#include "shared/net/proxy_protocol.h"
#include "shared/net/timer.h"

#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { LINGER_MS = 2000, WRITE_MS = 10000, CHUNK = 4096 };

/* The most bytes of all requests that are not whole. */
enum { READING_BYTES = 32 * 1024 * 1024 };

static const struct forwarded_trust nobody;

enum state { READING, ASKED, WRITING, LINGERING, STREAMING };

struct http_exchange {
	struct list node;                    /* http_server.asked */
	struct list beside;                  /* READING: of its source, the oldest first */
	struct eviction_queue_member member; /* READING: http_server.reading */
	struct http_server *server;
	struct io *io; /* NULL: the client has gone */
	struct http_message *http;
	struct addr source; /* the key in http_server.sources */
	struct addr peer;
	bool tls, accepted;
	bool forwarded_tls;      /* a trusted proxy says that it has come over TLS */
	bool wants_proxy_header; /* the PROXY header is not whole yet */
	struct buf proxy_header; /* what has come of it */
	enum state state;
	size_t bytes;              /* READING: the bytes read so far */
	struct buf out;            /* what is still to be written */
	http_stream_fn *stream_fn; /* STREAMING */
	void *stream_owner;
	struct list pieces;    /* STREAMING: what is to be written behind out */
	size_t pieces_len;     /* their bytes that are not sent yet */
	size_t stream_longest; /* the longest text in one http_stream_write() */
	struct timer *timer;
};

/* A text that a stream has yet to send. */
struct piece {
	struct list node;
	struct refcounted_text *text;
	size_t sent;
};

struct http_server {
	struct loop *loop;
	struct http_server_limits limits;
	http_server_fn *fn;
	void *owner;
	struct tls_context *tls;
	const struct forwarded_trust *trust;
	struct eviction_queue *reading; /* exchanges whose request is not whole */
	struct list asked;              /* the other exchanges */
	uint32_t count;                 /* exchanges */
	size_t bytes;                   /* the sum of the bytes of those in reading */
	struct rate_limiter *sources;   /* the connections of each source */
};

static void drop_piece(struct http_exchange *x, struct piece *p)
{
	x->pieces_len -= buf_len(&p->text->text) - p->sent;
	list_remove(&p->node);
	refcounted_text_drop(p->text);
	mem_free(p);
}

static void leave_reading(struct http_exchange *x)
{
	list_remove(&x->node);
	list_remove(&x->beside);
	eviction_queue_leave(x->server->reading, &x->member);
	x->server->bytes -= x->bytes;
	x->bytes = 0;
}

static void end(struct http_exchange *x)
{
	leave_reading(x);
	x->server->count--;
	rate_limiter_release(x->server->sources, &x->source);
	io_close(x->io);
	timer_close(x->timer);
	http_message_free(x->http);
	LIST_EACH(node, &x->pieces)
	drop_piece(x, LIST_ENTRY(node, struct piece, node));
	buf_fini(&x->out);
	buf_fini(&x->proxy_header);
	mem_free(x);
}

static void set_state(struct http_exchange *x, enum state state)
{
	static const char *const text[] = {"READING", "ASKED", "WRITING", "LINGERING", "STREAMING"};
	char peer[ADDR_TEXT];
	x->state = state;
	log_debug("http_exchange", "peer=%s state=%s", addr_text(&x->peer, peer), text[state]);
}

static void lose_stream(struct http_exchange *x)
{
	http_stream_fn *fn = x->stream_fn;
	void *owner = x->stream_owner;
	end(x);
	fn(owner);
}

static void lose_asker(struct http_exchange *x)
{
	if (x->state == STREAMING) {
		lose_stream(x);
		return;
	}
	if (x->state != ASKED) {
		end(x);
		return;
	}
	io_close(x->io);
	x->io = NULL;
	timer_stop(x->timer);
}

static void write_on(struct http_exchange *x)
{
	int err = io_write_buf(x->io, &x->out);
	if (err == UV_EAGAIN)
		return;
	if (err < 0 || io_shutdown(x->io) < 0) {
		end(x);
		return;
	}
	set_state(x, LINGERING);
	timer_set(x->timer, LINGER_MS);
	io_watch(x->io, IO_WATCH_READ);
}

static void begin_answer(struct http_exchange *x)
{
	set_state(x, WRITING);
	timer_set(x->timer, WRITE_MS);
	io_watch(x->io, IO_WATCH_WRITE);
	write_on(x);
}

static void put_answer(struct http_exchange *x, unsigned status, const char *type,
		       const char *headers, const void *body, size_t len)
{
	const struct http_head *asked = http_message_head(x->http);
	headers = headers ? headers : "";
	buf_printf(&x->out,
		   "HTTP/1.%d %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: "
		   "close\r\n%s%s\r\n",
		   asked ? asked->minor : 0, status, error_page_reason(status), type, len,
		   strstr(headers, "Cache-Control:") ? "" : "Cache-Control: no-store\r\n", headers);
	if (len && status != 304 && !(asked && http_head_asks(asked, "HEAD")))
		buf_put(&x->out, body, len);
}

void http_answer(struct http_exchange *x, unsigned status, const char *type, const char *headers,
		 const void *body, size_t len)
{
	if (!x->io) {
		end(x);
		return;
	}
	put_answer(x, status, type, headers, body, len);
	begin_answer(x);
}

static size_t waiting(const struct http_exchange *x)
{
	return buf_len(&x->out) + x->pieces_len;
}

/* As io_write_buf(), of all that waits. */
static int write_pieces(struct http_exchange *x)
{
	int err = x->io ? io_write_buf(x->io, &x->out) : UV_ECANCELED;
	while (err == 0 && !list_is_empty(&x->pieces)) {
		struct piece *p = LIST_ENTRY(x->pieces.next, struct piece, node);
		size_t left = buf_len(&p->text->text) - p->sent;
		ssize_t n = left ? io_write(x->io, buf_data(&p->text->text) + p->sent, left) : 0;
		if (n < 0 || (n == 0 && left))
			return n < 0 ? (int)n : UV_EAGAIN;
		p->sent += (size_t)n;
		x->pieces_len -= (size_t)n;
		if (p->sent == buf_len(&p->text->text))
			drop_piece(x, p);
	}
	return err ? err : io_flush(x->io);
}

/* Sends what waits. What goes wrong is told by the timer, since the owner may be the caller. */
static void stream_on(struct http_exchange *x)
{
	size_t waited = waiting(x);
	int err = write_pieces(x);
	if (err < 0 && err != UV_EAGAIN) {
		timer_set(x->timer, 0);
	} else if (err == 0) {
		timer_stop(x->timer);
	} else if (waiting(x) < waited || !timer_is_set(x->timer)) {
		timer_set(x->timer, WRITE_MS);
	}
}

void http_stream_begin(struct http_exchange *x, const char *type, const char *headers,
		       http_stream_fn *fn, void *owner)
{
	x->stream_fn = fn;
	x->stream_owner = owner;
	set_state(x, STREAMING);
	buf_printf(&x->out,
		   "HTTP/1.%d 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n"
		   "Cache-Control: no-store\r\n%s\r\n",
		   http_message_head(x->http)->minor, type, headers ? headers : "");
	if (x->io)
		io_watch(x->io, IO_WATCH_READ | IO_WATCH_WRITE);
	stream_on(x);
}

bool http_stream_write(struct http_exchange *x, struct refcounted_text *text)
{
	size_t len = buf_len(&text->text);
	if (waiting(x) > HTTP_STREAM_WAITING && waiting(x) > x->stream_longest)
		return false;
	x->stream_longest = len > x->stream_longest ? len : x->stream_longest;
	struct piece *p = mem_alloc(sizeof *p);
	*p = (struct piece){.text = refcounted_text_keep(text)};
	list_append(&x->pieces, &p->node);
	x->pieces_len += len;
	stream_on(x);
	return true;
}

void http_stream_end(struct http_exchange *x)
{
	end(x);
}

static void refuse(struct http_exchange *x, int err)
{
	const char *body = err == ERR_TOO_BIG ? "request too large\n" : "not a request\n";
	put_answer(x, err == ERR_TOO_BIG ? 413 : 400, "text/plain", x->server->limits.headers, body,
		   strlen(body));
	begin_answer(x);
}

/* The one that has to go first when there are too many. */
static struct http_exchange *first_to_go(const struct http_server *s)
{
	return LIST_ENTRY(eviction_queue_first(s->reading), struct http_exchange, member);
}

static void take(struct http_exchange *x, const void *p, size_t len)
{
	struct http_server *s = x->server;
	x->bytes += len;
	s->bytes += len;
	while (s->bytes > READING_BYTES) {
		struct http_exchange *first = first_to_go(s);
		bool self = first == x;
		end(first);
		if (self)
			return;
	}
	int got = http_message_input(x->http, p, len);
	if (got == 0)
		return;
	leave_reading(x);
	list_append(&s->asked, &x->node);
	if (got < 0) {
		refuse(x, got);
		return;
	}
	if (x->accepted) {
		struct forwarded f =
		    forwarded_read(s->trust, http_message_head(x->http), &x->peer, "");
		x->peer = f.visitor;
		x->forwarded_tls = strcmp(f.proto, "https") == 0;
	}
	set_state(x, ASKED);
	timer_stop(x->timer);
	io_watch(x->io, 0);
	s->fn(s->owner, x);
}

static void read_on(struct http_exchange *x)
{
	uint8_t chunk[CHUNK];
	ssize_t n = io_read(x->io, chunk, sizeof(chunk));
	if (n == UV_EAGAIN)
		return;
	if (n <= 0)
		lose_asker(x);
	else if (x->state == READING)
		take(x, chunk, (size_t)n);
}

/* True when it has been read. */
static bool read_proxy_header(struct http_exchange *x)
{
	struct proxy_header h;
	int got = proxy_protocol_take(x->io, &x->proxy_header, &h);
	if (got < 0)
		end(x);
	if (got <= 0)
		return false;
	x->wants_proxy_header = false;
	x->peer = *io_peer(x->io);
	if (x->tls)
		io_tls_accept(x->io, x->server->tls);
	return true;
}

static void on_io(void *owner, enum io_event event)
{
	struct http_exchange *x = owner;
	switch (event) {
	case IO_UP:
		break;
	case IO_DATA:
		if (x->wants_proxy_header && (!read_proxy_header(x) || x->tls))
			break;
		if (x->state == READING || x->state == LINGERING || x->state == STREAMING)
			read_on(x);
		break;
	case IO_ROOM:
		if (x->state == WRITING)
			write_on(x);
		else if (x->state == STREAMING)
			stream_on(x);
		break;
	case IO_ERROR:
		lose_asker(x);
		break;
	}
}

static void on_timer(void *owner)
{
	struct http_exchange *x = owner;
	if (x->state == STREAMING)
		lose_stream(x);
	else
		end(x);
}

/* When there are too many and none is READING: the one that was answered first, or NULL. */
static struct http_exchange *first_lingering(const struct http_server *s)
{
	LIST_EACH(node, &s->asked)
	{
		struct http_exchange *x = LIST_ENTRY(node, struct http_exchange, node);
		if (x->state == LINGERING)
			return x;
	}
	return NULL;
}

/* Makes room for one more connection of this source; false when there is none. */
static bool make_room(struct http_server *s, const struct addr *peer, uint32_t most)
{
	uint64_t now = loop_now_ms(s->loop);
	if (s->count >= s->limits.connections) {
		struct http_exchange *first =
		    eviction_queue_count(s->reading) ? first_to_go(s) : first_lingering(s);
		if (!first)
			return false;
		end(first);
	}
	if (rate_limiter_hold(s->sources, peer, most, now))
		return true;
	struct list *beside = rate_limiter_holders(s->sources, peer);
	if (!beside || list_is_empty(beside))
		return false;
	end(LIST_ENTRY(beside->next, struct http_exchange, beside));
	return rate_limiter_hold(s->sources, peer, most, now);
}

/* Takes io; NULL: there was no room. A trusted proxy has connections for many. */
static struct http_exchange *admit(struct http_server *s, struct io *io)
{
	const struct addr *peer = io_peer(io);
	bool trusted = forwarded_trusts(s->trust, peer);
	if (!make_room(s, peer, trusted ? UINT32_MAX : s->limits.per_source)) {
		io_close(io);
		return NULL;
	}
	struct http_exchange *x = mem_zalloc(sizeof(*x));
	x->server = s;
	x->source = x->peer = *peer;
	x->http = http_message_new(HTTP_MESSAGE_REQUEST, s->limits.body_max);
	list_init(&x->node);
	list_init(&x->pieces);
	eviction_queue_join(s->reading, &x->member, &x->source);
	list_append(rate_limiter_holders(s->sources, peer), &x->beside);
	s->count++;
	x->timer = timer_new(s->loop, on_timer, x);
	timer_set(x->timer, s->limits.head_ms);
	x->io = io;
	io_own(io, on_io, x);
	io_watch(io, IO_WATCH_READ);
	return x;
}

void http_server_accept(struct http_server *s, int fd, const struct addr *peer, bool tls)
{
	if (tls && !s->tls) {
		close(fd);
		return;
	}
	struct http_exchange *x = admit(s, io_take(s->loop, fd, peer, NULL, NULL, NULL));
	if (!x)
		return;
	x->accepted = true;
	x->tls = tls;
	x->wants_proxy_header = s->trust->proxy_protocol && forwarded_trusts(s->trust, peer);
	if (tls && !x->wants_proxy_header)
		io_tls_accept(x->io, s->tls);
}

void http_server_take(struct http_server *s, struct io *io)
{
	admit(s, io);
}

struct http_server *http_server_new(struct loop *l, const struct http_server_limits *limits,
				    http_server_fn *fn, void *owner)
{
	struct http_server *s = mem_zalloc(sizeof(*s));
	s->loop = l;
	s->limits = *limits;
	s->fn = fn;
	s->owner = owner;
	s->trust = &nobody;
	s->reading = eviction_queue_new();
	list_init(&s->asked);
	s->sources = rate_limiter_new(limits->connections, 0, 0);
	return s;
}

void http_server_set_trust(struct http_server *s, const struct forwarded_trust *trust)
{
	s->trust = trust;
}

void http_server_set_tls(struct http_server *s, struct tls_context *tls)
{
	tls_context_ref(tls);
	tls_context_unref(s->tls);
	s->tls = tls;
}

void http_server_close(struct http_server *s)
{
	if (!s)
		return;
	while (eviction_queue_count(s->reading))
		end(first_to_go(s));
	while (!list_is_empty(&s->asked))
		end(LIST_ENTRY(s->asked.next, struct http_exchange, node));
	rate_limiter_free(s->sources);
	eviction_queue_free(s->reading);
	tls_context_unref(s->tls);
	mem_free(s);
}

struct http_message *http_exchange_request(struct http_exchange *x)
{
	return x->http;
}

const struct addr *http_exchange_peer(const struct http_exchange *x)
{
	return &x->peer;
}

bool http_exchange_is_tls(const struct http_exchange *x)
{
	return x->tls || x->forwarded_tls;
}

bool http_exchange_is_gone(const struct http_exchange *x)
{
	return !x->io;
}
