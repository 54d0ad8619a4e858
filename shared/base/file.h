/* Files: read whole with a ceiling, replaced atomically, directories made. */
#ifndef GROUNDNUT_BASE_FILE_H
#define GROUNDNUT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum { FILE_LOCK_MS = 30000 };

/* The whole file, NUL-terminated (the NUL is not counted); freed by the caller. Negative errno;
 * UV_EFBIG past max. */
int file_read(const char *path, size_t max, char **out, size_t *len);
/*
 * Write to a temporary beside it, fsync, rename, fsync the directory. A file that exists keeps
 * owner, group and mode; a new one gets mode and its directory's owner and group (where this
 * process may give them). With exclusive, an existing file is UV_EEXIST and stays. A symbolic link
 * is followed, not replaced; but as root one of another user, of the file or on the way to it, is
 * ERR_FOREIGN_LINK.
 */
int file_replace(const char *path, const void *data, size_t len, mode_t mode, bool exclusive);
/* Opens an existing file for reading and writing; links as above. A descriptor, or a negative
 * error. */
int file_open_to_change(const char *path);
/* Locks the file's directory for an edit, from reading to file_replace(). A descriptor, whose
 * close() unlocks; or a negative error, as for file_lock(). */
int file_lock_dir(const char *path);
/* Locks the open file, and waits up to FILE_LOCK_MS for who holds it. 0, ERR_LOCKED, or another
 * negative error. Any thread. */
int file_lock(int fd);
/* This process ends: no file_lock() waits any longer. Any thread. */
void file_end_waits(void);
/* 0600, or 0640 when the directory is group-owned by another group than root and not open to others
 * (a package made it so). */
mode_t file_secret_mode(const char *path);
/* like mkdir -p; existing directories are left as they are */
int file_make_dirs(const char *path, mode_t mode);
/* path, relative to base_file's directory unless absolute; freed by the caller */
char *file_beside(const char *base_file, const char *path);
const char *file_name(const char *path); /* its last component; points into path */
char *file_dir(const char *path);        /* its directory; freed by the caller */
/* Raises the soft limit of descriptors to the hard one. */
void file_raise_limit(void);
/* How many descriptors visitors may take. The rest is for links, without which nobody is served. */
unsigned file_limit_for_visitors(void);
unsigned file_limit_for_links(void);
/* Whether the file was neither replaced nor written to between the two calls of stat(). */
bool file_is_same(const struct stat *a, const struct stat *b);
bool file_exists(const char *path);

#endif
