#include "relay/providers/zone_config.h"

#include "shared/base/err.h"
#include "shared/base/hash_table.h"
#include "shared/base/idn.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { TTL_MAX = 604800, RATE_MAX = 1000000 };
/* The SOA puts "hostmaster." before the domain. */
enum { DOMAIN_MAX = 253 - sizeof("hostmaster.") + 1 };

/* Makes a record's name a full name; false after reporting an error. */
static bool read_name(struct conf_at at, const char *name, const char *domain, char full[256])
{
	const char *why;
	bool apex = strcmp(name, "@") == 0 || !*name;
	if (idn_full_host(apex ? domain : name, domain, full, &why) != 0)
		conf_error(at, "name", "\"%s\" is no host name%s", name, why);
	else if (!text_is_in(full, domain))
		conf_error(at, "name", "\"%s\" is not below \"%s\"", name, domain);
	else
		return true;
	return false;
}

static bool is_type(struct conf_at at, const char *type)
{
	static const char *const types[] = {"A", "AAAA", "MX", "TXT", "CAA", "SRV", "CNAME", NULL};
	for (size_t i = 0; types[i]; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	const char *near = text_nearest(type, types);
	conf_error(at, "type", "\"%s\" is not one of A, AAAA, MX, TXT, CAA, SRV, CNAME%s%s", type,
		   near ? "; did you mean " : "", near ? near : "");
	return false;
}

/* Returns the value with its last word, a host, in ASCII; the caller frees it. When the word is no
 * host, the value stays as it is and the library reports it. */
static char *value_of(const char *type, const char *value)
{
	bool ends_in_host = !strcmp(type, "MX") || !strcmp(type, "SRV") || !strcmp(type, "CNAME");
	const char *space = strrchr(value, ' '), *host = space ? space + 1 : value, *why;
	char ascii[IDN_ASCII];
	if (!ends_in_host || idn_ascii(host, ascii, &why) < 0)
		return mem_strdup(value);
	return mem_printf("%.*s%s", (int)(host - value), value, ascii);
}

/* Reads a record and tries it with the library, so that it cannot fail later. */
static void read_record(struct conf_at at, const char *domain, struct zone_config *out)
{
	const char *name = NULL, *type = NULL, *value = NULL;
	int64_t ttl = 300;
	char full[256], *why = NULL;
	bool ok = conf_str(at, "name", &name) & conf_str(at, "type", &type) &
		  conf_str(at, "value", &value);
	ok &= conf_opt_int(at, "ttl", 0, TTL_MAX, &ttl);
	conf_done(at);
	if (!ok || !read_name(at, name, domain, full) || !is_type(at, type))
		return;
	char *ascii = value_of(type, value);
	struct dns_record *r = dns_record_parse(type, (uint32_t)ttl, ascii, domain, &why);
	if (!r) {
		conf_error(at, "value", "\"%s\" is no %s record: %s", value, type, why);
		mem_free(why);
		mem_free(ascii);
		return;
	}
	dns_record_free(r);
	out->records[out->record_count++] =
	    (struct dns_server_record){mem_strdup(full), mem_strdup(type), ascii, (uint32_t)ttl};
}

/* Returns the CNAME records by name. Reports and leaves out those of the domain and its name
 * servers, which have records of their own. */
static struct hash_table *read_aliases(struct conf_at list, const char *domain,
				       struct zone_config *s)
{
	struct hash_table *needed = hash_table_new(), *aliases = hash_table_new();
	hash_table_add(needed, domain, strlen(domain), s);
	for (char **name = s->nameservers; *name; name++)
		hash_table_add(needed, *name, strlen(*name), s);
	for (size_t i = 0; i < s->record_count; i++) {
		struct dns_server_record *r = &s->records[i];
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

static void read_records(struct conf_at at, const char *domain, struct zone_config *s)
{
	struct conf_at list = conf_list(at, "records");
	s->records = mem_alloc((conf_len(list) + 1) * sizeof(*s->records));
	for (size_t i = 0; i < conf_len(list); i++) {
		struct conf_at record = conf_item(list, i);
		if (record.value)
			read_record(record, domain, s);
	}
	struct hash_table *aliases = read_aliases(list, domain, s);
	for (size_t i = 0; i < s->record_count; i++) {
		const struct dns_server_record *r = &s->records[i],
					       *alias = hash_table_get(aliases, r->name,
								       strlen(r->name));
		if (alias && alias != r)
			conf_error(list, NULL, "\"%s\" has a CNAME and another record", r->name);
	}
	hash_table_free(aliases);
}

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	struct zone_config *s = mem_zalloc(sizeof(*s));
	int64_t rate = DNS_SERVER_RATE;
	if (strlen(place->domain) > DOMAIN_MAX)
		conf_error(at, NULL, "the domain has %zu bytes, a zone's has at most %d",
			   strlen(place->domain), DOMAIN_MAX);
	s->nameservers = publisher_read_hosts(at, "nameservers", place->domain);
	if (!s->nameservers[0]) {
		s->nameservers = mem_resize(s->nameservers, 2 * sizeof(char *));
		s->nameservers[0] = mem_printf("ns1.%s", place->domain);
		s->nameservers[1] = NULL;
	}
	s->listen = publisher_read_addresses(at, "listen", DNS_PORT, &s->listen_count);
	read_records(at, place->domain, s);
	conf_opt_int(at, "rate", 0, RATE_MAX, &rate);
	s->rate = (uint32_t)rate;
	return s;
}

static void drop_settings(void *settings)
{
	struct zone_config *s = settings;
	publisher_free_hosts(s->nameservers);
	for (size_t i = 0; i < s->record_count; i++) {
		mem_free(s->records[i].name);
		mem_free(s->records[i].type);
		mem_free(s->records[i].text);
	}
	mem_free(s->records);
	mem_free(s->listen);
	mem_free(s);
}

const struct publisher_kind serve_kind = {
    .name = "serve", .read = read_settings, .drop = drop_settings};

struct zone *zone_config_zone(const struct zone_config *s, const char *domain)
{
	struct zone *z = zone_new(domain, (const char *const *)s->nameservers);
	assert(z); /* the domain and each name server have been checked */
	for (size_t i = 0; i < s->record_count; i++) {
		const struct dns_server_record *rec = &s->records[i];
		struct dns_name name;
		char *why;
		struct dns_record *r =
		    dns_record_parse(rec->type, rec->ttl, rec->text, domain, &why);
		mem_free(why);
		if (r &&
		    (dns_name_parse(rec->name, &name) != 0 || zone_add_record(z, &name, r) != 0))
			log_warn("record_ignored", "name=%s type=%s", rec->name, rec->type);
	}
	return z;
}
