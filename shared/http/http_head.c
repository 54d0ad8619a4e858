/*
 * A request: http_scan finds the end of the head, judging each line as it comes. http_head_request
 * reads the first line by hand, has http-parser read the fields, and then looks at what parser and
 * gateways disagree about: the options of Connection, the length of the body, the host. The first
 * doubt is ERR_SYNTAX.
 *
 * An answer: http_head_response first mends it in place. Folded lines become one, control
 * characters become blanks, and lines that are no fields are dropped. Then http-parser reads it. It
 * is refused only when a line could say where the body ends and does not say it clearly.
 */
#include "shared/http/http_head.h"

#include "shared/base/err.h"

#include <arpa/inet.h>
#include <assert.h>
#include <http_parser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void http_scan_init(struct http_scan *s, enum http_strictness how)
{
	*s = (struct http_scan){.how = how};
}

static bool is_token_char(unsigned char c)
{
	bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
	return letter || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* One ended line [line, lf) of a request: it begins with a token, or is empty, and only CRLF ends
 * it. */
static bool is_strict_line(const uint8_t *p, size_t line, size_t lf)
{
	if (lf == line || p[lf - 1] != '\r')
		return false;
	const uint8_t *text = p + line;
	size_t len = lf - 1 - line;
	return (!len || is_token_char(*text)) && !memchr(text, '\r', len) && !memchr(text, 0, len);
}

static bool is_empty_line(const uint8_t *p, size_t line, size_t lf)
{
	return lf == line || (lf == line + 1 && p[line] == '\r');
}

int http_scan(struct http_scan *s, const uint8_t *p, size_t len)
{
	bool strict = s->how == HTTP_STRICT;
	size_t most = strict ? HTTP_HEAD_MAX : HTTP_ANSWER_HEAD_MAX;
	while (s->at < len) {
		const uint8_t *found = memchr(p + s->at, '\n', len - s->at);
		if (!found)
			break;
		size_t lf = (size_t)(found - p);
		if (lf >= most || (strict && !s->lines && lf > HTTP_LINE_MAX))
			return ERR_TOO_BIG;
		if (strict && !is_strict_line(p, s->line, lf))
			return ERR_SYNTAX;
		bool blank_before = strict && !s->lines && !s->line;
		if (is_empty_line(p, s->line, lf) && !blank_before)
			return (int)lf + 1;
		s->lines += !is_empty_line(p, s->line, lf);
		s->line = s->at = lf + 1;
		if (s->lines > HTTP_FIELDS_MAX + 1)
			return ERR_TOO_BIG;
	}
	s->at = len;
	if (len >= most || (strict && !s->lines && len > HTTP_LINE_MAX))
		return ERR_TOO_BIG;
	if (!strict || len == s->line)
		return 0;
	bool may_be_line = p[s->line] == '\r' ? len == s->line + 1 : is_token_char(p[s->line]);
	return may_be_line ? 0 : ERR_SYNTAX;
}

bool http_span_is(struct http_span s, const char *text)
{
	return strlen(text) == s.len && !strncasecmp(s.p, text, s.len);
}

static bool span_same(struct http_span a, struct http_span b)
{
	return a.len == b.len && !strncasecmp(a.p, b.p, a.len);
}

struct http_span http_span_trim(struct http_span s)
{
	while (s.len && (*s.p == ' ' || *s.p == '\t'))
		s.p++, s.len--;
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool http_list_next(struct http_span *list, struct http_span *element)
{
	while (list->len) {
		const char *comma = memchr(list->p, ',', list->len);
		size_t len = comma ? (size_t)(comma - list->p) : list->len;
		*element = http_span_trim((struct http_span){list->p, len});
		list->p += len + (comma ? 1 : 0);
		list->len -= len + (comma ? 1 : 0);
		if (element->len)
			return true;
	}
	return false;
}

bool http_is_token(struct http_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_char((unsigned char)s.p[i]))
			return false;
	return s.len > 0;
}

bool http_head_asks(const struct http_head *h, const char *method)
{
	return strlen(method) == h->method.len && !memcmp(h->method.p, method, h->method.len);
}

const struct http_field *http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (http_span_is(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

/* is token in the comma lists of that name? */
static bool lists(const struct http_head *h, const char *name, const char *token)
{
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_span list = h->fields[i].value, element;
		if (!http_span_is(h->fields[i].name, name))
			continue;
		while (http_list_next(&list, &element))
			if (http_span_is(element, token))
				return true;
	}
	return false;
}

bool http_head_has_option(const struct http_head *h, struct http_span name)
{
	for (size_t i = 0; i < h->option_count; i++)
		if (span_same(h->options[i], name))
			return true;
	return false;
}

static bool has_option(const struct http_head *h, const char *name)
{
	return http_head_has_option(h, (struct http_span){name, strlen(name)});
}

/* What Connection names, gathered once, since every field is looked up among them. False: too
 * many. */
static bool read_options(struct http_head *h)
{
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_span list = h->fields[i].value, element;
		if (!http_span_is(h->fields[i].name, "connection"))
			continue;
		while (http_list_next(&list, &element)) {
			if (h->option_count == HTTP_OPTIONS_MAX)
				return false;
			h->options[h->option_count++] = element;
		}
	}
	return true;
}

/* What http-parser calls while it reads. Spans only grow where they end, since the head is one
 * piece of memory. */
struct reading {
	struct http_head *head;
	bool in_value;
	bool bad;
	unsigned long long content_length;
	bool chunked;
};

static void extend(struct reading *r, struct http_span *s, const char *p, size_t len)
{
	if (!s->p)
		*s = (struct http_span){p, len};
	else if (s->p + s->len == p)
		s->len += len;
	else
		r->bad = true;
}

static int on_reason(http_parser *parser, const char *p, size_t len)
{
	struct reading *r = parser->data;
	extend(r, &r->head->reason, p, len);
	return 0;
}

static int on_name(http_parser *parser, const char *p, size_t len)
{
	struct reading *r = parser->data;
	struct http_head *h = r->head;
	if (r->in_value || !h->field_count) {
		if (h->field_count == HTTP_FIELDS_MAX)
			return 1;
		h->fields[h->field_count++] = (struct http_field){0};
		r->in_value = false;
	}
	extend(r, &h->fields[h->field_count - 1].name, p, len);
	return 0;
}

static int on_value(http_parser *parser, const char *p, size_t len)
{
	struct reading *r = parser->data;
	r->in_value = true;
	extend(r, &r->head->fields[r->head->field_count - 1].value, p, len);
	return 0;
}

static int on_complete(http_parser *parser)
{
	struct reading *r = parser->data;
	r->content_length = parser->content_length;
	r->chunked = parser->flags & F_CHUNKED;
	return 1; /* the body is not for this parser */
}

/* A request's own first line has been read before, and another stands for it: the parser knows the
 * methods of its time only. */
static bool run_parser(const uint8_t *p, size_t len, enum http_parser_type type, struct reading *r)
{
	static const http_parser_settings settings = {
	    .on_status = on_reason,
	    .on_header_field = on_name,
	    .on_header_value = on_value,
	    .on_headers_complete = on_complete,
	};
	static const char first[] = "GET / HTTP/1.1\r\n";
	http_parser parser;
	http_parser_init(&parser, type);
	parser.data = r;
	if (type == HTTP_REQUEST)
		http_parser_execute(&parser, &settings, first, sizeof(first) - 1);
	size_t used = http_parser_execute(&parser, &settings, (const char *)p, len);
	if (HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != len || r->bad)
		return false;
	r->head->status = parser.status_code;
	if (type == HTTP_RESPONSE)
		r->head->minor = (uint8_t)parser.http_minor;
	return parser.http_major == 1 && parser.http_minor <= 1;
}

static bool trim_fields(struct http_head *h)
{
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_field *f = &h->fields[i];
		if (!f->value.p)
			f->value = (struct http_span){f->name.p + f->name.len, 0};
		f->value = http_span_trim(f->value);
		if (!http_is_token(f->name))
			return false;
	}
	return true;
}

