/* The authority as a function: tables of questions and what must come back, and packets that are
 * none. */
#include "relay/dns/dns_answer.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t out[DNS_PACKET_MAX];

static void put(struct zone *z, const char *host, const char *ip)
{
	struct dns_name name;
	struct addr a;
	assert_int_equal(dns_name_parse(host, &name), 0);
	assert_int_equal(addr_parse_ip(ip, &a), 0);
	zone_set_addresses(z, &name, a.family, &a, 1);
}

static void record(struct zone *z, const char *host, const char *type, const char *text)
{
	struct dns_name name;
	char *why;
	assert_int_equal(dns_name_parse(host, &name), 0);
	struct dns_record *r = dns_record_parse(type, 300, text, "home.test", &why);
	assert_non_null(r);
	assert_int_equal(zone_add_record(z, &name, r), 0);
}

static struct zone *sample(void)
{
	const char *servers[] = {"ns1.home.test", NULL};
	struct zone *z = zone_new("home.test", servers);
	zone_set_serial(z, 77);
	put(z, "ns1.home.test", "11.0.0.1");
	put(z, "ns1.home.test", "2a00::1");
	put(z, "alice.home.test", "11.0.0.2");
	put(z, "*.alice.home.test", "11.0.0.3");
	put(z, "x.deep.alice.home.test", "11.0.0.4");
	record(z, "alice.home.test", "MX", "10 mail.home.test.");
	record(z, "alice.home.test", "MX", "20 mail2");
	record(z, "alice.home.test", "TXT", "\"v=spf1 -all\"");
	record(z, "alice.home.test", "CAA", "0 issue \"letsencrypt.org\"");
	record(z, "_sip._tcp.home.test", "SRV", "0 5 5060 alice");
	record(z, "www.home.test", "CNAME", "alice");
	record(z, "loop.home.test", "CNAME", "loop");
	record(z, "out.home.test", "CNAME", "elsewhere.example.");
	put(z, "mail.home.test", "11.0.0.9");
	return z;
}

