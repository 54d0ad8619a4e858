#include "shared/net/proxy_protocol.h"

#include "shared/base/wire.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { V1_MAX = 108 }; /* 107 in the specification, and a NUL */
enum { V2_HEADER = 16, TYPE_AUTHORITY = 2 };

static const uint8_t signature[12] = {'\r', '\n', '\r', '\n', 0,   '\r',
				      '\n', 'Q',  'U',  'I',  'T', '\n'};

static size_t write_v1(const struct addr *from, const struct addr *to, uint8_t *out)
{
	char line[V1_MAX], from_ip[INET6_ADDRSTRLEN], to_ip[INET6_ADDRSTRLEN];
	int len;
	if (from->family) {
		int family = from->family == 4 ? AF_INET : AF_INET6;
		inet_ntop(family, from->ip, from_ip, sizeof(from_ip));
		inet_ntop(family, to->ip, to_ip, sizeof(to_ip));
		len = snprintf(line, sizeof(line), "PROXY TCP%c %s %s %u %u\r\n",
			       from->family == 4 ? '4' : '6', from_ip, to_ip, from->port, to->port);
	} else {
		len = snprintf(line, sizeof(line), "PROXY UNKNOWN\r\n");
	}
	assert(len > 0 && len < V1_MAX);
	memcpy(out, line, (size_t)len);
	return (size_t)len;
}

static size_t write_v2(enum proxy_transport transport, const struct addr *from,
		       const struct addr *to, const char *authority, uint8_t *out)
{
	size_t ip_len = from->family == 4 ? 4 : from->family == 6 ? 16 : 0;
	size_t name_len = authority ? strlen(authority) : 0;
	if (name_len > 255)
		name_len = 0;
	size_t rest = (ip_len ? 2 * ip_len + 4 : 0) + (name_len ? 3 + name_len : 0);
	memcpy(out, signature, sizeof(signature));
	out[12] = ip_len ? 0x21 : 0x20;
	out[13] =
	    (uint8_t)(!ip_len ? 0 : (ip_len == 4 ? 0x10 : 0x20) | (transport == PROXY_TCP ? 1 : 2));
	out[14] = (uint8_t)(rest >> 8);
	out[15] = (uint8_t)rest;
	struct wire w = wire_over(out + V2_HEADER, rest);
	if (ip_len) {
		wire_put_bytes(&w, from->ip, ip_len);
		wire_put_bytes(&w, to->ip, ip_len);
		wire_put_u16(&w, from->port);
		wire_put_u16(&w, to->port);
	}
	if (name_len) {
		wire_put_u8(&w, TYPE_AUTHORITY);
		wire_put_u16(&w, (uint16_t)name_len);
		wire_put_bytes(&w, authority, name_len);
	}
	assert(wire_ok(&w) && !w.left);
	return V2_HEADER + rest;
}

size_t proxy_protocol_write(unsigned version, enum proxy_transport transport,
			    const struct addr *from, const struct addr *to, const char *authority,
			    uint8_t out[PROXY_PROTOCOL_MAX])
{
	struct addr a = *from, b = *to;
	assert(version == 1 || version == 2);
	if (!a.family || !b.family)
		a.family = b.family = 0;
	else if (a.family != b.family)
		*(a.family == 4 ? &a : &b) = addr_mapped(a.family == 4 ? &a : &b);
	if (version == 2)
		return write_v2(transport, &a, &b, authority, out);
	return transport == PROXY_TCP ? write_v1(&a, &b, out) : 0;
}
