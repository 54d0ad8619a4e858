/*
 * The session's two messages: DECLARE, the whole of what an agent wants, and STATE, what became of
 * it. This is the one place that knows their JSON; PROTOCOL.md says when each is sent.
 */
#ifndef GROUNDNUT_TUNNEL_DECLARE_MESSAGES_H
#define GROUNDNUT_TUNNEL_DECLARE_MESSAGES_H

#include "shared/base/buf.h"
#include "shared/tunnel/mapping_list.h"

/* What a name of agent.json follows. NAME_FOLLOW_UNKNOWN occurs on the relay only, when a later
 * agent says a word that this version does not know. */
enum name_follow { NAME_FOLLOW_RELAY, NAME_FOLLOW_HOME, NAME_FOLLOW_UNKNOWN };
struct name_entry {
	char *host, *host_typed; /* as a mapping's */
	enum name_follow follow;
};
struct name_entry_list {
	struct name_entry *items; /* owned */
	size_t count;
};
const char *name_follow_text(enum name_follow f); /* "relay" "home" */
void name_entry_list_fini(struct name_entry_list *l);
void name_entry_list_copy(struct name_entry_list *out, const struct name_entry_list *from);
/* False when there were errors, and *out is empty. On the wire a word for what a name follows that
 * this version does not know is none. */
bool name_entry_list_read(struct conf_at list, bool on_wire, struct name_entry_list *out);

/* A TXT record that the agent wants at _acme-challenge.HOST, so that a CA sees that the name is the
 * account's (dns-01). What is wrong with one is told in its report alone. */
enum { CHALLENGES_MAX = 16, CHALLENGE_TXT = 43 };
struct challenge {
	char host[256];              /* as a mapping's host */
	char txt[CHALLENGE_TXT + 2]; /* CHALLENGE_TXT base64url characters when it is right */
};
bool challenge_same(const struct challenge *a, const struct challenge *b);

/* DECLARE: the whole list of what the agent wants, under a serial that only grows within a
 * session. */
struct declare {
	uint64_t serial;
	struct mapping_list mappings;
	struct name_entry_list names;
	struct challenge *challenges; /* owned; only to a relay that can */
	size_t challenge_count;
	struct addr address6; /* the home's own public v6 as the agent sees it, or family 0 */
	char nat[8];          /* "public", "cgnat", "unknown"; "pending": not known yet */
	/* the address that nat is about, as the relay last told it, or family 0 */
	struct addr judged;
};
void declare_fini(struct declare *d);
void declare_write(const struct declare *d, struct buf *out);
/* 0; or ERR_SYNTAX with the first reason in why, and *out is empty. Unknown keys are ignored. */
int declare_read(const char *text, size_t len, struct declare *out, char why[256]);

enum { STATE_ERROR_ROOM = 200 }; /* what of an error fits into STATE, with its NUL; more is cut */

/* STATE: the relay's answer; one entry for each mapping of that serial. */
struct mapping_report {
	uint32_t id;
	enum mapping_state state;
	char *public_text; /* what a visitor types; NULL while not open */
	char *error;       /* why not, or NULL; longer ones are cut on the wire */
	char *host;        /* of http and tls: the full name, open or not; else NULL */
};
struct name_report {
	char *name;               /* full name */
	char *wanted, *published; /* addresses, comma separated, or NULL */
	char *answer;             /* "good", "nochg", or why not */
	uint64_t counted;         /* how many of the agent's reports for it were answered */
};
enum challenge_state { CHALLENGE_PENDING, CHALLENGE_PUBLISHED, CHALLENGE_ERROR };
struct challenge_report {
	struct challenge challenge;
	enum challenge_state state;
	char *error; /* why not, or why not yet; or NULL. Longer ones are cut on the wire */
};
struct state {
	uint64_t serial; /* of the DECLARE it answers */
	struct mapping_report *mappings;
	size_t mapping_count;
	struct name_report *names;
	size_t name_count;
	char *address; /* the agent's address as the relay sees it */
	char *notice;  /* a sentence for whoever runs the agent, or NULL; longer ones are cut */
	struct challenge_report *challenges;
	size_t challenge_count;
};
void name_reports_free(struct name_report *reports, size_t count);
void challenge_reports_free(struct challenge_report *reports, size_t count);
void state_fini(struct state *s);
void state_write(const struct state *s, struct buf *out);
/* As declare_read. A state that this version does not know is an error of that mapping alone. */
int state_read(const char *text, size_t len, struct state *out, char why[256]);

#endif
