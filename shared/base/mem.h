/*
 * Memory that is always there: every size a peer can influence has a ceiling checked before it
 * comes here, so these die (one line on stderr, abort) only when the machine is really out. None
 * returns NULL.
 */
#ifndef GROUNDNUT_BASE_MEM_H
#define GROUNDNUT_BASE_MEM_H

#include <stddef.h>

/* uninitialised; len 0 is allowed */
void *mem_alloc(size_t len) __attribute__((returns_nonnull));
void *mem_zalloc(size_t len) __attribute__((returns_nonnull)); /* zeroed */
void *mem_resize(void *p, size_t len) __attribute__((returns_nonnull));
void *mem_dup(const void *p, size_t len) __attribute__((returns_nonnull));
char *mem_strdup(const char *s); /* NULL stays NULL */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mem_wipe(void *p, size_t len); /* zero that the compiler keeps; for secrets */
void mem_free(void *p);             /* NULL does nothing */
/* give the system what lies free, where the C library can: takes a while, so only after much has
 * been freed */
void mem_trim(void);

#endif
