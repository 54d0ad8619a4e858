#include "relay/names/names_config.h"

#include "relay/names/dns_packet.h"
#include "relay/names/tsig.h"
#include "relay/names/zone.h"
#include "shared/base/hash_table.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/http_client.h"

#include <stdio.h>
#include <string.h>

/* The name, its addresses and the API's own words are put behind a URL's path. */
enum { URL_ROOM = 424 };
enum { SECRET_MAX = 4096, TTL_MAX = 604800, RATE_MAX = 1000000 };

static const char *const kinds[] = {[DNS_SERVE] = "serve",
				    [DNS_RFC2136] = "rfc2136",
				    [DNS_DYNDNS2] = "dyndns2",
				    [DNS_CLOUDFLARE] = "cloudflare",
				    NULL};

const char *dns_kind_text(enum dns_kind kind)
{
	return kinds[kind];
}

/* A secret in a file beside relay.json: its first line. NULL after reporting. */
static char *read_secret(struct conf_at at, const char *key, const char *file)
{
	const char *path = NULL;
	if (!conf_str(at, key, &path))
		return NULL;
	char *full = file_beside(file, path), *text = NULL;
	size_t len = 0;
	int err = file_read(full, SECRET_MAX, &text, &len);
	mem_free(full);
	if (err < 0) {
		conf_error(at, key, "\"%s\" cannot be read: %s", path, err_text(err));
		return NULL;
	}
	text[strcspn(text, "\r\n")] = 0;
	if (!*text || !http_message_is_clean(text)) {
		conf_error(at, key, "\"%s\" holds no secret on its first line", path);
		mem_wipe(text, len);
		mem_free(text);
		return NULL;
	}
	return text;
}

static void add_text(char ***list, size_t *count, const char *text)
{
	*list = mem_resize(*list, (*count + 1) * sizeof(char *));
	(*list)[(*count)++] = mem_strdup(text);
}

static void free_texts(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(list[i]);
	mem_free(list);
}

/* Host names of a list, made full; absent: nothing. */
static void read_hosts(struct conf_at at, const char *key, const char *domain, char ***out,
		       size_t *count)
{
	struct conf_at list = conf_list(at, key);
	for (size_t i = 0; i < conf_len(list); i++) {
		const char *text;
		char full[256];
		if (!conf_item_str(list, i, &text))
			continue;
		if (text_full_host(text, domain, full) == 0)
			add_text(out, count, full);
		else
			conf_error_item(list, i, "\"%s\" is no host name", text);
	}
}

/* "127.0.0.1:53", "[::]:53", or an address alone: port is the usual one. */
static int read_address(const char *text, uint16_t port, struct addr *out)
{
	if (addr_parse(text, out) == 0)
		return 0;
	int err = port ? addr_parse_ip(text, out) : ERR_SYNTAX;
	if (err == 0)
		out->port = port;
	return err;
}

static void read_addresses(struct conf_at at, const char *key, uint16_t port, struct addr **out,
			   size_t *count)
{
	struct conf_at list = conf_list(at, key);
	for (size_t i = 0; i < conf_len(list); i++) {
		const char *text;
		struct addr a;
		if (!conf_item_str(list, i, &text))
			continue;
		if (read_address(text, port, &a) != 0 || !a.port) {
			conf_error_item(list, i, "\"%s\" is no address with a port", text);
			continue;
		}
		*out = mem_resize(*out, (*count + 1) * sizeof(struct addr));
		(*out)[(*count)++] = a;
	}
}

