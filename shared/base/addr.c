/*
 * Every address enters by one of two functions, addr_from_sockaddr and addr_parse_ip. Both turn a
 * v4-mapped v6 address into v4, so all other code compares plain bytes.
 *
 * Whether an address may be published is decided by a table of special blocks (RFC 6890 and later):
 * an address is public when it is in none of them.
 *
 * A text that is no address gets its reason from addr_fault: a port or a mask too much, a v6
 * address that is none, a number above 255, a host name.
 */
#include "shared/base/addr.h"

#include "shared/base/err.h"
#include "shared/base/text.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void set_v4(struct addr *a, const void *ip)
{
	a->family = 4;
	memcpy(a->ip, ip, 4);
}

static void set_v6(struct addr *a, const uint8_t *ip, uint32_t scope)
{
	if (memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		set_v4(a, ip + sizeof(mapped_prefix));
		return;
	}
	a->family = 6;
	memcpy(a->ip, ip, 16);
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		a->scope = scope;
}

bool addr_from_sockaddr(struct addr *out, const struct sockaddr *sa)
{
	*out = (struct addr){0};
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		set_v4(out, &in.sin_addr);
		out->port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		set_v6(out, in6.sin6_addr.s6_addr, in6.sin6_scope_id);
		out->port = ntohs(in6.sin6_port);
	}
	return out->family != 0;
}

socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	if (a->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(a->port);
		in6->sin6_scope_id = a->scope;
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	}
	return 0;
}

struct addr addr_mapped(const struct addr *a)
{
	if (a->family != 4)
		return *a;
	struct addr six = {.family = 6, .port = a->port};
	memcpy(six.ip, mapped_prefix, sizeof(mapped_prefix));
	memcpy(six.ip + sizeof(mapped_prefix), a->ip, 4);
	return six;
}

static int parse_scope(const char *text, uint32_t *out)
{
	uint64_t index;
	if (text_uint(text, UINT32_MAX, &index) < 0)
		index = if_nametoindex(text);
	*out = (uint32_t)index;
	return index ? 0 : ERR_SYNTAX;
}

static int parse_v6(char *text, struct addr *out)
{
	uint8_t ip[16];
	uint32_t scope = 0;
	char *percent = strchr(text, '%');
	if (percent) {
		*percent = 0;
		if (parse_scope(percent + 1, &scope) < 0)
			return ERR_SYNTAX;
	}
	if (inet_pton(AF_INET6, text, ip) != 1)
		return ERR_SYNTAX;
	set_v6(out, ip, scope);
	return 0;
}

static int parse_ip(const char *text, size_t len, struct addr *out)
{
	char copy[ADDR_TEXT];
	uint8_t ip[4];
	bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
	*out = (struct addr){0};
	if (brackets) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(copy))
		return ERR_SYNTAX;
	memcpy(copy, text, len);
	copy[len] = 0;
	if (!brackets && inet_pton(AF_INET, copy, ip) == 1) {
		set_v4(out, ip);
		return 0;
	}
	return parse_v6(copy, out);
}

int addr_parse_ip(const char *text, struct addr *out)
{
	return parse_ip(text, strlen(text), out);
}

int addr_parse(const char *text, struct addr *out)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;
	*out = (struct addr){0};
	if (!colon || text_uint(colon + 1, 65535, &port) < 0)
		return ERR_SYNTAX;
	/* Without brackets the last group of a v6 address would pass for a port. */
	if (text[0] != '[' && strchr(text, ':') != colon)
		return ERR_SYNTAX;
	int rc = parse_ip(text, (size_t)(colon - text), out);
	if (rc == 0)
		out->port = (uint16_t)port;
	return rc;
}

bool addr_is_meant(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *label = dot ? dot + 1 : host;
	return *label && label[strspn(label, "0123456789")] == 0;
}

const char *addr_fault(const char *text)
{
	struct addr a;
	char name[256];
	if (addr_parse(text, &a) == 0)
		return "has a port, where an address alone is wanted";
	if (strchr(text, '/'))
		return "has a slash, where an address alone is wanted";
	if (strchr(text, ':'))
		return "is no IPv6 address";
	if (text[strspn(text, "0123456789.")] == 0 && addr_is_meant(text))
		return "is no address: that is four numbers from 0 to 255, as in 203.0.113.10";
	if (text_host(text, false, name) == 0 && !addr_is_meant(text))
		return "is a name, where an address such as 203.0.113.10 is wanted";
	return "is no address";
}

