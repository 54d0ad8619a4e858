#include "shared/admin/admin_file.h"

#include "shared/base/buf.h"
#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

static void read_token(struct conf_at at, struct admin_file *f)
{
	const char *name, *hash;
	struct admin_token t = {.read_only = false};
	if (!conf_str(at, "name", &name) || !conf_str(at, "token", &hash))
		return;
	conf_opt_bool(at, "read_only", &t.read_only);
	if (!text_is_name(name))
		conf_error(at, "name", "\"%s\" is not a name", name);
	if (!token_is_hash(hash))
		conf_error(at, "token", "is not \"sha256:\" and 64 hex digits");
	snprintf(t.name, sizeof t.name, "%s", name);
	snprintf(t.hash, sizeof t.hash, "%s", hash);
	conf_done(at);
	f->tokens[f->count++] = t;
}

static void read_password(struct conf_at root, struct admin_file *f)
{
	const char *hash = NULL;
	conf_opt_str(root, "password", &hash);
	if (hash && !password_is_hash(hash))
		conf_error(root, "password", "is not what `admin passwd` writes");
	snprintf(f->password, sizeof f->password, "%s", hash ? hash : "");
}

static void read_totp(struct conf_at root, struct admin_file *f)
{
	const char *secret;
	int64_t used = 0;
	if (!conf_has(root, "totp"))
		return;
	struct conf_at at = conf_object(root, "totp");
	if (!conf_str(at, "secret", &secret))
		return;
	if (!totp_is_secret(secret))
		conf_error(at, "secret", "is not what `admin totp on` writes");
	snprintf(f->totp_secret, sizeof f->totp_secret, "%s", secret);
	conf_opt_int(at, "used", 0, INT64_MAX, &used);
	f->totp_used = (uint64_t)used;
	conf_done(at);
}

int admin_file_read(const char *path, struct admin_file *out, char **why)
{
	struct conf *c;
	*out = (struct admin_file){.count = 0};
	*why = NULL;
	int err = conf_open(path, &c);
	if (err == UV_ENOENT)
		return 0;
	if (err < 0) {
		*why = mem_printf("%s: %s", path, err_text(err));
		return err;
	}
	struct conf_at root = conf_root(c), list = conf_list(root, "tokens");
	if (conf_len(list) > ADMIN_TOKENS)
		conf_error(root, "tokens", "must have %d entries at most", ADMIN_TOKENS);
	for (size_t i = 0; i < conf_len(list) && i < ADMIN_TOKENS; i++)
		read_token(conf_item(list, i), out);
	read_password(root, out);
	read_totp(root, out);
	conf_done(root);
	if (!conf_ok(root)) {
		*why = mem_strdup(conf_error_text(c, 0));
		*out = (struct admin_file){.count = 0};
		err = ERR_CONFIG;
	}
	conf_free(c);
	return err;
}

int admin_file_write(const char *path, const struct admin_file *f, char **why)
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, true);
	json_open(&w, NULL, '{');
	json_open(&w, "tokens", '[');
	for (size_t i = 0; i < f->count; i++) {
		json_open(&w, NULL, '{');
		json_str(&w, "name", f->tokens[i].name);
		json_str(&w, "token", f->tokens[i].hash);
		json_bool(&w, "read_only", f->tokens[i].read_only);
		json_close(&w);
	}
	json_close(&w);
	if (*f->password)
		json_str(&w, "password", f->password);
	if (*f->totp_secret) {
		json_open(&w, "totp", '{');
		json_str(&w, "secret", f->totp_secret);
		json_uint(&w, "used", f->totp_used);
		json_close(&w);
	}
	json_close(&w);
	buf_puts(&text, "\n");
	int err = file_replace(path, buf_data(&text), buf_len(&text), 0600, false);
	*why = err ? mem_printf("%s: %s", path, err_text(err)) : NULL;
	buf_fini(&text);
	return err;
}

struct admin_token *admin_file_find(struct admin_file *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->tokens[i].name, name) == 0)
			return &f->tokens[i];
	return NULL;
}

const struct admin_token *admin_file_match(const struct admin_file *f, const char *token)
{
	const struct admin_token *found = NULL;
	for (size_t i = 0; i < f->count; i++)
		if (token_matches(token, f->tokens[i].hash))
			found = &f->tokens[i];
	return found;
}
