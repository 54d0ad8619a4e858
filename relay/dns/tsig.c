/*
 * Signing: the packet and the variables of the signature go through the HMAC; a TSIG record with
 * its result is appended, and the count of additional records grows.
 *
 * Verifying: the TSIG record must be the last one. It is cut off, and the HMAC is made over our own
 * signature, the packet as it was before signing, and the variables. It is compared in constant
 * time. Then come the times: a good signature of another time is told apart, with the difference of
 * the clocks. A record without a signature is the server's word on ours (BADKEY, BADSIG), and
 * proves nothing.
 */
#include "relay/dns/tsig.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/wire.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum {
	HEADER = 12,
	CLASS_ANY = 255,
	ERROR_BADSIG = 16,
	ERROR_BADKEY = 17,
	ERROR_BADTIME = 18,
	POINTERS_MAX = 64,
	VARIABLES = 2 * DNS_NAME_MAX + 18 /* bytes at most, but for other */
};

/* What the signature covers besides the message, as it stands in the TSIG record. */
struct variables {
	struct dns_name name, algorithm;
	uint64_t time_s;
	uint16_t fudge, error, original_id;
	const uint8_t *mac, *other;
	size_t mac_len, other_len;
};

int tsig_key_set(struct tsig_key *key, const char *name, const char *algorithm, const void *secret,
		 size_t len)
{
	static const struct {
		const char *name, *wire, *digest;
		size_t mac_len;
	} known[] = {{"hmac-sha256", "hmac-sha256", "SHA256", 32},
		     {"hmac-sha512", "hmac-sha512", "SHA512", 64},
		     {"hmac-sha384", "hmac-sha384", "SHA384", 48},
		     {"hmac-sha224", "hmac-sha224", "SHA224", 28},
		     {"hmac-sha1", "hmac-sha1", "SHA1", 20},
		     {"hmac-md5", "hmac-md5.sig-alg.reg.int", "MD5", 16}};
	memset(key, 0, sizeof(*key));
	if (len == 0 || len > sizeof(key->secret) || dns_name_parse(name, &key->name) != 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, algorithm) != 0)
			continue;
		dns_name_parse(known[i].wire, &key->algorithm);
		key->digest = known[i].digest;
		key->mac_len = known[i].mac_len;
		memcpy(key->secret, secret, len);
		key->secret_len = len;
		return 0;
	}
	return ERR_SYNTAX;
}

static void put_variables(struct buf *out, const struct variables *v)
{
	uint8_t *room = buf_reserve(out, VARIABLES);
	struct wire w = wire_into(room, VARIABLES);
	wire_put_bytes(&w, v->name.wire, v->name.len);
	wire_put_u16(&w, CLASS_ANY);
	wire_put_u32(&w, 0); /* its ttl */
	wire_put_bytes(&w, v->algorithm.wire, v->algorithm.len);
	wire_put(&w, 6, v->time_s);
	wire_put_u16(&w, v->fudge);
	wire_put_u16(&w, v->error);
	wire_put_u16(&w, (uint16_t)v->other_len);
	buf_commit(out, VARIABLES - w.left);
	buf_put(out, v->other, v->other_len);
}

/* request: the MAC of the question that is answered, or NULL for a question. */
static size_t mac_of(const struct tsig_key *key, const uint8_t *header, const uint8_t *rest,
		     size_t rest_len, const struct tsig_mac *request, const struct variables *v,
		     uint8_t out[TSIG_MAC_MAX])
{
	struct buf covered = BUF_INIT;
	size_t len = 0;
	if (request) {
		const uint8_t request_len[2] = {(uint8_t)(request->len >> 8),
						(uint8_t)request->len};
		buf_put(&covered, request_len, 2);
		buf_put(&covered, request->bytes, request->len);
	}
	buf_put(&covered, header, HEADER);
	buf_put(&covered, rest, rest_len);
	put_variables(&covered, v);
	if (!EVP_Q_mac(NULL, "HMAC", NULL, key->digest, NULL, key->secret, key->secret_len,
		       buf_data(&covered), buf_len(&covered), out, TSIG_MAC_MAX, &len))
		len = 0;
	buf_fini(&covered);
	return len;
}

static void count_additional(uint8_t *header, int by)
{
	uint16_t count = (uint16_t)((header[10] << 8 | header[11]) + by);
	header[10] = (uint8_t)(count >> 8);
	header[11] = (uint8_t)count;
}

size_t tsig_sign(const struct tsig_key *key, uint8_t *packet, size_t len, uint64_t now_s,
		 struct tsig_mac *mac)
{
	const struct variables v = {
	    .name = key->name, .algorithm = key->algorithm, .time_s = now_s, .fudge = TSIG_FUDGE_S};
	mac->len = mac_of(key, packet, packet + HEADER, len - HEADER, NULL, &v, mac->bytes);
	if (mac->len != key->mac_len)
		return 0;
	struct wire w = wire_over(packet + len, TSIG_ROOM + key->name.len);
	wire_put_bytes(&w, key->name.wire, key->name.len);
	wire_put_u16(&w, DNS_TSIG);
	wire_put_u16(&w, CLASS_ANY);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, (uint16_t)(key->algorithm.len + 16 + mac->len));
	wire_put_bytes(&w, key->algorithm.wire, key->algorithm.len);
	wire_put(&w, 6, now_s);
	wire_put_u16(&w, TSIG_FUDGE_S);
	wire_put_u16(&w, (uint16_t)mac->len);
	wire_put_bytes(&w, mac->bytes, mac->len);
	wire_put_bytes(&w, packet, 2); /* original id */
	wire_put_u16(&w, 0);
	wire_put_u16(&w, 0);
	count_additional(packet, 1);
	return (size_t)(w.p - packet);
}

