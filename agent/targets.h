/*
 * The targets at home. For each mapping of the file it has the service that visitors reach, the
 * visits under way, and what the relay has last said of the mapping. The agent dials only what its
 * own file lists. One loop.
 */
#ifndef GROUNDNUT_AGENT_TARGETS_H
#define GROUNDNUT_AGENT_TARGETS_H

#include "agent/certificates.h"
#include "agent/followed_names.h"
#include "agent/known_target_keys.h"
#include "agent/reachability.h"
#include "shared/base/json.h"
#include "shared/net/transport.h"
#include "shared/tunnel/declare_messages.h"

struct targets;
typedef void targets_fn(void *owner); /* the state of a mapping has changed */
/* words: "OLD → NEW", what was remembered of the target and what is now; or NULL, and error says
 * why it failed. */
typedef void targets_trust_fn(void *owner, const char *words, const char *error);

/* certificates, known and events are borrowed. */
struct targets *targets_new(struct loop *l, struct certificates *certificates,
			    struct known_target_keys *known, struct event_hub *events,
			    targets_fn *fn, void *owner);
void targets_free(struct targets *s);

/* Takes the list of the file; copies it. A mapping that has not changed keeps its id and its
 * visits; the visits of a changed or removed one are cut. */
void targets_set(struct targets *s, const struct mapping_list *list);
/* visitors: log a line for each visitor that leaves. requests: keep the requests of https mappings
 * in memory for a while (request_log.h). */
void targets_set_log(struct targets *s, bool visitors, bool requests);
/* Writes these requests into an open array, the newest last. */
void targets_write_requests(const struct targets *s, struct json *w);
enum { TARGETS_VISITORS_MOST = 500 };
/* Writes the visitors that are inside into an open array, those of a mapping from the longest here
 * on, at most TARGETS_VISITORS_MOST. mapping: only its visitors; "": those of all. Returns how many
 * there are. */
uint64_t targets_visitors(const struct targets *s, const char *mapping, struct json *w);
/* Cuts a visitor off, and writes before who it was, as above. False: there is none of that id. */
bool targets_cut_visitor(struct targets *s, uint64_t id, struct json *w);
/* A session begins; probes and reports go by it from now on. can: what the relay can do. */
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
/* Checks at once whether the mapping's target answers, and probes its public side as soon as it is
 * open. The targets_fn comes as each of these ends (target_look.is_checked). */
void targets_check(struct targets *s, const char *name);

struct target_look {
	enum mapping_state state;
	const char *public_text, *error; /* NULL: none */
	const char *target_error;        /* why the target did not answer last; NULL: it did */
	/* why visitors do not get through; NULL: they do, or it is not known */
	const char *unreachable;
	bool is_checked; /* no targets_check() is under way */
};
/* The state of a mapping; the texts are borrowed. False: there is none of that name. */
bool targets_look(const struct targets *s, const char *name, struct target_look *out);
/* Writes the member "mappings" of the status (README.md, "Status"). */
void targets_status(const struct targets *s, struct json *w);

/* Trusts the key that the mapping's target shows now. Returns NULL, and fn comes once, later; or a
 * static text that says why it cannot be done. */
const char *targets_trust(struct targets *s, const char *name, targets_trust_fn *fn, void *owner);

#endif
