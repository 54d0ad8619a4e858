/* The command `join`: makes agent.json from a join line of `groundnut-relay account add`. */
#ifndef GROUNDNUT_AGENT_JOIN_H
#define GROUNDNUT_AGENT_JOIN_H

#include <stdbool.h>

/* line: the join line; "-" reads it from stdin. Writes the file whatever the relay says. Returns
 * the exit code, which is 0 only when the relay takes the token. */
int join_command(const char *file, const char *line, bool force);

#endif
