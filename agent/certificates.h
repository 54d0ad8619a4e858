/*
 * The certificates of the https mappings: those of files, which are read again when they change,
 * and what each is doing now.
 */
#ifndef GROUNDNUT_AGENT_CERTIFICATES_H
#define GROUNDNUT_AGENT_CERTIFICATES_H

#include "agent/config.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"
#include "shared/tunnel/report_message.h"

struct certificates;
typedef void certificates_fn(void *owner); /* one has become valid, or is so no more */

struct certificates *certificates_new(struct loop *l, certificates_fn *fn, void *owner);
void certificates_free(struct certificates *all);
/* Takes the https mappings of the file, copied. One that has not changed keeps what it has. */
void certificates_set(struct certificates *all, const struct agent_config *c);

/* What is shown to visitors of the mapping; NULL: there is none yet. Borrowed. */
struct tls_context *certificates_shown(const struct certificates *all, const char *mapping);
/* There is one, and its time is not over: plain requests may be sent to https. */
bool certificates_is_valid(const struct certificates *all, const char *mapping);
/* What is known of it, with the error borrowed; of a mapping without one nothing. */
struct report_part certificates_part(const struct certificates *all, const char *mapping);

#endif
