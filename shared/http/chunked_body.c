#include "shared/http/chunked_body.h"

#include <assert.h>
#include <string.h>

enum { SIZE_DIGITS_MAX = 15 }; /* 60 bits: no sum of it overflows */

void chunked_body_init(struct chunked_body *c, enum http_strictness how)
{
	*c = (struct chunked_body){.how = how};
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What follows the digits: nothing, or an extension, which may hold no control character. */
static bool is_extension(const uint8_t *p, size_t len, enum http_strictness how)
{
	if (how == HTTP_LENIENT)
		return !len || *p == ';' || *p == ' ' || *p == '\t' || *p == '\r';
	for (size_t i = 0; i < len; i++)
		if ((p[i] < ' ' && p[i] != '\t') || p[i] == 0x7f)
			return false;
	return !len || *p == ';';
}

static bool read_size(struct chunked_body *c, const uint8_t *p, size_t len)
{
	size_t digits = 0;
	c->left = 0;
	if (c->how == HTTP_LENIENT)
		while (len && *p == ' ')
			p++, len--;
	while (digits < len && hex_value(p[digits]) >= 0) {
		if (digits == SIZE_DIGITS_MAX)
			return false;
		c->left = c->left << 4 | (unsigned)hex_value(p[digits++]);
	}
	return digits && is_extension(p + digits, len - digits, c->how);
}

static enum http_piece next_size(struct chunked_body *c, const uint8_t *p, size_t len, size_t *used)
{
	const uint8_t *lf = memchr(p, '\n', len < HTTP_CHUNK_LINE_MAX ? len : HTTP_CHUNK_LINE_MAX);
	if (!lf)
		return len < HTTP_CHUNK_LINE_MAX ? HTTP_PIECE_MORE : HTTP_PIECE_BAD;
	size_t line = (size_t)(lf - p);
	if (c->how == HTTP_STRICT && (!line || p[line - 1] != '\r'))
		return HTTP_PIECE_BAD;
	if (!read_size(c, p, line && p[line - 1] == '\r' ? line - 1 : line))
		return HTTP_PIECE_BAD;
	*used = line + 1;
	c->at = c->left ? CHUNKED_BODY_DATA : CHUNKED_BODY_TRAILERS;
	http_scan_init(&c->scan, c->how);
	c->scan.lines = 1;
	return HTTP_PIECE_SIZE;
}

static enum http_piece next_close(struct chunked_body *c, const uint8_t *p, size_t len,
				  size_t *used)
{
	bool bare = c->how == HTTP_LENIENT && *p == '\n';
	if (!bare && (*p != '\r' || (len > 1 && p[1] != '\n')))
		return HTTP_PIECE_BAD;
	if (!bare && len < 2)
		return HTTP_PIECE_MORE;
	*used = bare ? 1 : 2;
	c->at = CHUNKED_BODY_SIZE;
	return HTTP_PIECE_CLOSE;
}

static bool is_trailer(const uint8_t *line, size_t len)
{
	static const char *const never[] = {"content-length", "transfer-encoding", "host",
					    "connection"};
	const uint8_t *colon = memchr(line, ':', len);
	struct http_span name = {(const char *)line, colon ? (size_t)(colon - line) : 0};
	if (!http_is_token(name))
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (http_span_is(name, never[i]))
			return false;
	return true;
}

static enum http_piece next_trailers(struct chunked_body *c, const uint8_t *p, size_t len,
				     size_t *used)
{
	int found = http_scan(&c->scan, p, len);
	if (found <= 0)
		return found ? HTTP_PIECE_BAD : HTTP_PIECE_MORE;
	for (size_t at = 0; c->how == HTTP_STRICT && at + 2 < (size_t)found;) {
		size_t line =
		    (size_t)((const uint8_t *)memchr(p + at, '\n', (size_t)found - at) - (p + at));
		if (!is_trailer(p + at, line - 1))
			return HTTP_PIECE_BAD;
		at += line + 1;
	}
	*used = (size_t)found;
	return HTTP_PIECE_END;
}

enum http_piece chunked_body_next(struct chunked_body *c, const uint8_t *p, size_t len,
				  size_t *used)
{
	*used = 0;
	if (!len)
		return HTTP_PIECE_MORE;
	switch (c->at) {
	case CHUNKED_BODY_SIZE:
		return next_size(c, p, len, used);
	case CHUNKED_BODY_DATA:
		*used = len < c->left ? len : (size_t)c->left;
		chunked_body_skip(c, *used);
		return HTTP_PIECE_DATA;
	case CHUNKED_BODY_CLOSE:
		return next_close(c, p, len, used);
	case CHUNKED_BODY_TRAILERS:
		return next_trailers(c, p, len, used);
	}
	return HTTP_PIECE_BAD;
}

void chunked_body_skip(struct chunked_body *c, uint64_t len)
{
	assert(c->at == CHUNKED_BODY_DATA && len <= c->left);
	c->left -= len;
	if (!c->left)
		c->at = CHUNKED_BODY_CLOSE;
}
