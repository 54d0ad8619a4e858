/* What a test knows of itself: how much slower than usual it runs (SLOW in the environment), and by
 * which name the kernel knows it. */
#ifndef GROUNDNUT_TESTS_SELF_H
#define GROUNDNUT_TESTS_SELF_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A deadline that is only there so that a failure ends. */
static inline unsigned self_patience(unsigned seconds)
{
	const char *slow = getenv("SLOW");
	int factor = slow ? atoi(slow) : 1;
	return seconds * (unsigned)(factor > 0 ? factor : 1);
}

static inline const char *self_name(void)
{
	static char name[64];
	FILE *f = fopen("/proc/self/comm", "r");
	if (!f || !fgets(name, sizeof name, f))
		name[0] = '\0';
	if (f)
		fclose(f);
	name[strcspn(name, "\n")] = '\0';
	return name;
}

#endif
