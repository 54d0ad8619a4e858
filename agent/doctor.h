/* `doctor`: the agent's side looked at from the inside out. */
#ifndef GROUNDNUT_AGENT_DOCTOR_H
#define GROUNDNUT_AGENT_DOCTOR_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* Looks at the file, the relay, and, if one runs, at the agent; prints; returns the exit code. */
int doctor_run(const char *file, bool json);
/* The same, as the JSON list; on any thread, for as long as it takes. */
void doctor_write(const char *file, struct buf *out);

#endif
