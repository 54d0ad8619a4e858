/*
 * The order is that of cause and effect: the files, the machine, the running relay with its
 * listeners, publishers and mappings, then how the world finds its names. A line does not depend on
 * the ones before it, so each fault shows at its own place. Only without a configuration there is
 * nothing else to look at.
 */
#include "relay/doctor.h"

#include "relay/config.h"
#include "relay/config_check.h"
#include "relay/dns/delegation.h"
#include "shared/base/cli.h"
#include "shared/base/doctor_report.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"
#include "shared/net/status_text.h"

#include <ifaddrs.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DESCRIPTORS = 16384, SEEN_MOST = 16 };

struct doctor {
	struct doctor_report report;
	struct relay_config *config;
	json_t *status; /* of the running relay, or NULL */
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = status_text_string(object, key);
	return text ? text : "";
}

/* --- the files and the machine --- */

static void look_at_files(struct doctor *d)
{
	bool right = config_check_files(d->config) == 0;
	bool readable = config_check_service_user(d->config);
	doctor_report_add(&d->report, right ? DOCTOR_OK : DOCTOR_WRONG, "files",
			  right ? "accounts, certificates and state are in order"
				: "accounts, certificates or state are not; the reason is above");
	doctor_report_add(&d->report, readable ? DOCTOR_OK : DOCTOR_WRONG, "readers",
			  readable ? "the service can read all files"
				   : "the service cannot read all files; the cure is above");
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
					  "get there",
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
	doctor_report_congestion(&d->report, in_force);
}

/* --- the running relay --- */

static void ask_relay(struct doctor *d)
{
	struct control_client ask;
	control_client_program("relay", d->config->control, "{\"do\": \"status\"}",
			       CONTROL_CLIENT_MS, &ask);
	json_t *answer = ask.answer ? json_loads(ask.answer, 0, NULL) : NULL;
	d->status = json_incref(json_object_get(answer, "status"));
	json_decref(answer);
	if (d->status)
		doctor_report_add(&d->report, DOCTOR_OK, "relay", "runs, version %s",
				  text_of(d->status, "version"));
	else if (ask.result == CONTROL_CLIENT_NOBODY)
		doctor_report_add(&d->report, DOCTOR_WRONG, "relay",
				  "does not run: `systemctl enable --now groundnut-relay`, or "
				  "`groundnut-relay run`");
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "relay", "%s",
				  ask.said ? ask.said : "gave an answer without a status");
	control_client_fini(&ask);
}

static void look_at_listeners(struct doctor *d)
{
	const json_t *list = json_object_get(d->status, "listeners");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *l = json_array_get(list, i);
		bool open = !strcmp(text_of(l, "state"), "open");
		doctor_report_add(&d->report, open ? DOCTOR_OK : DOCTOR_WRONG, "listener",
				  "%s at %s%s%s", text_of(l, "for"), text_of(l, "at"),
				  open ? "" : ": ", open ? "" : text_of(l, "error"));
	}
}

static void look_at_mappings(struct doctor *d, const json_t *agent)
{
	const json_t *list = json_object_get(agent, "mappings");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *m = json_array_get(list, i);
		const json_t *reachable = json_object_get(m, "reachable");
		if (!strcmp(text_of(m, "state"), "error"))
			doctor_report_add(&d->report, DOCTOR_WRONG, "mapping", "%s/%s/%s: %s",
					  text_of(agent, "account"), text_of(agent, "agent"),
					  text_of(m, "name"), text_of(m, "error"));
		else if (!strcmp(text_of(reachable, "state"), "no"))
			doctor_report_add(&d->report, DOCTOR_WRONG, "reachable", "%s/%s/%s: %s",
					  text_of(agent, "account"), text_of(agent, "agent"),
					  text_of(m, "name"), text_of(reachable, "error"));
	}
}

