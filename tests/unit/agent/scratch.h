/* A directory of a test's own, and what was said to stdout and stderr meanwhile. */
#ifndef GROUNDNUT_TESTS_UNIT_AGENT_SCRATCH_H
#define GROUNDNUT_TESTS_UNIT_AGENT_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIN    "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PIN2   "sha256:ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TOKEN  "AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKKK"
#define TOKEN2 "ZZZZBBBBCCCCDDDDEEEEFFFFGGGGHHHHIIIIJJJJKK-"
#define HEAD                                                                                       \
	"{\"relay\": \"r.example:7000\", \"pin\": \"" PIN                                          \
	"\", \"account\": \"alice\", \"token\": \"" TOKEN "\""

static char scratch_dir[64];
static char scratch_file[128]; /* agent.json in it */
static char scratch_out[65536], scratch_err[65536];
static int saved_out = -1, saved_err = -1;

static inline int scratch_setup(void **state)
{
	(void)state;
	strcpy(scratch_dir, "/tmp/groundnut-test-XXXXXX");
	assert_non_null(mkdtemp(scratch_dir));
	snprintf(scratch_file, sizeof(scratch_file), "%s/agent.json", scratch_dir);
	return 0;
}

static inline int scratch_teardown(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", scratch_dir);
	return system(command);
}

static inline void scratch_write(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", scratch_dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static inline bool scratch_has(const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", scratch_dir, name);
	return access(path, F_OK) == 0;
}

/* The file's text, until the next call. */
static inline const char *scratch_read(const char *name)
{
	static char text[65536];
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", scratch_dir, name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static inline int redirect(int fd)
{
	int saved = dup(fd);
	FILE *f = tmpfile();
	dup2(fileno(f), fd);
	fclose(f);
	return saved;
}

static inline void restore(int fd, int *saved, char *text, size_t size)
{
	ssize_t n;
	lseek(fd, 0, SEEK_SET);
	n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	dup2(*saved, fd);
	close(*saved);
	*saved = -1;
}

static inline void listen_in(void)
{
	fflush(stdout);
	saved_out = redirect(STDOUT_FILENO);
	saved_err = redirect(STDERR_FILENO);
}

/* scratch_out and scratch_err then hold what was said since listen_in(). */
static inline void listen_end(void)
{
	fflush(stdout);
	restore(STDOUT_FILENO, &saved_out, scratch_out, sizeof(scratch_out));
	restore(STDERR_FILENO, &saved_err, scratch_err, sizeof(scratch_err));
}

static inline void assert_said(const char *part)
{
	if (!strstr(scratch_err, part))
		fail_msg("\"%s\" was not said, but: %s", part, scratch_err);
}

#endif
