/*
 * load: the file as JSON, then each key by a reader of its own that collects what is wrong and goes
 * on, then the defaults; every error is reported, and then there is no configuration.
 *
 * For a reload the file is read twice when its domain is another than the one that runs: by itself,
 * and with `dns` below the one that runs. Then what only a restart changes is replaced by what
 * runs.
 */
#include "relay/config.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/idn.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/default_paths.h"
#include "shared/base/text.h"
#include "shared/base/visitor_log.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LISTEN_MAX = 64,
	PROXIES_MAX = 1024,
	EGRESS_MIN = 64000,
	GRACE_MAX_S = 86400,
	THREADS_MAX = 256,
	HEAD_MAX_S = 3600,
	STALL_MAX_S = 86400,
	COUNT_MAX = 10000000,
	MEMORY_MAX_MIB = 1 << 20
};

char *relay_config_default_path(void)
{
	return default_paths_config("relay.json");
}

static char *default_control(const char *state)
{
	char *path = default_paths_runtime("relay.sock");
	return path ? path : file_beside(state, "relay.sock");
}

static char *absolute(const char *file)
{
	if (file[0] == '/')
		return mem_strdup(file);
	char *here = getcwd(NULL, 0);
	char *path = here ? mem_printf("%s/%s", here, file) : mem_strdup(file);
	free(here);
	return path;
}

static char *read_domain(struct conf_at root)
{
	const char *text, *why;
	char name[256];
	struct addr ip;
	if (!conf_str(root, "domain", &text))
		return NULL;
	if (idn_host(text, false, name, &why) == 0 && addr_parse_ip(name, &ip) < 0 &&
	    !addr_is_meant(name))
		return mem_strdup(name);
	conf_error(root, "domain", "\"%s\" is not a domain name%s", text, why);
	return NULL;
}

static char *read_host(struct conf_at root)
{
	const char *text = NULL, *why;
	char name[256];
	struct addr ip;
	if (!conf_opt_str(root, "host", &text) || !text)
		return NULL;
	if (addr_parse_ip(text, &ip) == 0)
		return mem_strdup(addr_ip_text(&ip, name));
	if (idn_host(text, false, name, &why) == 0 && !addr_is_meant(name))
		return mem_strdup(name);
	conf_error(root, "host", "\"%s\" is neither a host name nor an address%s", text, why);
	return NULL;
}

typedef int parse_fn(const char *text, struct addr *out);

/* An address that others can be told. It has no zone, which would mean something on this machine
 * only. */
static int parse_public(const char *text, struct addr *out)
{
	int err = addr_parse_ip(text, out);
	return err || !out->scope ? err : ERR_SYNTAX;
}

static bool is_listed(const struct addr *list, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i], a))
			return true;
	return false;
}

/* Reads a list of addresses, each by parse. When the key is absent, the default stays. */
static void read_addrs(struct conf_at root, const char *key, parse_fn *parse, struct addr **out,
		       size_t *count)
{
	struct conf_at list = conf_list(root, key);
	size_t len = conf_len(list);
	if (!list.value)
		return;
	if (!len || len > LISTEN_MAX) {
		conf_error(root, key, "must have 1 to %d entries, not %zu", LISTEN_MAX, len);
		return;
	}
	*out = mem_zalloc(len * sizeof(**out));
	for (size_t i = 0; i < len; i++) {
		const char *text;
		struct addr a;
		if (!conf_item_str(list, i, &text))
			continue;
		bool is_read = parse(text, &a) == 0;
		if (parse == addr_parse && (!is_read || !a.port))
			conf_error_item(list, i,
					"\"%s\" is not an address and port such as \"[::]:7000\"",
					text);
		else if (!is_read)
			conf_error_item(
			    list, i, "\"%s\" %s", text,
			    a.scope ? "has a zone, which means something on this machine only"
				    : addr_fault(text));
		else if (is_listed(*out, *count, &a))
			conf_error_item(list, i, "\"%s\" is given twice", text);
		else
			(*out)[(*count)++] = a;
	}
}

