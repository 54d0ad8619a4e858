/*
 * Writes heads for the next hop. They are written from what was understood, never copied, so that
 * the next reader cannot understand them differently. Fields that belong to one connection are left
 * out; what the visitor claims about its origin is replaced by the truth. Pure.
 */
#ifndef GROUNDNUT_HTTP_HEAD_REWRITE_H
#define GROUNDNUT_HTTP_HEAD_REWRITE_H

#include "shared/http/http_head.h"
#include "shared/base/addr.h"
#include "shared/base/buf.h"

struct http_origin {
	struct addr visitor;
	const char *proto;       /* "http" or "https" */
	uint16_t port;           /* the port that it came to; 0: not told */
	const char *host;        /* the Host to write; NULL: the visitor's own */
	bool hide_authorization; /* Authorization was for us (basic_auth) */
};

void head_rewrite_request(const struct http_head *h, const struct http_origin *origin,
			  struct buf *out);
/* keep_alive: the visitor's connection goes on after this answer. http_1_0: the visitor speaks
 * HTTP/1.0, which has no chunks; the caller takes them apart. hsts_s: for how long browsers must
 * use HTTPS, in place of what the service says; 0: what the service says. */
void head_rewrite_response(const struct http_head *h, bool keep_alive, bool http_1_0,
			   uint32_t hsts_s, struct buf *out);

#endif
