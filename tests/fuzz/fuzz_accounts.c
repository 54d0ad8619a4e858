#define _GNU_SOURCE /* memfd_create */
/* Any JSON as accounts.json. What is taken is whole, and each account is found by its name; what is
 * not is said. */
#include "relay/accounts/accounts.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/memfile.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HASH "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""

const char *const json_mutator_keys[] = {"name",        "token",     "password", "ports", "hosts",
					 "connections", "bandwidth", "agents",   "quota", "invites",
					 "new",         "until",     "agent",    NULL};
const char *const json_mutator_values[] = {HASH,
					   "\"alice\"",
					   "\"ALICE\"",
					   "\"bob\"",
					   "\"scrypt:15:8:1:a:b\"",
					   "\"8000-8999\"",
					   "\"51820/udp\"",
					   "\"53/both\"",
					   "\"*.alice\"",
					   "\"a.example.\"",
					   "\"100M\"",
					   "[\"1-65535/both\"]",
					   "[\"nas\",\"*.web\"]",
					   "1000",
					   "{\"name\":\"alice\",\"token\":" HASH "}",
					   "{\"name\":\"bob\",\"token\":" HASH ",\"ports\":[]}",
					   "[{\"name\":\"nas\",\"token\":" HASH ",\"new\":true}]",
					   "[{\"agent\":\"nas\",\"token\":" HASH ",\"until\":1}]",
					   "{}",
					   "[{}]",
					   NULL};

static void check(const struct account *a, const struct accounts *all)
{
	char host[256];
	assert(a->name && a->token);
	assert(account_is_name(a->name) && accounts_find(all, a->name) == a);
	assert(!accounts_verify(all, a->name, "wrong"));
	for (size_t i = 0; i < a->ports_count; i++)
		assert(a->ports[i].first && a->ports[i].first <= a->ports[i].last);
	for (size_t i = 0; i < a->host_count; i++)
		assert(accounts_allow_host(all, a, a->hosts[i]) ||
		       text_host(a->hosts[i], true, host));
	for (size_t i = 0; i < a->agent_count; i++)
		assert(accounts_still_admit(all, a->name, a->agents[i].name, a->agents[i].token) ||
		       a->agent_count > 1);
	const struct accounts_claim claim = {a->name, "nas", "wrong", "wrong", 0};
	assert(accounts_admit(all, &claim) == ACCOUNTS_INVITATION_OVER);
	account_allows_ports(a, PORTS_TCP, 1, 65535);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct accounts *all;
	char *errors;
	int err =
	    accounts_load(memfile_path(data, len), "home.example", NULL, false, &all, &errors);
	assert(err ? !all && errors && *errors : all && !errors);
	for (size_t i = 0; all && i < accounts_count(all); i++)
		check(accounts_at(all, i), all);
	accounts_unref(all);
	mem_free(errors);
	return 0;
}
