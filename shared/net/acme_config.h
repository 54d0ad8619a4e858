/* "acme" of agent.json and relay.json: which CA certificates come from, and how. */
#ifndef GROUNDNUT_NET_ACME_CONFIG_H
#define GROUNDNUT_NET_ACME_CONFIG_H

#include "shared/base/conf.h"

/* The last is not written: the relay finds out itself how a CA reaches it. */
enum acme_way { ACME_WAY_AUTO, ACME_WAY_TLS_ALPN, ACME_WAY_DNS, ACME_WAY_HTTP };

struct acme_config {
	char *directory; /* the CA's URL */
	char *email;     /* NULL: none */
	char *ca_file;   /* path: whom to believe that it is the CA; NULL: the system's CAs */
	char *profile;   /* NULL: the CA's own choice */
	char *eab_id, *eab_key; /* to bind a new account to; NULL: none */
	enum acme_way way;
	bool wildcard; /* agent.json: one certificate for all hosts below the account's name */
};

/* root: of the file; "acme" may be absent. Reports what is wrong. file: its path. */
void acme_config_read(struct conf_at root, const char *file, struct acme_config *out);
void acme_config_fini(struct acme_config *c);
void acme_config_copy(struct acme_config *out, const struct acme_config *from);
bool acme_config_same(const struct acme_config *a, const struct acme_config *b);

#endif
