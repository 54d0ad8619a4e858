/*
 * A CA in memory, as strict as a real one: it checks each signature, nonce and URL, keeps one order
 * at a time, computes by itself what a challenge must show, and signs real certificates.
 */
#ifndef GROUNDNUT_TESTS_UNIT_FAKE_CA_H
#define GROUNDNUT_TESTS_UNIT_FAKE_CA_H

#include "shared/acme/acme_client.h"
#include "shared/base/addr.h"
#include "shared/base/buf.h"
#include "shared/base/json.h"
#include "tests/unit/shared/acme/jws_reader.h"

#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

/* where it is, unless a test says otherwise */
#define FAKE_CA     "https://ca.test"
#define FAKE_SECRET "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"

struct fake_ca {
	char base[64];
	/* how it behaves */
	unsigned refuse_nonces; /* so many in a row */
	bool ready_at_once;     /* the names have been shown before */
	bool needs_binding, no_renewal_info;
	unsigned slow; /* so many questions until a decision */
	const char *challenge_error;
	unsigned refuse_replaces; /* the status to refuse it with */
	const char *challenges;   /* the kinds it offers */
	unsigned life_days;
	/* what there is */
	EVP_PKEY *key, *account;
	X509 *own;
	char thumbprint[64];
	unsigned nonce, serial;
	bool has_account, has_order, has_csr, replaced;
	char names[ACME_NAMES][256];
	size_t name_count;
	bool shown[ACME_NAMES];
	unsigned questions;
	char profile[64];
	struct buf certificate;
	/* the last answer */
	struct buf body;
	char nonce_text[32], location[128], retry_text[64];
	const char *retry_after;
	unsigned status;
	unsigned asked; /* requests so far */
};

/* valid until the fourth next call */
static inline const char *fake_ca_url(const struct fake_ca *ca, const char *path)
{
	static char urls[4][128];
	static unsigned next;
	char *url = urls[next++ % 4];
	snprintf(url, sizeof(urls[0]), "%s%s", ca->base, path);
	return url;
}

static inline void fake_ca_init(struct fake_ca *ca)
{
	memset(ca, 0, sizeof(*ca));
	strcpy(ca->base, FAKE_CA);
	ca->challenges = "http-01 dns-01 tls-alpn-01";
	ca->life_days = 90;
	ca->slow = 1;
	ca->key = EVP_EC_gen("P-256");
	ca->own = X509_new();
	X509_NAME *name = X509_get_subject_name(ca->own);
	X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_ASC,
				   (const unsigned char *)"Fake", -1, -1, 0);
	X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, (const unsigned char *)"X1",
				   -1, -1, 0);
	X509_set_version(ca->own, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(ca->own), 1);
	X509_set_issuer_name(ca->own, name);
	X509_set_pubkey(ca->own, ca->key);
	X509_gmtime_adj(X509_getm_notBefore(ca->own), 0);
	X509_gmtime_adj(X509_getm_notAfter(ca->own), 86400 * 365);
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, ca->own, ca->own, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");
	X509_add_ext(ca->own, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(ca->own, ca->key, EVP_sha256());
}

static inline void fake_ca_fini(struct fake_ca *ca)
{
	EVP_PKEY_free(ca->key);
	EVP_PKEY_free(ca->account);
	X509_free(ca->own);
	buf_fini(&ca->body);
	buf_fini(&ca->certificate);
}

static inline void fake_ca_refuse(struct fake_ca *ca, unsigned status, const char *type,
				  const char *detail)
{
	buf_fini(&ca->body);
	ca->status = status;
	buf_printf(&ca->body, "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"%s\"}",
		   type, detail);
}

/* --- certificates --- */

/* Signed for whatever the request asks; back_s: how old it is. */
static inline void fake_ca_sign(struct fake_ca *ca, X509_REQ *request, long back_s)
{
	X509 *x = X509_new();
	X509V3_CTX ctx;
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), 0x8765432100 + ca->serial++);
	X509_set_issuer_name(x, X509_get_subject_name(ca->own));
	X509_set_pubkey(x, X509_REQ_get0_pubkey(request));
	X509_gmtime_adj(X509_getm_notBefore(x), -back_s);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)ca->life_days * 86400 - back_s);
	STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(request);
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		X509_add_ext(x, sk_X509_EXTENSION_value(exts, i), -1);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509V3_set_ctx(&ctx, ca->own, x, NULL, NULL, 0);
	X509_EXTENSION *ext =
	    X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(x, ca->key, EVP_sha256());
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	PEM_write_bio_X509(bio, x);
	PEM_write_bio_X509(bio, ca->own);
	size_t len = (size_t)BIO_get_mem_data(bio, &text);
	buf_fini(&ca->certificate);
	buf_put(&ca->certificate, text, len);
	BIO_free(bio);
	X509_free(x);
}

