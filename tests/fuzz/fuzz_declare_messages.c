/* Any JSON as DECLARE. What is taken is whole, and written and read again it is the same; what is
 * not leaves nothing behind but a reason. */
#include "shared/tunnel/declare_messages.h"
#include "tests/fuzz/json_mutator.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

const char *const json_mutator_keys[] = {"serial",
					 "mappings",
					 "names",
					 "address6",
					 "nat",
					 "judged",
					 "id",
					 "name",
					 "protocol",
					 "public_port",
					 "host",
					 "target",
					 "allow",
					 "flows",
					 "proxy_protocol",
					 "connections",
					 "idle_s",
					 "bandwidth",
					 "user",
					 "password",
					 "basic_auth",
					 "connections_per_second_per_source",
					 "follow",
					 "later",
					 NULL};
const char *const json_mutator_values[] = {
    "\"tcp\"",
    "\"udp\"",
    "\"http\"",
    "\"tls\"",
    "\"relay\"",
    "\"home\"",
    "\"cgnat\"",
    "\"a\"",
    "\"*.a.b.\"",
    "\"20M\"",
    "\"80-81\"",
    "\"1-65535\"",
    "\"2001:db8::1\"",
    "\"192.0.2.0/24\"",
    "80",
    "1",
    "{\"id\":1,\"name\":\"a\",\"protocol\":\"tcp\",\"public_port\":80,\"target\":\"h:80\"}",
    "{\"id\":2,\"name\":\"b\",\"protocol\":\"http\",\"host\":\"x\",\"target\":\"h:80\"}",
    "{\"host\":\"a\",\"follow\":\"home\"}",
    "{\"user\":\"u\",\"password\":\"p\"}",
    "[{}]",
    "{}",
    NULL};

static bool is_known(const struct mapping *m)
{
	if (m->unknown)
		return false;
	assert(m->target_text && m->protocol < MAPPING_UNKNOWN);
	assert(m->host ? m->protocol >= MAPPING_HTTP && !m->first
		       : m->protocol < MAPPING_HTTP && m->first && m->first <= m->last);
	return true;
}

/* Whether all of it is known to this version. */
static bool check(const struct declare *d)
{
	bool known = true;
	for (size_t i = 0; i < d->mappings.count; i++) {
		const struct mapping *m = &d->mappings.items[i];
		assert(m->id && m->name);
		if (i)
			assert(m->id != m[-1].id && strcmp(m->name, m[-1].name));
		known &= is_known(m);
	}
	for (size_t i = 0; i < d->names.count; i++) {
		assert(d->names.items[i].host);
		known &= d->names.items[i].follow != NAME_FOLLOW_UNKNOWN;
	}
	return known;
}

static void check_again(const struct declare *once)
{
	struct buf b = BUF_INIT;
	struct declare twice;
	char why[256];
	declare_write(once, &b);
	assert(declare_read((const char *)buf_data(&b), buf_len(&b), &twice, why) == 0);
	assert(twice.serial == once->serial && twice.mappings.count == once->mappings.count);
	for (size_t i = 0; i < once->mappings.count; i++)
		assert(mapping_same(&once->mappings.items[i], &twice.mappings.items[i]));
	assert(twice.challenge_count == once->challenge_count);
	for (size_t i = 0; i < once->challenge_count; i++)
		assert(challenge_same(&once->challenges[i], &twice.challenges[i]));
	declare_fini(&twice);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct declare d;
	char why[256] = "";
	if (declare_read((const char *)data, len, &d, why) < 0) {
		assert(why[0] && memchr(why, 0, sizeof(why)));
		assert(!d.mappings.items && !d.names.items && !d.challenges);
		return 0;
	}
	if (check(&d))
		check_again(&d);
	declare_fini(&d);
	return 0;
}
