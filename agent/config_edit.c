/*
 * An edit locks the directory, reads and parses the file, changes the JSON document, reads the
 * result as a configuration, replaces the file, and unlocks. The rest of the document is written
 * back as it was.
 *
 * Ways to fail: the file or directory cannot be read or written (EXIT_WORK), or the file or the
 * change is wrong (EXIT_USAGE). Either way the file stays as it was.
 */
#include "agent/config_edit.h"

#include "agent/machine_identity.h"
#include "shared/base/buf.h"
#include "shared/base/cli.h"
#include "shared/base/conf.h"
#include "shared/base/default_paths.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/bind_mounted_file.h"
#include "shared/base/text.h"
#include "shared/base/token.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { DOCUMENT_MAX = 4 * 1024 * 1024 };

struct document {
	const char *file;
	int lock;   /* descriptor of the locked directory */
	char *text; /* as it stands; NULL: there is no file yet */
	size_t len;
	json_t *root; /* the text, to be changed */
};

static int fail(const char *file, int err)
{
	log_say("%s: %s", file, err_text(err));
	return EXIT_WORK;
}

/* A file is replaced as a whole, so its directory must be writable. */
static int fail_to_write(const char *file, int err)
{
	log_say("%s: cannot be written: %s", file, err_text(err));
	return EXIT_WORK;
}

static int fail_to_open(const char *file, int err)
{
	if (err != UV_ENOENT)
		return fail(file, err);
	log_say("%s: there is none yet; `groundnut-agent join` makes it", file);
	return EXIT_WORK;
}

static int lock_dir(struct document *d)
{
	char *dir = file_dir(d->file);
	int code = 0, err;
	d->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->lock < 0)
		code = fail_to_open(errno == ENOENT ? d->file : dir, -errno);
	else if ((err = file_lock(d->lock)) < 0)
		code = fail(dir, err);
	mem_free(dir);
	return code;
}

/* The reader of conf.h finds what is wrong, with line and column; jansson then parses what it
 * accepted. */
static int parse(struct document *d)
{
	struct conf *conf = conf_parse(file_name(d->file), d->text, d->len, false);
	bool ok = conf_ok(conf_root(conf));
	conf_report(conf);
	conf_free(conf);
	if (!ok)
		return EXIT_USAGE;
	const char *text = d->text;
	size_t len = d->len;
	conf_skip_mark(&text, &len);
	d->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	return d->root ? 0 : EXIT_USAGE;
}

static int document_open(struct document *d, const char *file, bool may_be_absent)
{
	*d = (struct document){.file = file, .lock = -1};
	int code = lock_dir(d);
	if (code)
		return code;
	int err = file_read(file, DOCUMENT_MAX, &d->text, &d->len);
	if (err == UV_ENOENT && may_be_absent)
		d->root = json_object();
	else if (err)
		return fail_to_open(file, err);
	return d->text ? parse(d) : 0;
}

static void document_close(struct document *d)
{
	json_decref(d->root);
	if (d->text)
		mem_wipe(d->text, d->len);
	mem_free(d->text);
	if (d->lock >= 0)
		close(d->lock);
}

static void put_value(struct buf *out, const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	buf_puts(out, text);
	free(text);
}

/* Writes a list of objects with one object a line, as people write it; everything else stays on the
 * line of its key. */
static void put_member(struct buf *out, json_t *value)
{
	const char *before = "";
	if (!json_is_object(json_array_get(value, 0))) {
		put_value(out, value);
		return;
	}
	buf_puts(out, "[");
	for (size_t i = 0; i < json_array_size(value); i++, before = ",") {
		buf_printf(out, "%s\n    ", before);
		put_value(out, json_array_get(value, i));
	}
	buf_puts(out, "\n  ]");
}

