/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a hash that nobody without the key can
 * guess nor steer.
 */
#ifndef GROUNDNUT_BASE_SIPHASH_H
#define GROUNDNUT_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const void *p, size_t len);

#endif