static size_t count_fields(const struct http_head *h, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < h->field_count; i++)
		n += http_span_is(h->fields[i].name, name);
	return n;
}

static bool read_keep_alive(const struct http_head *h)
{
	if (has_option(h, "close"))
		return false;
	return h->minor == 1 || has_option(h, "keep-alive");
}

/* Digits and nothing else; 19 of them cannot overflow. */
static bool read_number(struct http_span s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(s.p[i] - '0');
	}
	return s.len && s.len <= 19;
}

/* How long the body is, said once and in one way; any doubt is an error (RFC 9112 section 6.3 and
 * 11.2). */
static int read_request_body(const struct reading *r, struct http_head *h)
{
	const struct http_field *length = http_head_field(h, "content-length");
	const struct http_field *coding = http_head_field(h, "transfer-encoding");
	if (count_fields(h, "content-length") + count_fields(h, "transfer-encoding") > 1)
		return ERR_SYNTAX;
	if (coding) {
		if (h->minor == 0 || !http_span_is(coding->value, "chunked") || !r->chunked)
			return ERR_SYNTAX;
		h->body = HTTP_BODY_CHUNKED;
	}
	if (length) {
		/* http-parser has read it too, and must have come to the same number. */
		if (!read_number(length->value, &h->length) || h->length != r->content_length)
			return ERR_SYNTAX;
		h->has_length = true;
		h->body = h->length ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	}
	return 0;
}

