/*
 * One HTTP message, read as its bytes come: the head and a small body in memory. Pure. For the
 * relay's own doors and for asking other services; not for traffic that passes through.
 */
#ifndef GROUNDNUT_HTTP_HTTP_MESSAGE_H
#define GROUNDNUT_HTTP_HTTP_MESSAGE_H

#include "shared/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct http_message;

enum http_message_side {
	HTTP_MESSAGE_MESSAGE_REQUEST,
	HTTP_MESSAGE_MESSAGE_RESPONSE,
	HTTP_MESSAGE_HEAD_RESPONSE /* to HEAD: it has no body, whatever its fields say */
};
enum { HTTP_HEAD_MAX = 16 * 1024, HTTP_MESSAGE_HEADERS_MAX = 100 };

struct http_message *http_message_new(enum http_message_side side, size_t body_max);
void http_message_free(struct http_message *h);

/* 1: the message is whole (what follows it is ignored); 0: more is wanted; ERR_SYNTAX,
 * ERR_TOO_BIG. */
int http_message_input(struct http_message *h, const void *p, size_t len);
/* the connection has ended: 1 when that completes the message, else ERR_CLOSED */
int http_message_end(struct http_message *h);

const char *http_message_method(const struct http_message *h); /* "GET" */
/* "/nic/update?hostname=…", as sent */
const char *http_message_target(const struct http_message *h);
bool http_message_is_11(const struct http_message *h); /* HTTP/1.1, else 1.0 */
unsigned http_message_status(const struct http_message *h);
/* the first of that name in any case, or NULL */
const char *http_message_header(const struct http_message *h, const char *name);
const char *http_message_body(struct http_message *h, size_t *len); /* NUL-terminated */

/* Whether a text may stand in a head: no control characters. */
bool http_message_is_clean(const char *text);
/* "%41+b" → "A b": form and query values. out holds len + 1 bytes; returns the length, or SIZE_MAX
 * for a NUL or a broken escape. */
size_t http_message_unescape(const char *text, size_t len, char *out);
/* everything but unreserved characters as %XX */
void http_message_escape(struct buf *out, const char *text);

#endif
