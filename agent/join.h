/* `join`: from the line that `groundnut-relay account add` printed to an agent.json that works. */
#ifndef GROUNDNUT_AGENT_JOIN_H
#define GROUNDNUT_AGENT_JOIN_H

#include <stdbool.h>

/* line: the join line, or "-": from stdin. The file is written whatever the relay says; the exit
 * code is 0 only when the relay took the token. */
int join_command(const char *file, const char *line, bool force);

#endif
