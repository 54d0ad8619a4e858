/*
 * One HTTP message, read as its bytes come: the head, by the strict reader, and a small body in
 * memory. Pure. For the small server and for asking other services; not for traffic that passes
 * through.
 */
#ifndef GROUNDNUT_HTTP_HTTP_MESSAGE_H
#define GROUNDNUT_HTTP_HTTP_MESSAGE_H

#include "shared/http/http_head.h"
#include "shared/base/buf.h"

struct http_message;

/* HEAD: the answer to a HEAD request, which has no body whatever it says. */
enum http_message_side { HTTP_MESSAGE_REQUEST, HTTP_MESSAGE_RESPONSE, HTTP_MESSAGE_HEAD };

struct http_message *http_message_new(enum http_message_side side, size_t body_max);
void http_message_free(struct http_message *m);

/* 1: the message is whole (what follows it is ignored); 0: more is wanted; ERR_SYNTAX,
 * ERR_TOO_BIG. */
int http_message_input(struct http_message *m, const void *p, size_t len);
/* the connection has ended: 1 when that completes the message, else why it is not whole */
int http_message_end(struct http_message *m);

/* NULL until it is there. Its method, target and values are NUL-terminated. */
const struct http_head *http_message_head(const struct http_message *m);
/* the first of that name in any case, or NULL */
const char *http_message_header(const struct http_message *m, const char *name);
const char *http_message_body(struct http_message *m, size_t *len); /* NUL-terminated */

/* Whether a text may stand in a head: no control characters. */
bool http_message_is_clean(const char *text);
/* "%41+b" → "A b": form and query values. out holds len + 1 bytes; returns the length, or SIZE_MAX
 * for a NUL or a broken escape. */
size_t http_message_unescape(const char *text, size_t len, char *out);
/* everything but unreserved characters as %XX */
void http_message_escape(struct buf *out, const char *text);

#endif