static bool copy_host(struct http_span s, bool v6, char out[256])
{
	if (!v6 && s.len && s.p[s.len - 1] == '.')
		s.len--;
	if (!s.len || s.len > 255)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
		if (!letter && !(c >= '0' && c <= '9') && (!c || !strchr(v6 ? ":." : "-._", c)))
			return false;
		out[i] = letter ? (char)(c | 32) : (char)c;
	}
	out[s.len] = 0;
	struct in6_addr a;
	return !v6 || inet_pton(AF_INET6, out, &a) == 1;
}

/* uri-host [":" port] of RFC 9110 section 7.2: a name, a v4 address, or a v6 address in
 * brackets. */
static bool read_host(struct http_span s, char host[256], uint16_t *port)
{
	bool v6 = s.len && s.p[0] == '[';
	const char *end = v6 ? memchr(s.p, ']', s.len) : memchr(s.p, ':', s.len);
	if (!end && v6)
		return false;
	size_t len = end ? (size_t)(end - s.p) : s.len;
	struct http_span name = {s.p + v6, len - v6};
	struct http_span rest = {s.p + len + v6, s.len - len - v6};
	uint64_t n = 0;
	if (rest.len && rest.p[0] != ':')
		return false;
	if (rest.len > 1 &&
	    (!read_number((struct http_span){rest.p + 1, rest.len - 1}, &n) || n > 65535))
		return false;
	*port = (uint16_t)n;
	return copy_host(name, v6, host);
}

/* "GET /path HTTP/1.1", with one blank between its parts. */
static bool read_request_line(struct http_span line, struct http_head *h)
{
	static const char version[] = " HTTP/1.";
	const char *blank = memchr(line.p, ' ', line.len);
	size_t tail = sizeof(version); /* with the last digit */
	if (!blank || line.len < tail)
		return false;
	const char *end = line.p + line.len - tail;
	if (blank >= end || memcmp(end, version, tail - 1) != 0 || (end[tail - 1] | 1) != '1')
		return false;
	h->minor = end[tail - 1] == '1';
	h->method = (struct http_span){line.p, (size_t)(blank - line.p)};
	h->target = (struct http_span){blank + 1, (size_t)(end - blank - 1)};
	return http_is_token(h->method) && !http_span_is(h->method, "CONNECT");
}

/* The port that the scheme has anyway may be written or not. */
static bool is_same_host(struct http_span authority, const struct http_head *h, uint16_t usual)
{
	char host[256];
	uint16_t port;
	return read_host(authority, host, &port) && !strcmp(host, h->host) &&
	       (port ? port : usual) == (h->port ? h->port : usual);
}

static int read_target(struct http_head *h)
{
	struct http_span t = h->target;
	for (size_t i = 0; i < t.len; i++)
		if ((unsigned char)t.p[i] <= ' ' || t.p[i] == 0x7f || t.p[i] == '#')
			return ERR_SYNTAX;
	if (t.len && t.p[0] == '/')
		return 0;
	if (http_span_is(t, "*"))
		return http_head_asks(h, "OPTIONS") ? 0 : ERR_SYNTAX;
	bool tls = t.len > 8 && !strncasecmp(t.p, "https://", 8);
	size_t scheme = tls ? 8 : 7;
	if (!tls && (t.len <= 7 || strncasecmp(t.p, "http://", 7) != 0))
		return ERR_SYNTAX;
	struct http_span authority = {t.p + scheme, 0};
	while (scheme + authority.len < t.len && !strchr("/?", authority.p[authority.len]))
		authority.len++;
	if (!authority.len)
		return ERR_SYNTAX;
	h->two_hosts = !is_same_host(authority, h, tls ? 443 : 80);
	h->target = (struct http_span){authority.p + authority.len, t.len - scheme - authority.len};
	h->target_is_bare = !h->target.len || h->target.p[0] == '?';
	return 0;
}

