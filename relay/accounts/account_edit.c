/*
 * An edit checks the words that it is given, then changes the file under its lock
 * (accounts_file.h): add() appends an account, alter() changes or removes one, set() works off
 * `account set`. The first step that fails says why, and nothing is written.
 */
#include "relay/accounts/account_edit.h"

#include "relay/accounts/accounts.h"
#include "relay/accounts/accounts_file.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/idn.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/token.h"
#include "shared/net/tls_context.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One edit of one account. is_new: it is made with key, value and ports. Else set says what
 * changes, or key gets value, or, with neither, the account is removed. */
struct change {
	const char *name;
	bool is_new;
	const json_t *ports; /* NULL: none are written */
	const char *key, *value;
	const struct account_changes *set;
};

static int set(struct accounts_file *e, size_t place, const struct account_changes *ch);

/* 0, or an exit code after saying why not. */
static int add(struct accounts_file *e, const struct change *c)
{
	long place = accounts_file_place(e, c->name, strcasecmp);
	if (place >= 0) {
		log_say("an account called \"%s\" exists (account renew makes it a new token)",
			accounts_at(e->accounts, (size_t)place)->name);
		return EXIT_WORK;
	}
	json_t *account = json_object();
	json_object_set_new(account, "name", json_string(c->name));
	json_object_set_new(account, c->key, json_string(c->value));
	if (c->ports)
		json_object_set_new(account, "ports", json_deep_copy(c->ports));
	json_array_append_new(e->root, account);
	return 0;
}

static int alter(struct accounts_file *e, const struct change *c)
{
	long place = accounts_file_place(e, c->name, strcmp);
	if (place < 0) {
		log_say("no account is called \"%s\"", c->name);
		return EXIT_WORK;
	}
	if (c->set)
		return set(e, (size_t)place, c->set);
	if (c->key)
		json_object_set_new(json_array_get(e->root, (size_t)place), c->key,
				    json_string(c->value));
	else
		json_array_remove(e->root, (size_t)place);
	return 0;
}

static int change_file(struct accounts_file *e, void *arg)
{
	const struct change *c = arg;
	return c->is_new ? add(e, c) : alter(e, c);
}

/* 0, or an exit code. */
static int edit(const struct relay_config *config, const struct change *c)
{
	return accounts_file_edit(config, c->is_new, change_file, (void *)(uintptr_t)c);
}

char *account_edit_line(const struct relay_config *c, const char *name, const char *token,
			const char *pin, const char *more)
{
	char ip[ADDR_TEXT];
	struct addr a;
	const char *host = c->host ? c->host : addr_ip_text(&c->addresses[0], ip);
	bool bracket = addr_parse_ip(host, &a) == 0 && a.family == 6;
	return mem_printf("groundnut://%s:%s@%s%s%s:%u/?pin=%s%s", name, token, bracket ? "[" : "",
			  host, bracket ? "]" : "", (unsigned)c->listen[0].port, pin, more);
}

int account_edit_find_pin(const struct relay_config *c, char pin[TLS_CONTEXT_PIN_TEXT])
{
	char *why = NULL;
	if (!c->host && !c->address_count) {
		log_say(
		    "%s: neither \"host\" nor \"addresses\" says where an agent finds this relay",
		    c->file);
		return EXIT_USAGE;
	}
	int err = tls_context_pin_of_certificate(c->certificate, pin, &why);
	if (err)
		log_say("%s", why ? why : err_text(err));
	mem_free(why);
	return err ? EXIT_WORK : 0;
}

/* Turns a LIST into ["8000-8999", "51820/udp"], or returns NULL after saying what is wrong. */
static json_t *ports_of_list(const char *list)
{
	json_t *ports = json_array();
	bool ok = true;
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		char *one = mem_printf("%.*s", (int)len, p);
		struct ports_range range;
		int err = ports_parse_one(one, &range);
		if (err)
			log_say("--ports: \"%s\" is not a port or range such as 8000-8999, "
				"51820/udp or 53/both",
				one);
		else
			json_array_append_new(ports, json_string(one));
		mem_free(one);
		ok = ok && !err;
		p += len;
		if (!*p)
			break;
	}
	if (ok)
		return ports;
	json_decref(ports);
	return NULL;
}

