/*
 * Lists are split at every comma, also inside quotes: what a visitor has written on the left, such
 * as one lone quote, must not swallow what a proxy has appended. No address has a comma in it.
 */
#include "shared/http/forwarded.h"

#include <string.h>
#include <strings.h>

enum { HOPS_MAX = 64 };

/* The last elements of a list that may go on over several fields. */
struct hops {
	struct http_span list[HOPS_MAX]; /* a ring */
	size_t seen, count;
};

static void read_hops(const struct http_head *h, const char *name, struct hops *out)
{
	out->seen = 0;
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_span list = h->fields[i].value, element;
		if (!http_span_is(h->fields[i].name, name))
			continue;
		while (http_list_next(&list, &element))
			out->list[out->seen++ % HOPS_MAX] = element;
	}
	out->count = out->seen < HOPS_MAX ? out->seen : HOPS_MAX;
}

/* from the right, which is 0; there are count of them */
static struct http_span hop_at(const struct hops *hops, size_t i)
{
	return hops->list[(hops->seen - 1 - i) % HOPS_MAX];
}

static struct http_span unquoted(struct http_span s)
{
	if (s.len > 1 && s.p[0] == '"' && s.p[s.len - 1] == '"')
		return (struct http_span){s.p + 1, s.len - 2};
	return s;
}

/* An address, with or without a port, brackets and quotes. */
static bool read_address(struct http_span s, struct addr *out)
{
	char text[ADDR_TEXT];
	s = unquoted(s);
	if (!s.len || s.len >= sizeof(text) || memchr(s.p, 0, s.len))
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = 0;
	return (!addr_parse_ip(text, out) || !addr_parse(text, out)) && !out->scope;
}

/* The value of one parameter of a Forwarded element; nothing: it is not there, or twice. */
static struct http_span parameter(struct http_span element, const char *name)
{
	struct http_span value = {0};
	size_t len = strlen(name), found = 0;
	while (element.len) {
		const char *end = memchr(element.p, ';', element.len);
		struct http_span one = {element.p, end ? (size_t)(end - element.p) : element.len};
		element.p += one.len + (end ? 1 : 0);
		element.len -= one.len + (end ? 1 : 0);
		one = http_span_trim(one);
		if (one.len > len && one.p[len] == '=' && !strncasecmp(one.p, name, len)) {
			value = (struct http_span){one.p + len + 1, one.len - len - 1};
			found++;
		}
	}
	return found == 1 ? value : (struct http_span){0};
}

static const char *scheme(struct http_span s, const char *otherwise)
{
	s = unquoted(s);
	if (http_span_is(s, "https") || http_span_is(s, "wss"))
		return "https";
	return http_span_is(s, "http") || http_span_is(s, "ws") ? "http" : otherwise;
}

bool forwarded_trusts(const struct forwarded_trust *t, const struct addr *peer)
{
	for (size_t i = 0; i < t->count; i++)
		if (cidr_contains(&t->proxies[i], peer))
			return true;
	return false;
}

struct forwarded forwarded_read(const struct forwarded_trust *t, const struct http_head *h,
				const struct addr *peer, const char *proto)
{
	struct forwarded f = {.visitor = *peer, .proto = proto};
	struct hops hops, protos;
	size_t hop = 0;
	read_hops(h, t->by_forwarded ? "forwarded" : "x-forwarded-for", &hops);
	while (hop < hops.count && forwarded_trusts(t, &f.visitor)) {
		struct http_span entry = hop_at(&hops, hop);
		struct addr a;
		if (!read_address(t->by_forwarded ? parameter(entry, "for") : entry, &a))
			break;
		f.visitor = a;
		hop++;
	}
	if (!forwarded_trusts(t, peer))
		return f;
	/* What the proxy said that named the visitor; where none did, what the peer says. */
	size_t said = hop ? hop - 1 : 0;
	if (t->by_forwarded) {
		if (said < hops.count)
			f.proto = scheme(parameter(hop_at(&hops, said), "proto"), proto);
		return f;
	}
	read_hops(h, "x-forwarded-proto", &protos);
	if (protos.count)
		f.proto =
		    scheme(hop_at(&protos, said < protos.count ? said : protos.count - 1), proto);
	return f;
}
