/*
 * start() checks the words of a request, then make() runs the edit on the thread pool by the
 * functions of the commands and catches what they say. on_made() has the relay read the file again,
 * writes an audit line with the account before and after, and answers.
 *
 * Ways to fail: 404 when there is no such account or agent; 400 for wrong words, with the sentence
 * that the command would print; 409 when the file does not allow the edit (a name is taken) or
 * cannot be written; 503 while EDITS_MOST edits are under way. When the server has closed, an edit
 * under way is still made, and nobody is answered.
 */
#include "relay/admin/accounts_api.h"

#include "relay/accounts/account_edit.h"
#include "relay/accounts/agent_credentials.h"
#include "shared/base/cli.h"
#include "shared/base/conf.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	EDITS_MOST = 16,
	NAME_SIZE = 256,
	NUMBER_SIZE = 24,
	HOURS = 24,
	HOURS_MAX = 8760,
	RESET_DAY_MAX = 31
};

struct edit;

/* A kind of edit. */
struct deed {
	const char *what;           /* its name in the audit log */
	unsigned status;            /* of the answer when it is made */
	int (*run)(struct edit *e); /* on the thread pool; 0 or an exit code */
};

struct edit {
	struct list node;         /* of the edits of api */
	struct accounts_api *api; /* NULL: the API has closed, and exchange is gone */
	struct http_exchange *exchange;
	struct admin_asker asker;
	struct relay_config *config; /* a reference */
	const struct deed *deed;
	char account[NAME_SIZE], agent[NAME_SIZE];
	char *ports, *hosts, *bandwidth, *quota, *at_limit; /* NULL: not named */
	char connections[NUMBER_SIZE], reset_day[NUMBER_SIZE], hours[NUMBER_SIZE];
	uint64_t until_ms; /* of an invitation, else 0 */
	struct buf before; /* the account as JSON; empty: there was none */
	/* the result */
	int code;        /* what run() returned */
	char *line;      /* the join line, a secret, or NULL */
	struct buf said; /* the lines of log_say() */
};

struct accounts_api {
	struct loop *loop;
	struct accounts_api_calls calls;
	struct admin_server *server;
	struct relay_config *config; /* a reference */
	struct list edits;
	unsigned edit_count;
};

/* --- an account as JSON --- */

static void write_ports(const struct account *a, struct json *w)
{
	char text[PORTS_TEXT];
	json_open(w, "ports", '[');
	for (size_t i = 0; i < a->ports_count; i++)
		json_str(w, NULL, ports_text(&a->ports[i], text));
	json_close(w);
}

/* Writes full names with a dot at the end, as accounts.json has them. */
static void write_hosts(const struct account *a, struct json *w)
{
	json_open(w, "hosts", '[');
	for (size_t i = 0; i < a->host_count; i++) {
		char *full = mem_printf("%s.", a->hosts[i]);
		json_str(w, NULL, full);
		mem_free(full);
	}
	json_close(w);
}

static void write_number(struct json *w, const char *key, uint64_t value)
{
	if (value)
		json_uint(w, key, value);
	else
		json_none(w, key);
}

static void write_quota(const struct quota *q, struct json *w)
{
	if (!q->bytes) {
		json_none(w, "quota");
		return;
	}
	json_open(w, "quota", '{');
	json_uint(w, "bytes", q->bytes);
	json_uint(w, "reset_day", q->reset_day);
	json_str(w, "at_limit", quota_at_limit_text(q->at_limit));
	json_close(w);
}

static void write_agents(const struct account *a, struct json *w)
{
	uint64_t now_s = (uint64_t)time(NULL);
	json_open(w, "agents", '[');
	for (size_t i = 0; i < a->agent_count; i++) {
		json_open(w, NULL, '{');
		json_str(w, "name", a->agents[i].name);
		json_bool(w, "new", a->agents[i].is_new);
		json_close(w);
	}
	json_close(w);
	json_open(w, "invites", '[');
	for (size_t i = 0; i < a->invite_count; i++) {
		if (a->invites[i].until_s <= now_s)
			continue;
		json_open(w, NULL, '{');
		json_str(w, "agent", a->invites[i].agent);
		json_time(w, "until", a->invites[i].until_s * 1000);
		json_close(w);
	}
	json_close(w);
}

static void write_account(const struct account *a, struct json *w)
{
	json_open(w, NULL, '{');
	json_str(w, "name", a->name);
	write_ports(a, w);
	write_hosts(a, w);
	write_number(w, "connections", a->connections);
	write_number(w, "bandwidth", a->bandwidth);
	write_quota(&a->quota, w);
	write_agents(a, w);
	json_close(w);
}

