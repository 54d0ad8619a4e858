/*
 * The doors of one home: as many as its agent's last DECLARE lists, open or with the reason why
 * not, and STATE, which tells the agent so each time something changes. One that cannot be opened
 * now is tried again.
 *
 * Between two sessions the doors rest, open but without visitors, until the next DECLARE adopts
 * those that fit it and closes the others.
 */
#ifndef GROUNDNUT_RELAY_HOME_DOORS_H
#define GROUNDNUT_RELAY_HOME_DOORS_H

#include "relay/world.h"
#include "shared/base/json.h"
#include "shared/net/io.h"
#include "shared/tunnel/declare.h"

struct home;
struct home_doors;
struct http_relay;

struct home_doors *home_doors_new(struct home *h);
void home_doors_free(struct home_doors *all);

void home_doors_declare(struct home_doors *all, const struct declare *d); /* in a session */
void home_doors_wake(struct home_doors *all);                             /* the session goes on */
/* it is about to end: visitors get what has come for them */
void home_doors_orphan(struct home_doors *all);
void home_doors_close(struct home_doors *all);
/* the accounts are others: who lost the right to a door loses it, the others are tried */
void home_doors_judge(struct home_doors *all);
/* takes the reports */
void home_doors_set_names(struct home_doors *all, struct name_report *reports, size_t count);
/* A visitor of a shared port, as of home_visit(). */
void home_doors_visit(struct home_doors *all, uint64_t claim, struct io_parcel *parcel,
		      struct http_relay *machine);
void home_doors_status(const struct home_doors *all, struct json *w); /* "mappings" */

#endif
