/*
 * Delivers a CA's certificate to other programs: `certificate_copy` is a directory that gets
 * MAPPING.key and MAPPING.crt, and `certificate_hook` is a program that runs after the copies are
 * written. What was delivered is noted below the state directory, so a restart does not run the
 * program again. One loop.
 */
#ifndef GROUNDNUT_AGENT_CERTIFICATE_DELIVERY_H
#define GROUNDNUT_AGENT_CERTIFICATE_DELIVERY_H

#include "shared/base/list.h"
#include "shared/net/loop.h"
#include "shared/tunnel/mapping.h"

struct certificate_delivery;

/* For a mapping with copy or hook; copies what it needs. NULL: the mapping has neither. all: the
 * owner's list of deliveries; some may be on it after certificate_delivery_free(), and the owner
 * takes these off before the list goes. */
struct certificate_delivery *certificate_delivery_new(struct loop *l, const struct mapping *m,
						      const char *state, struct list *all);
/* A running hook is killed; files that are being written are written, and another delivery for a
 * mapping of this name waits for that. NULL does nothing, here and below. */
void certificate_delivery_free(struct certificate_delivery *d);
/* Whether it is for this mapping, with its present copy and hook. */
bool certificate_delivery_is_of(const struct certificate_delivery *d, const struct mapping *m,
				const char *state);

/* Delivers key and chain from the file at path when they differ from what was delivered, and tries
 * again some time after a failure. host: for the hook. The caller calls this every few seconds. */
void certificate_delivery_look(struct certificate_delivery *d, const char *path, const char *host);
/* What is wrong, as one line, borrowed; NULL: nothing. */
const char *certificate_delivery_error(const struct certificate_delivery *d);

#endif
