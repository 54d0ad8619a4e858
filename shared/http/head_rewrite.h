/*
 * Heads as they are handed on: written anew from what was understood, never copied, so that the
 * next reader cannot understand them differently. What belongs to one connection only is left out;
 * what the visitor claims about where it comes from is replaced by the truth. Pure.
 */
#ifndef GROUNDNUT_HTTP_HEAD_REWRITE_H
#define GROUNDNUT_HTTP_HEAD_REWRITE_H

#include "shared/http/http_head.h"
#include "shared/base/addr.h"
#include "shared/base/buf.h"

struct http_origin {
	struct addr visitor;
	const char *proto;       /* "http" or "https" */
	uint16_t port;           /* that it came to; 0: not said */
	const char *host;        /* told instead of the visitor's; NULL: its own */
	bool hide_authorization; /* it was for us (basic_auth) */
};

void head_rewrite_request(const struct http_head *h, const struct http_origin *origin,
			  struct buf *out);
/* keep_alive: the visitor's connection goes on after this answer; http_1_0: the visitor spoke
 * HTTP/1.0, which knows no chunks: the caller takes them apart. hsts_s: what browsers are to
 * keep to HTTPS for, whatever the service says of that; 0: as it says. */
void head_rewrite_response(const struct http_head *h, bool keep_alive, bool http_1_0,
			   uint32_t hsts_s, struct buf *out);

#endif
