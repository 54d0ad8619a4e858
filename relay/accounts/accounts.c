/*
 * Loading reads accounts.json key by key into one object for each account, then builds sorted
 * indices: by_name finds an account, grants finds the accounts that may use a host, parents finds
 * the accounts whose own names lie below a host. When anything is wrong, all errors are collected
 * and the load gives no list.
 *
 * The owner of a host: the part of the host before the domain is looked up as an account's name,
 * the longest part first. A grant of another account reaches the host only when the operator wrote
 * the owner's name or a name below it in that account's hosts. Example: there are accounts alice
 * and nas.alice. "*.alice" in alice's hosts does not reach "nas.alice"; "nas.alice" in her hosts
 * does.
 */
#include "relay/accounts/accounts.h"

#include "shared/base/err.h"
#include "shared/base/idn.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/token.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

enum { FIRST_FREE_PORT = 1024 };

#define TOKEN_WRONG "is not \"sha256:\" and 64 hexadecimal digits"

struct grant {
	const char *host; /* one of the account's hosts; in parents: the end of its own name */
	const struct account *account;
};

struct accounts {
	atomic_uint refs;
	struct account *items;
	size_t count;
	const struct account **by_name; /* sorted, pointing into items */
	struct grant *grants;           /* sorted by host */
	size_t grant_count;
	struct grant *parents; /* names above an account's own, below the domain; sorted */
	size_t parent_count;
	char *domain;
	struct reserved_names *own; /* or NULL */
};

bool account_is_name(const char *name)
{
	char host[256];
	return text_is_name(name) && !text_host(name, false, host) &&
	       name[strlen(name) - 1] != '.' && !strchr(name + 1, '_');
}

static void read_name(struct conf_at at, struct account *a)
{
	const char *name;
	if (!conf_str(at, "name", &name))
		return;
	char own[256];
	if (account_is_name(name) && text_host(name, false, own) == 0) {
		a->name = mem_strdup(name);
		a->own = mem_strdup(own);
	} else
		conf_error(
		    at, "name",
		    "\"%s\" cannot be an account's name (it is also a host below the domain)",
		    name);
}

static void read_secrets(struct conf_at at, struct account *a)
{
	const char *token, *password = NULL;
	if (conf_str(at, "token", &token)) {
		if (token_is_hash(token))
			a->token = mem_strdup(token);
		else
			conf_error(at, "token", TOKEN_WRONG);
	}
	if (!conf_opt_str(at, "password", &password) || !password)
		return;
	if (!strncmp(password, "scrypt:", 7))
		a->password = mem_strdup(password);
	else
		conf_error(at, "password", "does not begin with \"scrypt:\"");
}

/* Reads a list that may be absent. False: it is absent or too long. */
static bool list_len(struct conf_at at, const char *key, struct conf_at *list, size_t *len)
{
	*list = conf_list(at, key);
	*len = conf_len(*list);
	if (*len <= ACCOUNT_ENTRIES_MAX)
		return list->value != NULL;
	conf_error(at, key, "has %zu entries, at most %d may be", *len, ACCOUNT_ENTRIES_MAX);
	return false;
}

static void read_ports(struct conf_at at, struct account *a)
{
	struct conf_at list;
	size_t len;
	if (!list_len(at, "ports", &list, &len)) {
		a->ports = mem_alloc(sizeof(*a->ports));
		*a->ports = (struct ports_range){FIRST_FREE_PORT, 65535, PORTS_TCP | PORTS_UDP};
		a->ports_count = 1;
		return;
	}
	a->ports = mem_zalloc(len * sizeof(*a->ports));
	for (size_t i = 0; i < len; i++) {
		const char *text;
		char number[8];
		int64_t port;
		if (conf_item_is_int(list, i)) { /* 80 as well as "80" */
			if (!conf_item_int(list, i, 1, 65535, &port))
				continue;
			snprintf(number, sizeof(number), "%u", (unsigned)port);
			text = number;
		} else if (!conf_item_str(list, i, &text)) {
			continue;
		}
		if (ports_parse_one(text, &a->ports[a->ports_count]) < 0)
			conf_error_item(
			    list, i,
			    "\"%s\" is not a port or range such as \"8000-8999\" or \"51820/udp\"",
			    text);
		else
			a->ports_count++;
	}
	ports_sort(a->ports, a->ports_count);
}

