/*
 * `account invite` adds an entry to the account's "invites" (hash, end, perhaps the agent's name)
 * and makes a join line. An agent's HELLO brings the invitation and the agent's own token:
 * agent_credentials_take() removes the entry and adds one to "agents". If the agent only asks so
 * far (`join`), the new entry is marked "new" and its name is still open; agent_credentials_take()
 * settles the name when the agent attaches.
 *
 * What fails: an invitation that is used or too old (AGENT_CREDENTIALS_OVER), a name that another
 * agent has (AGENT_CREDENTIALS_NAME_TAKEN), a full list or a file that cannot be read or written
 * (AGENT_CREDENTIALS_FAILED). Each edit of an account also removes its invitations whose time is
 * over.
 */
#include "relay/accounts/agent_credentials.h"

#include "relay/accounts/account_edit.h"
#include "relay/accounts/accounts_file.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/token.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HOURS = 24, HOURS_MAX = 8760, NAME_MAX_LEN = 63 };

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

static const char *text_of(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));
	return text ? text : "";
}

/* Returns the account's list under key, and makes it when it is absent. */
static json_t *list_of(json_t *account, const char *key)
{
	json_t *list = json_object_get(account, key);
	if (list)
		return list;
	list = json_array();
	json_object_set_new(account, key, list);
	return list;
}

/* Returns the index of the entry that has this text under key, or the length of the list. */
static size_t find(const json_t *list, const char *key, const char *text)
{
	size_t i = 0;
	while (i < json_array_size(list) && strcmp(text_of(json_array_get(list, i), key), text))
		i++;
	return i;
}

/* Removes invitations whose time is over, and lists that are empty. */
static void tidy(json_t *account)
{
	static const char *const keys[] = {"invites", "agents"};
	json_t *invites = json_object_get(account, "invites");
	for (size_t i = json_array_size(invites); i-- > 0;) {
		const json_t *until = json_object_get(json_array_get(invites, i), "until");
		if ((uint64_t)json_integer_value(until) <= now_s())
			json_array_remove(invites, i);
	}
	for (size_t i = 0; i < 2; i++)
		if (!json_array_size(json_object_get(account, keys[i])))
			json_object_del(account, keys[i]);
}

static bool is_full(const json_t *list, const char *account)
{
	if (json_array_size(list) < ACCOUNT_ENTRIES_MAX)
		return false;
	log_say("account %s has %d of them already: `groundnut-relay agent remove` makes room",
		account, ACCOUNT_ENTRIES_MAX);
	return true;
}

/* --- invite --- */

struct invite {
	const char *account, *agent;
	uint64_t until_s;
	char hash[TOKEN_HASH_TEXT];
};

/* Returns the account's object, or NULL after saying that there is none. */
static json_t *account_of(struct accounts_file *f, const char *name)
{
	long place = accounts_file_place(f, name, strcmp);
	if (place < 0)
		log_say("no account is called \"%s\"", name);
	return place < 0 ? NULL : json_array_get(f->root, (size_t)place);
}

static int write_invite(struct accounts_file *f, void *arg)
{
	const struct invite *v = arg;
	json_t *account = account_of(f, v->account), *entry = json_object();
	if (!account) {
		json_decref(entry);
		return EXIT_WORK;
	}
	tidy(account);
	if (is_full(json_object_get(account, "invites"), v->account)) {
		json_decref(entry);
		return EXIT_WORK;
	}
	json_object_set_new(entry, "token", json_string(v->hash));
	if (v->agent)
		json_object_set_new(entry, "agent", json_string(v->agent));
	json_object_set_new(entry, "until", json_integer((json_int_t)v->until_s));
	json_array_append_new(list_of(account, "invites"), entry);
	return 0;
}

static bool read_hours(const char *text, uint64_t *hours)
{
	*hours = HOURS;
	if (!text || (text_uint(text, HOURS_MAX, hours) == 0 && *hours))
		return true;
	log_say("--hours: \"%s\" is not a number from 1 to %d", text, HOURS_MAX);
	return false;
}

int agent_credentials_invite(const struct relay_config *c, const char *account, const char *agent,
			     const char *hours_text, char **line)
{
	*line = NULL;
	char token[TOKEN_TEXT], pin[TLS_CONTEXT_PIN_TEXT], more[96];
	struct invite v = {.account = account, .agent = agent};
	uint64_t hours;
	if (!read_hours(hours_text, &hours))
		return EXIT_USAGE;
	if (agent && !text_is_name(agent)) {
		log_say("--agent: \"%s\" is not an agent's name", agent);
		return EXIT_USAGE;
	}
	int code = account_edit_find_pin(c, pin);
	token_new(token);
	token_hash(token, v.hash);
	v.until_s = now_s() + hours * 3600;
	if (!code)
		code = accounts_file_edit(c, false, write_invite, &v);
	snprintf(more, sizeof(more), "%s%s&invite", agent ? "&agent=" : "", agent ? agent : "");
	if (!code)
		*line = account_edit_line(c, account, token, pin, more);
	mem_wipe(token, sizeof(token));
	return code;
}

/* --- remove --- */

struct removal {
	char account[NAME_MAX_LEN + 1];
	const char *agent;
};

/* Removes all entries of that name; true: there was one. */
static bool remove_named(json_t *account, const char *list_key, const char *key, const char *name)
{
	json_t *list = json_object_get(account, list_key);
	bool found = false;
	for (size_t i; (i = find(list, key, name)) < json_array_size(list); found = true)
		json_array_remove(list, i);
	return found;
}

