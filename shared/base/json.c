#include "shared/base/json.h"

#include "shared/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

struct json json_into(struct buf *out, bool indent)
{
	return (struct json){.out = out, .indent = indent};
}

static void new_line(struct json *w)
{
	if (!w->indent)
		return;
	buf_puts(w->out, "\n");
	for (unsigned i = 0; i < w->depth; i++)
		buf_puts(w->out, "  ");
}

/* Bytes of the well-formed UTF-8 sequence at p, or 0; *point is what it stands for. */
static size_t utf8_sequence(const uint8_t *p, size_t left, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80   ? 1
		     : p[0] < 0xc0 ? 0
		     : p[0] < 0xe0 ? 2
		     : p[0] < 0xf0 ? 3
		     : p[0] < 0xf8 ? 4
				   : 0;
	if (len == 0 || len > left)
		return 0;
	uint32_t n = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		n = n << 6 | (p[i] & 0x3f);
	}
	if (n < least[len] || n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
		return 0;
	*point = n;
	return len;
}

static void put_escape(struct buf *out, uint32_t point)
{
	switch (point) {
	case '"':
	case '\\':
		buf_printf(out, "\\%c", (char)point);
		break;
	case '\n':
		buf_puts(out, "\\n");
		break;
	case '\r':
		buf_puts(out, "\\r");
		break;
	case '\t':
		buf_puts(out, "\\t");
		break;
	default:
		buf_printf(out, "\\u%04x", point);
	}
}

/* DEL and the C1 controls need no escape in JSON, but a terminal that shows the text may obey
 * them. */
static bool needs_escape(uint32_t point)
{
	return point < 0x20 || point == '"' || point == '\\' || (point >= 0x7f && point < 0xa0);
}

/* Returns how many bytes from p on are ASCII that needs no escape: nearly all text. */
static size_t plain_run(const uint8_t *p, size_t len)
{
	size_t n = 0;
	while (n < len && p[n] < 0x80 && !needs_escape(p[n]))
		n++;
	return n;
}

static void put_string(struct buf *out, const char *value, size_t len)
{
	const uint8_t *p = (const uint8_t *)value;
	buf_puts(out, "\"");
	while (len) {
		uint32_t point = 0;
		size_t run = plain_run(p, len), n = run ? run : utf8_sequence(p, len, &point);
		if (run)
			buf_put(out, p, run);
		else if (n == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (needs_escape(point))
			put_escape(out, point);
		else
			buf_put(out, p, n);
		n += n == 0;
		p += n;
		len -= n;
	}
	buf_puts(out, "\"");
}

/* What stands before a value: the comma, the new line, the key. */
static void begin(struct json *w, const char *key)
{
	if (w->depth) {
		bool *filled = &w->filled[w->depth - 1];
		assert((w->closer[w->depth - 1] == '}') == (key != NULL));
		if (*filled)
			buf_puts(w->out, ",");
		*filled = true;
		new_line(w);
	}
	if (key) {
		put_string(w->out, key, strlen(key));
		buf_puts(w->out, w->indent ? ": " : ":");
	}
}

void json_open(struct json *w, const char *key, char bracket)
{
	assert(w->depth < JSON_DEPTH);
	begin(w, key);
	buf_put(w->out, &bracket, 1);
	w->filled[w->depth] = false;
	w->closer[w->depth++] = bracket == '{' ? '}' : ']';
}

void json_close(struct json *w)
{
	assert(w->depth);
	w->depth--;
	if (w->filled[w->depth])
		new_line(w);
	buf_put(w->out, &w->closer[w->depth], 1);
}

void json_raw(struct json *w, const char *key, const char *text, size_t len)
{
	begin(w, key);
	buf_put(w->out, text, len);
}

void json_str(struct json *w, const char *key, const char *value)
{
	if (value)
		json_strn(w, key, value, strlen(value));
	else
		json_none(w, key);
}

void json_strn(struct json *w, const char *key, const char *value, size_t len)
{
	begin(w, key);
	put_string(w->out, value, len);
}

void json_int(struct json *w, const char *key, int64_t value)
{
	begin(w, key);
	buf_printf(w->out, "%" PRId64, value);
}

void json_uint(struct json *w, const char *key, uint64_t value)
{
	begin(w, key);
	buf_printf(w->out, "%" PRIu64, value);
}

void json_bool(struct json *w, const char *key, bool value)
{
	begin(w, key);
	buf_puts(w->out, value ? "true" : "false");
}

void json_none(struct json *w, const char *key)
{
	begin(w, key);
	buf_puts(w->out, "null");
}

void json_time(struct json *w, const char *key, uint64_t unix_ms)
{
	char text[32];
	json_str(w, key, unix_ms ? text_time(unix_ms, text) : NULL);
}