static void default_hosts(struct account *a, const char *domain)
{
	char own[256];
	if (!a->name || text_host(a->name, false, own) < 0)
		return;
	a->hosts = mem_zalloc(2 * sizeof(*a->hosts));
	a->hosts[0] = mem_printf("%s.%s", own, domain);
	a->hosts[1] = mem_printf("*.%s.%s", own, domain);
	a->host_count = 2;
}

static void read_hosts(struct conf_at at, const char *domain, struct account *a)
{
	struct conf_at list;
	size_t len;
	if (!list_len(at, "hosts", &list, &len)) {
		default_hosts(a, domain);
		return;
	}
	a->hosts = mem_zalloc(len * sizeof(*a->hosts));
	for (size_t i = 0; i < len; i++) {
		const char *text, *why;
		char ascii[IDN_ASCII], host[256];
		if (!conf_item_str(list, i, &text))
			continue;
		if (idn_ascii(text, ascii, &why) < 0 || text_host(ascii, true, host) < 0)
			conf_error_item(list, i, "\"%s\" is not a host name%s", text, why);
		else if (ascii[strlen(ascii) - 1] == '.')
			a->hosts[a->host_count++] = mem_strdup(host);
		else
			a->hosts[a->host_count++] = mem_printf("%s.%s", host, domain);
	}
}

/* A name and a token of its own. */
static bool read_agent(struct conf_at at, struct account_agent *g)
{
	const char *name, *token;
	bool ok = conf_str(at, "name", &name) & conf_str(at, "token", &token);
	ok &= conf_opt_bool(at, "new", &g->is_new);
	conf_done(at);
	if (ok && !text_is_name(name))
		conf_error(at, "name", "\"%s\" is not an agent's name", name);
	else if (ok && !token_is_hash(token))
		conf_error(at, "token", TOKEN_WRONG);
	else if (ok)
		*g = (struct account_agent){mem_strdup(name), mem_strdup(token), g->is_new};
	return g->name != NULL;
}

static void read_agents(struct conf_at at, struct account *a)
{
	struct conf_at list;
	size_t len;
	if (!list_len(at, "agents", &list, &len))
		return;
	a->agents = mem_zalloc(len * sizeof(*a->agents));
	for (size_t i = 0; i < len; i++) {
		struct conf_at agent = conf_item(list, i);
		a->agent_count += agent.value && read_agent(agent, &a->agents[a->agent_count]);
	}
}

static bool read_invite(struct conf_at at, struct account_invite *v)
{
	const char *agent = NULL, *token;
	int64_t until = 0;
	bool ok = conf_str(at, "token", &token) & conf_opt_str(at, "agent", &agent) &
		  conf_int(at, "until", 0, INT64_MAX, &until);
	conf_done(at);
	if (ok && agent && !text_is_name(agent))
		conf_error(at, "agent", "\"%s\" is not an agent's name", agent);
	else if (ok && !token_is_hash(token))
		conf_error(at, "token", TOKEN_WRONG);
	else if (ok)
		*v = (struct account_invite){mem_strdup(token), mem_strdup(agent), (uint64_t)until};
	return v->token != NULL;
}

static void read_invites(struct conf_at at, struct account *a)
{
	struct conf_at list;
	size_t len;
	if (!list_len(at, "invites", &list, &len))
		return;
	a->invites = mem_zalloc(len * sizeof(*a->invites));
	for (size_t i = 0; i < len; i++) {
		struct conf_at invite = conf_item(list, i);
		a->invite_count +=
		    invite.value && read_invite(invite, &a->invites[a->invite_count]);
	}
}

static void read_limits(struct conf_at at, struct account *a)
{
	int64_t connections = 0;
	const char *bandwidth = NULL;
	conf_opt_int(at, "connections", 1, ACCOUNT_CONNECTIONS_MAX, &connections);
	a->connections = (uint32_t)connections;
	if (!conf_opt_str(at, "bandwidth", &bandwidth) || !bandwidth)
		return;
	if (text_bandwidth(bandwidth, &a->bandwidth) < 0 || a->bandwidth > INT64_MAX)
		conf_error(at, "bandwidth",
			   "\"%s\" is not a number of bits a second such as \"100M\"", bandwidth);
}

static void read_account(struct conf_at at, const char *domain, struct account *a)
{
	if (!at.value)
		return;
	read_name(at, a);
	read_secrets(at, a);
	read_ports(at, a);
	read_hosts(at, domain, a);
	read_agents(at, a);
	read_invites(at, a);
	read_limits(at, a);
	quota_read(at, &a->quota);
	conf_done(at);
}

