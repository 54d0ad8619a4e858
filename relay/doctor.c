/*
 * The order is that of cause and effect: the files, the machine, the running relay with its
 * listeners, publishers and mappings, then how the world finds its names. Each fault shows at its
 * own line. What cannot be looked at because of a fault before is unknown. Only when the file is
 * wrong, nothing else is looked at; when no relay runs, its status is left out.
 */
#include "relay/doctor.h"

#include "relay/config.h"
#include "relay/config_check.h"
#include "relay/dns/delegation.h"
#include "shared/acme/certificate.h"
#include "shared/base/cli.h"
#include "shared/base/doctor_report.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/doctor_status.h"
#include "shared/net/loop.h"
#include "shared/net/port_owner.h"
#include "shared/net/status_text.h"

#include <ifaddrs.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 16384,
	SEEN_MOST = 16,
	PEM_MAX = 1 << 20,
	EXPIRES_SOON_MS = 14 * 24 * 3600 * 1000
};

struct doctor {
	struct doctor_report report;
	struct relay_config *config;
	json_t *status; /* of the running relay, or NULL */
};

/* --- the files and the machine --- */

static void look_at_files(struct doctor *d)
{
	doctor_report_listen(&d->report);
	bool good = config_check_files(d->config) == 0;
	doctor_report_heard(&d->report, good ? DOCTOR_ADVICE : DOCTOR_WRONG, "files",
			    "accounts, certificates and state are in order");
	doctor_report_listen(&d->report);
	config_check_service_user(d->config);
	doctor_report_heard(&d->report, DOCTOR_WRONG, "readers", "the service can read all files");
	doctor_report_listen(&d->report);
	good = config_check_names(d->config) == 0;
	doctor_report_heard(&d->report, good ? DOCTOR_ADVICE : DOCTOR_WRONG, "accounts",
			    "none has a name of the relay's own, or of another account");
}

/* The pair of a file is renewed by another program; here it shows when that has ended. */
static void look_at_certificate_file(struct doctor *d, const char *file)
{
	struct certificate c;
	char *pem = NULL, why[CERTIFICATE_WORDS], at[32];
	size_t len;
	if (!file || file_read(file, PEM_MAX, &pem, &len) != 0)
		return;
	uint64_t now = loop_wall_ms();
	if (certificate_init(&c, pem, len, NULL, NULL, 0, why) == 0) {
		text_time(c.not_after_ms, at);
		if (now >= c.not_after_ms)
			doctor_report_add(&d->report, DOCTOR_WRONG, "certificate",
					  "%s: its time was over at %s: put a new pair there, and "
					  "`groundnut-relay reload`",
					  file, at);
		else if (now + EXPIRES_SOON_MS >= c.not_after_ms)
			doctor_report_add(&d->report, DOCTOR_ADVICE, "certificate",
					  "%s: valid only until %s: does anything renew it?", file,
					  at);
		else
			doctor_report_add(&d->report, DOCTOR_OK, "certificate",
					  "%s: valid until %s", file, at);
		certificate_fini(&c);
	}
	mem_free(pem);
}

static void look_at_certificates(struct doctor *d)
{
	const struct relay_config *c = d->config;
	const char *update = c->update.certificate.file, *admin = c->admin_certificate.file;
	look_at_certificate_file(d, c->certificate);
	look_at_certificate_file(d, update);
	if (admin && (!update || strcmp(admin, update) != 0))
		look_at_certificate_file(d, admin);
}

static bool is_on_this_machine(const struct addr *a)
{
	struct ifaddrs *list = NULL;
	struct addr own;
	bool found = false;
	if (getifaddrs(&list) != 0)
		return false;
	for (const struct ifaddrs *i = list; i && !found; i = i->ifa_next)
		found =
		    i->ifa_addr && addr_from_sockaddr(&own, i->ifa_addr) && addr_equal_ip(&own, a);
	freeifaddrs(list);
	return found;
}

