#include "agent/admin/mapping_change.h"

#include "agent/config_edit.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <inttypes.h>
#include <string.h>

struct mapping_change {
	enum mapping_change_act act;
	/* The words of the request, owned; NULL: the key is absent. */
	char *name, *public_text, *target, *protocol, *public_port, *allow, *user, *password,
	    *bandwidth, *connections, *proxy_protocol, *paused;
	char *file;
	int code;
	struct buf said;
	struct agent_config *config;
	mapping_change_fn *fn;
	void *owner;
};

static void change_free(struct mapping_change *c)
{
	if (c->password)
		mem_wipe(c->password, strlen(c->password));
	char *all[] = {c->name,           c->public_text, c->target,   c->protocol,  c->public_port,
		       c->allow,          c->user,        c->password, c->bandwidth, c->connections,
		       c->proxy_protocol, c->paused,      c->file};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		mem_free(all[i]);
	agent_config_free(c->config);
	buf_fini(&c->said);
	mem_free(c);
}

/* Reads a text, or a number as a text. NULL: the key is absent, or wrong and reported. */
static char *read_word(struct conf_at at, const char *key)
{
	const char *text = NULL;
	int64_t number = 0;
	if (!conf_has(at, key))
		return NULL;
	if (conf_is_int(at, key))
		return conf_int(at, key, 0, INT64_MAX, &number) ? mem_printf("%" PRId64, number)
								: NULL;
	return conf_str(at, key, &text) ? mem_strdup(text) : NULL;
}

static void read_words(struct conf_at at, struct mapping_change *c)
{
	bool paused = false;
	c->public_text = read_word(at, "public");
	c->target = read_word(at, "target");
	c->protocol = read_word(at, "protocol");
	c->public_port = read_word(at, "public_port");
	c->allow = read_word(at, "allow");
	c->user = read_word(at, "user");
	c->password = read_word(at, "password");
	c->bandwidth = read_word(at, "bandwidth");
	c->connections = read_word(at, "connections");
	c->proxy_protocol = read_word(at, "proxy_protocol");
	if (conf_has(at, "paused") && conf_bool(at, "paused", &paused))
		c->paused = mem_strdup(paused ? "true" : "false");
	if (c->act == MAPPING_CHANGE_ADD) {
		c->name = read_word(at, "name");
		if (!c->name)
			conf_error(at, "name", "is missing");
		if (!c->public_text)
			conf_error(at, "public", "is missing: a port, a range or a host");
		if (!c->target)
			conf_error(at, "target",
				   "is missing: HOST:PORT, or a port of this machine");
	}
	if (c->password && (!c->user || !strcmp(c->user, "none")))
		conf_error(at, "password", "goes with \"user\"");
	else if (c->user && strcmp(c->user, "none") != 0 && !c->password)
		conf_error(at, "user", "goes with \"password\"");
}

struct mapping_change *mapping_change_read(const struct admin_request *r,
					   enum mapping_change_act act, const char *name)
{
	struct mapping_change *c = mem_zalloc(sizeof *c);
	c->act = act;
	c->name = mem_strdup(name);
	c->said = (struct buf)BUF_INIT;
	if (act == MAPPING_CHANGE_REMOVE)
		return c;
	struct conf *body = admin_request_body(r);
	bool good = false;
	if (body) {
		read_words(conf_root(body), c);
		good = admin_request_is_read(r, body);
	}
	conf_free(body);
	if (good)
		return c;
	change_free(c);
	return NULL;
}

const char *mapping_change_name(const struct mapping_change *c)
{
	return c->name;
}

static void work(void *arg)
{
	struct mapping_change *c = arg;
	bool is_new;
	const struct map_words words = {.which = c->act == MAPPING_CHANGE_ADD ? MAP_NEW : MAP_OLD,
					.name = c->name,
					.public_text = c->public_text,
					.target = c->target,
					.protocol = c->protocol,
					.public_port = c->public_port,
					.allow = c->allow,
					.basic_auth = c->user,
					.password = c->password,
					.bandwidth = c->bandwidth,
					.connections = c->connections,
					.proxy_protocol = c->proxy_protocol,
					.paused = c->paused};
	log_say_into(&c->said);
	if (c->act == MAPPING_CHANGE_REMOVE)
		c->code = config_edit_unmap(c->file, c->name, &c->config);
	else
		c->code = config_edit_map(c->file, &words, &is_new, &c->config);
	log_say_into(NULL);
}

static void done(void *arg)
{
	struct mapping_change *c = arg;
	size_t len = buf_len(&c->said);
	char *said = mem_printf("%.*s", (int)(len ? len - 1 : 0), buf_str(&c->said));
	const struct mapping_change_result r = {.code = c->code, .said = said, .config = c->config};
	c->fn(c->owner, &r);
	mem_free(said);
	change_free(c);
}

void mapping_change_start(struct mapping_change *c, struct loop *l, const char *file,
			  mapping_change_fn *fn, void *owner)
{
	c->file = mem_strdup(file);
	c->fn = fn;
	c->owner = owner;
	loop_edit(l, work, done, c);
}

static void write_allow(const struct mapping *m, struct json *w)
{
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < m->allow_count; i++) {
		char ip[ADDR_TEXT];
		buf_printf(&text, "%s%s/%u", i ? "," : "", addr_ip_text(&m->allow[i].net, ip),
			   (unsigned)m->allow[i].bits);
	}
	json_str(w, "allow", buf_str(&text));
	buf_fini(&text);
}

static void write_public(const struct mapping *m, struct json *w)
{
	char *ports = m->first == m->last
			  ? mem_printf("%u", (unsigned)m->first)
			  : mem_printf("%u-%u", (unsigned)m->first, (unsigned)m->last);
	json_str(w, "public", m->host_typed ? m->host_typed : m->host ? m->host : ports);
	if (m->host && m->first)
		json_str(w, "public_port", ports);
	mem_free(ports);
}

void mapping_change_write(const struct mapping *m, struct json *w)
{
	json_open(w, NULL, '{');
	json_str(w, "name", m->name);
	json_str(w, "protocol", mapping_kind(m->protocol)->word);
	write_public(m, w);
	json_str(w, "target", m->target_text);
	if (m->allow_count)
		write_allow(m, w);
	if (m->basic_user)
		json_str(w, "user", m->basic_user);
	if (m->bandwidth)
		json_uint(w, "bandwidth", m->bandwidth);
	if (m->connections)
		json_uint(w, "connections", m->connections);
	if (m->proxy_protocol)
		json_uint(w, "proxy_protocol", m->proxy_protocol);
	json_bool(w, "paused", m->paused);
	json_close(w);
}
