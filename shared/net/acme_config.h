/* "acme" of agent.json and relay.json: the CA that gives certificates, and how it is asked. */
#ifndef GROUNDNUT_NET_ACME_CONFIG_H
#define GROUNDNUT_NET_ACME_CONFIG_H

#include "shared/base/conf.h"

/* ACME_WAY_HTTP is not in the file: the relay chooses it by itself. */
enum acme_way { ACME_WAY_AUTO, ACME_WAY_TLS_ALPN, ACME_WAY_DNS, ACME_WAY_HTTP };

struct acme_config {
	char *directory; /* the CA's URL */
	char *email;     /* NULL: none */
	char *ca_file;   /* path of the certificates that verify the CA; NULL: the system's CAs */
	char *profile;   /* NULL: the CA chooses */
	char *eab_id, *eab_key; /* external account binding; NULL: none */
	enum acme_way way;
	bool wildcard; /* agent.json: one certificate for all hosts below the account's name */
};

/* Reads "acme", which may be absent; reports errors in the conf. file: the path of the file. */
void acme_config_read(struct conf_at root, const char *file, struct acme_config *out);
void acme_config_fini(struct acme_config *c);
void acme_config_copy(struct acme_config *out, const struct acme_config *from);
bool acme_config_same(const struct acme_config *a, const struct acme_config *b);

#endif
