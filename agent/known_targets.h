/*
 * What targets that speak TLS have shown, where the file says neither target_pin nor
 * target_ca_file, by "HOST:PORT": a certificate that the system's CAs verify, or a key. What was
 * seen first counts from then on, and outlives a restart: a CA's word is never given up for a key,
 * and another key is an error until known_targets_trust().
 */
#ifndef GROUNDNUT_AGENT_KNOWN_TARGETS_H
#define GROUNDNUT_AGENT_KNOWN_TARGETS_H

#include "shared/net/loop.h"

struct known_targets;

/* state: the directory of the file */
struct known_targets *known_targets_new(struct loop *l, const char *state);
void known_targets_free(struct known_targets *k);
/* NULL: it is as remembered, or the first that is seen. Else why it is not to be used, freed by the
 * caller. is_verified: by the system's CAs, for the name that was dialled. */
char *known_targets_judge(struct known_targets *k, const char *place, bool is_verified,
			  const char *pin);
/* What it shows now is right. What was remembered before, freed by the caller; NULL: nothing. */
char *known_targets_trust(struct known_targets *k, const char *place, bool is_verified,
			  const char *pin);

#endif
