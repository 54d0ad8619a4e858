/*
 * A small HTTP server for doors of our own: HTTP/1.0 and 1.1, one request a connection, answers
 * with Content-Length, always closed after the answer (old clients read until then); or an answer
 * without an end, a stream. Slow heads, floods of connections and large bodies end their own
 * connection only.
 */
#ifndef GROUNDNUT_NET_HTTP_SERVER_H
#define GROUNDNUT_NET_HTTP_SERVER_H

#include "shared/http/forwarded.h"
#include "shared/http/http_message.h"
#include "shared/net/io.h"

struct http_server;
struct http_exchange; /* one whole request that waits for its answer */

/* Answer with http_answer, now or later, once. */
typedef void http_server_fn(void *owner, struct http_exchange *x);

struct http_server_limits {
	uint32_t head_ms;     /* until the request is whole, TLS included */
	uint32_t connections; /* at once */
	uint32_t per_source;  /* at once from one source prefix */
	size_t body_max;
};

struct http_server *http_server_new(struct loop *l, const struct http_server_limits *limits,
				    http_server_fn *fn, void *owner);
/* The certificate for connections over TLS from now on; by reference. Without one they are
 * closed. */
void http_server_set_tls(struct http_server *s, struct tls_context *tls);
/* Which proxies may say for whom they send; by reference, until it is set anew. At first none. */
void http_server_set_trust(struct http_server *s, const struct forwarded_trust *trust);
/* A connection that a listener accepted; over TLS, or plain. */
void http_server_accept(struct http_server *s, int fd, const struct addr *peer, bool tls);
/* The connection is plain; its peer is the sender of the request, which io gives from its first
 * byte. */
void http_server_take(struct http_server *s, struct io *io);
/* Exchanges that wait are gone: they must not be answered any more. */
void http_server_close(struct http_server *s);

struct http_message *http_exchange_request(struct http_exchange *x);
/* who sends the request, as far as proxies are trusted */
const struct addr *http_exchange_peer(const struct http_exchange *x);
/* It came over TLS, that this server ended or a trusted proxy speaks of. */
bool http_exchange_is_tls(const struct http_exchange *x);
/* The client has gone, as far as is known; nobody would read the answer. */
bool http_exchange_is_gone(const struct http_exchange *x);
/* headers: further lines, each with CRLF, or NULL. The exchange is over. Nothing is sent if the
 * asker has gone. */
void http_answer(struct http_exchange *x, unsigned status, const char *type, const char *headers,
		 const void *body, size_t len);

/* The asker has gone, or has taken nothing for some seconds: the exchange is over. */
typedef void http_stream_fn(void *owner);
/* In place of http_answer(): an answer that lasts. Its head is sent now, and more by
 * http_stream_write(); fn(owner) comes later and once, unless http_stream_end() comes first. */
void http_stream_begin(struct http_exchange *x, const char *type, const char *headers,
		       http_stream_fn *fn, void *owner);
/* False: not taken, since HTTP_STREAM_WAITING bytes of what was written before still wait; or as
 * many as the longest of it had, so that a slow asker has time for that. */
bool http_stream_write(struct http_exchange *x, const void *p, size_t len);
/* At once; what still waits is lost. */
void http_stream_end(struct http_exchange *x);

enum { HTTP_STREAM_WAITING = 256 * 1024 };

#endif
