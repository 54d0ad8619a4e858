/* The blocks `dns` and `update` of relay.json, read strictly into plain values. */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_CONFIG_H
#define GROUNDNUT_RELAY_NAMES_NAMES_CONFIG_H

#include "shared/base/addr.h"
#include "shared/base/conf.h"

#include <stdint.h>

enum dns_kind { DNS_SERVE, DNS_RFC2136, DNS_DYNDNS2, DNS_CLOUDFLARE };

enum { DNS_KEY_MAX = 128, SERVE_RATE = 200 };

struct dns_record_config {
	char *name;         /* full name, lower case; may begin with "*." */
	char *type, *value; /* already tried: the library takes them */
	uint32_t ttl;
};

struct serve_config {
	char **nameservers; /* full names; "ns1." and the domain when none was written */
	size_t nameserver_count;
	/* count 0: port 53 of every address of the machine that is not loopback */
	struct addr *listen;
	size_t listen_count;
	struct dns_record_config *records;
	size_t record_count;
	uint32_t rate; /* answers a second to one source prefix; 0: no limit */
};

struct rfc2136_config {
	struct endpoint server; /* port 53 when none was written */
	char *zone;
	char *key_name;
	char *algorithm; /* "hmac-sha256" … */
	uint8_t key[DNS_KEY_MAX];
	size_t key_len;
};

struct dyndns2_config {
	char *url; /* up to and without the question mark */
	char *username, *password;
	char **hosts; /* full names passed on; count 0: all */
	size_t host_count;
	char *ca_file; /* or NULL: the system's */
};

struct cloudflare_config {
	char *zone;
	char *token;
	char *api;     /* "https://api.cloudflare.com/client/v4" unless written */
	char *ca_file; /* or NULL */
};

struct dns_config {
	enum dns_kind kind;
	struct serve_config serve;
	struct rfc2136_config rfc2136;
	struct dyndns2_config dyndns2;
	struct cloudflare_config cloudflare;
};

struct dns_config_list {
	struct dns_config *items;
	size_t count;
};

struct update_config {
	bool on;
	struct addr *http, *https;
	size_t http_count, https_count;
	char *certificate, *private_key; /* absolute paths, or NULL: the relay's own */
};

const char *dns_kind_text(enum dns_kind kind); /* "serve" … */

/* The value of "dns" (absent: an empty list). file: relay.json, which paths are relative to.
 * False when errors were collected; out needs no fini then. At most one serve. */
bool dns_config_read(struct conf_at list, const char *file, const char *domain,
		     struct dns_config_list *out);
void dns_config_fini(struct dns_config_list *l);
/* The object "update" (absent: off). */
bool update_config_read(struct conf_at at, const char *file, struct update_config *out);
void update_config_fini(struct update_config *c);

#endif
