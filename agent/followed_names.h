/*
 * The names that follow the home: which ones, whether the home can be reached at all (nat.h), its
 * own v6 address, and how many reports were sent and answered. Reports leave with DECLARE, answers
 * come with STATE.
 */
#ifndef GROUNDNUT_AGENT_FOLLOWED_NAMES_H
#define GROUNDNUT_AGENT_FOLLOWED_NAMES_H

#include "shared/base/json.h"
#include "shared/net/loop.h"
#include "shared/tunnel/declare_messages.h"

struct followed_names;
typedef void followed_names_fn(void *owner); /* what DECLARE says has changed: declare again */

struct followed_names *followed_names_new(struct loop *l, followed_names_fn *fn, void *owner);
void followed_names_free(struct followed_names *f);
void followed_names_set(struct followed_names *f, const struct name_entry_list *names);
/* A link is up, to this address of the relay; seen: ours as the relay sees it. Looks anew at how
 * the home is connected; to be called before followed_names_declare, which says "pending" while
 * it is not known for this address. */
void followed_names_attached(struct followed_names *f, const struct addr *relay, const char *seen);
void followed_names_look(struct followed_names *f); /* the network here has changed */
/* Fills in names (borrowed until the next followed_names_set), nat and address6; each name's
 * report counts as sent. */
void followed_names_declare(struct followed_names *f, struct declare *d);
void followed_names_stated(struct followed_names *f, const struct state *s);
bool followed_names_has_names(const struct followed_names *f);
/* writes "nat", "advice" and "names" of status (README.md, "Status") */
void followed_names_status(const struct followed_names *f, struct json *w);

#endif
