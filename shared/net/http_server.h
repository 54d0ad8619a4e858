/*
 * A small HTTP server for our own listeners: HTTP/1.0 and 1.1, with one request on a connection. An
 * answer has a Content-Length, and the connection is closed after it, because old clients read
 * until then; or the answer is a stream without an end. Slow heads, floods of connections and large
 * bodies end their own connections only. One loop; a leaf.
 */
#ifndef GROUNDNUT_NET_HTTP_SERVER_H
#define GROUNDNUT_NET_HTTP_SERVER_H

#include "shared/base/refcounted_text.h"
#include "shared/http/forwarded.h"
#include "shared/http/http_message.h"
#include "shared/net/io.h"

struct http_server;
struct http_exchange; /* one whole request that waits for its answer */

/* A request has come. The owner answers it once, now or later: by http_answer() or as a stream. */
typedef void http_server_fn(void *owner, struct http_exchange *x);

struct http_server_limits {
	uint32_t head_ms;     /* until the request is whole, TLS included */
	uint32_t connections; /* at once */
	uint32_t per_source;  /* at once from one source prefix */
	size_t body_max;
	const char *headers; /* further lines of the answers to what is no request; or NULL */
};

struct http_server *http_server_new(struct loop *l, const struct http_server_limits *limits,
				    http_server_fn *fn, void *owner);
/* The certificate for connections over TLS from now on; by reference. Without one they are
 * closed. */
void http_server_set_tls(struct http_server *s, struct tls_context *tls);
/* Sets the proxies that may say for whom they send; at first there are none. Borrowed until the
 * next call. */
void http_server_set_trust(struct http_server *s, const struct forwarded_trust *trust);
/* Takes a connection that a listener has accepted. tls: it begins with a TLS handshake. */
void http_server_accept(struct http_server *s, int fd, const struct addr *peer, bool tls);
/* Takes a plain connection whose request nobody has read yet. Its peer is the sender. */
void http_server_take(struct http_server *s, struct io *io);
/* Frees all exchanges; the owner must not answer them any more. */
void http_server_close(struct http_server *s);

struct http_message *http_exchange_request(struct http_exchange *x);
/* The sender of the request, as far as proxies are trusted. */
const struct addr *http_exchange_peer(const struct http_exchange *x);
/* Whether it has come over TLS, which this server or a trusted proxy has ended. */
bool http_exchange_is_tls(const struct http_exchange *x);
/* Whether the client is known to have gone; nobody would read the answer. */
bool http_exchange_is_gone(const struct http_exchange *x);
/* Answers; x must not be used after this. headers: further lines, each with CRLF, or NULL; without
 * a Cache-Control among them nobody may store the answer. 304 goes without its body. Copies all.
 * Sends nothing when the client has gone. */
void http_answer(struct http_exchange *x, unsigned status, const char *type, const char *headers,
		 const void *body, size_t len);

/* The client has gone, or has taken nothing for some seconds: the exchange is freed. */
typedef void http_stream_fn(void *owner);
/* Answers with a stream, instead of http_answer(). The head is sent now, and the rest by
 * http_stream_write(). fn comes once, later, unless http_stream_end() comes first. */
void http_stream_begin(struct http_exchange *x, const char *type, const char *headers,
		       http_stream_fn *fn, void *owner);
/* Keeps the text until it is sent. False: nothing is taken, because the bytes that still wait
 * are more than HTTP_STREAM_WAITING and more than the longest text written before; so a slow
 * client has time for that one. */
bool http_stream_write(struct http_exchange *x, struct refcounted_text *text);
/* Ends the stream and frees the exchange at once; bytes that still wait are lost. */
void http_stream_end(struct http_exchange *x);

enum { HTTP_STREAM_WAITING = 256 * 1024 };

#endif
