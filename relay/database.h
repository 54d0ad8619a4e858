/*
 * Opens and checks the state file, and moves it aside when it is broken. It is an SQLite file in
 * WAL mode, with mode 0600 in a directory with 0700. Blocking.
 */
#ifndef GROUNDNUT_RELAY_DATABASE_H
#define GROUNDNUT_RELAY_DATABASE_H

#include <stdbool.h>

struct sqlite3;

enum database_result {
	DATABASE_OPEN,
	DATABASE_BROKEN, /* it is no database, or a damaged one */
	/* the operator must mend it: no right to it, or a later version wrote it */
	DATABASE_DENIED,
	DATABASE_FAILED, /* the machine has trouble, such as a full or read-only disk */
};

/* Opens or makes the file. schema: the statements that make the tables when there are none, and set
 * version. When it is not open, *why is one sentence, which the caller frees. */
enum database_result database_open(const char *path, const char *schema, int version,
				   struct sqlite3 **out, char **why);
/* Opens it for reading, and writes nothing beside it. NULL: that is not possible. */
struct sqlite3 *database_open_to_read(const char *path);
/* Appends ".broken" to the name of the file and of those that SQLite keeps beside it; replaces
 * older files of these names. */
bool database_move_aside(const char *path);
/* Checks the file and changes nothing, also while a relay runs. NULL: it is whole or absent. Else
 * what is wrong; the caller frees it. */
char *database_check(const char *path);

#endif
