#include "shared/net/acme_config.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/http_client.h"
#include "shared/net/tls_context.h"

#include <ctype.h>
#include <string.h>

#define LETSENCRYPT "https://acme-v02.api.letsencrypt.org/directory"
#define STAGING     "https://acme-staging-v02.api.letsencrypt.org/directory"

enum { KEY_FILE_MAX = 4096 };

static void read_directory(struct conf_at at, struct acme_config *out)
{
	const char *text = "letsencrypt";
	struct http_url url;
	conf_opt_str(at, "directory", &text);
	if (!strcmp(text, "letsencrypt"))
		text = LETSENCRYPT;
	else if (!strcmp(text, "letsencrypt-staging"))
		text = STAGING;
	else if (http_url_parse(text, &url) != 0)
		conf_error(at, "directory",
			   "\"%s\" is neither letsencrypt, letsencrypt-staging nor a URL", text);
	out->directory = mem_strdup(text);
}

/* NULL for an empty text, too. */
static char *read_text(struct conf_at at, const char *key)
{
	const char *text = NULL;
	conf_opt_str(at, key, &text);
	return text && *text ? mem_strdup(text) : NULL;
}

/* A file that cannot be used must be found by `check`. */
static void read_ca_file(struct conf_at at, const char *file, struct acme_config *out)
{
	char *text = read_text(at, "ca_file"), *why = NULL;
	if (!text)
		return;
	out->ca_file = file_beside(file, text);
	struct tls_context *tls = tls_context_client_new(NULL, out->ca_file, NULL, true, &why);
	if (!tls)
		conf_error(at, "ca_file", "%s", why);
	tls_context_unref(tls);
	mem_free(why);
	mem_free(text);
}

static void read_way(struct conf_at at, struct acme_config *out)
{
	static const char *const words[] = {"auto", "tls-alpn-01", "dns-01"};
	const char *text = words[0];
	conf_opt_str(at, "challenge", &text);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcmp(text, words[i])) {
			out->way = (enum acme_way)i;
			return;
		}
	}
	conf_error(at, "challenge", "\"%s\" is none of auto, tls-alpn-01 and dns-01", text);
}

static void read_eab(struct conf_at at, const char *file, struct acme_config *out)
{
	struct conf_at eab = conf_object(at, "eab");
	const char *kid, *name;
	size_t len;
	if (!eab.value)
		return;
	if (conf_str(eab, "kid", &kid))
		out->eab_id = mem_strdup(kid);
	if (conf_str(eab, "key_file", &name)) {
		char *path = file_beside(file, name);
		int err = file_read(path, KEY_FILE_MAX, &out->eab_key, &len);
		if (err)
			conf_error(eab, "key_file", "%s: %s", path, err_text(err));
		while (!err && len && isspace((unsigned char)out->eab_key[len - 1]))
			out->eab_key[--len] = '\0';
		mem_free(path);
	}
	conf_done(eab);
}

void acme_config_read(struct conf_at root, const char *file, struct acme_config *out)
{
	struct conf_at at = conf_object(root, "acme");
	memset(out, 0, sizeof(*out));
	if (!at.value) {
		out->directory = mem_strdup(LETSENCRYPT);
		return;
	}
	read_directory(at, out);
	out->email = read_text(at, "email");
	out->profile = read_text(at, "profile");
	read_ca_file(at, file, out);
	read_way(at, out);
	read_eab(at, file, out);
	conf_opt_bool(at, "wildcard", &out->wildcard);
	conf_done(at);
}

void acme_config_fini(struct acme_config *c)
{
	mem_free(c->directory);
	mem_free(c->email);
	mem_free(c->ca_file);
	mem_free(c->profile);
	mem_free(c->eab_id);
	if (c->eab_key)
		mem_wipe(c->eab_key, strlen(c->eab_key));
	mem_free(c->eab_key);
	memset(c, 0, sizeof(*c));
}

void acme_config_copy(struct acme_config *out, const struct acme_config *from)
{
	*out = (struct acme_config){
	    .directory = mem_strdup(from->directory),
	    .email = mem_strdup(from->email),
	    .ca_file = mem_strdup(from->ca_file),
	    .profile = mem_strdup(from->profile),
	    .eab_id = mem_strdup(from->eab_id),
	    .eab_key = mem_strdup(from->eab_key),
	    .way = from->way,
	    .wildcard = from->wildcard,
	};
}

bool acme_config_same(const struct acme_config *a, const struct acme_config *b)
{
	return text_same(a->directory, b->directory) && text_same(a->email, b->email) &&
	       text_same(a->ca_file, b->ca_file) && text_same(a->profile, b->profile) &&
	       text_same(a->eab_id, b->eab_id) && text_same(a->eab_key, b->eab_key) &&
	       a->way == b->way && a->wildcard == b->wildcard;
}
