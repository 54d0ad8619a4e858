/* Any JSON as STATE. What is taken is whole, and written and read again it is the same; what is not
 * leaves nothing behind but a reason. */
#include "shared/base/text.h"
#include "shared/tunnel/declare_messages.h"
#include "tests/fuzz/json_mutator.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

const char *const json_mutator_keys[] = {
    "serial", "mappings", "names",     "address", "id",      "state", "public",     "error", "host",
    "name",   "wanted",   "published", "answer",  "counted", "later", "challenges", "txt",   NULL};
const char *const json_mutator_values[] = {
    "\"open\"",
    "\"error\"",
    "\"pending\"",
    "\"paused\"",
    "\"a.b:80\"",
    "\"good\"",
    "1",
    "2",
    "{\"id\":1,\"state\":\"open\",\"public\":\"a\",\"host\":\"a\"}",
    "{\"id\":2,\"state\":\"error\",\"error\":\"e\"}",
    "{\"name\":\"a.b\",\"wanted\":\"192.0.2.1\",\"published\":\"192.0.2.1\",\"answer\":\"good\","
    "\"counted\":3}",
    "{\"host\":\"a\",\"txt\":\"t\",\"state\":\"published\"}",
    "[{}]",
    "{}",
    NULL};

static void check_again(const struct state *once)
{
	struct buf text = BUF_INIT;
	struct state twice;
	char why[256];
	state_write(once, &text);
	assert(state_read((const char *)buf_data(&text), buf_len(&text), &twice, why) == 0);
	assert(twice.serial == once->serial && text_same(twice.address, once->address));
	assert(twice.mapping_count == once->mapping_count && twice.name_count == once->name_count);
	for (size_t i = 0; i < once->mapping_count; i++) {
		const struct mapping_report *a = &once->mappings[i], *b = &twice.mappings[i];
		assert(a->id && a->id == b->id && a->state == b->state && !a->error == !b->error);
		assert(text_same(a->public_text, b->public_text) && text_same(a->host, b->host));
	}
	for (size_t i = 0; i < once->name_count; i++) {
		const struct name_report *a = &once->names[i], *b = &twice.names[i];
		assert(a->name && text_same(a->name, b->name) && a->counted == b->counted);
		assert(text_same(a->wanted, b->wanted) && text_same(a->answer, b->answer));
	}
	assert(twice.challenge_count == once->challenge_count);
	for (size_t i = 0; i < once->challenge_count; i++) {
		const struct challenge_report *a = &once->challenges[i], *b = &twice.challenges[i];
		assert(challenge_same(&a->challenge, &b->challenge));
		assert(a->state == b->state && !a->error == !b->error);
	}
	state_fini(&twice);
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct state s;
	char why[256] = "";
	if (state_read((const char *)data, len, &s, why) < 0) {
		assert(why[0] && memchr(why, 0, sizeof(why)));
		assert(!s.mappings && !s.names && !s.challenges && !s.address);
		return 0;
	}
	check_again(&s);
	state_fini(&s);
	return 0;
}