static void write_document(json_t *root, struct buf *out)
{
	const char *key, *before = "";
	json_t *value;
	buf_puts(out, "{");
	json_object_foreach(root, key, value)
	{
		json_t *quoted = json_string(key);
		buf_printf(out, "%s\n  ", before);
		put_value(out, quoted);
		buf_puts(out, ": ");
		put_member(out, value);
		json_decref(quoted);
		before = ",";
	}
	buf_puts(out, "\n}\n");
}

static int keep_old(const struct document *d)
{
	char *old = mem_printf("%s~", d->file);
	unlink(old); /* its mode may be from before it held a token */
	int err = file_replace(old, d->text, d->len, file_secret_mode(d->file), false);
	int code = err ? fail_to_write(old, err) : 0;
	mem_free(old);
	return code;
}

static int write_mounted(const char *file, struct buf *text)
{
	char *dir = default_paths_state("agent");
	int err = bind_mounted_file_write(file, buf_data(text), buf_len(text), dir);
	mem_free(dir);
	return err;
}

/* Saves the document. Nothing is touched unless it is a good configuration as changed. */
static int document_save(struct document *d, bool backup, struct agent_config **out)
{
	struct buf text = BUF_INIT;
	struct agent_config *c = NULL;
	int code = 0, err;
	write_document(d->root, &text);
	if (agent_config_parse(d->file, (const char *)buf_data(&text), buf_len(&text), &c) != 0)
		code = EXIT_USAGE;
	if (!code && backup && d->text)
		code = keep_old(d);
	if (!code) {
		err = file_replace(d->file, buf_data(&text), buf_len(&text),
				   file_secret_mode(d->file), false);
		if (err == UV_EBUSY)
			err = write_mounted(d->file, &text);
		code = err ? fail_to_write(d->file, err) : 0;
	}
	mem_wipe(buf_data(&text), buf_len(&text));
	buf_fini(&text);
	if (code) {
		agent_config_free(c);
		c = NULL;
	}
	*out = c;
	return code;
}

/* A key that is there keeps its place. False: not UTF-8. */
static bool put(json_t *object, const char *key, const char *value)
{
	return json_object_set_new(object, key, json_string(value)) == 0;
}

/* Has the join of the account that the file names never worked? */
static bool never_joined(const struct document *d, const char *account)
{
	const char *state = json_string_value(json_object_get(d->root, "state"));
	char *dir = state ? file_beside(d->file, state) : default_paths_state("agent");
	bool never = machine_identity_is_failed_join(dir, account);
	mem_free(dir);
	return never;
}

/* An invitation goes with a token that this machine makes, once for each invitation: a second
 * `join` with the same line keeps what the relay took at the first. */
static void put_token(json_t *root, const struct join_line *line)
{
	const char *invite = json_string_value(json_object_get(root, "invite"));
	bool again =
	    line->is_invite && text_same(invite, line->token) && json_object_get(root, "token");
	char token[TOKEN_TEXT];
	if (!line->is_invite) {
		put(root, "token", line->token);
		json_object_del(root, "invite");
	} else if (!again) {
		token_new(token);
		put(root, "token", token);
		put(root, "invite", line->token);
		mem_wipe(token, sizeof(token));
	}
}

static int change_account(struct document *d, const struct join_line *line, bool force)
{
	const char *account = json_string_value(json_object_get(d->root, "account"));
	if (account && strcmp(account, line->account) != 0 && !force && !never_joined(d, account)) {
		log_say("%s: is of account %s, the line is for %s; --force changes it and keeps "
			"the mappings",
			d->file, account, line->account);
		return EXIT_WORK;
	}
	put(d->root, "relay", line->relay);
	put(d->root, "pin", line->pin);
	put(d->root, "account", line->account);
	put_token(d->root, line);
	if (line->agent && !put(d->root, "agent", line->agent)) {
		log_say("%s: the agent's name is not UTF-8", d->file);
		return EXIT_USAGE;
	}
	/* the pin and the token of the line replace other ways to say the same */
	json_object_del(d->root, "ca");
	json_object_del(d->root, "ca_file");
	json_object_del(d->root, "token_file");
	if (!d->text)
		json_object_set_new(d->root, "mappings", json_array());
	return 0;
}

