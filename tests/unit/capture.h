/* What a call printed: stdout and stderr of this process go to a temporary file each while it
 * runs. */
#ifndef GROUNDNUT_TESTS_UNIT_CAPTURE_H
#define GROUNDNUT_TESTS_UNIT_CAPTURE_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CAPTURE_MAX = 65536 };

struct capture {
	int saved[2];
	FILE *file[2];
	char out[CAPTURE_MAX], err[CAPTURE_MAX]; /* after capture_end() */
};

static inline void capture_start(struct capture *c)
{
	for (int i = 0; i < 2; i++) {
		fflush(i ? stderr : stdout);
		c->file[i] = tmpfile();
		c->saved[i] = dup(i + 1);
		dup2(fileno(c->file[i]), i + 1);
	}
}

static inline void capture_end(struct capture *c)
{
	for (int i = 0; i < 2; i++) {
		char *text = i ? c->err : c->out;
		fflush(i ? stderr : stdout);
		dup2(c->saved[i], i + 1);
		close(c->saved[i]);
		rewind(c->file[i]);
		size_t len = fread(text, 1, CAPTURE_MAX - 1, c->file[i]);
		text[len] = '\0';
		fclose(c->file[i]);
	}
}

#endif