static void look_at_addresses(struct doctor *d)
{
	for (size_t i = 0; i < d->config->address_count; i++) {
		const struct addr *a = &d->config->addresses[i];
		char ip[ADDR_TEXT];
		addr_ip_text(a, ip);
		if (!addr_is_public(a))
			doctor_report_add(&d->report, DOCTOR_ADVICE, "address",
					  "%s is not a public one: visitors on the Internet do not "
					  "get there; relay.json's `addresses` names those that do",
					  ip);
		else if (!is_on_this_machine(a))
			doctor_report_add(&d->report, DOCTOR_ADVICE, "address",
					  "%s is on no interface here, which is right only where "
					  "the provider translates it (1:1 NAT)",
					  ip);
		else
			doctor_report_add(&d->report, DOCTOR_OK, "address", "%s", ip);
	}
}

static const struct addr *find_own_ipv6(const struct relay_config *c)
{
	for (size_t i = 0; i < c->address_count; i++)
		if (c->addresses[i].family == 6)
			return &c->addresses[i];
	return NULL;
}

static void look_at_ipv6(struct doctor *d)
{
	struct addr own;
	char ip[ADDR_TEXT];
	const struct addr *named = find_own_ipv6(d->config);
	enum doctor_ipv6 found = doctor_report_find_ipv6(&own);
	if (!named && found == DOCTOR_IPV6_NONE)
		doctor_report_add(&d->report, DOCTOR_OK, "ipv6",
				  "this machine has no public address of it; visitors come by "
				  "IPv4");
	else if (!named)
		doctor_report_add(&d->report, DOCTOR_ADVICE, "ipv6",
				  "this machine has %s, which relay.json's `addresses` does not "
				  "name: with it, visitors come by IPv6, too",
				  addr_ip_text(&own, ip));
	else if (found == DOCTOR_IPV6_NO_ROUTE)
		doctor_report_add(&d->report, DOCTOR_WRONG, "ipv6",
				  "no route leads out of this machine, so visitors of %s get no "
				  "answer: the provider's panel names the gateway",
				  addr_ip_text(named, ip));
	else
		doctor_report_add(&d->report, DOCTOR_OK, "ipv6", "%s", addr_ip_text(named, ip));
}

/* What a socket of the relay's gets. */
static void look_at_congestion(struct doctor *d)
{
	char in_force[CONGESTION_CONTROL_NAME] = "";
	const char *wanted = d->config->congestion ? d->config->congestion : "bbr";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd >= 0) {
		congestion_control_set(fd, strcmp(wanted, "system") == 0 ? "" : wanted);
		congestion_control_of(fd, in_force);
		close(fd);
	}
	doctor_report_congestion(&d->report, in_force, d->config->congestion);
}

/* --- the running relay --- */

static void ask_relay(struct doctor *d)
{
	d->status = doctor_status_ask(&d->report, "relay", d->config->control);
	if (d->status)
		doctor_report_add(&d->report, DOCTOR_OK, "relay", "runs, version %s",
				  doctor_status_text(d->status, "version"));
}

/* Who holds a port, where the relay could not see it and this user may. The caller frees it. */
static char *find_holder(const char *what, const char *at, const char *error)
{
	struct addr a;
	if (!strstr(error, "another program") || addr_parse(at, &a) != 0)
		return NULL;
	char *holder = port_owner_of_port(PORT_OWNER_TCP, &a);
	return holder || strcmp(what, "dns") != 0 ? holder : port_owner_of_port(PORT_OWNER_UDP, &a);
}

static void look_at_listener(struct doctor *d, const json_t *l)
{
	const char *what = doctor_status_text(l, "for"), *at = doctor_status_text(l, "at"),
		   *error = doctor_status_text(l, "error");
	if (!strcmp(doctor_status_text(l, "state"), "open")) {
		doctor_report_add(&d->report, DOCTOR_OK, "listener", "%s at %s", what, at);
		return;
	}
	char *holder = find_holder(what, at, error);
	doctor_report_add(
	    &d->report, DOCTOR_WRONG, "listener", "%s: %s%s%s%s", what, error, holder ? ", " : "",
	    holder ? holder : "",
	    strstr(error, "held by") ? ": stop that one, or change the port in relay.json" : "");
	mem_free(holder);
}

static void look_at_listeners(struct doctor *d)
{
	const json_t *list = json_object_get(d->status, "listeners");
	for (size_t i = 0; i < json_array_size(list); i++)
		look_at_listener(d, json_array_get(list, i));
}