int config_edit_join(const char *file, const struct join_line *line, bool force,
		     struct agent_config **out)
{
	struct document d;
	char *dir = file_dir(file);
	*out = NULL;
	int err = file_make_dirs(dir, 0700);
	int code = err ? fail(dir, err) : 0;
	mem_free(dir);
	if (code)
		return code;
	code = document_open(&d, file, true);
	if (!code)
		code = change_account(&d, line, force);
	if (!code)
		code = document_save(&d, force, out);
	document_close(&d);
	return code;
}

static bool is_ports(const char *text)
{
	return *text && strspn(text, "0123456789-") == strlen(text);
}

/* "51820/udp", as accounts' ports are written. */
static bool is_ports_with_protocol(const char *text)
{
	size_t len = strspn(text, "0123456789-");
	return len && text[len] == '/';
}

static int choose_protocol(const struct map_words *w, enum mapping_protocol *out)
{
	const char *public_text = w->public_text, *protocol = w->protocol;
	bool ports = is_ports(public_text);
	if (!ports && is_ports_with_protocol(public_text)) {
		log_say("map: \"%s\": say `%.*s%s` for a %s port", public_text,
			(int)strcspn(public_text, "/"), public_text,
			strstr(public_text, "/tcp") ? "" : " --protocol udp",
			strstr(public_text, "/tcp") ? "tcp" : "udp");
		return EXIT_USAGE;
	}
	if (w->public_port && (!protocol || strcmp(protocol, "https") != 0)) {
		log_say("map: --public-port is for --protocol https");
		return EXIT_USAGE;
	}
	if (!protocol) {
		*out = ports ? MAPPING_TCP : MAPPING_HTTP;
		return 0;
	}
	if (mapping_protocol_parse(protocol, out) != 0) {
		log_say("map: --protocol %s: is none of tcp, udp, http, tls and https", protocol);
		return EXIT_USAGE;
	}
	if (ports != (mapping_kind(*out)->entrance == MAPPING_OWN_PORTS)) {
		log_say("map: \"%s\" is a %s, but %s is public by %s", public_text,
			ports ? "port" : "host", protocol, ports ? "host" : "port");
		return EXIT_USAGE;
	}
	return 0;
}

/* A single port becomes a number. What is no port stays text, and the reader refuses it. */
static bool put_public(json_t *mapping, const char *text)
{
	uint64_t port;
	if (!is_ports(text))
		return put(mapping, "host", text);
	if (text_uint(text, UINT16_MAX, &port) == 0)
		return json_object_set_new(mapping, "public_port",
					   json_integer((json_int_t)port)) == 0;
	return put(mapping, "public_port", text);
}

/* A number becomes one; "none" is JSON's null until the old mapping has been looked at. What is
 * neither stays text, and the reader refuses it. */
static bool put_option(json_t *mapping, const char *key, const char *text)
{
	uint64_t number;
	if (!text)
		return true;
	if (strcmp(text, "none") == 0)
		return json_object_set_new(mapping, key, json_null()) == 0;
	if (text_uint(text, INT64_MAX, &number) == 0)
		return json_object_set_new(mapping, key, json_integer((json_int_t)number)) == 0;
	return put(mapping, key, text);
}

static bool put_list(json_t *mapping, const char *key, const char *text)
{
	if (!text || strcmp(text, "none") == 0)
		return put_option(mapping, key, text);
	json_t *list = json_array();
	bool ok = true;
	for (size_t len; ok && *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		ok = json_array_append_new(list, json_stringn(text, len)) == 0;
	}
	return json_object_set_new(mapping, key, list) == 0 && ok;
}