/* Makes a token, writes its hash by the edit c, and builds the join line. */
static int give_token(const struct relay_config *config, struct change c, char **line)
{
	char token[TOKEN_TEXT], hash[TOKEN_HASH_TEXT], pin[TLS_CONTEXT_PIN_TEXT];
	int exit_code = account_edit_find_pin(config, pin);
	token_new(token);
	token_hash(token, hash);
	c.key = "token";
	c.value = hash;
	if (!exit_code)
		exit_code = edit(config, &c);
	*line = exit_code ? NULL : account_edit_line(config, c.name, token, pin, "");
	mem_wipe(token, sizeof(token));
	return exit_code;
}

/* Whether the account's host would be one of the relay's own names; says so. */
static bool is_own_name(const struct relay_config *c, const char *name)
{
	char full[256];
	bool is_own = text_full_host(name, c->domain, full) == 0 &&
		      reserved_names_has(c->reserved_names, full);
	if (is_own)
		log_say("\"%s\" cannot be an account's name: %s is a name of the relay's own", name,
			full);
	return is_own;
}

int account_edit_add(const struct relay_config *c, const char *name, const char *ports, char **line)
{
	*line = NULL;
	struct change change = {.name = name, .is_new = true};
	if (!account_is_name(name)) {
		log_say("\"%s\" cannot be an account's name: 1 to 63 letters, digits, inner '-' "
			"and '.', since it is also a host",
			name);
		return EXIT_USAGE;
	}
	if (is_own_name(c, name))
		return EXIT_USAGE;
	json_t *list = ports ? ports_of_list(ports) : NULL;
	if (ports && !list)
		return EXIT_USAGE;
	change.ports = list;
	int exit_code = give_token(c, change, line);
	json_decref(list);
	return exit_code;
}

int account_edit_renew(const struct relay_config *c, const char *name, char **line)
{
	return give_token(c, (struct change){.name = name}, line);
}

int account_edit_set_password(const struct relay_config *c, const char *name, const char *hash)
{
	return edit(c, &(struct change){.name = name, .key = "password", .value = hash});
}

int account_edit_remove(const struct relay_config *c, const char *name)
{
	return edit(c, &(struct change){.name = name});
}

/* --- set --- */

/* A growing list of ranges. */
struct ranges {
	struct ports_range *items;
	size_t count;
};

static void ranges_add(struct ranges *r, unsigned first, unsigned last, unsigned protocols)
{
	if (first > last || !protocols)
		return;
	r->items = mem_resize(r->items, (r->count + 1) * sizeof(*r->items));
	r->items[r->count++] =
	    (struct ports_range){(uint16_t)first, (uint16_t)last, (uint8_t)protocols};
}

/* Takes what away from r. Of a range that overlaps, the ports below and above stay, and those
 * inside stay for the other protocol. */
static void ranges_subtract(struct ranges *r, const struct ports_range *what)
{
	struct ranges left = {0};
	for (size_t i = 0; i < r->count; i++) {
		struct ports_range at = r->items[i];
		if (at.last < what->first || at.first > what->last) {
			ranges_add(&left, at.first, at.last, at.protocols);
			continue;
		}
		unsigned first = at.first > what->first ? at.first : what->first;
		unsigned last = at.last < what->last ? at.last : what->last;
		if (first)
			ranges_add(&left, at.first, first - 1, at.protocols);
		ranges_add(&left, first, last, at.protocols & ~what->protocols);
		ranges_add(&left, last + 1, at.last, at.protocols);
	}
	mem_free(r->items);
	*r = left;
}

static bool covers(struct ranges *r, const struct ports_range *one)
{
	ports_sort(r->items, r->count);
	for (unsigned protocol = PORTS_TCP; protocol <= PORTS_UDP; protocol++)
		if (one->protocols & protocol &&
		    !ports_allow(r->items, r->count, (enum ports_protocol)protocol, one->first,
				 one->last))
			return false;
	return true;
}

/* Returns the account's ports after the change, as JSON. what: texts of ranges. sign: '+' adds
 * them, '-' takes them away, 0 takes them in place of the present ones. */