/* Connection may name what is to be dropped, but not what says where the message goes or ends. */
static bool names_what_must_stay(const struct http_head *h)
{
	return has_option(h, "host") || has_option(h, "content-length") ||
	       has_option(h, "transfer-encoding");
}

static int read_host_and_target(struct http_head *h)
{
	const struct http_field *host = http_head_field(h, "host");
	if (count_fields(h, "host") > 1 || (!host && h->minor == 1))
		return ERR_SYNTAX;
	if (host && host->value.len) {
		h->host_text = host->value;
		if (!read_host(host->value, h->host, &h->port))
			return ERR_SYNTAX;
	}
	return read_target(h);
}

/* Connection and Upgrade name a protocol other than h2c. */
static bool asks_upgrade(const struct http_head *h)
{
	bool named = false;
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_span list = h->fields[i].value, protocol;
		if (!http_span_is(h->fields[i].name, "upgrade"))
			continue;
		while (http_list_next(&list, &protocol))
			named |= !http_span_is(protocol, "h2c");
	}
	return named && h->minor == 1 && has_option(h, "upgrade");
}

int http_head_request(const uint8_t *p, size_t len, struct http_head *out)
{
	struct reading r = {.head = out};
	out->field_count = 0;
	memset(out, 0, offsetof(struct http_head, fields));
	if (len > HTTP_HEAD_MAX)
		return ERR_TOO_BIG;
	if (len > 2 && *p == '\r')
		p += 2, len -= 2;
	const uint8_t *cr = memchr(p, '\r', len);
	struct http_span line = {(const char *)p, cr ? (size_t)(cr - p) : 0};
	if (!read_request_line(line, out) ||
	    !run_parser(cr + 2, len - line.len - 2, HTTP_REQUEST, &r))
		return ERR_SYNTAX;
	if (!trim_fields(out) || !read_options(out))
		return ERR_SYNTAX;
	if (read_request_body(&r, out) || read_host_and_target(out) || names_what_must_stay(out))
		return ERR_SYNTAX;
	out->keep_alive = read_keep_alive(out);
	out->upgrade = asks_upgrade(out);
	out->expect_continue = out->minor == 1 && lists(out, "expect", "100-continue");
	return 0;
}

/* A line that begins with white space goes on with the one before: its line end becomes white space
 * too. */
static void unfold(uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (p[i] != '\n' || (p[i + 1] != ' ' && p[i + 1] != '\t'))
			continue;
		p[i] = ' ';
		if (i && p[i - 1] == '\r')
			p[i - 1] = ' ';
	}
}

/* Whether a name that is none could pass for one that says where a message ends, or what becomes of
 * the connection, with a reader that overlooks what is odd in it: by its letters alone. */
static bool spells_framing(struct http_span name)
{
	static const char *const all[] = {"contentlength", "transferencoding", "connection",
					  "upgrade", "trailer"};
	char letters[20];
	size_t len = 0;
	for (size_t i = 0; i < name.len; i++) {
		char c = (char)(name.p[i] | 32);
		if (c < 'a' || c > 'z')
			continue;
		if (len == sizeof(letters) - 1)
			return false;
		letters[len++] = c;
	}
	letters[len] = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(letters, all[i]))
			return true;
	return false;
}

static bool begins_with_framing(struct http_span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	return spells_framing(
	    (struct http_span){line.p, colon ? (size_t)(colon - line.p) : line.len});
}

/* Control characters become blanks; false when a CR hides what some reader takes for a line. */
static bool blank_controls(struct http_span text)
{
	char *p = (char *)text.p;
	for (size_t i = 0; i < text.len; i++) {
		struct http_span rest = {p + i + 1, text.len - i - 1};
		if (p[i] == '\r' && begins_with_framing(rest))
			return false;
		if (((unsigned char)p[i] < ' ' && p[i] != '\t') || p[i] == 0x7f)
			p[i] = ' ';
	}
	return true;
}

enum line { LINE_TAKEN, LINE_DROPPED, LINE_BLURS };

