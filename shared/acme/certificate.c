/*
 * Requests and self-signed certificates are built from values, never from OpenSSL's configuration
 * strings, so a name cannot smuggle in another field. A chain that is read is written again from
 * the parsed certificates, so nothing else that a CA sends gets into a file. Making fails only
 * without memory, and asserts; reading fails with one sentence.
 */
#include "shared/acme/certificate.h"

#include "shared/base/addr.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <assert.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	CHAIN_MAX = 10, /* certificates */
	ID_PART_MAX = 64,
	CHALLENGE_DAYS = 7,
	OWN_DAYS = 20 * 365 + 5,
	CLOCKS_DIFFER_S = 86400,
	COMMON_NAME_MAX = 64,
};

/* --- making --- */

static size_t address_bytes(const char *name, struct addr *out)
{
	if (addr_parse_ip(name, out) != 0)
		return 0;
	return out->family == 4 ? 4 : 16;
}

static bool add_name(GENERAL_NAMES *list, const char *name)
{
	struct addr a;
	size_t len = address_bytes(name, &a);
	GENERAL_NAME *entry = GENERAL_NAME_new();
	ASN1_STRING *value = len ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	bool ok = entry && value &&
		  ASN1_STRING_set(value, len ? (const void *)a.ip : name,
				  len ? (int)len : (int)strlen(name)) == 1;
	if (ok)
		GENERAL_NAME_set0_value(entry, len ? GEN_IPADD : GEN_DNS, value);
	return ok && sk_GENERAL_NAME_push(list, entry) > 0;
}

static GENERAL_NAMES *name_registry_of(const char *const *names, size_t count)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool ok = list != NULL;
	for (size_t i = 0; ok && i < count; i++)
		ok = add_name(list, names[i]);
	assert(ok);
	return list;
}

void certificate_request(const struct p256 *key, const char *const *names, size_t count,
			 struct buf *out)
{
	EVP_PKEY *pkey = p256_open(key);
	X509_REQ *request = X509_REQ_new();
	GENERAL_NAMES *list = name_registry_of(names, count);
	X509_EXTENSION *ext = X509V3_EXT_i2d(NID_subject_alt_name, 0, list);
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	uint8_t *der = NULL;
	bool ok = request && ext && exts && sk_X509_EXTENSION_push(exts, ext) > 0 &&
		  X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
		  X509_REQ_set_pubkey(request, pkey) == 1 &&
		  X509_REQ_add_extensions(request, exts) == 1 &&
		  X509_REQ_sign(request, pkey, EVP_sha256()) > 0;
	int len = ok ? i2d_X509_REQ(request, &der) : -1;
	assert(len > 0);
	buf_put(out, der, (size_t)len);
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	GENERAL_NAMES_free(list);
	X509_REQ_free(request);
	EVP_PKEY_free(pkey);
}

/* id-pe-acmeIdentifier: a critical extension that holds an octet string with the digest. */
static X509_EXTENSION *acme_identifier(const uint8_t digest[32])
{
	uint8_t der[34] = {V_ASN1_OCTET_STRING, 32};
	memcpy(der + 2, digest, 32);
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	bool ok = id && value && ASN1_OCTET_STRING_set(value, der, sizeof(der)) == 1;
	X509_EXTENSION *ext = ok ? X509_EXTENSION_create_by_OBJ(NULL, id, 1, value) : NULL;
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(id);
	return ext;
}

static char *text_of(BIO *bio)
{
	char *data;
	size_t len = (size_t)BIO_get_mem_data(bio, &data);
	char *text = mem_alloc(len + 1);
	memcpy(text, data, len);
	text[len] = 0;
	return text;
}

static X509 *certificate_for(EVP_PKEY *pkey, const char *const *names, size_t count,
			     const char *common_name, int days)
{
	X509 *x = X509_new();
	GENERAL_NAMES *list = name_registry_of(names, count);
	X509_NAME *subject = x ? X509_get_subject_name(x) : NULL;
	BIGNUM *serial = BN_new();
	bool ok =
	    subject && serial && BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x)) &&
	    X509_set_version(x, X509_VERSION_3) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -CLOCKS_DIFFER_S) &&
	    X509_time_adj_ex(X509_getm_notAfter(x), days, 0, NULL) &&
	    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
				       (const uint8_t *)common_name, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, pkey) == 1 &&
	    (!count || X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, X509V3_ADD_APPEND) == 1);
	assert(ok);
	BN_free(serial);
	GENERAL_NAMES_free(list);
	return x;
}

