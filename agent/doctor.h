/* The command `doctor` of the agent. It looks for faults, from the file on this machine to the
 * mappings' public side. */
#ifndef GROUNDNUT_AGENT_DOCTOR_H
#define GROUNDNUT_AGENT_DOCTOR_H

#include "shared/base/buf.h"

#include <stdatomic.h>
#include <stdbool.h>

/* Looks at the file, the relay, the running agent if there is one, and the targets. Prints the
 * findings and returns the exit code. Blocking. */
int doctor_run(const char *file, bool json);
/* Appends the findings of doctor_run() as a JSON list. Blocking; any thread. enough: another thread
 * sets it to end this soon; what has not been looked at is left out then. */
void doctor_write(const char *file, const atomic_bool *enough, struct buf *out);

#endif
