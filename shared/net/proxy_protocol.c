/*
 * Writing builds the whole header at once. Reading is given all bytes from the first on and is
 * asked again when more have come: the first byte tells version 1 (a line of text) from version 2
 * (a fixed head, then addresses and types).
 *
 *	0     more bytes are needed
 *	> 0   the header's length; a header that names no visitor ("UNKNOWN", LOCAL) is whole, too
 *	< 0   this is no such header, or it is longer than the protocol allows
 *
 * proxy_protocol_take does this on an io: it leaves what comes behind the header unread, and makes
 * the addresses of the header those of the io.
 */
#include "shared/net/proxy_protocol.h"

#include "shared/base/err.h"
#include "shared/base/wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

enum { V1_MAX = 108 }; /* 107 in the specification, and a NUL */
enum { V2_HEADER = 16, TYPE_AUTHORITY = 2, TYPE_SSL = 0x20, CLIENT_SSL = 1 };

static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', 0,   '\r',
				      '\n', 'Q',  'U',  'I',  'T', '\n'};

static size_t write_v1(const struct addr *from, const struct addr *to, uint8_t *out)
{
	char line[V1_MAX], from_ip[INET6_ADDRSTRLEN], to_ip[INET6_ADDRSTRLEN];
	int len;
	if (from->family) {
		int family = from->family == 4 ? AF_INET : AF_INET6;
		inet_ntop(family, from->ip, from_ip, sizeof(from_ip));
		inet_ntop(family, to->ip, to_ip, sizeof(to_ip));
		len = snprintf(line, sizeof(line), "PROXY TCP%c %s %s %u %u\r\n",
			       from->family == 4 ? '4' : '6', from_ip, to_ip, from->port, to->port);
	} else {
		len = snprintf(line, sizeof(line), "PROXY UNKNOWN\r\n");
	}
	assert(len > 0 && len < V1_MAX);
	memcpy(out, line, (size_t)len);
	return (size_t)len;
}

static size_t write_v2(enum proxy_transport transport, const struct addr *from,
		       const struct addr *to, const char *authority, uint8_t *out)
{
	size_t ip_len = from->family == 4 ? 4 : from->family == 6 ? 16 : 0;
	size_t name_len = authority ? strlen(authority) : 0;
	if (name_len > 255)
		name_len = 0;
	size_t rest = (ip_len ? 2 * ip_len + 4 : 0) + (name_len ? 3 + name_len : 0);
	memcpy(out, signature, sizeof(signature));
	out[12] = ip_len ? 0x21 : 0x20;
	out[13] =
	    (uint8_t)(!ip_len ? 0 : (ip_len == 4 ? 0x10 : 0x20) | (transport == PROXY_TCP ? 1 : 2));
	out[14] = (uint8_t)(rest >> 8);
	out[15] = (uint8_t)rest;
	struct wire w = wire_over(out + V2_HEADER, rest);
	if (ip_len) {
		wire_put_bytes(&w, from->ip, ip_len);
		wire_put_bytes(&w, to->ip, ip_len);
		wire_put_u16(&w, from->port);
		wire_put_u16(&w, to->port);
	}
	if (name_len) {
		wire_put_u8(&w, TYPE_AUTHORITY);
		wire_put_u16(&w, (uint16_t)name_len);
		wire_put_bytes(&w, authority, name_len);
	}
	assert(wire_ok(&w) && !w.left);
	return V2_HEADER + rest;
}

size_t proxy_protocol_write(unsigned version, enum proxy_transport transport,
			    const struct addr *from, const struct addr *to, const char *authority,
			    uint8_t out[PROXY_PROTOCOL_MAX])
{
	struct addr a = *from, b = *to;
	assert(version == 1 || version == 2);
	if (!a.family || !b.family)
		a.family = b.family = 0;
	else if (a.family != b.family)
		*(a.family == 4 ? &a : &b) = addr_mapped(a.family == 4 ? &a : &b);
	if (version == 2)
		return write_v2(transport, &a, &b, authority, out);
	return transport == PROXY_TCP ? write_v1(&a, &b, out) : 0;
}

/* --- reading --- */

/* One of the words of a line, which is a C string; NULL: there is none, or more than one blank. */
static char *next_word(char **line)
{
	char *word = strsep(line, " ");
	return word && *word ? word : NULL;
}

static bool read_end(char *ip, char *port, unsigned family, struct addr *out)
{
	char *end;
	if (!ip || !port || strchr(ip, '[') || addr_parse_ip(ip, out) || out->scope)
		return false;
	/* Of a v6 pair one may be v4-mapped, which is v4 everywhere here. */
	if (out->family != family && (family == 4 || !strchr(ip, ':')))
		return false;
	unsigned long n = strtoul(port, &end, 10);
	out->port = (uint16_t)n;
	return *port >= '0' && *port <= '9' && !*end && n <= 65535;
}

