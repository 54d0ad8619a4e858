/*
 * The way to the relay, kept up: dialling, HELLO, resuming, spares beside a suspect link, and a new
 * session when the old one cannot go on. shared/README.md has the rules and PROTOCOL.md the
 * words; this file keeps the state. One for each agent process.
 */
#ifndef GROUNDNUT_AGENT_UPLINK_H
#define GROUNDNUT_AGENT_UPLINK_H

#include "agent/config.h"
#include "shared/net/transport.h"

struct uplink;

enum uplink_state { UPLINK_CONNECTING, UPLINK_ATTACHED, UPLINK_DETACHED };
const char *uplink_state_text(enum uplink_state s);

enum uplink_event {
	/* a new session begins (or the first): declare; what belonged to the old one is gone */
	UPLINK_SESSION,
	UPLINK_ENDING, /* the session is about to be given up: let go of its streams' owners */
	UPLINK_STATE,  /* attached, or lost */
};
typedef void uplink_fn(void *owner, enum uplink_event event);

/* The config is kept by reference until the next uplink_set_config. NULL when it names
 * certificates that cannot be used: *why (freed by the caller) says so. */
struct uplink *uplink_new(struct loop *l, const struct agent_config *c, uplink_fn *fn,
			  tunnel_fn *news, void *owner, char **why);
/* 0, or ERR_CONFIG with nothing changed */
int uplink_set_config(struct uplink *u, const struct agent_config *c, char **why);
/* relay, pin, account, token or name are others: give the session up and dial anew */
void uplink_restart(struct uplink *u);
/* try at once, unless the relay named a time: SIGHUP, a new address */
void uplink_hurry(struct uplink *u);
void uplink_doubt(struct uplink *u); /* an address or the default route changed */
/* say goodbye, drop everything; only uplink_free may follow */
void uplink_stop(struct uplink *u);
void uplink_free(struct uplink *u);

/* of the present session; never NULL between UPLINK_SESSION and UPLINK_ENDING */
struct transport *uplink_trunk(struct uplink *u);
enum uplink_state uplink_state(const struct uplink *u);
uint64_t uplink_resumed(const struct uplink *u);       /* how many resumes */
const char *uplink_last_error(const struct uplink *u); /* one sentence, "" when attached and well */
/* what became of link and session, in one sentence (freed by the caller), or NULL */
char *uplink_story(const struct uplink *u);
/* ours as the relay sees it; "" while unknown */
const char *uplink_address(const struct uplink *u);
/* how far the relay's clock is ahead of ours, by its last WELCOME; false: it has not told */
bool uplink_clock(const struct uplink *u, int64_t *off_ms);
/* TUNNEL_REFUSED: what comes next is no ordinary loss */
void uplink_heard_refuse(struct uplink *u, const void *json, size_t len);

#endif
