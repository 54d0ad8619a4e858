/*
 * An edit locks the directory, reads the file, makes one change, and replaces the file. A password
 * is typed before the lock is taken, so that nobody waits for the person who types.
 *
 * Ways to fail: the file is wrong, the directory cannot be made or locked, the file does not allow
 * the change. Then one line says so, and nothing is written.
 */
#include "shared/admin/admin_command.h"

#include "shared/admin/admin_file.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An edit, with the words that its change needs. */
struct edit {
	int (*change)(struct admin_file *f, struct edit *e); /* 0, or an exit code */
	const char *name;
	bool read_only;
	char token[TOKEN_TEXT];        /* result: the new token */
	char password[PASSWORD_TEXT];  /* the hash of the new password */
	char secret[TOTP_SECRET_TEXT]; /* result: the new secret */
};

static int add(struct admin_file *f, struct edit *e)
{
	const char *name = e->name;
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
	token_new(e->token);
	token_hash(e->token, t->hash);
	t->read_only = e->read_only;
	return 0;
}

static int remove_one(struct admin_file *f, struct edit *e)
{
	struct admin_token *t = admin_file_find(f, e->name);
	if (!t) {
		log_say("admin token: there is none called \"%s\"", e->name);
		return EXIT_WORK;
	}
	*t = f->tokens[--f->count];
	return 0;
}

static int set_password(struct admin_file *f, struct edit *e)
{
	memcpy(f->password, e->password, sizeof f->password);
	return 0;
}

static int totp_on(struct admin_file *f, struct edit *e)
{
	(void)e;
	if (*f->totp_secret) {
		log_say("admin totp: it is on already, and its secret is shown only once; "
			"`admin totp off`, then `admin totp on`, makes another");
		return EXIT_WORK;
	}
	totp_new(f->totp_secret);
	f->totp_used = 0;
	memcpy(e->secret, f->totp_secret, sizeof e->secret);
	if (!*f->password)
		log_say("admin totp: there is no password yet: `admin passwd` sets it");
	return 0;
}

static int totp_off(struct admin_file *f, struct edit *e)
{
	(void)e;
	if (!*f->totp_secret)
		log_say("admin totp: it is off already");
	*f->totp_secret = '\0';
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

/* Edits under the lock: without it one of two edits at once would be lost. */
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
		code = e->change(&f, e);
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

static int run_token_add(const struct admin_command_place *p, const struct cli_line *line)
{
	struct edit e = {
	    .change = add, .name = line->words[0], .read_only = cli_has(line, "read-only")};
	int code = edit(p->file, &e);
	if (!code) {
		printf("%s\n", e.token);
		log_say("it is shown this once; programs send it as `Authorization: Bearer TOKEN`");
	}
	mem_wipe(e.token, sizeof e.token);
	return code;
}

static int run_token_list(const struct admin_command_place *p, const struct cli_line *line)
{
	struct admin_file f;
	int code = open_file(p->file, &f);
	(void)line;
	if (code)
		return code;
	for (size_t i = 0; i < f.count; i++)
		printf("%-24s %s\n", f.tokens[i].name,
		       f.tokens[i].read_only ? "read-only" : "read and write");
	return 0;
}

static int run_token_remove(const struct admin_command_place *p, const struct cli_line *line)
{
	return edit(p->file, &(struct edit){.change = remove_one, .name = line->words[0]});
}

static int run_passwd(const struct admin_command_place *p, const struct cli_line *line)
{
	char password[PASSWORD_MAX + 1];
	struct edit e = {.change = set_password};
	(void)line;
	if (!password_prompt_read(password))
		return EXIT_USAGE;
	int err = password_hash(password, e.password);
	mem_wipe(password, sizeof password);
	if (err < 0) {
		log_say("the password must have 1 to %d bytes", PASSWORD_MAX);
		return EXIT_USAGE;
	}
	return edit(p->file, &e);
}

static int run_totp_on(const struct admin_command_place *p, const struct cli_line *line)
{
	struct edit e = {.change = totp_on};
	int code = edit(p->file, &e);
	(void)line;
	if (!code) {
		printf("otpauth://totp/Groundnut%%20%s:%s?secret=%s&issuer=Groundnut%%20%s\n",
		       p->program, p->host, e.secret, p->program);
		log_say("it is shown this once: give it to the program on your phone, as it is, as "
			"a QR code, or only what stands behind secret=. From now on the password "
			"wants its six digits, too");
	}
	mem_wipe(e.secret, sizeof e.secret);
	return code;
}

static int run_totp_off(const struct admin_command_place *p, const struct cli_line *line)
{
	(void)line;
	return edit(p->file, &(struct edit){.change = totp_off});
}

const struct cli_option admin_command_token_options[] = {
    {"read-only", 0, NULL, "it may look, and change nothing", false},
    {0},
};

int admin_command_run(const struct admin_command_place *p, const struct cli_line *line)
{
	static const struct {
		const char *name;
		int (*run)(const struct admin_command_place *p, const struct cli_line *line);
	} acts[] = {
	    {"admin passwd", run_passwd},         {"admin totp on", run_totp_on},
	    {"admin totp off", run_totp_off},     {"admin token add", run_token_add},
	    {"admin token list", run_token_list}, {"admin token remove", run_token_remove},
	};
	size_t i = 0;
	while (strcmp(acts[i].name, line->command->name) != 0)
		i++;
	return acts[i].run(p, line);
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