static void look_at_agents(struct doctor *d)
{
	const json_t *list = json_object_get(d->status, "agents");
	size_t attached = 0;
	for (size_t i = 0; i < json_array_size(list); i++)
		attached += !strcmp(text_of(json_array_get(list, i), "state"), "attached");
	doctor_report_add(&d->report, attached ? DOCTOR_OK : DOCTOR_ADVICE, "agents",
			  attached ? "%zu attached"
				   : "%zu attached: at home, `groundnut-agent doctor` says why",
			  attached);
	for (size_t i = 0; i < json_array_size(list); i++)
		look_at_mappings(d, json_array_get(list, i));
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
		const char *kind = text_of(p, "kind");
		if (!status_text_string(p, "error") || is_told(told, kind))
			continue;
		json_object_set_new(told, kind, json_true());
		doctor_report_add(&d->report, DOCTOR_WRONG, "publisher", "%s: %s: %s", kind,
				  text_of(name, "name"), text_of(p, "error"));
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

/* One name of the relay's, as this machine's resolver finds it. shown: how it is told. */
static void look_up(struct doctor *d, const char *topic, const char *name, const char *shown)
{
	struct addr seen[2 * SEEN_MOST];
	char ip[ADDR_TEXT], own[ADDR_TEXT];
	int v4 = delegation_lookup(name, false, seen, SEEN_MOST);
	int v6 = delegation_lookup(name, true, seen + (v4 > 0 ? v4 : 0), SEEN_MOST);
	size_t count = (size_t)(v4 > 0 ? v4 : 0) + (size_t)(v6 > 0 ? v6 : 0);
	const struct addr *astray = NULL;
	for (size_t i = 0; i < count && !astray; i++)
		astray = is_ours(d->config, &seen[i]) ? NULL : &seen[i];
	if (v4 < 0 && v6 < 0)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, topic,
				  "%s: this machine's resolver does not answer", shown);
	else if (!count)
		doctor_report_add(&d->report, DOCTOR_WRONG, topic,
				  "%s leads nowhere: `groundnut-relay init` printed the records "
				  "that belong at the DNS provider",
				  shown);
	else if (astray)
		doctor_report_add(&d->report, DOCTOR_WRONG, topic,
				  "%s leads to %s, and relay.json's addresses are %s%s: change the "
				  "record, or `addresses`",
				  shown, addr_ip_text(astray, ip),
				  addr_ip_text(&d->config->addresses[0], own),
				  d->config->address_count > 1 ? " and others" : "");
	else
		doctor_report_add(&d->report, DOCTOR_OK, topic, "%s leads here", shown);
}

static bool is_named(char *const *nameservers, const char *server)
{
	for (; *nameservers; nameservers++)
		if (!strcasecmp(*nameservers, server))
			return true;
	return false;
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
		doctor_report_add(&d->report, DOCTOR_WRONG, "delegation",
				  "%s does not delegate %s: at its DNS provider, put the record "
				  "NS %s. for it, with the address of that server",
				  found.parent, d->config->domain, *nameservers);
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
	uint32_t number;
	random_bytes(&number, sizeof number);
	char *name = mem_printf("doctor-%08x.%s", number, d->config->domain),
	     *shown = mem_printf("*.%s", d->config->domain);
	look_up(d, "names", name, shown);
	mem_free(name);
	mem_free(shown);
}

static void look_at_names(struct doctor *d)
{
	const struct relay_config *c = d->config;
	const struct zone_config *serve = publishers_config_dns_server(&c->dns);
	struct addr ip;
	if (serve)
		look_at_delegation(d, serve->nameservers);
	if (serve || c->dns.count == 0)
		look_up(d, "domain", c->domain, c->domain);
	if (c->dns.count == 0)
		look_at_wildcard(d);
	if (c->host && addr_parse_ip(c->host, &ip) < 0)
		look_up(d, "host", c->host, c->host);
}

static void look_at_all(struct doctor *d)
{
	look_at_files(d);
	look_at_addresses(d);
	look_at_congestion(d);
	doctor_report_descriptors(&d->report, DESCRIPTORS);
	ask_relay(d);
	if (d->status) {
		look_at_listeners(d);
		look_at_publishers(d);
		look_at_agents(d);
	}
	look_at_names(d);
}

int doctor_run(const char *file, bool json)
{
	struct doctor d = {.status = NULL};
	int err = relay_config_load(file, &d.config);
	doctor_report_init(&d.report, json);
	doctor_report_configuration(&d.report, file, err);
	if (!err)
		look_at_all(&d);
	json_decref(d.status);
	relay_config_unref(d.config);
	int code = doctor_report_end(&d.report);
	return err ? cli_exit(err) : code;
}
