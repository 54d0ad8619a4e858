/* `join`: from the line that `groundnut-relay account add` printed to an agent.json that works. */
#ifndef GROUNDNUT_AGENT_JOIN_H
#define GROUNDNUT_AGENT_JOIN_H

#include <stdbool.h>

/* line: the join line, or "-": from stdin. Returns the exit code: 0 when the file was written,
 * whatever the relay said. */
int join_command(const char *file, const char *line, bool force);

#endif
