#include "shared/http/head_rewrite.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* Whatever is neither letter nor digit counts as '-': CGI and others make one variable of all such
 * names, so X_Forwarded.For would pass for the real one. */
static bool is_named(struct http_span name, const char *text, size_t len)
{
	if (name.len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if ((isalnum(c) ? tolower(c) : '-') != text[i])
			return false;
	}
	return true;
}

static bool is_among(struct http_span name, const char *const *list)
{
	for (; *list; list++)
		if (is_named(name, *list, strlen(*list)))
			return true;
	return false;
}

/* Of one connection; said anew by us; or claims that only we may make. "proxy" is CGI's
 * HTTP_PROXY. */
static const char *const never_onward[] = {
    "connection",        "keep-alive", "proxy-connection",    "te",    "trailer",
    "transfer-encoding", "upgrade",    "http2-settings",      "host",  "content-length",
    "forwarded",         "x-real-ip",  "proxy-authorization", "proxy", NULL,
};

static bool goes_onward(const struct http_head *h, struct http_span name,
			const struct http_origin *origin)
{
	static const char forwarded[] = "x-forwarded-";
	size_t len = sizeof(forwarded) - 1;
	if (is_among(name, never_onward) || http_head_has_option(h, name))
		return false;
	if (name.len >= len && is_named((struct http_span){name.p, len}, forwarded, len))
		return false;
	if (http_span_is(name, "expect") && h->minor == 0)
		return false;
	return !(origin->hide_authorization && is_named(name, "authorization", 13));
}

static void put_span(struct buf *out, struct http_span s)
{
	buf_put(out, s.p, s.len);
}

static void put_field(struct buf *out, const struct http_field *f)
{
	put_span(out, f->name);
	buf_puts(out, ": ");
	put_span(out, f->value);
	buf_puts(out, "\r\n");
}

static void put_origin(const struct http_head *h, const struct http_origin *origin, struct buf *out)
{
	char ip[ADDR_TEXT];
	struct addr visitor = origin->visitor;
	visitor.scope = 0;
	addr_ip_text(&visitor, ip);
	bool v6 = visitor.family == 6;
	buf_printf(out, "X-Forwarded-For: %s\r\nX-Forwarded-Proto: %s\r\n", ip, origin->proto);
	if (origin->port)
		buf_printf(out, "X-Forwarded-Port: %u\r\n", (unsigned)origin->port);
	if (h->host_text.len) {
		buf_puts(out, "X-Forwarded-Host: ");
		put_span(out, h->host_text);
		buf_puts(out, "\r\n");
	}
	/* A v6 address and a host with a port are no tokens, so they are quoted (RFC 7239 section
	 * 4); neither can hold a quote. */
	buf_printf(out, v6 ? "Forwarded: for=\"[%s]\"" : "Forwarded: for=%s", ip);
	if (h->host_text.len) {
		bool quoted = memchr(h->host_text.p, ':', h->host_text.len) != NULL;
		buf_puts(out, quoted ? ";host=\"" : ";host=");
		put_span(out, h->host_text);
		buf_puts(out, quoted ? "\"" : "");
	}
	buf_printf(out, ";proto=%s\r\n", origin->proto);
}

static void put_framing(const struct http_head *h, struct buf *out)
{
	if (h->body == HTTP_BODY_CHUNKED)
		buf_puts(out, "Transfer-Encoding: chunked\r\n");
	else if (h->has_length)
		buf_printf(out, "Content-Length: %" PRIu64 "\r\n", h->length);
}

/* The protocols that the visitor asks for, but h2c. */
static void put_upgrade(const struct http_field *f, struct buf *out)
{
	struct http_span list = f->value, protocol;
	const char *before = "Upgrade: ";
	while (http_list_next(&list, &protocol)) {
		if (http_span_is(protocol, "h2c"))
			continue;
		buf_puts(out, before);
		put_span(out, protocol);
		before = ", ";
	}
	if (*before == ',')
		buf_puts(out, "\r\n");
}

void head_rewrite_request(const struct http_head *h, const struct http_origin *origin,
			  struct buf *out)
{
	put_span(out, h->method);
	buf_puts(out, " ");
	if (h->target_is_bare)
		buf_puts(out, http_head_asks(h, "OPTIONS") && !h->target.len ? "*" : "/");
	put_span(out, h->target);
	buf_printf(out, " HTTP/1.%u\r\n", h->minor);
	if (origin->host) {
		buf_printf(out, "Host: %s\r\n", origin->host);
	} else if (h->minor == 1 || h->host_text.len) {
		buf_puts(out, "Host: ");
		put_span(out, h->host_text);
		buf_puts(out, "\r\n");
	}
	for (size_t i = 0; i < h->field_count; i++) {
		if (goes_onward(h, h->fields[i].name, origin))
			put_field(out, &h->fields[i]);
		else if (h->upgrade && http_span_is(h->fields[i].name, "upgrade"))
			put_upgrade(&h->fields[i], out);
	}
	put_origin(h, origin, out);
	put_framing(h, out);
	if (h->upgrade)
		buf_puts(out, "Connection: upgrade\r\n");
	else if (h->minor == 0 && h->keep_alive)
		buf_puts(out, "Connection: keep-alive\r\n");
	buf_puts(out, "\r\n");
}

static bool goes_back(const struct http_head *h, struct http_span name, bool http_1_0, bool hsts)
{
	static const char *const never[] = {"connection", "keep-alive", "proxy-connection", NULL};
	static const char *const framing[] = {"content-length", "transfer-encoding", NULL};
	bool upgrading = h->status == 101 || h->status == 426;
	if (is_among(name, never))
		return false;
	if (http_1_0 && http_span_is(name, "transfer-encoding"))
		return false;
	if (hsts && is_named(name, "strict-transport-security", 25))
		return false;
	if (is_among(name, framing))
		return h->status >= 200 && h->status != 204;
	if (http_span_is(name, "upgrade"))
		return upgrading;
	return !http_head_has_option(h, name);
}

void head_rewrite_response(const struct http_head *h, bool keep_alive, bool http_1_0,
			   uint32_t hsts_s, struct buf *out)
{
	buf_printf(out, "HTTP/1.1 %03u ", h->status);
	put_span(out, h->reason);
	buf_puts(out, "\r\n");
	for (size_t i = 0; i < h->field_count; i++)
		if (goes_back(h, h->fields[i].name, http_1_0, hsts_s > 0))
			put_field(out, &h->fields[i]);
	if (hsts_s)
		buf_printf(out, "Strict-Transport-Security: max-age=%u\r\n", (unsigned)hsts_s);
	if (h->status == 101)
		buf_puts(out, "Connection: upgrade\r\n");
	else if (h->status >= 200 && !keep_alive)
		buf_puts(out, h->status == 426 ? "Connection: close, upgrade\r\n"
					       : "Connection: close\r\n");
	else if (h->status >= 200 && http_1_0)
		buf_puts(out, "Connection: keep-alive\r\n");
	else if (h->status == 426)
		buf_puts(out, "Connection: upgrade\r\n");
	buf_puts(out, "\r\n");
}
