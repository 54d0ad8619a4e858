/* Where files are when nobody says otherwise: in the system's directories for root, in the XDG ones
 * for everybody else. All are freed by the caller. */
#ifndef GROUNDNUT_BASE_DEFAULT_PATHS_H
#define GROUNDNUT_BASE_DEFAULT_PATHS_H

#include <stdbool.h>

char *default_paths_config(const char *file); /* /etc/groundnut/file */
char *default_paths_state(const char *file);  /* /var/lib/groundnut/file */
/* /run/groundnut/file; NULL: this user has no such directory */
char *default_paths_runtime(const char *file);

/* This user is not root, and root's program of that name ("agent") seems to run: its socket is
 * there, or in a directory that this user may not look into. */
bool default_paths_system_runs(const char *name);

#endif