static int read_v1(const uint8_t *p, size_t len, struct proxy_header *out)
{
	char text[V1_MAX], *line = text;
	size_t most = len < V1_MAX - 1 ? len : V1_MAX - 1;
	const uint8_t *lf = memchr(p, '\n', most);
	if (!lf)
		return most < V1_MAX - 1 ? 0 : ERR_TOO_BIG;
	size_t end = (size_t)(lf - p);
	if (p[end - 1] != '\r' || memchr(p, 0, end))
		return ERR_SYNTAX;
	memcpy(text, p, end - 1);
	text[end - 1] = 0;
	next_word(&line); /* PROXY */
	char *kind = next_word(&line);
	if (!kind)
		return ERR_SYNTAX;
	if (strcmp(kind, "UNKNOWN") != 0) {
		unsigned family = !strcmp(kind, "TCP4") ? 4 : !strcmp(kind, "TCP6") ? 6 : 0;
		char *from = next_word(&line), *to = next_word(&line);
		char *from_port = next_word(&line), *to_port = next_word(&line);
		if (!family || line || !read_end(from, from_port, family, &out->from) ||
		    !read_end(to, to_port, family, &out->to))
			return ERR_SYNTAX;
		out->stated = true;
	}
	return (int)end + 1;
}

/* The address behind ip, which is network order; v4-mapped ones are v4. */
static struct addr address(const uint8_t *ip, size_t len, uint16_t port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct addr a = {.family = 4, .port = port};
	if (len == 4) {
		memcpy(a.ip, ip, 4);
		return a;
	}
	memcpy(&six.sin6_addr, ip, 16);
	addr_from_sockaddr(&a, (const struct sockaddr *)&six);
	return a;
}

/* What else it says: whether the visitor came over TLS. */
static bool read_types(struct wire *w, struct proxy_header *out)
{
	while (w->left && wire_ok(w)) {
		unsigned type = wire_get_u8(w);
		size_t len = wire_get_u16(w);
		const uint8_t *value = wire_skip(w, len);
		if (value && type == TYPE_SSL && len)
			out->tls = value[0] & CLIENT_SSL;
	}
	return wire_ok(w);
}

static int read_v2(const uint8_t *p, size_t len, struct proxy_header *out)
{
	if (len < V2_HEADER)
		return 0;
	size_t rest = (size_t)p[14] << 8 | p[15];
	size_t ip_len = p[13] == 0x11 ? 4 : p[13] == 0x21 ? 16 : 0;
	if ((p[12] & 0xfe) != 0x20)
		return ERR_SYNTAX;
	if (rest > PROXY_PROTOCOL_READ_MAX - V2_HEADER)
		return ERR_TOO_BIG;
	if (len < V2_HEADER + rest)
		return 0;
	/* LOCAL, or a family that is none of a TCP connection's: the peer itself */
	if (p[12] == 0x21 && ip_len) {
		struct wire w = wire_over(p + V2_HEADER, rest);
		const uint8_t *from = wire_skip(&w, ip_len), *to = wire_skip(&w, ip_len);
		uint16_t from_port = wire_get_u16(&w), to_port = wire_get_u16(&w);
		if (!wire_ok(&w) || !read_types(&w, out))
			return ERR_SYNTAX;
		out->from = address(from, ip_len, from_port);
		out->to = address(to, ip_len, to_port);
		out->stated = true;
	}
	return (int)(V2_HEADER + rest);
}

int proxy_protocol_read(const uint8_t *p, size_t len, struct proxy_header *out)
{
	static const char word[] = "PROXY ";
	size_t v1 = len < sizeof(word) - 1 ? len : sizeof(word) - 1;
	size_t v2 = len < sizeof(signature) ? len : sizeof(signature);
	*out = (struct proxy_header){0};
	if (!len)
		return 0;
	if (!memcmp(p, word, v1))
		return read_v1(p, len, out);
	return memcmp(p, signature, v2) != 0 ? ERR_SYNTAX : read_v2(p, len, out);
}

int proxy_protocol_take(struct io *io, struct buf *in, struct proxy_header *out)
{
	for (;;) {
		size_t room = PROXY_PROTOCOL_READ_MAX - buf_len(in);
		ssize_t n = room ? io_read(io, buf_reserve(in, room), room) : ERR_TOO_BIG;
		if (n == UV_EAGAIN)
			return 0;
		if (n <= 0)
			return n < 0 ? (int)n : ERR_CLOSED;
		buf_commit(in, (size_t)n);
		int len = proxy_protocol_read(buf_data(in), buf_len(in), out);
		if (len < 0)
			return len;
		if (len > 0) {
			buf_take(in, (size_t)len);
			if (buf_len(in))
				io_unread(io, buf_data(in), buf_len(in));
			buf_fini(in);
			if (out->stated)
				io_set_ends(io, &out->from, &out->to);
			return 1;
		}
	}
}
