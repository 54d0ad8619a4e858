/*
 * The certificates of the https mappings: those of files, which are read again when they change,
 * those that a CA gives (certificate_orders.h), and what each is doing now.
 */
#ifndef GROUNDNUT_AGENT_CERTIFICATES_H
#define GROUNDNUT_AGENT_CERTIFICATES_H

#include "agent/config.h"
#include "shared/net/event_hub.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"
#include "shared/tunnel/report_message.h"

struct certificates;
/* a certificate has become valid, or is valid no longer */
typedef void certificates_fn(void *owner);

struct certificates *certificates_new(struct loop *l, struct event_hub *events, certificates_fn *fn,
				      void *owner);
void certificates_free(struct certificates *all);
/* Takes the https mappings of the file, copied. One that has not changed keeps what it has. */
void certificates_set(struct certificates *all, const struct agent_config *c);

/* What is known of the mapping's public side. */
struct certificates_public {
	const char *host;   /* the full one, as the relay says; NULL: not known */
	bool is_open;       /* the relay lets visitors in … */
	uint16_t port;      /* … at this port */
	bool is_probed;     /* it is being tried whether they get through */
	const char *closed; /* they do not: in words; NULL: they do, or it is not known */
};
/* A mapping's public side is to be tried now. */
typedef void certificates_probe_fn(void *owner, const char *mapping);
void certificates_set_probe(struct certificates *all, certificates_probe_fn *fn, void *owner);
void certificates_told(struct certificates *all, const char *mapping,
		       const struct certificates_public *at);
/* The session is over: nothing can be validated. */
void certificates_away(struct certificates *all);

/* As of certificate_orders.h, for DECLARE and by STATE. */
void certificates_set_relay(struct certificates *all, bool can_publish);
size_t certificates_records(const struct certificates *all, struct challenge *out, size_t most);
void certificates_stated(struct certificates *all, const struct state *state);

/* What is shown to visitors of the mapping; NULL: there is none yet. Borrowed. */
struct tls_context *certificates_shown(const struct certificates *all, const char *mapping);
/* Whether there is a certificate whose time is not over: then plain requests may be sent to
 * https. */
bool certificates_is_valid(const struct certificates *all, const char *mapping);
/* Whether there is a certificate, or it is known why there is none; true for a mapping without
 * one. */
bool certificates_is_settled(const struct certificates *all, const char *mapping);
/* What a CA that validates this name is shown; NULL: nothing. Borrowed. */
struct tls_context *certificates_validation(const struct certificates *all, const char *name);
/* Orders a new certificate. NULL; or why not, static. */
const char *certificates_renew(struct certificates *all, const char *mapping);
struct certificate_progress {
	uint64_t taken, failed; /* orders since the start */
	const char *error;      /* of the last one; NULL: none */
};
struct certificate_progress certificates_progress(const struct certificates *all,
						  const char *mapping);
/* writes all of them, into an array that is open */
void certificates_list(const struct certificates *all, struct json *w);
/* What is known of it, with the error borrowed; of a mapping without one nothing. */
struct report_part certificates_part(const struct certificates *all, const char *mapping);
/* The same for people at home: also what became of its copy and hook. */
struct report_part certificates_status_part(const struct certificates *all, const char *mapping);

#endif