const char *addr_ip_text(const struct addr *a, char out[ADDR_TEXT])
{
	snprintf(out, ADDR_TEXT, "none");
	if (a->family != 4 && a->family != 6)
		return out;
	inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, out, ADDR_TEXT);
	if (a->scope) {
		size_t len = strlen(out);
		snprintf(out + len, ADDR_TEXT - len, "%%%u", a->scope);
	}
	return out;
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	char ip[ADDR_TEXT - 9];
	char whole[ADDR_TEXT];
	addr_ip_text(a, whole);
	memcpy(ip, whole, sizeof(ip));
	ip[sizeof(ip) - 1] = 0;
	snprintf(out, ADDR_TEXT, a->family == 6 ? "[%s]:%u" : "%s:%u", ip, a->port);
	return out;
}

bool addr_equal_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	       memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_equal_ip(a, b);
}

struct block {
	uint8_t family;
	uint8_t bits;
	uint8_t ip[4]; /* no block here is longer than 32 bits */
};

static const struct block private_blocks[] = {
    {4, 8, {10}}, {4, 12, {172, 16}}, {4, 16, {192, 168}}, {6, 7, {0xfc}}};
static const struct block carrier_blocks[] = {{4, 10, {100, 64}}};
static const struct block documentation_blocks[] = {{4, 24, {192, 0, 2}},
						    {4, 24, {198, 51, 100}},
						    {4, 24, {203, 0, 113}},
						    {6, 32, {0x20, 0x01, 0x0d, 0xb8}}};
/* "This" network and loopback, link-local, multicast, reserved. */
static const struct block special_blocks[] = {
    {4, 8, {0}},   {4, 8, {127}}, {4, 16, {169, 254}},   {4, 4, {224}},
    {4, 4, {240}}, {6, 8, {0}},   {6, 10, {0xfe, 0x80}}, {6, 8, {0xff}}};

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;
	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

static bool in_blocks(const struct addr *a, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (blocks[i].family == a->family && same_bits(blocks[i].ip, a->ip, blocks[i].bits))
			return true;
	return false;
}

#define IN_BLOCKS(a, blocks) in_blocks(a, blocks, sizeof(blocks) / sizeof((blocks)[0]))

static bool is_zero(const uint8_t *p, size_t len)
{
	while (len && p[len - 1] == 0)
		len--;
	return len == 0;
}

bool addr_is_any(const struct addr *a)
{
	return a->family != 0 && is_zero(a->ip, a->family == 4 ? 4 : 16);
}

bool addr_is_loopback(const struct addr *a)
{
	if (a->family == 4)
		return a->ip[0] == 127;
	return a->family == 6 && is_zero(a->ip, 15) && a->ip[15] == 1;
}

bool addr_is_private(const struct addr *a)
{
	return IN_BLOCKS(a, private_blocks);
}

bool addr_is_carrier(const struct addr *a)
{
	return IN_BLOCKS(a, carrier_blocks);
}

bool addr_is_documentation(const struct addr *a)
{
	return IN_BLOCKS(a, documentation_blocks);
}

bool addr_is_public(const struct addr *a)
{
	return a->family != 0 && !addr_is_private(a) && !addr_is_carrier(a) &&
	       !addr_is_documentation(a) && !IN_BLOCKS(a, special_blocks);
}

static void clear_host_bits(struct addr *a, unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
		if (kept < 8)
			a->ip[i] &= (uint8_t)(0xff00 >> kept);
	}
}

int cidr_parse(const char *text, struct cidr *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	*out = (struct cidr){0};
	int rc = parse_ip(text, len, &out->net);
	if (rc < 0)
		return rc;
	/* A v4-mapped network is a v4 one: its first 96 bits are the mapping. */
	unsigned mapped = out->net.family == 4 && memchr(text, ':', len) ? 96 : 0;
	unsigned max = (out->net.family == 4 ? 32 : 128) + mapped;
	uint64_t bits = max;
	if (slash && text_uint(slash + 1, max, &bits) < 0)
		return ERR_SYNTAX;
	if (bits < mapped)
		return ERR_SYNTAX;
	out->bits = (uint8_t)(bits - mapped);
	struct addr bare = out->net;
	clear_host_bits(&bare, out->bits);
	return addr_equal_ip(&bare, &out->net) ? 0 : ERR_SYNTAX;
}

bool cidr_contains(const struct cidr *c, const struct addr *a)
{
	return c->net.family == a->family && same_bits(c->net.ip, a->ip, c->bits);
}

struct addr addr_prefix(const struct addr *a, unsigned v4_bits, unsigned v6_bits)
{
	struct addr prefix = *a;
	prefix.port = 0;
	clear_host_bits(&prefix, prefix.family == 4 ? v4_bits : v6_bits);
	return prefix;
}