/* Dies with the rest when the library would not take it later. */
static void read_record(struct conf_at at, const char *domain, struct serve_config *out)
{
	static const char *const types[] = {"A", "AAAA", "MX", "TXT", "CAA", "SRV", "CNAME", NULL};
	const char *name = NULL, *type = NULL, *value = NULL;
	int64_t ttl = 300;
	char full[256], *why = NULL;
	bool ok = conf_str(at, "name", &name) & conf_str(at, "type", &type) &
		  conf_str(at, "value", &value);
	ok &= conf_opt_int(at, "ttl", 0, TTL_MAX, &ttl);
	conf_done(at);
	if (!ok)
		return;
	struct dns_name wire;
	bool apex = strcmp(name, "@") == 0 || !*name;
	if (apex)
		snprintf(full, sizeof(full), "%s", domain);
	if (!apex && text_full_host(name, domain, full) != 0) {
		conf_error(at, "name", "\"%s\" is no host name", name);
		return;
	}
	struct dns_name zone;
	if (dns_name_parse(full, &wire) != 0 || dns_name_parse(domain, &zone) != 0 ||
	    !dns_name_below(&wire, &zone)) {
		conf_error(at, "name", "\"%s\" is not below \"%s\"", name, domain);
		return;
	}
	size_t t = 0;
	while (types[t] && strcmp(types[t], type) != 0)
		t++;
	if (!types[t]) {
		const char *near = text_nearest(type, types);
		conf_error(at, "type", "\"%s\" is not one of A, AAAA, MX, TXT, CAA, SRV, CNAME%s%s",
			   type, near ? "; did you mean " : "", near ? near : "");
		return;
	}
	struct dns_record *r = dns_record_parse(type, (uint32_t)ttl, value, domain, &why);
	if (!r) {
		conf_error(at, "value", "\"%s\" is no %s record: %s", value, type, why);
		mem_free(why);
		return;
	}
	dns_record_free(r);
	out->records =
	    mem_resize(out->records, (out->record_count + 1) * sizeof(struct dns_record_config));
	out->records[out->record_count++] = (struct dns_record_config){.name = mem_strdup(full),
								       .type = mem_strdup(type),
								       .value = mem_strdup(value),
								       .ttl = (uint32_t)ttl};
}

/* The CNAMEs by name, but for those that cannot be: the domain and its name servers have records of
 * their own. */
static struct hash_table *read_aliases(struct conf_at list, const char *domain,
				       struct serve_config *serve)
{
	struct hash_table *needed = hash_table_new(), *aliases = hash_table_new();
	hash_table_add(needed, domain, strlen(domain), serve);
	for (size_t i = 0; i < serve->nameserver_count; i++)
		hash_table_add(needed, serve->nameservers[i], strlen(serve->nameservers[i]), serve);
	for (size_t i = 0; i < serve->record_count; i++) {
		struct dns_record_config *r = &serve->records[i];
		if (strcmp(r->type, "CNAME") != 0)
			continue;
		if (hash_table_get(needed, r->name, strlen(r->name)))
			conf_error(list, NULL,
				   "\"%s\" cannot be a CNAME: it is the domain or one of its name "
				   "servers",
				   r->name);
		else
			hash_table_add(aliases, r->name, strlen(r->name), r);
	}
	hash_table_free(needed);
	return aliases;
}

static void check_aliases(struct conf_at list, const char *domain, struct serve_config *serve)
{
	struct hash_table *aliases = read_aliases(list, domain, serve);
	for (size_t i = 0; i < serve->record_count; i++) {
		const struct dns_record_config *r = &serve->records[i];
		const struct dns_record_config *alias =
		    hash_table_get(aliases, r->name, strlen(r->name));
		if (alias && alias != r)
			conf_error(list, NULL, "\"%s\" has a CNAME and another record", r->name);
	}
	hash_table_free(aliases);
}

static void read_serve(struct conf_at at, const char *domain, struct serve_config *out)
{
	int64_t rate = SERVE_RATE;
	read_hosts(at, "nameservers", domain, &out->nameservers, &out->nameserver_count);
	if (out->nameserver_count == 0) {
		char *first = mem_printf("ns1.%s", domain);
		add_text(&out->nameservers, &out->nameserver_count, first);
		mem_free(first);
	}
	read_addresses(at, "listen", DNS_PORT, &out->listen, &out->listen_count);
	struct conf_at records = conf_list(at, "records");
	for (size_t i = 0; i < conf_len(records); i++) {
		struct conf_at record = conf_item(records, i);
		if (record.value)
			read_record(record, domain, out);
	}
	check_aliases(records, domain, out);
	conf_opt_int(at, "rate", 0, RATE_MAX, &rate);
	out->rate = (uint32_t)rate;
}

static void read_key(struct conf_at at, const char *file, struct rfc2136_config *out)
{
	const char *text = NULL;
	char *secret = NULL;
	struct tsig_key tried;
	if (conf_has(at, "key_file"))
		text = secret = read_secret(at, "key_file", file);
	else
		conf_str(at, "key", &text);
	conf_has(at, "key");
	if (text &&
	    (text_unbase64(text, strlen(text), out->key, sizeof(out->key), &out->key_len) != 0 ||
	     out->key_len == 0))
		conf_error(at, secret ? "key_file" : "key", "is no base64 of at most %d bytes",
			   DNS_KEY_MAX);
	else if (text && out->key_name &&
		 tsig_key_set(&tried, out->key_name, out->algorithm, out->key, out->key_len) != 0)
		conf_error(at, "algorithm",
			   "\"%s\" with key \"%s\" is not known; hmac-sha256 is what servers make",
			   out->algorithm, out->key_name);
	if (secret)
		mem_wipe(secret, strlen(secret));
	mem_free(secret);
}

