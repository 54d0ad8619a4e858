/*
 * Remembers the certificates of targets that speak TLS, by "HOST:PORT". It is for mappings with
 * neither target_pin nor target_ca_file. What a target shows first is remembered in a file: that
 * the system's CAs verify its certificate, or else its key. From then on the target must show the
 * same: a verified target must stay verified, and another key is an error until
 * known_targets_trust().
 */
#ifndef GROUNDNUT_AGENT_KNOWN_TARGETS_H
#define GROUNDNUT_AGENT_KNOWN_TARGETS_H

#include "shared/net/loop.h"

struct known_targets;

/* state: the state directory, which has the file. Blocking: reads the file; one that cannot be read
 * is empty. */
struct known_targets *known_targets_new(struct loop *l, const char *state);
/* A write under way is finished. NULL does nothing. */
void known_targets_free(struct known_targets *k);
/* Judges what a target shows, and remembers it when it is the first time. NULL: it may be used.
 * Else why not; the caller frees it. is_verified: the system's CAs verify it for the name that
 * was dialled. pin: its key. */
char *known_targets_judge(struct known_targets *k, const char *place, bool is_verified,
			  const char *pin);
/* Remembers what the target shows now. Returns what was remembered before; the caller frees it.
 * NULL: nothing. */
char *known_targets_trust(struct known_targets *k, const char *place, bool is_verified,
			  const char *pin);

#endif
