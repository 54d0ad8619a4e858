#include "shared/http/basic_auth.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>
#include <strings.h>

static bool is_same_secret(const uint8_t *given, size_t given_len, const char *wanted,
			   size_t wanted_len)
{
	size_t wrong = given_len ^ wanted_len;
	for (size_t i = 0; i < given_len && wanted_len; i++)
		wrong |= given[i] ^ (uint8_t)wanted[i % wanted_len];
	return !wrong;
}

enum basic_auth basic_auth_check(const struct http_head *h, const char *user, const char *password)
{
	const struct http_field *f = http_head_field(h, "authorization");
	uint8_t given[1024];
	size_t len = 0;
	if (!f)
		return BASIC_AUTH_NONE;
	struct http_span value = f->value;
	bool decoded = value.len > 6 && !strncasecmp(value.p, "basic ", 6) &&
		       !text_unbase64(value.p + 6, value.len - 6, given, sizeof(given), &len);
	char *wanted = mem_printf("%s:%s", user, password);
	bool same = decoded && is_same_secret(given, len, wanted, strlen(wanted));
	mem_wipe(wanted, strlen(wanted));
	mem_wipe(given, sizeof(given));
	mem_free(wanted);
	return same ? BASIC_AUTH_RIGHT : BASIC_AUTH_WRONG;
}
