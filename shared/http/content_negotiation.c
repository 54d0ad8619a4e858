#include "shared/http/content_negotiation.h"

#include <string.h>
#include <strings.h>

/* The weight of one entry of Accept-Encoding in thousandths; without q, or with one that cannot be
 * read, 1000. params: behind its name. */
static int weight(const char *params, size_t len)
{
	const char *p = params, *end = params + len;
	while (p < end && strchr("; \t", *p))
		p++;
	if (end - p < 3 || (*p | 0x20) != 'q' || p[1] != '=' || (p[2] != '0' && p[2] != '1'))
		return 1000;
	int q = p[2] == '1' ? 1000 : 0;
	if (q || end - p < 5 || p[3] != '.')
		return q;
	for (int i = 0, unit = 100; i < 3 && p + 4 + i < end; i++, unit /= 10)
		if (p[4 + i] >= '0' && p[4 + i] <= '9')
			q += (p[4 + i] - '0') * unit;
	return q;
}

static bool is_named(const char *p, size_t len, const char *name)
{
	return len == strlen(name) && !strncasecmp(p, name, len);
}

bool content_negotiation_wants_gzip(const char *accept)
{
	int gzip = -1, any = 0, plain = 0;
	while (accept && *accept) {
		accept += strspn(accept, ", \t");
		size_t all = strcspn(accept, ","), len = strcspn(accept, ",; \t");
		int q = weight(accept + len, all - len);
		if (is_named(accept, len, "gzip") || is_named(accept, len, "x-gzip"))
			gzip = q;
		else if (is_named(accept, len, "identity"))
			plain = q;
		else if (is_named(accept, len, "*"))
			any = q;
		accept += all;
	}
	gzip = gzip < 0 ? any : gzip;
	return gzip > 0 && gzip >= plain;
}

bool content_negotiation_is_known(const char *known, const char *tag)
{
	size_t len = strlen(tag);
	while (known && *known) {
		known += strspn(known, ", \t");
		if (*known == '*')
			return true;
		if (!strncmp(known, "W/", 2))
			known += 2;
		if (!strncmp(known, tag, len) && strchr(", \t", known[len]))
			return true;
		known += *known == '"' ? 1 + strcspn(known + 1, "\"") : 0;
		known += strcspn(known, ",");
	}
	return false;
}
