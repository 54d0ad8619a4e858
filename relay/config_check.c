#include "relay/config_check.h"

#include "relay/accounts/accounts.h"
#include "relay/state_file.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/service_user.h"

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

static int check_update(const struct update_config *u)
{
	struct tls_context *tls = NULL;
	int exit_code =
	    u->certificate ? check_pair(u->certificate, u->private_key, NULL, true, &tls) : 0;
	tls_context_unref(tls);
	return exit_code;
}

static int check_accounts(const struct relay_config *c)
{
	struct accounts *accounts;
	char *errors;
	int err = accounts_load(c->accounts, c->domain, false, &accounts, &errors);
	accounts_report(errors);
	mem_free(errors);
	accounts_unref(accounts);
	return cli_exit(err);
}

static int check_state(const struct relay_config *c)
{
	char *why = state_file_check(c->state);
	if (why)
		log_say("%s: is broken: %s; a relay that starts keeps it as %s.broken and begins "
			"anew",
			c->state, why, c->state);
	mem_free(why);
	return why ? EXIT_WORK : 0;
}

bool config_check_service_user(const struct relay_config *c)
{
	const struct update_config *u = &c->update;
	const char *const files[] = {
	    c->file,
	    c->accounts,
	    c->certificate,
	    c->private_key,
	    u->certificate ? u->certificate : "",
	    u->private_key ? u->private_key : "",
	    NULL,
	};
	return service_user_reads(c->file, files);
}

int config_check_files(const struct relay_config *c)
{
	struct tls_context *tls;
	int accounts = check_accounts(c), identity = config_check_identity(c, &tls),
	    update = check_update(&c->update), state = check_state(c);
	tls_context_unref(tls);
	return worse(worse(accounts, state), worse(identity, update));
}
