/*
 * Questions that look like almost all questions do (one name, at most an OPT record behind it) are
 * read by hand, and their answers of plain addresses are written by hand. The library reads and
 * writes everything else. Names leave here in wire form and in lower case; the spelling of the
 * question is kept for its answer.
 *
 * Ways to fail: an answer that is sent as a question gets silence, since answering it could make a
 * loop. What cannot be read gets FORMERR. An answer that is too long loses its additional section
 * first, then everything, and says "truncated".
 */
#include "relay/dns/dns_packet.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/wire.h"

#include <ctype.h>
#include <ldns/ldns.h>
#include <string.h>

enum {
	HEADER = 12,
	OPCODE_QUERY = 0,
	OPCODE_UPDATE = 5,
	CLASS_NONE = 254,
	CLASS_ANY = 255,
	TYPE_OPT = 41,
	OPT_LEN = 11,
	ANSWERS = 0x8400, /* an answer, authoritative */
	RECURSION_DESIRED = 0x100,
	NAME_AT_HEADER = 0xc000 | HEADER, /* a pointer to the question's name */
	OPT_DO = 0x80,
	SOA_SERIAL = 2 /* among its fields */
};

struct dns_record {
	ldns_rr *rr; /* its owner is the origin; answers clone it and set their own */
};

struct dns_reply {
	ldns_pkt *pkt;
	ldns_rdf *asked; /* the question's name, as it came */
};

int dns_name_parse(const char *host, struct dns_name *out)
{
	char clean[256];
	if (text_host(host, true, clean) != 0)
		return ERR_SYNTAX;
	size_t at = 0;
	for (const char *label = clean; *label;) {
		size_t len = strcspn(label, ".");
		if (len == 0 || len > 63 || at + len + 2 > DNS_NAME_MAX)
			return ERR_SYNTAX;
		out->wire[at++] = (uint8_t)len;
		memcpy(out->wire + at, label, len);
		at += len;
		label += len + (label[len] == '.');
	}
	out->wire[at++] = 0;
	out->len = (uint8_t)at;
	return 0;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

bool dns_name_below(const struct dns_name *n, const struct dns_name *zone)
{
	size_t at = 0;
	while (n->len - at > zone->len)
		at += n->wire[at] + 1u;
	return n->len - at == zone->len && memcmp(n->wire + at, zone->wire, zone->len) == 0;
}

const char *dns_rcode_text(unsigned rcode)
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
					    "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET",
					    "NXRRSET", "NOTAUTH", "NOTZONE"};
	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : "an unknown code";
}

static ldns_rdf *dname(const struct dns_name *n)
{
	ldns_rdf *rdf = ldns_dname_new_frm_data(n->len, n->wire);
	if (!rdf)
		abort();
	return rdf;
}

/* False when it holds something that no lookup of ours may see: longer than a name. */
static bool name_of(const ldns_rdf *rdf, struct dns_name *out)
{
	size_t len = ldns_rdf_size(rdf);
	if (len == 0 || len > DNS_NAME_MAX)
		return false;
	out->len = (uint8_t)len;
	memcpy(out->wire, ldns_rdf_data(rdf), len);
	return true;
}

static void lower(struct dns_name *n)
{
	for (size_t at = 0; n->wire[at];) {
		size_t len = n->wire[at++];
		for (size_t end = at + len; at < end; at++)
			if (n->wire[at] >= 'A' && n->wire[at] <= 'Z')
				n->wire[at] |= 0x20;
	}
}

