/*
 * Each read_ function reads one key and reports what is wrong with it; read_all() goes through all
 * of them, so that every error of a file is reported at once. A file with any error yields no
 * configuration.
 */
#include "agent/config.h"

#include "agent/operator_certificate.h"
#include "agent/machine_identity.h"
#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/service_user.h"
#include "shared/base/default_paths.h"
#include "shared/base/text.h"
#include "shared/base/visitor_log.h"
#include "shared/net/congestion_control.h"
#include "shared/net/tls_context.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { TOKEN_MAX = 512, TOKEN_FILE_MAX = 4096, LISTEN_MAX = 8 };

char *agent_config_default_path(void)
{
	return default_paths_config("agent.json");
}

static char *default_control(void)
{
	char *path = default_paths_runtime("agent.sock");
	return path ? path : default_paths_state("agent.sock");
}

static char *read_state(struct conf_at root, const char *file)
{
	const char *text = NULL;
	if (conf_opt_str(root, "state", &text) && text && !*text)
		conf_error(root, "state", "is empty");
	return text ? file_beside(file, text) : default_paths_state("agent");
}

static char *default_agent(const char *state)
{
	struct machine_identity id;
	machine_identity_read(state, &id);
	char *name = machine_identity_name(&id);
	machine_identity_fini(&id);
	return name;
}

bool agent_config_is_token(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= TOKEN_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
		   len;
}

static void read_relay(struct conf_at root, struct agent_config *c)
{
	const char *text, *why;
	if (!conf_str(root, "relay", &text))
		return;
	if (endpoint_parse(text, &c->relay, &why) != 0)
		conf_error(root, "relay", "\"%s\" %s", text, why);
	else if (c->relay.first != c->relay.last)
		conf_error(root, "relay", "\"%s\" is a range; the relay has one port", text);
	c->relay_text = mem_strdup(text);
}