/* --- what a challenge must show --- */

static inline void fake_ca_token(size_t i, char out[64])
{
	snprintf(out, 64, "token-of-%zu_AAAAAAAAAAAAAAAAAAAAAAAAA", i);
}

static inline bool fake_ca_sees(struct fake_ca *ca, size_t i, const struct acme_wish *w)
{
	char token[64], whole[256], digest_text[64];
	uint8_t digest[32];
	fake_ca_token(i, token);
	snprintf(whole, sizeof(whole), "%s.%s", token, ca->thumbprint);
	SHA256((const uint8_t *)whole, strlen(whole), digest);
	text_base64url(digest, 32, digest_text);
	const char *name = ca->names[i] + 2 * (ca->names[i][0] == '*');
	if (strcmp(w->name, name) != 0 || strcmp(w->token, token) != 0)
		return false;
	switch (w->challenge) {
	case ACME_DNS_01:
		return strcmp(w->value, digest_text) == 0;
	case ACME_HTTP_01:
		return strcmp(w->value, whole) == 0;
	default:
		return memcmp(w->digest, digest, 32) == 0;
	}
}

/* --- objects --- */

static inline void fake_ca_order(struct fake_ca *ca)
{
	bool all = true, failed = ca->challenge_error && ca->questions;
	for (size_t i = 0; i < ca->name_count; i++)
		all &= ca->shown[i];
	const char *status = failed                                    ? "invalid"
			     : ca->has_csr && ca->questions < ca->slow ? "processing"
			     : ca->has_csr                             ? "valid"
			     : all && ca->questions >= ca->slow        ? "ready"
								       : "pending";
	struct json w = json_into(&ca->body, false);
	json_open(&w, NULL, '{');
	json_str(&w, "status", status);
	json_str(&w, "expires", "2030-01-01T00:00:00Z");
	json_open(&w, "authorizations", '[');
	for (size_t i = 0; i < ca->name_count; i++) {
		char url[128];
		snprintf(url, sizeof(url), "%s/authz/%zu", ca->base, i);
		json_str(&w, NULL, url);
	}
	json_close(&w);
	json_str(&w, "finalize", fake_ca_url(ca, "/finalize"));
	if (strcmp(status, "valid") == 0)
		json_str(&w, "certificate", fake_ca_url(ca, "/cert"));
	json_close(&w);
}

static inline void fake_ca_challenge(struct fake_ca *ca, struct json *w, size_t i, const char *type,
				     size_t type_len)
{
	char url[128], token[64];
	bool failed = ca->challenge_error && ca->shown[i];
	snprintf(url, sizeof(url), "%s/chall/%zu", ca->base, i);
	fake_ca_token(i, token);
	json_open(w, NULL, '{');
	json_strn(w, "type", type, type_len);
	json_str(w, "url", url);
	json_str(w, "status", failed ? "invalid" : ca->shown[i] ? "valid" : "pending");
	json_str(w, "token", token);
	if (failed) {
		json_open(w, "error", '{');
		json_str(w, "type", "urn:ietf:params:acme:error:unauthorized");
		json_str(w, "detail", ca->challenge_error);
		json_close(w);
	}
	json_close(w);
}

static inline void fake_ca_authorization(struct fake_ca *ca, size_t i)
{
	struct addr a;
	bool wildcard = ca->names[i][0] == '*', failed = ca->challenge_error && ca->shown[i];
	struct json w = json_into(&ca->body, false);
	json_open(&w, NULL, '{');
	json_str(&w, "status", failed ? "invalid" : ca->shown[i] ? "valid" : "pending");
	json_open(&w, "identifier", '{');
	json_str(&w, "type", addr_parse_ip(ca->names[i], &a) == 0 ? "ip" : "dns");
	json_str(&w, "value", ca->names[i] + 2 * wildcard);
	json_close(&w);
	if (wildcard)
		json_bool(&w, "wildcard", true);
	json_open(&w, "challenges", '[');
	for (const char *p = ca->challenges; *p;) {
		size_t len = strcspn(p, " ");
		fake_ca_challenge(ca, &w, i, p, len);
		p += len + (p[len] == ' ');
	}
	json_close(&w);
	json_close(&w);
}

static inline void fake_ca_directory(struct fake_ca *ca)
{
	struct json w = json_into(&ca->body, false);
	json_open(&w, NULL, '{');
	json_str(&w, "newNonce", fake_ca_url(ca, "/nonce"));
	json_str(&w, "newAccount", fake_ca_url(ca, "/new-account"));
	json_str(&w, "newOrder", fake_ca_url(ca, "/new-order"));
	json_str(&w, "revokeCert", fake_ca_url(ca, "/revoke"));
	if (!ca->no_renewal_info)
		json_str(&w, "renewalInfo", fake_ca_url(ca, "/renewal"));
	json_open(&w, "meta", '{');
	json_str(&w, "termsOfService", "data:text/plain,yes");
	json_bool(&w, "externalAccountRequired", ca->needs_binding);
	json_close(&w);
	json_close(&w);
}