static void default_addr(const char *text, parse_fn *parse, struct addr **out, size_t *count)
{
	if (*out)
		return;
	*out = mem_zalloc(sizeof(**out));
	*count = parse(text, *out) == 0;
}

/* Which proxies stand before a listener. has_requests: it reads what they say in each of them. */
static void read_trust(struct conf_at at, bool has_requests, struct forwarded_trust *out)
{
	struct conf_at list = conf_list(at, "trusted_proxies");
	size_t len = conf_len(list);
	const char *text, *header = NULL;
	if (len > PROXIES_MAX) {
		conf_error(at, "trusted_proxies", "must have %d entries at most, not %zu",
			   PROXIES_MAX, len);
		len = 0;
	}
	out->proxies = mem_zalloc((len + 1) * sizeof(*out->proxies));
	for (size_t i = 0; i < len; i++) {
		if (!conf_item_str(list, i, &text))
			continue;
		if (cidr_parse(text, &out->proxies[out->count]) == 0)
			out->count++;
		else
			conf_error_item(list, i, "\"%s\" is not a network such as \"127.0.0.1/32\"",
					text);
	}
	conf_opt_bool(at, "proxy_protocol", &out->proxy_protocol);
	if (!has_requests || !conf_opt_str(at, "forwarded_header", &header) || !header)
		return;
	out->by_forwarded = strcasecmp(header, "forwarded") == 0;
	if (!out->by_forwarded && strcasecmp(header, "x-forwarded-for") != 0)
		conf_error(at, "forwarded_header",
			   "\"%s\" is neither \"x-forwarded-for\" nor \"forwarded\"", header);
}

/* Reads a shared port's block. A block without a list of addresses has the default list. */
static void read_shared(struct conf_at root, const char *key, const char *otherwise,
			struct addr **out, size_t *count, struct forwarded_trust *trust)
{
	struct conf_at at = conf_object(root, key);
	if (!at.value)
		return;
	read_addrs(at, "listen", addr_parse, out, count);
	if (!conf_has(at, "listen"))
		default_addr(otherwise, addr_parse, out, count);
	read_trust(at, strcmp(key, "http") == 0, trust);
	conf_done(at);
}

