/* The commands `map` and `unmap`: they edit the file, then have a running agent reload it. Both
 * return the exit code. */
#ifndef GROUNDNUT_AGENT_MAP_COMMAND_H
#define GROUNDNUT_AGENT_MAP_COMMAND_H

#include "agent/config_edit.h"

int map_command_run(const char *file, const struct map_words *words);
int map_command_remove(const char *file, const char *name);

#endif
