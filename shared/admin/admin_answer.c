#include "shared/admin/admin_answer.h"

#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/siphash.h"
#include "shared/http/content_negotiation.h"

#include <inttypes.h>
#include <stdio.h>

static const char page_policy[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action "
    "'self'\r\n" ADMIN_ANSWER_SAFETY;

void admin_answer_as(struct http_exchange *x, unsigned status, const char *type,
		     const char *headers, const struct buf *body)
{
	char *all = mem_printf("%s%s", ADMIN_ANSWER_HEADERS, headers);
	http_answer(x, status, type, all, buf_data(body), buf_len(body));
	mem_free(all);
}

void admin_answer_status(struct http_exchange *x, unsigned status, const struct buf *json)
{
	admin_answer_as(x, status, "application/json", "", json);
}

void admin_answer(struct http_exchange *x, const struct buf *json)
{
	admin_answer_status(x, 200, json);
}

void admin_answer_refusal(struct http_exchange *x, unsigned status, const char *headers,
			  const char *why)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_str(&w, "error", why);
	json_close(&w);
	buf_puts(&out, "\n");
	admin_answer_as(x, status, "application/json", headers, &out);
	buf_fini(&out);
}

void admin_answer_error(struct http_exchange *x, unsigned status, const char *why)
{
	admin_answer_refusal(x, status, "", why);
}

void admin_answer_stranger(struct http_exchange *x, const char *why)
{
	admin_answer_refusal(x, 401, "WWW-Authenticate: Bearer realm=\"groundnut\"\r\n", why);
}

void admin_answer_guesser(struct http_exchange *x)
{
	admin_answer_refusal(x, 429, "Retry-After: 60\r\n", "too many guesses");
}

void admin_answer_page(struct http_exchange *x, const char *type, const struct buf *page)
{
	http_answer(x, 200, type, page_policy, buf_data(page), buf_len(page));
}

/* The forms of a file are different bytes, so each has a tag of its own. */
static void entity_tag(const unsigned char *p, size_t len, char out[24])
{
	static const uint64_t key[2] = {0};
	snprintf(out, 24, "\"%016" PRIx64 "\"", siphash(key, p, len));
}

void admin_answer_file(struct http_exchange *x, const struct web_file *f)
{
	struct http_message *m = http_exchange_request(x);
	bool gzip = content_negotiation_wants_gzip(http_message_header(m, "Accept-Encoding"));
	const unsigned char *p = gzip ? f->gz_begin : f->begin, *end = gzip ? f->gz_end : f->end;
	char tag[24];
	entity_tag(p, (size_t)(end - p), tag);
	bool known = content_negotiation_is_known(http_message_header(m, "If-None-Match"), tag);
	char *headers =
	    mem_printf("%s%sVary: Accept-Encoding\r\nETag: %s\r\nCache-Control: private, "
		       "no-cache\r\n",
		       page_policy, gzip ? "Content-Encoding: gzip\r\n" : "", tag);
	http_answer(x, known ? 304 : 200, f->type, headers, p, (size_t)(end - p));
	mem_free(headers);
}
