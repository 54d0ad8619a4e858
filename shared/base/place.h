/* Where files are when nobody says otherwise: in the system's directories for root, in the XDG ones
 * for everybody else. All are freed by the caller. */
#ifndef GROUNDNUT_BASE_PLACE_H
#define GROUNDNUT_BASE_PLACE_H

char *place_config(const char *file); /* /etc/groundnut/file */
char *place_state(const char *file);  /* /var/lib/groundnut/file */
/* /run/groundnut/file; NULL: this user has no such directory */
char *place_runtime(const char *file);

#endif