/* Writes the account of the list in force as JSON; false: there is none. */
static bool show(const struct accounts_api *a, const char *name, struct buf *out)
{
	const struct account *found = accounts_find(a->calls.accounts(a->calls.owner), name);
	struct json w = json_into(out, false);
	if (found)
		write_account(found, &w);
	return found;
}

void accounts_api_list(struct accounts_api *a, const struct admin_request *r)
{
	const struct accounts *all = a->calls.accounts(a->calls.owner);
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_str(&w, "domain", a->config->domain);
	json_open(&w, "accounts", '[');
	for (size_t i = 0; i < accounts_count(all); i++)
		write_account(accounts_at(all, i), &w);
	json_close(&w);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

/* --- edits --- */

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int run_add(struct edit *e)
{
	return account_edit_add(e->config, e->account, e->ports, &e->line);
}

static int run_renew(struct edit *e)
{
	return account_edit_renew(e->config, e->account, &e->line);
}

static int run_invite(struct edit *e)
{
	return agent_credentials_invite(e->config, e->account, or_null(e->agent), e->hours,
					&e->line);
}

static int run_change(struct edit *e)
{
	const struct account_changes changes = {
	    .ports = e->ports,
	    .hosts = e->hosts,
	    .connections = or_null(e->connections),
	    .bandwidth = e->bandwidth,
	    .quota = e->quota,
	    .reset_day = or_null(e->reset_day),
	    .at_limit = e->at_limit,
	};
	return account_edit_set(e->config, e->account, &changes);
}

static int run_remove(struct edit *e)
{
	return account_edit_remove(e->config, e->account);
}

static int run_revoke(struct edit *e)
{
	char *which = mem_printf("%s/%s", e->account, e->agent);
	int code = agent_credentials_remove(e->config, which);
	mem_free(which);
	return code;
}

static const struct deed ADD = {"account_added", 201, run_add},
			 CHANGE = {"account_changed", 200, run_change},
			 REMOVE = {"account_removed", 200, run_remove},
			 RENEW = {"account_renewed", 200, run_renew},
			 INVITE = {"agent_invited", 201, run_invite},
			 REVOKE = {"agent_revoked", 200, run_revoke};

static void edit_free(struct edit *e)
{
	if (e->api)
		e->api->edit_count--;
	list_remove(&e->node);
	if (e->line)
		mem_wipe(e->line, strlen(e->line));
	mem_free(e->line);
	mem_free(e->ports);
	mem_free(e->hosts);
	mem_free(e->bandwidth);
	mem_free(e->quota);
	mem_free(e->at_limit);
	buf_fini(&e->before);
	buf_fini(&e->said);
	relay_config_unref(e->config);
	mem_free(e);
}

static void make(void *arg)
{
	struct edit *e = arg;
	log_say_into(&e->said);
	e->code = e->deed->run(e);
	log_say_into(NULL);
}

/* Answers with the account after the edit, and with the join line when there is one. */
static void answer_done(const struct edit *e, const struct buf *after)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	if (buf_len(after))
		json_raw(&w, "account", (const char *)buf_data(after), buf_len(after));
	if (e->line)
		json_str(&w, "line", e->line);
	if (e->until_ms)
		json_time(&w, "until", e->until_ms);
	if (buf_len(&e->said))
		json_strn(&w, "said", (const char *)buf_data(&e->said), buf_len(&e->said) - 1);
	json_close(&w);
	admin_answer_status(e->exchange, e->deed->status, &out);
	mem_wipe(buf_data(&out), buf_len(&out));
	buf_fini(&out);
}

/* Answers with what the edit said, without the dashes of an option and the last line's end. */
static void answer_failed(struct edit *e)
{
	const char *text = buf_str(&e->said);
	text += strncmp(text, "--", 2) ? 0 : 2;
	char *why = mem_printf("%.*s", (int)(strlen(text) - (*text != '\0')), text);
	admin_answer_error(e->exchange, e->code == EXIT_USAGE ? 400 : 409,
			   *why ? why : "it could not be done");
	mem_free(why);
}