static void add_extension(X509 *x, X509_EXTENSION *ext)
{
	bool ok = ext && X509_add_ext(x, ext, -1) == 1;
	assert(ok);
	X509_EXTENSION_free(ext);
}

static void add_server_extensions(X509 *x)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	add_extension(x,
		      X509V3_EXT_conf_nid(NULL, &ctx, NID_basic_constraints, "critical,CA:FALSE"));
	add_extension(x, X509V3_EXT_conf_nid(NULL, &ctx, NID_ext_key_usage, "serverAuth"));
	add_extension(x, X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash"));
}

char *certificate_self_signed(const struct p256 *key, const char *const *names, size_t count,
			      const uint8_t *digest)
{
	EVP_PKEY *pkey = p256_open(key);
	BIO *bio = BIO_new(BIO_s_mem());
	bool named = count && strlen(names[0]) <= COMMON_NAME_MAX;
	X509 *x = certificate_for(pkey, names, count,
				  digest  ? "acme"
				  : named ? names[0]
					  : "groundnut-relay",
				  digest ? CHALLENGE_DAYS : OWN_DAYS);
	if (digest)
		add_extension(x, acme_identifier(digest));
	else
		add_server_extensions(x);
	bool ok = bio && X509_sign(x, pkey, EVP_sha256()) > 0 && PEM_write_bio_X509(bio, x) == 1;
	assert(ok);
	char *text = text_of(bio);
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(pkey);
	return text;
}

/* --- reading --- */

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return -1; /* without this OpenSSL asks on the terminal */
}

/* OpenSSL skips what it does not know, so it would read a chain that is cut in the middle of a line
 * as a shorter chain. */
static bool ends_with_certificate(const char *pem, size_t len)
{
	static const char end[] = "-----END CERTIFICATE-----";
	while (len && (pem[len - 1] == '\n' || pem[len - 1] == '\r'))
		len--;
	return len >= strlen(end) && memcmp(pem + len - strlen(end), end, strlen(end)) == 0;
}

/* Returns the first certificate; *chain: all of them, written again. NULL: there is none, there are
 * more than CHAIN_MAX, or the text is cut. */
static X509 *read_chain(const char *pem, size_t len, char **chain)
{
	BIO *in = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	BIO *out = BIO_new(BIO_s_mem());
	X509 *first = NULL, *x;
	unsigned count = 0;
	*chain = NULL;
	while (in && count <= CHAIN_MAX && (x = PEM_read_bio_X509(in, NULL, no_passphrase, NULL))) {
		PEM_write_bio_X509(out, x);
		if (count++)
			X509_free(x);
		else
			first = x;
	}
	bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE &&
		     ends_with_certificate(pem, len);
	if (first && ended && count <= CHAIN_MAX)
		*chain = text_of(out);
	ERR_clear_error();
	BIO_free(in);
	BIO_free(out);
	if (*chain)
		return first;
	X509_free(first);
	return NULL;
}

static bool take_time(const ASN1_TIME *t, uint64_t *ms)
{
	ASN1_TIME *begin = ASN1_TIME_set(NULL, 0);
	int days, seconds;
	bool ok =
	    begin && ASN1_TIME_diff(&days, &seconds, begin, t) == 1 && days >= 0 && seconds >= 0;
	if (ok)
		*ms = ((uint64_t)days * 86400 + (uint64_t)seconds) * 1000;
	ASN1_TIME_free(begin);
	return ok;
}

static bool is_of_key(X509 *x, const struct p256 *key)
{
	EVP_PKEY *mine = p256_open(key);
	bool is = EVP_PKEY_eq(X509_get0_pubkey(x), mine) == 1;
	EVP_PKEY_free(mine);
	return is;
}

