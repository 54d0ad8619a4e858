/*
 * Clocks that jump, preloaded into a program (LD_PRELOAD): what CLOCK_REALTIME and its like say is
 * moved by the seconds in the file CLOCK_FILE, as a text, looked at 20 times a second; with a
 * second number CLOCK_BOOTTIME is moved, too, as it is by a machine's sleep.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long real_s, boot_s;

static void look(void)
{
	static time_t looked_s;
	static long looked_ns;
	const char *path = getenv("CLOCK_FILE");
	struct timespec now;
	FILE *f;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	if (now.tv_sec == looked_s && now.tv_nsec - looked_ns < 50000000)
		return;
	looked_s = now.tv_sec;
	looked_ns = now.tv_nsec;
	f = path ? fopen(path, "r") : NULL;
	if (!f)
		return;
	if (fscanf(f, "%ld %ld", &real_s, &boot_s) < 1)
		real_s = 0;
	fclose(f);
}

int clock_gettime(clockid_t which, struct timespec *out)
{
	int err = (int)syscall(SYS_clock_gettime, which, out);

	look();
	if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)
		out->tv_sec += real_s;
	else if (which == CLOCK_BOOTTIME)
		out->tv_sec += boot_s;
	return err;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return 0;
}
