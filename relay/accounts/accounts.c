/*
 * accounts.json → an object for each account, read key by key; what is wrong is collected and all
 * of it reported, and then there is no list. Accounts are found by name with a sorted index.
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

enum { ENTRIES_MAX = 1024, FIRST_FREE_PORT = 1024 };

struct accounts {
	atomic_uint refs;
	struct account *items;
	size_t count;
	const struct account **by_name; /* sorted, pointing into items */
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
	if (account_is_name(name))
		a->name = mem_strdup(name);
	else
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
			conf_error(at, "token", "is not \"sha256:\" and 64 hexadecimal digits");
	}
	if (!conf_opt_str(at, "password", &password) || !password)
		return;
	if (!strncmp(password, "scrypt:", 7))
		a->password = mem_strdup(password);
	else
		conf_error(at, "password", "does not begin with \"scrypt:\"");
}

/* The length of a list that may be there; false: it is not, or is too long. */
static bool list_len(struct conf_at at, const char *key, struct conf_at *list, size_t *len)
{
	*list = conf_list(at, key);
	*len = conf_len(*list);
	if (*len <= ENTRIES_MAX)
		return list->value != NULL;
	conf_error(at, key, "has %zu entries, at most %d may be", *len, ENTRIES_MAX);
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
	read_limits(at, a);
	conf_done(at);
}

/* Names are hosts too, so two that differ in case only are one. Where a name is missing the file is
 * wrong, and nothing is looked up. */
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

static struct accounts *read_all(struct conf_at list, const char *domain)
{
	struct accounts *all = mem_zalloc(sizeof(*all));
	atomic_init(&all->refs, 1);
	all->count = conf_len(list);
	all->items = mem_zalloc(all->count * sizeof(*all->items));
	for (size_t i = 0; i < all->count; i++)
		read_account(conf_item(list, i), domain, &all->items[i]);
	sort(all, list);
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

int accounts_load(const char *file, const char *domain, bool absent_ok, struct accounts **out,
		  char **errors)
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
	struct accounts *all = read_all(list, domain);
	if (!conf_ok(list)) {
		*errors = error_lines(c);
		accounts_unref(all);
		err = ERR_CONFIG;
	} else {
		*out = all;
		err = 0;
	}
	conf_free(c);
	return err;
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
	mem_free(a->token);
	mem_free(a->password);
	mem_free(a->ports);
	for (size_t i = 0; i < a->host_count; i++)
		mem_free(a->hosts[i]);
	mem_free(a->hosts);
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

const struct account *accounts_find(const struct accounts *a, const char *name)
{
	struct account wanted = {.name = (char *)(uintptr_t)name};
	const struct account *key = &wanted;
	const struct account **found =
	    a->count ? bsearch(&key, a->by_name, a->count, sizeof(*a->by_name), by_name) : NULL;
	return found && !strcmp((*found)->name, name) ? *found : NULL;
}

const struct account *accounts_verify(const struct accounts *a, const char *name, const char *token)
{
	static const char nobody[] =
	    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	const struct account *account = accounts_find(a, name);
	bool fits = token_matches(token, account ? account->token : nobody);
	return account && fits ? account : NULL;
}

bool account_allows_ports(const struct account *a, enum ports_protocol protocol, uint16_t first,
			  uint16_t last)
{
	return ports_allow(a->ports, a->ports_count, protocol, first, last);
}

/* "*.alice.example" covers every name below, at any depth, and "*.nas.alice.example", but not
 * "alice.example" itself. */
static bool covers(const char *pattern, const char *name)
{
	if (pattern[0] != '*')
		return !strcasecmp(pattern, name);
	const char *tail = pattern + 1;
	size_t name_len = strlen(name), tail_len = strlen(tail);
	return name_len > tail_len && !strcasecmp(name + name_len - tail_len, tail);
}

bool account_allows_host(const struct account *a, const char *full_name)
{
	for (size_t i = 0; i < a->host_count; i++)
		if (covers(a->hosts[i], full_name))
			return true;
	return false;
}
