/*
 * What a TLS ClientHello asks for, read without decrypting anything: the server's name, and the
 * protocols (ALPN) by which an agent is told from a visitor on a shared port. Pure. The caller
 * keeps the bytes, since the door gets them all again.
 *
 * The hello may be cut into records and segments as it likes. With ECH the outer name counts, as it
 * does for all on the way.
 */
#ifndef GROUNDNUT_NET_CLIENT_HELLO_H
#define GROUNDNUT_NET_CLIENT_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* A handshake message without its header, also where it is taken to be decrypted
	 * (tls_connection.h): post-quantum shares and tickets take 2 to 17 KiB today. */
	CLIENT_HELLO_HELLO_MAX = 20 * 1024,
	/* with record headers; beyond, the hello is cut into silly pieces */
	CLIENT_HELLO_BYTES_MAX = CLIENT_HELLO_HELLO_MAX + 16 * 1024,
};

enum client_hello_result {
	CLIENT_HELLO_MORE,      /* not complete yet */
	CLIENT_HELLO_HOST,      /* host holds the name, lower case */
	CLIENT_HELLO_NO_NAME,   /* a hello without a name, or with one that is no host name */
	CLIENT_HELLO_MALFORMED, /* no TLS, or broken, or too big */
};

enum client_hello_alert {
	CLIENT_HELLO_UNRECOGNIZED_NAME = 112, /* nobody serves it, or no name was given */
	CLIENT_HELLO_DECODE_ERROR = 50,       /* for CLIENT_HELLO_MALFORMED */
	CLIENT_HELLO_INTERNAL_ERROR = 80,     /* known, but its agent cannot be reached */
};
enum { CLIENT_HELLO_ALERT_LEN = 7 };

struct client_hello {
	char host[256]; /* "" unless CLIENT_HELLO_HOST */
	/* the ALPN list as on the wire (length, name, …); names beyond its end are cut off whole */
	uint8_t alpn[256];
	uint16_t alpn_len;
	/* How far the reader has come; no business of the caller. */
	size_t at;    /* offset of the next record's header */
	size_t have;  /* handshake bytes in the records before it */
	size_t total; /* the hello's length with its header, or 0: not known yet */
};

void client_hello_init(struct client_hello *s);
/* All bytes that came so far, each time (so the work done stays done). After anything but
 * CLIENT_HELLO_MORE: do not ask again. */
enum client_hello_result client_hello_read(struct client_hello *s, const uint8_t *p, size_t len);
bool client_hello_has_alpn(const struct client_hello *s, const char *name);
/* exactly that protocol and no other */
bool client_hello_offers_only(const struct client_hello *s, const char *name);
/* fatal, as plaintext before any ServerHello */
void client_hello_write_alert(enum client_hello_alert alert, uint8_t out[CLIENT_HELLO_ALERT_LEN]);

#endif