struct dns_record *dns_record_parse(const char *type, uint32_t ttl, const char *text,
				    const char *origin, char **why)
{
	*why = NULL;
	for (const char *p = text; *p; p++) {
		if (iscntrl((unsigned char)*p)) {
			*why = mem_strdup("holds a control character");
			return NULL;
		}
	}
	char *line = mem_printf("@ %u IN %s %s", ttl, type, text);
	ldns_rdf *base = ldns_dname_new_frm_str(origin);
	ldns_rr *rr = NULL;
	ldns_status status =
	    base ? ldns_rr_new_frm_str(&rr, line, ttl, base, NULL) : LDNS_STATUS_ERR;
	/* The library takes a line with parts missing for one without data. */
	if (status == LDNS_STATUS_OK && ldns_rr_rd_count(rr) == 0) {
		ldns_rr_free(rr);
		status = LDNS_STATUS_SYNTAX_ERR;
	}
	mem_free(line);
	ldns_rdf_deep_free(base);
	if (status != LDNS_STATUS_OK) {
		*why = mem_strdup(ldns_get_errorstr_by_id(status));
		return NULL;
	}
	struct dns_record *r = mem_alloc(sizeof(*r));
	r->rr = rr;
	return r;
}

void dns_record_free(struct dns_record *r)
{
	if (!r)
		return;
	ldns_rr_free(r->rr);
	mem_free(r);
}

void dns_record_set_serial(struct dns_record *r, uint32_t serial)
{
	ldns_rdf_deep_free(
	    ldns_rr_set_rdf(r->rr, ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, serial), SOA_SERIAL));
}

unsigned dns_record_type(const struct dns_record *r)
{
	return ldns_rr_get_type(r->rr);
}

uint32_t dns_record_ttl(const struct dns_record *r)
{
	return ldns_rr_ttl(r->rr);
}

bool dns_record_target(const struct dns_record *r, struct dns_name *out)
{
	size_t at;
	switch (dns_record_type(r)) {
	case DNS_NS:
	case DNS_CNAME:
		at = 0;
		break;
	case DNS_MX:
		at = 1;
		break;
	case DNS_SRV:
		at = 3;
		break;
	default:
		return false;
	}
	ldns_rdf *rdf = ldns_rr_rdf(r->rr, at);
	if (!rdf || !name_of(rdf, out))
		return false;
	lower(out);
	return true;
}

/* Where the first question's name ends (at its zero byte), or 0: it is none. Nothing stands
 * before it that a pointer could mean: the library would follow one into the header, and the
 * name that is said back be longer than the one that came. */
static size_t end_of_name(const uint8_t *in, size_t len)
{
	size_t at = HEADER;
	while (at < len && in[at] && in[at] < 64)
		at += in[at] + 1u;
	return at + 5 > len || in[at] || at + 1 - HEADER > DNS_NAME_MAX ? 0 : at;
}

/*
 * A question as resolvers send it, by hand: one name, and at most an OPT behind it. False for
 * everything else, also what is wrong: then the library decides. Half of what an answer would cost
 * is saved here.
 */
static bool read_plain(const uint8_t *in, size_t len, size_t at, struct dns_question *q)
{
	static const uint8_t one_question[] = {0, 1, 0, 0, 0, 0, 0};
	if (memcmp(in + 4, one_question, sizeof(one_question)) != 0 || in[HEADER - 1] > 1)
		return false;
	q->asked.len = (uint8_t)(at + 1 - HEADER);
	memcpy(q->asked.wire, in + HEADER, q->asked.len);
	struct wire rest = wire_over(in + at + 1, len - at - 1);
	q->type = wire_get_u16(&rest);
	q->class = wire_get_u16(&rest);
	if (in[HEADER - 1] == 0)
		return at + 5 == len;
	const uint8_t *opt = in + at + 5;
	size_t left = len - at - 5;
	if (left < OPT_LEN || opt[0] || opt[1] || opt[2] != TYPE_OPT ||
	    left != OPT_LEN + ((size_t)opt[9] << 8 | opt[10]))
		return false;
	q->edns = true;
	q->udp_size = (uint16_t)(opt[3] << 8 | opt[4]);
	q->edns_version = opt[6];
	q->dnssec_ok = opt[7] & OPT_DO;
	return true;
}

static void read_edns(const ldns_pkt *pkt, struct dns_question *q)
{
	q->edns = ldns_pkt_edns(pkt);
	q->edns_version = q->edns ? ldns_pkt_edns_version(pkt) : 0;
	q->udp_size = q->edns ? ldns_pkt_edns_udp_size(pkt) : 0;
	q->dnssec_ok = q->edns && ldns_pkt_edns_do(pkt);
}

