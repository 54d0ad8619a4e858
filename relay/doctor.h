/* `doctor`: the relay looked at from the inside out. */
#ifndef GROUNDNUT_RELAY_DOCTOR_H
#define GROUNDNUT_RELAY_DOCTOR_H

#include <stdbool.h>

/* Looks at the files, the machine, the running relay and at how the world finds its names; prints;
 * returns the exit code. */
int doctor_run(const char *file, bool json);

#endif
