/*
 * Keeps the agent connected to its relay: it dials, says HELLO, resumes, dials spares beside a
 * suspect link, and begins a new session when the old one cannot go on. shared/README.md has the
 * rules, PROTOCOL.md the frames. There is one in each agent process.
 */
#ifndef GROUNDNUT_AGENT_UPLINK_H
#define GROUNDNUT_AGENT_UPLINK_H

#include "agent/config.h"
#include "shared/net/transport.h"

struct uplink;

enum uplink_state { UPLINK_CONNECTING, UPLINK_ATTACHED, UPLINK_DETACHED };
const char *uplink_state_text(enum uplink_state s);

enum uplink_event {
	/* a new session begins (or the first one): declare; everything of the old one is gone */
	UPLINK_SESSION,
	UPLINK_ENDING, /* the session is about to be given up: drop what owns its streams */
	UPLINK_STATE,  /* attached, or lost */
};
typedef void uplink_fn(void *owner, enum uplink_event event);

/* The config is kept by reference until the next uplink_set_config. NULL when it names
 * certificates that cannot be used: *why (freed by the caller) says so. */
struct uplink *uplink_new(struct loop *l, const struct agent_config *c, uplink_fn *fn,
			  tunnel_fn *news, void *owner, char **why);
/* 0, or ERR_CONFIG with nothing changed */
int uplink_set_config(struct uplink *u, const struct agent_config *c, char **why);
/* relay, pin, account, token or agent name has changed: gives the session up and dials again */
void uplink_restart(struct uplink *u);
/* dials at once, unless the relay named a time to wait: for SIGHUP, or a new address */
void uplink_hurry(struct uplink *u);
void uplink_doubt(struct uplink *u); /* an address or the default route changed */
/* says goodbye and drops everything; only uplink_free may follow */
void uplink_stop(struct uplink *u);
void uplink_free(struct uplink *u);

/* of the present session; never NULL between UPLINK_SESSION and UPLINK_ENDING */
struct transport *uplink_transport(struct uplink *u);
enum uplink_state uplink_state(const struct uplink *u);
uint64_t uplink_resumed(const struct uplink *u);       /* how many resumes */
const char *uplink_last_error(const struct uplink *u); /* one sentence, "" when attached and well */
/* one sentence about the link and the session (freed by the caller), or NULL */
char *uplink_summary(const struct uplink *u);
/* ours as the relay sees it; "" while unknown */
const char *uplink_address(const struct uplink *u);
/* how far the relay's clock is ahead of ours, by its last WELCOME; false: it has not told */
bool uplink_clock(const struct uplink *u, int64_t *off_ms);
/* for TUNNEL_REFUSED: the loss that follows is not an ordinary one */
void uplink_heard_refuse(struct uplink *u, const void *json, size_t len);

#endif
