/*
 * Links and sessions of the dashboard. A link works once within ten minutes and begins a session; a
 * session lasts twelve hours. All of them are in memory, so a restart signs everybody out. Pure:
 * the caller gives the loop's time.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_SESSIONS_H
#define GROUNDNUT_ADMIN_ADMIN_SESSIONS_H

#include "shared/base/token.h"

#include <stdint.h>

enum {
	ADMIN_LINKS = 4,
	ADMIN_LINK_MS = 10 * 60 * 1000,
	ADMIN_SESSIONS = 32,
	ADMIN_SESSION_MS = 12 * 60 * 60 * 1000
};

struct admin_secret {
	char hash[TOKEN_HASH_TEXT]; /* "": this place is free */
	uint64_t until_ms;
};

/* All zero at the start. */
struct admin_sessions {
	struct admin_secret links[ADMIN_LINKS], sessions[ADMIN_SESSIONS];
};

/* Makes a link. When all places are taken, it replaces the link that ends first. */
void admin_sessions_link(struct admin_sessions *s, uint64_t now_ms, char link[TOKEN_TEXT]);
/* Uses a link up and begins a session. False: the link is unknown, used or too old. */
bool admin_sessions_begin(struct admin_sessions *s, const char *link, uint64_t now_ms,
			  char session[TOKEN_TEXT]);
/* Begins a session without a link. When all places are taken, it replaces the one that ends
 * first. */
void admin_sessions_open(struct admin_sessions *s, uint64_t now_ms, char session[TOKEN_TEXT]);
bool admin_sessions_has(const struct admin_sessions *s, const char *session, uint64_t now_ms);
/* As admin_sessions_has(), by the session's token_hash(). */
bool admin_sessions_has_hash(const struct admin_sessions *s, const char *hash, uint64_t now_ms);
void admin_sessions_end_all(struct admin_sessions *s);
void admin_sessions_end(struct admin_sessions *s, const char *session);

#endif
