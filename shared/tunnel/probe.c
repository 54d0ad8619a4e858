#include "shared/tunnel/probe.h"

#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum { RECORD_DATA = 23, HEX = 2 * PROBE_NONCE };

/* --- messages --- */

void probe_ask_write(const struct probe_ask *ask, struct buf *out)
{
	char nonce[HEX + 1];
	text_hex(ask->nonce, PROBE_NONCE, nonce);
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

int probe_ask_read(const char *text, size_t len, struct probe_ask *out, char why[256])
{
	*out = (struct probe_ask){.number = 0};
	struct conf *c = conf_parse("PROBE", text, len, true);
	struct conf_at root = conf_root(c);
	int64_t number = 0, mapping = 0, port = 0;
	const char *nonce;
	conf_int(root, "number", 1, INT64_MAX, &number);
	conf_int(root, "mapping", 1, UINT32_MAX, &mapping);
	conf_opt_int(root, "port", 1, UINT16_MAX, &port);
	if (conf_str(root, "nonce", &nonce) && text_unhex(nonce, out->nonce, PROBE_NONCE) < 0)
		conf_error(root, "nonce", "is not %d digits of hex", HEX);
	out->number = (uint64_t)number;
	out->mapping = (uint32_t)mapping;
	out->port = (uint16_t)port;
	return end_reading(c, why);
}

void probe_answer_write(const struct probe_answer *answer, struct buf *out)
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

int probe_answer_read(const char *text, size_t len, struct probe_answer *out, char why[256])
{
	*out = (struct probe_answer){.number = 0};
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

void probe_prove(const uint8_t session[SESSION_ID], const uint8_t nonce[PROBE_NONCE],
		 uint8_t proof[PROBE_PROOF])
{
	HMAC(EVP_sha256(), session, SESSION_ID, nonce, PROBE_NONCE, proof, NULL);
}

enum probe_match probe_match(const uint8_t nonce[PROBE_NONCE], const void *p, size_t len)
{
	size_t part = len < PROBE_NONCE ? len : PROBE_NONCE;
	if (part && memcmp(nonce, p, part) != 0)
		return PROBE_OTHER;
	return part == PROBE_NONCE ? PROBE_WHOLE : PROBE_MAYBE;
}

bool probe_is_datagram(const uint8_t nonce[PROBE_NONCE], const void *p, size_t len)
{
	uint8_t whole[PROBE_DATAGRAM];
	probe_datagram(nonce, whole);
	return len == PROBE_DATAGRAM && !memcmp(whole, p, len);
}

bool probe_is_path(const char *target, size_t len, uint8_t nonce[PROBE_NONCE])
{
	size_t before = sizeof PROBE_PATH - 1;
	char hex[HEX + 1] = "";
	if (len != before + HEX || memcmp(target, PROBE_PATH, before) != 0)
		return false;
	memcpy(hex, target + before, HEX);
	return text_unhex(hex, nonce, PROBE_NONCE) == 0;
}

void probe_request(const uint8_t nonce[PROBE_NONCE], const char *host, struct buf *out)
{
	char hex[HEX + 1];
	text_hex(nonce, PROBE_NONCE, hex);
	buf_printf(out, "GET " PROBE_PATH "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		   hex, host);
}

void probe_datagram(const uint8_t nonce[PROBE_NONCE], uint8_t out[PROBE_DATAGRAM])
{
	memset(out, 0, PROBE_DATAGRAM);
	memcpy(out, nonce, PROBE_NONCE);
}

void probe_record(const uint8_t proof[PROBE_PROOF], struct buf *out)
{
	static const uint8_t head[] = {RECORD_DATA, 3, 3, 0, PROBE_PROOF};
	buf_put(out, head, sizeof head);
	buf_put(out, proof, PROBE_PROOF);
}

void probe_response(const uint8_t proof[PROBE_PROOF], struct buf *out)
{
	buf_printf(out,
		   "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
		   "Content-Length: %d\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
		   PROBE_PROOF);
	buf_put(out, proof, PROBE_PROOF);
}
