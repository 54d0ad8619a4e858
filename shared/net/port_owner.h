/* Why a listener cannot be had, and which program holds its port, as far as /proc tells this
 * user. */
#ifndef GROUNDNUT_NET_PORT_OWNER_H
#define GROUNDNUT_NET_PORT_OWNER_H

#include "shared/base/addr.h"

enum port_owner_protocol { PORT_OWNER_TCP, PORT_OWNER_UDP };

/* "nginx (pid 812)", freed by the caller; NULL when it cannot be told. Reads all of /proc: for
 * errors only. */
char *port_owner_of_port(enum port_owner_protocol protocol, const struct addr *at);
/* Why at could not be bound, in a sentence that names it: what a person needs, who holds it when
 * that can be told. Freed by the caller. */
char *port_owner_explain(enum port_owner_protocol protocol, const struct addr *at, int err);

#endif
