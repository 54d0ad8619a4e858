#include "shared/tunnel/reachability_probe.h"

#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum { RECORD_DATA = 23, HEX = 2 * REACHABILITY_PROBE_NONCE };

/* --- messages --- */

void reachability_probe_ask_write(const struct reachability_probe_ask *ask, struct buf *out)
{
	char nonce[HEX + 1];
	text_hex(ask->nonce, REACHABILITY_PROBE_NONCE, nonce);
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_uint(&w, "number", ask->number);
	json_uint(&w, "mapping", ask->mapping);
	if (ask->port)
		json_uint(&w, "port", ask->port);
	json_str(&w, "nonce", nonce);
	json_close(&w);
}

static int end_reading(struct conf *c, char why[256])
{
	int err = 0;
	if (!conf_ok(conf_root(c))) {
		text_fit(conf_error_text(c, 0), why, 256);
		err = ERR_SYNTAX;
	}
	conf_free(c);
	return err;
}

int reachability_probe_ask_read(const char *text, size_t len, struct reachability_probe_ask *out,
				char why[256])
{
	*out = (struct reachability_probe_ask){.number = 0};
	struct conf *c = conf_parse("PROBE", text, len, true);
	struct conf_at root = conf_root(c);
	int64_t number = 0, mapping = 0, port = 0;
	const char *nonce;
	conf_int(root, "number", 1, INT64_MAX, &number);
	conf_int(root, "mapping", 1, UINT32_MAX, &mapping);
	conf_opt_int(root, "port", 1, UINT16_MAX, &port);
	if (conf_str(root, "nonce", &nonce) &&
	    text_unhex(nonce, out->nonce, REACHABILITY_PROBE_NONCE) < 0)
		conf_error(root, "nonce", "is not %d digits of hex", HEX);
	out->number = (uint64_t)number;
	out->mapping = (uint32_t)mapping;
	out->port = (uint16_t)port;
	return end_reading(c, why);
}

void reachability_probe_answer_write(const struct reachability_probe_answer *answer,
				     struct buf *out)
{
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_uint(&w, "number", answer->number);
	if (answer->port)
		json_uint(&w, "port", answer->port);
	else
		json_str(&w, "error", answer->error);
	json_close(&w);
}

int reachability_probe_answer_read(const char *text, size_t len,
				   struct reachability_probe_answer *out, char why[256])
{
	*out = (struct reachability_probe_answer){.number = 0};
	struct conf *c = conf_parse("PROBE", text, len, true);
	struct conf_at root = conf_root(c);
	int64_t number = 0, port = 0;
	const char *error = "";
	conf_int(root, "number", 1, INT64_MAX, &number);
	conf_opt_int(root, "port", 1, UINT16_MAX, &port);
	if (conf_opt_str(root, "error", &error))
		text_fit(error, out->error, sizeof out->error);
	out->number = (uint64_t)number;
	out->port = (uint16_t)port;
	return end_reading(c, why);
}

/* --- the public side --- */

void reachability_probe_prove(const uint8_t session[SESSION_ID],
			      const uint8_t nonce[REACHABILITY_PROBE_NONCE],
			      uint8_t proof[REACHABILITY_PROBE_PROOF])
{
	HMAC(EVP_sha256(), session, SESSION_ID, nonce, REACHABILITY_PROBE_NONCE, proof, NULL);
}

enum reachability_probe_match
reachability_probe_match(const uint8_t nonce[REACHABILITY_PROBE_NONCE], const void *p, size_t len)
{
	size_t part = len < REACHABILITY_PROBE_NONCE ? len : REACHABILITY_PROBE_NONCE;
	if (part && memcmp(nonce, p, part) != 0)
		return REACHABILITY_PROBE_OTHER;
	return part == REACHABILITY_PROBE_NONCE ? REACHABILITY_PROBE_WHOLE
						: REACHABILITY_PROBE_MAYBE;
}

bool reachability_probe_is_datagram(const uint8_t nonce[REACHABILITY_PROBE_NONCE], const void *p,
				    size_t len)
{
	uint8_t whole[REACHABILITY_PROBE_DATAGRAM];
	reachability_probe_datagram(nonce, whole);
	return len == REACHABILITY_PROBE_DATAGRAM && !memcmp(whole, p, len);
}

bool reachability_probe_is_path(const char *target, size_t len,
				uint8_t nonce[REACHABILITY_PROBE_NONCE])
{
	size_t before = sizeof REACHABILITY_PROBE_PATH - 1;
	char hex[HEX + 1] = "";
	if (len != before + HEX || memcmp(target, REACHABILITY_PROBE_PATH, before) != 0)
		return false;
	memcpy(hex, target + before, HEX);
	return text_unhex(hex, nonce, REACHABILITY_PROBE_NONCE) == 0;
}

void reachability_probe_request(const uint8_t nonce[REACHABILITY_PROBE_NONCE], const char *host,
				struct buf *out)
{
	char hex[HEX + 1];
	text_hex(nonce, REACHABILITY_PROBE_NONCE, hex);
	buf_printf(out,
		   "GET " REACHABILITY_PROBE_PATH
		   "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		   hex, host);
}

void reachability_probe_datagram(const uint8_t nonce[REACHABILITY_PROBE_NONCE],
				 uint8_t out[REACHABILITY_PROBE_DATAGRAM])
{
	memset(out, 0, REACHABILITY_PROBE_DATAGRAM);
	memcpy(out, nonce, REACHABILITY_PROBE_NONCE);
}

void reachability_probe_record(const uint8_t proof[REACHABILITY_PROBE_PROOF], struct buf *out)
{
	static const uint8_t head[] = {RECORD_DATA, 3, 3, 0, REACHABILITY_PROBE_PROOF};
	buf_put(out, head, sizeof head);
	buf_put(out, proof, REACHABILITY_PROBE_PROOF);
}

void reachability_probe_response(const uint8_t proof[REACHABILITY_PROBE_PROOF], struct buf *out)
{
	buf_printf(out,
		   "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
		   "Content-Length: %d\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
		   REACHABILITY_PROBE_PROOF);
	buf_put(out, proof, REACHABILITY_PROBE_PROOF);
}
