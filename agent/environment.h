/*
 * What a container says instead of a file: GROUNDNUT_JOIN, a join line; GROUNDNUT_AGENT, the
 * agent's name; GROUNDNUT_MAP, the arguments of `map`, several by ";" or on lines of their own.
 */
#ifndef GROUNDNUT_AGENT_ENVIRONMENT_H
#define GROUNDNUT_AGENT_ENVIRONMENT_H

/* Runs `map` with these words; its exit code. */
typedef int environment_map_fn(void *arg, char **words, int count);

/* Makes file from the environment, unless it is there or GROUNDNUT_JOIN is empty. Returns an exit
 * code after saying what was wrong; no file is left then, so that the next start says it again. */
int environment_apply(const char *file, environment_map_fn *map, void *arg);

#endif
