/*
 * Contexts. A certificate is judged by OpenSSL while it shakes hands: with CAs by its own chain
 * building, with a pin by on_certificate(), which replaces that and compares keys only (names and
 * dates say nothing about a pinned key). A callback that ends the handshake leaves the reason in
 * words on the SSL, where tls_context_verdict() finds it afterwards.
 */
#include "shared/net/tls_context.h"

#include "shared/acme/certificate.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct tls_context {
	SSL_CTX *ctx;
	atomic_int refs;
	bool server;
	bool pinned;
	uint8_t pin[SHA256_DIGEST_LENGTH]; /* when pinned */
	char alpn[64];                     /* required, or empty */
	/* for browsers: http/1.1 is taken where it is offered; tickets, and since when their keys
	 * are used */
	bool web;
	uint64_t tickets_s;
};

/* AES-128 first: it costs a quarter less than AES-256 where most of the work is, and is as safe for
 * data as short-lived as a tunnel's. */
static const char suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

/* Of TLS 1.2, as Mozilla's intermediate profile has them, without those of plain Diffie-Hellman. */
static const char suites12[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
			       "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
			       "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* Why a file that should hold a certificate or a private key cannot be used. The oldest error is
 * the cause; later ones only follow from it. */
static char *because(const char *file, const char *wanted)
{
	unsigned long code = ERR_get_error();
	int lib = ERR_GET_LIB(code), why = ERR_GET_REASON(code);
	const char *reason =
	    ERR_SYSTEM_ERROR(code) ? err_text(-why) : ERR_reason_error_string(code);

	ERR_clear_error();
	if ((lib == ERR_LIB_PEM && why == PEM_R_NO_START_LINE) ||
	    (lib == ERR_LIB_X509 && why == X509_R_NO_CERTIFICATE_OR_CRL_FOUND) ||
	    why == ERR_R_UNSUPPORTED)
		return mem_printf("%s: holds no %s in PEM form", file, wanted);
	return mem_printf("%s: %s", file, reason ? reason : "not usable");
}

static bool is_of_another_key(void)
{
	unsigned long code = ERR_peek_error();

	return ERR_GET_LIB(code) == ERR_LIB_X509 &&
	       ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH;
}

static void pin_text(const uint8_t digest[SHA256_DIGEST_LENGTH], char out[TLS_CONTEXT_PIN_TEXT])
{
	memcpy(out, "sha256:", 7);
	text_hex(digest, SHA256_DIGEST_LENGTH, out + 7);
}

static int pin_parse(const char *text, uint8_t digest[SHA256_DIGEST_LENGTH])
{
	if (strncmp(text, "sha256:", 7) != 0 || strlen(text) != TLS_CONTEXT_PIN_TEXT - 1)
		return ERR_SYNTAX;
	return text_unhex(text + 7, digest, SHA256_DIGEST_LENGTH);
}

bool tls_context_is_pin(const char *text)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	return pin_parse(text, digest) == 0;
}

static bool pin_of(const X509 *certificate, uint8_t digest[SHA256_DIGEST_LENGTH])
{
	uint8_t *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

	if (len <= 0)
		return false;
	SHA256(der, (size_t)len, digest);
	OPENSSL_free(der);
	return true;
}

/* Why we end the handshake, until tls_context_verdict() takes it. */
static void note_words(SSL *ssl, char *words)
{
	mem_free(SSL_get_app_data(ssl));
	SSL_set_app_data(ssl, words);
}

