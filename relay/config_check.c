#include "relay/config_check.h"

#include "relay/accounts/accounts.h"
#include "relay/database.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/service_user.h"
#include "shared/base/text.h"

#include <string.h>

enum { PEM_MAX = 1 << 20 };

/* Which of two exit codes to end with: a wrong file is told before an absent one. */
static int worse(int a, int b)
{
	return a > b ? a : b;
}

static int check_readable(const char *file)
{
	char *text;
	size_t len;
	int err = file_read(file, PEM_MAX, &text, &len);
	if (err) {
		log_say("%s: %s", file, err_text(err));
		return EXIT_WORK;
	}
	mem_wipe(text, len);
	mem_free(text);
	return 0;
}

static int check_pair(const char *certificate, const char *private_key, const char *alpn,
		      bool least_tls12, struct tls_context **out)
{
	char *why = NULL;
	*out = NULL;
	int exit_code = worse(check_readable(certificate), check_readable(private_key));
	if (exit_code)
		return exit_code;
	*out = tls_context_server_new(certificate, private_key, alpn, least_tls12, &why);
	if (!*out)
		log_say("%s", why);
	mem_free(why);
	return *out ? 0 : EXIT_USAGE;
}

int config_check_identity(const struct relay_config *c, struct tls_context **out)
{
	return check_pair(c->certificate, c->private_key, TLS_CONTEXT_ALPN_TUNNEL, false, out);
}

static int check_certificate(const struct certificate_config *c)
{
	struct tls_context *tls = NULL;
	int exit_code = c->file ? check_pair(c->file, c->private_key, NULL, true, &tls) : 0;
	tls_context_unref(tls);
	return exit_code;
}

static int check_accounts(const struct relay_config *c)
{
	struct accounts *accounts;
	char *errors;
	int err =
	    accounts_load(c->accounts, c->domain, c->reserved_names, false, &accounts, &errors);
	accounts_report(errors);
	mem_free(errors);
	accounts_unref(accounts);
	return cli_exit(err);
}

static int tell_own(const struct relay_config *c, size_t at, const char *key, const char *host)
{
	if (!reserved_names_has(c->reserved_names, host))
		return 0;
	log_say("%s: [%zu].%s: %s is a name of the relay's own, which no account can use",
		c->accounts, at, key, host);
	return EXIT_USAGE;
}

static int check_account_names(const struct relay_config *c, const struct accounts *all, size_t at)
{
	const struct account *a = accounts_at(all, at), *owner;
	char own[256] = "";
	text_full_host(a->name, c->domain, own);
	int exit_code = tell_own(c, at, "name", own);
	for (size_t i = 0; i < a->host_count; i++) {
		const char *host = a->hosts[i];
		exit_code |= strcmp(host, own) ? tell_own(c, at, "hosts", host) : 0;
		owner = accounts_owner(all, host);
		if (owner && owner != a)
			log_say("%s: [%zu].hosts: %s is account %s's, and may be used by account "
				"%s, too",
				c->accounts, at, host, owner->name, a->name);
	}
	return exit_code;
}

int config_check_names(const struct relay_config *c)
{
	struct accounts *all;
	char *errors;
	int exit_code = 0;
	if (accounts_load(c->accounts, c->domain, c->reserved_names, false, &all, &errors) == 0)
		for (size_t i = 0; i < accounts_count(all); i++)
			exit_code = worse(exit_code, check_account_names(c, all, i));
	accounts_unref(all);
	mem_free(errors);
	return exit_code;
}

static int check_state(const struct relay_config *c)
{
	char *why = database_check(c->state);
	if (why)
		log_say("%s: is broken: %s; a relay that starts keeps it as %s.broken and begins "
			"anew",
			c->state, why, c->state);
	mem_free(why);
	return why ? EXIT_WORK : 0;
}

bool config_check_service_user(const struct relay_config *c)
{
	const char *const files[] = {c->accounts, c->certificate, c->private_key, NULL};
	return service_user_reads(c->file, files);
}

int config_check_files(const struct relay_config *c)
{
	struct tls_context *tls;
	int accounts = check_accounts(c), identity = config_check_identity(c, &tls),
	    update = check_certificate(&c->update.certificate),
	    admin = check_certificate(&c->admin_certificate), state = check_state(c);
	tls_context_unref(tls);
	return worse(worse(accounts, state), worse(identity, worse(update, admin)));
}
