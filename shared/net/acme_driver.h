/*
 * Sends the requests of an ACME client to its CA, with a connection for each, and gives the client
 * the answers. The client stays the owner's: the owner begins jobs, publishes wishes and takes
 * results:
 *
 *	static void look(struct x *x)       // the driver's callback, and after each change
 *	{
 *		switch (acme_driver_look(x->driver)) {
 *		case ACME_CLIENT_PUBLISH: …
 *		case ACME_CLIENT_DONE: …
 *	}
 *
 * A wait ends at most a minute late, also when the clock was set or the machine slept. A leaf.
 */
#ifndef GROUNDNUT_NET_ACME_DRIVER_H
#define GROUNDNUT_NET_ACME_DRIVER_H

#include "shared/acme/acme_client.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"

struct acme_driver;
/* Comes from the loop: the owner looks again. The driver may be closed inside. */
typedef void acme_driver_fn(void *owner);

/* tls: verifies the CA (tls_context_client_new() with CAs), and a reference is taken; NULL: the
 * CA's URL is http://. The client must live longer than the driver. */
struct acme_driver *acme_driver_new(struct loop *l, struct acme_client *c, struct tls_context *tls,
				    acme_driver_fn *fn, void *owner);
/* Sends the client's next request, and drops a request whose job has ended. Returns the client's
 * state, never ACME_CLIENT_ASK. */
enum acme_client_state acme_driver_look(struct acme_driver *d);
void acme_driver_close(struct acme_driver *d); /* NULL does nothing */

#endif
