/* Why a listener cannot be opened, and which program holds its port, as far as /proc tells this
 * user. */
#ifndef GROUNDNUT_NET_PORT_OWNER_H
#define GROUNDNUT_NET_PORT_OWNER_H

#include "shared/base/addr.h"

enum port_owner_protocol { PORT_OWNER_TCP, PORT_OWNER_UDP };

/* "nginx (pid 812)", freed by the caller; NULL when nothing tells. It reads all of /proc, so it is
 * for errors only. */
char *port_owner_of_port(enum port_owner_protocol protocol, const struct addr *at);
/* Why the address could not be bound, in a sentence that names the address, what a person needs to
 * do, and who holds it when that is known. Freed by the caller. */
char *port_owner_explain(enum port_owner_protocol protocol, const struct addr *at, int err);

#endif
