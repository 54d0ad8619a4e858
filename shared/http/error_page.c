#include "shared/http/error_page.h"

#include <assert.h>
#include <stdio.h>

static const struct words {
	unsigned status;
	const char *reason;
	const char *sentence; /* NULL: has no page here */
} all[] = {
    {200, "OK", NULL},
    {201, "Created", NULL},
    {303, "See Other", NULL},
    {308, "Permanent Redirect", "This site is to be had by HTTPS."},
    {400, "Bad Request", "The request was not well formed, so it was not passed on."},
    {401, "Unauthorized", "This site asks for a user name and a password."},
    {403, "Forbidden", "This site is not open to your address."},
    {404, "Not Found", "No site of this name is served here."},
    {405, "Method Not Allowed", NULL},
    {408, "Request Timeout", "The request took too long to arrive."},
    {409, "Conflict", NULL},
    {413, "Content Too Large", NULL},
    {415, "Unsupported Media Type", NULL},
    {421, "Misdirected Request", "No site of this name is served on this connection."},
    {429, "Too Many Requests",
     "There were too many requests from your address. Please wait a moment."},
    {431, "Request Header Fields Too Large",
     "The request's header is too large. This server takes 32 KiB in 256 fields, of which the "
     "first line may have 8 KiB."},
    {502, "Bad Gateway", "The site's own server did not answer as it should."},
    {503, "Service Unavailable",
     "The site is not connected at the moment. Please try again shortly."},
    {509, "Bandwidth Limit Exceeded",
     "The site has used all of its traffic for this month. It will be back."},
};

static const struct words *words_of(unsigned status)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].status == status)
			return &all[i];
	return NULL;
}

const char *error_page_reason(unsigned status)
{
	const struct words *w = words_of(status);
	return w ? w->reason : "Answer";
}

void error_page_write(const struct error_page *page, struct buf *out)
{
	const struct words *w = words_of(page->status);
	assert(w && w->sentence);
	char body[1024];
	int len = snprintf(
	    body, sizeof(body),
	    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\"><title>%u %s</title>\n"
	    "<style>body{font:1.1em/1.5 sans-serif;max-width:32em;margin:15vh auto;padding:0 1em}"
	    "</style></head>\n"
	    "<body><h1>%s</h1><p>%s</p></body></html>\n",
	    w->status, w->reason, w->reason, w->sentence);
	assert(len > 0 && (size_t)len < sizeof(body));
	buf_printf(
	    out,
	    "HTTP/1.1 %u %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n"
	    "Cache-Control: no-store\r\n",
	    w->status, w->reason, len);
	if (page->retry_after_s)
		buf_printf(out, "Retry-After: %u\r\n", page->retry_after_s);
	if (w->status == 401)
		buf_printf(out, "WWW-Authenticate: Basic realm=\"%s\", charset=\"UTF-8\"\r\n",
			   page->realm ? page->realm : "");
	if (page->location)
		buf_printf(out, "Location: %s\r\n", page->location);
	if (page->hsts_s)
		buf_printf(out, "Strict-Transport-Security: max-age=%u\r\n",
			   (unsigned)page->hsts_s);
	if (page->close)
		buf_puts(out, "Connection: close\r\n");
	else if (page->http_1_0)
		buf_puts(out, "Connection: keep-alive\r\n");
	buf_puts(out, "\r\n");
	if (!page->head)
		buf_put(out, body, (size_t)len);
}