/* --- requests --- */

static inline bool fake_ca_is_bound(struct fake_ca *ca, struct conf_at payload)
{
	uint8_t secret[64], mac[32];
	size_t len;
	struct jws_reader r;
	const char *alg, *kid, *url;
	struct conf_at at = conf_object(payload, "externalAccountBinding");
	if (!at.value)
		return !ca->needs_binding;
	const char *head = "", *body = "", *signature = "";
	conf_str(at, "protected", &head);
	conf_str(at, "payload", &body);
	conf_str(at, "signature", &signature);
	struct buf again = BUF_INIT;
	struct json w = json_into(&again, false);
	json_open(&w, NULL, '{');
	json_str(&w, "protected", head);
	json_str(&w, "payload", body);
	json_str(&w, "signature", signature);
	json_close(&w);
	bool good = jws_reader_init(&r, buf_data(&again), buf_len(&again));
	alg = jws_reader_str(&r, "alg");
	kid = jws_reader_str(&r, "kid");
	url = jws_reader_str(&r, "url");
	text_unbase64url(FAKE_SECRET, secret, sizeof(secret), &len);
	HMAC(EVP_sha256(), secret, (int)len, (const uint8_t *)r.input, strlen(r.input), mac, NULL);
	good = good && strcmp(alg, "HS256") == 0 && strcmp(kid, "kid-1") == 0 &&
	       strcmp(url, fake_ca_url(ca, "/new-account")) == 0 && r.signature_len == 32 &&
	       memcmp(mac, r.signature, 32) == 0;
	jws_reader_fini(&r);
	buf_fini(&again);
	return good;
}

static inline void fake_ca_new_account(struct fake_ca *ca, struct jws_reader *r,
				       struct conf_at payload)
{
	const char *x = "", *y = "";
	char jwk[256];
	uint8_t digest[32];
	bool agreed = false;
	struct conf_at key = conf_object(r->head, "jwk");
	conf_opt_str(key, "x", &x);
	conf_opt_str(key, "y", &y);
	conf_opt_bool(payload, "termsOfServiceAgreed", &agreed);
	EVP_PKEY_free(ca->account);
	ca->account = jws_reader_key(x, y);
	if (!agreed || !ca->account || !jws_reader_verifies(r, ca->account)) {
		fake_ca_refuse(ca, 403, "malformed", "bad account");
		return;
	}
	if (!fake_ca_is_bound(ca, payload)) {
		fake_ca_refuse(ca, 403, "externalAccountRequired", "not bound");
		return;
	}
	snprintf(jwk, sizeof(jwk), "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
		 x, y);
	SHA256((const uint8_t *)jwk, strlen(jwk), digest);
	text_base64url(digest, 32, ca->thumbprint);
	ca->status = 201;
	ca->has_account = true;
	snprintf(ca->location, sizeof(ca->location), "%s%s", ca->base, "/account/1");
	buf_puts(&ca->body, "{\"status\":\"valid\"}");
}

static inline void fake_ca_new_order(struct fake_ca *ca, struct conf_at payload)
{
	const char *replaces = NULL, *profile = "";
	conf_opt_str(payload, "replaces", &replaces);
	conf_opt_str(payload, "profile", &profile);
	if (replaces && ca->refuse_replaces) {
		fake_ca_refuse(ca, ca->refuse_replaces,
			       ca->refuse_replaces == 409 ? "alreadyReplaced" : "serverInternal",
			       "no such certificate");
		return;
	}
	struct conf_at list = conf_list(payload, "identifiers");
	ca->replaced = replaces != NULL;
	ca->name_count = conf_len(list);
	for (size_t i = 0; i < ca->name_count; i++) {
		const char *value = "";
		conf_str(conf_item(list, i), "value", &value);
		snprintf(ca->names[i], 256, "%s", value);
		ca->shown[i] = ca->ready_at_once;
	}
	snprintf(ca->profile, sizeof(ca->profile), "%s", profile);
	ca->status = 201;
	ca->has_order = true;
	ca->has_csr = false;
	ca->questions = ca->ready_at_once ? ca->slow : 0;
	snprintf(ca->location, sizeof(ca->location), "%s%s", ca->base, "/order/1");
	fake_ca_order(ca);
}

