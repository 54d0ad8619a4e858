#include "relay/accounts/account_edit.h"

#include "relay/accounts/accounts.h"
#include "relay/accounts/password.h"
#include "shared/base/cli.h"
#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/json_lint.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control_client.h"
#include "shared/base/token.h"
#include "shared/net/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>
#include <uv.h>

enum { FILE_MAX = 4 * 1024 * 1024 };

/* One edit, from the lock to the rename. */
struct edit {
	const struct relay_config *config;
	int lock;                  /* the directory, locked: it stays when the file is replaced */
	struct accounts *accounts; /* the file as it was, known to be without errors */
	json_t *root;              /* the same as JSON, to be changed */
};

static int lock_directory(const char *file)
{
	char *dir = file_dir(file);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	while (!err && flock(fd, LOCK_EX) < 0)
		err = errno == EINTR ? 0 : -errno;
	if (err) {
		log_say("%s: %s", dir, err_text(err));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	mem_free(dir);
	return fd;
}

/* NULL after saying why: an edit must never start from less than there is. */
static json_t *load_json(const char *file)
{
	char *text;
	size_t len;
	int err = file_read(file, FILE_MAX, &text, &len);
	if (err == UV_ENOENT)
		return json_array();
	const char *json = text;
	if (!err)
		conf_skip_mark(&json, &len);
	json_t *root = err ? NULL : json_loadb(json, len, 0, NULL);
	if (!json_is_array(root)) {
		log_say("%s: %s", file, err_text(err ? err : ERR_SYNTAX));
		json_decref(root);
		root = NULL;
	}
	mem_free(text);
	return root;
}

/* 0, or an exit code. */
static int edit_start(struct edit *e, const struct relay_config *c, bool absent_ok)
{
	char *errors;
	*e = (struct edit){.config = c, .lock = lock_directory(c->accounts)};
	if (e->lock < 0)
		return EXIT_WORK;
	int err = accounts_load(c->accounts, c->domain, absent_ok, &e->accounts, &errors);
	accounts_report(errors);
	mem_free(errors);
	if (err)
		return cli_exit(err);
	e->root = load_json(c->accounts);
	return e->root ? 0 : EXIT_WORK;
}

static void edit_fini(struct edit *e)
{
	json_decref(e->root);
	accounts_unref(e->accounts);
	if (e->lock >= 0)
		close(e->lock);
}

static int edit_write(struct edit *e)
{
	const char *file = e->config->accounts;
	char *json = json_dumps(e->root, JSON_INDENT(2));
	char *text = mem_printf("%s\n", json);
	int err = file_replace(file, text, strlen(text), file_secret_mode(file), false);
	free(json);
	mem_free(text);
	if (!err)
		return 0;
	log_say("%s: cannot be written: %s", file, err_text(err));
	return EXIT_WORK;
}

/* The place of an account in the file, which is the same in both forms, or -1 after saying that
 * there is none. */
static long place_of(const struct edit *e, const char *name)
{
	for (size_t i = 0; i < accounts_count(e->accounts); i++)
		if (!strcmp(accounts_at(e->accounts, i)->name, name))
			return (long)i;
	log_say("no account is called \"%s\"", name);
	return -1;
}

static int tell_relay(const struct relay_config *c)
{
	struct control_client ask;
	int exit_code = 0;
	struct buf question = BUF_INIT;
	struct json w = json_into(&question, false);
	json_open(&w, NULL, '{');
	json_str(&w, "do", "accounts");
	json_str(&w, "file", c->accounts);
	json_close(&w);
	control_client_program("relay", c->control, buf_str(&question), CONTROL_CLIENT_MS, &ask);
	buf_fini(&question);
	switch (ask.result) {
	case CONTROL_CLIENT_DONE:
		log_say("the running relay has taken it up");
		break;
	case CONTROL_CLIENT_NOBODY:
		log_say("no relay is running; the next one to start takes it up");
		break;
	case CONTROL_CLIENT_REFUSED:
		log_say("the running relay did not take it up: %s", ask.said);
		exit_code = EXIT_WORK;
		break;
	case CONTROL_CLIENT_FAILED:
		log_say("written, but %s", ask.said);
		break;
	}
	control_client_fini(&ask);
	return exit_code;
}

/* groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX */
static char *join_line(const struct relay_config *c, const char *name, const char *token,
		       const char *pin)
{
	char ip[ADDR_TEXT];
	struct addr a;
	const char *host = c->host ? c->host : addr_ip_text(&c->addresses[0], ip);
	bool bracket = addr_parse_ip(host, &a) == 0 && a.family == 6;
	return mem_printf("groundnut://%s:%s@%s%s%s:%u/?pin=%s", name, token, bracket ? "[" : "",
			  host, bracket ? "]" : "", (unsigned)c->listen[0].port, pin);
}

/* What a join line needs, asked before anything is changed. 0, or an exit code. */
static int find_pin(const struct relay_config *c, char pin[TLS_CONTEXT_PIN_TEXT])
{
	char *why = NULL;
	if (!c->host && !c->address_count) {
		log_say(
		    "%s: neither \"host\" nor \"addresses\" says where an agent finds this relay",
		    c->file);
		return EXIT_USAGE;
	}
	int err = tls_context_pin_of_certificate(c->certificate, pin, &why);
	if (err)
		log_say("%s", why ? why : err_text(err));
	mem_free(why);
	return err ? EXIT_WORK : 0;
}

static void print_join_line(const struct relay_config *c, const char *name, const char *token,
			    const char *pin)
{
	char *line = join_line(c, name, token, pin);
	printf("%s\n", line);
	fflush(stdout);
	mem_wipe(line, strlen(line));
	mem_free(line);
}

/* ["8000-8999", "51820/udp"] of a LIST, or NULL after saying what is wrong with it. */
static json_t *ports_of_list(const char *list)
{
	json_t *ports = json_array();
	bool ok = true;
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		char *one = mem_printf("%.*s", (int)len, p);
		struct ports_range range;
		int err = ports_parse_one(one, &range);
		if (err)
			log_say("--ports: \"%s\" is not a port or range such as 8000-8999, "
				"51820/udp or 53/both",
				one);
		else
			json_array_append_new(ports, json_string(one));
		mem_free(one);
		ok = ok && !err;
		p += len;
		if (!*p)
			break;
	}
	if (ok)
		return ports;
	json_decref(ports);
	return NULL;
}