static bool is_name(const GENERAL_NAME *entry, const char *name)
{
	struct addr a;
	size_t len = address_bytes(name, &a);
	int kind;
	ASN1_STRING *value = GENERAL_NAME_get0_value(entry, &kind);
	if (kind != (len ? GEN_IPADD : GEN_DNS))
		return false;
	size_t have = (size_t)ASN1_STRING_length(value);
	const char *p = (const char *)ASN1_STRING_get0_data(value);
	if (len)
		return have == len && memcmp(p, a.ip, len) == 0;
	return have == strlen(name) && strncasecmp(p, name, have) == 0;
}

/* Returns a name that the certificate is not for; NULL: it is for all of them. */
static const char *missing_name(X509 *x, const char *const *names, size_t count)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const char *missing = NULL;
	for (size_t i = 0; !missing && i < count; i++) {
		missing = names[i];
		for (int k = 0; missing && k < sk_GENERAL_NAME_num(list); k++)
			if (is_name(sk_GENERAL_NAME_value(list, k), names[i]))
				missing = NULL;
	}
	GENERAL_NAMES_free(list);
	return missing;
}

static void take_issuer(X509 *x, char *out, size_t cap)
{
	X509_NAME *issuer = X509_get_issuer_name(x);
	char organization[64] = "", name[64] = "";
	X509_NAME_get_text_by_NID(issuer, NID_organizationName, organization, sizeof(organization));
	X509_NAME_get_text_by_NID(issuer, NID_commonName, name, sizeof(name));
	char *text = mem_printf("%s%s%s", organization, *organization && *name ? " " : "", name);
	char *harmless = text_harmless(text);
	snprintf(out, cap, "%s", harmless);
	mem_free(harmless);
	mem_free(text);
}

/* The id: the authority's key identifier, a dot, and the serial number's bytes in DER. */
static void take_id(X509 *x, char out[CERTIFICATE_ID])
{
	const ASN1_OCTET_STRING *authority = X509_get0_authority_key_id(x);
	uint8_t *serial = NULL;
	int len = i2d_ASN1_INTEGER(X509_get_serialNumber(x), &serial);
	out[0] = 0;
	/* Tag and length are one byte each, because the serial has at most ID_PART_MAX bytes. */
	if (authority && ASN1_STRING_length(authority) > 0 &&
	    ASN1_STRING_length(authority) <= ID_PART_MAX && len > 2 && len <= 2 + ID_PART_MAX) {
		text_base64url(ASN1_STRING_get0_data(authority),
			       (size_t)ASN1_STRING_length(authority), out);
		size_t at = strlen(out);
		out[at++] = '.';
		text_base64url(serial + 2, (size_t)len - 2, out + at);
	}
	OPENSSL_free(serial);
}

int certificate_init(struct certificate *out, const char *pem, size_t len, const struct p256 *key,
		     const char *const *names, size_t count, char why[CERTIFICATE_WORDS])
{
	const char *missing = NULL;
	memset(out, 0, sizeof(*out));
	why[0] = 0;
	X509 *x = read_chain(pem, len, &out->chain);
	if (!x)
		snprintf(why, CERTIFICATE_WORDS, "no chain of certificates in PEM form");
	else if (key && !is_of_key(x, key))
		snprintf(why, CERTIFICATE_WORDS, "the certificate is of another key");
	else if ((missing = missing_name(x, names, count)))
		snprintf(why, CERTIFICATE_WORDS, "the certificate is not for %s", missing);
	else if (!take_time(X509_get0_notBefore(x), &out->not_before_ms) ||
		 !take_time(X509_get0_notAfter(x), &out->not_after_ms) ||
		 out->not_after_ms <= out->not_before_ms)
		snprintf(why, CERTIFICATE_WORDS, "the certificate's dates cannot be read");
	if (!why[0]) {
		take_issuer(x, out->issuer, sizeof(out->issuer));
		take_id(x, out->id);
	}
	X509_free(x);
	ERR_clear_error();
	if (!why[0])
		return 0;
	certificate_fini(out);
	return ERR_CERTIFICATE;
}

void certificate_fini(struct certificate *c)
{
	mem_free(c->chain);
	memset(c, 0, sizeof(*c));
}
