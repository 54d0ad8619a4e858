/* Why a listener cannot be had, and which program holds its port, as far as /proc tells this
 * user. */
#ifndef GROUNDNUT_NET_HOLDER_H
#define GROUNDNUT_NET_HOLDER_H

#include "shared/base/addr.h"

enum holder_protocol { HOLDER_TCP, HOLDER_UDP };

/* "nginx (pid 812)", freed by the caller; NULL when it cannot be told. Reads all of /proc: for
 * errors only. */
char *holder_of_port(enum holder_protocol protocol, const struct addr *at);
/* Why at could not be bound, in a sentence that names it: what a person needs, who holds it when
 * that can be told. Freed by the caller. */
char *holder_explain(enum holder_protocol protocol, const struct addr *at, int err);

#endif
