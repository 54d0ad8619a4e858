#include "relay/names/names_service.h"

#include "relay/names/dns_server.h"
#include "relay/names/ddns_server.h"
#include "shared/base/mem.h"

#include <unistd.h>

struct names_service {
	struct loop *loop;
	struct names *names;
	struct dns_server *serve; /* or NULL: no `serve` */
	struct ddns_server *door; /* or NULL: no `update` */
	struct accounts *accounts;
};

static const struct serve_config *serve_of(const struct dns_config_list *dns)
{
	for (size_t i = 0; i < dns->count; i++)
		if (dns->items[i].kind == DNS_SERVE)
			return &dns->items[i].serve;
	return NULL;
}

static struct publishers_config outlets_of(const struct relay_config *c)
{
	return (struct publishers_config){.domain = c->domain,
					  .host = c->host,
					  .addresses = c->addresses,
					  .address_count = c->address_count,
					  .dns = &c->dns};
}

static void open_door(struct names_service *s, const struct relay_config *config)
{
	const struct update_config *u = &config->update;
	if (!u->on) {
		ddns_server_close(s->door);
		s->door = NULL;
		return;
	}
	if (!s->door) {
		s->door = ddns_server_new(s->loop, s->names, config->domain);
		ddns_server_set_accounts(s->door, s->accounts);
	}
	if (!u->https_count)
		ddns_server_set_pair(s->door, NULL, NULL);
	else if (u->certificate)
		ddns_server_set_pair(s->door, u->certificate, u->private_key);
	else
		ddns_server_set_pair(s->door, config->certificate, config->private_key);
}

static void open_doors(struct names_service *s, const struct relay_config *config)
{
	const struct serve_config *serve = serve_of(&config->dns);
	if (s->serve && serve) {
		dns_server_reload(s->serve, serve);
	} else {
		dns_server_close(s->serve);
		s->serve = serve ? dns_server_new(s->loop, s->names, serve) : NULL;
	}
	open_door(s, config);
}

struct names_service *names_service_start(struct loop *l, struct store *store,
					  const struct relay_config *config,
					  struct accounts *accounts)
{
	struct names_service *s = mem_zalloc(sizeof(*s));
	s->loop = l;
	struct publishers_config names = outlets_of(config);
	s->names = names_new(l, store, &names);
	names_service_set_accounts(s, accounts);
	open_doors(s, config);
	return s;
}

void names_service_reload(struct names_service *s, const struct relay_config *config)
{
	struct publishers_config names = outlets_of(config);
	names_reload(s->names, &names);
	open_doors(s, config);
}

void names_service_set_accounts(struct names_service *s, struct accounts *accounts)
{
	accounts_ref(accounts);
	accounts_unref(s->accounts);
	s->accounts = accounts;
	names_set_accounts(s->names, accounts);
	if (s->door)
		ddns_server_set_accounts(s->door, accounts);
}

struct names *names_service_names(struct names_service *s)
{
	return s->names;
}

void names_service_take_http(struct names_service *s, int fd, const struct addr *peer,
			     const void *early, size_t early_len)
{
	if (s->door)
		ddns_server_take(s->door, fd, peer, early, early_len);
	else
		close(fd);
}

static void accept_at_door(struct names_service *s, int fd, const struct addr *peer, bool tls)
{
	if (s->door)
		ddns_server_accept(s->door, fd, peer, tls);
	else
		close(fd);
}

void names_service_accept_http(void *owner, int fd, const struct addr *peer,
			       const struct addr *local)
{
	(void)local;
	accept_at_door(owner, fd, peer, false);
}

void names_service_accept_https(void *owner, int fd, const struct addr *peer,
				const struct addr *local)
{
	(void)local;
	accept_at_door(owner, fd, peer, true);
}

void names_service_stop(struct names_service *s)
{
	if (!s)
		return;
	ddns_server_close(s->door);
	dns_server_close(s->serve);
	names_free(s->names);
	accounts_unref(s->accounts);
	mem_free(s);
}
