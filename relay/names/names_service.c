#include "relay/names/names_service.h"

#include "relay/names/serve.h"
#include "relay/names/update_door.h"
#include "shared/base/mem.h"

#include <string.h>
#include <unistd.h>

struct names_service {
	struct loop *loop;
	struct names *names;
	struct serve *serve;      /* or NULL: no `serve` */
	struct update_door *door; /* or NULL: no `update` */
	struct accounts *accounts;
	/* what the door was opened with, as text; another one opens it anew */
	char *door_key;
};

static const struct serve_config *serve_of(const struct dns_config_list *dns)
{
	for (size_t i = 0; i < dns->count; i++)
		if (dns->items[i].kind == DNS_SERVE)
			return &dns->items[i].serve;
	return NULL;
}

static void put_addresses(struct buf *b, const char *what, const struct addr *list, size_t count)
{
	char text[ADDR_TEXT];
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s %s\n", what, addr_text(&list[i], text));
}

static char *door_key(const struct names_service_config *config)
{
	const struct update_config *u = config->update;
	struct buf b = BUF_INIT;
	put_addresses(&b, "http", u->http, u->http_count);
	put_addresses(&b, "https", u->https, u->https_count);
	buf_printf(&b, "%s\n%s\n%s\n", config->names.domain,
		   u->certificate ? u->certificate : config->certificate,
		   u->certificate ? u->private_key : config->private_key);
	char *text = mem_strdup(buf_str(&b));
	buf_fini(&b);
	return text;
}

static void open_doors(struct names_service *s, const struct names_service_config *config)
{
	const struct serve_config *serve = serve_of(config->names.dns);
	if (s->serve && serve) {
		serve_reload(s->serve, serve);
	} else {
		serve_close(s->serve);
		s->serve = serve ? serve_new(s->loop, s->names, serve) : NULL;
	}
	char *key = config->update->on ? door_key(config) : NULL;
	if (key && s->door_key && strcmp(key, s->door_key) == 0) {
		mem_free(key);
		return;
	}
	update_door_close(s->door);
	s->door = NULL;
	mem_free(s->door_key);
	s->door_key = key;
	if (!key)
		return;
	s->door = update_door_new(s->loop, s->names, config->names.domain, config->update,
				  config->certificate, config->private_key);
	if (s->accounts)
		update_door_set_accounts(s->door, s->accounts);
}

struct names_service *names_service_start(struct loop *l, struct store *store,
					  const struct names_service_config *config,
					  struct accounts *accounts)
{
	struct names_service *s = mem_zalloc(sizeof(*s));
	s->loop = l;
	s->names = names_new(l, store, &config->names);
	names_service_set_accounts(s, accounts);
	open_doors(s, config);
	return s;
}

void names_service_reload(struct names_service *s, const struct names_service_config *config)
{
	names_reload(s->names, &config->names);
	open_doors(s, config);
}

void names_service_set_accounts(struct names_service *s, struct accounts *accounts)
{
	accounts_ref(accounts);
	accounts_unref(s->accounts);
	s->accounts = accounts;
	names_set_accounts(s->names, accounts);
	if (s->door)
		update_door_set_accounts(s->door, accounts);
}

struct names *names_service_names(struct names_service *s)
{
	return s->names;
}

void names_service_take_http(struct names_service *s, int fd, const struct addr *peer,
			     const void *early, size_t early_len)
{
	if (s->door)
		update_door_take(s->door, fd, peer, early, early_len);
	else
		close(fd);
}

const struct addr *names_service_dns_at(const struct names_service *s, size_t i)
{
	return s->serve ? serve_at(s->serve, i) : NULL;
}

const struct addr *names_service_update_at(const struct names_service *s, size_t i)
{
	return s->door ? update_door_at(s->door, i) : NULL;
}

void names_service_stop(struct names_service *s)
{
	if (!s)
		return;
	update_door_close(s->door);
	serve_close(s->serve);
	names_free(s->names);
	accounts_unref(s->accounts);
	mem_free(s->door_key);
	mem_free(s);
}
