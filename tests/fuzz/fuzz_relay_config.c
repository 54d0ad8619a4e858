#define _GNU_SOURCE /* memfd_create */
/* Any JSON as relay.json. What is taken is whole, and read again by itself it is taken up
 * entirely. */
#include "relay/config.h"
#include "shared/base/mem.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/memfile.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

const char *const json_mutator_keys[] = {"domain",
					 "host",
					 "addresses",
					 "listen",
					 "bind",
					 "certificate",
					 "private_key",
					 "accounts",
					 "state",
					 "control",
					 "http",
					 "tls",
					 "dns",
					 "update",
					 "https",
					 "admin",
					 "grace_s",
					 "threads",
					 "limits",
					 "kind",
					 "nameservers",
					 "records",
					 "rate",
					 "name",
					 "type",
					 "value",
					 "ttl",
					 "server",
					 "zone",
					 "key_name",
					 "algorithm",
					 "key",
					 "key_file",
					 "url",
					 "username",
					 "password_file",
					 "hosts",
					 "ca_file",
					 "token_file",
					 "api",
					 "head_s",
					 "connections_per_account",
					 "failed_handshakes_per_second_per_address",
					 "unfinished_heads_per_source",
					 "slow_visitors_per_source",
					 "stall_s",
					 "session_memory_mib",
					 "memory_mib",
					 NULL};
const char *const json_mutator_values[] = {
    "\"home.example\"",
    "\"[::]:7000\"",
    "[\"[::]:7000\"]",
    "[\"127.0.0.1:80\"]",
    "[\"192.0.2.1\",\"2001:db8::1\"]",
    "\"relay.crt\"",
    "\"serve\"",
    "\"rfc2136\"",
    "\"dyndns2\"",
    "\"cloudflare\"",
    "\"https://a.example/x?y=1\"",
    "\"c2VjcmV0\"",
    "\"hmac-sha256\"",
    "\"a\"",
    "\"@\"",
    "\"CNAME\"",
    "\"192.0.2.1\"",
    "\"10 mail.a\"",
    "120",
    "300",
    "{}",
    "{\"listen\":[\"[::]:443\"]}",
    "{\"kind\":\"serve\",\"records\":[]}",
    "{\"name\":\"a\",\"type\":\"MX\",\"value\":\"10 mail.a\",\"ttl\":300}",
    "{\"name\":\"a\",\"type\":\"CNAME\",\"value\":\"b\"}",
    "\"/proc/self/comm\"",
    "{\"kind\":\"dyndns2\",\"url\":\"https://a.example/x\",\"username\":\"u\",\"password_file\":\"/"
    "proc/self/comm\"}",
    "{\"kind\":\"cloudflare\",\"zone\":\"z.example\",\"token_file\":\"/proc/self/comm\"}",
    "{\"kind\":\"rfc2136\",\"server\":\"127.0.0.1\",\"key_name\":\"k\",\"key\":\"c2VjcmV0\"}",
    NULL};

static void check(const struct relay_config *c)
{
	assert(c->domain && c->listen_count && c->bind_count && c->control && c->state);
	assert(c->certificate && c->private_key && c->accounts && c->grace_s);
	assert(c->limits.session_memory_mib <= c->limits.memory_mib);
	for (size_t i = 0; i < c->dns.count; i++) {
		const struct publisher_config *p = &c->dns.items[i];
		char *id = p->kind->id ? p->kind->id(p->settings) : NULL;
		assert(!id || !strstr(id, "(null)"));
		mem_free(id);
	}
	const struct zone_config *serve = publishers_config_dns_server(&c->dns);
	assert(!serve || serve->nameservers[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct relay_config *c;
	char *control = NULL;
	const char *path = memfile_path(data, len);
	int err = relay_config_load(path, &c);
	assert(!c == (err < 0));
	if (c) {
		struct relay_config *again;
		char *later;
		check(c);
		assert(relay_config_reload(path, c, &again, &later) == 0 && !later);
		relay_config_unref(again);
		relay_config_unref(c);
	}
	assert(relay_config_control(path, &control) == 0 && control);
	mem_free(control);
	return 0;
}
