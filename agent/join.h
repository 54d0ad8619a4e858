/* `join`: from the line that `groundnut-relay account add` printed to an agent.json that works. */
#ifndef GROUNDNUT_AGENT_JOIN_H
#define GROUNDNUT_AGENT_JOIN_H

#include <stdbool.h>
#include <stddef.h>

/* groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX, taken apart and checked. */
struct join_line {
	char *account, *token;
	char *relay; /* "HOST:PORT", an IPv6 host in brackets */
	char *pin;
};

/* 0; or ERR_SYNTAX and one sentence in why, which never shows the token. *out needs no fini
 * then. */
int join_parse(const char *text, struct join_line *out, char *why, size_t why_len);
void join_fini(struct join_line *l);

/* line: the join line, or "-": from stdin. Returns the exit code: 0 when the file was written,
 * whatever the relay said. */
int join_command(const char *file, const char *line, bool force);

#endif