static void on_made(void *arg)
{
	struct edit *e = arg;
	struct accounts_api *a = e->api;
	struct buf after = BUF_INIT;
	if (!a || e->code) {
		if (a)
			answer_failed(e);
		edit_free(e);
		return;
	}
	a->calls.edited(a->calls.owner);
	bool there = show(a, e->account, &after);
	admin_server_audit(a->server, &e->asker, e->deed->what,
			   buf_len(&e->before) ? buf_str(&e->before) : NULL,
			   there ? buf_str(&after) : NULL);
	answer_done(e, &after);
	buf_fini(&after);
	edit_free(e);
}

/* Makes an edit; the caller fills in its words and passes it to start(). */
static struct edit *edit_new(struct accounts_api *a, const struct admin_request *r,
			     const struct deed *deed)
{
	struct edit *e = mem_zalloc(sizeof *e);
	e->api = a;
	e->exchange = r->exchange;
	e->asker = r->asker;
	e->config = relay_config_ref(a->config);
	e->deed = deed;
	e->before = e->said = (struct buf)BUF_INIT;
	list_append(&a->edits, &e->node);
	a->edit_count++;
	return e;
}

/* Begins an edit whose words are read, or answers what is wrong and frees it. body: the conf that
 * the words came from, or NULL; it is freed here. */
static void start(struct edit *e, const struct admin_request *r, struct conf *body)
{
	struct accounts_api *a = e->api;
	bool fits = !body || admin_request_is_read(r, body);
	if (fits && a->edit_count > EDITS_MOST) {
		admin_answer_error(r->exchange, 503, "busy");
		fits = false;
	} else if (fits && !show(a, e->account, &e->before) && e->deed != &ADD) {
		admin_answer_error(r->exchange, 404, "there is no such account");
		fits = false;
	}
	conf_free(body);
	if (fits)
		loop_edit(a->loop, make, on_made, e);
	else
		edit_free(e);
}

/* --- requests --- */

/* Reads a list into the LIST that the commands take. NULL: the key is absent. */
static char *read_list(struct conf_at at, const char *key)
{
	struct conf_at list = conf_list(at, key);
	struct buf out = BUF_INIT;
	const char *one;
	if (!list.value)
		return NULL;
	if (!conf_len(list))
		conf_error(at, key, "must name one at least");
	for (size_t i = 0; i < conf_len(list); i++) {
		if (!conf_item_str(list, i, &one))
			continue;
		if (!*one || strchr(one, ',') || strchr("+-", *one))
			conf_error_item(list, i, "\"%s\" is none", one);
		buf_printf(&out, "%s%s", i ? "," : "", one);
	}
	char *text = mem_strdup(buf_str(&out));
	buf_fini(&out);
	return text;
}

/* Reads a number from 1 to most, or "none" when that is allowed; "" when the key is absent. */
static void read_number(struct conf_at at, const char *key, bool may_be_none, int64_t most,
			char out[NUMBER_SIZE])
{
	int64_t n;
	const char *text = "";
	if (may_be_none && conf_is_str(at, key)) {
		conf_str(at, key, &text);
		if (strcmp(text, "none") != 0)
			conf_error(at, key, "is neither a number nor \"none\"");
		snprintf(out, NUMBER_SIZE, "none");
	} else if (conf_has(at, key) && conf_int(at, key, 1, most, &n)) {
		snprintf(out, NUMBER_SIZE, "%lld", (long long)n);
	}
}

/* NULL: the key is absent. */
static char *read_text(struct conf_at at, const char *key)
{
	const char *text = NULL;
	conf_opt_str(at, key, &text);
	return mem_strdup(text);
}

static void read_name(struct conf_at at, const char *key, bool required, char out[NAME_SIZE])
{
	const char *text = "";
	if (required)
		conf_str(at, key, &text);
	else
		conf_opt_str(at, key, &text);
	if (strlen(text) >= NAME_SIZE)
		conf_error(at, key, "is too long");
	text_fit(text, out, NAME_SIZE);
}

void accounts_api_add(struct accounts_api *a, const struct admin_request *r)
{
	struct conf *body = admin_request_body(r);
	if (!body)
		return;
	struct conf_at root = conf_root(body);
	struct edit *e = edit_new(a, r, &ADD);
	read_name(root, "name", true, e->account);
	e->ports = read_list(root, "ports");
	start(e, r, body);
}

