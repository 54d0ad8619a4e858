/*
 * Changes agent.json, for commands and for the dashboard. An edit locks the file's directory, keeps
 * the rest of the document as it is, and reads the result as a configuration before it replaces the
 * file. Each function returns 0, and *out is the configuration that the file now has, freed by the
 * caller; or an exit code after log_say() has said what is wrong. Blocking; any thread.
 */
#ifndef GROUNDNUT_AGENT_CONFIG_EDIT_H
#define GROUNDNUT_AGENT_CONFIG_EDIT_H

#include "agent/config.h"
#include "agent/join_line.h"

int config_edit_join(const char *file, const struct join_line *line, bool force,
		     struct agent_config **out);
enum map_which {
	MAP_ANY, /* a mapping of that name may exist */
	MAP_NEW, /* it must not exist */
	MAP_OLD, /* it must exist, and keys without words stay as they are */
};
/* The words of `map`, as typed; NULL: the word was not given. */
struct map_words {
	enum map_which which;
	const char *name;
	const char *public_text, *target; /* NULL only for MAP_OLD */
	const char *protocol;             /* NULL: the form of public_text decides */
	const char *public_port;          /* for https: a port of its own; or NULL */
	/* In the following, "none" takes the key away. */
	const char *allow; /* CIDR,… */
	const char *basic_auth, *password;
	const char *bandwidth, *connections, *proxy_protocol;
	const char *paused; /* "true", "false" */
};

/* Adds or replaces a mapping. A replaced mapping keeps the options that have no words, so that a
 * service does not lose its protection when it is moved. *is_new: there was no such mapping. */
int config_edit_map(const char *file, const struct map_words *words, bool *is_new,
		    struct agent_config **out);
int config_edit_unmap(const char *file, const char *name, struct agent_config **out);

#endif
