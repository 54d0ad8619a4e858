/*
 * Writes a JSON file that is itself a mount point (docker -v
 * ./agent.json:/etc/groundnut/agent.json). Nothing can be renamed over it (EBUSY), so it is written
 * in place. During the write its old content is in another directory, and the next start takes an
 * unfinished write back.
 */
#ifndef GROUNDNUT_BASE_BIND_MOUNTED_FILE_H
#define GROUNDNUT_BASE_BIND_MOUNTED_FILE_H

#include <stddef.h>

/* Writes an existing file in place. dir: for the old content; it is made when it is missing (0700).
 * 0, or a negative error: the file is as it was, unless the disk itself fails. */
int bind_mounted_file_write(const char *path, const void *data, size_t len, const char *dir);
/* When the file is no JSON and dir has an unfinished write of it: puts the old content back, and
 * says so. Else does nothing. 0 or a negative error. */
int bind_mounted_file_mend(const char *path, const char *dir);

#endif