/* The one that "certificate": "auto" orders. */
static void look_at_ordered_certificate(struct doctor *d)
{
	const json_t *c = json_object_get(d->status, "certificate");
	const char *name = doctor_status_text(c, "name"), *error = doctor_status_text(c, "error"),
		   *next = doctor_status_text(c, "next_try");
	if (!c)
		return;
	if (*error)
		doctor_report_add(&d->report, DOCTOR_WRONG, "certificate", "%s: %s%s%s%s", name,
				  error, *next ? " (tried again at " : "", next, *next ? ")" : "");
	else if (!strcmp(doctor_status_text(c, "state"), "valid"))
		doctor_report_add(&d->report, DOCTOR_OK, "certificate", "%s: valid until %s", name,
				  doctor_status_text(c, "not_after"));
	else
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "certificate",
				  "%s: there is none yet; it is being ordered", name);
}

/* Adds the faults of one kind of an agent's mappings. Returns how many. */
static size_t add_faults(struct doctor *d, const json_t *agent, const char *topic)
{
	const json_t *list = json_object_get(agent, "mappings");
	bool of_mapping = !strcmp(topic, "mapping");
	size_t count = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *m = json_array_get(list, i);
		const json_t *part = of_mapping ? m : json_object_get(m, "reachable");
		if (strcmp(doctor_status_text(part, "state"), of_mapping ? "error" : "no") != 0)
			continue;
		count++;
		doctor_report_add(&d->report, DOCTOR_WRONG, topic, "%s/%s/%s: %s",
				  doctor_status_text(agent, "account"),
				  doctor_status_text(agent, "agent"), doctor_status_text(m, "name"),
				  doctor_status_text(part, "error"));
	}
	return count;
}

/* Of thousands of mappings only those with a fault have a line. */
static void look_at_mappings(struct doctor *d, const char *topic, const char *otherwise)
{
	const json_t *list = json_object_get(d->status, "agents");
	size_t count = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		count += add_faults(d, json_array_get(list, i), topic);
	if (!count)
		doctor_report_add(&d->report, DOCTOR_OK, topic, "%s", otherwise);
}

static void look_at_agents(struct doctor *d)
{
	const json_t *list = json_object_get(d->status, "agents");
	size_t attached = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		attached +=
		    !strcmp(doctor_status_text(json_array_get(list, i), "state"), "attached");
	doctor_report_add(&d->report, attached ? DOCTOR_OK : DOCTOR_ADVICE, "agents",
			  attached ? "%zu attached"
				   : "%zu attached: at home, `groundnut-agent doctor` says why",
			  attached);
}

/* A publisher's fault is said once, at the first name that has it. */
static bool is_told(const json_t *told, const char *kind)
{
	return json_object_get(told, kind) != NULL;
}

static void look_at_published(struct doctor *d, const json_t *name, json_t *told)
{
	const json_t *list = json_object_get(name, "published");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		const char *kind = doctor_status_text(p, "kind");
		if (!status_text_string(p, "error") || is_told(told, kind))
			continue;
		json_object_set_new(told, kind, json_true());
		doctor_report_add(&d->report, DOCTOR_WRONG, "publisher", "%s: %s: %s", kind,
				  doctor_status_text(name, "name"), doctor_status_text(p, "error"));
	}
}

/* Of the first page of names: a publisher that fails does so for all. */
static void look_at_publishers(struct doctor *d)
{
	const json_t *names = json_object_get(d->status, "names");
	json_t *told = json_object();
	for (size_t i = 0; i < json_array_size(names); i++)
		look_at_published(d, json_array_get(names, i), told);
	for (size_t i = 0; i < d->config->dns.count; i++) {
		const char *kind = d->config->dns.items[i].kind->name;
		if (!is_told(told, kind))
			doctor_report_add(&d->report, DOCTOR_OK, "publisher", "%s has no error",
					  kind);
	}
	json_decref(told);
}

/* --- how the world finds it --- */

static bool is_ours(const struct relay_config *c, const struct addr *a)
{
	for (size_t i = 0; i < c->address_count; i++)
		if (addr_equal_ip(&c->addresses[i], a))
			return true;
	return false;
}

