/*
 * The session of one home, from one HELLO for a new one to its end: the trunk over links that come
 * and go, the grace while there is none. With it the doors of the home wake and rest, and what its
 * agent declares goes to them and to the names.
 */
#ifndef GROUNDNUT_RELAY_HOME_SESSION_H
#define GROUNDNUT_RELAY_HOME_SESSION_H

#include "relay/greeting.h"
#include "relay/home_doors.h"

struct home_session;

/* It has ended by itself. The owner may begin another inside it. */
typedef void home_session_fn(void *owner);

/* What a HELLO is to it. */
enum home_session_verdict {
	HOME_SESSION_NEW,     /* a session is to begin */
	HOME_SESSION_RESUMES, /* this one goes on */
	/* of this one, but an older link, or with numbers that cannot be: a live session is never
	 * ended by a wrong number */
	HOME_SESSION_STALE,
	HOME_SESSION_HELD, /* a session is to begin, but another process is attached */
};

/* worker: the home's. */
struct home_session *home_session_new(struct home *h, struct worker *worker,
				      struct home_doors *doors, home_session_fn *over, void *owner);
void home_session_free(struct home_session *s); /* it has ended */

enum home_session_verdict home_session_judge(const struct home_session *s,
					     const struct hello *hello);
/* Both take g. Negative: the link was gone at once; there is no session (begin), or it waits for
 * the next link (resume). What was there before ends. */
int home_session_begin(struct home_session *s, struct greeting *g);
int home_session_resume(struct home_session *s, struct greeting *g);
/* to its agent, if attached: detached then */
void home_session_refuse(struct home_session *s, enum refuse_code code, uint32_t retry_ms);
void home_session_end(struct home_session *s, const char *why); /* over is not called */

struct trunk *home_session_trunk(const struct home_session *s); /* NULL: there is none */
bool home_session_is_attached(const struct home_session *s);
/* where its link comes from, or the last one came */
const struct addr *home_session_remote(const struct home_session *s);
void home_session_status(const struct home_session *s, struct json *w); /* while there is one */

#endif
