#include "agent/reachability_rules.h"

#include "shared/base/mem.h"

#include <stdio.h>
#include <string.h>

enum { AGAIN_YES_MS = 6 * 3600 * 1000, AGAIN_MS = 600 * 1000 };

/* Reads the address of "203.0.113.10:8080" or "[2001:db8::10]:8000-8009". False: the text does not
 * begin with an address. */
static bool read_address(const char *text, struct addr *out)
{
	char ip[ADDR_TEXT];
	bool bracket = *text == '[';
	size_t len = strcspn(text + bracket, bracket ? "]" : ":");
	if (len >= sizeof ip)
		return false;
	memcpy(ip, text + bracket, len);
	ip[len] = '\0';
	return addr_parse_ip(ip, out) == 0;
}

struct addr reachability_address(const struct addr *link, const char *public_text, uint16_t port)
{
	struct addr at = *link, named;
	if (public_text && read_address(public_text, &named) && addr_is_public(&named))
		at = named;
	at.port = port;
	return at;
}

size_t reachability_ports(const struct mapping *m, uint32_t random,
			  uint16_t out[REACHABILITY_PORTS])
{
	size_t count = 0;
	uint16_t between = (uint16_t)(m->last - m->first);
	out[count++] = m->first;
	if (between)
		out[count++] = m->last;
	if (between > 1)
		out[count++] = (uint16_t)(m->first + 1 + random % (uint32_t)(between - 1));
	return count;
}

void reachability_host(const char *host, uint32_t random, char out[256])
{
	if (strncmp(host, "*.", 2) != 0)
		snprintf(out, 256, "%s", host);
	else
		snprintf(out, 256, "probe-%08x.%s", (unsigned)random, host + 2);
}

uint64_t reachability_again_ms(bool is_yes)
{
	return is_yes ? AGAIN_YES_MS : AGAIN_MS;
}

char *reachability_words(const struct addr *at, const char *host,
			 enum reachability_attempt_result result)
{
	char text[ADDR_TEXT];
	addr_text(at, text);
	if (host && result == REACHABILITY_ATTEMPT_CUT)
		return mem_printf("open at the relay, but %s does not answer from here for %s: "
				  "something on the way, such as this home's provider, cuts off "
				  "connections by that name",
				  text, host);
	return mem_printf(
	    "open at the relay, but %s does not answer from here: the VPS's firewall, "
	    "or this home's provider blocks port %u outward",
	    text, (unsigned)at->port);
}
