/* Any text as a join line. What is taken is whole and fits where it goes; what is not is said,
 * without the token. */
#include "agent/config.h"
#include "agent/join_line.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct join_line *l)
{
	assert(text_is_name(l->account));
	assert(agent_config_is_token(l->token));
	assert(strchr(l->relay, ':'));
	assert(strlen(l->pin) == strlen("sha256:") + 64);
	assert(!l->agent || text_is_name(l->agent));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct join_line l;
	char why[256] = "";
	char *text = mem_zalloc(len + 1);
	memcpy(text, data, len);
	if (join_line_parse(text, &l, why, sizeof why) == 0)
		check(&l);
	else
		assert(*why && !l.account && !l.token && !l.agent);
	join_line_fini(&l);
	mem_free(text);
	return 0;
}
