/*
 * Internet addresses: parsing, writing, comparing, and which of them may be shown to the world.
 * v4-mapped v6 addresses become v4 wherever an address enters (addr_from_sockaddr, addr_parse).
 */
#ifndef GROUNDNUT_BASE_ADDR_H
#define GROUNDNUT_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDR_TEXT = 64 }; /* enough for "[v6%scope]:65535" and its NUL */

struct addr {
	uint8_t family; /* 4, 6, or 0: none */
	uint8_t ip[16]; /* network order; v4 in the first four */
	uint16_t port;  /* host order; 0 where there is none */
	uint32_t scope; /* v6 link-local interface index, else 0 */
};

struct cidr {
	struct addr net; /* host bits are zero */
	uint8_t bits;
};

bool addr_from_sockaddr(struct addr *out, const struct sockaddr *sa); /* false: neither v4 nor v6 */
socklen_t addr_to_sockaddr(const struct addr *a, struct sockaddr_storage *out);
/* v4 as v4-mapped v6, for what knows v6 only; v6 as it is */
struct addr addr_mapped(const struct addr *a);

/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; 0 or ERR_SYNTAX */
int addr_parse_ip(const char *text, struct addr *out);
/* What is wrong with a text that addr_parse_ip() refuses, as a phrase that follows it: "is no
 * address: …". */
const char *addr_fault(const char *text);
/* Whether a host ends in a number, as an address does and a name never: "192.168.1.300". */
bool addr_is_meant(const char *host);
/* "192.0.2.1:80", "[::]:7000"; the port is required */
int addr_parse(const char *text, struct addr *out);
/* without brackets and port; returns out */
const char *addr_ip_text(const struct addr *a, char out[ADDR_TEXT]);
/* "192.0.2.1:80", "[2001:db8::1]:80"; returns out */
const char *addr_text(const struct addr *a, char out[ADDR_TEXT]);
bool addr_equal_ip(const struct addr *a, const struct addr *b);
bool addr_equal(const struct addr *a, const struct addr *b); /* with the port */
bool addr_is_any(const struct addr *a);                      /* 0.0.0.0 or :: */
bool addr_is_loopback(const struct addr *a);
/* Whether it may be published as a name's address: false for private, carrier, documentation,
 * multicast and other special addresses. */
bool addr_is_public(const struct addr *a);
bool addr_is_private(const struct addr *a); /* RFC 1918 or fc00::/7 */
bool addr_is_carrier(const struct addr *a); /* 100.64/10 */
bool addr_is_documentation(const struct addr *a);

/* "198.51.100.0/24", "2001:db8::/32", or a bare address; 0 or ERR_SYNTAX (also for set host
 * bits) */
int cidr_parse(const char *text, struct cidr *out);
bool cidr_contains(const struct cidr *c, const struct addr *a);
/* The first bits of it, and no port. */
struct addr addr_prefix(const struct addr *a, unsigned v4_bits, unsigned v6_bits);
/* The prefix that stands for "one source": the address for v4, its /64 for v6; port 0. */
struct addr addr_source(const struct addr *a);

/* A host and a port or range of ports, as written in a file; the host is a name or a numeric
 * address without brackets. */
struct endpoint {
	char host[256];
	uint16_t first, last; /* equal for a single port */
	bool numeric;         /* host is an address; then addr holds it with the first port */
	struct addr addr;
};

/* "127.0.0.1:80", "nas.lan:80", "[fd00::4]:50000-50009"; 0 or ERR_SYNTAX, *why one phrase for a
 * person ("names no port"). */
int endpoint_parse(const char *text, struct endpoint *out, const char **why);

/* A set of ports of one account, or any list such as "8000-8999,6310,51820/udp,53/both". */
enum ports_protocol { PORTS_TCP = 1, PORTS_UDP = 2 };
struct ports_range {
	uint16_t first, last;
	uint8_t protocols; /* bits of ports_protocol */
};
/* one entry; 0 or ERR_SYNTAX (0, reversed, above 65535) */
int ports_parse_one(const char *text, struct ports_range *out);
enum { PORTS_TEXT = 24 };
/* The same back: "8000-8999", "51820/udp", "53/both"; returns out. */
const char *ports_text(const struct ports_range *r, char out[PORTS_TEXT]);
/* By their first ports, as ports_allow() wants them. */
void ports_sort(struct ports_range *list, size_t count);
/* Whether every port of the range is in the list. */
bool ports_allow(const struct ports_range *list, size_t count, enum ports_protocol protocol,
		 uint16_t first, uint16_t last);

#endif
