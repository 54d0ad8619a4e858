/* The running relay. */
#ifndef GROUNDNUT_RELAY_SERVICE_H
#define GROUNDNUT_RELAY_SERVICE_H

/* Runs until SIGTERM or SIGINT; 0 then, 1 failed at work, 2 wrong configuration. */
int service_run(const char *config_file);

#endif
