/*
 * Finds out for whom a proxy has sent a request, by X-Forwarded-For and X-Forwarded-Proto, or by
 * Forwarded, as far as the peers that write them are trusted. Pure.
 */
#ifndef GROUNDNUT_HTTP_FORWARDED_H
#define GROUNDNUT_HTTP_FORWARDED_H

#include "shared/http/http_head.h"
#include "shared/base/addr.h"

/* Which peers of a listener may state for whom they forward, and how. */
struct forwarded_trust {
	struct cidr *proxies; /* freed by whoever has made it */
	size_t count;
	bool by_forwarded;   /* Forwarded counts, else X-Forwarded-For and X-Forwarded-Proto */
	bool proxy_protocol; /* a PROXY header comes first from them (net/proxy_protocol) */
};

struct forwarded {
	struct addr visitor;
	const char *proto; /* "http" or "https", static */
};

bool forwarded_trusts(const struct forwarded_trust *t, const struct addr *peer);
/* Reads the request that peer has sent over proto. Entries are read from the right, past trusted
 * addresses, up to the first one that is not trusted: it is the visitor. An entry that cannot be
 * read ends the reading, too; then the address before it is the visitor. A peer that is not
 * trusted is the visitor itself. */
struct forwarded forwarded_read(const struct forwarded_trust *t, const struct http_head *h,
				const struct addr *peer, const char *proto);

#endif
