/* TLS contexts: the certificate that this side shows, and which certificates it accepts. The rest
 * of the program sees only these handles; OpenSSL's TLS stays in tls_context.c and
 * tls_connection.c. The tunnel uses TLS 1.3 only; DDNS clients, which may be old routers, and
 * browsers may also use 1.2. Only browsers get tickets; there is no early data. A context does not
 * change after it is made, but for the ticket keys of one for browsers, which one thread uses. It
 * is counted, and threads may share it. */
#ifndef GROUNDNUT_NET_TLS_CONTEXT_H
#define GROUNDNUT_NET_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_CONTEXT_ALPN_TUNNEL "groundnut/1"
#define TLS_CONTEXT_ALPN_ACME   "acme-tls/1" /* RFC 8737 */

enum { TLS_CONTEXT_PIN_TEXT = 72 };

struct tls_context;

/* The relay's end. certificate and key: PEM files. alpn: required from the peer (a handshake
 * without it fails), or NULL: none asked. least_tls12: allow 1.2. On failure NULL, and *why
 * (freed by the caller) tells file and reason. */
struct tls_context *tls_context_server_new(const char *certificate, const char *key,
					   const char *alpn, bool least_tls12, char **why);

/* Of PEM texts, TLS 1.2 and up: for validations by ACME. alpn as above. */
struct tls_context *tls_context_server_of(const char *certificate, const char *key,
					  const char *alpn, char **why);
/*
 * For browsers: PEM texts (the key may stand in either), TLS 1.2 and 1.3 with the suites of
 * Mozilla's intermediate profile, http/1.1 where ALPN is spoken at all. Sessions are resumed by
 * tickets, whose keys live in this context only and are changed every TLS_CONTEXT_TICKET_S.
 */
enum { TLS_CONTEXT_TICKET_S = 6 * 3600 };
struct tls_context *tls_context_web_new(const char *certificate, const char *key, char **why);
/* The agent's end. One of pin ("sha256:<hex>" of the peer's SPKI), ca_file (PEM) or the system's
 * CAs (both NULL). With CAs the chain and the host name given to io_tls_dial() are verified.
 * alpn as above, or NULL. */
struct tls_context *tls_context_client_new(const char *pin, const char *ca_file, const char *alpn,
					   bool least_tls12, char **why);

/* Believes any certificate: the owner asks tls_connection_peer() afterwards, and sends
 * nothing before it has judged. The system's CAs are asked what they say of it. */
struct tls_context *tls_context_any_new(void);

struct tls_context *tls_context_ref(struct tls_context *t);
void tls_context_unref(struct tls_context *t); /* NULL does nothing */

/* of a PEM file; 0 or negative */
int tls_context_pin_of_certificate(const char *certificate, char out[TLS_CONTEXT_PIN_TEXT],
				   char **why);
bool tls_context_is_pin(const char *text);

/* `init`: an ECDSA P-256 key and a self-signed certificate for names (DNS names and addresses,
 * NULL-ended), valid 20 years, as PEM texts freed by the caller. */
int tls_context_make_self_signed(const char *const *names, char **certificate, char **key);

/* For tls_connection.c only: the SSL of one connection. host is as for io_tls_dial(). Early data is
 * never sent, and each record is written when it is made. */
struct ssl_st *tls_context_open(struct tls_context *t, const char *host);
void tls_context_close(struct ssl_st *ssl);
bool tls_context_is_server(const struct tls_context *t);
const char *tls_context_alpn(const struct tls_context *t); /* the one that is required, or NULL */
/* After a handshake: the key that the peer has shown, and whether its certificate is verified. */
bool tls_context_peer(struct ssl_st *ssl, char pin[TLS_CONTEXT_PIN_TEXT]);
/* After a failed handshake: ERR_PIN, ERR_CERTIFICATE, or ERR_TLS where the peer does not offer the
 * ALPN, with words freed by the caller; 0 when it was something else. */
int tls_context_verdict(struct ssl_st *ssl, char **detail);

#endif
