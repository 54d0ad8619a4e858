/*
 * Carries the requests of an ACME client to its CA, one connection each, and the answers back. The
 * client stays its owner's, who begins jobs, publishes wishes and takes results:
 *
 *	static void look(struct x *x)       // the driver's callback, and after each change
 *	{
 *		switch (acme_driver_look(x->driver)) {
 *		case ACME_CLIENT_PUBLISH: …
 *		case ACME_CLIENT_DONE: …
 *	}
 *
 * A wait is over at most a minute late, also when the clock has been set or the machine has slept.
 */
#ifndef GROUNDNUT_NET_ACME_DRIVER_H
#define GROUNDNUT_NET_ACME_DRIVER_H

#include "shared/acme/acme_client.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"

struct acme_driver;
/* From the loop: look again. The driver may be closed inside. */
typedef void acme_driver_fn(void *owner);

/* tls: whom to believe that it is the CA (tls_context_client_new() with CAs); NULL when its URL is
 * http://. The client outlives the driver. */
struct acme_driver *acme_driver_new(struct loop *l, struct acme_client *c, struct tls_context *tls,
				    acme_driver_fn *fn, void *owner);
/* Sends what is to be sent, and gives up what nobody waits for any more. Never ASK. */
enum acme_client_state acme_driver_look(struct acme_driver *d);
void acme_driver_close(struct acme_driver *d);

#endif
