/*
 * The relay's own certificate from a CA, for the parts of relay.json that say "certificate":
 * "auto". It is for the relay's `host`, or without one for its first address. The CA validates it
 * by tls-alpn-01 on the shared tls port, or by http-01 on the shared http port. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_OWN_CERTIFICATE_H
#define GROUNDNUT_RELAY_OWN_CERTIFICATE_H

#include "relay/config.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"
#include "shared/net/io.h"

struct own_certificate;
/* There is another certificate from now on, borrowed, or NULL: there is none. */
typedef void own_certificate_fn(void *owner, struct tls_context *shown);

struct own_certificate *own_certificate_new(struct loop *l, struct event_hub *events,
					    own_certificate_fn *fn, void *owner);
void own_certificate_close(struct own_certificate *o); /* NULL does nothing */
/* Applies the configuration; copies what it needs. */
void own_certificate_set(struct own_certificate *o, struct relay_config *config);
/* The shared_ports_calls.take_validation; owner is the struct own_certificate. True: it takes io
 * over. False: no CA validates this host. */
bool own_certificate_take(void *owner, struct io *io, const char *host);
/* The ddns_server_token_fn. */
const char *own_certificate_token(void *owner, const char *token);
/* Writes the member "certificate" of the status; nothing when no certificate is wanted. */
void own_certificate_status(const struct own_certificate *o, struct json *w);

#endif
