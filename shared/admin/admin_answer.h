/*
 * What an admin listener answers: documents of the API, errors, pages, files. Each answer has the
 * headers that keep a browser from using it for anything else. A file is sent by gzip when the
 * request takes that, and not at all when it has it already (304).
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_ANSWER_H
#define GROUNDNUT_ADMIN_ADMIN_ANSWER_H

#include "shared/admin/web_files.h"
#include "shared/base/buf.h"
#include "shared/net/http_server.h"

/* These keep a browser from guessing types, from telling others the address, and from loading an
 * answer into pages of other origins. */
#define ADMIN_ANSWER_SAFETY                                                                        \
	"Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"                      \
	"Cross-Origin-Resource-Policy: same-origin\r\n"
/* Of an answer that is no page. */
#define ADMIN_ANSWER_HEADERS                                                                       \
	"Content-Security-Policy: default-src 'none'; frame-ancestors "                            \
	"'none'\r\n" ADMIN_ANSWER_SAFETY

/* Answers with this body. headers: further lines, each with CRLF. */
void admin_answer_as(struct http_exchange *x, unsigned status, const char *type,
		     const char *headers, const struct buf *body);
/* Answers with 200 and this document; json stays the caller's. */
void admin_answer(struct http_exchange *x, const struct buf *json);
void admin_answer_status(struct http_exchange *x, unsigned status, const struct buf *json);
/* Answers with {"error": why}. */
void admin_answer_error(struct http_exchange *x, unsigned status, const char *why);
/* As admin_answer_error(). headers: further lines, each with CRLF. */
void admin_answer_refusal(struct http_exchange *x, unsigned status, const char *headers,
			  const char *why);
/* 401: who asks has not shown who it is. */
void admin_answer_stranger(struct http_exchange *x, const char *why);
/* 429: its source guesses too much. */
void admin_answer_guesser(struct http_exchange *x);
/* Answers with 200 and a page that is made now, or a file that is built in. */
void admin_answer_page(struct http_exchange *x, const char *type, const struct buf *page);
void admin_answer_file(struct http_exchange *x, const struct web_file *f);

#endif