static int on_certificate(X509_STORE_CTX *store, void *arg)
{
	const struct tls_context *t = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *certificate = X509_STORE_CTX_get0_cert(store);
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char expected[TLS_CONTEXT_PIN_TEXT], found[TLS_CONTEXT_PIN_TEXT];

	if (certificate && pin_of(certificate, digest)) {
		if (CRYPTO_memcmp(digest, t->pin, sizeof(digest)) == 0)
			return 1;
		pin_text(t->pin, expected);
		pin_text(digest, found);
		note_words(ssl, mem_printf("expected %s but the relay has %s", expected, found));
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

int tls_context_verdict(struct ssl_st *ssl, char **detail)
{
	long verified = SSL_get_verify_result(ssl);
	char *words = SSL_get_app_data(ssl);

	if (words) {
		SSL_set_app_data(ssl, NULL);
		*detail = words;
		return SSL_is_server(ssl) ? ERR_TLS : ERR_PIN;
	}
	if (verified == X509_V_OK)
		return 0;
	*detail = mem_strdup(X509_verify_cert_error_string(verified));
	return ERR_CERTIFICATE;
}

static void note_missing_alpn(SSL *ssl, const struct tls_context *t)
{
	note_words(ssl, mem_printf("it does not offer the protocol %s (ALPN): a browser or a "
				   "scanner, perhaps",
				   t->alpn));
}

/* A peer that offers no ALPN at all never reaches on_alpn(), so it is turned away at its first
 * message. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *ext;
	size_t len;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext,
				      &len))
		return SSL_CLIENT_HELLO_SUCCESS;
	note_missing_alpn(ssl, arg);
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *in, unsigned in_len, void *arg)
{
	const struct tls_context *t = arg;
	size_t want = strlen(t->alpn);

	for (unsigned i = 0; i < in_len && in[i] < in_len - i; i += 1u + in[i]) {
		if (in[i] == want && memcmp(in + i + 1, t->alpn, want) == 0) {
			*out = in + i + 1;
			*out_len = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	note_missing_alpn(ssl, t);
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return -1; /* or OpenSSL would ask on the terminal of a service */
}

static uint64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static struct tls_context *context_new(const SSL_METHOD *method, const char *alpn, bool least_tls12)
{
	struct tls_context *t = mem_zalloc(sizeof(*t));
	SSL_CTX *ctx = SSL_CTX_new(method);

	assert(ctx);
	t->ctx = ctx;
	atomic_init(&t->refs, 1);
	snprintf(t->alpn, sizeof(t->alpn), "%s", alpn ? alpn : "");
	SSL_CTX_set_min_proto_version(ctx, least_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(ctx, suites);
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_TICKET |
				     SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
				     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* Without AUTO_RETRY one SSL_read looks at no more than one buffer of messages that are not
	 * data. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	return t;
}

struct tls_context *tls_context_server_new(const char *certificate, const char *key,
					   const char *alpn, bool least_tls12, char **why)
{
	struct tls_context *t = context_new(TLS_server_method(), alpn, least_tls12);

	t->server = true;
	SSL_CTX_set_cipher_list(t->ctx, suites12);
	ERR_clear_error();
	*why = NULL;
	if (SSL_CTX_use_certificate_chain_file(t->ctx, certificate) != 1)
		*why = because(certificate, "certificate");
	else if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1 &&
		 !is_of_another_key())
		*why = because(key, "private key");
	else if (SSL_CTX_check_private_key(t->ctx) != 1)
		*why = mem_printf("%s: is not the key of %s", key, certificate);
	if (*why) {
		ERR_clear_error();
		tls_context_unref(t);
		return NULL;
	}
	if (alpn) {
		SSL_CTX_set_client_hello_cb(t->ctx, on_client_hello, t);
		SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, t);
	}
	return t;
}

static int read_pem(struct tls_context *t, const char *certificate, const char *key)
{
	BIO *in = BIO_new_mem_buf(certificate, -1);
	X509 *x = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL), *next;
	BIO *key_in = BIO_new_mem_buf(key, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key_in, NULL, no_passphrase, NULL);
	bool ok = x && pkey && SSL_CTX_use_certificate(t->ctx, x) == 1;
	while (ok && (next = PEM_read_bio_X509(in, NULL, no_passphrase, NULL)))
		ok = SSL_CTX_add0_chain_cert(t->ctx, next) == 1;
	ok = ok && SSL_CTX_use_PrivateKey(t->ctx, pkey) == 1;
	X509_free(x);
	EVP_PKEY_free(pkey);
	BIO_free(in);
	BIO_free(key_in);
	return ok ? 0 : ERR_CERTIFICATE;
}

/* alpn: NULL for browsers */
static struct tls_context *server_of(const char *certificate, const char *key, const char *alpn,
				     char **why)
{
	struct tls_context *t = context_new(TLS_server_method(), alpn, true);

	t->server = true;
	SSL_CTX_set_cipher_list(t->ctx, suites12);
	*why = NULL;
	ERR_clear_error();
	if (read_pem(t, certificate, key) == 0) {
		ERR_clear_error(); /* that the chain has an end */
		return t;
	}
	*why = is_of_another_key() ? mem_strdup("the key is not that of the certificate")
				   : because("the certificate", "certificate and key");
	ERR_clear_error();
	tls_context_unref(t);
	return NULL;
}

struct tls_context *tls_context_server_of(const char *certificate, const char *key,
					  const char *alpn, char **why)
{
	struct tls_context *t = server_of(certificate, key, alpn, why);

	if (t) {
		SSL_CTX_set_client_hello_cb(t->ctx, on_client_hello, t);
		SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, t);
	}
	return t;
}

struct tls_context *tls_context_web_new(const char *certificate, const char *key, char **why)
{
	struct tls_context *t = server_of(certificate, key, NULL, why);

	if (!t)
		return NULL;
	t->web = true;
	t->tickets_s = now_s(); /* OpenSSL has made the first keys */
	snprintf(t->alpn, sizeof(t->alpn), "http/1.1");
	SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, t);
	SSL_CTX_clear_options(t->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(t->ctx, 1);
	return t;
}