static bool is_link_local(const struct addr *a)
{
	return a->family == 4 ? a->ip[0] == 169 && a->ip[1] == 254
			      : a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

/* Adds the machine's own addresses of one family: the public ones, or all that another machine
 * could reach. */
static void add_own(const struct ifaddrs *all, int family, bool only_public, struct relay_config *c)
{
	for (const struct ifaddrs *i = all; i && c->address_count < LISTEN_MAX; i = i->ifa_next) {
		struct addr a;
		if (!i->ifa_addr || !addr_from_sockaddr(&a, i->ifa_addr) || a.family != family)
			continue;
		a.port = 0;
		if (addr_is_loopback(&a) || is_link_local(&a) ||
		    (only_public && !addr_is_public(&a)))
			continue;
		if (!is_listed(c->addresses, c->address_count, &a))
			c->addresses[c->address_count++] = a;
	}
}

static void default_addresses(struct relay_config *c)
{
	struct ifaddrs *all = NULL;
	if (c->addresses || getifaddrs(&all) < 0)
		return;
	c->addresses = mem_zalloc(LISTEN_MAX * sizeof(*c->addresses));
	for (int only_public = 1; only_public >= 0 && !c->address_count; only_public--) {
		add_own(all, 4, only_public, c);
		add_own(all, 6, only_public, c);
	}
	freeifaddrs(all);
}

/* A path under key made absolute, or NULL when absent or wrong. */
static char *read_path(struct conf_at root, const char *key, const char *file)
{
	const char *text = NULL;
	if (!conf_opt_str(root, key, &text) || !text)
		return NULL;
	if (!*text) {
		conf_error(root, key, "is empty");
		return NULL;
	}
	return file_beside(file, text);
}

static char *read_control(struct conf_at root, const char *file, const char *state)
{
	enum { MOST = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };
	char *path = read_path(root, "control", file);
	if (!path)
		path = default_control(state);
	if (strlen(path) > MOST)
		conf_error(root, "control",
			   "\"%s\" is longer than a socket's path may be (%d bytes)", path, MOST);
	return path;
}

static void read_paths(struct conf_at root, struct relay_config *c)
{
	c->certificate = read_path(root, "certificate", c->file);
	c->private_key = read_path(root, "private_key", c->file);
	c->accounts = read_path(root, "accounts", c->file);
	c->state = read_path(root, "state", c->file);
	if (!c->certificate)
		c->certificate = file_beside(c->file, "relay.crt");
	if (!c->private_key)
		c->private_key = file_beside(c->file, "relay.key");
	if (!c->accounts)
		c->accounts = file_beside(c->file, "accounts.json");
	if (!c->state)
		c->state = default_paths_state("relay.db");
	c->control = read_control(root, c->file, c->state);
}

static uint32_t read_number(struct conf_at at, const char *key, int64_t min, int64_t max,
			    uint32_t otherwise)
{
	int64_t n = otherwise;
	conf_opt_int(at, key, min, max, &n);
	return (uint32_t)n;
}

static void read_limits(struct conf_at root, struct relay_limits *l)
{
	struct conf_at at = conf_object(root, "limits");
	l->connections_per_account = read_number(at, "connections_per_account", 1, COUNT_MAX, 4096);
	l->agents_per_account = read_number(at, "agents_per_account", 1, COUNT_MAX, 1024);
	l->mappings_per_account = read_number(at, "mappings_per_account", 1, COUNT_MAX, 4096);
	l->ports_per_account = read_number(at, "ports_per_account", 1, COUNT_MAX, 32768);
	l->names_per_account = read_number(at, "names_per_account", 1, COUNT_MAX, 2048);
	l->records_per_account = read_number(at, "records_per_account", 1, COUNT_MAX, 4096);
	l->declares_per_second = read_number(at, "declares_per_second", 1, 1000000, 5);
	l->failed_handshakes_per_second_per_address =
	    read_number(at, "failed_handshakes_per_second_per_address", 1, COUNT_MAX, 5);
	l->head_s = read_number(at, "head_s", 1, HEAD_MAX_S, 10);
	l->unfinished_heads_per_source =
	    read_number(at, "unfinished_heads_per_source", 1, COUNT_MAX, 200);
	l->slow_visitors_per_source =
	    read_number(at, "slow_visitors_per_source", 1, COUNT_MAX, 100);
	l->stall_s = read_number(at, "stall_s", 1, STALL_MAX_S, 120);
	l->session_memory_mib = read_number(at, "session_memory_mib", 1, MEMORY_MAX_MIB, 16);
	l->memory_mib = read_number(at, "memory_mib", 1, MEMORY_MAX_MIB, 256);
	if (l->session_memory_mib > l->memory_mib)
		conf_error(at.value ? at : root, at.value ? "session_memory_mib" : "limits",
			   "a session's %u MiB are more than the process's memory_mib, %u",
			   (unsigned)l->session_memory_mib, (unsigned)l->memory_mib);
	conf_done(at);
}

static char *read_user(struct conf_at root)
{
	const char *text = NULL;
	if (!conf_opt_str(root, "user", &text) || !text)
		return NULL;
	if (*text)
		return mem_strdup(text);
	conf_error(root, "user", "is empty; without it the relay stays who starts it");
	return NULL;
}

static uint64_t read_egress(struct conf_at root)
{
	const char *text = NULL;
	uint64_t bits = 0;
	if (!conf_opt_str(root, "egress", &text) || !text)
		return 0;
	if (text_bandwidth(text, &bits) < 0 || bits < EGRESS_MIN || bits > INT64_MAX)
		conf_error(root, "egress",
			   "\"%s\" is not a number of bits a second such as \"3M\", 64k at least",
			   text);
	return bits;
}

/* A missing domain is an error already, and hides none of these. */
static void read_dns(struct conf_at root, const char *domain, struct relay_config *c)
{
	if (!domain)
		domain = c->domain ? c->domain : "invalid";
	const struct publisher_place place = {.file = c->file, .domain = domain};
	publishers_config_read(conf_list(root, "dns"), &place, &c->dns);
}

/* Only behind `http`, `tls` and `update`: those a CA may come to. */
static void read_certificate(struct conf_at at, const struct relay_config *c,
			     struct certificate_config *out)
{
	const char *text = NULL;
	if (conf_is_str(at, "certificate"))
		conf_str(at, "certificate", &text);
	out->automatic = text && !strcmp(text, "auto");
	out->file = out->automatic ? NULL : read_path(at, "certificate", c->file);
	out->private_key = read_path(at, "private_key", c->file);
	if (out->automatic && out->private_key)
		conf_error(at, "private_key", "does not go with \"certificate\": \"auto\"");
	else if (out->automatic && !c->tls_count && !(c->http_count && c->update.on))
		conf_error(
		    at, "certificate",
		    "\"auto\" needs \"tls\", or \"http\" and \"update\": there a CA looks for "
		    "the relay");
	else if (!out->automatic && !out->file != !out->private_key)
		conf_error(at, out->file ? "private_key" : "certificate",
			   "is missing: the two go together");
}

static void read_update(struct conf_at root, struct relay_config *c)
{
	struct conf_at at = conf_object(root, "update");
	struct update_config *u = &c->update;
	if (!at.value)
		return;
	u->on = true;
	u->http = publisher_read_addresses(at, "http", 0, &u->http_count);
	u->https = publisher_read_addresses(at, "https", 0, &u->https_count);
	read_trust(at, true, &u->trust);
	read_certificate(at, c, &u->certificate);
	conf_done(at);
}

static void read_admin(struct conf_at root, struct relay_config *c)
{
	struct conf_at at = conf_object(root, "admin");
	struct admin_config *a = &c->admin;
	a->file = file_beside(c->state, "admin.json");
	if (!at.value)
		return;
	a->on = true;
	read_addrs(at, "listen", addr_parse, &a->listen, &a->listen_count);
	default_addr("127.0.0.1:7080", addr_parse, &a->listen, &a->listen_count);
	admin_config_read_hosts(at, a);
	read_trust(at, true, &a->trust);
	read_certificate(at, c, &c->admin_certificate);
	a->metrics_token_file = read_path(at, "metrics_token_file", c->file);
	conf_done(at);
}

/* domain: the one that runs, for what is below it; NULL: its own. */
static void read_root(struct conf_at root, const char *domain, struct relay_config *c)
{
	c->domain = read_domain(root);
	c->host = read_host(root);
	read_addrs(root, "addresses", parse_public, &c->addresses, &c->address_count);
	read_addrs(root, "listen", addr_parse, &c->listen, &c->listen_count);
	read_shared(root, "http", "[::]:80", &c->http, &c->http_count, &c->http_trust);
	read_shared(root, "tls", "[::]:443", &c->tls, &c->tls_count, &c->tls_trust);
	read_addrs(root, "bind", addr_parse_ip, &c->bind, &c->bind_count);
	default_addresses(c);
	default_addr("[::]:7000", addr_parse, &c->listen, &c->listen_count);
	default_addr("::", addr_parse_ip, &c->bind, &c->bind_count);
	read_paths(root, c);
	c->congestion = congestion_control_read(root);
	c->egress = read_egress(root);
	c->user = read_user(root);
	c->sandbox = true;
	conf_opt_bool(root, "sandbox", &c->sandbox);
	c->grace_s = read_number(root, "grace_s", 1, GRACE_MAX_S, 120);
	c->threads = read_number(root, "threads", 0, THREADS_MAX, 0);
	read_limits(root, &c->limits);
	visitor_log_read(root, &c->log_visitors, &c->log_requests);
	read_dns(root, domain, c);
	read_update(root, c);
	acme_config_read(root, c->file, &c->acme);
	if (c->acme.way != ACME_WAY_AUTO)
		conf_error(
		    conf_object(root, "acme"), "challenge",
		    "is not for a relay: it is found by its tls port, or else its http port");
	read_admin(root, c);
	alert_config_read(root, c->file, &c->notify);
	conf_done(root);
}

/* A record that leads somewhere makes its name the operator's. */
static void add_records(struct reserved_names *o, const struct zone_config *serve)
{
	static const char *const leading[] = {"A", "AAAA", "CNAME"};
	for (size_t i = 0; i < serve->record_count; i++)
		for (size_t k = 0; k < sizeof(leading) / sizeof(*leading); k++)
			if (!strcmp(serve->records[i].type, leading[k]))
				reserved_names_add(o, serve->records[i].name);
}

static struct reserved_names *find_own_names(const struct relay_config *c)
{
	const struct zone_config *serve = publishers_config_dns_server(&c->dns);
	struct reserved_names *o = reserved_names_new();
	reserved_names_add(o, c->domain);
	reserved_names_add(o, c->host);
	for (size_t i = 0; i < c->address_count; i++)
		reserved_names_add_address(o, &c->addresses[i]);
	for (size_t i = 0; serve && serve->nameservers[i]; i++)
		reserved_names_add(o, serve->nameservers[i]);
	if (serve)
		add_records(o, serve);
	return o;
}

static int open_config(const char *file, struct conf **conf)
{
	int err = conf_open(file, conf);
	if (err < 0)
		log_say("%s: %s", file, err_text(err));
	return err;
}

static struct relay_config *new_config(const char *file)
{
	struct relay_config *c = mem_zalloc(sizeof(*c));
	atomic_init(&c->refs, 1);
	c->file = absolute(file);
	return c;
}

int relay_config_control(const char *file, char **path)
{
	struct conf *conf = NULL;
	int err = open_config(file, &conf);
	if (err < 0)
		return err;
	struct relay_config *c = new_config(file);
	read_paths(conf_root(conf), c);
	*path = mem_strdup(c->control);
	relay_config_unref(c);
	conf_free(conf);
	return 0;
}

static int load(const char *file, const char *domain, struct relay_config **out)
{
	struct conf *conf = NULL;
	*out = NULL;
	int err = open_config(file, &conf);
	if (err < 0)
		return err;
	struct relay_config *c = new_config(file);
	struct conf_at root = conf_root(conf);
	if (root.value)
		read_root(root, domain, c);
	if (!conf_ok(root)) {
		conf_report(conf);
		relay_config_unref(c);
		err = ERR_CONFIG;
	} else {
		c->reserved_names = find_own_names(c);
		*out = c;
	}
	conf_free(conf);
	return err;
}

int relay_config_load(const char *file, struct relay_config **out)
{
	return load(file, NULL, out);
}

/* --- another one, while one runs --- */

static bool same_addrs(const struct addr *a, size_t a_count, const struct addr *b, size_t b_count)
{
	bool same = a_count == b_count;
	for (size_t i = 0; same && i < a_count; i++)
		same = addr_equal(&a[i], &b[i]);
	return same;
}

/* The keys in which they differ and which only a restart takes up. */
static char *needs_restart(const struct relay_config *a, const struct relay_config *b)
{
	const struct {
		const char *key;
		bool same;
	} keys[] = {
	    {"domain", text_same(a->domain, b->domain)},
	    {"host", text_same(a->host, b->host)},
	    {"addresses",
	     same_addrs(a->addresses, a->address_count, b->addresses, b->address_count)},
	    {"listen", same_addrs(a->listen, a->listen_count, b->listen, b->listen_count)},
	    {"bind", same_addrs(a->bind, a->bind_count, b->bind, b->bind_count)},
	    {"accounts", text_same(a->accounts, b->accounts)},
	    {"state", text_same(a->state, b->state)},
	    {"control", text_same(a->control, b->control)},
	    {"grace_s", a->grace_s == b->grace_s},
	    {"threads", a->threads == b->threads},
	    {"user", text_same(a->user, b->user)},
	    {"sandbox", a->sandbox == b->sandbox},
	};
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!keys[i].same)
			buf_printf(&out, "%s%s", buf_len(&out) ? ", " : "", keys[i].key);
	char *text = buf_len(&out) ? mem_strdup(buf_str(&out)) : NULL;
	buf_fini(&out);
	return text;
}

