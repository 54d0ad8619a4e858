/* Transaction signatures (RFC 8945) over packets in wire form: signing a question, verifying its
 * answer. The library does not look at the time, and does not compare in constant time; so it is
 * done here, over bytes. */
#ifndef GROUNDNUT_RELAY_DNS_TSIG_H
#define GROUNDNUT_RELAY_DNS_TSIG_H

#include "relay/dns/dns_packet.h"

enum { TSIG_MAC_MAX = 64, TSIG_FUDGE_S = 300, TSIG_ROOM = 400 };

struct tsig_key {
	struct dns_name name;
	struct dns_name algorithm; /* on the wire, "hmac-sha256" or "hmac-md5.sig-alg.reg.int" */
	const char *digest;        /* OpenSSL's name for it */
	size_t mac_len;
	uint8_t secret[128];
	size_t secret_len;
};

struct tsig_mac {
	uint8_t bytes[TSIG_MAC_MAX];
	size_t len;
};

/* algorithm: "hmac-sha256", -sha1, -sha224, -sha384, -sha512, "hmac-md5". 0 or ERR_SYNTAX (an
 * unknown one, a bad name, a key too long). */
int tsig_key_set(struct tsig_key *key, const char *name, const char *algorithm, const void *secret,
		 size_t len);

/* Appends the signature; the packet has TSIG_ROOM to grow. Returns its new length, or 0 when this
 * machine's TLS library does not make such signatures; *mac is kept for the answer. */
size_t tsig_sign(const struct tsig_key *key, uint8_t *packet, size_t len, uint64_t now_s,
		 struct tsig_mac *mac);

enum tsig_verdict {
	TSIG_GOOD,
	TSIG_ABSENT, /* not signed: its rcode proves nothing */
	TSIG_BAD,    /* malformed, another key, or the signature does not fit */
	/* signed well at another time: old, or clocks differ; *skew_s says by how much */
	TSIG_TIME,
	/* the server's word on our signature; it is unsigned, as RFC 8945 has it */
	TSIG_BADKEY,
	TSIG_BADSIG,
	TSIG_BADTIME, /* signed by the server: our clock is *skew_s from its */
};
/* skew_s: the other clock minus ours. */
enum tsig_verdict tsig_verify(const struct tsig_key *key, const uint8_t *packet, size_t len,
			      const struct tsig_mac *request, uint64_t now_s, int64_t *skew_s);

#endif
