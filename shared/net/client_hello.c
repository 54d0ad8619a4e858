#include "shared/net/client_hello.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/wire.h"

#include <string.h>

enum { RECORD_HEADER = 5, RECORD_HANDSHAKE = 22, RECORD_ALERT = 21, RECORD_MAX = 1 << 14 };
enum { HANDSHAKE_HEADER = 4, CLIENT_HELLO = 1 };
enum { EXTENSION_SERVER_NAME = 0, EXTENSION_ALPN = 16, NAME_IS_HOST = 0 };

void client_hello_init(struct client_hello *s)
{
	memset(s, 0, sizeof(*s));
}

/* A list inside w with its own length in front: a cursor over exactly that. */
static struct wire inner(struct wire *w, unsigned length_bytes)
{
	size_t len = wire_get(w, length_bytes);
	const uint8_t *p = wire_skip(w, len);
	struct wire in = wire_over(p, p ? len : 0);
	in.bad = !p;
	return in;
}

static bool read_server_name(struct client_hello *s, struct wire ext)
{
	struct wire names = inner(&ext, 2);
	bool seen = false;
	if (!wire_ok(&names) || ext.left || !names.left)
		return false;
	while (names.left) {
		uint8_t type = wire_get_u8(&names);
		struct wire name = inner(&names, 2);
		if (!wire_ok(&name) || !name.left)
			return false;
		if (type != NAME_IS_HOST)
			continue;
		if (seen)
			return false;
		seen = true;
		char text[256];
		if (name.left >= sizeof(text) || memchr(name.p, 0, name.left))
			continue;
		memcpy(text, name.p, name.left);
		text[name.left] = 0;
		if (text_host(text, false, s->host))
			s->host[0] = 0;
	}
	return true;
}

static bool read_alpn(struct client_hello *s, struct wire ext)
{
	struct wire names = inner(&ext, 2);
	bool room = true;
	if (!wire_ok(&names) || ext.left || !names.left)
		return false;
	while (names.left) {
		struct wire name = inner(&names, 1);
		if (!wire_ok(&name) || !name.left)
			return false;
		room = room && s->alpn_len + 1 + name.left <= sizeof(s->alpn);
		if (!room)
			continue;
		memcpy(s->alpn + s->alpn_len, name.p - 1, 1 + name.left);
		s->alpn_len += (uint16_t)(1 + name.left);
	}
	return true;
}

static bool read_extensions(struct client_hello *s, struct wire list)
{
	bool had_name = false, had_alpn = false;
	while (list.left) {
		uint16_t type = wire_get_u16(&list);
		struct wire ext = inner(&list, 2);
		bool *had = type == EXTENSION_SERVER_NAME ? &had_name
			    : type == EXTENSION_ALPN      ? &had_alpn
							  : NULL;
		if (!wire_ok(&ext) || (had && *had))
			return false;
		if (!had)
			continue;
		*had = true;
		if (!(type == EXTENSION_ALPN ? read_alpn : read_server_name)(s, ext))
			return false;
	}
	return true;
}

static enum client_hello_result read_hello(struct client_hello *s, const uint8_t *p, size_t len)
{
	struct wire w = wire_over(p, len);
	wire_skip(&w, HANDSHAKE_HEADER);
	uint16_t version = wire_get_u16(&w);
	wire_skip(&w, 32);
	struct wire session = inner(&w, 1);
	struct wire ciphers = inner(&w, 2);
	struct wire compression = inner(&w, 1);
	if (!wire_ok(&w) || version >> 8 != 3 || session.left > 32 || !ciphers.left ||
	    ciphers.left % 2 || !compression.left)
		return CLIENT_HELLO_MALFORMED;
	if (w.left) {
		struct wire extensions = inner(&w, 2);
		if (!wire_ok(&w) || w.left || !read_extensions(s, extensions)) {
			s->host[0] = 0;
			return CLIENT_HELLO_MALFORMED;
		}
	}
	return s->host[0] ? CLIENT_HELLO_HOST : CLIENT_HELLO_NO_NAME;
}

