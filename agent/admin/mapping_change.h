/*
 * Changing the mappings of agent.json for the dashboard, with the checks of `map`: a request's body
 * is read, the file is edited on the thread pool, since another program may hold its lock, and what
 * came of it is told on the loop.
 */
#ifndef GROUNDNUT_AGENT_ADMIN_MAPPING_CHANGE_H
#define GROUNDNUT_AGENT_ADMIN_MAPPING_CHANGE_H

#include "agent/config_edit.h"
#include "shared/admin/admin_server.h"

struct mapping_change;

enum mapping_change_act { MAPPING_CHANGE_ADD, MAPPING_CHANGE_EDIT, MAPPING_CHANGE_REMOVE };

struct mapping_change_result {
	int code;                          /* 0, or as of config_edit_map() */
	const char *said;                  /* what is wrong, lines */
	const struct agent_config *config; /* the file as it is now; NULL: nothing was changed */
};
typedef void mapping_change_fn(void *owner, const struct mapping_change_result *r);

/* name: NULL of one to be added, which the body names. NULL: it is answered that the body is wrong.
 * mapping_change_start() takes it. */
struct mapping_change *mapping_change_read(const struct admin_request *r,
					   enum mapping_change_act act, const char *name);
const char *mapping_change_name(const struct mapping_change *c);
void mapping_change_start(struct mapping_change *c, struct loop *l, const char *file,
			  mapping_change_fn *fn, void *owner);

/* One mapping as an object, with what the body of a request would say; no password. */
void mapping_change_write(const struct mapping *m, struct json *w);

#endif