/* A Content-Length that says once more what the first has said is dropped; "5, 5" becomes "5". */
static enum line mend_length(struct http_head *h, struct http_span value)
{
	struct http_span list = value, element;
	bool first = !h->has_length, any = false;
	uint64_t n;
	while (http_list_next(&list, &element)) {
		if (!read_number(element, &n) || (h->has_length && n != h->length))
			return LINE_BLURS;
		if (any)
			memset((char *)element.p, ' ', element.len);
		any = h->has_length = true;
		h->length = n;
	}
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == ',')
			((char *)value.p)[i] = ' ';
	return !any ? LINE_BLURS : first ? LINE_TAKEN : LINE_DROPPED;
}

static enum line mend_line(struct http_head *h, struct http_span line)
{
	const char *colon = memchr(line.p, ':', line.len);
	size_t len = colon ? (size_t)(colon - line.p) : line.len;
	struct http_span name = http_span_trim((struct http_span){line.p, len});
	if (line.p[0] == '\r')
		return LINE_BLURS; /* some reader's empty line */
	if (!colon || !http_is_token(name)) {
		if (!h->odd_lines++)
			snprintf(h->odd_line, sizeof(h->odd_line), "%.*s", (int)line.len, line.p);
		return spells_framing(name) ? LINE_BLURS : LINE_DROPPED;
	}
	memset((char *)name.p + name.len, ' ', (size_t)(colon - name.p) - name.len);
	struct http_span value = {colon + 1, line.len - len - 1};
	if (http_span_is(name, "content-length"))
		return mend_length(h, value);
	if (spells_framing(name))
		return LINE_TAKEN; /* the parser refuses what is odd in it */
	return blank_controls(value) ? LINE_TAKEN : LINE_BLURS;
}

/*
 * Mends in place what is odd in an answer and does not blur where its body ends, line by line
 * behind the first; what is taken moves up over what is dropped. Returns the length that is left;
 * 0: it blurs.
 */
static size_t mend(uint8_t *p, size_t len, struct http_head *h)
{
	size_t to = 0;
	for (size_t at = 0; at < len;) {
		const uint8_t *lf = memchr(p + at, '\n', len - at);
		size_t next = lf ? (size_t)(lf - p) + 1 : len;
		size_t end = next - 1 - (next > at + 1 && p[next - 2] == '\r');
		struct http_span line = {(const char *)p + at, end - at};
		enum line what = LINE_TAKEN;
		if (at == 0)
			what = blank_controls(line) ? LINE_TAKEN : LINE_BLURS;
		else if (line.len)
			what = mend_line(h, line);
		if (what == LINE_BLURS)
			return 0;
		if (what == LINE_TAKEN) {
			memmove(p + to, p + at, next - at);
			to += next - at;
		}
		at = next;
	}
	return to;
}

int http_head_response(uint8_t *p, size_t len, bool to_head, struct http_head *out)
{
	struct reading r = {.head = out};
	out->field_count = 0;
	memset(out, 0, offsetof(struct http_head, fields));
	unfold(p, len);
	len = mend(p, len, out);
	if (!len || !run_parser(p, len, HTTP_RESPONSE, &r))
		return ERR_SYNTAX;
	/* "Content-Length : 5" is handed on as it should have been (RFC 9112 section 5.1). */
	for (size_t i = 0; i < out->field_count; i++)
		out->fields[i].name = http_span_trim(out->fields[i].name);
	if (!trim_fields(out) || !read_options(out) || out->status < 100)
		return ERR_SYNTAX;
	/* Chunked, but not as the last coding, or twice: until the end of the connection for us,
	 * perhaps not for the next reader. */
	if (!r.chunked && lists(out, "transfer-encoding", "chunked"))
		return ERR_SYNTAX;
	if (out->reason.p)
		out->reason = http_span_trim(out->reason);
	out->keep_alive = read_keep_alive(out);
	out->upgrade = out->status == 101;
	bool bodyless = to_head || out->status < 200 || out->status == 204 || out->status == 304;
	if (bodyless)
		out->body = HTTP_BODY_NONE;
	else if (r.chunked)
		out->body = HTTP_BODY_CHUNKED;
	else if (!out->has_length || http_head_field(out, "transfer-encoding"))
		out->body = HTTP_BODY_CLOSE;
	else
		out->body = out->length ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	return 0;
}
