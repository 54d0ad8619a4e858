/* A directory of a test's own, with its few files. */
#ifndef GROUNDNUT_TESTS_UNIT_TEMPDIR_H
#define GROUNDNUT_TESTS_UNIT_TEMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tempdir[64];

/* Setup of a test: tempdir is a new directory. */
static inline int tempdir_make(void **state)
{
	(void)state;
	strcpy(tempdir, "/tmp/groundnut-test-XXXXXX");
	return mkdtemp(tempdir) ? 0 : -1;
}

static inline int tempdir_remove_one(const char *path, const struct stat *st, int kind,
				     struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* Teardown. */
static inline int tempdir_remove(void **state)
{
	(void)state;
	return nftw(tempdir, tempdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* tempdir/name; valid until the eighth next call. */
static inline const char *tempdir_path(const char *name)
{
	static char paths[8][256];
	static unsigned next;
	char *path = paths[next++ % 8];
	snprintf(path, sizeof(paths[0]), "%s/%s", tempdir, name);
	return path;
}

static inline void tempdir_write(const char *name, const char *text)
{
	FILE *f = fopen(tempdir_path(name), "w");
	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* The file's text, in memory of this function. */
static inline const char *tempdir_read(const char *name)
{
	static char text[65536];
	FILE *f = fopen(tempdir_path(name), "r");
	size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[len] = '\0';
	return text;
}

#endif
