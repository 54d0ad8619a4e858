/* `doctor`: the agent's side looked at from the inside out. */
#ifndef GROUNDNUT_AGENT_DOCTOR_H
#define GROUNDNUT_AGENT_DOCTOR_H

#include <stdbool.h>

/* Looks at the file, the relay, and, if one runs, at the agent; prints; returns the exit code. */
int doctor_run(const char *file, bool json);

#endif
