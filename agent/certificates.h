/*
 * The certificates of the https mappings. A mapping has a certificate in the operator's own files,
 * which are read again when they change, or one that a CA gives (certificate_orders.h). This also
 * tells the state of each. A mapping is named by its name in the file. One loop.
 */
#ifndef GROUNDNUT_AGENT_CERTIFICATES_H
#define GROUNDNUT_AGENT_CERTIFICATES_H

#include "agent/config.h"
#include "shared/net/event_hub.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"
#include "shared/tunnel/report_message.h"

struct certificates;
/* Something has changed: a certificate, what is known of one, or the records wanted. */
typedef void certificates_fn(void *owner);

struct certificates *certificates_new(struct loop *l, struct event_hub *events, certificates_fn *fn,
				      void *owner);
void certificates_free(struct certificates *all); /* NULL does nothing */
/* Takes the https mappings of the configuration; copies what it needs. A mapping that has not
 * changed keeps its certificate. */
void certificates_set(struct certificates *all, const struct agent_config *c);

/* What the agent knows of a mapping's public side. */
struct certificates_public {
	const char *host;   /* the full host as the relay says; NULL: not known */
	bool is_open;       /* the relay lets visitors in */
	uint16_t port;      /* at this port */
	bool is_probed;     /* a probe tries now whether visitors get through */
	const char *closed; /* why they do not; NULL: they do, or it is not known */
};
/* Asks the owner to probe the mapping's public side now. */
typedef void certificates_probe_fn(void *owner, const char *mapping);
void certificates_set_probe(struct certificates *all, certificates_probe_fn *fn, void *owner);
/* Tells what is known of the public side; at is copied. A mapping with files does not need it. */
void certificates_told(struct certificates *all, const char *mapping,
		       const struct certificates_public *at);
/* Tells that the session is over: a CA cannot validate anything now. */
void certificates_away(struct certificates *all);

/* As certificate_orders.h says, for DECLARE and from STATE. */
void certificates_set_relay(struct certificates *all, bool can_publish);
size_t certificates_records(const struct certificates *all, struct challenge *out, size_t most);
void certificates_stated(struct certificates *all, const struct state *state);

/* The certificate for visitors of the mapping, borrowed; NULL: there is none yet. */
struct tls_context *certificates_shown(const struct certificates *all, const char *mapping);
/* Whether there is a certificate whose time is not over. Then plain requests may be redirected to
 * https. */
bool certificates_is_valid(const struct certificates *all, const char *mapping);
/* Whether there is a valid certificate, or it is known why there is none. True for a mapping that
 * needs none. */
bool certificates_is_settled(const struct certificates *all, const char *mapping);
/* The certificate for a CA that validates this name, borrowed; NULL: there is none. */
struct tls_context *certificates_validation(const struct certificates *all, const char *name);
/* Has the CA asked for a new certificate as soon as the orders of the day allow. Returns NULL, or a
 * static text that says why not. */
const char *certificates_renew(struct certificates *all, const char *mapping);
struct certificate_progress {
	uint64_t taken, failed; /* orders since the start */
	const char *error;      /* what is wrong now, borrowed; NULL: nothing */
};
struct certificate_progress certificates_progress(const struct certificates *all,
						  const char *mapping);
/* Writes all of them into an open array. */
void certificates_list(const struct certificates *all, struct json *w);
/* The state for the relay, with the error borrowed; empty for a mapping that needs none. */
struct report_part certificates_part(const struct certificates *all, const char *mapping);
/* The state for people at home: the error may also be of the mapping's copy or hook. */
struct report_part certificates_status_part(const struct certificates *all, const char *mapping);

#endif