int dns_question_read(const uint8_t *in, size_t len, struct dns_question *q)
{
	memset(q, 0, sizeof(*q));
	struct dns_header h;
	if (!dns_header_read(in, len, &h) || h.qr)
		return -1; /* an answer to an answer is how loops begin */
	q->id = h.id;
	q->opcode = h.opcode;
	q->rd = in[2] & 1;
	if (h.opcode != OPCODE_QUERY)
		return DNS_NOTIMP;
	struct wire counts = wire_over(in + 4, 8);
	uint16_t questions = wire_get_u16(&counts), answers = wire_get_u16(&counts),
		 authorities = wire_get_u16(&counts);
	uint16_t additionals = wire_get_u16(&counts);
	/* IXFR alone brings a record in the authority section. */
	size_t end = end_of_name(in, len);
	if (questions != 1 || answers != 0 || authorities > 1 || additionals > 4 || !end)
		return DNS_FORMERR;
	struct dns_question plain = *q;
	if (read_plain(in, len, end, &plain)) {
		*q = plain;
		q->named = true;
		q->name = q->asked;
		lower(&q->name);
		return 0;
	}
	ldns_pkt *pkt = NULL;
	if (ldns_wire2pkt(&pkt, in, len) != LDNS_STATUS_OK)
		return DNS_FORMERR;
	int rcode = DNS_FORMERR;
	ldns_rr *question = ldns_rr_list_rr(ldns_pkt_question(pkt), 0);
	if (question && name_of(ldns_rr_owner(question), &q->asked)) {
		q->named = true;
		q->name = q->asked;
		lower(&q->name);
		q->type = (uint16_t)ldns_rr_get_type(question);
		q->class = (uint16_t)ldns_rr_get_class(question);
		read_edns(pkt, q);
		rcode = 0;
	}
	ldns_pkt_free(pkt);
	return rcode;
}

struct dns_reply *dns_reply_new(const struct dns_question *q, enum dns_rcode rcode,
				bool authoritative)
{
	struct dns_reply *r = mem_zalloc(sizeof(*r));
	r->pkt = ldns_pkt_new();
	if (!r->pkt)
		abort();
	ldns_pkt_set_id(r->pkt, q->id);
	ldns_pkt_set_opcode(r->pkt, (ldns_pkt_opcode)q->opcode);
	ldns_pkt_set_qr(r->pkt, true);
	ldns_pkt_set_rd(r->pkt, q->rd);
	ldns_pkt_set_aa(r->pkt, authoritative);
	if (q->edns) {
		ldns_pkt_set_edns_udp_size(r->pkt, DNS_UDP_EDNS);
		ldns_pkt_set_edns_do(r->pkt, q->dnssec_ok);
	}
	dns_reply_set_rcode(r, rcode);
	if (q->named) {
		r->asked = dname(&q->asked);
		ldns_rr *question = ldns_rr_new();
		ldns_rr_set_question(question, true);
		ldns_rr_set_owner(question, ldns_rdf_clone(r->asked));
		ldns_rr_set_type(question, (ldns_rr_type)q->type);
		ldns_rr_set_class(question, (ldns_rr_class)q->class);
		ldns_pkt_push_rr(r->pkt, LDNS_SECTION_QUESTION, question);
	}
	return r;
}

void dns_reply_set_rcode(struct dns_reply *r, enum dns_rcode rcode)
{
	ldns_pkt_set_rcode(r->pkt, (uint8_t)(rcode & 15));
	if (rcode > 15)
		ldns_pkt_set_edns_extended_rcode(r->pkt, (uint8_t)(rcode >> 4));
}

void dns_reply_set_truncated(struct dns_reply *r)
{
	ldns_pkt_set_tc(r->pkt, true);
}

