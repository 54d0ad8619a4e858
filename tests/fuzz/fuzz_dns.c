/* Whatever bytes come: the answer fits, is an answer, and is no larger than the question unless
 * it says something; and no packet bears the signature of a server that did not write it. */
#include "relay/dns/dns_answer.h"
#include "relay/dns/tsig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct zone *z, const char *host, const char *type, const char *text)
{
	struct dns_name name;
	char *why;
	dns_name_parse(host, &name);
	zone_add_record(z, &name, dns_record_parse(type, 60, text, "home.test", &why));
}

static struct zone *zone_sample(void)
{
	const char *servers[] = {"ns1.home.test", NULL};
	struct zone *z = zone_new("home.test", servers);
	struct dns_name name;
	struct addr many[40];
	for (unsigned i = 0; i < 40; i++)
		many[i] = (struct addr){.family = 6, .ip = {0x2a, [15] = (uint8_t)i}};
	dns_name_parse("many.home.test", &name);
	zone_set_addresses(z, &name, 6, many, 40);
	addr_parse_ip("11.0.0.1", &many[0]);
	dns_name_parse("*.alice.home.test", &name);
	zone_set_addresses(z, &name, 4, many, 1);
	put(z, "www.home.test", "CNAME", "x.alice");
	put(z, "one.home.test", "CNAME", "two");
	put(z, "two.home.test", "CNAME", "one");
	put(z, "*.any.home.test", "CNAME", "x.any");
	put(z, "home.test", "MX", "10 many");
	put(z, "_sip._tcp.home.test", "SRV", "0 5 5060 many");
	put(z, "home.test", "TXT", "\"text\"");
	return z;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone *z;
	static struct tsig_key key;
	static uint8_t out[DNS_PACKET_MAX];
	const struct tsig_mac mac = {.len = 32};
	int64_t skew;
	if (!z) {
		z = zone_sample();
		tsig_key_set(&key, "key", "hmac-sha256", "secret", 6);
	}
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		size_t len = dns_answer(z, data, size, tcp, out);
		if ((!tcp && len > DNS_UDP_EDNS) || (len && (len < 12 || !(out[2] & 0x80))))
			abort();
		if (len > size && (out[3] & 15) != DNS_NOERROR && (out[3] & 15) != DNS_NXDOMAIN)
			abort();
	}
	if (dns_answer_truncated(data, size, out) > size)
		abort();
	enum tsig_verdict v = tsig_verify(&key, data, size, &mac, 1800000000, &skew);
	if (v == TSIG_GOOD || v == TSIG_TIME || v == TSIG_BADTIME)
		abort();
	return 0;
}
