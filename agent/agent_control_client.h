/* Commands ask the running agent about one configuration file, by its control socket. */
#ifndef GROUNDNUT_AGENT_AGENT_CONTROL_CLIENT_H
#define GROUNDNUT_AGENT_AGENT_CONTROL_CLIENT_H

#include "agent/config.h"
#include "shared/net/control_client.h"

/* what: "reload" or "map"; mapping: the mapping's name for "map", else NULL. An agent that runs on
 * another file than c's refuses and says which. Ends with control_client_fini(). */
void agent_control_client_ask(const struct agent_config *c, const char *what, const char *mapping,
			      unsigned timeout_ms, struct control_client *out);
/* Reloads; exit code 0 when the running agent took the file up or none runs. Says what happened;
 * nobody: what to say when none runs, freed by the caller. */
int agent_control_client_reload(const struct agent_config *c, const char *nobody);
/* Whether both paths lead to the same file. */
bool agent_control_client_is_file(const char *a, const char *b);

#endif
