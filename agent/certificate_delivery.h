/*
 * Where else a certificate of a CA goes: `certificate_copy`, a directory that gets MAPPING.key and
 * MAPPING.crt, and `certificate_hook`, a program that runs once they lie there. What was delivered
 * is remembered below the state directory, so that a restart does not run the program again.
 */
#ifndef GROUNDNUT_AGENT_CERTIFICATE_DELIVERY_H
#define GROUNDNUT_AGENT_CERTIFICATE_DELIVERY_H

#include "shared/net/loop.h"
#include "shared/tunnel/mapping.h"

struct certificate_delivery;

/* Of a mapping with one or both, copied; NULL where it has neither. */
struct certificate_delivery *certificate_delivery_new(struct loop *l, const struct mapping *m,
						      const char *state);
void certificate_delivery_free(struct certificate_delivery *d);
/* Whether it is for this mapping as it stands in the file. */
bool certificate_delivery_is_of(const struct certificate_delivery *d, const struct mapping *m,
				const char *state);

/* Key and chain lie in the file at path, for host: delivers them when they are others than were
 * delivered, and again some time after a failure. To be called every few seconds. */
void certificate_delivery_look(struct certificate_delivery *d, const char *path, const char *host);
/* What is wrong, one line; NULL: nothing. Borrowed. */
const char *certificate_delivery_error(const struct certificate_delivery *d);

#endif