static bool put_basic_auth(json_t *mapping, const struct map_words *w)
{
	if (!w->password)
		return put_option(mapping, "basic_auth", w->basic_auth);
	json_t *auth = json_object();
	bool ok = put(auth, "user", w->basic_auth) && put(auth, "password", w->password);
	return json_object_set_new(mapping, "basic_auth", auth) == 0 && ok;
}

static bool put_paused(json_t *mapping, const char *text)
{
	return !text ||
	       json_object_set_new(mapping, "paused",
				   strcmp(text, "true") == 0 ? json_true() : json_null()) == 0;
}

static bool put_options(json_t *mapping, const struct map_words *w)
{
	return put_paused(mapping, w->paused) && put_list(mapping, "allow", w->allow) &&
	       put_basic_auth(mapping, w) && put_option(mapping, "bandwidth", w->bandwidth) &&
	       put_option(mapping, "connections", w->connections) &&
	       put_option(mapping, "proxy_protocol", w->proxy_protocol);
}

static json_t *new_mapping(const struct map_words *w, enum mapping_protocol p)
{
	const char *target = w->target;
	json_t *mapping = json_object();
	char *at_home = is_ports(target) ? mem_printf("127.0.0.1:%s", target) : mem_strdup(target);
	bool ok = put(mapping, "name", w->name) &&
		  put(mapping, "protocol", mapping_kind(p)->word) &&
		  put_public(mapping, w->public_text) && put(mapping, "target", at_home) &&
		  (!w->public_port || put_option(mapping, "public_port", w->public_port)) &&
		  put_options(mapping, w);
	mem_free(at_home);
	if (ok)
		return mapping;
	json_decref(mapping);
	return NULL;
}

static void drop_nulls(json_t *object)
{
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe(object, next, key, value) if (json_is_null(value))
	    json_object_del(object, key);
}

/* Checks the new mapping alone, so that its errors name what was typed and not a place in a file
 * that does not have it yet. */
static int check_mapping(json_t *mapping)
{
	json_t *without = json_copy(mapping);
	drop_nulls(without);
	char *text = json_dumps(without, 0);
	json_decref(without);
	struct conf *conf = conf_parse("map", text, strlen(text), false);
	struct mapping m;
	int code = mapping_read(conf_root(conf), false, &m) ? 0 : EXIT_USAGE;
	mapping_fini(&m);
	conf_report(conf);
	conf_free(conf);
	free(text);
	return code;
}

static size_t find(const json_t *list, const char *name)
{
	size_t i;
	for (i = 0; i < json_array_size(list); i++) {
		const char *it =
		    json_string_value(json_object_get(json_array_get(list, i), "name"));
		if (it && strcmp(it, name) == 0)
			break;
	}
	return i;
}

/* Keys of the old mapping that the words say nothing about; says which, or not. */
static void keep_options(json_t *mapping, json_t *old, bool say)
{
	static const char *const said[] = {"name", "protocol", "public_port", "host", "target"};
	struct buf kept = BUF_INIT;
	const char *key;
	json_t *value;
	json_object_foreach(old, key, value)
	{
		size_t i = 0;
		while (i < sizeof(said) / sizeof(said[0]) && strcmp(said[i], key) != 0)
			i++;
		if (i < sizeof(said) / sizeof(said[0]) || json_object_get(mapping, key))
			continue;
		json_object_set(mapping, key, value);
		buf_printf(&kept, "%s%s", buf_len(&kept) ? ", " : "", key);
	}
	if (say && buf_len(&kept))
		log_say("%s keeps its %s", json_string_value(json_object_get(mapping, "name")),
			buf_str(&kept));
	buf_fini(&kept);
}

/* True: there was none of that name. A "mappings" that is no list is left for the reader to
 * refuse. */
