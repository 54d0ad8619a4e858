/* The command `init`: writes the first files of a relay, and prints what the operator must do by
 * hand, ready to paste. */
#ifndef GROUNDNUT_RELAY_INIT_H
#define GROUNDNUT_RELAY_INIT_H

#include "shared/base/cli.h"

/* Writes relay.json (at config_file when --dir does not say), accounts.json, relay.crt and
 * relay.key; never overwrites. Returns an exit code. */
int init_files(const struct cli_line *line, const char *config_file);

#endif
