/* What a target is given, as a file: the path of one in memory that holds it. */
#ifndef GROUNDNUT_TESTS_FUZZ_MEMFILE_H
#define GROUNDNUT_TESTS_FUZZ_MEMFILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static inline const char *memfile_path(const uint8_t *data, size_t len)
{
	static int fd = -1;
	static char path[32];
	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
		abort();
	return path;
}

#endif