static json_t *change_ports(const struct account *a, char sign, const json_t *what)
{
	struct ranges r = {0};
	for (size_t i = 0; sign && i < a->ports_count; i++)
		ranges_add(&r, a->ports[i].first, a->ports[i].last, a->ports[i].protocols);
	for (size_t i = 0; i < json_array_size(what); i++) {
		struct ports_range one;
		ports_parse_one(json_string_value(json_array_get(what, i)), &one);
		if (sign == '+' && covers(&r, &one))
			continue;
		ranges_subtract(&r, &one); /* before it is added, so that nothing is there twice */
		if (sign != '-')
			ranges_add(&r, one.first, one.last, one.protocols);
	}
	json_t *ports = json_array();
	for (size_t i = 0; i < r.count; i++) {
		char text[PORTS_TEXT];
		json_array_append_new(ports, json_string(ports_text(&r.items[i], text)));
	}
	mem_free(r.items);
	return ports;
}

/* Returns the full name of a host with its dot at the end, as accounts.json has it; the caller
 * frees it. NULL, with *why, when the text is no host name. */
static char *full_host(const char *text, const char *domain, const char **why)
{
	char ascii[IDN_ASCII], host[256];
	if (idn_ascii(text, ascii, why) < 0 || text_host(ascii, true, host) < 0)
		return NULL;
	return ascii[strlen(ascii) - 1] == '.' ? mem_printf("%s.", host)
					       : mem_printf("%s.%s.", host, domain);
}

static bool has_host(const json_t *list, const char *host, size_t *at)
{
	for (*at = 0; *at < json_array_size(list); ++*at)
		if (!strcmp(json_string_value(json_array_get(list, *at)), host))
			return true;
	return false;
}

/* Whether the operator may give an account this host; says why not. The operator may also give a
 * host of another account, and log_say() then names its owner. */
static bool may_be_given(const struct accounts_file *e, const struct account *a, const char *host)
{
	const struct account *owner = accounts_owner(e->accounts, host);
	if (reserved_names_has(e->config->reserved_names, host)) {
		log_say("--hosts: %s is a name of the relay's own", host);
		return false;
	}
	if (owner && owner != a)
		log_say("--hosts: %s is account %s's; account %s may use it, too, from now on",
			host, owner->name, a->name);
	return true;
}

/* Returns the account's hosts after the change, as JSON with full names, or NULL after saying what
 * is wrong. sign: as for change_ports(). */
static json_t *change_hosts(const struct accounts_file *e, const struct account *a, char sign,
			    const char *list)
{
	json_t *hosts = json_array();
	const char *why;
	bool ok = true;
	size_t at;
	for (size_t i = 0; sign && i < a->host_count; i++) {
		char *full = mem_printf("%s.", a->hosts[i]);
		json_array_append_new(hosts, json_string(full));
		mem_free(full);
	}
	for (const char *p = list; ok; p++) {
		size_t len = strcspn(p, ",");
		char *one = mem_printf("%.*s", (int)len, p),
		     *host = full_host(one, e->config->domain, &why);
		bool there = host && has_host(hosts, host, &at);
		ok = host && (sign == '-' ? there : there || may_be_given(e, a, host));
		if (!host)
			log_say("--hosts: \"%s\" is not a host name%s", one, why);
		else if (!ok && sign == '-')
			log_say("--hosts: %s has no host %s", a->name, one);
		else if (sign == '-')
			json_array_remove(hosts, at);
		else if (ok && !there)
			json_array_append_new(hosts, json_string(host));
		mem_free(host);
		mem_free(one);
		p += len;
		if (!*p)
			break;
	}
	if (ok)
		return hosts;
	json_decref(hosts);
	return NULL;
}

/* Warns about a list without any udp port: such a list is often a mistake. */
static void warn_if_tcp_only(const json_t *ports)
{
	for (size_t i = 0; i < json_array_size(ports); i++)
		if (strchr(json_string_value(json_array_get(ports, i)), '/'))
			return;
	if (json_array_size(ports))
		log_say("these ports are tcp only; `51820/udp` grants udp, `53/both` both");
}

static char sign_of(const char **list)
{
	return **list == '+' || **list == '-' ? *(*list)++ : '\0';
}

static bool set_ports(json_t *account, const struct account *a, const char *list)
{
	char sign = sign_of(&list);
	json_t *what = ports_of_list(list);
	if (!what)
		return false;
	json_t *ports = change_ports(a, sign, what);
	if (sign != '-')
		warn_if_tcp_only(ports);
	json_object_set_new(account, "ports", ports);
	json_decref(what);
	return true;
}

