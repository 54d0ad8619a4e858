/*
 * The session of one agent, from the HELLO that begins it to its end. It has the transport, which
 * outlives its links, and the grace while there is no link. It wakes and rests the agent's doors,
 * and hands on what the agent declares. Only it sets the tenant's transport and remote.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_SESSION_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_SESSION_H

#include "relay/agents/agent_admission.h"
#include "relay/agents/agent_mappings.h"

struct agent_session;

/* The session has ended by itself. The owner may begin another one inside. */
typedef void agent_session_fn(void *owner);

/* What a HELLO means for the session. */
enum agent_session_verdict {
	AGENT_SESSION_NEW,     /* it begins a session */
	AGENT_SESSION_RESUMES, /* it resumes this session */
	/* It is of an older link of this session, or has impossible numbers. A wrong number never
	 * ends a live session. */
	AGENT_SESSION_STALE,
	AGENT_SESSION_HELD, /* it wants to begin a session, but another process is attached */
};

struct agent_session *agent_session_new(struct door_owner *t, struct agent_mappings *mappings,
					agent_session_fn *over, void *owner);
void agent_session_free(struct agent_session *s); /* it must have ended */

enum agent_session_verdict agent_session_judge(const struct agent_session *s,
					       const struct hello *hello);
/* Both take p over. Beginning ends a session that there was; resuming ends the link that there was.
 * Negative: the new link was gone at once. Then there is no session (begin), or the session waits
 * for the next link (resume). */
int agent_session_begin(struct agent_session *s, struct agent_admission *p);
int agent_session_resume(struct agent_session *s, struct agent_admission *p);
/* Sends REFUSE to the agent if it is attached; then it is detached. */
void agent_session_refuse(struct agent_session *s, enum refuse_code code, uint32_t retry_ms);
void agent_session_end(struct agent_session *s, const char *why); /* over does not come */

void agent_session_status(const struct agent_session *s, struct json *w); /* while there is one */

#endif
