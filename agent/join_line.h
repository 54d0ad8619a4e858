/*
 * The join line, groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX, taken apart and checked. One
 * that works once ends in "&invite", and may name the agent that it is for, "&agent=NAME". Pure.
 */
#ifndef GROUNDNUT_AGENT_JOIN_LINE_H
#define GROUNDNUT_AGENT_JOIN_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct join_line {
	char *account, *token;
	char *relay; /* "HOST:PORT", an IPv6 host in brackets */
	char *pin;
	char *agent;    /* the agent's name in the file, or NULL: it has none there */
	bool is_invite; /* token is an invitation */
};

/* White space anywhere in text is ignored. 0; or ERR_SYNTAX and one sentence in why, which never
 * shows the token. *out needs no fini then. */
int join_line_parse(const char *text, struct join_line *out, char *why, size_t why_len);
void join_line_fini(struct join_line *l);

#endif