static void push(struct dns_reply *r, enum dns_section s, const struct dns_name *owner, ldns_rr *rr)
{
	static const ldns_pkt_section sections[] = {[DNS_ANSWER] = LDNS_SECTION_ANSWER,
						    [DNS_AUTHORITY] = LDNS_SECTION_AUTHORITY,
						    [DNS_ADDITIONAL] = LDNS_SECTION_ADDITIONAL};
	ldns_rr_set_owner(rr, owner ? dname(owner) : ldns_rdf_clone(r->asked));
	ldns_pkt_push_rr(r->pkt, sections[s], rr);
}

void dns_reply_add(struct dns_reply *r, enum dns_section s, const struct dns_name *owner,
		   const struct dns_record *rec, uint32_t ttl)
{
	ldns_rr *rr = ldns_rr_clone(rec->rr);
	ldns_rdf_deep_free(ldns_rr_owner(rr));
	ldns_rr_set_ttl(rr, ttl);
	push(r, s, owner, rr);
}

void dns_reply_add_address(struct dns_reply *r, enum dns_section s, const struct dns_name *owner,
			   const uint8_t *ip, size_t len, uint32_t ttl)
{
	ldns_rr *rr = ldns_rr_new();
	ldns_rr_set_type(rr, len == 4 ? LDNS_RR_TYPE_A : LDNS_RR_TYPE_AAAA);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, ttl);
	ldns_rr_push_rdf(
	    rr, ldns_rdf_new_frm_data(len == 4 ? LDNS_RDF_TYPE_A : LDNS_RDF_TYPE_AAAA, len, ip));
	push(r, s, owner, rr);
}

size_t dns_addresses_write(const struct dns_question *q, const uint8_t *ips, size_t len,
			   size_t count, uint32_t ttl, uint8_t *out, size_t limit)
{
	struct wire w = wire_into(out, limit);
	wire_put_u16(&w, q->id);
	wire_put_u16(&w, q->rd ? ANSWERS | RECURSION_DESIRED : ANSWERS);
	wire_put_u16(&w, 1);
	wire_put_u16(&w, (uint16_t)count);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, q->edns);
	wire_put_bytes(&w, q->asked.wire, q->asked.len);
	wire_put_u16(&w, q->type);
	wire_put_u16(&w, q->class);
	for (size_t i = 0; i < count; i++) {
		wire_put_u16(&w, NAME_AT_HEADER);
		wire_put_u16(&w, q->type);
		wire_put_u16(&w, q->class);
		wire_put_u32(&w, ttl);
		wire_put_u16(&w, (uint16_t)len);
		wire_put_bytes(&w, ips + i * len, len);
	}
	if (q->edns) {
		wire_put_u8(&w, 0);
		wire_put_u16(&w, TYPE_OPT);
		wire_put_u16(&w, DNS_UDP_EDNS);
		wire_put_u16(&w, 0);
		wire_put_u8(&w, q->dnssec_ok ? OPT_DO : 0);
		wire_put_u8(&w, 0);
		wire_put_u16(&w, 0);
	}
	return q->named && wire_ok(&w) ? limit - w.left : 0;
}

static void empty(ldns_pkt *pkt, ldns_rr_list *(*section)(const ldns_pkt *),
		  void (*set_count)(ldns_pkt *, uint16_t))
{
	ldns_rr_list *list = section(pkt);
	for (ldns_rr *rr; (rr = ldns_rr_list_pop_rr(list));)
		ldns_rr_free(rr);
	set_count(pkt, 0);
}

static size_t write_packet(const ldns_pkt *pkt, uint8_t *out, size_t limit)
{
	uint8_t *wire = NULL;
	size_t len = 0;
	if (ldns_pkt2wire(&wire, pkt, &len) != LDNS_STATUS_OK)
		len = 0;
	if (len && len <= limit)
		memcpy(out, wire, len);
	free(wire);
	return len;
}

