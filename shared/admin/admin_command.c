#include "shared/admin/admin_command.h"

#include "shared/admin/admin_file.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"

#include <stdio.h>
#include <unistd.h>

static int add(struct admin_file *f, const char *name, bool read_only, char token[TOKEN_TEXT])
{
	if (!text_is_name(name)) {
		log_say("admin token: \"%s\" is not a name: 1 to 63 of letters, digits, \".\", "
			"\"_\" and \"-\"",
			name);
		return EXIT_USAGE;
	}
	if (admin_file_find(f, name)) {
		log_say("admin token: there is one called \"%s\"; `admin token remove %s` takes it "
			"away",
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

/* 0 or an exit code. */
static int open_file(const char *path, struct admin_file *f)
{
	char *why;
	if (admin_file_read(path, f, &why) == 0)
		return 0;
	log_say("%s", why);
	mem_free(why);
	return EXIT_WORK;
}

static int save(const char *path, const struct admin_file *f)
{
	char *why = NULL;
	int err = admin_file_write(path, f, &why);
	if (err)
		log_say("%s", why);
	mem_free(why);
	return err ? EXIT_WORK : 0;
}

/* What an edit changes, and with what. */
struct edit {
	const char *name;
	bool remove, read_only;
	char token[TOKEN_TEXT]; /* a new one */
};

static int change(struct admin_file *f, struct edit *e)
{
	return e->remove ? remove_one(f, e->name) : add(f, e->name, e->read_only, e->token);
}

/* Two at once would each write back what it has read. */
static int edit_locked(const char *path, struct edit *e)
{
	struct admin_file f;
	int lock = file_lock_dir(path);
	if (lock < 0) {
		log_say("%s: its directory: %s", path, err_text(lock));
		return EXIT_WORK;
	}
	int code = open_file(path, &f);
	if (!code)
		code = change(&f, e);
	if (!code)
		code = save(path, &f);
	close(lock);
	return code;
}

static int edit(const char *path, struct edit *e)
{
	char *dir = file_dir(path);
	int err = file_make_dirs(dir, 0700);
	if (err)
		log_say("%s: %s", dir, err_text(err));
	mem_free(dir);
	return err ? EXIT_WORK : edit_locked(path, e);
}

int admin_command_token_add(const char *file, const char *name, bool read_only)
{
	struct edit e = {.name = name, .read_only = read_only};
	int code = edit(file, &e);
	if (!code) {
		printf("%s\n", e.token);
		log_say("it is shown this once; programs send it as `Authorization: Bearer TOKEN`");
	}
	mem_wipe(e.token, sizeof e.token);
	return code;
}

int admin_command_token_list(const char *file)
{
	struct admin_file f;
	int code = open_file(file, &f);
	if (code)
		return code;
	for (size_t i = 0; i < f.count; i++)
		printf("%-24s %s\n", f.tokens[i].name,
		       f.tokens[i].read_only ? "read-only" : "read and write");
	return 0;
}

int admin_command_token_remove(const char *file, const char *name)
{
	return edit(file, &(struct edit){.name = name, .remove = true});
}

int admin_command_link(const char *program, const char *control)
{
	struct control_client ask;
	control_client_program(program, control, "{\"do\": \"admin_link\"}", CONTROL_CLIENT_MS,
			       &ask);
	bool done = ask.result == CONTROL_CLIENT_DONE && ask.said;
	if (done)
		printf("%s\n", ask.said);
	else
		log_say("%s", ask.said ? ask.said : "the running program gave no link");
	control_client_fini(&ask);
	return done ? 0 : EXIT_WORK;
}
