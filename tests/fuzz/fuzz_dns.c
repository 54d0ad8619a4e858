/* Whatever bytes come: the answer fits, and is an answer. */
#include "relay/names/dns_answer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zone *zone_sample(void)
{
	const char *servers[] = {"ns1.home.test"};
	struct zone *z = zone_new("home.test", servers, 1);
	struct dns_name name;
	struct addr a;
	char *why;
	addr_parse_ip("11.0.0.1", &a);
	dns_name_parse("*.alice.home.test", &name);
	zone_set_addresses(z, &name, 4, &a, 1);
	dns_name_parse("www.home.test", &name);
	zone_add_record(z, &name, dns_record_parse("CNAME", 60, "x.alice", "home.test", &why));
	return z;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone *z;
	static uint8_t out[DNS_PACKET_MAX];
	if (!z)
		z = zone_sample();
	size_t len = dns_answer(z, data, size, false, out);
	if (len > DNS_UDP_EDNS || (len && (len < 12 || !(out[2] & 0x80))))
		abort();
	dns_answer_truncated(data, size, out);
	return 0;
}
