#include "relay/dns/delegation.h"

#include "shared/base/mem.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WAIT_S = 2, PARENT_SERVERS = 4 };

/* What the machine itself asks. NULL: it has no /etc/resolv.conf that can be read. */
static ldns_resolver *system_resolver(void)
{
	ldns_resolver *r = NULL;
	if (ldns_resolver_new_frm_file(&r, NULL) != LDNS_STATUS_OK)
		return NULL;
	ldns_resolver_set_timeout(r, (struct timeval){WAIT_S, 0});
	ldns_resolver_set_retry(r, 2);
	return r;
}

/* NULL: nobody answers. */
static ldns_pkt *query(ldns_resolver *r, const char *name, ldns_rr_type type, uint16_t flags)
{
	ldns_rdf *dname = ldns_dname_new_frm_str(name);
	ldns_pkt *p = NULL;
	if (dname && ldns_resolver_query_status(&p, r, dname, type, LDNS_RR_CLASS_IN, flags) !=
			 LDNS_STATUS_OK) {
		ldns_pkt_free(p);
		p = NULL;
	}
	ldns_rdf_deep_free(dname);
	return p;
}

bool delegation_resolves(const char *domain)
{
	const char *dot = strchr(domain, '.'), *const names[] = {dot ? dot + 1 : ".", "."};
	ldns_resolver *r = system_resolver();
	bool answered = false;
	for (size_t i = 0; r && i < 2 && !answered; i++) {
		ldns_pkt *p = query(r, names[i], LDNS_RR_TYPE_NS, LDNS_RD);
		answered = p != NULL;
		ldns_pkt_free(p);
	}
	ldns_resolver_deep_free(r);
	return answered;
}

static bool address_of(const ldns_rr *rr, struct addr *out)
{
	char *text = ldns_rdf2str(ldns_rr_rdf(rr, 0));
	bool good = text && addr_parse_ip(text, out) == 0;
	free(text);
	return good;
}

static int look_up(ldns_resolver *r, const char *name, bool v6, struct addr *out, size_t most)
{
	ldns_rr_type type = v6 ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A;
	ldns_pkt *p = query(r, name, type, LDNS_RD);
	ldns_pkt_rcode code = p ? ldns_pkt_get_rcode(p) : LDNS_RCODE_SERVFAIL;
	size_t count = 0;
	for (size_t i = 0; p && i < ldns_pkt_ancount(p) && count < most; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(ldns_pkt_answer(p), i);
		if (ldns_rr_get_type(rr) == type && address_of(rr, &out[count]))
			count++;
	}
	ldns_pkt_free(p);
	return code == LDNS_RCODE_NOERROR || code == LDNS_RCODE_NXDOMAIN ? (int)count : -1;
}

int delegation_lookup(const char *name, bool v6, struct addr *out, size_t most)
{
	ldns_resolver *r = system_resolver();
	int count = r ? look_up(r, name, v6, out, most) : -1;
	ldns_resolver_deep_free(r);
	return count;
}

/* The target of an NS record of owner, lower case and without the final dot. */
static bool server_of(const ldns_rr *rr, const char *owner, char out[DELEGATION_NAME])
{
	char *whose = ldns_rdf2str(ldns_rr_owner(rr)), *server = NULL;
	size_t len = strlen(owner);
	bool good = ldns_rr_get_type(rr) == LDNS_RR_TYPE_NS && whose &&
		    !strncasecmp(whose, owner, len) && (!whose[len] || !strcmp(whose + len, "."));
	if (good && (server = ldns_rdf2str(ldns_rr_rdf(rr, 0)))) {
		snprintf(out, DELEGATION_NAME, "%s", server);
		for (char *c = out; *c; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c | 32) : *c;
		if (*out && out[strlen(out) - 1] == '.')
			out[strlen(out) - 1] = '\0';
	}
	free(whose);
	free(server);
	return good && *out;
}

static size_t servers_in(const ldns_rr_list *list, const char *owner, char out[][DELEGATION_NAME],
			 size_t most)
{
	size_t count = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(list) && count < most; i++)
		if (server_of(ldns_rr_list_rr(list, i), owner, out[count]))
			count++;
	return count;
}

/* Asks one server of the parent, without recursion: a referral stands in the authority section, and
 * who serves both zones has it in the answer. */
static void ask_server(const struct addr *server, const char *domain, struct delegation *out)
{
	char ip[ADDR_TEXT];
	ldns_resolver *r = ldns_resolver_new();
	ldns_rdf *at = ldns_rdf_new_frm_str(
	    server->family == 6 ? LDNS_RDF_TYPE_AAAA : LDNS_RDF_TYPE_A, addr_ip_text(server, ip));
	ldns_resolver_set_recursive(r, false);
	ldns_resolver_push_nameserver(r, at);
	ldns_resolver_set_timeout(r, (struct timeval){WAIT_S, 0});
	ldns_resolver_set_retry(r, 2);
	ldns_pkt *p = query(r, domain, LDNS_RR_TYPE_NS, 0);
	out->answered = p && (ldns_pkt_get_rcode(p) == LDNS_RCODE_NOERROR ||
			      ldns_pkt_get_rcode(p) == LDNS_RCODE_NXDOMAIN);
	if (out->answered) {
		out->count =
		    servers_in(ldns_pkt_authority(p), domain, out->servers, DELEGATION_SERVERS);
		if (!out->count)
			out->count = servers_in(ldns_pkt_answer(p), domain, out->servers,
						DELEGATION_SERVERS);
	}
	ldns_pkt_free(p);
	ldns_rdf_deep_free(at);
	ldns_resolver_deep_free(r);
}

/* The nearest zone above the domain, and its servers. */
static size_t find_parent(ldns_resolver *r, const char *domain, char *parent,
			  char servers[][DELEGATION_NAME])
{
	size_t count = 0;
	for (const char *dot = strchr(domain, '.'); dot && !count; dot = strchr(dot + 1, '.')) {
		ldns_pkt *p = query(r, dot + 1, LDNS_RR_TYPE_NS, LDNS_RD);
		if (p)
			count = servers_in(ldns_pkt_answer(p), dot + 1, servers, PARENT_SERVERS);
		if (count)
			snprintf(parent, DELEGATION_NAME, "%s", dot + 1);
		ldns_pkt_free(p);
	}
	return count;
}

void delegation_ask(const char *domain, struct delegation *out)
{
	char servers[PARENT_SERVERS][DELEGATION_NAME];
	ldns_resolver *r = system_resolver();
	*out = (struct delegation){.count = 0};
	size_t count = r ? find_parent(r, domain, out->parent, servers) : 0;
	for (size_t i = 0; i < count && !out->answered; i++) {
		struct addr at;
		if (look_up(r, servers[i], false, &at, 1) > 0 ||
		    look_up(r, servers[i], true, &at, 1) > 0)
			ask_server(&at, domain, out);
	}
	ldns_resolver_deep_free(r);
}
