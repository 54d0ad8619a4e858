/*
 * A JSON file that is a mount point by itself (docker -v ./agent.json:/etc/groundnut/agent.json):
 * nothing can be renamed over it (EBUSY), so it is written in place. What it held lies in a
 * directory beside meanwhile, and an unfinished write is taken back at the next start.
 */
#ifndef GROUNDNUT_BASE_MOUNTED_FILE_H
#define GROUNDNUT_BASE_MOUNTED_FILE_H

#include <stddef.h>

/* As file_replace() of a file that exists, in place; dir is made where it is missing (0700). 0 or
 * negative errno: the file is as it was, unless the disk itself fails. */
int mounted_file_write(const char *path, const void *data, size_t len, const char *dir);
/* When the file is no JSON and an unfinished write of it lies in dir: puts back what it held
 * before, and says so. Else does nothing. 0 or negative errno. */
int mounted_file_mend(const char *path, const char *dir);

#endif
