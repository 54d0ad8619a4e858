/* The commands `certificates` and `certificates renew`: they ask the running agent by its control
 * socket. Both return the exit code after saying what is wrong. file: the path of agent.json. */
#ifndef GROUNDNUT_AGENT_CERTIFICATES_COMMAND_H
#define GROUNDNUT_AGENT_CERTIFICATES_COMMAND_H

#include <stdbool.h>

int certificates_command_list(const char *file, bool json);
/* Waits for the new certificate, at most about a minute. */
int certificates_command_renew(const char *file, const char *name);

#endif