struct addr addr_source(const struct addr *a)
{
	return addr_prefix(a, 32, 64);
}

static int parse_range(const char *text, size_t len, uint16_t *first, uint16_t *last)
{
	char copy[16];
	uint64_t low, high;
	if (len >= sizeof(copy))
		return ERR_SYNTAX;
	memcpy(copy, text, len);
	copy[len] = 0;
	char *dash = strchr(copy, '-');
	if (dash)
		*dash = 0;
	if (text_uint(copy, 65535, &low) < 0 || text_uint(dash ? dash + 1 : copy, 65535, &high) < 0)
		return ERR_SYNTAX;
	if (low < 1 || high < low)
		return ERR_SYNTAX;
	*first = (uint16_t)low;
	*last = (uint16_t)high;
	return 0;
}

static const char *too_many_colons(const char *text)
{
	bool is_ipv6 = text[strspn(text, "0123456789abcdefABCDEF:.")] == '\0';
	return is_ipv6 ? "is an IPv6 address without brackets: write [ADDRESS]:PORT"
		       : "has two colons, where HOST:PORT has one";
}

static const char *endpoint_fault(const char *text, struct endpoint *out)
{
	const char *colon = strrchr(text, ':');
	const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	char host[sizeof(out->host)];
	if (strstr(text, "://"))
		return "is a URL, where HOST:PORT is wanted";
	if (strchr(text, '/'))
		return "has a slash, where HOST:PORT is wanted";
	if (text[0] == '[' ? !bracket || !bracket[1] : !colon)
		return text[0] == '[' && !bracket ? "has no closing bracket" : "names no port";
	if (text[0] == '[' ? colon != bracket + 1 : strchr(text, ':') != colon)
		return text[0] == '[' ? "is not [ADDRESS]:PORT" : too_many_colons(text);
	size_t len = (size_t)(colon - text);
	if (len == 0)
		return "names no host";
	if (!colon[1])
		return "names no port";
	if (parse_range(colon + 1, strlen(colon + 1), &out->first, &out->last) < 0)
		return "names a port that is not 1 to 65535, or a range that is not FIRST-LAST";
	if (len >= sizeof(host))
		return "names a host that is too long";
	memcpy(host, text, len);
	host[len] = 0;
	if (parse_ip(host, len, &out->addr) == 0) {
		out->numeric = true;
		out->addr.port = out->first;
		addr_ip_text(&out->addr, out->host);
		return NULL;
	}
	if (bracket || addr_is_meant(host))
		return "names a host that is no address";
	return text_host(host, false, out->host) < 0
		   ? "names a host that is neither a name nor an address"
		   : NULL;
}

int endpoint_parse(const char *text, struct endpoint *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	const char *fault = endpoint_fault(text, out);
	if (fault)
		*why = fault;
	return fault ? ERR_SYNTAX : 0;
}

int ports_parse_one(const char *text, struct ports_range *out)
{
	const char *slash = strchr(text, '/');
	out->protocols = PORTS_TCP;
	if (slash && strcmp(slash, "/udp") == 0)
		out->protocols = PORTS_UDP;
	else if (slash && strcmp(slash, "/both") == 0)
		out->protocols = PORTS_TCP | PORTS_UDP;
	else if (slash && strcmp(slash, "/tcp") != 0)
		return ERR_SYNTAX;
	return parse_range(text, slash ? (size_t)(slash - text) : strlen(text), &out->first,
			   &out->last);
}

const char *ports_text(const struct ports_range *r, char out[PORTS_TEXT])
{
	static const char *const kinds[] = {"", "", "/udp", "/both"};
	char last[8] = "";
	if (r->last != r->first)
		snprintf(last, sizeof last, "-%u", (unsigned)r->last);
	snprintf(out, PORTS_TEXT, "%u%s%s", (unsigned)r->first, last, kinds[r->protocols & 3]);
	return out;
}

static int by_first(const void *a, const void *b)
{
	const struct ports_range *one = a, *other = b;
	return (int)one->first - (int)other->first;
}

void ports_sort(struct ports_range *list, size_t count)
{
	if (count)
		qsort(list, count, sizeof(*list), by_first);
}

bool ports_allow(const struct ports_range *list, size_t count, enum ports_protocol protocol,
		 uint16_t first, uint16_t last)
{
	uint32_t next = first; /* the first port not yet found allowed */
	for (size_t i = 0; i < count && list[i].first <= next && next <= last; i++)
		if ((list[i].protocols & protocol) && next <= list[i].last)
			next = (uint32_t)list[i].last + 1;
	return next > last;
}