static bool set_hosts(const struct accounts_file *e, json_t *account, const struct account *a,
		      const char *list)
{
	char sign = sign_of(&list);
	json_t *hosts = change_hosts(e, a, sign, list);
	return hosts && json_object_set_new(account, "hosts", hosts) == 0;
}

static bool set_connections(json_t *account, const char *text)
{
	uint64_t n;
	if (!strcmp(text, "none")) {
		json_object_del(account, "connections");
		return true;
	}
	if (text_uint(text, ACCOUNT_CONNECTIONS_MAX, &n) == 0 && n)
		return json_object_set_new(account, "connections", json_integer((json_int_t)n)) ==
		       0;
	log_say("--connections: \"%s\" is not a number from 1 to %d, nor \"none\"", text,
		ACCOUNT_CONNECTIONS_MAX);
	return false;
}

static bool set_bandwidth(json_t *account, const char *text)
{
	uint64_t bits;
	if (!strcmp(text, "none")) {
		json_object_del(account, "bandwidth");
		return true;
	}
	if (text_bandwidth(text, &bits) == 0 && bits <= INT64_MAX)
		return json_object_set_new(account, "bandwidth", json_string(text)) == 0;
	log_say("--bandwidth: \"%s\" is not a rate such as 20M or 800k (bits a second), nor "
		"\"none\"",
		text);
	return false;
}

static json_t *quota_of(json_t *account)
{
	json_t *quota = json_object_get(account, "quota");
	if (!quota)
		log_say("there is no quota yet: give --quota, too");
	return quota;
}

static bool set_quota(json_t *account, const char *text)
{
	uint64_t bytes;
	json_t *quota = json_object_get(account, "quota");
	if (!strcmp(text, "none")) {
		json_object_del(account, "quota");
		return true;
	}
	if (quota_amount(text, &bytes) < 0) {
		log_say(
		    "--quota: \"%s\" is not an amount such as 500G or 1.5T (bytes a month), nor "
		    "\"none\"",
		    text);
		return false;
	}
	if (!quota && json_object_set_new(account, "quota", quota = json_object()) < 0)
		return false;
	return json_object_set_new(quota, "bytes", json_string(text)) == 0;
}

static bool set_reset_day(json_t *account, const char *text)
{
	uint64_t day;
	if (text_uint(text, 31, &day) < 0 || !day) {
		log_say("--reset-day: \"%s\" is not a day from 1 to 31", text);
		return false;
	}
	json_t *quota = quota_of(account);
	return quota && json_object_set_new(quota, "reset_day", json_integer((json_int_t)day)) == 0;
}

static bool set_at_limit(json_t *account, const char *word)
{
	enum quota_at_limit at;
	if (!quota_at_limit_read(word, &at)) {
		log_say("--at-limit: \"%s\" is not warn, slow or stop", word);
		return false;
	}
	json_t *quota = quota_of(account);
	return quota && json_object_set_new(quota, "at_limit", json_string(word)) == 0;
}

static int set(struct accounts_file *e, size_t place, const struct account_changes *ch)
{
	const struct account *a = accounts_at(e->accounts, place);
	json_t *account = json_array_get(e->root, place);
	bool ok = (!ch->ports || set_ports(account, a, ch->ports)) &&
		  (!ch->hosts || set_hosts(e, account, a, ch->hosts)) &&
		  (!ch->connections || set_connections(account, ch->connections)) &&
		  (!ch->bandwidth || set_bandwidth(account, ch->bandwidth)) &&
		  (!ch->quota || set_quota(account, ch->quota)) &&
		  (!ch->reset_day || set_reset_day(account, ch->reset_day)) &&
		  (!ch->at_limit || set_at_limit(account, ch->at_limit));
	return ok ? 0 : EXIT_USAGE;
}

int account_edit_set(const struct relay_config *c, const char *name,
		     const struct account_changes *changes)
{
	const struct account_changes *ch = changes;
	if (!ch->ports && !ch->hosts && !ch->connections && !ch->bandwidth && !ch->quota &&
	    !ch->reset_day && !ch->at_limit) {
		log_say("account set: nothing to change; give --ports, --hosts, --connections, "
			"--bandwidth, --quota, --reset-day or --at-limit");
		return EXIT_USAGE;
	}
	return edit(c, &(struct change){.name = name, .set = changes});
}
