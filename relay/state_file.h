/*
 * The state file as a file: opened and looked through, and kept aside when it is broken. It is an
 * SQLite file in WAL mode, 0600, its directory 0700. Blocking.
 */
#ifndef GROUNDNUT_RELAY_STATE_FILE_H
#define GROUNDNUT_RELAY_STATE_FILE_H

#include <stdbool.h>

struct sqlite3;

enum state_file_result {
	STATE_FILE_OPEN,
	STATE_FILE_BROKEN, /* it is there, and is no database or one that is damaged */
	STATE_FILE_DENIED, /* the operator's to mend: no right to it, or a later version's */
	STATE_FILE_FAILED, /* the machine: a full disk, a read-only one … */
};

/* Opens or makes it. schema: what makes the tables where there are none, and sets version. Unless
 * it is open, *why is one sentence (freed by the caller). */
enum state_file_result state_file_open(const char *path, const char *schema, int version,
				       struct sqlite3 **out, char **why);
/* To be read only, and nothing is written beside it; NULL when that cannot be. */
struct sqlite3 *state_file_open_to_read(const char *path);
/* Its name, and those of the files that SQLite keeps beside it, get ".broken" behind them, in place
 * of what was there. */
bool state_file_move_aside(const char *path);
/* NULL: whole, or absent; else why not (freed by the caller). Changes nothing, also while a relay
 * runs. */
char *state_file_check(const char *path);

#endif
