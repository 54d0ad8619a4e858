/*
 * The session of one agent, from a HELLO that begins it to its end: the transport over links that
 * come and go, the grace while there is no link. It wakes and rests the agent's doors, and hands on
 * what the agent declares. The tenant's transport and remote are set here alone.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_SESSION_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_SESSION_H

#include "relay/agents/pending_agent.h"
#include "relay/agents/agent_mappings.h"

struct agent_session;

/* It has ended by itself. The owner may begin another inside it. */
typedef void agent_session_fn(void *owner);

/* What a HELLO means for the session. */
enum agent_session_verdict {
	AGENT_SESSION_NEW,     /* a session is to begin */
	AGENT_SESSION_RESUMES, /* this one goes on */
	/* of an older link of this one, or with numbers that cannot be: a wrong number never ends a
	 * live session */
	AGENT_SESSION_STALE,
	AGENT_SESSION_HELD, /* a session is to begin, but another process is attached */
};

struct agent_session *agent_session_new(struct tenant *t, struct agent_mappings *mappings,
					agent_session_fn *over, void *owner);
void agent_session_free(struct agent_session *s); /* it has ended */

enum agent_session_verdict agent_session_judge(const struct agent_session *s,
					       const struct hello *hello);
/* Both take p. Negative: the link was gone at once; there is no session (begin), or it waits for
 * the next link (resume). What was there before ends. */
int agent_session_begin(struct agent_session *s, struct pending_agent *p);
int agent_session_resume(struct agent_session *s, struct pending_agent *p);
/* to its agent, if it is attached; then it is detached */
void agent_session_refuse(struct agent_session *s, enum refuse_code code, uint32_t retry_ms);
void agent_session_end(struct agent_session *s, const char *why); /* over is not called */

void agent_session_status(const struct agent_session *s, struct json *w); /* while there is one */

#endif
