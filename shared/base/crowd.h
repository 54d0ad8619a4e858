/*
 * Who has to go when places are short: of the network (v4 /24, v6 /48) that has the most members,
 * the first, which is the one that joined (or was put last) longest ago. So one network crowds out
 * its own, and a visitor from elsewhere stays. Members are embedded in what they stand for. The
 * networks are known by a keyed hash. Pure. One thread.
 */
#ifndef GROUNDNUT_BASE_CROWD_H
#define GROUNDNUT_BASE_CROWD_H

#include "shared/base/addr.h"
#include "shared/base/list.h"

#include <stddef.h>

struct crowd;
struct crowd_network;

struct crowd_member {
	struct list node;
	struct crowd_network *network; /* NULL: it is in no crowd */
};

struct crowd *crowd_new(void);
void crowd_free(struct crowd *c); /* it is empty */
void crowd_join(struct crowd *c, struct crowd_member *m, const struct addr *from);
/* One that is in no crowd may leave. */
void crowd_leave(struct crowd *c, struct crowd_member *m);
/* Behind the others of its network: it is the last of them to go. */
void crowd_put_last(struct crowd_member *m);
/* Who has to go; NULL: nobody is there. Networks with CROWD_FULLEST members or more are equally
 * full, and take turns. */
struct crowd_member *crowd_first(const struct crowd *c);
enum { CROWD_FULLEST = 256 };
size_t crowd_count(const struct crowd *c);
/* members of that member's network */
size_t crowd_beside(const struct crowd_member *m);

#endif
