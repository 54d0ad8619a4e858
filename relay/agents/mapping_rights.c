#include "relay/agents/mapping_rights.h"

#include "relay/doors/port_table.h"
#include "shared/base/mem.h"
#include "shared/tunnel/declare_messages.h"

#include <stdio.h>
#include <string.h>

enum { LISTED = 6 }; /* of what an account has */

/* One of a list of which only the first are told. */
static void put_one(struct buf *b, size_t i, const char *text)
{
	if (i < LISTED)
		buf_printf(b, "%s%s", i ? "," : "", text);
	else if (i == LISTED)
		buf_puts(b, ",…");
}

/* what: that may not be; has: what may be, is freed; option: of the command that changes it. The
 * agent is told only so much: first what it may have is left out, then the command, of which half
 * would grant something else. */
static char *refuse(const struct door_owner *t, const char *what, struct buf *has,
		    const char *option)
{
	char *refusal = mem_printf("account %s may not %s", t->account, what);
	char *cure =
	    mem_printf("on the relay: groundnut-relay account set %s --%s", t->account, option);
	char *full = mem_printf("%s: it may have %s; %s", refusal,
				buf_len(has) ? buf_str(has) : "none", cure);
	char *fits = strlen(full) < STATE_ERROR_ROOM ? mem_strdup(full)
						     : mem_printf("%s; %s", refusal, cure);
	char *why = mem_strdup(strlen(fits) < STATE_ERROR_ROOM ? fits : refusal);
	mem_free(refusal);
	mem_free(cure);
	mem_free(full);
	mem_free(fits);
	buf_fini(has);
	return why;
}

static char *refuse_ports(const struct door_owner *t, const struct account *a,
			  const struct ports_range *r)
{
	struct buf has = BUF_INIT;
	char text[PORTS_TEXT], what[64], option[64];
	ports_text(r, text);
	snprintf(what, sizeof what, "open port %s%s", text,
		 r->protocols == PORTS_UDP ? "" : "/tcp");
	snprintf(option, sizeof option, "ports +%s", text);
	for (size_t i = 0; a && i < a->ports_count; i++)
		put_one(&has, i, ports_text(&a->ports[i], text));
	return refuse(t, what, &has, option);
}

static char *why_not_ports(const struct door_owner *t, const struct mapping *m)
{
	enum ports_protocol transport = mapping_kind(m->protocol)->transport;
	const struct account *a = door_owner_account(t);
	char *why = port_table_why_not(t->worker->context->ports, transport, m->first, m->last);
	if (why || (a && account_allows_ports(a, transport, m->first, m->last)))
		return why;
	return refuse_ports(t, a, &(struct ports_range){m->first, m->last, (uint8_t)transport});
}

static char *refuse_host(const struct door_owner *t, const struct account *a, const char *host)
{
	struct buf has = BUF_INIT;
	char what[300], option[300];
	snprintf(what, sizeof what, "have the host %s", host);
	snprintf(option, sizeof option, "hosts +%s.", host);
	for (size_t i = 0; a && i < a->host_count; i++)
		put_one(&has, i, a->hosts[i]);
	return refuse(t, what, &has, option);
}

/* The shared port that such a mapping needs, or NULL. */
static char *why_no_port(const struct relay_config *c, const struct mapping_kind *k)
{
	bool http = k->entrance == MAPPING_SHARED_HTTP;
	if (http ? c->http_count : c->tls_count)
		return NULL;
	return mem_printf("this relay has no port for %s mappings (\"%s\" in its relay.json)",
			  k->word, http ? "http" : "tls");
}

static char *why_not_host(const struct door_owner *t, const struct mapping *m, const char *host)
{
	const struct account *a = door_owner_account(t), *owner;
	char *why = m->first ? NULL : why_no_port(t->worker->config, mapping_kind(m->protocol));
	if (why)
		return why;
	if (a && accounts_allow_host(t->accounts, a, host))
		return NULL;
	owner = t->accounts ? accounts_owner(t->accounts, host) : NULL;
	const char *whose = NULL;
	if (reserved_names_has(t->worker->config->reserved_names, host))
		whose = "is the relay's own";
	else if (owner && owner != a)
		whose = "belongs to another account";
	return whose ? mem_printf("account %s may not have the host %s: it %s", t->account, host,
				  whose)
		     : refuse_host(t, a, host);
}

char *mapping_rights_why_not(const struct door_owner *t, const struct mapping *m, const char *host)
{
	if (m->unknown)
		return mem_printf("the relay is older than the agent, update it: %s", m->unknown);
	const struct account *a = door_owner_account(t);
	if (a && account_usage_is_stopped(t->usage, &a->quota))
		return door_owner_quota_sentence(t);
	char *why = host ? why_not_host(t, m, host) : NULL;
	return why || !m->first ? why : why_not_ports(t, m);
}
