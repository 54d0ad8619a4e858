/* `map` and `unmap`: the file is edited, then an agent that runs on it takes it up. Both return the
 * exit code. */
#ifndef GROUNDNUT_AGENT_MAP_COMMAND_H
#define GROUNDNUT_AGENT_MAP_COMMAND_H

int map_command_run(const char *file, const char *name, const char *public_text, const char *target,
		    const char *protocol);
int map_command_remove(const char *file, const char *name);

#endif
