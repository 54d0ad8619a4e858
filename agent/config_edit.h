/*
 * Changing agent.json, for commands and for the dashboard: under a lock on its directory, the rest
 * of the document kept as it stands, the outcome read as a configuration before anything is
 * replaced. Each returns an exit code after saying what was wrong; with 0, *out is the
 * configuration that the file now holds, freed by the caller.
 */
#ifndef GROUNDNUT_AGENT_CONFIG_EDIT_H
#define GROUNDNUT_AGENT_CONFIG_EDIT_H

#include "agent/config.h"
#include "agent/join_line.h"

int config_edit_join(const char *file, const struct join_line *line, bool force,
		     struct agent_config **out);
enum map_which {
	MAP_ANY, /* there is one of that name, or none */
	MAP_NEW, /* there must be none */
	MAP_OLD, /* there must be one, and what the words leave out stays as it is */
};
/* What `map` was told, as it was typed; NULL: nothing of it. */
struct map_words {
	enum map_which which;
	const char *name;
	const char *public_text, *target; /* NULL only of MAP_OLD */
	const char *protocol;             /* NULL: the form of public_text decides */
	const char *public_port;          /* of https: one of its own; or NULL */
	/* "none" takes away what was there */
	const char *allow; /* CIDR,… */
	const char *basic_auth, *password;
	const char *bandwidth, *connections, *proxy_protocol;
	const char *paused; /* "true", "false" */
};

/* An existing mapping of that name is replaced, but keeps the options that `map` was not told, so
 * that a service does not lose its protection when it is moved. *is_new: there was none. */
int config_edit_map(const char *file, const struct map_words *words, bool *is_new,
		    struct agent_config **out);
int config_edit_unmap(const char *file, const char *name, struct agent_config **out);

#endif
