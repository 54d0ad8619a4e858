#include "shared/http/http_message.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <http_parser.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct field {
	struct buf name, value;
};

struct http_message {
	http_parser parser;
	enum http_message_side side;
	size_t body_max;
	size_t head_len;
	struct buf target;
	struct field fields[HTTP_MESSAGE_HEADERS_MAX];
	size_t field_count;
	bool in_value; /* the last piece was a value's */
	struct buf body;
	int err; /* why a callback stopped the parser */
	bool whole;
};

static int stop(struct http_message *h, int err)
{
	h->err = err;
	return 1;
}

static int count(struct http_message *h, size_t len)
{
	h->head_len += len;
	return h->head_len > HTTP_HEAD_MAX ? stop(h, ERR_TOO_BIG) : 0;
}

static int on_target(http_parser *p, const char *at, size_t len)
{
	struct http_message *h = p->data;
	buf_put(&h->target, at, len);
	return count(h, len);
}

static int on_field(http_parser *p, const char *at, size_t len)
{
	struct http_message *h = p->data;
	if (h->field_count == 0 || h->in_value) {
		if (h->field_count == HTTP_MESSAGE_HEADERS_MAX)
			return stop(h, ERR_TOO_BIG);
		h->field_count++;
		h->in_value = false;
	}
	buf_put(&h->fields[h->field_count - 1].name, at, len);
	return count(h, len + 4);
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct http_message *h = p->data;
	h->in_value = true;
	buf_put(&h->fields[h->field_count - 1].value, at, len);
	return count(h, len);
}

static int on_head(http_parser *p)
{
	const struct http_message *h = p->data;
	return h->side == HTTP_MESSAGE_HEAD_RESPONSE;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
	struct http_message *h = p->data;
	if (buf_len(&h->body) + len > h->body_max)
		return stop(h, ERR_TOO_BIG);
	buf_put(&h->body, at, len);
	buf_str(&h->body); /* also when the rest never comes */
	return 0;
}

/* Every text is made a C string once, here; an interim answer (100) is not the message. */
static int on_complete(http_parser *p)
{
	struct http_message *h = p->data;
	h->whole = true;
	buf_str(&h->target);
	buf_str(&h->body);
	for (size_t i = 0; i < h->field_count; i++) {
		buf_str(&h->fields[i].name);
		buf_str(&h->fields[i].value);
	}
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {.on_url = on_target,
					      .on_header_field = on_field,
					      .on_header_value = on_value,
					      .on_headers_complete = on_head,
					      .on_body = on_body,
					      .on_message_complete = on_complete};

struct http_message *http_message_new(enum http_message_side side, size_t body_max)
{
	struct http_message *h = mem_zalloc(sizeof(*h));
	http_parser_init(&h->parser,
			 side == HTTP_MESSAGE_MESSAGE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE);
	h->parser.data = h;
	h->side = side;
	h->body_max = body_max;
	return h;
}

static void clear(struct http_message *h)
{
	for (size_t i = 0; i < h->field_count; i++) {
		buf_fini(&h->fields[i].name);
		buf_fini(&h->fields[i].value);
	}
	h->field_count = 0;
	h->in_value = false;
	buf_fini(&h->target);
	buf_fini(&h->body);
}

void http_message_free(struct http_message *h)
{
	if (!h)
		return;
	clear(h);
	mem_free(h);
}

static int verdict(struct http_message *h)
{
	if (h->err)
		return h->err;
	if (h->whole)
		return 1;
	return HTTP_PARSER_ERRNO(&h->parser) == HPE_OK                ? 0
	       : HTTP_PARSER_ERRNO(&h->parser) == HPE_HEADER_OVERFLOW ? ERR_TOO_BIG
								      : ERR_SYNTAX;
}

int http_message_input(struct http_message *h, const void *p, size_t len)
{
	if (h->whole || h->err)
		return verdict(h);
	const char *at = p;
	while (len) {
		size_t used = http_parser_execute(&h->parser, &settings, at, len);
		if (h->err || !h->whole)
			break;
		if (h->side == HTTP_MESSAGE_MESSAGE_REQUEST || h->parser.status_code >= 200)
			break;
		/* An interim answer: the real one follows. */
		clear(h);
		h->whole = false;
		http_parser_pause(&h->parser, 0);
		at += used;
		len -= used;
	}
	if (h->parser.upgrade && !h->whole && !h->err)
		h->err = ERR_SYNTAX;
	return verdict(h);
}

int http_message_end(struct http_message *h)
{
	if (!h->whole && !h->err)
		http_parser_execute(&h->parser, &settings, "", 0);
	return h->whole ? 1 : h->err ? h->err : ERR_CLOSED;
}

const char *http_message_method(const struct http_message *h)
{
	return http_method_str((enum http_method)h->parser.method);
}

static const char *text_of(const struct buf *b)
{
	return b->base ? (const char *)b->base + b->start : "";
}

const char *http_message_target(const struct http_message *h)
{
	return text_of(&h->target);
}

bool http_message_is_11(const struct http_message *h)
{
	return h->parser.http_major == 1 && h->parser.http_minor == 1;
}

unsigned http_message_status(const struct http_message *h)
{
	return h->parser.status_code;
}

const char *http_message_header(const struct http_message *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (strcasecmp(text_of(&h->fields[i].name), name) == 0)
			return text_of(&h->fields[i].value);
	return NULL;
}

const char *http_message_body(struct http_message *h, size_t *len)
{
	*len = buf_len(&h->body);
	return text_of(&h->body);
}

bool http_message_is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t http_message_unescape(const char *text, size_t len, char *out)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < len ? digit(text[i + 1]) : -1,
			    low = i + 2 < len ? digit(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				return SIZE_MAX;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == 0)
			return SIZE_MAX;
		out[n++] = c;
	}
	out[n] = 0;
	return n;
}

void http_message_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    strchr("-._~", c))
			buf_put(out, text, 1);
		else
			buf_printf(out, "%%%02X", c);
	}
}
