/* The first message of a TLS client, made without a connection: for who only wants to see how
 * far it gets. */
#ifndef GROUNDNUT_NET_CLIENT_HELLO_WRITER_H
#define GROUNDNUT_NET_CLIENT_HELLO_WRITER_H

#include "shared/base/buf.h"

/* Appends a ClientHello in its record, as OpenSSL would send it: host as SNI, and these protocols
 * (NULL-ended) as ALPN. */
void client_hello_writer_write(const char *host, const char *const *alpn, struct buf *out);

#endif