static size_t ask_raw(uint8_t *in, const char *name, unsigned type, unsigned class, unsigned edns)
{
	size_t at = 12;
	memset(in, 0, 12);
	in[0] = 0xab, in[1] = 0xcd, in[2] = 1, in[5] = 1;
	while (*name) {
		size_t len = strcspn(name, ".");
		in[at++] = (uint8_t)len;
		memcpy(in + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	in[at++] = 0;
	in[at++] = (uint8_t)(type >> 8), in[at++] = (uint8_t)type, in[at++] = 0,
	in[at++] = (uint8_t) class;
	if (edns) {
		const uint8_t opt[] = {0, 0, 41, (uint8_t)(edns >> 8), (uint8_t)edns, 0, 0, 0,
				       0, 0, 0};
		in[11] = 1;
		memcpy(in + at, opt, sizeof(opt));
		at += sizeof(opt);
	}
	return at;
}

/* "RCODE aa|-- tc|-- answer: … authority: … additional: …", each record as the library writes it,
 * blanks single. */
static char *ask_full(const struct zone *z, const char *name, unsigned type, unsigned class,
		      unsigned edns, bool tcp)
{
	uint8_t in[600];
	size_t len = dns_answer(z, in, ask_raw(in, name, type, class, edns), tcp, out);
	if (len == 0)
		return mem_strdup("silence");
	ldns_pkt *pkt;
	assert_int_equal(ldns_wire2pkt(&pkt, out, len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_id(pkt), 0xabcd);
	assert_true(ldns_pkt_qr(pkt) && ldns_pkt_rd(pkt) && !ldns_pkt_ra(pkt));
	if (edns)
		assert_int_equal(ldns_pkt_edns_udp_size(pkt), 1232);
	struct buf b = BUF_INIT;
	buf_printf(&b, "%s%s%s", dns_rcode_text(ldns_pkt_get_rcode(pkt)),
		   ldns_pkt_aa(pkt) ? " aa" : "", ldns_pkt_tc(pkt) ? " tc" : "");
	ldns_rr_list *lists[] = {ldns_pkt_answer(pkt), ldns_pkt_authority(pkt),
				 ldns_pkt_additional(pkt)};
	for (unsigned s = 0; s < 3; s++) {
		for (size_t i = 0; i < ldns_rr_list_rr_count(lists[s]); i++) {
			char *text = ldns_rr2str(ldns_rr_list_rr(lists[s], i));
			for (char *p = text; *p; p++)
				*p = *p == '\t' ? ' ' : *p == '\n' ? 0 : *p;
			buf_printf(&b, " |%c %s", "=-+"[s], text);
			free(text);
		}
	}
	ldns_pkt_free(pkt);
	char *s = mem_strdup(buf_str(&b));
	buf_fini(&b);
	return s;
}

static void expect(const struct zone *z, const char *name, unsigned type, const char *want)
{
	char *got = ask_full(z, name, type, 1, 1232, false);
	assert_string_equal(got, want);
	mem_free(got);
}

#define NEGATIVE                                                                                   \
	" |- home.test. 30 IN SOA ns1.home.test. hostmaster.home.test. 77 14400 3600 604800 30"

static void answers(void **state)
{
	(void)state;
	struct zone *z = sample();
	expect(z, "alice.home.test", DNS_A, "NOERROR aa |= alice.home.test. 60 IN A 11.0.0.2");
	expect(z, "aLiCe.HOME.test", DNS_A, "NOERROR aa |= aLiCe.HOME.test. 60 IN A 11.0.0.2");
	expect(z, "alice.home.test", DNS_AAAA, "NOERROR aa" NEGATIVE);
	expect(z, "nobody.home.test", DNS_A, "NXDOMAIN aa" NEGATIVE);
	expect(z, "home.test", DNS_SOA,
	       "NOERROR aa |= home.test. 60 IN SOA ns1.home.test. hostmaster.home.test. 77 14400 "
	       "3600 604800 30");
	expect(z, "home.test", DNS_NS,
	       "NOERROR aa |= home.test. 3600 IN NS ns1.home.test. |+ ns1.home.test. 60 IN A "
	       "11.0.0.1 |+ ns1.home.test. 60 IN AAAA 2a00::1");
	expect(z, "home.test", DNS_A, "NOERROR aa" NEGATIVE);
	expect(z, "alice.home.test", DNS_MX,
	       "NOERROR aa |= alice.home.test. 300 IN MX 10 mail.home.test. |= alice.home.test. "
	       "300 IN MX 20 mail2.home.test."
	       " |+ mail.home.test. 60 IN A 11.0.0.9");
	expect(z, "alice.home.test", DNS_TXT,
	       "NOERROR aa |= alice.home.test. 300 IN TXT \"v=spf1 -all\"");
	expect(z, "alice.home.test", DNS_CAA,
	       "NOERROR aa |= alice.home.test. 300 IN CAA 0 issue \"letsencrypt.org\"");
	expect(z, "_sip._tcp.home.test", DNS_SRV,
	       "NOERROR aa |= _sip._tcp.home.test. 300 IN SRV 0 5 5060 alice.home.test. |+ "
	       "alice.home.test. 60 IN A 11.0.0.2");
	zone_free(z);
}

static void wildcards_and_empty_names(void **state)
{
	(void)state;
	struct zone *z = sample();
	expect(z, "blog.alice.home.test", DNS_A,
	       "NOERROR aa |= blog.alice.home.test. 60 IN A 11.0.0.3");
	expect(z, "a.b.alice.home.test", DNS_A,
	       "NOERROR aa |= a.b.alice.home.test. 60 IN A 11.0.0.3");
	expect(z, "blog.alice.home.test", DNS_AAAA, "NOERROR aa" NEGATIVE);
	expect(z, "_tcp.home.test", DNS_A, "NOERROR aa" NEGATIVE);
	expect(z, "deep.alice.home.test", DNS_A, "NOERROR aa" NEGATIVE);
	/* The closest encloser is deep.alice, which has no wildcard of its own. */
	expect(z, "y.deep.alice.home.test", DNS_A, "NXDOMAIN aa" NEGATIVE);
	put(z, "x.deep.alice.home.test", "11.0.0.5");
	struct dns_name name;
	dns_name_parse("x.deep.alice.home.test", &name);
	size_t before = zone_count(z);
	zone_set_addresses(z, &name, 4, NULL, 0);
	assert_int_equal(zone_count(z), before - 2);
	expect(z, "deep.alice.home.test", DNS_A,
	       "NOERROR aa |= deep.alice.home.test. 60 IN A 11.0.0.3");
	zone_free(z);
}

static void aliases(void **state)
{
	(void)state;
	struct zone *z = sample();
	expect(z, "WWW.home.test", DNS_A,
	       "NOERROR aa |= WWW.home.test. 300 IN CNAME alice.home.test. |= alice.home.test. 60 "
	       "IN A 11.0.0.2");
	expect(z, "www.home.test", DNS_CNAME,
	       "NOERROR aa |= www.home.test. 300 IN CNAME alice.home.test.");
	expect(z, "www.home.test", DNS_AAAA,
	       "NOERROR aa |= www.home.test. 300 IN CNAME alice.home.test." NEGATIVE);
	expect(z, "out.home.test", DNS_A,
	       "NOERROR aa |= out.home.test. 300 IN CNAME elsewhere.example.");
	expect(z, "loop.home.test", DNS_A,
	       "NOERROR aa |= loop.home.test. 300 IN CNAME loop.home.test.");
	record(z, "one.home.test", "CNAME", "two");
	record(z, "two.home.test", "CNAME", "one");
	expect(z, "one.home.test", DNS_A,
	       "NOERROR aa |= one.home.test. 300 IN CNAME two.home.test. |= two.home.test. 300 IN "
	       "CNAME one.home.test.");
	record(z, "lost.home.test", "CNAME", "nobody");
	expect(z, "lost.home.test", DNS_A,
	       "NXDOMAIN aa |= lost.home.test. 300 IN CNAME nobody.home.test." NEGATIVE);
	record(z, "*.any.home.test", "CNAME", "alice");
	expect(z, "q.any.home.test", DNS_A,
	       "NOERROR aa |= q.any.home.test. 300 IN CNAME alice.home.test. |= alice.home.test. "
	       "60 IN A 11.0.0.2");
	char *why;
	struct dns_name name;
	dns_name_parse("alice.home.test", &name);
	assert_int_equal(
	    zone_add_record(z, &name, dns_record_parse("CNAME", 60, "www", "home.test", &why)),
	    ERR_SYNTAX);
	zone_free(z);
}

static void what_is_refused(void **state)
{
	(void)state;
	struct zone *z = sample();
	expect(z, "example.com", DNS_A, "REFUSED");
	expect(z, "test", DNS_A, "REFUSED");
	expect(z, "nothome.test", DNS_A, "REFUSED");
	expect(z, "home.test", DNS_AXFR, "REFUSED");
	expect(z, "home.test", DNS_IXFR, "REFUSED");
	expect(z, "alice.home.test", DNS_ANY,
	       "NOERROR aa |= alice.home.test. 3600 IN HINFO \"RFC8482\" \"\"");
	expect(z, "nobody.home.test", DNS_ANY, "NXDOMAIN aa" NEGATIVE);
	char *got = ask_full(z, "alice.home.test", DNS_A, 3, 0, false);
	assert_string_equal(got, "REFUSED");
	mem_free(got);
	zone_free(z);
}

static void too_big_is_truncated(void **state)
{
	(void)state;
	struct zone *z = sample();
	for (unsigned i = 0; i < 30; i++) {
		char text[128];
		snprintf(text, sizeof(text),
			 "\"%02u-0123456789012345678901234567890123456789012345678901234567890\"",
			 i);
		record(z, "big.home.test", "TXT", text);
	}
	char *udp = ask_full(z, "big.home.test", DNS_TXT, 1, 1232, false);
	assert_string_equal(udp, "NOERROR aa tc");
	char *tcp = ask_full(z, "big.home.test", DNS_TXT, 1, 1232, true);
	assert_non_null(strstr(tcp, "29-0123"));
	mem_free(udp);
	mem_free(tcp);
	/* Without EDNS 512 bytes is all; with a client's boast of 4096, 1232. */
	struct addr many[40];
	for (unsigned i = 0; i < 40; i++) {
		char ip[32];
		snprintf(ip, sizeof(ip), "11.1.0.%u", i);
		addr_parse_ip(ip, &many[i]);
	}
	struct dns_name name;
	dns_name_parse("many.home.test", &name);
	zone_set_addresses(z, &name, 4, many, 40);
	uint8_t in[600];
	size_t len = dns_answer(z, in, ask_raw(in, "many.home.test", DNS_A, 1, 0), false, out);
	assert_true(len <= 512 && (out[2] & 2));
	len = dns_answer(z, in, ask_raw(in, "many.home.test", DNS_A, 1, 4096), false, out);
	assert_true(len > 512 && len <= 1232 && !(out[2] & 2));
	len = dns_answer_truncated(in, ask_raw(in, "many.home.test", DNS_A, 1, 4096), out);
	assert_true(len > 0 && len <= 100 && (out[2] & 2));
	zone_free(z);
}

static void badvers_notimp_formerr_and_silence(void **state)
{
	(void)state;
	struct zone *z = sample();
	uint8_t in[600];
	size_t len = ask_raw(in, "alice.home.test", DNS_A, 1, 1232);
	in[len - 5] = 1; /* EDNS version 1 */
	size_t got = dns_answer(z, in, len, false, out);
	ldns_pkt *pkt;
	assert_int_equal(ldns_wire2pkt(&pkt, out, got), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_get_rcode(pkt) | ldns_pkt_edns_extended_rcode(pkt) << 4,
			 DNS_BADVERS);
	ldns_pkt_free(pkt);
	const unsigned opcodes[] = {1, 2, 4, 5, 15};
	for (unsigned i = 0; i < 5; i++) {
		len = ask_raw(in, "alice.home.test", DNS_A, 1, 0);
		in[2] = (uint8_t)(opcodes[i] << 3);
		assert_int_equal(dns_answer(z, in, len, false, out), 12);
		assert_int_equal(out[3] & 15, DNS_NOTIMP);
		assert_int_equal(out[2] >> 3 & 15, opcodes[i]);
	}
	len = ask_raw(in, "alice.home.test", DNS_A, 1, 0);
	in[2] |= 0x80;
	assert_int_equal(dns_answer(z, in, len, false, out), 0); /* an answer is not answered */
	len = ask_raw(in, "alice.home.test", DNS_A, 1, 1232);
	for (size_t cut = 0; cut < len; cut++) {
		got = dns_answer(z, in, cut, false, out);
		if (cut < 12)
			assert_int_equal(got, 0);
		else
			assert_true(got >= 12 && (out[3] & 15) == DNS_FORMERR);
	}
	in[5] = 2;
	assert_true(dns_answer(z, in, len, false, out) >= 12 && (out[3] & 15) == DNS_FORMERR);
	zone_free(z);
}

static void names_of_every_byte(void **state)
{
	(void)state;
	struct zone *z = sample();
	uint8_t in[600];
	for (unsigned round = 0; round < 20000; round++) {
		size_t len = ask_raw(in, "alice.home.test", DNS_A, 1, round % 2 ? 1232 : 0);
		for (unsigned n = 1 + random_below(6); n; n--)
			in[random_below((uint32_t)len)] = (uint8_t)random_u32();
		size_t got = dns_answer(z, in, len, false, out);
		assert_true(got <= 1232);
	}
	zone_free(z);
}

/* Its bit for signatures comes back, by both ways of writing; nothing else of its flags does. */
static void dnssec_ok_is_said_back(void **state)
{
	(void)state;
	struct zone *z = sample();
	static const char *const names[] = {"alice.home.test", "nobody.home.test"};
	for (unsigned i = 0; i < 4; i++) {
		uint8_t in[600];
		size_t len = ask_raw(in, names[i / 2], DNS_A, 1, 1232);
		in[len - 4] = i % 2 ? 0xff : 0x7f;
		size_t got = dns_answer(z, in, len, false, out);
		ldns_pkt *pkt;
		assert_int_equal(ldns_wire2pkt(&pkt, out, got), LDNS_STATUS_OK);
		assert_int_equal(ldns_pkt_edns_z(pkt), i % 2 ? 0x8000 : 0);
		ldns_pkt_free(pkt);
	}
	zone_free(z);
}

/* The short ways of reading and writing say what the library says. */
static void by_hand_as_by_library(void **state)
{
	(void)state;
	struct zone *z = sample();
	static const char *const names[] = {"alice.home.test", "aLiCe.HOME.test",
					    "any.alice.home.test", "ns1.home.test",
					    "mail.home.test"};
	static const unsigned sizes[] = {0, 512, 1232, 4096};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) * 8; i++) {
		const char *name = names[i / 8];
		unsigned type = i & 1 ? DNS_AAAA : DNS_A, edns = sizes[i / 2 % 4];
		uint8_t in[600], library[DNS_PACKET_MAX];
		struct dns_question q;
		const struct zone_node *n;
		size_t count, len = dns_answer(z, in, ask_raw(in, name, type, 1, edns), false, out);
		assert_int_equal(dns_question_read(in, ask_raw(in, name, type, 1, edns), &q), 0);
		assert_int_equal(zone_find(z, &q.name, &n), ZONE_NODE);
		const uint8_t *ips = zone_addresses(n, type == DNS_A ? 4 : 6, &count);
		if (!count)
			continue;
		struct dns_reply *r = dns_reply_new(&q, DNS_NOERROR, true);
		for (size_t k = 0; k < count; k++)
			dns_reply_add_address(r, DNS_ANSWER, NULL,
					      ips + k * (type == DNS_A ? 4 : 16),
					      type == DNS_A ? 4 : 16, ZONE_TTL);
		assert_int_equal(dns_reply_end(r, library, sizeof(library)), len);
		assert_memory_equal(library, out, len);
		assert_int_equal(dns_addresses_write(&q, ips, type == DNS_A ? 4 : 16, count,
						     ZONE_TTL, out, len - 1),
				 0);
		/* With something behind it the library reads: the same question. */
		struct dns_question other;
		size_t asked = ask_raw(in, name, type, 1, edns);
		in[11]++;
		memcpy(in + asked, "\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 15);
		assert_int_equal(dns_question_read(in, asked + 15, &other), 0);
		assert_memory_equal(&other, &q, sizeof(q));
	}
	zone_free(z);
}

static void updates_replace_whole_sets(void **state)
{
	(void)state;
	uint8_t packet[1232];
	struct dns_update *u = dns_update_new(9, "dyn.test");
	dns_update_clear(u, "pc.dyn.test", "A");
	dns_update_add(u, "pc.dyn.test", "A", 60, "11.0.0.1");
	dns_update_add(u, "pc.dyn.test", "A", 60, "11.0.0.2");
	dns_update_clear(u, "pc.dyn.test", "AAAA");
	size_t len = dns_update_end(u, packet, sizeof(packet));
	assert_true(len > 12);
	ldns_pkt *pkt;
	assert_int_equal(ldns_wire2pkt(&pkt, packet, len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_id(pkt), 9);
	assert_int_equal(ldns_pkt_get_opcode(pkt), 5);
	ldns_rr_list *updates = ldns_pkt_authority(pkt);
	assert_int_equal(ldns_rr_list_rr_count(updates), 4);
	assert_int_equal(ldns_rr_get_class(ldns_rr_list_rr(updates, 0)), 255);
	assert_int_equal(ldns_rr_get_class(ldns_rr_list_rr(updates, 1)), 1);
	assert_int_equal(ldns_rr_ttl(ldns_rr_list_rr(updates, 1)), 60);
	assert_int_equal(ldns_rr_get_type(ldns_rr_list_rr(updates, 3)), DNS_AAAA);
	assert_int_equal(ldns_rr_get_class(ldns_rr_list_rr(updates, 3)), 255);
	ldns_pkt_free(pkt);
}

static void texts_stand_beside_the_operators(void **state)
{
	(void)state;
	struct zone *z = sample();
	struct dns_name name;
	char *why;
	size_t nodes = zone_count(z);
	record(z, "_acme-challenge.home.test", "TXT", "own");
	struct dns_record *list[] = {dns_record_parse("TXT", 5, "one", "invalid", &why),
				     dns_record_parse("TXT", 5, "two", "invalid", &why)};
	assert_int_equal(dns_name_parse("_acme-challenge.home.test", &name), 0);
	zone_set_texts(z, &name, list, 2);
	expect(z, "_acme-challenge.home.test", 16,
	       "NOERROR aa |= _acme-challenge.home.test. 300 IN TXT \"own\" |= "
	       "_acme-challenge.home.test. 5 IN TXT \"one\" |= _acme-challenge.home.test. 5 IN TXT "
	       "\"two\"");
	zone_set_texts(z, &name, NULL, 0);
	expect(z, "_acme-challenge.home.test", 16,
	       "NOERROR aa |= _acme-challenge.home.test. 300 IN TXT \"own\"");
	assert_int_equal(zone_count(z), nodes + 1);
	/* Alone at a deep name they keep the names above it alive, and leave nothing behind. */
	list[0] = dns_record_parse("TXT", 5, "deep", "invalid", &why);
	assert_int_equal(dns_name_parse("a.b.c.home.test", &name), 0);
	zone_set_texts(z, &name, list, 1);
	assert_int_equal(zone_count(z), nodes + 4);
	expect(z, "b.c.home.test", 16, "NOERROR aa" NEGATIVE);
	zone_set_texts(z, &name, NULL, 0);
	assert_int_equal(zone_count(z), nodes + 1);
	/* Outside of the zone they are nobody's. */
	list[0] = dns_record_parse("TXT", 5, "x", "invalid", &why);
	assert_int_equal(dns_name_parse("a.other.test", &name), 0);
	zone_set_texts(z, &name, list, 1);
	zone_free(z);
}

static void updates_of_single_records(void **state)
{
	(void)state;
	uint8_t packet[1232];
	struct dns_update *u = dns_update_new(9, "dyn.test");
	dns_update_remove(u, "pc.dyn.test", "TXT", "one");
	dns_update_add(u, "pc.dyn.test", "TXT", 5, "two");
	size_t len = dns_update_end(u, packet, sizeof(packet));
	ldns_pkt *pkt;
	assert_int_equal(ldns_wire2pkt(&pkt, packet, len), LDNS_STATUS_OK);
	const ldns_rr *gone = ldns_rr_list_rr(ldns_pkt_authority(pkt), 0),
		      *added = ldns_rr_list_rr(ldns_pkt_authority(pkt), 1);
	/* RFC 2136 2.5.4: class NONE, TTL 0, the data of the one record. */
	assert_int_equal(ldns_rr_get_class(gone), 254);
	assert_int_equal(ldns_rr_ttl(gone), 0);
	char *data = ldns_rdf2str(ldns_rr_rdf(gone, 0));
	assert_string_equal(data, "\"one\"");
	free(data);
	assert_int_equal(ldns_rr_get_class(added), 1);
	assert_int_equal(ldns_rr_ttl(added), 5);
	ldns_pkt_free(pkt);
}

static void updates_that_cannot_be(void **state)
{
	(void)state;
	static const char *const wrong[][3] = {{"dyn.test", "pc.other.test", "11.0.0.1"},
					       {"dyn.test", "pc.dyn.test", "11.0.0"},
					       {"dyn..test", "pc.dyn.test", "11.0.0.1"},
					       {"dyn.test", "p c.dyn.test", "11.0.0.1"}};
	uint8_t packet[1232];
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct dns_update *u = dns_update_new(9, wrong[i][0]);
		dns_update_add(u, wrong[i][1], "A", 60, wrong[i][2]);
		assert_int_equal(dns_update_end(u, packet, sizeof(packet)), 0);
	}
	struct dns_update *u = dns_update_new(9, "dyn.test");
	dns_update_add(u, "pc.dyn.test", "A", 60, "11.0.0.1");
	assert_int_equal(dns_update_end(u, packet, 40), 0);
}

static void records_that_are_wrong(void **state)
{
	(void)state;
	static const char *const wrong[][2] = {
	    {"A", "1.2.3"}, {"MX", "mail"},   {"AAAA", "11.0.0.1"},         {"SRV", "1 2 3"},
	    {"A", ""},      {"CAA", "issue"}, {"TXT", "a\nb IN A 1.2.3.4"}, {"NONSENSE", "x"}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char *why = NULL;
		struct dns_record *r =
		    dns_record_parse(wrong[i][0], 60, wrong[i][1], "home.test", &why);
		if (r)
			fail_msg("taken: %s %s", wrong[i][0], wrong[i][1]);
		assert_non_null(why);
		mem_free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers),
	    cmocka_unit_test(wildcards_and_empty_names),
	    cmocka_unit_test(aliases),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(too_big_is_truncated),
	    cmocka_unit_test(badvers_notimp_formerr_and_silence),
	    cmocka_unit_test(names_of_every_byte),
	    cmocka_unit_test(dnssec_ok_is_said_back),
	    cmocka_unit_test(by_hand_as_by_library),
	    cmocka_unit_test(updates_replace_whole_sets),
	    cmocka_unit_test(texts_stand_beside_the_operators),
	    cmocka_unit_test(updates_of_single_records),
	    cmocka_unit_test(updates_that_cannot_be),
	    cmocka_unit_test(records_that_are_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