static inline void fake_ca_finalize(struct fake_ca *ca, struct conf_at payload)
{
	const char *text = "";
	uint8_t der[4096];
	size_t len;
	conf_str(payload, "csr", &text);
	if (ca->has_csr) {
		fake_ca_refuse(ca, 403, "orderNotReady", "processing");
		return;
	}
	text_unbase64url(text, der, sizeof(der), &len);
	const uint8_t *p = der;
	X509_REQ *request = d2i_X509_REQ(NULL, &p, (long)len);
	if (!request || X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1) {
		fake_ca_refuse(ca, 400, "badCSR", "bad");
	} else {
		fake_ca_sign(ca, request, 0);
		ca->has_csr = true;
		ca->questions = 0;
		fake_ca_order(ca);
	}
	X509_REQ_free(request);
}

/* What is signed, by its URL. */
static inline void fake_ca_dispatch(struct fake_ca *ca, const char *path, struct jws_reader *r)
{
	struct conf *json = conf_parse("payload", r->payload[0] ? r->payload : "{}",
				       r->payload[0] ? strlen(r->payload) : 2, true);
	struct conf_at payload = conf_root(json);
	if (strcmp(path, "/new-account") == 0) {
		fake_ca_new_account(ca, r, payload);
	} else if (strcmp(path, "/new-order") == 0) {
		fake_ca_new_order(ca, payload);
	} else if (strncmp(path, "/authz/", 7) == 0) {
		fake_ca_authorization(ca, (size_t)atoi(path + 7));
	} else if (strncmp(path, "/chall/", 7) == 0) {
		size_t i = (size_t)atoi(path + 7);
		if (ca->shown[i])
			fake_ca_refuse(ca, 400, "malformed", "not pending");
		else
			buf_puts(&ca->body, "{\"status\":\"processing\"}");
		ca->shown[i] = true;
	} else if (strcmp(path, "/order/1") == 0) {
		ca->questions++;
		fake_ca_order(ca);
	} else if (strcmp(path, "/finalize") == 0) {
		fake_ca_finalize(ca, payload);
	} else if (strcmp(path, "/cert") == 0) {
		buf_put(&ca->body, buf_data(&ca->certificate), buf_len(&ca->certificate));
	} else {
		fake_ca_refuse(ca, 404, "malformed", "nothing here");
	}
	conf_free(json);
}

static inline void fake_ca_signed(struct fake_ca *ca, const struct acme_client_request *q)
{
	struct jws_reader r;
	const char *path = q->url + strlen(ca->base);
	bool is_new = strcmp(path, "/new-account") == 0;
	bool good = jws_reader_init(&r, q->body, q->body_len);
	const char *nonce = jws_reader_str(&r, "nonce"), *url = jws_reader_str(&r, "url"),
		   *kid = jws_reader_str(&r, "kid");
	char wanted[32];
	snprintf(wanted, sizeof(wanted), "nonce-%u", ca->nonce);
	if (!good || strcmp(q->content_type, "application/jose+json") != 0 || !nonce || !url ||
	    strcmp(url, q->url) != 0)
		fake_ca_refuse(ca, 400, "malformed", "no message");
	else if (strcmp(nonce, wanted) != 0 || ca->refuse_nonces)
		fake_ca_refuse(ca, 400, "badNonce", "bad nonce");
	else if (!is_new &&
		 (!ca->has_account || !kid || strcmp(kid, fake_ca_url(ca, "/account/1")) != 0))
		fake_ca_refuse(ca, 400, "accountDoesNotExist", "who?");
	else if (!is_new && !jws_reader_verifies(&r, ca->account))
		fake_ca_refuse(ca, 403, "unauthorized", "bad signature");
	else
		fake_ca_dispatch(ca, path, &r);
	if (ca->refuse_nonces)
		ca->refuse_nonces--;
	jws_reader_fini(&r);
}

static inline void fake_ca_ask(struct fake_ca *ca, const struct acme_client_request *q,
			       struct acme_client_answer *a)
{
	const char *path = q->url + strlen(ca->base);
	bool is_post = strcmp(q->method, "POST") == 0;
	buf_fini(&ca->body);
	ca->status = 200;
	ca->location[0] = 0;
	ca->asked++;
	if (is_post)
		fake_ca_signed(ca, q);
	else if (strcmp(path, "/directory") == 0)
		fake_ca_directory(ca);
	else if (strncmp(path, "/renewal/", 9) == 0)
		buf_puts(&ca->body, "{\"suggestedWindow\":{\"start\":\"2026-12-01T00:00:00Z\","
				    "\"end\":\"2026-12-03T00:00:00Z\"}}");
	memset(a, 0, sizeof(*a));
	if (is_post || strcmp(path, "/nonce") == 0) {
		snprintf(ca->nonce_text, sizeof(ca->nonce_text), "nonce-%u", ++ca->nonce);
		a->nonce = ca->nonce_text;
	}
	a->status = ca->status;
	a->location = ca->location[0] ? ca->location : NULL;
	a->retry_after = ca->retry_after;
	buf_str(&ca->body);
	a->body = buf_data(&ca->body);
	a->body_len = buf_len(&ca->body);
}

#endif
