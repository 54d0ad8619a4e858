/*
 * What the load programs share: a clock, the pattern that every byte is checked against, latencies
 * and their percentiles, sockets.
 *
 * The pattern's period is prime, so a block lost, doubled or moved shows. gauge_init comes first.
 * Whatever goes wrong ends the program.
 */
#ifndef GROUNDNUT_TESTS_BENCH_GAUGE_H
#define GROUNDNUT_TESTS_BENCH_GAUGE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GAUGE_BLOCK = 256 * 1024, /* so many bytes can be looked at from any position */
	GAUGE_PERIOD = 65521,
	/* where in the pattern answers begin, so that an echo of the question is wrong */
	GAUGE_ANSWER = 32749,
	/* loopback addresses to connect from, so that ports do not run out */
	GAUGE_SOURCES = 32,
};

/* Makes the pattern, and raises the limit of descriptors to what is allowed. */
void gauge_init(const char *program);
_Noreturn void gauge_die(const char *what);

uint64_t gauge_now_ns(void);

/* GAUGE_BLOCK bytes of the pattern from this position on. */
const uint8_t *gauge_pattern(uint64_t position);

/* How long one took, and then the spread of all as members of a JSON object: count, p50_us, p99_us,
 * p999_us. */
void gauge_sample(uint64_t ns);
size_t gauge_count(void);
void gauge_print(void);

/* An own number each time, the same in each run. */
uint32_t gauge_next(void);

struct sockaddr_in gauge_loopback(uint16_t port);

/* A TCP connection begun to this port of loopback, from one of GAUGE_SOURCES addresses; it is not
 * yet there. */
int gauge_dial(uint16_t port);

/* A listening or, for SOCK_DGRAM, bound socket on loopback; prints its port on a line. */
int gauge_listen(int type, uint16_t port);

#endif
