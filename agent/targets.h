/*
 * The targets at home: for each mapping of the file, the service that a visitor's stream leads to,
 * the visits under way, and the relay's last word on it. The agent dials only what its own file
 * lists.
 */
#ifndef GROUNDNUT_AGENT_TARGETS_H
#define GROUNDNUT_AGENT_TARGETS_H

#include "agent/certificates.h"
#include "agent/followed_names.h"
#include "agent/known_targets.h"
#include "agent/reachability.h"
#include "shared/base/json.h"
#include "shared/net/transport.h"
#include "shared/tunnel/declare_messages.h"

struct targets;
typedef void targets_fn(void *owner); /* a state has changed */
/* words: "OLD → NEW", what was remembered of the target and what is now; or error says why not */
typedef void targets_trust_fn(void *owner, const char *words, const char *error);

/* certificates, known, events: borrowed */
struct targets *targets_new(struct loop *l, struct certificates *certificates,
			    struct known_targets *known, struct event_hub *events, targets_fn *fn,
			    void *owner);
void targets_free(struct targets *s);

/* Takes the file's list, copied. A mapping that has not changed keeps its id and its visits; the
 * visits of a changed or removed one are cut. */
void targets_set(struct targets *s, const struct mapping_list *list);
/* Whether each visitor that leaves is worth a line in the log, and whether requests of https
 * mappings are kept in memory for a while. */
void targets_set_log(struct targets *s, bool visitors, bool requests);
/* Into an array that is open: those requests, the newest last. */
void targets_write_requests(const struct targets *s, struct json *w);
/* A session begins: probes and reports go by it from here on. can: what the relay is able to do */
void targets_begin(struct targets *s, const struct reachability_session *session,
		   struct capabilities can);
void targets_attached(struct targets *s); /* a link is up again */
/* Declares the whole list to the relay. */
void targets_declare(struct targets *s, struct followed_names *names, struct transport *k);
void targets_stated(struct targets *s, const struct state *state);
void targets_opened(struct targets *s, struct transport *k, struct stream *stream);
/* A PROBE of the relay. 0; or ERR_SYNTAX with the reason in why. */
int targets_probed(struct targets *s, const void *json, size_t len, char why[256]);
/* The session ends: drops its streams; every mapping is pending again. */
void targets_session_over(struct targets *s);

bool targets_all_answered(const struct targets *s);
/* Looks at once whether the mapping's target answers, and whether visitors get through to its
 * public side as soon as it is open; tells by targets_fn. */
void targets_check(struct targets *s, const char *name);

struct target_look {
	enum mapping_state state;
	const char *public_text, *error; /* NULL: none */
	const char *target_error;        /* why the target did not answer last; NULL: it did */
	const char *unreachable;         /* why visitors do not get through; NULL: they do, or it is
					  * not known */
	bool is_checked;                 /* no targets_check() is under way */
};
bool targets_look(const struct targets *s, const char *name, struct target_look *out);
/* writes "mappings" of status (README.md, "Status") */
void targets_status(const struct targets *s, struct json *w);

/* Takes the key that the mapping's target shows now; fn comes later, once. NULL; or why not,
 * static. */
const char *targets_trust(struct targets *s, const char *name, targets_trust_fn *fn, void *owner);

#endif
