/*
 * The head of an HTTP/1.x message: where it ends, and what it says. This is the only reader of
 * heads, for server, client and gateway. http-parser reads the fields and stays behind this header;
 * what it cannot read (methods of today) or lets pass and a gateway must not (every known way to
 * make two readers see two different messages) is dealt with here. Pure.
 *
 * A request is read strictly: an ambiguous one is an error. An answer comes from a service that its
 * owner chose, often an old camera. There line ends and folded lines are forgiven, and oddities
 * mended; only what would blur where the body ends is an error.
 */
#ifndef GROUNDNUT_HTTP_HTTP_HEAD_H
#define GROUNDNUT_HTTP_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_HEAD_MAX = 32 * 1024, /* of a request, all of it */
	HTTP_LINE_MAX = 8 * 1024,  /* its first line */
	HTTP_ANSWER_HEAD_MAX = 64 * 1024,
	HTTP_FIELDS_MAX = 256,
	HTTP_OPTIONS_MAX = 32, /* named by Connection */
};

/* for what a visitor sends, for what a service answers */
enum http_strictness { HTTP_STRICT, HTTP_LENIENT };

/* Finds a head's end in bytes that come bit by bit, looking at each byte once. */
struct http_scan {
	enum http_strictness how;
	size_t line;    /* where the line being looked at begins */
	size_t at;      /* looked at up to here */
	unsigned lines; /* that have ended so far; 1 at the start: of trailers */
};

void http_scan_init(struct http_scan *s, enum http_strictness how);
/* p, len: all bytes from the head's first. > 0: the head's length, with its empty line; 0: not
 * there yet; ERR_SYNTAX; ERR_TOO_BIG. One empty line before a request belongs to its head (RFC 9112
 * section 2.2). */
int http_scan(struct http_scan *s, const uint8_t *p, size_t len);

/* A run of bytes inside the head that was parsed; not NUL-terminated. */
struct http_span {
	const char *p;
	size_t len;
};

struct http_field {
	struct http_span name, value; /* value without white space around it */
};

enum http_body {
	HTTP_BODY_NONE,
	HTTP_BODY_LENGTH, /* length bytes (more than 0) */
	HTTP_BODY_CHUNKED,
	HTTP_BODY_CLOSE, /* response only: until the connection ends */
};

struct http_head {
	uint8_t minor; /* HTTP/1.minor: 0 or 1 */
	enum http_body body;
	uint64_t length;
	bool has_length;                            /* Content-Length was there; it may be 0 */
	bool keep_alive;                            /* by version and Connection */
	struct http_span options[HTTP_OPTIONS_MAX]; /* what Connection names */
	size_t option_count;
	/* Of a request: */
	struct http_span method;
	/* origin form (or "*"), also when the visitor sent an absolute URL */
	struct http_span target;
	bool target_is_bare;        /* an absolute URL without a path: "/" belongs before target */
	struct http_span host_text; /* as sent, with its port */
	/* lower case, without port, final dot and brackets; "" when there is none (only HTTP/1.0
	 * may) */
	char host[256];
	uint16_t port; /* 0: not given */
	/* an absolute URL names another host than Host does: no request for who goes by either */
	bool two_hosts;
	/* it asks to go on in another protocol behind its body (h2c never counts as one: that would
	 * carry requests past us) */
	bool upgrade;
	bool expect_continue;
	/* Of a response: */
	unsigned status;
	struct http_span reason;
	unsigned odd_lines; /* dropped, since their names are none */
	char odd_line[80];  /* the first of them, or its beginning */
	size_t field_count;
	struct http_field fields[HTTP_FIELDS_MAX];
};

/* p, len: exactly what http_scan found; must live as long as out is used. 0, ERR_SYNTAX (answer
 * 400) or ERR_TOO_BIG (431). */
int http_head_request(const uint8_t *p, size_t len, struct http_head *out);
/* What is odd in it and does not blur where the body ends is mended in place: folded lines,
 * control characters, a Content-Length said twice, lines whose names are none. to_head: it
 * answers a HEAD request, so no body follows. 0 or ERR_SYNTAX (502). */
int http_head_response(uint8_t *p, size_t len, bool to_head, struct http_head *out);

/* exactly that method: methods have a case */
bool http_head_asks(const struct http_head *h, const char *method);
/* the first of that name, any case, or NULL */
const struct http_field *http_head_field(const struct http_head *h, const char *name);
/* does Connection name it? */
bool http_head_has_option(const struct http_head *h, struct http_span name);
/* any case */
bool http_span_is(struct http_span s, const char *text);
struct http_span http_span_trim(struct http_span s); /* white space around it */
/* The next element of a comma list, white space trimmed; false at its end. *list moves on. */
bool http_list_next(struct http_span *list, struct http_span *element);
bool http_is_token(struct http_span s); /* RFC 9110's token, not empty */

#endif
