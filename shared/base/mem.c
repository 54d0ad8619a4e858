#include "shared/base/mem.h"

#include "shared/base/log_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void die(void)
{
	log_writer_die("out of memory\n");
}

void *mem_alloc(size_t len)
{
	void *p = malloc(len ? len : 1);
	if (!p)
		die();
	return p;
}

void *mem_zalloc(size_t len)
{
	void *p = calloc(1, len ? len : 1);
	if (!p)
		die();
	return p;
}

void *mem_resize(void *p, size_t len)
{
	void *q = realloc(p, len ? len : 1);
	if (!q)
		die();
	return q;
}

void *mem_dup(const void *p, size_t len)
{
	void *q = mem_alloc(len);
	if (len)
		memcpy(q, p, len);
	return q;
}

char *mem_strdup(const char *s)
{
	return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_printf(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		die();
	char *s = mem_alloc((size_t)len + 1);
	va_start(args, format);
	vsnprintf(s, (size_t)len + 1, format, args);
	va_end(args);
	return s;
}

void mem_wipe(void *p, size_t len)
{
	/* The compiler cannot leave out a call of a function that it does not know. */
	static void *(*const volatile set)(void *, int, size_t) = memset;
	if (len)
		set(p, 0, len);
}

void mem_free(void *p)
{
	free(p);
}

void mem_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
