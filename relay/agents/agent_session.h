/*
 * The session of one home, from one HELLO for a new one to its end: the trunk over links that come
 * and go, the grace while there is none. With it the doors of the home wake and rest, and what its
 * agent declares goes to them and to the names.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_AGENT_SESSION_H
#define GROUNDNUT_RELAY_AGENTS_AGENT_SESSION_H

#include "relay/agents/pending_agent.h"
#include "relay/agents/agent_mappings.h"

struct agent_session;

/* It has ended by itself. The owner may begin another inside it. */
typedef void agent_session_fn(void *owner);

/* What a HELLO is to it. */
enum agent_session_verdict {
	AGENT_SESSION_NEW,     /* a session is to begin */
	AGENT_SESSION_RESUMES, /* this one goes on */
	/* of this one, but an older link, or with numbers that cannot be: a live session is never
	 * ended by a wrong number */
	AGENT_SESSION_STALE,
	AGENT_SESSION_HELD, /* a session is to begin, but another process is attached */
};

/* worker: the home's. */
struct agent_session *agent_session_new(struct agent *h, struct worker *worker,
					struct agent_mappings *doors, agent_session_fn *over,
					void *owner);
void agent_session_free(struct agent_session *s); /* it has ended */

enum agent_session_verdict agent_session_judge(const struct agent_session *s,
					       const struct hello *hello);
/* Both take g. Negative: the link was gone at once; there is no session (begin), or it waits for
 * the next link (resume). What was there before ends. */
int agent_session_begin(struct agent_session *s, struct pending_agent *g);
int agent_session_resume(struct agent_session *s, struct pending_agent *g);
/* to its agent, if attached: detached then */
void agent_session_refuse(struct agent_session *s, enum refuse_code code, uint32_t retry_ms);
void agent_session_end(struct agent_session *s, const char *why); /* over is not called */

struct transport *agent_session_trunk(const struct agent_session *s); /* NULL: there is none */
bool agent_session_is_attached(const struct agent_session *s);
/* where its link comes from, or the last one came */
const struct addr *agent_session_remote(const struct agent_session *s);
void agent_session_status(const struct agent_session *s, struct json *w); /* while there is one */

#endif
