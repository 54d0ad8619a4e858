/* `certificates` and `certificates renew`: asked of the agent that runs. Both return the exit
 * code. */
#ifndef GROUNDNUT_AGENT_CERTIFICATES_COMMAND_H
#define GROUNDNUT_AGENT_CERTIFICATES_COMMAND_H

#include <stdbool.h>

int certificates_command_list(const char *file, bool json);
int certificates_command_renew(const char *file, const char *name);

#endif