static int remove_agent(struct accounts_file *f, void *arg)
{
	const struct removal *r = arg;
	json_t *account = account_of(f, r->account);
	if (!account)
		return EXIT_WORK;
	bool agent = remove_named(account, "agents", "name", r->agent);
	bool invite = remove_named(account, "invites", "agent", r->agent);
	tidy(account);
	if (agent || invite)
		return 0;
	log_say(
	    "account %s has no agent \"%s\" with a credential of its own; machines that joined by "
	    "the account's line share its token: `groundnut-relay account renew %s` ends them "
	    "all",
	    r->account, r->agent, r->account);
	return EXIT_WORK;
}

int agent_credentials_remove(const struct relay_config *c, const char *which)
{
	struct removal r;
	const char *slash = strchr(which, '/');
	if (!slash || slash == which || !slash[1] || slash - which > NAME_MAX_LEN) {
		log_say("\"%s\" is not ACCOUNT/AGENT; `groundnut-relay agent list` shows them",
			which);
		return EXIT_USAGE;
	}
	snprintf(r.account, sizeof(r.account), "%.*s", (int)(slash - which), which);
	r.agent = slash + 1;
	return accounts_file_edit(c, false, remove_agent, &r);
}

/* --- the running relay --- */

struct taking {
	const struct accounts_claim *claim;
	bool attaches;
	char hash[TOKEN_HASH_TEXT]; /* of the agent's own token */
	enum agent_credentials_result result;
};

/* Writes the agent's name into out, with a number behind it when another agent has the name. */
static void free_name(const json_t *agents, const char *name, char out[NAME_MAX_LEN + 1])
{
	snprintf(out, NAME_MAX_LEN + 1, "%s", name);
	for (unsigned n = 2; find(agents, "name", out) < json_array_size(agents); n++)
		snprintf(out, NAME_MAX_LEN + 1, "%.50s-%u", name, n);
}

/* Makes the invitation a credential. fixed: the invitation gives the agent's name. */
static void turn_into_agent(struct taking *t, json_t *account, bool fixed)
{
	json_t *agents = list_of(account, "agents"), *entry = json_object();
	char name[NAME_MAX_LEN + 1];
	bool is_new = !fixed && !t->attaches;
	free_name(agents, t->claim->agent, name);
	json_object_set_new(entry, "name", json_string(is_new ? name : t->claim->agent));
	json_object_set_new(entry, "token", json_string(t->hash));
	if (is_new)
		json_object_set_new(entry, "new", json_true());
	json_array_append_new(agents, entry);
}

static bool is_taken(const json_t *agents, const char *name, const json_t *but)
{
	size_t at = find(agents, "name", name);
	return at < json_array_size(agents) && json_array_get(agents, at) != but;
}

static enum agent_credentials_result use_invite(struct taking *t, json_t *account)
{
	char hash[TOKEN_HASH_TEXT];
	json_t *invites = json_object_get(account, "invites");
	token_hash(t->claim->invite, hash);
	size_t at = find(invites, "token", hash);
	if (at >= json_array_size(invites))
		return AGENT_CREDENTIALS_OVER;
	bool fixed = json_object_get(json_array_get(invites, at), "agent");
	if ((fixed || t->attaches) &&
	    is_taken(json_object_get(account, "agents"), t->claim->agent, NULL))
		return AGENT_CREDENTIALS_NAME_TAKEN;
	if (is_full(json_object_get(account, "agents"), t->claim->account))
		return AGENT_CREDENTIALS_FAILED;
	json_array_remove(invites, at);
	turn_into_agent(t, account, fixed);
	return AGENT_CREDENTIALS_DONE;
}

static enum agent_credentials_result settle_name(const struct taking *t, json_t *agents,
						 json_t *entry)
{
	if (!t->attaches || !json_object_get(entry, "new"))
		return AGENT_CREDENTIALS_DONE;
	if (is_taken(agents, t->claim->agent, entry))
		return AGENT_CREDENTIALS_NAME_TAKEN;
	json_object_set_new(entry, "name", json_string(t->claim->agent));
	json_object_del(entry, "new");
	return AGENT_CREDENTIALS_DONE;
}

static int take(struct accounts_file *f, void *arg)
{
	struct taking *t = arg;
	long place = accounts_file_place(f, t->claim->account, strcmp);
	if (place < 0) {
		t->result = AGENT_CREDENTIALS_OVER;
		return EXIT_WORK;
	}
	json_t *account = json_array_get(f->root, (size_t)place);
	json_t *agents = json_object_get(account, "agents");
	size_t at = find(agents, "token", t->hash);
	tidy(account);
	t->result = at < json_array_size(agents)
			? settle_name(t, agents, json_array_get(agents, at))
			: use_invite(t, account);
	tidy(account);
	return t->result == AGENT_CREDENTIALS_DONE ? 0 : EXIT_WORK;
}

enum agent_credentials_result agent_credentials_take(const struct relay_config *c,
						     const struct accounts_claim *claim,
						     bool attaches)
{
	struct taking t = {.claim = claim, .attaches = attaches, .result = AGENT_CREDENTIALS_DONE};
	token_hash(claim->token, t.hash);
	int code = accounts_file_edit(c, false, take, &t);
	return code && t.result == AGENT_CREDENTIALS_DONE ? AGENT_CREDENTIALS_FAILED : t.result;
}
