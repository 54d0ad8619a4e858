/* Randomness for secrets (the kernel's) and for jitter. */
#ifndef GROUNDNUT_BASE_RANDOM_H
#define GROUNDNUT_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t len); /* never fails: dies if the kernel cannot */
uint32_t random_u32(void);
uint32_t random_below(uint32_t n); /* uniform in [0, n); n > 0 */

#endif