static bool place_mapping(json_t *root, json_t *mapping, bool say)
{
	json_t *list = json_object_get(root, "mappings");
	if (!list) {
		list = json_array();
		json_object_set_new(root, "mappings", list);
	}
	size_t i = find(list, json_string_value(json_object_get(mapping, "name")));
	bool is_new = i >= json_array_size(list);
	if (is_new) {
		json_array_append(list, mapping);
	} else {
		keep_options(mapping, json_array_get(list, i), say);
		json_array_set(list, i, mapping);
	}
	drop_nulls(mapping);
	return is_new;
}

/* The mapping that the words make, checked; NULL after saying what is wrong. */
static int make_mapping(const struct map_words *words, json_t **out)
{
	enum mapping_protocol p;
	int code = choose_protocol(words, &p);
	if (code)
		return code;
	*out = new_mapping(words, p);
	if (!*out) {
		log_say("map: what was typed is not UTF-8");
		return EXIT_USAGE;
	}
	return check_mapping(*out);
}

/* "" where there is none; freed by the caller. */
static char *port_text(const json_t *mapping)
{
	const json_t *port = json_object_get(mapping, "public_port");
	return json_is_integer(port)
		   ? mem_printf("%lld", (long long)json_integer_value(port))
		   : mem_strdup(json_is_string(port) ? json_string_value(port) : "");
}

/* As make_mapping(); what the words leave out is the old one's. */
static int remake_mapping(const json_t *old, const struct map_words *words, json_t **out)
{
	struct map_words w = *words;
	char *port = port_text(old);
	const char *host = json_string_value(json_object_get(old, "host"));
	if (!w.protocol)
		w.protocol = json_string_value(json_object_get(old, "protocol"));
	if (!w.target)
		w.target = json_string_value(json_object_get(old, "target"));
	if (!w.public_text)
		w.public_text = host ? host : port;
	if (!w.public_port && host && *port && w.protocol && !strcmp(w.protocol, "https"))
		w.public_port = port;
	int code = make_mapping(&w, out);
	mem_free(port);
	return code;
}

/* *mapping: as the words make it; NULL: it depends on the old one. */
static int change_mappings(struct document *d, const struct map_words *w, json_t **mapping,
			   bool *is_new)
{
	json_t *list = json_object_get(d->root, "mappings");
	json_t *old = json_array_get(list, find(list, w->name));
	int code = 0;
	if (w->which == MAP_NEW && old) {
		log_say("there is a mapping called \"%s\" already", w->name);
		return EXIT_WORK;
	}
	if (w->which == MAP_OLD && !old) {
		log_say("%s: no mapping is called \"%s\"", d->file, w->name);
		return EXIT_WORK;
	}
	if (!*mapping)
		code = remake_mapping(old, w, mapping);
	if (!code)
		*is_new = place_mapping(d->root, *mapping, w->which == MAP_ANY);
	return code;
}

int config_edit_map(const char *file, const struct map_words *words, bool *is_new,
		    struct agent_config **out)
{
	struct document d;
	json_t *mapping = NULL;
	*out = NULL;
	int code = words->which == MAP_OLD ? 0 : make_mapping(words, &mapping);
	if (!code) {
		code = document_open(&d, file, false);
		if (!code)
			code = change_mappings(&d, words, &mapping, is_new);
		if (!code)
			code = document_save(&d, false, out);
		document_close(&d);
	}
	json_decref(mapping);
	return code;
}

int config_edit_unmap(const char *file, const char *name, struct agent_config **out)
{
	struct document d;
	*out = NULL;
	int code = document_open(&d, file, false);
	if (!code) {
		json_t *list = json_object_get(d.root, "mappings");
		size_t i = find(list, name);
		if (i < json_array_size(list)) {
			json_array_remove(list, i);
		} else {
			log_say("%s: no mapping is called \"%s\"", file, name);
			code = EXIT_WORK;
		}
	}
	if (!code)
		code = document_save(&d, false, out);
	document_close(&d);
	return code;
}
