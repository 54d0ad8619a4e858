/* Whether the targets answer. Each is connected to now and then, a few at once, and not while
 * visits get through. A visit tells its result by target_check_note(). */
#ifndef GROUNDNUT_AGENT_TARGET_CHECK_H
#define GROUNDNUT_AGENT_TARGET_CHECK_H

#include "shared/net/event_hub.h"
#include "shared/net/loop.h"
#include "shared/tunnel/report_message.h"

struct target_checks;                      /* all of them */
struct target_check;                       /* of one target */
typedef void target_check_fn(void *owner); /* a check was asked for, or brought news */

struct target_checks *target_checks_new(struct loop *l, target_check_fn *fn, void *owner);
/* Where it tells that a target goes down or up; NULL: nowhere. */
void target_checks_set_events(struct target_checks *all, struct event_hub *events);
void target_checks_free(struct target_checks *all); /* after each of its checks */

/* name is the mapping's; host and name are borrowed. visits points to how many visits are under
 * way, which the owner counts. */
struct target_check *target_check_new(struct target_checks *all, const char *name, const char *host,
				      uint16_t port, const uint64_t *visits);
void target_check_free(struct target_check *c);
/* Checks every so many seconds from now on; 0: never. Setting the same again changes nothing. */
void target_check_every(struct target_check *c, uint32_t every_s);
/* Looks at once, and tells. */
void target_check_ask(struct target_check *c);
bool target_check_is_asked(const struct target_check *c); /* and not yet answered */
/* A visit got through (NULL), or why it did not. */
void target_check_note(struct target_check *c, const char *error);
const char *target_check_error(const struct target_check *c); /* why it is down, else NULL */
/* What is known, with the error borrowed. */
struct report_part target_check_part(const struct target_check *c);

#endif
