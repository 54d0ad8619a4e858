/*
 * The services at home: for each mapping where a visitor's stream leads, the visits under way, and
 * what the relay said of it. The agent dials only what its own file lists.
 */
#ifndef GROUNDNUT_AGENT_SERVICES_H
#define GROUNDNUT_AGENT_SERVICES_H

#include "agent/follow.h"
#include "shared/base/json.h"
#include "shared/net/trunk.h"
#include "shared/tunnel/declare.h"

struct services;
typedef void services_fn(void *owner); /* a state has changed */

struct services *services_new(struct loop *l, services_fn *fn, void *owner);
void services_free(struct services *s);

/* The list of the file: a mapping that has not changed keeps its id and its visits, those of a
 * changed or removed one are cut. Takes what it needs as copies. */
void services_set(struct services *s, const struct mapping_list *list);
/* Say the whole list to the relay. */
void services_declare(struct services *s, struct follow *names, struct trunk *k);
void services_stated(struct services *s, const struct state *state);
void services_opened(struct services *s, struct trunk *k, struct stream *stream);
/* The session ends: let go of its streams, everything is pending again. */
void services_session_over(struct services *s);

bool services_all_answered(const struct services *s);
/* The mapping's state; *public_text and *error may be NULL. False: no such mapping. */
bool services_look(const struct services *s, const char *name, enum mapping_state *state,
		   const char **public_text, const char **error);
/* writes "mappings" of status (README.md, "Status") */
void services_status(const struct services *s, struct json *w);

#endif
