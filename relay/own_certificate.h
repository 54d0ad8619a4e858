/*
 * The relay's own certificate from a CA, for what says "certificate": "auto" in relay.json: for its
 * `host`, or where that is none for its first address. The CA finds the relay by tls-alpn-01 on the
 * shared tls port, or by http-01 on the shared http port. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_OWN_CERTIFICATE_H
#define GROUNDNUT_RELAY_OWN_CERTIFICATE_H

#include "relay/config.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"
#include "shared/net/io.h"

struct own_certificate;
/* Another one is shown from now on, or NULL: none. Borrowed. */
typedef void own_certificate_fn(void *owner, struct tls_context *shown);

struct own_certificate *own_certificate_new(struct loop *l, struct event_hub *events,
					    own_certificate_fn *fn, void *owner);
void own_certificate_close(struct own_certificate *o); /* NULL does nothing */
/* The configuration that is in force. */
void own_certificate_set(struct own_certificate *o, struct relay_config *config);
/* shared_ports_calls.take_validation; owner is the struct own_certificate. */
bool own_certificate_take(void *owner, struct io *io, const char *host);
/* ddns_server_token_fn */
const char *own_certificate_token(void *owner, const char *token);
/* "certificate" in status; nothing where none is wanted. */
void own_certificate_status(const struct own_certificate *o, struct json *w);

#endif
