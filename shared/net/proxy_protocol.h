/*
 * The PROXY protocol's header (haproxy's proxy-protocol.txt), versions 1 and 2: what is said before
 * a visitor's first byte, so that the next program knows the visitor's address. Written toward
 * services, read from proxies that are trusted.
 */
#ifndef GROUNDNUT_NET_PROXY_PROTOCOL_H
#define GROUNDNUT_NET_PROXY_PROTOCOL_H

#include "shared/net/io.h"

enum proxy_transport { PROXY_TCP, PROXY_UDP };

enum { PROXY_PROTOCOL_MAX = 16 + 36 + 3 + 255, PROXY_PROTOCOL_READ_MAX = 4096 };

/*
 * Writes the header of version 1 or 2 and returns its length. from: the visitor; to: the address it
 * came to. Of two families the v4 one is written as v4-mapped v6; with an address missing the
 * header says that nothing is known (v1 UNKNOWN, v2 LOCAL). authority: the name the visitor asked
 * for (SNI), as PP2_TYPE_AUTHORITY in version 2, or NULL. Version 1 knows no datagrams: 0 for UDP.
 */
size_t proxy_protocol_write(unsigned version, enum proxy_transport transport,
			    const struct addr *from, const struct addr *to, const char *authority,
			    uint8_t out[PROXY_PROTOCOL_MAX]);

struct proxy_header {
	bool stated; /* it names the visitor; else (LOCAL, UNKNOWN) the peer speaks for itself */
	struct addr from, to; /* when stated */
	bool tls;             /* the visitor came over TLS */
};
/* At the front of p: > 0 its length; 0: not whole; ERR_SYNTAX, ERR_TOO_BIG (beyond
 * PROXY_PROTOCOL_READ_MAX). Pure. */
int proxy_protocol_read(const uint8_t *p, size_t len, struct proxy_header *out);
/* The same from a fresh plain connection, gathered in `in`. 1: read, io_peer() and io_local() are
 * what it states, and what came behind it is io's to be read; 0: IO_DATA will come; negative: the
 * connection is of no use. */
int proxy_protocol_take(struct io *io, struct buf *in, struct proxy_header *out);

#endif