/* Compares without case: names are hosts, so two names that differ in case only are one. Accounts
 * without a name are not in the index; such a file is refused. */
static int by_name(const void *a, const void *b)
{
	return strcasecmp((*(const struct account *const *)a)->name,
			  (*(const struct account *const *)b)->name);
}

static void sort(struct accounts *all, struct conf_at list)
{
	size_t count = 0;
	all->by_name = mem_zalloc(all->count * sizeof(const struct account *));
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].name)
			all->by_name[count++] = &all->items[i];
	qsort(all->by_name, count, sizeof(const struct account *), by_name);
	for (size_t i = 1; i < count; i++)
		if (!by_name(&all->by_name[i - 1], &all->by_name[i]))
			conf_error(list, NULL, "the name \"%s\" is given twice",
				   all->by_name[i]->name);
}

static int by_host(const void *a, const void *b)
{
	return strcmp(((const struct grant *)a)->host, ((const struct grant *)b)->host);
}

/* Adds "nas.alice" and "alice" for an account "x.nas.alice". */
static void add_parents(struct accounts *all, const struct account *a)
{
	for (const char *dot = strchr(a->own, '.'); dot; dot = strchr(dot + 1, '.')) {
		all->parents =
		    mem_resize(all->parents, (all->parent_count + 1) * sizeof(*all->parents));
		all->parents[all->parent_count++] = (struct grant){dot + 1, a};
	}
}

static void sort_parents(struct accounts *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].own)
			add_parents(all, &all->items[i]);
	if (all->parent_count)
		qsort(all->parents, all->parent_count, sizeof(*all->parents), by_host);
}

static void sort_grants(struct accounts *all)
{
	for (size_t i = 0; i < all->count; i++)
		all->grant_count += all->items[i].host_count;
	struct grant *g = all->grants = mem_zalloc(all->grant_count * sizeof(*g));
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->items[i].host_count; k++)
			*g++ = (struct grant){all->items[i].hosts[k], &all->items[i]};
	qsort(all->grants, all->grant_count, sizeof(*all->grants), by_host);
}

static struct accounts *read_all(struct conf_at list, const char *domain,
				 struct reserved_names *own)
{
	struct accounts *all = mem_zalloc(sizeof(*all));
	atomic_init(&all->refs, 1);
	all->domain = mem_strdup(domain);
	all->own = reserved_names_ref(own);
	all->count = conf_len(list);
	all->items = mem_zalloc(all->count * sizeof(*all->items));
	for (size_t i = 0; i < all->count; i++)
		read_account(conf_item(list, i), domain, &all->items[i]);
	sort(all, list);
	sort_grants(all);
	sort_parents(all);
	return all;
}

static char *error_lines(const struct conf *c)
{
	struct buf b = BUF_INIT;
	for (size_t i = 0; i < conf_errors(c); i++)
		buf_printf(&b, "%s\n", conf_error_text(c, i));
	char *lines = mem_strdup(buf_str(&b));
	buf_fini(&b);
	return lines;
}

int accounts_read(const char *file, const char *domain, struct reserved_names *own, bool absent_ok,
		  struct accounts **out, char **text, char **errors)
{
	struct conf *c = NULL;
	*out = NULL;
	*errors = NULL;
	int err = conf_open(file, &c);
	if (err == UV_ENOENT && absent_ok) {
		c = conf_parse(file, "[]", 2, false);
	} else if (err < 0) {
		*errors = mem_printf("%s: %s\n", file, err_text(err));
		return err;
	}
	struct conf_at list = conf_root_list(c);
	struct accounts *all = read_all(list, domain, own);
	if (!conf_ok(list)) {
		*errors = error_lines(c);
		accounts_unref(all);
		err = ERR_CONFIG;
	} else {
		*out = all;
		if (text)
			*text = mem_strdup(conf_text(c) ? conf_text(c) : "[]");
		err = 0;
	}
	conf_free(c);
	return err;
}

int accounts_load(const char *file, const char *domain, struct reserved_names *own, bool absent_ok,
		  struct accounts **out, char **errors)
{
	return accounts_read(file, domain, own, absent_ok, out, NULL, errors);
}

void accounts_report(const char *errors)
{
	while (errors && *errors) {
		size_t len = strcspn(errors, "\n");
		log_say("%.*s", (int)len, errors);
		errors += len + (errors[len] == '\n');
	}
}