static bool is_taken(const struct edit *e, const char *name)
{
	for (size_t i = 0; i < accounts_count(e->accounts); i++) {
		const char *other = accounts_at(e->accounts, i)->name;
		if (!strcasecmp(other, name)) {
			log_say(
			    "an account called \"%s\" exists (account renew makes it a new token)",
			    other);
			return true;
		}
	}
	return false;
}

static int add(struct edit *e, const char *name, json_t *ports, char token[TOKEN_TEXT])
{
	int exit_code = edit_start(e, e->config, true);
	if (exit_code)
		return exit_code;
	if (is_taken(e, name))
		return EXIT_WORK;
	char hash[TOKEN_HASH_TEXT];
	token_new(token);
	token_hash(token, hash);
	json_t *account = json_object();
	json_object_set_new(account, "name", json_string(name));
	json_object_set_new(account, "token", json_string(hash));
	if (ports)
		json_object_set(account, "ports", ports);
	json_array_append_new(e->root, account);
	return edit_write(e);
}

int account_edit_add(const struct relay_config *c, const char *name, const char *ports)
{
	struct edit e = {.config = c, .lock = -1};
	char token[TOKEN_TEXT], pin[TLS_CONTEXT_PIN_TEXT];
	if (!account_is_name(name)) {
		log_say("\"%s\" cannot be an account's name: 1 to 63 letters, digits, inner '-' "
			"and '.', since it is also a host",
			name);
		return EXIT_USAGE;
	}
	json_t *list = ports ? ports_of_list(ports) : NULL;
	if (ports && !list)
		return EXIT_USAGE;
	int exit_code = find_pin(c, pin);
	if (!exit_code)
		exit_code = add(&e, name, list, token);
	edit_fini(&e);
	json_decref(list);
	if (exit_code)
		return exit_code;
	print_join_line(c, name, token, pin);
	mem_wipe(token, sizeof(token));
	return tell_relay(c);
}

