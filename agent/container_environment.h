/*
 * Makes agent.json from a container's environment: GROUNDNUT_JOIN is a join line, GROUNDNUT_AGENT
 * the agent's name, and GROUNDNUT_MAP the arguments of one or more `map`, separated by ";" or line
 * ends.
 */
#ifndef GROUNDNUT_AGENT_CONTAINER_ENVIRONMENT_H
#define GROUNDNUT_AGENT_CONTAINER_ENVIRONMENT_H

/* Runs `map` with these words; its exit code. */
typedef int container_environment_map_fn(void *arg, char **words, int count);

/* Makes the file, unless it exists or GROUNDNUT_JOIN is empty. Returns 0, or an exit code after
 * saying what is wrong; no file is left then, so that the next start says it again. */
int container_environment_apply(const char *file, container_environment_map_fn *map, void *arg);

#endif