/* What a ticket was made with is forgotten: who brings an older one shakes hands in full. */
static void change_ticket_keys(struct tls_context *t)
{
	uint8_t keys[80]; /* name, HMAC, AES */

	if (now_s() < t->tickets_s + TLS_CONTEXT_TICKET_S)
		return;
	t->tickets_s = now_s();
	random_bytes(keys, sizeof(keys));
	SSL_CTX_set_tlsext_ticket_keys(t->ctx, keys, sizeof(keys));
	mem_wipe(keys, sizeof(keys));
}

static void offer_alpn(struct tls_context *t)
{
	unsigned char wire[sizeof(t->alpn) + 1];
	size_t len = strlen(t->alpn);

	wire[0] = (unsigned char)len;
	memcpy(wire + 1, t->alpn, len);
	SSL_CTX_set_alpn_protos(t->ctx, wire, (unsigned)len + 1);
}

struct tls_context *tls_context_client_new(const char *pin, const char *ca_file, const char *alpn,
					   bool least_tls12, char **why)
{
	struct tls_context *t = context_new(TLS_client_method(), alpn, least_tls12);

	ERR_clear_error();
	*why = NULL;
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	if (pin) {
		t->pinned = true;
		if (pin_parse(pin, t->pin) != 0)
			*why =
			    mem_printf("\"%s\" is no pin (sha256: and 64 hexadecimal digits)", pin);
		SSL_CTX_set_cert_verify_callback(t->ctx, on_certificate, t);
	} else if (ca_file) {
		if (SSL_CTX_load_verify_file(t->ctx, ca_file) != 1)
			*why = because(ca_file, "certificate");
	} else if (SSL_CTX_set_default_verify_paths(t->ctx) != 1) {
		*why = because("the system's certificate authorities", "certificate");
	}
	ERR_clear_error();
	if (*why) {
		tls_context_unref(t);
		return NULL;
	}
	if (alpn)
		offer_alpn(t);
	return t;
}

static int on_any_certificate(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_verify_cert(store); /* its verdict is kept with the connection */
	return 1;
}

struct tls_context *tls_context_any_new(void)
{
	struct tls_context *t = context_new(TLS_client_method(), NULL, true);

	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(t->ctx, on_any_certificate, NULL);
	SSL_CTX_set_default_verify_paths(t->ctx);
	ERR_clear_error();
	return t;
}

bool tls_context_peer(struct ssl_st *ssl, char pin[TLS_CONTEXT_PIN_TEXT])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	const X509 *x = SSL_get0_peer_certificate(ssl);

	pin[0] = '\0';
	if (x && pin_of(x, digest))
		pin_text(digest, pin);
	return SSL_get_verify_result(ssl) == X509_V_OK;
}

struct tls_context *tls_context_ref(struct tls_context *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void tls_context_unref(struct tls_context *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	SSL_CTX_free(t->ctx);
	mem_free(t);
}

bool tls_context_is_server(const struct tls_context *t)
{
	return t->server;
}

const char *tls_context_alpn(const struct tls_context *t)
{
	return t->alpn[0] && !t->web ? t->alpn : NULL;
}

static bool is_ip(const char *host)
{
	uint8_t ip[16];

	return inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1;
}

struct ssl_st *tls_context_open(struct tls_context *t, const char *host)
{
	if (t->web)
		change_ticket_keys(t);
	SSL *ssl = SSL_new(t->ctx);

	assert(ssl);
	if (t->server) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_connect_state(ssl);
	if (!host)
		return ssl;
	if (is_ip(host)) {
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	} else {
		SSL_set_tlsext_host_name(ssl, host);
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		SSL_set1_host(ssl, host);
	}
	return ssl;
}

void tls_context_close(struct ssl_st *ssl)
{
	if (!ssl)
		return;
	mem_free(SSL_get_app_data(ssl));
	SSL_free(ssl);
}

int tls_context_pin_of_certificate(const char *certificate, char out[TLS_CONTEXT_PIN_TEXT],
				   char **why)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	BIO *file;
	X509 *x = NULL;
	int err = ERR_CERTIFICATE;

	ERR_clear_error();
	*why = NULL;
	file = BIO_new_file(certificate, "r");
	if (file)
		x = PEM_read_bio_X509(file, NULL, no_passphrase, NULL);
	if (x && pin_of(x, digest)) {
		pin_text(digest, out);
		err = 0;
	} else {
		*why = because(certificate, "certificate");
	}
	X509_free(x);
	BIO_free(file);
	return err;
}

int tls_context_make_self_signed(const char *const *names, char **certificate, char **key)
{
	struct p256 pair;
	size_t count = 0;

	while (names[count])
		count++;
	p256_new(&pair);
	*certificate = certificate_self_signed(&pair, names, count, NULL);
	*key = p256_text(&pair);
	mem_wipe(&pair, sizeof(pair));
	return 0;
}