/* A file that cannot be used is found here, so that `check` tells it before the first dial does. */
static void read_ca_file(struct conf_at root, struct agent_config *c)
{
	const char *text;
	char *why = NULL;
	if (!conf_str(root, "ca_file", &text))
		return;
	c->ca_file = file_beside(c->file, text);
	struct tls_context *tls =
	    tls_context_client_new(NULL, c->ca_file, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	if (!tls)
		conf_error(root, "ca_file", "%s", why);
	mem_free(why);
	tls_context_unref(tls);
}

/* How the relay is recognised: by exactly one way, and never by none. */
static void read_trust(struct conf_at root, struct agent_config *c)
{
	const char *text;
	bool pin = conf_has(root, "pin"), ca_file = conf_has(root, "ca_file"),
	     ca = conf_has(root, "ca");
	if (pin + ca_file + ca == 0)
		conf_error(
		    root, "pin",
		    "missing; the relay is known by \"pin\", \"ca_file\" or \"ca\": \"system\"");
	else if (pin + ca_file + ca > 1)
		conf_error(root, pin ? "pin" : "ca_file",
			   "only one of \"pin\", \"ca_file\" and \"ca\" may be given");
	if (pin && conf_str(root, "pin", &text)) {
		if (!tls_context_is_pin(text))
			conf_error(root, "pin",
				   "\"%s\" is not sha256: and 64 lower-case hex digits", text);
		c->pin = mem_strdup(text);
	}
	if (ca_file)
		read_ca_file(root, c);
	if (ca && conf_str(root, "ca", &text) && strcmp(text, "system") != 0)
		conf_error(root, "ca", "\"%s\" is not \"system\", the only value known", text);
}

static void read_token_file(struct conf_at root, struct agent_config *c)
{
	const char *text;
	char *content = NULL;
	size_t len;
	if (!conf_str(root, "token_file", &text))
		return;
	char *path = file_beside(c->file, text);
	int err = file_read(path, TOKEN_FILE_MAX, &content, &len);
	if (err) {
		conf_error(root, "token_file", "%s: %s", path, err_text(err));
	} else {
		while (len > 0 && isspace((unsigned char)content[len - 1]))
			content[--len] = '\0';
		if (!agent_config_is_token(content))
			conf_error(root, "token_file", "%s: holds no token", path);
		c->token = mem_strdup(content);
		mem_wipe(content, len);
	}
	mem_free(content);
	mem_free(path);
}

static void read_token(struct conf_at root, struct agent_config *c)
{
	const char *text;
	bool token = conf_has(root, "token"), token_file = conf_has(root, "token_file");
	if (!token && !token_file)
		conf_error(root, "token", "missing; `groundnut-agent join` writes it");
	if (token && token_file)
		conf_error(root, "token", "only one of \"token\" and \"token_file\" may be given");
	else if (token_file)
		read_token_file(root, c);
	if (token && conf_str(root, "token", &text)) {
		if (!agent_config_is_token(text))
			conf_error(root, "token",
				   "is not a token: letters, digits, \"-\" and \"_\" only");
		mem_free(c->token);
		c->token = mem_strdup(text);
	}
}

static char *read_name(struct conf_at root, const char *key)
{
	const char *text;
	if (!conf_str(root, key, &text))
		return NULL;
	if (!text_is_name(text))
		conf_error(
		    root, key,
		    "\"%s\" is not a name: 1 to 63 of letters, digits, \".\", \"_\" and \"-\"",
		    text);
	return mem_strdup(text);
}

static char *read_control(struct conf_at root, const char *file)
{
	enum { MOST = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };
	const char *text = NULL;
	conf_opt_str(root, "control", &text);
	char *path = text ? file_beside(file, text) : default_control();
	if (text && !*text)
		conf_error(root, "control", "is empty");
	else if (strlen(path) > MOST)
		conf_error(root, "control",
			   "\"%s\" is longer than a socket's path may be (%d bytes)", path, MOST);
	return path;
}

/* Files that cannot be used must be found by `check`, not by the first visitor. */
static void check_certificate(struct conf_at list, size_t i, const struct agent_config *c)
{
	const struct mapping *m = &c->mappings.items[i];
	struct operator_certificate read;
	char *why;
	if (!m->certificate)
		return;
	char *certificate = file_beside(c->file, m->certificate),
	     *key = file_beside(c->file, m->private_key);
	if (operator_certificate_read(certificate, key, &read, &why) < 0)
		conf_error(conf_item(list, i), "certificate", "%s", why);
	tls_context_unref(read.tls);
	mem_free(why);
	mem_free(certificate);
	mem_free(key);
}

static void beside(char **path, const char *file)
{
	char *whole = file_beside(file, *path);
	mem_free(*path);
	*path = whole;
}

/* Its path is kept instead of what was written. */
static void check_target_ca(struct conf_at list, size_t i, const struct agent_config *c)
{
	struct mapping *m = &c->mappings.items[i];
	char *why = NULL;
	if (!m->target_ca_file)
		return;
	beside(&m->target_ca_file, c->file);
	struct tls_context *tls = tls_context_client_new(NULL, m->target_ca_file, NULL, true, &why);
	if (!tls)
		conf_error(conf_item(list, i), "target_ca_file", "%s", why);
	tls_context_unref(tls);
	mem_free(why);
}

/* Their paths are kept instead of what was written. A program that is not there must be found by
 * `check`, not by the first certificate. */
static void check_delivery(struct conf_at list, size_t i, const struct agent_config *c)
{
	struct mapping *m = &c->mappings.items[i];
	if (m->certificate_copy)
		beside(&m->certificate_copy, c->file);
	if (!m->certificate_hook)
		return;
	beside(&m->certificate_hook[0], c->file);
	if (access(m->certificate_hook[0], X_OK) < 0)
		conf_error(conf_item(list, i), "certificate_hook", "%s: %s", m->certificate_hook[0],
			   err_text(-errno));
}

static void check_target_pin(struct conf_at list, size_t i, const struct agent_config *c)
{
	const char *pin = c->mappings.items[i].target_pin;
	if (pin && !tls_context_is_pin(pin))
		conf_error(conf_item(list, i), "target_pin",
			   "\"%s\" is not sha256: and 64 lower-case hex digits", pin);
}

static void read_mappings(struct conf_at root, struct agent_config *c)
{
	struct conf_at list = conf_list(root, "mappings");
	if (!mapping_list_read(list, false, &c->mappings))
		return;
	for (size_t i = 0; i < c->mappings.count; i++) {
		check_certificate(list, i, c);
		check_target_ca(list, i, c);
		check_target_pin(list, i, c);
		check_delivery(list, i, c);
	}
}

static void read_names(struct conf_at root, struct agent_config *c)
{
	name_entry_list_read(conf_list(root, "names"), false, &c->names);
}

static char *read_invite(struct conf_at root)
{
	const char *text = NULL;
	if (!conf_opt_str(root, "invite", &text) || !text)
		return NULL;
	if (!agent_config_is_token(text))
		conf_error(root, "invite", "is not a token: letters, digits, \"-\" and \"_\" only");
	return mem_strdup(text);
}

/* Who dials in from outside comes by the relay, so it is the LAN's at most. */
static void read_admin_address(struct conf_at list, size_t i, struct admin_config *a)
{
	const char *text;
	struct addr at;
	if (!conf_item_str(list, i, &text))
		return;
	if (addr_parse(text, &at) != 0 || !at.port)
		conf_error_item(
		    list, i, "\"%s\" is not an address and port such as \"127.0.0.1:7081\"", text);
	else if (!addr_is_loopback(&at) && !addr_is_private(&at))
		conf_error_item(list, i,
				"\"%s\" is neither this machine's alone nor its LAN's: an address "
				"such as \"127.0.0.1:7081\" or \"192.168.1.5:7081\"",
				text);
	else
		a->listen[a->listen_count++] = at;
}

static void read_admin(struct conf_at root, struct agent_config *c)
{
	struct conf_at at = conf_object(root, "admin"), list = conf_list(at, "listen");
	struct admin_config *a = &c->admin;
	size_t len = conf_len(list);
	a->file = mem_printf("%s/admin.json", c->state);
	if (!at.value)
		return;
	a->on = true;
	if (list.value && (!len || len > LISTEN_MAX))
		conf_error(at, "listen", "must have 1 to %d entries, not %zu", LISTEN_MAX, len);
	a->listen = mem_zalloc(LISTEN_MAX * sizeof(*a->listen));
	for (size_t i = 0; i < len && len <= LISTEN_MAX; i++)
		read_admin_address(list, i, a);
	if (!list.value)
		addr_parse("127.0.0.1:7081", &a->listen[a->listen_count++]);
	admin_config_read_hosts(at, a);
	conf_done(at);
}

static struct agent_config *read_all(struct conf_at root, const char *file)
{
	struct agent_config *c = mem_zalloc(sizeof(*c));
	c->file = mem_strdup(file);
	if (!root.value)
		return c;
	read_relay(root, c);
	read_trust(root, c);
	c->account = read_name(root, "account");
	read_token(root, c);
	c->invite = read_invite(root);
	c->control = read_control(root, file);
	c->state = read_state(root, file);
	c->agent_is_default = !conf_has(root, "agent");
	c->agent = c->agent_is_default ? default_agent(c->state) : read_name(root, "agent");
	c->congestion = congestion_control_read(root);
	c->sandbox = true;
	conf_opt_bool(root, "sandbox", &c->sandbox);
	acme_config_read(root, file, &c->acme);
	read_admin(root, c);
	read_mappings(root, c);
	read_names(root, c);
	visitor_log_read(root, &c->log_visitors, &c->log_requests);
	alert_config_read(root, file, &c->notify);
	conf_done(root);
	return c;
}

/* Takes ownership of the conf. */
static int finish(struct conf *conf, const char *file, struct agent_config **out)
{
	struct conf_at root = conf_root(conf);
	struct agent_config *c = read_all(root, file);
	int err = 0;
	if (!conf_ok(root)) {
		conf_report(conf);
		agent_config_free(c);
		c = NULL;
		err = ERR_CONFIG;
	}
	conf_free(conf);
	*out = c;
	return err;
}

int agent_config_parse(const char *file, const char *text, size_t len, struct agent_config **out)
{
	return finish(conf_parse(file_name(file), text, len, false), file, out);
}

static void warn_if_readable(const char *file)
{
	struct stat st;
	if (stat(file, &st) == 0 && (st.st_mode & 077 & ~file_secret_mode(file)))
		log_say("%s: others than its owner can read the token: chmod 600 %s", file, file);
}

static int open_config(const char *file, struct conf **conf)
{
	int err = conf_open(file, conf);
	if (err)
		log_say("%s: %s", file, err_text(err));
	return err;
}

int agent_config_load(const char *file, struct agent_config **out)
{
	struct conf *conf;
	*out = NULL;
	int err = open_config(file, &conf);
	if (err)
		return err;
	struct conf_at root = conf_root(conf);
	bool holds_token = root.value && conf_has(root, "token");
	err = finish(conf, file, out);
	if (!err && holds_token)
		warn_if_readable(file);
	return err;
}

int agent_config_control(const char *file, char **path)
{
	struct conf *conf;
	int err = open_config(file, &conf);
	if (err)
		return err;
	struct conf_at root = conf_root(conf);
	*path = root.value ? read_control(root, file) : default_control();
	conf_free(conf);
	return 0;
}

void agent_config_free(struct agent_config *c)
{
	if (!c)
		return;
	if (c->token)
		mem_wipe(c->token, strlen(c->token));
	mem_free(c->file);
	mem_free(c->relay_text);
	mem_free(c->pin);
	mem_free(c->ca_file);
	mem_free(c->account);
	mem_free(c->token);
	mem_free(c->invite);
	mem_free(c->agent);
	mem_free(c->control);
	mem_free(c->state);
	mem_free(c->congestion);
	admin_config_fini(&c->admin);
	acme_config_fini(&c->acme);
	alert_config_fini(&c->notify);
	mapping_list_fini(&c->mappings);
	name_entry_list_fini(&c->names);
	mem_free(c);
}

bool agent_config_check_service_user(const struct agent_config *c)
{
	return service_user_reads(c->file, (const char *const[]){NULL});
}
