#include "shared/net/http_client.h"

#include "shared/base/addr.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/dial.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { CHUNK = 8192 };

struct http_ask {
	struct loop *loop;
	http_ask_fn *fn;
	void *owner;
	struct tls_context *tls;
	char host[256];
	struct buf out;
	struct http_message *http;
	struct dial *dial; /* until it is connected */
	struct io *io;     /* from then on */
	struct timer *timer;
};

int http_url_parse(const char *text, struct http_url *out)
{
	memset(out, 0, sizeof(*out));
	if (strncmp(text, "https://", 8) == 0)
		out->tls = true;
	else if (strncmp(text, "http://", 7) != 0)
		return ERR_SYNTAX;
	text += out->tls ? 8 : 7;
	size_t len = strcspn(text, "/?#");
	char authority[300];
	if (len == 0 || len >= sizeof(authority) || memchr(text, '@', len) ||
	    !http_message_is_clean(text))
		return ERR_SYNTAX;
	snprintf(authority, sizeof(authority), "%.*s", (int)len, text);
	const char *path = text + len;
	if (snprintf(out->path, sizeof(out->path), "%s%s", *path == '/' ? "" : "/", path) >=
		(int)sizeof(out->path) ||
	    strchr(path, '#') || strchr(path, ' '))
		return ERR_SYNTAX;
	char *end = strrchr(authority, ']'), *colon = strrchr(end ? end : authority, ':');
	uint64_t port = out->tls ? 443 : 80;
	if (colon) {
		*colon = 0;
		if (text_uint(colon + 1, 65535, &port) != 0 || port == 0)
			return ERR_SYNTAX;
	}
	out->port = (uint16_t)port;
	struct addr a;
	if (addr_parse_ip(authority, &a) == 0) {
		char ip[ADDR_TEXT];
		snprintf(out->host, sizeof(out->host), "%s", addr_ip_text(&a, ip));
		return 0;
	}
	return text_host(authority, false, out->host);
}

void http_url_authority(const struct http_url *u, char out[300])
{
	bool v6 = strchr(u->host, ':') != NULL;
	int len = snprintf(out, 300, "%s%s%s", v6 ? "[" : "", u->host, v6 ? "]" : "");
	if (u->port != (u->tls ? 443 : 80))
		snprintf(out + len, 300 - (size_t)len, ":%u", u->port);
}

void http_ask_close(struct http_ask *a)
{
	if (!a)
		return;
	dial_close(a->dial);
	io_close(a->io);
	timer_close(a->timer);
	http_message_free(a->http);
	buf_fini(&a->out);
	tls_context_unref(a->tls);
	mem_free(a);
}

/* The end of the question, good or bad. The owner may close it inside, so it is taken out of reach
 * first. */
static void tell(struct http_ask *a, int err, const char *detail)
{
	http_ask_fn *fn = a->fn;
	void *owner = a->owner;
	struct http_message *http = a->http;
	char words[300];
	snprintf(words, sizeof(words), "%s", detail ? detail : "");
	a->http = NULL;
	http_ask_close(a);
	fn(owner, err == 0 ? http : NULL, err, words);
	http_message_free(http);
}

static void write_on(struct http_ask *a)
{
	int err = io_write_buf(a->io, &a->out);
	if (err == 0)
		io_watch(a->io, IO_WATCH_READ);
	else if (err != UV_EAGAIN)
		tell(a, err, io_error_detail(a->io));
}

static void read_on(struct http_ask *a)
{
	uint8_t chunk[CHUNK];
	ssize_t n = io_read(a->io, chunk, sizeof(chunk));
	if (n == UV_EAGAIN)
		return;
	int got = n > 0 ? http_message_input(a->http, chunk, (size_t)n) : http_message_end(a->http);
	if (got == 1)
		tell(a, 0, NULL);
	else if (got < 0)
		tell(a, n < 0 ? (int)n : got, io_error_detail(a->io));
	else if (n <= 0)
		tell(a, ERR_CLOSED, NULL);
}

static void on_io(void *owner, enum io_event event)
{
	struct http_ask *a = owner;
	switch (event) {
	case IO_UP:
	case IO_ROOM:
		write_on(a);
		break;
	case IO_DATA:
		read_on(a);
		break;
	case IO_ERROR:
		tell(a, io_error(a->io), io_error_detail(a->io));
		break;
	}
}

static void on_dialled(void *owner, struct io *io, int err)
{
	struct http_ask *a = owner;
	a->dial = NULL;
	if (!io) {
		tell(a, err, NULL);
		return;
	}
	a->io = io;
	io_own(io, on_io, a);
	io_watch(io, IO_WATCH_READ | IO_WATCH_WRITE);
	if (a->tls)
		io_tls_dial(io, a->tls, a->host);
	else
		write_on(a);
}

static void on_timer(void *owner)
{
	tell(owner, ERR_TIMEOUT, NULL);
}

struct http_ask *http_ask_start(struct loop *l, const struct http_question *q, http_ask_fn *fn,
				void *owner)
{
	struct http_ask *a = mem_zalloc(sizeof(*a));
	const struct http_url *u = q->url;
	char authority[300];
	a->loop = l;
	a->fn = fn;
	a->owner = owner;
	a->tls = u->tls ? tls_context_ref(q->tls) : NULL;
	memcpy(a->host, u->host, sizeof(a->host));
	bool head = strcmp(q->method, "HEAD") == 0;
	a->http = http_message_new(head ? HTTP_MESSAGE_HEAD : HTTP_MESSAGE_RESPONSE, q->answer_max);
	http_url_authority(u, authority);
	buf_printf(&a->out,
		   "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
		   "User-Agent: groundnut/%s\r\n",
		   q->method, u->path, authority, GROUNDNUT_VERSION);
	if (q->body)
		buf_printf(&a->out, "Content-Length: %zu\r\n", q->body_len);
	buf_printf(&a->out, "%s\r\n", q->headers ? q->headers : "");
	if (q->body)
		buf_put(&a->out, q->body, q->body_len);
	a->timer = timer_new(l, on_timer, a);
	timer_set(a->timer, q->timeout_ms);
	a->dial =
	    dial_start(l, DIAL_SERVICE, u->host, u->port, NULL, 0, q->timeout_ms, on_dialled, a);
	return a;
}
