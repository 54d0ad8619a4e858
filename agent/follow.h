/*
 * The agent as DDNS client: which names are to follow the home, whether the home can be reached at
 * all (nat.h), its own v6 address; how many reports were sent and answered. The reports go along
 * with DECLARE, the answers come with STATE.
 */
#ifndef GROUNDNUT_AGENT_FOLLOW_H
#define GROUNDNUT_AGENT_FOLLOW_H

#include "shared/base/json.h"
#include "shared/net/loop.h"
#include "shared/tunnel/declare.h"

struct follow;
typedef void follow_fn(void *owner); /* what DECLARE says has changed: declare again */

struct follow *follow_new(struct loop *l, follow_fn *fn, void *owner);
void follow_free(struct follow *f);
void follow_set(struct follow *f, const struct name_wish_list *names);
/* A link is up, to this address of the relay; seen: ours as the relay sees it. Looks anew at how
 * the home is connected; to be called before follow_declare, which says "pending" while it is
 * not known for this address. */
void follow_attached(struct follow *f, const struct addr *relay, const char *seen);
void follow_look(struct follow *f); /* the network here has changed */
/* Fills in names (borrowed until the next follow_set), nat and address6; each name's report counts
 * as sent. */
void follow_declare(struct follow *f, struct declare *d);
void follow_stated(struct follow *f, const struct state *s);
bool follow_has_names(const struct follow *f);
/* writes "nat", "advice" and "names" of status (README.md, "Status") */
void follow_status(const struct follow *f, struct json *w);

#endif