/* Reads a name in place and follows pointers. False: it is no name. The cursor moves behind it. */
static bool read_name(const uint8_t *packet, size_t len, struct wire *w, struct dns_name *out)
{
	struct wire at = *w;
	bool jumped = false;
	size_t n = 0;
	for (unsigned hops = 0; hops < POINTERS_MAX;) {
		uint8_t label = wire_get_u8(&at);
		if (!wire_ok(&at))
			return false;
		if (label >= 0xc0) {
			size_t to = (size_t)(label & 0x3f) << 8 | wire_get_u8(&at);
			if (!wire_ok(&at) || to >= len)
				return false;
			if (!jumped)
				*w = at;
			jumped = true;
			at = wire_over(packet + to, len - to);
			hops++;
			continue;
		}
		if (label > 63 || n + label + 1u > DNS_NAME_MAX)
			return false;
		out->wire[n++] = label;
		for (unsigned i = 0; i < label; i++) {
			uint8_t c = wire_get_u8(&at);
			out->wire[n++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
		}
		if (label == 0) {
			if (!jumped)
				*w = at;
			out->len = (uint8_t)n;
			return wire_ok(&at);
		}
	}
	return false;
}

static bool skip_records(const uint8_t *packet, size_t len, struct wire *w, unsigned questions,
			 unsigned records)
{
	struct dns_name name;
	for (; questions; questions--)
		if (!read_name(packet, len, w, &name) || !wire_skip(w, 4))
			return false;
	for (; records; records--) {
		if (!read_name(packet, len, w, &name) || !wire_skip(w, 8))
			return false;
		if (!wire_skip(w, wire_get_u16(w)))
			return false;
	}
	return wire_ok(w);
}

/* Finds the TSIG at the packet's end: 1 read, 0 there is none, -1 malformed. *at: where it
 * begins. */
static int read_tsig(const uint8_t *packet, size_t len, struct variables *v, size_t *at)
{
	if (len < HEADER)
		return -1;
	struct wire counts = wire_over(packet + 4, 8), w = wire_over(packet + HEADER, len - HEADER);
	unsigned questions = wire_get_u16(&counts), records = wire_get_u16(&counts);
	records += wire_get_u16(&counts);
	unsigned additional = wire_get_u16(&counts);
	if (additional == 0)
		return 0;
	if (!skip_records(packet, len, &w, questions, records + additional - 1))
		return -1;
	*at = (size_t)(w.p - packet);
	if (!read_name(packet, len, &w, &v->name))
		return -1;
	if (wire_get_u16(&w) != DNS_TSIG)
		return wire_ok(&w) ? 0 : -1;
	bool fixed = wire_get_u16(&w) == CLASS_ANY && wire_get_u32(&w) == 0;
	fixed = wire_get_u16(&w) == w.left && fixed;
	if (!fixed || !wire_ok(&w) || !read_name(packet, len, &w, &v->algorithm))
		return -1;
	v->time_s = wire_get(&w, 6);
	v->fudge = wire_get_u16(&w);
	v->mac_len = wire_get_u16(&w);
	v->mac = wire_skip(&w, v->mac_len);
	v->original_id = wire_get_u16(&w);
	v->error = wire_get_u16(&w);
	v->other_len = wire_get_u16(&w);
	v->other = wire_skip(&w, v->other_len);
	return wire_ok(&w) && w.left == 0 ? 1 : -1;
}

static enum tsig_verdict unsigned_word(const struct variables *v)
{
	return v->error == ERROR_BADKEY   ? TSIG_BADKEY
	       : v->error == ERROR_BADSIG ? TSIG_BADSIG
					  : TSIG_BAD;
}

enum tsig_verdict tsig_verify(const struct tsig_key *key, const uint8_t *packet, size_t len,
			      const struct tsig_mac *request, uint64_t now_s, int64_t *skew_s)
{
	struct variables v = {0};
	size_t at = 0;
	int found = read_tsig(packet, len, &v, &at);
	*skew_s = 0;
	if (found <= 0)
		return found == 0 ? TSIG_ABSENT : TSIG_BAD;
	if (v.mac_len == 0)
		return unsigned_word(&v);
	if (!dns_name_equal(&v.name, &key->name) ||
	    !dns_name_equal(&v.algorithm, &key->algorithm) || v.mac_len != key->mac_len)
		return TSIG_BAD;
	uint8_t header[HEADER], mac[TSIG_MAC_MAX];
	memcpy(header, packet, HEADER);
	header[0] = (uint8_t)(v.original_id >> 8);
	header[1] = (uint8_t)v.original_id;
	count_additional(header, -1);
	size_t mac_len = mac_of(key, header, packet + HEADER, at - HEADER, request, &v, mac);
	if (mac_len != v.mac_len || CRYPTO_memcmp(mac, v.mac, mac_len) != 0)
		return TSIG_BAD;
	if (v.error == ERROR_BADTIME && v.other_len == 6) {
		struct wire other = wire_over(v.other, 6);
		*skew_s = (int64_t)wire_get(&other, 6) - (int64_t)now_s;
		return TSIG_BADTIME;
	}
	if (v.error != 0)
		return unsigned_word(&v);
	*skew_s = (int64_t)v.time_s - (int64_t)now_s;
	if (*skew_s > v.fudge || -*skew_s > v.fudge)
		return TSIG_TIME;
	return TSIG_GOOD;
}
