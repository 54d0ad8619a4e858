/* The running service: `groundnut-agent run`. */
#ifndef GROUNDNUT_AGENT_SERVICE_H
#define GROUNDNUT_AGENT_SERVICE_H

/* until SIGTERM; the exit code: 0, 1 or 2 (README.md) */
int service_run(const char *config_file);

#endif
