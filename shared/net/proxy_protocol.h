/*
 * The PROXY protocol's header (haproxy's proxy-protocol.txt), versions 1 and 2: what is said to the
 * service before a visitor's first byte, so that it knows the visitor's address. Pure.
 */
#ifndef GROUNDNUT_NET_PROXY_PROTOCOL_H
#define GROUNDNUT_NET_PROXY_PROTOCOL_H

#include "shared/base/addr.h"

#include <stddef.h>
#include <stdint.h>

enum proxy_transport { PROXY_TCP, PROXY_UDP };

enum { PROXY_PROTOCOL_MAX = 16 + 36 + 3 + 255 };

/*
 * Writes the header of version 1 or 2 and returns its length. from: the visitor; to: the address it
 * came to. Of two families the v4 one is written as v4-mapped v6; with an address missing the
 * header says that nothing is known (v1 UNKNOWN, v2 LOCAL). authority: the name the visitor asked
 * for (SNI), as PP2_TYPE_AUTHORITY in version 2, or NULL. Version 1 knows no datagrams: 0 for UDP.
 */
size_t proxy_protocol_write(unsigned version, enum proxy_transport transport,
			    const struct addr *from, const struct addr *to, const char *authority,
			    uint8_t out[PROXY_PROTOCOL_MAX]);

#endif