static int renew(struct edit *e, const char *name, char token[TOKEN_TEXT])
{
	int exit_code = edit_start(e, e->config, false);
	long place = exit_code ? -1 : place_of(e, name);
	if (place < 0)
		return exit_code ? exit_code : EXIT_WORK;
	char hash[TOKEN_HASH_TEXT];
	token_new(token);
	token_hash(token, hash);
	json_object_set_new(json_array_get(e->root, (size_t)place), "token", json_string(hash));
	return edit_write(e);
}

int account_edit_renew(const struct relay_config *c, const char *name)
{
	struct edit e = {.config = c, .lock = -1};
	char token[TOKEN_TEXT], pin[TLS_CONTEXT_PIN_TEXT];
	int exit_code = find_pin(c, pin);
	if (!exit_code)
		exit_code = renew(&e, name, token);
	edit_fini(&e);
	if (exit_code)
		return exit_code;
	print_join_line(c, name, token, pin);
	mem_wipe(token, sizeof(token));
	return tell_relay(c);
}

static int set_password(struct edit *e, const struct relay_config *c, const char *name,
			const char *hash)
{
	int exit_code = edit_start(e, c, false);
	if (exit_code)
		return exit_code;
	long place = place_of(e, name);
	if (place < 0)
		return EXIT_WORK;
	json_object_set_new(json_array_get(e->root, (size_t)place), "password", json_string(hash));
	return edit_write(e);
}

int account_edit_passwd(const struct relay_config *c, const char *name)
{
	char password[PASSWORD_MAX + 1], hash[PASSWORD_TEXT];
	if (!password_ask(password))
		return EXIT_USAGE;
	int err = password_hash(password, hash);
	mem_wipe(password, sizeof(password));
	if (err < 0) {
		log_say("the password must have 1 to %d bytes", PASSWORD_MAX);
		return EXIT_USAGE;
	}
	struct edit e = {.config = c, .lock = -1};
	int exit_code = set_password(&e, c, name, hash);
	edit_fini(&e);
	return exit_code ? exit_code : tell_relay(c);
}

int account_edit_remove(const struct relay_config *c, const char *name)
{
	struct edit e;
	int exit_code = edit_start(&e, c, false);
	if (!exit_code) {
		long place = place_of(&e, name);
		exit_code = place < 0 ? EXIT_WORK : 0;
		if (!exit_code) {
			json_array_remove(e.root, (size_t)place);
			exit_code = edit_write(&e);
		}
	}
	edit_fini(&e);
	return exit_code ? exit_code : tell_relay(c);
}

static void put_ports(struct buf *b, const struct account *a)
{
	static const char *const kinds[] = {"", "", "/udp", "/both"};
	for (size_t i = 0; i < a->ports_count; i++) {
		const struct ports_range *r = &a->ports[i];
		buf_printf(b, "%s%u", i ? "," : "", (unsigned)r->first);
		if (r->last != r->first)
			buf_printf(b, "-%u", (unsigned)r->last);
		buf_puts(b, kinds[r->protocols]);
	}
	if (!a->ports_count)
		buf_puts(b, "none");
}

static void print_account(const struct account *a)
{
	struct buf ports = BUF_INIT;
	put_ports(&ports, a);
	printf("%-20s  ports %-24s  hosts ", a->name, buf_str(&ports));
	for (size_t i = 0; i < a->host_count; i++)
		printf("%s%s", i ? "," : "", a->hosts[i]);
	printf("%s\n", a->host_count ? "" : "none");
	buf_fini(&ports);
}

int account_edit_list(const struct relay_config *c)
{
	struct accounts *all;
	char *errors;
	int err = accounts_load(c->accounts, c->domain, false, &all, &errors);
	accounts_report(errors);
	mem_free(errors);
	if (err)
		return cli_exit(err);
	for (size_t i = 0; i < accounts_count(all); i++)
		print_account(accounts_at(all, i));
	accounts_unref(all);
	return 0;
}
