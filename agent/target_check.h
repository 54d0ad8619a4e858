/* Finds out whether the targets answer. It connects to each target from time to time, to a few at
 * once, and not to a target that visits get through to. A visit tells its result by
 * target_check_note(). One loop. */
#ifndef GROUNDNUT_AGENT_TARGET_CHECK_H
#define GROUNDNUT_AGENT_TARGET_CHECK_H

#include "shared/net/event_hub.h"
#include "shared/net/loop.h"
#include "shared/tunnel/report_message.h"

struct target_checks; /* of all targets */
struct target_check;  /* of one target */
/* A check that was asked for has ended, or one has changed a target's state. */
typedef void target_check_fn(void *owner);

struct target_checks *target_checks_new(struct loop *l, target_check_fn *fn, void *owner);
/* Sets the hub that takes an event when a target goes down or up; borrowed; NULL: none. */
void target_checks_set_events(struct target_checks *all, struct event_hub *events);
void target_checks_free(struct target_checks *all); /* after each of its checks */

/* name: the mapping's. name and host are borrowed. visits: the owner's count of visits under
 * way. */
struct target_check *target_check_new(struct target_checks *all, const char *name, const char *host,
				      uint16_t port, const uint64_t *visits);
void target_check_free(struct target_check *c);
/* Checks every every_s seconds from now on; 0: never. The same value again changes nothing. */
void target_check_every(struct target_check *c, uint32_t every_s);
/* Checks at once; the target_check_fn comes when it has ended. */
void target_check_ask(struct target_check *c);
/* Whether a check of target_check_ask() is not over yet. */
bool target_check_is_asked(const struct target_check *c);
/* Tells the result of a visit. error: why it did not get through, copied; NULL: it did. */
void target_check_note(struct target_check *c, const char *error);
const char *target_check_error(const struct target_check *c); /* why it is down, else NULL */
/* The state: "unknown", "up" or "down". The error is borrowed. */
struct report_part target_check_part(const struct target_check *c);

#endif
