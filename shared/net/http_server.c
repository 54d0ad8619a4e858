/*
 * A connection reads until its request is whole, is then handed to the owner and watches nothing,
 * writes the answer, says FIN and reads on for a moment so that the answer is not lost to a reset.
 * Each of these has the one timer. A visitor that goes while the owner thinks leaves a connection
 * without io, which ends when the answer comes.
 */
#include "shared/net/http_server.h"

#include "shared/base/err.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/net/io.h"
#include "shared/net/timer.h"

#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { LINGER_MS = 2000, WRITE_MS = 10000, CHUNK = 4096, SOURCES = 1024 };

enum state { READING, ASKED, WRITING, LINGERING };

struct http_exchange {
	struct list node;
	struct http_server *server;
	struct io *io; /* NULL: the asker has gone */
	struct http_message *http;
	struct addr peer;
	uint16_t source; /* its place in server.sources */
	bool tls;
	enum state state;
	struct buf out; /* what is still to be written */
	struct timer *timer;
};

struct http_server {
	struct loop *loop;
	struct http_server_limits limits;
	http_server_fn *fn;
	void *owner;
	struct tls_context *tls;
	struct list exchanges;
	uint32_t count;
	/* connections by hash of the source; a shared place errs on the strict side */
	uint16_t sources[SOURCES];
};

static uint16_t source_of(const struct addr *peer)
{
	struct addr source = addr_source(peer);
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < sizeof(source.ip); i++)
		h = (h ^ source.ip[i]) * 16777619u;
	return (uint16_t)((h ^ h >> 16) % SOURCES);
}

static void end(struct http_exchange *x)
{
	list_remove(&x->node);
	x->server->count--;
	x->server->sources[x->source]--;
	io_close(x->io);
	timer_close(x->timer);
	http_message_free(x->http);
	buf_fini(&x->out);
	mem_free(x);
}

static void lose_asker(struct http_exchange *x)
{
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
	while (buf_len(&x->out)) {
		ssize_t n = io_write(x->io, buf_data(&x->out), buf_len(&x->out));
		if (n < 0) {
			end(x);
			return;
		}
		if (n == 0)
			return;
		buf_take(&x->out, (size_t)n);
	}
	int left = io_flush(x->io);
	if (left == UV_EAGAIN)
		return;
	if (left < 0 || io_shutdown(x->io) < 0) {
		end(x);
		return;
	}
	x->state = LINGERING;
	timer_set(x->timer, LINGER_MS);
	io_watch(x->io, IO_WATCH_READ);
}

static void begin_answer(struct http_exchange *x)
{
	x->state = WRITING;
	timer_set(x->timer, WRITE_MS);
	io_watch(x->io, IO_WATCH_WRITE);
	write_on(x);
}

static const char *status_text(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 503:
		return "Service Unavailable";
	default:
		return "Answer";
	}
}

static void put_answer(struct http_exchange *x, unsigned status, const char *type,
		       const char *headers, const void *body, size_t len)
{
	bool head = strcmp(http_message_method(x->http), "HEAD") == 0;
	buf_printf(&x->out,
		   "HTTP/1.%d %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: "
		   "close\r\nCache-Control: no-store\r\n%s\r\n",
		   http_message_is_11(x->http) ? 1 : 0, status, status_text(status), type, len,
		   headers ? headers : "");
	if (!head && len)
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

static void refuse(struct http_exchange *x, int err)
{
	const char *body = err == ERR_TOO_BIG ? "request too large\n" : "not a request\n";
	put_answer(x, err == ERR_TOO_BIG ? 413 : 400, "text/plain", NULL, body, strlen(body));
	begin_answer(x);
}

static void take(struct http_exchange *x, const void *p, size_t len)
{
	int got = http_message_input(x->http, p, len);
	if (got == 0)
		return;
	if (got < 0) {
		refuse(x, got);
		return;
	}
	x->state = ASKED;
	timer_stop(x->timer);
	io_watch(x->io, 0);
	x->server->fn(x->server->owner, x);
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

static void on_io(void *owner, enum io_event event)
{
	struct http_exchange *x = owner;
	switch (event) {
	case IO_UP:
		break;
	case IO_DATA:
		if (x->state == READING || x->state == LINGERING)
			read_on(x);
		break;
	case IO_ROOM:
		if (x->state == WRITING)
			write_on(x);
		break;
	case IO_ERROR:
		lose_asker(x);
		break;
	}
}

static void on_timer(void *owner)
{
	end(owner);
}

static struct http_exchange *admit(struct http_server *s, int fd, const struct addr *peer)
{
	uint16_t source = source_of(peer);
	if (s->count >= s->limits.connections || s->sources[source] >= s->limits.per_source) {
		close(fd);
		return NULL;
	}
	struct http_exchange *x = mem_zalloc(sizeof(*x));
	x->server = s;
	x->peer = *peer;
	x->source = source;
	x->http = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, s->limits.body_max);
	list_append(&s->exchanges, &x->node);
	s->count++;
	s->sources[source]++;
	x->timer = timer_new(s->loop, on_timer, x);
	timer_set(x->timer, s->limits.head_ms);
	x->io = io_take(s->loop, fd, peer, NULL, on_io, x);
	return x;
}

void http_server_accept(struct http_server *s, int fd, const struct addr *peer, bool tls)
{
	if (tls && !s->tls) {
		close(fd);
		return;
	}
	struct http_exchange *x = admit(s, fd, peer);
	if (!x)
		return;
	x->tls = tls;
	if (tls)
		io_tls_accept(x->io, s->tls, NULL, 0);
	io_watch(x->io, IO_WATCH_READ);
}

void http_server_take(struct http_server *s, int fd, const struct addr *peer, const void *early,
		      size_t early_len)
{
	struct http_exchange *x = admit(s, fd, peer);
	if (!x)
		return;
	io_watch(x->io, IO_WATCH_READ);
	take(x, early, early_len);
}

struct http_server *http_server_new(struct loop *l, const struct http_server_limits *limits,
				    http_server_fn *fn, void *owner)
{
	struct http_server *s = mem_zalloc(sizeof(*s));
	s->loop = l;
	s->limits = *limits;
	s->fn = fn;
	s->owner = owner;
	list_init(&s->exchanges);
	return s;
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
	while (!list_is_empty(&s->exchanges))
		end(LIST_ENTRY(s->exchanges.next, struct http_exchange, node));
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
	return x->tls;
}
