/*
 * Runs a program once. There is no shell; the program has no input and only the variables that are
 * given. Of its output the last line is kept, for the reason of a failure. The program has its own
 * process group, which is killed when the time is over. A leaf.
 */
#ifndef GROUNDNUT_NET_CHILD_PROCESS_H
#define GROUNDNUT_NET_CHILD_PROCESS_H

#include "shared/net/loop.h"

struct child_process;
/* Comes once, from the loop, when the program has ended or cannot be started. why: NULL when it
 * ended with 0, else one line that is valid during the call. The owner closes it, inside or
 * later. */
typedef void child_process_fn(void *owner, const char *why);

/* Never NULL. words: its path and its arguments; variables: texts "NAME=value". Each list has NULL
 * behind the last; both are read only during the call. most_ms: the time that it has. */
struct child_process *child_process_start(struct loop *l, char *const *words,
					  char *const *variables, uint64_t most_ms,
					  child_process_fn *fn, void *owner);
/* Kills the process group if the program still runs; fn does not come after this. NULL does
 * nothing. */
void child_process_close(struct child_process *p);

#endif
