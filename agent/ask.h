/* Asking the agent that runs on this configuration, over its control socket. */
#ifndef GROUNDNUT_AGENT_ASK_H
#define GROUNDNUT_AGENT_ASK_H

enum ask_result {
	ASK_OK,     /* *answer is its JSON, freed by the caller */
	ASK_NOBODY, /* no agent is running; nothing has been said */
	ASK_FAILED  /* refused, silent or not ours to ask; said on stderr */
};

enum { ASK_TIMEOUT_MS = 5000 };

enum ask_result ask_agent(const char *control, const char *request, unsigned timeout_ms, char **answer);
int ask_reload(const char *control); /* the `reload` command; the exit code */

#endif
