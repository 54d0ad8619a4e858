#define _GNU_SOURCE
#include "gauge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *name;
static uint8_t pattern[GAUGE_PERIOD + GAUGE_BLOCK];
static unsigned source;
static uint32_t *samples; /* in 100 ns */
static size_t sample_count, sample_cap;

void gauge_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", name, what, strerror(errno));
	exit(1);
}

static void make_pattern(void)
{
	uint64_t x = 88172645463325252ull;
	for (size_t i = 0; i < GAUGE_PERIOD; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = (uint8_t)(x >> 32);
	}
	for (size_t i = GAUGE_PERIOD; i < sizeof pattern; i++)
		pattern[i] = pattern[i - GAUGE_PERIOD];
}

void gauge_init(const char *program)
{
	struct rlimit files;
	name = program;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	source = (unsigned)getpid();
	make_pattern();
}

uint64_t gauge_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

const uint8_t *gauge_pattern(uint64_t position)
{
	return pattern + position % GAUGE_PERIOD;
}

void gauge_sample(uint64_t ns)
{
	if (sample_count == sample_cap) {
		sample_cap = sample_cap ? 2 * sample_cap : 1 << 16;
		samples = realloc(samples, sample_cap * sizeof *samples);
		if (!samples)
			gauge_die("memory");
	}
	samples[sample_count++] = (uint32_t)(ns / 100);
}

size_t gauge_count(void)
{
	return sample_count;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static double percentile(double share)
{
	return sample_count ? samples[(size_t)((double)(sample_count - 1) * share)] / 10.0 : 0;
}

void gauge_print(void)
{
	if (sample_count)
		qsort(samples, sample_count, sizeof *samples, compare);
	printf("\"count\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f",
	       sample_count, percentile(0.5), percentile(0.99), percentile(0.999));
}

uint32_t gauge_next(void)
{
	static uint32_t seed = 1;
	seed = seed * 1664525 + 1013904223;
	return seed;
}

struct sockaddr_in gauge_loopback(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int gauge_dial(uint16_t port)
{
	struct sockaddr_in to = gauge_loopback(port);
	struct sockaddr_in from = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(0x7f000101 + source++ % GAUGE_SOURCES)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		gauge_die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	bind(fd, (struct sockaddr *)&from, sizeof from);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
		gauge_die("connect");
	return fd;
}

int gauge_listen(int type, uint16_t port)
{
	struct sockaddr_in a = gauge_loopback(port);
	socklen_t len = sizeof a;
	int on = 1, fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 4096) < 0))
		gauge_die("listen");
	getsockname(fd, (struct sockaddr *)&a, &len);
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	return fd;
}
