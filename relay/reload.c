/*
 * build() reads relay.json into a configuration, and the accounts and certificates that it names.
 * An error in any of them ends the reload, and nothing has changed.
 *
 * put_in_force() takes the ports that the relay now listens on from mappings. Every loop gets
 * configuration and accounts, and judges its mappings by them. When all loops have done so, names
 * and listeners follow, and find their ports free. When two reloads overlap, these follow the
 * configuration that was put in force last.
 */
#include "relay/reload.h"

#include "relay/own_listeners.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

struct reload {
	struct relay_parts *relay;
	reload_fn *done;
	void *owner;
	struct relay_config *config;
	struct accounts *accounts;
	struct tls_context *tls; /* of the agents' listener */
	char *later;
};

static char *wrong(const char *file)
{
	return mem_printf("%s is wrong or cannot be read: nothing was changed (the log says where)",
			  file);
}

/* NULL with *why, one sentence (freed by the caller). */
static struct accounts *read_accounts(const struct relay_config *c, char **why)
{
	struct accounts *fresh;
	char *errors = NULL;
	if (accounts_load(c->accounts, c->domain, c->reserved_names, false, &fresh, &errors) == 0)
		return fresh;
	accounts_report(errors);
	mem_free(errors);
	*why = wrong(c->accounts);
	return NULL;
}

static bool pair_fits(const struct certificate_config *c, char **why)
{
	if (!c->file)
		return true;
	struct tls_context *tls = tls_context_server_new(c->file, c->private_key, NULL, true, why);
	tls_context_unref(tls);
	return tls != NULL;
}

/* NULL, or why nothing is to be changed (freed by the caller). */
static char *build(struct reload *r, const char *file)
{
	char *why = NULL;
	if (relay_config_reload(file, r->relay->context.config, &r->config, &r->later) < 0)
		return wrong(file);
	const struct relay_config *c = r->config;
	congestion_control_choose(c->congestion, r->config->congestion_used);
	r->accounts = read_accounts(c, &why);
	if (r->accounts && pair_fits(&c->update.certificate, &why) &&
	    pair_fits(&c->admin_certificate, &why))
		r->tls = tls_context_server_new(c->certificate, c->private_key,
						TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	return why;
}

static void end(struct reload *r, const char *error)
{
	r->done(r->owner, error, error ? NULL : r->later);
	relay_config_unref(r->config);
	accounts_unref(r->accounts);
	tls_context_unref(r->tls);
	mem_free(r->later);
	mem_free(r);
}

static void take_accounts(struct relay_parts *p, struct accounts *fresh)
{
	traffic_set_accounts(p->context.traffic, fresh);
	agent_registry_set_accounts(p->registry, fresh);
	name_registry_set_accounts(p->names, fresh);
	log_info("accounts_loaded", "count=%zu", accounts_count(fresh));
	size_t count = accounts_count(fresh);
	char *many = mem_printf("%zu account%s", count, count == 1 ? "" : "s");
	const struct event e = {.kind = EVENT_AUDIT, .subject = "accounts_loaded", .why = many};
	event_hub_take(p->context.events, &e);
	mem_free(many);
}

static void on_settled(void *arg, const struct buf *nothing)
{
	struct reload *r = arg;
	struct relay_parts *p = r->relay;
	struct relay_config *c = p->context.config;
	(void)nothing;
	if (p->names) { /* else the relay is stopping */
		event_hub_set(p->context.events, &c->notify, NULL, NULL);
		name_registry_reload(p->names, c);
		dns_server_set(p->dns_server, publishers_config_dns_server(&c->dns));
		ddns_server_set(p->ddns_server, c);
		own_certificate_set(p->own_certificate, c);
		relay_api_set(p->relay_api, c);
		own_listeners_set(p->listeners);
	}
	end(r, NULL);
}

static void put_in_force(struct reload *r)
{
	struct relay_parts *p = r->relay;
	struct context *c = &p->context;
	relay_config_unref(c->config);
	c->config = relay_config_ref(r->config);
	c->send.limit = c->receive.limit = (size_t)c->config->limits.memory_mib << 20;
	shaper_line_change(c->egress, c->config->egress);
	own_listeners_reserve(c);
	agent_listener_reload(p->agent_listener, r->tls);
	agent_registry_set_config(p->registry, c->config);
	take_accounts(p, r->accounts);
	agent_registry_settle(p->registry, on_settled, r);
}

void reload_begin(struct relay_parts *p, const char *file, reload_fn *done, void *owner)
{
	struct reload *r = mem_zalloc(sizeof *r);
	*r = (struct reload){.relay = p, .done = done, .owner = owner};
	char *why = build(r, file);
	if (why)
		end(r, why);
	else
		put_in_force(r);
	mem_free(why);
}

char *reload_accounts(struct relay_parts *p)
{
	char *why = NULL;
	struct accounts *fresh = read_accounts(p->context.config, &why);
	if (fresh)
		take_accounts(p, fresh);
	accounts_unref(fresh);
	return why;
}
