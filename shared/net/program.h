/*
 * A program that is run once: no shell, nothing to read, no variables but those given, its output
 * kept in its last line. It stands in a process group of its own, which is killed when its time is
 * over. A leaf.
 */
#ifndef GROUNDNUT_NET_PROGRAM_H
#define GROUNDNUT_NET_PROGRAM_H

#include "shared/net/loop.h"

struct program;
/* It has ended. why: NULL where it ended with 0, else what went wrong, one line, borrowed. The
 * owner closes it, here or later. */
typedef void program_fn(void *owner, const char *why);

/* words: its path and its arguments; variables: "NAME=value". Each with NULL behind the last; both
 * are only read here. */
struct program *program_start(struct loop *l, char *const *words, char *const *variables,
			      uint64_t most_ms, program_fn *fn, void *owner);
/* Kills it where it still runs. */
void program_close(struct program *p);

#endif