static void keep_text(char **at, const char *runs)
{
	mem_free(*at);
	*at = runs ? mem_strdup(runs) : NULL;
}

static void keep_addrs(struct addr **at, size_t *count, const struct addr *runs, size_t run_count)
{
	mem_free(*at);
	*at = mem_zalloc(run_count * sizeof(**at));
	for (size_t i = 0; i < run_count; i++)
		(*at)[i] = runs[i];
	*count = run_count;
}

/* The same keys as in needs_restart(). */
static void keep_fixed(struct relay_config *c, const struct relay_config *runs)
{
	keep_text(&c->domain, runs->domain);
	keep_text(&c->host, runs->host);
	keep_addrs(&c->addresses, &c->address_count, runs->addresses, runs->address_count);
	keep_addrs(&c->listen, &c->listen_count, runs->listen, runs->listen_count);
	keep_addrs(&c->bind, &c->bind_count, runs->bind, runs->bind_count);
	keep_text(&c->accounts, runs->accounts);
	keep_text(&c->state, runs->state);
	keep_text(&c->control, runs->control);
	c->grace_s = runs->grace_s;
	c->threads = runs->threads;
	keep_text(&c->user, runs->user);
	c->sandbox = runs->sandbox;
	reserved_names_unref(c->reserved_names);
	c->reserved_names = find_own_names(c);
}