enum lookup { LOOKUP_UNANSWERED, LOOKUP_NOWHERE, LOOKUP_ASTRAY, LOOKUP_HERE };

/* Where the world finds a name. astray: an address that is not ours. */
static enum lookup find(const struct doctor *d, const char *name, struct addr *astray)
{
	struct addr seen[2 * SEEN_MOST];
	int v4 = delegation_lookup(name, false, seen, SEEN_MOST);
	int v6 = delegation_lookup(name, true, seen + (v4 > 0 ? v4 : 0), SEEN_MOST);
	size_t count = (size_t)(v4 > 0 ? v4 : 0) + (size_t)(v6 > 0 ? v6 : 0);
	if (!count && (v4 < 0 || v6 < 0))
		return LOOKUP_UNANSWERED;
	for (size_t i = 0; i < count; i++) {
		if (is_ours(d->config, &seen[i]))
			continue;
		*astray = seen[i];
		return LOOKUP_ASTRAY;
	}
	return count ? LOOKUP_HERE : LOOKUP_NOWHERE;
}

static void report_lookup(struct doctor *d, const char *topic, const char *shown, enum lookup found,
			  const struct addr *astray)
{
	const struct addr *own = &d->config->addresses[0];
	char ip[ADDR_TEXT], own_ip[ADDR_TEXT];
	addr_ip_text(own, own_ip);
	if (found == LOOKUP_UNANSWERED)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, topic,
				  "%s: its name servers do not answer", shown);
	else if (found == LOOKUP_NOWHERE)
		doctor_report_add(&d->report, DOCTOR_WRONG, topic,
				  "%s leads nowhere: at its DNS provider, put the record %s %s %s",
				  shown, shown, own->family == 6 ? "AAAA" : "A", own_ip);
	else if (found == LOOKUP_ASTRAY)
		doctor_report_add(&d->report, DOCTOR_WRONG, topic,
				  "%s leads to %s, and relay.json's addresses are %s%s: change the "
				  "record, or `addresses`",
				  shown, addr_ip_text(astray, ip), own_ip,
				  d->config->address_count > 1 ? " and others" : "");
	else
		doctor_report_add(&d->report, DOCTOR_OK, topic, "%s leads here", shown);
}

/* One name of the relay's, as this machine's resolver finds it. shown: how it is told. */
static void look_up(struct doctor *d, const char *topic, const char *name, const char *shown)
{
	struct addr astray;
	enum lookup found = find(d, name, &astray);
	report_lookup(d, topic, shown, found, &astray);
}

/* is_served: our own DNS server answers for the domain, if it is delegated. */
static void look_at_domain(struct doctor *d, bool is_served)
{
	const char *domain = d->config->domain;
	struct addr astray;
	enum lookup found = find(d, domain, &astray);
	if (is_served && d->status && found == LOOKUP_UNANSWERED)
		doctor_report_add(&d->report, DOCTOR_WRONG, "domain",
				  "%s: nobody gets an answer about it: open port 53, udp and tcp, "
				  "in this machine's firewall and at its provider",
				  domain);
	else if (is_served && found == LOOKUP_NOWHERE)
		doctor_report_add(&d->report, DOCTOR_WRONG, "domain",
				  "%s leads nowhere: the zone above must delegate it", domain);
	else
		report_lookup(d, "domain", domain, found, &astray);
}

/* A name below the domain that nobody has. The caller frees it. */
static char *any_name(const struct doctor *d)
{
	uint32_t number;
	random_bytes(&number, sizeof number);
	return mem_printf("doctor-%08x.%s", number, d->config->domain);
}

static bool is_named(char *const *nameservers, const char *server)
{
	for (; *nameservers; nameservers++)
		if (!strcasecmp(*nameservers, server))
			return true;
	return false;
}