/* The hello out of its records; in place when the first holds it all. */
static enum client_hello_result gather(struct client_hello *s, const uint8_t *p)
{
	size_t first = (size_t)p[3] << 8 | p[4];
	if (first >= s->total)
		return read_hello(s, p + RECORD_HEADER, s->total);
	uint8_t *hello = mem_alloc(s->total);
	for (size_t at = 0, done = 0; done < s->total;) {
		size_t n = (size_t)p[at + 3] << 8 | p[at + 4];
		size_t wanted = n < s->total - done ? n : s->total - done;
		memcpy(hello + done, p + at + RECORD_HEADER, wanted);
		done += wanted;
		at += RECORD_HEADER + n;
	}
	enum client_hello_result r = read_hello(s, hello, s->total);
	mem_free(hello);
	return r;
}

/* The handshake's own header, which may be cut over records like anything else; false: this is no
 * hello we take. */
static bool read_total(struct client_hello *s, const uint8_t *p)
{
	uint8_t header[HANDSHAKE_HEADER] = {0};
	size_t got = 0;
	for (size_t at = 0; got < sizeof(header);
	     at += RECORD_HEADER + ((size_t)p[at + 3] << 8 | p[at + 4])) {
		size_t n = (size_t)p[at + 3] << 8 | p[at + 4];
		for (size_t i = 0; i < n && got < sizeof(header); i++)
			header[got++] = p[at + RECORD_HEADER + i];
	}
	s->total =
	    HANDSHAKE_HEADER + ((size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3]);
	return header[0] == CLIENT_HELLO && s->total <= HANDSHAKE_HEADER + CLIENT_HELLO_HELLO_MAX;
}

enum client_hello_result client_hello_read(struct client_hello *s, const uint8_t *p, size_t len)
{
	while (len > s->at) {
		const uint8_t *record = p + s->at;
		size_t left = len - s->at;
		if (record[0] != RECORD_HANDSHAKE || (left > 1 && record[1] != 3))
			return CLIENT_HELLO_MALFORMED;
		if (left < RECORD_HEADER)
			break;
		size_t n = (size_t)record[3] << 8 | record[4];
		if (!n || n > RECORD_MAX || s->at + RECORD_HEADER + n > CLIENT_HELLO_BYTES_MAX)
			return CLIENT_HELLO_MALFORMED;
		/* A stranger that speaks something else is known by the first byte inside. */
		if (!s->have && left > RECORD_HEADER && record[RECORD_HEADER] != CLIENT_HELLO)
			return CLIENT_HELLO_MALFORMED;
		if (left < RECORD_HEADER + n)
			break;
		s->at += RECORD_HEADER + n;
		s->have += n;
		if (!s->total && s->have >= HANDSHAKE_HEADER && !read_total(s, p))
			return CLIENT_HELLO_MALFORMED;
		if (s->total && s->have >= s->total)
			return gather(s, p);
	}
	return CLIENT_HELLO_MORE;
}

bool client_hello_has_alpn(const struct client_hello *s, const char *name)
{
	size_t len = strlen(name);
	for (size_t at = 0; at < s->alpn_len; at += 1 + (size_t)s->alpn[at])
		if (s->alpn[at] == len && !memcmp(s->alpn + at + 1, name, len))
			return true;
	return false;
}

bool client_hello_offers_only(const struct client_hello *s, const char *name)
{
	return s->alpn_len == 1 + strlen(name) && client_hello_has_alpn(s, name);
}

void client_hello_write_alert(enum client_hello_alert alert, uint8_t out[CLIENT_HELLO_ALERT_LEN])
{
	const uint8_t bytes[CLIENT_HELLO_ALERT_LEN] = {RECORD_ALERT, 3, 3, 0, 2, 2, (uint8_t)alert};
	memcpy(out, bytes, sizeof(bytes));
}