int relay_config_reload(const char *file, const struct relay_config *running,
			struct relay_config **out, char **later)
{
	*later = NULL;
	int err = load(file, NULL, out);
	if (err < 0)
		return err;
	char *differ = needs_restart(running, *out);
	if (!text_same((*out)->domain, running->domain)) {
		relay_config_unref(*out);
		err = load(file, running->domain, out);
	}
	if (err < 0) {
		mem_free(differ);
		return err;
	}
	keep_fixed(*out, running);
	*later = differ;
	return 0;
}

struct relay_config *relay_config_ref(struct relay_config *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

static void free_certificate(struct certificate_config *c)
{
	mem_free(c->file);
	mem_free(c->private_key);
}

void relay_config_unref(struct relay_config *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	publishers_config_fini(&c->dns);
	reserved_names_unref(c->reserved_names);
	mem_free(c->update.http);
	mem_free(c->update.https);
	mem_free(c->update.trust.proxies);
	acme_config_fini(&c->acme);
	free_certificate(&c->update.certificate);
	admin_config_fini(&c->admin);
	free_certificate(&c->admin_certificate);
	alert_config_fini(&c->notify);
	mem_free(c->file);
	mem_free(c->domain);
	mem_free(c->host);
	mem_free(c->addresses);
	mem_free(c->listen);
	mem_free(c->http);
	mem_free(c->tls);
	mem_free(c->http_trust.proxies);
	mem_free(c->tls_trust.proxies);
	mem_free(c->bind);
	mem_free(c->certificate);
	mem_free(c->private_key);
	mem_free(c->accounts);
	mem_free(c->state);
	mem_free(c->control);
	mem_free(c->congestion);
	mem_free(c->user);
	mem_free(c);
}
