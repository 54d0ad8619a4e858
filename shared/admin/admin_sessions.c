#include "shared/admin/admin_sessions.h"

#include <stddef.h>
#include <string.h>

/* Makes a secret in the place of the one that ends first; a free place ends at 0. */
static void add(struct admin_secret *all, size_t count, uint64_t until_ms, char out[TOKEN_TEXT])
{
	struct admin_secret *place = all;
	for (size_t i = 0; i < count; i++)
		if (all[i].until_ms < place->until_ms)
			place = &all[i];
	token_new(out);
	token_hash(out, place->hash);
	place->until_ms = until_ms;
}

/* Compares with all of them, so that the time does not tell which one fits. */
static const struct admin_secret *find(const struct admin_secret *all, size_t count,
				       const char *secret)
{
	const struct admin_secret *found = NULL;
	for (size_t i = 0; i < count; i++)
		if (all[i].hash[0] && token_matches(secret, all[i].hash))
			found = &all[i];
	return found;
}

static void forget(struct admin_secret *place)
{
	*place = (struct admin_secret){.until_ms = 0};
}

void admin_sessions_link(struct admin_sessions *s, uint64_t now_ms, char link[TOKEN_TEXT])
{
	add(s->links, ADMIN_LINKS, now_ms + ADMIN_LINK_MS, link);
}

void admin_sessions_open(struct admin_sessions *s, uint64_t now_ms, char session[TOKEN_TEXT])
{
	add(s->sessions, ADMIN_SESSIONS, now_ms + ADMIN_SESSION_MS, session);
}

bool admin_sessions_begin(struct admin_sessions *s, const char *link, uint64_t now_ms,
			  char session[TOKEN_TEXT])
{
	const struct admin_secret *found = find(s->links, ADMIN_LINKS, link);
	if (!found || found->until_ms <= now_ms)
		return false;
	forget(&s->links[found - s->links]);
	admin_sessions_open(s, now_ms, session);
	return true;
}

bool admin_sessions_has(const struct admin_sessions *s, const char *session, uint64_t now_ms)
{
	const struct admin_secret *found = find(s->sessions, ADMIN_SESSIONS, session);
	return found && found->until_ms > now_ms;
}

bool admin_sessions_has_hash(const struct admin_sessions *s, const char *hash, uint64_t now_ms)
{
	for (size_t i = 0; i < ADMIN_SESSIONS; i++)
		if (*hash && !strcmp(s->sessions[i].hash, hash))
			return s->sessions[i].until_ms > now_ms;
	return false;
}

void admin_sessions_end(struct admin_sessions *s, const char *session)
{
	const struct admin_secret *found = find(s->sessions, ADMIN_SESSIONS, session);
	if (found)
		forget(&s->sessions[found - s->sessions]);
}

void admin_sessions_end_all(struct admin_sessions *s)
{
	for (size_t i = 0; i < ADMIN_SESSIONS; i++)
		forget(&s->sessions[i]);
}
