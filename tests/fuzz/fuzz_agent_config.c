/* Any JSON as agent.json. What is taken is whole. */
#include "agent/config.h"
#include "tests/fuzz/json_mutator.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PIN "\"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""

const char *const json_mutator_keys[] = {"relay",       "pin",
					 "ca",          "ca_file",
					 "account",     "token",
					 "token_file",  "agent",
					 "control",     "mappings",
					 "names",       "name",
					 "protocol",    "public_port",
					 "host",        "target",
					 "allow",       "proxy_protocol",
					 "connections", "connections_per_second_per_source",
					 "bandwidth",   "idle_s",
					 "flows",       "basic_auth",
					 "user",        "password",
					 "follow",      NULL};
const char *const json_mutator_values[] = {
    "\"r.example:7000\"",
    PIN,
    "\"system\"",
    "\"alice\"",
    "\"tcp\"",
    "\"udp\"",
    "\"http\"",
    "\"tls\"",
    "\"127.0.0.1:80\"",
    "\"h:80-81\"",
    "\"80-81\"",
    "\"*.a.b.\"",
    "\"192.0.2.0/24\"",
    "\"20M\"",
    "\"home\"",
    "\"relay\"",
    "80",
    "2",
    "{}",
    "[{}]",
    "{\"name\":\"a\",\"protocol\":\"tcp\",\"public_port\":80,\"target\":\"h:80\"}",
    "{\"name\":\"b\",\"protocol\":\"http\",\"host\":\"x\",\"target\":\"h:80\"}",
    "{\"name\":\"c\",\"protocol\":\"udp\",\"public_port\":\"80-81\",\"target\":\"h:80-81\"}",
    "{\"host\":\"a\",\"follow\":\"home\"}",
    "{\"user\":\"u\",\"password\":\"p\"}",
    NULL};

static void check(const struct agent_config *c)
{
	assert(c->relay_text && c->relay.first == c->relay.last && c->account && c->token);
	assert(c->agent && c->control && *c->control);
	for (size_t i = 0; i < c->mappings.count; i++) {
		const struct mapping *m = &c->mappings.items[i];
		assert(!m->id && m->name && m->target_text && !m->unknown);
		assert(m->protocol < MAPPING_UNKNOWN && !m->host == (m->protocol < MAPPING_HTTP));
		assert(m->host ||
		       (m->first && m->last - m->first == m->target.last - m->target.first));
	}
	for (size_t i = 0; i < c->names.count; i++)
		assert(c->names.items[i].host && c->names.items[i].follow < NAME_FOLLOW_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct agent_config *c;
	int err = agent_config_parse("/nowhere/agent.json", (const char *)data, len, &c);
	assert(!c == (err < 0));
	if (c)
		check(c);
	agent_config_free(c);
	return 0;
}