/* A wildcard at the provider brings visitors here, too. */
static void report_no_delegation(struct doctor *d, const char *parent, const char *nameserver)
{
	const char *domain = d->config->domain;
	struct addr astray;
	char *name = any_name(d);
	if (find(d, name, &astray) != LOOKUP_HERE)
		doctor_report_add(&d->report, DOCTOR_WRONG, "delegation",
				  "%s does not delegate %s: at its DNS provider, put the record "
				  "NS %s. for it, with the address of that server",
				  parent, domain, nameserver);
	else
		doctor_report_add(&d->report, DOCTOR_ADVICE, "delegation",
				  "%s does not delegate %s, but *.%s leads here. Names that follow "
				  "a home need the delegation. So do certificates of whole "
				  "accounts, or at the DNS provider _acme-challenge.%s NS %s. and "
				  "for each account _acme-challenge.alice.%s CNAME "
				  "alice._acme-challenge.%s.",
				  parent, domain, domain, domain, nameserver, domain, domain);
	mem_free(name);
}

/* With `serve`: to whom the zone above delegates the domain. */
static void look_at_delegation(struct doctor *d, char *const *nameservers)
{
	struct delegation found;
	delegation_ask(d->config->domain, &found);
	const char *stranger = NULL;
	for (size_t i = 0; i < found.count && !stranger; i++)
		stranger = is_named(nameservers, found.servers[i]) ? NULL : found.servers[i];
	if (!found.answered)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "delegation",
				  "the name servers of the zone above %s do not answer",
				  d->config->domain);
	else if (!found.count)
		report_no_delegation(d, found.parent, *nameservers);
	else if (stranger)
		doctor_report_add(&d->report, DOCTOR_WRONG, "delegation",
				  "%s delegates %s to %s, which is none of relay.json's "
				  "nameservers (%s): change the record, or `nameservers`",
				  found.parent, d->config->domain, stranger, *nameservers);
	else
		doctor_report_add(&d->report, DOCTOR_OK, "delegation", "%s delegates %s to %s",
				  found.parent, d->config->domain, found.servers[0]);
}

/* Without `serve` and without another publisher only a wildcard brings visitors here. */
static void look_at_wildcard(struct doctor *d)
{
	char *name = any_name(d), *shown = mem_printf("*.%s", d->config->domain);
	look_up(d, "names", name, shown);
	mem_free(name);
	mem_free(shown);
}

/* The names that the relay is found by. */
static void look_at_names(struct doctor *d)
{
	const struct relay_config *c = d->config;
	const struct zone_config *serve = publishers_config_dns_server(&c->dns);
	struct addr ip;
	bool resolves = delegation_resolves(c->domain);
	doctor_report_add(&d->report, resolves ? DOCTOR_OK : DOCTOR_WRONG, "resolver",
			  resolves ? "this machine's name servers answer"
				   : "none of the name servers in /etc/resolv.conf answers: name "
				     "another there; the names below cannot be looked at");
	if (!resolves)
		return;
	if (serve)
		look_at_delegation(d, serve->nameservers);
	if (serve || c->dns.count == 0)
		look_at_domain(d, serve != NULL);
	if (c->dns.count == 0)
		look_at_wildcard(d);
	if (c->host && addr_parse_ip(c->host, &ip) < 0)
		look_up(d, "host", c->host, c->host);
}

static void look_at_all(struct doctor *d)
{
	look_at_files(d);
	look_at_certificates(d);
	look_at_addresses(d);
	look_at_ipv6(d);
	look_at_congestion(d);
	doctor_report_descriptors(&d->report, DESCRIPTORS);
	ask_relay(d);
	if (d->status) {
		look_at_listeners(d);
		look_at_ordered_certificate(d);
		look_at_publishers(d);
		look_at_agents(d);
		look_at_mappings(d, "mapping", "none is refused");
		look_at_mappings(d, "reachable", "none is known to be blocked from outside");
	}
	look_at_names(d);
}

int doctor_run(const char *file, bool json)
{
	struct doctor d = {.status = NULL};
	doctor_report_init(&d.report, json);
	doctor_report_listen(&d.report);
	int err = relay_config_load(file, &d.config);
	doctor_report_configuration(&d.report, file, err,
				    "groundnut-relay init --domain DOMAIN "
				    "--address ADDRESS");
	if (!err)
		look_at_all(&d);
	json_decref(d.status);
	relay_config_unref(d.config);
	int code = doctor_report_end(&d.report);
	return err ? cli_exit(err) : code;
}
