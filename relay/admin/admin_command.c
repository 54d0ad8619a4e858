#include "relay/admin/admin_command.h"

#include "relay/admin/admin_file.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>

static int add(struct admin_file *f, const char *name, bool read_only, char token[TOKEN_TEXT])
{
	if (!text_is_name(name)) {
		log_say("admin token: \"%s\" is not a name: 1 to 63 of letters, digits, \".\", "
			"\"_\" and \"-\"",
			name);
		return EXIT_USAGE;
	}
	if (admin_file_find(f, name)) {
		log_say("admin token: there is one called \"%s\"; `groundnut-relay admin token "
			"remove %s` takes it away",
			name, name);
		return EXIT_WORK;
	}
	if (f->count == ADMIN_TOKENS) {
		log_say("admin token: there are %d already, which is the most", ADMIN_TOKENS);
		return EXIT_WORK;
	}
	struct admin_token *t = &f->tokens[f->count++];
	snprintf(t->name, sizeof t->name, "%s", name);
	token_new(token);
	token_hash(token, t->hash);
	t->read_only = read_only;
	return 0;
}

static int remove_one(struct admin_file *f, const char *name)
{
	struct admin_token *t = admin_file_find(f, name);
	if (!t) {
		log_say("admin token: there is none called \"%s\"", name);
		return EXIT_WORK;
	}
	*t = f->tokens[--f->count];
	return 0;
}

static void list(const struct admin_file *f)
{
	for (size_t i = 0; i < f->count; i++)
		printf("%-24s %s\n", f->tokens[i].name,
		       f->tokens[i].read_only ? "read-only" : "read and write");
}

/* "list" stands alone, the others have a name behind them. */
static bool is_usage(const char *verb, const char *name)
{
	if (!strcmp(verb, "list"))
		return !name;
	return name && (!strcmp(verb, "add") || !strcmp(verb, "remove"));
}

static int change(struct admin_file *f, const char *path, const char *verb, const char *name,
		  bool read_only)
{
	char token[TOKEN_TEXT] = "", *why = NULL;
	bool adds = !strcmp(verb, "add");
	int code = adds ? add(f, name, read_only, token) : remove_one(f, name);
	if (!code && admin_file_write(path, f, &why) < 0) {
		log_say("%s", why);
		code = EXIT_WORK;
	}
	if (!code && adds) {
		printf("%s\n", token);
		log_say("it is shown this once; programs send it as `Authorization: Bearer TOKEN`");
	}
	mem_wipe(token, sizeof token);
	mem_free(why);
	return code;
}

int admin_command_token(const char *state, const char *verb, const char *name, bool read_only)
{
	struct admin_file f;
	char *why = NULL, *path = admin_file_path(state);
	int code = 0;
	if (!is_usage(verb, name)) {
		log_say("admin token needs one of: add NAME, list, remove NAME");
		code = EXIT_USAGE;
	} else if (admin_file_read(path, &f, &why) < 0) {
		log_say("%s", why);
		code = EXIT_WORK;
	} else if (!strcmp(verb, "list")) {
		list(&f);
	} else {
		code = change(&f, path, verb, name, read_only);
	}
	mem_free(why);
	mem_free(path);
	return code;
}
