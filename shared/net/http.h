/*
 * One HTTP message, read as its bytes come: the head and a small body in memory. Pure. For the
 * relay's own doors and for asking other services; not for traffic that passes through.
 */
#ifndef GROUNDNUT_NET_HTTP_H
#define GROUNDNUT_NET_HTTP_H

#include "shared/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct http;

enum http_side { HTTP_MESSAGE_REQUEST, HTTP_MESSAGE_RESPONSE };
enum { HTTP_HEAD_MAX = 16 * 1024, HTTP_HEADERS_MAX = 100 };

struct http *http_new(enum http_side side, size_t body_max);
void http_free(struct http *h);

/* 1: the message is whole (what follows it is ignored); 0: more is wanted; ERR_SYNTAX,
 * ERR_TOO_BIG. */
int http_input(struct http *h, const void *p, size_t len);
/* the connection has ended: 1 when that completes the message, else ERR_CLOSED */
int http_end(struct http *h);

const char *http_method(const struct http *h); /* "GET" */
const char *http_target(const struct http *h); /* "/nic/update?hostname=…", as sent */
bool http_is_11(const struct http *h);         /* HTTP/1.1, else 1.0 */
unsigned http_status(const struct http *h);
/* the first of that name in any case, or NULL */
const char *http_header(const struct http *h, const char *name);
const char *http_body(struct http *h, size_t *len); /* NUL-terminated */

/* Whether a text may stand in a head: no control characters. */
bool http_is_clean(const char *text);
/* "%41+b" → "A b": form and query values. out holds len + 1 bytes; returns the length, or SIZE_MAX
 * for a NUL or a broken escape. */
size_t http_unescape(const char *text, size_t len, char *out);
/* everything but unreserved characters as %XX */
void http_escape(struct buf *out, const char *text);

#endif