void accounts_api_change(struct accounts_api *a, const struct admin_request *r)
{
	struct conf *body = strchr(r->rest, '/') ? NULL : admin_request_body(r);
	if (strchr(r->rest, '/'))
		admin_answer_error(r->exchange, 404, "not found");
	if (!body)
		return;
	struct conf_at root = conf_root(body);
	struct edit *e = edit_new(a, r, &CHANGE);
	text_fit(r->rest, e->account, sizeof e->account);
	e->ports = read_list(root, "ports");
	e->hosts = read_list(root, "hosts");
	read_number(root, "connections", true, ACCOUNT_CONNECTIONS_MAX, e->connections);
	read_number(root, "reset_day", false, RESET_DAY_MAX, e->reset_day);
	e->bandwidth = read_text(root, "bandwidth");
	e->quota = read_text(root, "quota");
	e->at_limit = read_text(root, "at_limit");
	start(e, r, body);
}

/* Cuts a path into the words between its slashes. False: it does not have count words. */
static bool split(char *rest, char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *end = strchr(rest, '/');
		words[i] = rest;
		if (!*rest || *rest == '/' || !end != (i == count - 1))
			return false;
		if (!end)
			break;
		*end = '\0';
		rest = end + 1;
	}
	return true;
}

void accounts_api_remove(struct accounts_api *a, const struct admin_request *r)
{
	char rest[ADMIN_REST], *words[3];
	memcpy(rest, r->rest, sizeof rest);
	bool whole = !strchr(rest, '/');
	if (!whole && (!split(rest, words, 3) || strcmp(words[1], "agents") != 0)) {
		admin_answer_error(r->exchange, 404, "not found");
		return;
	}
	struct edit *e = edit_new(a, r, whole ? &REMOVE : &REVOKE);
	text_fit(rest, e->account, sizeof e->account);
	if (!whole)
		text_fit(words[2], e->agent, sizeof e->agent);
	start(e, r, NULL);
}

static void invite(struct accounts_api *a, const struct admin_request *r, const char *account)
{
	struct conf *body = admin_request_body(r);
	uint64_t hours = HOURS;
	if (!body)
		return;
	struct conf_at root = conf_root(body);
	struct edit *e = edit_new(a, r, &INVITE);
	text_fit(account, e->account, sizeof e->account);
	snprintf(e->hours, sizeof e->hours, "%d", HOURS);
	read_name(root, "agent", false, e->agent);
	read_number(root, "hours", false, HOURS_MAX, e->hours);
	text_uint(e->hours, HOURS_MAX, &hours);
	e->until_ms = loop_wall_ms() + hours * 3600000;
	start(e, r, body);
}

void accounts_api_act(struct accounts_api *a, const struct admin_request *r)
{
	char rest[ADMIN_REST], *words[2];
	memcpy(rest, r->rest, sizeof rest);
	bool fits = split(rest, words, 2);
	if (fits && !strcmp(words[1], "invite")) {
		invite(a, r, words[0]);
	} else if (fits && !strcmp(words[1], "renew")) {
		struct edit *e = edit_new(a, r, &RENEW);
		text_fit(words[0], e->account, sizeof e->account);
		start(e, r, NULL);
	} else {
		admin_answer_error(r->exchange, 404, "not found");
	}
}

void accounts_api_cut(struct accounts_api *a, const struct admin_request *r)
{
	char rest[ADMIN_REST], *words[3];
	struct buf out = BUF_INIT;
	memcpy(rest, r->rest, sizeof rest);
	if (!split(rest, words, 3) || strcmp(words[2], "cut") != 0 ||
	    !a->calls.cut(a->calls.owner, words[0], words[1])) {
		admin_answer_error(r->exchange, 404, "there is no such agent");
		return;
	}
	rest[strlen(rest)] = '/'; /* words[0] is ACCOUNT/AGENT again */
	admin_server_audit(a->server, &r->asker, "home_cut", words[0], NULL);
	buf_puts(&out, "{}");
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

/* --- beginning and end --- */

struct accounts_api *accounts_api_new(struct loop *l, const struct accounts_api_calls *calls,
				      struct admin_server *server)
{
	struct accounts_api *a = mem_zalloc(sizeof *a);
	a->loop = l;
	a->calls = *calls;
	a->server = server;
	list_init(&a->edits);
	return a;
}

void accounts_api_set(struct accounts_api *a, struct relay_config *config)
{
	relay_config_unref(a->config);
	a->config = relay_config_ref(config);
}

void accounts_api_close(struct accounts_api *a)
{
	if (!a)
		return;
	while (!list_is_empty(&a->edits)) {
		struct edit *e = LIST_ENTRY(a->edits.next, struct edit, node);
		list_remove(&e->node);
		e->api = NULL;
	}
	relay_config_unref(a->config);
	mem_free(a);
}