size_t dns_reply_end(struct dns_reply *r, uint8_t *out, size_t limit)
{
	size_t len = write_packet(r->pkt, out, limit);
	if (len > limit && ldns_pkt_arcount(r->pkt) > 0) {
		empty(r->pkt, ldns_pkt_additional, ldns_pkt_set_arcount);
		len = write_packet(r->pkt, out, limit);
	}
	if (len > limit) {
		empty(r->pkt, ldns_pkt_answer, ldns_pkt_set_ancount);
		empty(r->pkt, ldns_pkt_authority, ldns_pkt_set_nscount);
		ldns_pkt_set_tc(r->pkt, true);
		len = write_packet(r->pkt, out, limit);
	}
	ldns_rdf_deep_free(r->asked);
	ldns_pkt_free(r->pkt);
	mem_free(r);
	return len <= limit ? len : 0;
}

struct dns_update {
	uint16_t id;
	struct dns_name zone;
	ldns_rr_list *changes;
	bool failed;
};

struct dns_update *dns_update_new(uint16_t id, const char *zone)
{
	struct dns_update *u = mem_zalloc(sizeof(*u));
	u->id = id;
	u->changes = ldns_rr_list_new();
	u->failed = dns_name_parse(zone, &u->zone) != 0;
	return u;
}

/* rr NULL: it could not be made. */
static void push_change(struct dns_update *u, const char *name, ldns_rr *rr)
{
	struct dns_name owner;
	if (!rr || dns_name_parse(name, &owner) != 0 || !dns_name_below(&owner, &u->zone)) {
		u->failed = true;
		ldns_rr_free(rr);
		return;
	}
	ldns_rdf_deep_free(ldns_rr_owner(rr));
	ldns_rr_set_owner(rr, dname(&owner));
	ldns_rr_list_push_rr(u->changes, rr);
}

void dns_update_clear(struct dns_update *u, const char *name, const char *type)
{
	ldns_rr *rr = ldns_rr_new();
	ldns_rr_set_type(rr, ldns_get_rr_type_by_name(type));
	ldns_rr_set_class(rr, (ldns_rr_class)CLASS_ANY);
	ldns_rr_set_ttl(rr, 0);
	push_change(u, name, rr);
}

static void push_record(struct dns_update *u, const char *name, const char *type, uint32_t ttl,
			const char *value, unsigned class)
{
	char *why;
	struct dns_record *r = dns_record_parse(type, ttl, value, "invalid", &why);
	if (r)
		ldns_rr_set_class(r->rr, (ldns_rr_class) class);
	push_change(u, name, r ? r->rr : NULL);
	mem_free(r);
	mem_free(why);
}

void dns_update_remove(struct dns_update *u, const char *name, const char *type, const char *value)
{
	push_record(u, name, type, 0, value, CLASS_NONE);
}

void dns_update_add(struct dns_update *u, const char *name, const char *type, uint32_t ttl,
		    const char *value)
{
	push_record(u, name, type, ttl, value, LDNS_RR_CLASS_IN);
}

size_t dns_update_end(struct dns_update *u, uint8_t *out, size_t cap)
{
	size_t len = 0;
	/* The packet takes over the zone's name and copies the list. */
	ldns_pkt *pkt = u->failed ? NULL
				  : ldns_update_pkt_new(dname(&u->zone), LDNS_RR_CLASS_IN, NULL,
							u->changes, NULL);
	if (pkt) {
		ldns_pkt_set_id(pkt, u->id);
		ldns_pkt_set_opcode(pkt, (ldns_pkt_opcode)OPCODE_UPDATE);
		len = write_packet(pkt, out, cap);
		ldns_pkt_free(pkt);
	}
	ldns_rr_list_deep_free(u->changes);
	mem_free(u);
	return len <= cap ? len : 0;
}

bool dns_header_read(const uint8_t *in, size_t len, struct dns_header *out)
{
	if (len < HEADER)
		return false;
	out->id = (uint16_t)(in[0] << 8 | in[1]);
	out->qr = in[2] >> 7;
	out->opcode = in[2] >> 3 & 15;
	out->rcode = in[3] & 15;
	return true;
}
