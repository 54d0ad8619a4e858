/* Which program holds a port, as far as /proc tells this user: for the sentence that says why a listener cannot be had. */
#ifndef GROUNDNUT_NET_HOLDER_H
#define GROUNDNUT_NET_HOLDER_H

#include "shared/base/addr.h"

enum holder_protocol { HOLDER_TCP, HOLDER_UDP };

/* "nginx (pid 812)", freed by the caller; NULL when it cannot be told. Reads all of /proc: for errors only. */
char *holder_of_port(enum holder_protocol protocol, const struct addr *at);

#endif
