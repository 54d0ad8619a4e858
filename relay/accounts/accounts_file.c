#include "relay/accounts/accounts_file.h"

#include "shared/base/cli.h"
#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/bind_mounted_file.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

/* text: without errors */
static json_t *parse(const char *text)
{
	size_t len = strlen(text);
	conf_skip_mark(&text, &len);
	return json_loadb(text, len, 0, NULL);
}

long accounts_file_place(const struct accounts_file *e, const char *name,
			 int (*compare)(const char *, const char *))
{
	for (size_t i = 0; i < accounts_count(e->accounts); i++)
		if (!compare(accounts_at(e->accounts, i)->name, name))
			return (long)i;
	return -1;
}

static int write_file(const struct accounts_file *e)
{
	const char *file = e->config->accounts;
	char *json = json_dumps(e->root, JSON_INDENT(2));
	char *text = mem_printf("%s\n", json);
	bool fits = strlen(text) <= FILE_MAX; /* else nobody could read it again */
	int err = fits ? file_replace(file, text, strlen(text), file_secret_mode(file), false)
		       : ERR_TOO_BIG;
	if (err == UV_EBUSY) {
		char *dir = file_dir(e->config->state);
		err = bind_mounted_file_write(file, text, strlen(text), dir);
		mem_free(dir);
	}
	free(json);
	mem_free(text);
	if (!err)
		return 0;
	log_say("%s: cannot be written: %s", file, err_text(err));
	return EXIT_WORK;
}

int accounts_file_edit(const struct relay_config *config, bool may_be_absent, accounts_file_fn *fn,
		       void *arg)
{
	char *text = NULL, *errors = NULL;
	struct accounts_file f = {.config = config, .lock = file_lock_dir(config->accounts)};
	if (f.lock < 0) {
		log_say("%s: its directory: %s", config->accounts, err_text(f.lock));
		return EXIT_WORK;
	}
	int err = accounts_read(config->accounts, config->domain, config->reserved_names,
				may_be_absent, &f.accounts, &text, &errors);
	int code = cli_exit(err);
	accounts_report(errors);
	mem_free(errors);
	if (!code) {
		f.root = parse(text);
		code = fn(&f, arg);
	}
	if (!code)
		code = write_file(&f);
	json_decref(f.root);
	mem_free(text);
	accounts_unref(f.accounts);
	close(f.lock);
	return code;
}
