#include "shared/admin/admin_answer.h"

#include "shared/base/json.h"
#include "shared/base/mem.h"

#include <string.h>

static const char page_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action "
    "'self'\r\n"
    "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n";

void admin_answer_status(struct http_exchange *x, unsigned status, const struct buf *json)
{
	http_answer(x, status, "application/json", "X-Content-Type-Options: nosniff\r\n",
		    buf_data(json), buf_len(json));
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
	char *all = mem_printf("X-Content-Type-Options: nosniff\r\n%s", headers);
	http_answer(x, status, "application/json", all, buf_data(&out), buf_len(&out));
	mem_free(all);
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

void admin_answer_page(struct http_exchange *x, const char *type, const void *p, size_t len)
{
	http_answer(x, 200, type, page_headers, p, len);
}

void admin_answer_file(struct http_exchange *x, const struct web_file *f)
{
	admin_answer_page(x, f->type, f->begin, (size_t)(f->end - f->begin));
}
