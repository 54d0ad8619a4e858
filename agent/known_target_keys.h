/*
 * Remembers the certificates of targets that speak TLS, by "HOST:PORT". It is for mappings with
 * neither target_pin nor target_ca_file. What a target shows first is remembered in a file: that
 * the system's CAs verify its certificate, or else its key. From then on the target must show the
 * same: a verified target must stay verified, and another key is an error until
 * known_target_keys_trust().
 */
#ifndef GROUNDNUT_AGENT_KNOWN_TARGET_KEYS_H
#define GROUNDNUT_AGENT_KNOWN_TARGET_KEYS_H

#include "shared/net/loop.h"

struct known_target_keys;

/* state: the state directory, which has the file. Blocking: reads the file; one that cannot be read
 * is empty. */
struct known_target_keys *known_target_keys_new(struct loop *l, const char *state);
/* A write under way is finished. NULL does nothing. */
void known_target_keys_free(struct known_target_keys *k);
/* Judges what a target shows, and remembers it when it is the first time. NULL: it may be used.
 * Else why not; the caller frees it. is_verified: the system's CAs verify it for the name that
 * was dialled. pin: its key. */
char *known_target_keys_judge(struct known_target_keys *k, const char *place, bool is_verified,
			      const char *pin);
/* Remembers what the target shows now. Returns what was remembered before; the caller frees it.
 * NULL: nothing. */
char *known_target_keys_trust(struct known_target_keys *k, const char *place, bool is_verified,
			      const char *pin);

#endif
