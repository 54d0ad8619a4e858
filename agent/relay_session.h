/*
 * Keeps the agent connected to its relay: it dials, says HELLO, resumes, dials spares beside a
 * suspect link, and begins a new session when the old one cannot go on. shared/README.md has the
 * rules, PROTOCOL.md the frames. There is one in each agent process.
 */
#ifndef GROUNDNUT_AGENT_RELAY_SESSION_H
#define GROUNDNUT_AGENT_RELAY_SESSION_H

#include "agent/config.h"
#include "shared/net/transport.h"
#include "shared/tunnel/capabilities.h"

struct json;
struct relay_session;

enum relay_session_state {
	RELAY_SESSION_CONNECTING,
	RELAY_SESSION_ATTACHED,
	RELAY_SESSION_DETACHED
};
const char *relay_session_state_text(enum relay_session_state s);

enum relay_session_event {
	/* a new session begins (or the first one): declare; everything of the old one is gone */
	RELAY_SESSION_BEGINS,
	/* the session is about to be given up: its streams' owners must drop them */
	RELAY_SESSION_ENDING,
	RELAY_SESSION_STATE, /* attached, or lost */
	RELAY_SESSION_ERROR, /* relay_session_last_error() is another one */
};
typedef void relay_session_fn(void *owner, enum relay_session_event event);

/* The config is kept by reference until the next relay_session_set_config. NULL when it names
 * certificates that cannot be used: *why (freed by the caller) says so. */
struct relay_session *relay_session_new(struct loop *l, const struct agent_config *c,
					relay_session_fn *fn, tunnel_fn *news, void *owner,
					char **why);
/* 0, or ERR_CONFIG with nothing changed */
int relay_session_set_config(struct relay_session *u, const struct agent_config *c, char **why);
/* relay, pin, account, token or agent name has changed: gives the session up and dials again */
void relay_session_restart(struct relay_session *u);
/* dials at once, unless the relay named a time to wait: for SIGHUP, or a new address */
void relay_session_hurry(struct relay_session *u);
void relay_session_doubt(struct relay_session *u); /* an address or the default route changed */
/* says goodbye and drops everything; only relay_session_free may follow */
void relay_session_stop(struct relay_session *u);
void relay_session_free(struct relay_session *u);

/* of the present session; never NULL between RELAY_SESSION_BEGINS and RELAY_SESSION_ENDING */
struct transport *relay_session_transport(struct relay_session *u);
enum relay_session_state relay_session_state(const struct relay_session *u);
uint64_t relay_session_resumed(const struct relay_session *u); /* how many resumes */
/* one sentence, "" when attached and well */
const char *relay_session_last_error(const struct relay_session *u);
/* one sentence about the link and the session (freed by the caller), or NULL */
char *relay_session_summary(const struct relay_session *u);
/* when and why the link was lost last, as a member of a status */
void relay_session_put_break(const struct relay_session *u, struct json *w);
/* ours as the relay sees it; "" while unknown */
const char *relay_session_address(const struct relay_session *u);
/* how far the relay's clock is ahead of ours, by its last WELCOME; false: it has not told */
bool relay_session_clock(const struct relay_session *u, int64_t *off_ms);
/* of the present session, SESSION_ID bytes; of no use without the token */
const uint8_t *relay_session_id(const struct relay_session *u);
struct capabilities relay_session_can(const struct relay_session *u); /* the relay */
/* For TUNNEL_REFUSED: the link is lost next, and not by an ordinary fault. */
void relay_session_heard_refuse(struct relay_session *u, const void *json, size_t len);

#endif
