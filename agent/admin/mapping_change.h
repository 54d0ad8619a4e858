/*
 * Changes a mapping in agent.json for the dashboard, with the checks of `map`. It reads the body of
 * a request, edits the file on the thread pool, because another program may hold the file's lock,
 * and tells the result on the loop.
 */
#ifndef GROUNDNUT_AGENT_ADMIN_MAPPING_CHANGE_H
#define GROUNDNUT_AGENT_ADMIN_MAPPING_CHANGE_H

#include "agent/config_edit.h"
#include "shared/admin/admin_server.h"

struct mapping_change;

enum mapping_change_act { MAPPING_CHANGE_ADD, MAPPING_CHANGE_EDIT, MAPPING_CHANGE_REMOVE };

/* The result; all of it is valid during the call. */
struct mapping_change_result {
	int code;                          /* 0, or the code of config_edit_map() */
	const char *said;                  /* what is wrong, as lines */
	const struct agent_config *config; /* the file after the change; NULL: it is unchanged */
};
/* Comes once, from the loop. */
typedef void mapping_change_fn(void *owner, const struct mapping_change_result *r);

/* Reads the body of a request. name: the mapping; NULL for MAPPING_CHANGE_ADD, whose body has the
 * name. Returns a change for mapping_change_start(), or NULL: the body is wrong, and the request is
 * answered. */
struct mapping_change *mapping_change_read(const struct admin_request *r,
					   enum mapping_change_act act, const char *name);
const char *mapping_change_name(const struct mapping_change *c);
/* Begins the change and takes it over. file: the path of agent.json. */
void mapping_change_start(struct mapping_change *c, struct loop *l, const char *file,
			  mapping_change_fn *fn, void *owner);

/* Writes a mapping as an object with the keys that a request's body has, without the password. */
void mapping_change_write(const struct mapping *m, struct json *w);

#endif