static void read_rfc2136(struct conf_at at, const char *file, const char *domain,
			 struct rfc2136_config *out)
{
	const char *server = NULL, *zone = domain, *key_name = NULL, *algorithm = "hmac-sha256",
		   *why = NULL;
	struct addr a;
	char clean[256];
	if (conf_str(at, "server", &server)) {
		if (addr_parse_ip(server, &a) == 0) {
			a.port = DNS_PORT;
			out->server = (struct endpoint){
			    .first = DNS_PORT, .last = DNS_PORT, .numeric = true, .addr = a};
			addr_ip_text(&a, out->server.host);
		} else if (text_host(server, false, clean) == 0 && !strchr(server, ':')) {
			out->server = (struct endpoint){.first = DNS_PORT, .last = DNS_PORT};
			memcpy(out->server.host, clean, strlen(clean) + 1);
		} else if (endpoint_parse(server, &out->server, &why) != 0) {
			conf_error(at, "server", "\"%s\" %s", server, why);
		} else if (out->server.first != out->server.last) {
			conf_error(at, "server", "\"%s\" is more than one port", server);
		}
	}
	conf_opt_str(at, "zone", &zone);
	if (text_host(zone, false, clean) == 0)
		out->zone = mem_strdup(clean);
	else
		conf_error(at, "zone", "\"%s\" is no zone", zone);
	conf_opt_str(at, "algorithm", &algorithm);
	out->algorithm = mem_strdup(algorithm);
	if (conf_str(at, "key_name", &key_name)) {
		out->key_name = mem_strdup(key_name);
		if (text_host(key_name, false, clean) != 0)
			conf_error(at, "key_name", "\"%s\" is no key's name", key_name);
	}
	read_key(at, file, out);
}

/* An own CA file, for tests and private services. */
static char *read_ca(struct conf_at at, const char *file)
{
	const char *path = NULL;
	conf_opt_str(at, "ca_file", &path);
	char *full = path ? file_beside(file, path) : NULL;
	if (full && !file_exists(full))
		conf_error(at, "ca_file", "\"%s\" is not there", path);
	return full;
}

static void read_url(struct conf_at at, const char *key, const char *url, char **out)
{
	enum { MOST = sizeof(((struct http_url *)0)->path) - URL_ROOM };
	struct http_url tried;
	if (http_url_parse(url, &tried) != 0)
		conf_error(at, key, "\"%s\" is no address of the form https://host/path", url);
	else if (strlen(tried.path) > MOST)
		conf_error(at, key, "has a path of %zu bytes, at most %d may be",
			   strlen(tried.path), MOST);
	else
		*out = mem_strdup(url);
}

static void read_dyndns2(struct conf_at at, const char *file, const char *domain,
			 struct dyndns2_config *out)
{
	const char *url = NULL, *username = NULL;
	if (conf_str(at, "url", &url))
		read_url(at, "url", url, &out->url);
	if (conf_str(at, "username", &username))
		out->username = mem_strdup(username);
	out->password = read_secret(at, "password_file", file);
	read_hosts(at, "hosts", domain, &out->hosts, &out->host_count);
	out->ca_file = read_ca(at, file);
}

static void read_cloudflare(struct conf_at at, const char *file, struct cloudflare_config *out)
{
	const char *zone = NULL, *api = "https://api.cloudflare.com/client/v4";
	char clean[256];
	if (conf_str(at, "zone", &zone)) {
		if (text_host(zone, false, clean) == 0)
			out->zone = mem_strdup(clean);
		else
			conf_error(at, "zone", "\"%s\" is no zone", zone);
	}
	out->token = read_secret(at, "token_file", file);
	conf_opt_str(at, "api", &api);
	read_url(at, "api", api, &out->api);
	out->ca_file = read_ca(at, file);
}

