#include "shared/http/http_message.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/http/body_transfer.h"

#include <stdint.h>
#include <string.h>

struct http_message {
	enum http_message_side side;
	size_t body_max;
	struct buf in; /* not used yet */
	struct http_scan scan;
	struct buf text;        /* the head's bytes, and … */
	struct http_head *head; /* … what they say; NULL: not read yet */
	struct body_transfer transfer;
	struct buf body;
	int verdict; /* as http_message_input */
};

static enum http_strictness strictness(const struct http_message *m)
{
	return m->side == HTTP_MESSAGE_REQUEST ? HTTP_STRICT : HTTP_LENIENT;
}

struct http_message *http_message_new(enum http_message_side side, size_t body_max)
{
	struct http_message *m = mem_zalloc(sizeof(*m));
	m->side = side;
	m->body_max = body_max;
	http_scan_init(&m->scan, strictness(m));
	return m;
}

void http_message_free(struct http_message *m)
{
	if (!m)
		return;
	buf_fini(&m->in);
	buf_fini(&m->text);
	buf_fini(&m->body);
	mem_free(m->head);
	mem_free(m);
}

/* What the head says is made C strings in place: behind each of them stands at least one byte that
 * only divides it from the next. */
static void end_texts(const struct http_head *h)
{
	if (h->method.p)
		((char *)h->method.p)[h->method.len] = ((char *)h->target.p)[h->target.len] = 0;
	for (size_t i = 0; i < h->field_count; i++)
		((char *)h->fields[i].value.p)[h->fields[i].value.len] = 0;
}

/* Leaves head NULL behind an interim answer (100), which is not the message. */
static int read_head(struct http_message *m, size_t len)
{
	struct http_head *h = mem_alloc(sizeof(*h));
	buf_fini(&m->text);
	buf_put(&m->text, buf_data(&m->in), len);
	buf_take(&m->in, len);
	int err =
	    m->side == HTTP_MESSAGE_REQUEST
		? http_head_request(buf_data(&m->text), len, h)
		: http_head_response(buf_data(&m->text), len, m->side == HTTP_MESSAGE_HEAD, h);
	if (!err && h->status == 101)
		err = ERR_SYNTAX;
	if (!err && h->body == HTTP_BODY_LENGTH && h->length > m->body_max)
		err = ERR_TOO_BIG;
	if (err || (m->side != HTTP_MESSAGE_REQUEST && h->status < 200)) {
		mem_free(h);
		http_scan_init(&m->scan, strictness(m));
		return err;
	}
	end_texts(h);
	m->head = h;
	body_transfer_begin(&m->transfer, h->body, h->length, strictness(m),
			    HTTP_CHUNKS_DATA_ALONE);
	return 0;
}

static int read_body(struct http_message *m)
{
	struct buf piece = BUF_INIT;
	size_t got;
	int over;
	do {
		over = body_transfer_move(&m->transfer, &m->in, &piece);
		got = buf_len(&piece);
		if (over < 0)
			over = ERR_SYNTAX;
		else if (got > m->body_max - buf_len(&m->body))
			over = ERR_TOO_BIG;
		else if (got)
			buf_put(&m->body, buf_data(&piece), got);
		buf_take(&piece, got);
	} while (!over && got == HTTP_QUEUE_MAX);
	buf_fini(&piece);
	return over;
}

int http_message_input(struct http_message *m, const void *p, size_t len)
{
	if (m->verdict)
		return m->verdict;
	buf_put(&m->in, p, len);
	while (!m->head && !m->verdict) {
		int found = http_scan(&m->scan, buf_data(&m->in), buf_len(&m->in));
		if (found == 0)
			return 0;
		m->verdict = found < 0 ? found : read_head(m, (size_t)found);
	}
	if (!m->verdict)
		m->verdict = read_body(m);
	return m->verdict;
}

int http_message_end(struct http_message *m)
{
	if (!m->verdict)
		m->verdict = m->head && m->transfer.kind == HTTP_BODY_CLOSE ? 1 : ERR_CLOSED;
	return m->verdict;
}

const struct http_head *http_message_head(const struct http_message *m)
{
	return m->head;
}

const char *http_message_header(const struct http_message *m, const char *name)
{
	const struct http_field *f = m->head ? http_head_field(m->head, name) : NULL;
	return f ? f->value.p : NULL;
}

const char *http_message_body(struct http_message *m, size_t *len)
{
	*len = buf_len(&m->body);
	return buf_str(&m->body);
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
