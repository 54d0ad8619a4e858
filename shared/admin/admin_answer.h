/* What an admin listener answers: documents of the API, errors, pages. */
#ifndef GROUNDNUT_ADMIN_ADMIN_ANSWER_H
#define GROUNDNUT_ADMIN_ADMIN_ANSWER_H

#include "shared/admin/web_files.h"
#include "shared/base/buf.h"
#include "shared/net/http_server.h"

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
void admin_answer_page(struct http_exchange *x, const char *type, const void *p, size_t len);
void admin_answer_file(struct http_exchange *x, const struct web_file *f);

#endif
