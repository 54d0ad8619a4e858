/*
 * Who asks an admin listener, and what it may do: bearer tokens of admin.json, and sessions of
 * browsers. Guesses are slowed, by source. One thread.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_ACCESS_H
#define GROUNDNUT_ADMIN_ADMIN_ACCESS_H

#include "shared/admin/admin_config.h"
#include "shared/admin/admin_file.h"
#include "shared/admin/admin_request.h"
#include "shared/admin/admin_sessions.h"
#include "shared/base/guess_limiter.h"
#include "shared/net/event_hub.h"
#include "shared/net/failure_log.h"

#include <sys/stat.h>

struct admin_access {
	struct loop *loop;
	const struct admin_config *config; /* borrowed; NULL: not set yet */
	struct event_hub *events;          /* takes the guesses; or NULL */
	struct guess_limiter *guesses;
	struct failure_log *log;
	struct admin_file file;
	struct stat file_seen; /* the state of the file when it was last read */
	struct admin_sessions sessions;
	/* The cookie's name over TLS; elsewhere it has no "__Host-". Cookies ignore ports, so it
	 * tells this program from others on the same host. */
	char cookie[48];
};

/* program: its name in the cookie's. */
void admin_access_init(struct admin_access *a, struct loop *l, const char *program,
		       struct event_hub *events);
void admin_access_fini(struct admin_access *a);
/* Reads admin.json when it has changed; the commands change it at any time. A new password or
 * second factor ends all sessions. */
void admin_access_read(struct admin_access *a);
/* Reads the value of our cookie (RFC 6265). "" when it is absent or of another length. */
void admin_access_cookie(const struct admin_access *a, struct http_exchange *x,
			 char out[TOKEN_TEXT]);
bool admin_access_is_signed_in(struct admin_access *a, struct http_exchange *x);
/* Derives a value from the session's cookie that our page can read and other pages cannot. It does
 * not check the session: admin_access_admit() does. */
void admin_access_header_token(const struct admin_access *a, struct http_exchange *x,
			       char out[TOKEN_HASH_TEXT]);
/* Whether a write comes from a program or from our own page. False: it is answered. */
bool admin_access_is_from_here(const struct admin_access *a, struct http_exchange *x);
/* Whether the request has the right, and who asks. False: it is answered. */
bool admin_access_admit(struct admin_access *a, struct admin_request *r, enum admin_right right);
/* Whether a token or a session with this hash (admin_asker.hash) is still there. owner: the
 * admin_access; an event_streams_fn. */
bool admin_access_knows(void *owner, const char *hash);
/* Counts and logs a guess. why: what was wrong, such as "a wrong link". */
void admin_access_wrong(struct admin_access *a, const struct addr *peer, const char *why);

#endif