static void account_fini(struct account *a)
{
	mem_free(a->name);
	mem_free(a->own);
	mem_free(a->token);
	mem_free(a->password);
	mem_free(a->ports);
	for (size_t i = 0; i < a->host_count; i++)
		mem_free(a->hosts[i]);
	mem_free(a->hosts);
	for (size_t i = 0; i < a->agent_count; i++) {
		mem_free(a->agents[i].name);
		mem_free(a->agents[i].token);
	}
	mem_free(a->agents);
	for (size_t i = 0; i < a->invite_count; i++) {
		mem_free(a->invites[i].token);
		mem_free(a->invites[i].agent);
	}
	mem_free(a->invites);
}

struct accounts *accounts_ref(struct accounts *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

void accounts_unref(struct accounts *a)
{
	if (!a || atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < a->count; i++)
		account_fini(&a->items[i]);
	mem_free(a->items);
	mem_free(a->by_name);
	mem_free(a->grants);
	mem_free(a->parents);
	mem_free(a->domain);
	reserved_names_unref(a->own);
	mem_free(a);
}

size_t accounts_count(const struct accounts *a)
{
	return a->count;
}

const struct account *accounts_at(const struct accounts *a, size_t i)
{
	return &a->items[i];
}

/* Finds an account by its name in upper or lower case. */
static const struct account *find_name(const struct accounts *a, const char *name)
{
	struct account wanted = {.name = (char *)(uintptr_t)name};
	const struct account *key = &wanted;
	const struct account **found =
	    a->count ? bsearch(&key, a->by_name, a->count, sizeof(*a->by_name), by_name) : NULL;
	return found ? *found : NULL;
}

const struct account *accounts_find(const struct accounts *a, const char *name)
{
	const struct account *found = find_name(a, name);
	return found && !strcmp(found->name, name) ? found : NULL;
}

const struct account *accounts_verify(const struct accounts *a, const char *name, const char *token)
{
	static const char nobody[] =
	    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	const struct account *account = accounts_find(a, name);
	bool fits = token_matches(token, account ? account->token : nobody);
	return account && fits ? account : NULL;
}

/* Returns the agent that has this credential, or NULL. */
static const struct account_agent *agent_of(const struct account *a, const char *token_hash)
{
	for (size_t i = 0; a && i < a->agent_count; i++)
		if (!strcmp(a->agents[i].token, token_hash))
			return &a->agents[i];
	return NULL;
}

static enum accounts_verdict judge_invite(const struct account *a, const struct accounts_claim *c)
{
	char hash[TOKEN_HASH_TEXT];
	token_hash(c->invite, hash);
	for (size_t i = 0; a && i < a->invite_count; i++) {
		const struct account_invite *v = &a->invites[i];
		if (strcmp(v->token, hash) != 0 || v->until_s <= c->now_s)
			continue;
		return v->agent && strcmp(v->agent, c->agent) ? ACCOUNTS_OTHER_AGENT
							      : ACCOUNTS_INVITED;
	}
	return ACCOUNTS_INVITATION_OVER;
}

enum accounts_verdict accounts_admit(const struct accounts *all, const struct accounts_claim *c)
{
	char hash[TOKEN_HASH_TEXT];
	const struct account *a = accounts_find(all, c->account);
	if (accounts_verify(all, c->account, c->token))
		return ACCOUNTS_ADMITTED;
	token_hash(c->token, hash);
	const struct account_agent *g = agent_of(a, hash);
	if (g && g->is_new)
		return ACCOUNTS_NEW;
	if (g)
		return strcmp(g->name, c->agent) ? ACCOUNTS_OTHER_AGENT : ACCOUNTS_ADMITTED;
	return *c->invite ? judge_invite(a, c) : ACCOUNTS_REFUSED;
}

bool accounts_still_admit(const struct accounts *all, const char *account, const char *agent,
			  const char *hash)
{
	const struct account *a = accounts_find(all, account);
	const struct account_agent *g = agent_of(a, hash);
	return a && (!strcmp(a->token, hash) || (g && (g->is_new || !strcmp(g->name, agent))));
}

bool account_allows_ports(const struct account *a, enum ports_protocol protocol, uint16_t first,
			  uint16_t last)
{
	return ports_allow(a->ports, a->ports_count, protocol, first, last);
}

/* --- hosts --- */

/* Returns the first entry of a sorted list with this host; *count: how many entries have it. */
static const struct grant *written(const struct grant *list, size_t len, const char *host,
				   size_t *count)
{
	size_t low = 0, high = len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(list[middle].host, host) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < len && !strcmp(list[low + *count].host, host))
		++*count;
	return list + low;
}