static void config_fini(struct dns_config *c)
{
	free_texts(c->serve.nameservers, c->serve.nameserver_count);
	for (size_t i = 0; i < c->serve.record_count; i++) {
		mem_free(c->serve.records[i].name);
		mem_free(c->serve.records[i].type);
		mem_free(c->serve.records[i].value);
	}
	mem_free(c->serve.records);
	mem_free(c->serve.listen);
	mem_free(c->rfc2136.zone);
	mem_free(c->rfc2136.key_name);
	mem_free(c->rfc2136.algorithm);
	mem_wipe(c->rfc2136.key, sizeof(c->rfc2136.key));
	mem_free(c->dyndns2.url);
	mem_free(c->dyndns2.username);
	if (c->dyndns2.password)
		mem_wipe(c->dyndns2.password, strlen(c->dyndns2.password));
	mem_free(c->dyndns2.password);
	free_texts(c->dyndns2.hosts, c->dyndns2.host_count);
	mem_free(c->dyndns2.ca_file);
	mem_free(c->cloudflare.zone);
	if (c->cloudflare.token)
		mem_wipe(c->cloudflare.token, strlen(c->cloudflare.token));
	mem_free(c->cloudflare.token);
	mem_free(c->cloudflare.api);
	mem_free(c->cloudflare.ca_file);
}

static void read_one(struct conf_at at, const char *file, const char *domain,
		     struct dns_config *out)
{
	const char *kind = NULL;
	memset(out, 0, sizeof(*out));
	if (!conf_str(at, "kind", &kind))
		return;
	size_t i = 0;
	while (kinds[i] && strcmp(kinds[i], kind) != 0)
		i++;
	if (!kinds[i]) {
		const char *near = text_nearest(kind, kinds);
		conf_error(at, "kind",
			   "\"%s\" is not one of serve, rfc2136, dyndns2, cloudflare%s%s%s", kind,
			   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
		return; /* its keys could belong to any of them */
	}
	out->kind = (enum dns_kind)i;
	switch (out->kind) {
	case DNS_SERVE:
		read_serve(at, domain, &out->serve);
		break;
	case DNS_RFC2136:
		read_rfc2136(at, file, domain, &out->rfc2136);
		break;
	case DNS_DYNDNS2:
		read_dyndns2(at, file, domain, &out->dyndns2);
		break;
	case DNS_CLOUDFLARE:
		read_cloudflare(at, file, &out->cloudflare);
		break;
	}
	conf_done(at);
}

bool dns_config_read(struct conf_at list, const char *file, const char *domain,
		     struct dns_config_list *out)
{
	*out = (struct dns_config_list){0};
	size_t serves = 0;
	out->items = mem_zalloc((conf_len(list) + 1) * sizeof(struct dns_config));
	for (size_t i = 0; i < conf_len(list); i++) {
		struct conf_at at = conf_item(list, i);
		if (!at.value)
			continue;
		struct dns_config *c = &out->items[out->count++];
		read_one(at, file, domain, c);
		if (conf_ok(at) && c->kind == DNS_SERVE && serves++)
			conf_error(at, "kind", "\"serve\" can stand here only once");
	}
	if (conf_ok(list))
		return true;
	dns_config_fini(out);
	return false;
}

void dns_config_fini(struct dns_config_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		config_fini(&l->items[i]);
	mem_free(l->items);
	*l = (struct dns_config_list){0};
}

bool update_config_read(struct conf_at at, const char *file, struct update_config *out)
{
	*out = (struct update_config){0};
	if (!at.value)
		return conf_ok(at);
	const char *certificate = NULL, *private_key = NULL;
	out->on = true;
	read_addresses(at, "http", 0, &out->http, &out->http_count);
	read_addresses(at, "https", 0, &out->https, &out->https_count);
	conf_opt_str(at, "certificate", &certificate);
	conf_opt_str(at, "private_key", &private_key);
	conf_done(at);
	if (!certificate != !private_key)
		conf_error(at, certificate ? "private_key" : "certificate",
			   "is missing: the two go together");
	if (!conf_ok(at)) {
		update_config_fini(out);
		return false;
	}
	out->certificate = certificate ? file_beside(file, certificate) : NULL;
	out->private_key = private_key ? file_beside(file, private_key) : NULL;
	return true;
}

void update_config_fini(struct update_config *c)
{
	mem_free(c->http);
	mem_free(c->https);
	mem_free(c->certificate);
	mem_free(c->private_key);
	*c = (struct update_config){0};
}
