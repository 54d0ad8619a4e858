/*
 * DNS packets: reading a question, building an answer, building an update. The one place that knows
 * the library behind it; names cross this header in wire form, lower-cased, so that lookups compare
 * bytes.
 */
#ifndef GROUNDNUT_RELAY_DNS_DNS_PACKET_H
#define GROUNDNUT_RELAY_DNS_DNS_PACKET_H

#include "shared/base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_NAME_MAX = 255,
	DNS_PACKET_MAX = 65535,
	DNS_UDP_PLAIN = 512,
	DNS_UDP_EDNS = 1232,
	DNS_PORT = 53
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_HINFO = 13,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_TSIG = 250,
	DNS_IXFR = 251,
	DNS_AXFR = 252,
	DNS_ANY = 255,
	DNS_CAA = 257,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_NOTAUTH = 9,
	DNS_NOTZONE = 10,
	DNS_BADVERS = 16,
};

struct dns_name {
	uint8_t len;                /* with the root's zero byte; 1 is the root */
	uint8_t wire[DNS_NAME_MAX]; /* length-prefixed labels, lower case */
};

/* "alice.home.example.com", "*.alice…"; 0 or ERR_SYNTAX */
int dns_name_parse(const char *host, struct dns_name *out);
/* also true for zone itself */
bool dns_name_below(const struct dns_name *n, const struct dns_name *zone);
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);
const char *dns_rcode_text(unsigned rcode); /* "NOERROR" …; never NULL */

/* A record's type, ttl and data, without its owner. */
struct dns_record;
/* type: "MX" …; text as in a zone file, names without a final dot below origin. NULL with *why
 * (freed by the caller). */
struct dns_record *dns_record_parse(const char *type, uint32_t ttl, const char *text,
				    const char *origin, char **why);
void dns_record_free(struct dns_record *r);
/* of a SOA */
void dns_record_set_serial(struct dns_record *r, uint32_t serial);
unsigned dns_record_type(const struct dns_record *r);
uint32_t dns_record_ttl(const struct dns_record *r);
/* the name that NS, CNAME, MX or SRV leads to */
bool dns_record_target(const struct dns_record *r, struct dns_name *out);

struct dns_question {
	uint16_t id;
	uint8_t opcode;
	bool rd;
	/* name, type and class are known: the question section was read */
	bool named;
	struct dns_name name;  /* lower-cased */
	struct dns_name asked; /* as it came, for the answer */
	uint16_t type, class;
	bool edns;
	uint8_t edns_version;
	/* DO: has to be said back, although there are no signatures here */
	bool dnssec_ok;
	uint16_t udp_size;
};

/* 0: *q is whole. Above 0: answer with this rcode; *q holds what could be read. Below 0: send
 * nothing. */
int dns_question_read(const uint8_t *in, size_t len, struct dns_question *q);

enum dns_section { DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL };

struct dns_reply;
struct dns_reply *dns_reply_new(const struct dns_question *q, enum dns_rcode rcode,
				bool authoritative);
void dns_reply_set_rcode(struct dns_reply *r, enum dns_rcode rcode);
void dns_reply_set_truncated(struct dns_reply *r);
/* owner NULL: the question's, in the case it was asked in. */
void dns_reply_add(struct dns_reply *r, enum dns_section s, const struct dns_name *owner,
		   const struct dns_record *rec, uint32_t ttl);
void dns_reply_add_address(struct dns_reply *r, enum dns_section s, const struct dns_name *owner,
			   const uint8_t *ip, size_t len, uint32_t ttl);
/* Writes the most common answer, the question's own addresses (count times len bytes), without the
 * library; the library would write the same. 0: it is longer than limit, or the question was not
 * read whole. */
size_t dns_addresses_write(const struct dns_question *q, const uint8_t *ips, size_t len,
			   size_t count, uint32_t ttl, uint8_t *out, size_t limit);
/* Ends the reply and frees it. Writes at most limit bytes into out. What does not fit costs the
 * additional section, and after that everything but TC. */
size_t dns_reply_end(struct dns_reply *r, uint8_t *out, size_t limit);

/* An UPDATE of a zone (RFC 2136), built step by step. One part that cannot be written makes all of
 * it fail at the end. */
struct dns_update;
struct dns_update *dns_update_new(uint16_t id, const char *zone);
/* All records of this type that name has are deleted. */
void dns_update_clear(struct dns_update *u, const char *name, const char *type);
/* value: as in a zone file */
void dns_update_remove(struct dns_update *u, const char *name, const char *type, const char *value);
void dns_update_add(struct dns_update *u, const char *name, const char *type, uint32_t ttl,
		    const char *value);
/* The packet's length in out, or 0. Frees it. */
size_t dns_update_end(struct dns_update *u, uint8_t *out, size_t cap);

struct dns_header {
	uint16_t id;
	uint8_t opcode, rcode;
	bool qr;
};
bool dns_header_read(const uint8_t *in, size_t len, struct dns_header *out);

#endif