/* Returns the owner of a host or wildcard, or NULL. *name_len: the length of the owner's own name
 * with the domain. */
static const struct account *owner_of(const struct accounts *all, const char *host,
				      size_t *name_len)
{
	const struct account *owner = NULL;
	size_t tail = strlen(all->domain);
	char below[256];
	host += host[0] == '*' ? 2 : 0;
	*name_len = strlen(host);
	if (!text_is_in(host, all->domain) || *name_len == tail)
		return NULL;
	snprintf(below, sizeof below, "%.*s", (int)(*name_len - tail - 1), host);
	for (const char *name = below; !owner && name; name = strchr(name, '.')) {
		name += *name == '.';
		owner = find_name(all, name);
		*name_len = strlen(name) + 1 + tail;
	}
	return owner;
}

/* One host that is looked up. */
struct lookup {
	const struct accounts *all;
	char host[256];
	const struct account *owner; /* or NULL */
	size_t least;                /* another account's grant must be at least this long */
};

/* False: the text is no host, or it is one of the relay's own names. */
static bool look_up(struct lookup *l, const struct accounts *all, const char *host)
{
	l->all = all;
	if (text_host(host, true, l->host) < 0 || reserved_names_has(all->own, l->host))
		return false;
	l->owner = owner_of(all, l->host, &l->least);
	return true;
}

/* Whether fn says yes to an account that has exactly this grant and reaches the host by it. */
static bool any_written(const struct lookup *l, const char *grant, accounts_fn *fn, void *arg)
{
	size_t count, base = strlen(grant) - (grant[0] == '*' ? 2 : 0);
	const struct grant *g = written(l->all->grants, l->all->grant_count, grant, &count);
	for (size_t i = 0; i < count; i++)
		if ((!l->owner || l->owner == g[i].account || base >= l->least) &&
		    fn(arg, g[i].account))
			return true;
	return false;
}

/* "*.alice.example" covers every name below "alice.example", at any depth, and the wildcard
 * "*.nas.alice.example". It does not cover "alice.example" itself. */
static bool any_grant(const struct lookup *l, accounts_fn *fn, void *arg)
{
	char wildcard[256];
	bool found = any_written(l, l->host, fn, arg);
	for (const char *dot = strchr(l->host, '.'); !found && dot; dot = strchr(dot + 1, '.')) {
		snprintf(wildcard, sizeof wildcard, "*%s", dot);
		found = strcmp(wildcard, l->host) != 0 && any_written(l, wildcard, fn, arg);
	}
	return found;
}

static bool has_name(void *arg, const struct account *a)
{
	return !strcmp(a->name, arg);
}

bool accounts_allow_host(const struct accounts *all, const struct account *a, const char *host)
{
	struct lookup l;
	return look_up(&l, all, host) && any_grant(&l, has_name, a->name);
}

/* Whether another account's own name lies below the host. host: a full name without wildcard. */
static bool has_others_below(const struct accounts *all, const struct account *a, const char *host)
{
	size_t len = strlen(host), tail = strlen(all->domain), count;
	char part[256];
	if (!text_is_in(host, all->domain) || len == tail)
		return text_is_in(host, all->domain);
	snprintf(part, sizeof part, "%.*s", (int)(len - tail - 1), host);
	const struct grant *g = written(all->parents, all->parent_count, part, &count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(g[i].account->name, a->name) != 0)
			return true;
	return false;
}

bool accounts_allow_all_below(const struct accounts *all, const struct account *a, const char *host)
{
	char plain[256], wildcard[258];
	if (text_host(host, false, plain) < 0)
		return false;
	snprintf(wildcard, sizeof wildcard, "*.%s", plain);
	return accounts_allow_host(all, a, plain) && accounts_allow_host(all, a, wildcard) &&
	       !has_others_below(all, a, plain) && !reserved_names_has_below(all->own, plain);
}

bool accounts_any_with_host(const struct accounts *all, const char *host, accounts_fn *fn,
			    void *arg)
{
	struct lookup l;
	return look_up(&l, all, host) && any_grant(&l, fn, arg);
}

const struct account *accounts_owner(const struct accounts *all, const char *host)
{
	size_t len;
	char plain[256];
	return text_host(host, true, plain) < 0 ? NULL : owner_of(all, plain, &len);
}
