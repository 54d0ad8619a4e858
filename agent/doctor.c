/*
 * It looks in the order of cause and effect: at the file; at the relay, as `join` does; at the
 * status of the running agent and its mappings; at the targets, which it dials itself. Each fault
 * shows at its own line. What cannot be looked at because of a fault before is unknown. Only when
 * the file is wrong, nothing else is looked at; when no agent runs, its status is left out.
 *
 * Targets with an address are dialled together. Those with a name follow one by one, each on a
 * loop of its own, since a dead name holds up the lookups behind it.
 */
#include "agent/doctor.h"

#include "agent/config.h"
#include "agent/join_probe.h"
#include "shared/base/cli.h"
#include "shared/base/doctor_report.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/dial.h"
#include "shared/net/doctor_status.h"
#include "shared/net/status_text.h"
#include "shared/net/timer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
	RELAY_MS = 5000,
	TARGET_MS = 3000,
	TARGETS_AT_ONCE = 128,
	LOOKUPS_MS = 20000, /* when vain lookups have taken so long, there are no more */
	CLOCK_OFF_MS = 30000,
	LOOK_MS = 50,
	DESCRIPTORS = 4096
};

struct doctor {
	struct doctor_report report;
	struct agent_config *config;
	json_t *status;            /* of the running agent, or NULL */
	bool relay_takes_it;       /* the relay takes what the file says */
	uint64_t lookups_ms;       /* what vain lookups have taken */
	const atomic_bool *enough; /* or NULL */
};

static bool has_enough(const struct doctor *d)
{
	return d->enough && atomic_load(d->enough);
}

/* --- the file and the relay --- */

static void look_at_files(struct doctor *d)
{
	doctor_report_listen(&d->report);
	agent_config_check_service_user(d->config);
	doctor_report_heard(&d->report, DOCTOR_WRONG, "files", "are readable to the service");
}

static const char *const step_topics[] = {
    [JOIN_PROBE_NAME] = "name",
    [JOIN_PROBE_RELAY] = "relay",
    [JOIN_PROBE_PIN] = "pin",
    [JOIN_PROBE_TOKEN] = "token",
};

static void add_good_step(struct doctor *d, enum join_probe_step step)
{
	const struct agent_config *c = d->config;
	const char *topic = step_topics[step];
	if (step == JOIN_PROBE_NAME)
		doctor_report_add(&d->report, DOCTOR_OK, topic,
				  c->relay.numeric ? "%s is an address, which needs no lookup"
						   : "%s leads to an address",
				  c->relay.host);
	else if (step == JOIN_PROBE_RELAY)
		doctor_report_add(&d->report, DOCTOR_OK, topic, "%s answers", c->relay_text);
	else if (step == JOIN_PROBE_TOKEN)
		doctor_report_add(&d->report, DOCTOR_OK, topic, "the relay takes the %s of %s",
				  c->invite ? "invitation" : "token", c->account);
	else if (c->pin)
		doctor_report_add(&d->report, DOCTOR_OK, topic,
				  "the relay's key is the pinned one");
	else
		doctor_report_add(&d->report, DOCTOR_OK, topic,
				  "the relay's certificate verifies by %s",
				  c->ca_file ? c->ca_file : "the system's CAs");
}

static void look_at_relay(struct doctor *d)
{
	enum join_probe_step failed;
	char *said = NULL;
	uint64_t begun_ms = loop_clock_ms();
	int err = join_probe_run(d->config, RELAY_MS, d->enough, &failed, &said);
	d->relay_takes_it = !err;
	d->lookups_ms = err && failed == JOIN_PROBE_NAME ? loop_clock_ms() - begun_ms : 0;
	for (int step = JOIN_PROBE_NAME; step <= JOIN_PROBE_TOKEN; step++)
		if (!err || step < (int)failed)
			add_good_step(d, step);
		else if (step == (int)failed)
			doctor_report_add(&d->report, DOCTOR_WRONG, step_topics[step], "%s", said);
		else
			doctor_report_add(&d->report, DOCTOR_UNKNOWN, step_topics[step],
					  "was not tried, because of the line `%s`",
					  step_topics[failed]);
	mem_free(said);
}

/* --- the running agent --- */

static bool is_attached(const struct doctor *d)
{
	return !strcmp(doctor_status_text(d->status, "state"), "attached");
}

static void look_at_session(struct doctor *d)
{
	const char *state = doctor_status_text(d->status, "state"),
		   *error = doctor_status_text(d->status, "last_error");
	char rtt[32];
	if (is_attached(d))
		doctor_report_add(&d->report, DOCTOR_OK, "agent", "is attached, %s ms",
				  status_text_number(d->status, "rtt_ms", rtt));
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "agent", "runs, and is %s%s%s%s", state,
				  *error ? ": " : "", error,
				  d->relay_takes_it ? "; the relay takes what the file says now: "
						      "`groundnut-agent reload`"
						    : "");
}

static void look_at_clock(struct doctor *d)
{
	const json_t *off = json_object_get(d->status, "clock_off_ms");
	long long ms = json_integer_value(off);
	if (!json_is_integer(off))
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "clock",
				  "the relay has not told its own");
	else if (llabs(ms) > CLOCK_OFF_MS)
		doctor_report_add(&d->report, DOCTOR_WRONG, "clock",
				  "is %lld s %s the relay's: `timedatectl set-ntp true` on the one "
				  "that is wrong; certificates depend on it",
				  llabs(ms) / 1000, ms > 0 ? "behind" : "ahead of");
	else
		doctor_report_add(&d->report, DOCTOR_OK, "clock", "agrees with the relay's");
}

static void look_at_congestion(struct doctor *d)
{
	const char *in_force = doctor_status_text(d->status, "congestion");
	if (is_attached(d))
		doctor_report_congestion(&d->report, in_force, d->config->congestion);
	else
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "congestion",
				  "there is no link to the relay");
}

static void look_at_address(struct doctor *d)
{
	const char *address = doctor_status_text(d->status, "address");
	if (*address)
		doctor_report_add(&d->report, DOCTOR_OK, "address", "%s", address);
	else
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "address",
				  "the relay has not told it yet");
}

static bool follows_home(const struct agent_config *c)
{
	for (size_t i = 0; i < c->names.count; i++)
		if (c->names.items[i].follow == NAME_FOLLOW_HOME)
			return true;
	return false;
}

/* The advice is for names that follow the home; without such a name it would only worry people. */
static void look_at_nat(struct doctor *d)
{
	const char *nat = doctor_status_text(d->status, "nat");
	bool is_public = !strcmp(nat, "public"), is_cgnat = !strcmp(nat, "cgnat");
	if (!is_public && !is_cgnat && !is_attached(d))
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "nat",
				  "nobody can tell before the agent is attached");
	else if (follows_home(d->config))
		doctor_report_add(&d->report,
				  is_public  ? DOCTOR_OK
				  : is_cgnat ? DOCTOR_ADVICE
					     : DOCTOR_UNKNOWN,
				  "nat", "%s: %s", nat, doctor_status_text(d->status, "advice"));
	else
		doctor_report_add(&d->report, DOCTOR_OK, "nat",
				  "%s; no name follows this home, so it does not matter",
				  *nat ? nat : "unknown");
}

static void look_at_ipv6(struct doctor *d)
{
	struct addr own;
	char ip[ADDR_TEXT];
	enum doctor_ipv6 found = doctor_report_find_ipv6(&own);
	if (found == DOCTOR_IPV6_NONE)
		doctor_report_add(&d->report, DOCTOR_OK, "ipv6",
				  "this machine has no public address of it, and needs none");
	else if (found == DOCTOR_IPV6_GOOD)
		doctor_report_add(&d->report, DOCTOR_OK, "ipv6", "%s", addr_ip_text(&own, ip));
	else
		doctor_report_add(&d->report, DOCTOR_ADVICE, "ipv6",
				  "this machine has %s, but no route out: is IPv6 switched on in "
				  "the router? IPv4 serves meanwhile",
				  addr_ip_text(&own, ip));
}

static const json_t *mapping_status(const struct doctor *d, const char *name)
{
	const json_t *list = json_object_get(d->status, "mappings");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(doctor_status_text(json_array_get(list, i), "name"), name))
			return json_array_get(list, i);
	return NULL;
}

/* Tells whether visitors get through, as the running agent's last probe found. */
static void look_from_outside(struct doctor *d, const char *name, const json_t *status)
{
	const json_t *reachable = json_object_get(status, "reachable");
	const char *state = doctor_status_text(reachable, "state"),
		   *error = doctor_status_text(reachable, "error");
	bool open = !strcmp(doctor_status_text(status, "state"), "open");
	if (!is_attached(d))
		return;
	if (!strcmp(state, "no"))
		doctor_report_add(&d->report, DOCTOR_WRONG, "reachable", "%s: %s", name, error);
	else if (!strcmp(state, "yes") && open)
		doctor_report_add(&d->report, DOCTOR_OK, "reachable", "%s: from outside and back",
				  name);
	else if (open)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "reachable",
				  "%s: not tried yet from outside%s%s", name, *error ? ": " : "",
				  error);
}

static void add_bad_certificate(struct doctor *d, const struct mapping *m, const char *state,
				const char *error)
{
	if (!strcmp(state, "valid"))
		doctor_report_add(&d->report, DOCTOR_WRONG, "certificate", "%s: %s", m->name,
				  error);
	else if (m->certificate)
		doctor_report_add(&d->report, DOCTOR_WRONG, "certificate",
				  "%s: %s: put a new one into %s, and the agent takes it up",
				  m->name, error, m->certificate);
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "certificate",
				  "%s: %s: `groundnut-agent certificates renew %s` tries at once",
				  m->name, error, m->name);
}

/* Tells the certificate of an https mapping. One that is absent may be on its way. */
static void look_at_certificate(struct doctor *d, const struct mapping *m, const json_t *status)
{
	const json_t *certificate = json_object_get(status, "certificate");
	const char *state = doctor_status_text(certificate, "state"),
		   *error = doctor_status_text(certificate, "error");
	if (*error)
		add_bad_certificate(d, m, state, error);
	else if (!strcmp(state, "valid"))
		doctor_report_add(&d->report, DOCTOR_OK, "certificate", "%s: valid until %s",
				  m->name, doctor_status_text(certificate, "not_after"));
	else if (*state)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "certificate",
				  "%s: there is none yet: `groundnut-agent certificates` says how "
				  "far it is",
				  m->name);
}

static void look_at_mapping(struct doctor *d, const struct mapping *m)
{
	const json_t *status = mapping_status(d, m->name);
	const char *state = doctor_status_text(status, "state");
	if (!is_attached(d))
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "mapping",
				  "%s: nobody can tell before the agent is attached", m->name);
	else if (!status)
		doctor_report_add(&d->report, DOCTOR_WRONG, "mapping",
				  "%s: the running agent does not have it: `groundnut-agent "
				  "reload`",
				  m->name);
	else if (!strcmp(state, "paused"))
		doctor_report_add(&d->report, DOCTOR_OK, "mapping", "%s: paused by the file",
				  m->name);
	else if (!strcmp(state, "open"))
		doctor_report_add(&d->report, DOCTOR_OK, "mapping", "%s: open at %s", m->name,
				  doctor_status_text(status, "public"));
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "mapping", "%s: %s%s%s", m->name, state,
				  *doctor_status_text(status, "error") ? ": " : "",
				  doctor_status_text(status, "error"));
	look_from_outside(d, m->name, status);
	look_at_certificate(d, m, status);
}

static void look_at_mappings(struct doctor *d)
{
	if (!d->config->mappings.count)
		doctor_report_add(&d->report, DOCTOR_ADVICE, "mapping",
				  "there is none yet: `groundnut-agent map web 8080 80`");
	for (size_t i = 0; i < d->config->mappings.count; i++)
		look_at_mapping(d, &d->config->mappings.items[i]);
}

/* --- the targets --- */

struct target_looks;
/* One mapping's target; of a range the first port. */
struct target_look {
	struct target_looks *all;
	const struct mapping *mapping;
	struct dial *dial;
	int err;
	bool has_name; /* the host is no address */
	bool is_over;  /* err is the result */
};

struct target_looks {
	const struct doctor *doctor;
	struct loop *loop; /* while some are dialled */
	struct timer *timer;
	struct target_look **queue; /* those that this loop dials */
	size_t count, begun, under_way;
};

static void end_dials(struct target_looks *all)
{
	timer_close(all->timer);
	loop_stop(all->loop);
}

static void begin_dials(struct target_looks *all);

static void on_dialled(void *owner, struct io *io, int err)
{
	struct target_look *t = owner;
	struct target_looks *all = t->all;
	io_close(io);
	t->dial = NULL;
	t->err = err;
	t->is_over = true;
	all->under_way--;
	begin_dials(all);
	if (!all->under_way)
		end_dials(all);
}

static void begin_dials(struct target_looks *all)
{
	while (all->begun < all->count && all->under_way < TARGETS_AT_ONCE) {
		struct target_look *t = all->queue[all->begun++];
		const struct mapping *m = t->mapping;
		all->under_way++;
		t->dial = dial_start(all->loop, DIAL_SERVICE, m->target.host, m->target.first, NULL,
				     0, TARGET_MS, on_dialled, t);
	}
}

static void on_look(void *owner)
{
	struct target_looks *all = owner;
	if (!has_enough(all->doctor))
		return;
	for (size_t i = 0; i < all->begun; i++)
		dial_close(all->queue[i]->dial);
	end_dials(all);
}

/* Dials these on a loop. */
static void dial_all(struct target_looks *all, struct target_look **queue, size_t count)
{
	if (!count || has_enough(all->doctor))
		return;
	all->queue = queue;
	all->count = count;
	all->begun = all->under_way = 0;
	all->loop = loop_new("targets");
	all->timer = timer_new(all->loop, on_look, all);
	timer_set_every(all->timer, LOOK_MS);
	begin_dials(all);
	loop_run(all->loop);
	loop_free(all->loop);
}

static const char *target_cure(int err)
{
	switch (err) {
	case UV_EAI_NONAME:
	case UV_EAI_NODATA:
		return "is the name spelled right?";
	case UV_EAI_AGAIN:
	case UV_EAI_FAIL:
		return "/etc/resolv.conf names this machine's name servers";
	case ERR_TIMEOUT:
	case UV_ETIMEDOUT:
	case UV_EHOSTUNREACH:
	case UV_ENETUNREACH:
		return "is that machine on, and in this network?";
	default:
		return "is the service running there?";
	}
}

static void report_target(struct doctor *d, const struct target_look *t)
{
	const struct mapping *m = t->mapping;
	const json_t *state = json_object_get(mapping_status(d, m->name), "target_state");
	if (!t->is_over)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "target",
				  "%s: %s was not looked up: the names before it got no answer",
				  m->name, m->target_text);
	else if (t->err)
		doctor_report_add(&d->report, DOCTOR_WRONG, "target",
				  "%s: nothing answers at %s: %s; %s", m->name, m->target_text,
				  err_text(t->err), target_cure(t->err));
	else if (!strcmp(doctor_status_text(state, "state"), "down"))
		doctor_report_add(&d->report, DOCTOR_ADVICE, "target",
				  "%s: %s answers now; the agent's last try failed: %s", m->name,
				  m->target_text, doctor_status_text(state, "error"));
	else
		doctor_report_add(&d->report, DOCTOR_OK, "target", "%s: %s answers", m->name,
				  m->target_text);
}

/* Leaves udp out: a udp service answers only its own protocol. */
static size_t list_targets(struct doctor *d, struct target_looks *all, struct target_look *looks)
{
	size_t count = 0;
	for (size_t i = 0; i < d->config->mappings.count; i++) {
		const struct mapping *m = &d->config->mappings.items[i];
		struct addr ip;
		if (m->protocol == MAPPING_UDP || m->paused)
			continue;
		looks[count++] = (struct target_look){
		    .all = all,
		    .mapping = m,
		    .has_name = addr_parse_ip(m->target.host, &ip) != 0,
		};
	}
	return count;
}

static void look_at_targets(struct doctor *d)
{
	struct target_looks all = {.doctor = d};
	size_t most = d->config->mappings.count + 1, numeric = 0;
	struct target_look *looks = mem_zalloc(most * sizeof *looks),
			   **queue = mem_zalloc(most * sizeof(*queue));
	size_t count = list_targets(d, &all, looks);
	for (size_t i = 0; i < count; i++)
		if (!looks[i].has_name)
			queue[numeric++] = &looks[i];
	dial_all(&all, queue, numeric);
	for (size_t i = 0; i < count && d->lookups_ms < LOOKUPS_MS; i++) {
		uint64_t begun_ms = loop_clock_ms();
		if (!looks[i].has_name)
			continue;
		queue[0] = &looks[i];
		dial_all(&all, queue, 1);
		if (looks[i].err == UV_EAI_AGAIN)
			d->lookups_ms += loop_clock_ms() - begun_ms;
	}
	for (size_t i = 0; i < count && !has_enough(d); i++)
		report_target(d, &looks[i]);
	mem_free(queue);
	mem_free(looks);
}

static void look_at_all(struct doctor *d)
{
	look_at_files(d);
	look_at_relay(d);
	if (!has_enough(d))
		d->status = doctor_status_ask(&d->report, "agent", d->config->control);
	if (d->status) {
		look_at_session(d);
		look_at_clock(d);
		look_at_congestion(d);
		look_at_address(d);
		look_at_nat(d);
		look_at_mappings(d);
	}
	look_at_targets(d);
	look_at_ipv6(d);
	doctor_report_descriptors(&d->report, DESCRIPTORS);
}

/* As agent_config_load(). */
static int look(const char *file, struct doctor *d, bool json)
{
	doctor_report_init(&d->report, json);
	doctor_report_listen(&d->report);
	int err = agent_config_load(file, &d->config);
	doctor_report_configuration(&d->report, file, err, "groundnut-agent join LINE");
	if (!err)
		look_at_all(d);
	json_decref(d->status);
	agent_config_free(d->config);
	return err;
}

int doctor_run(const char *file, bool json)
{
	struct doctor d = {.status = NULL};
	int err = look(file, &d, json), code = doctor_report_end(&d.report);
	return err ? cli_exit(err) : code;
}

void doctor_write(const char *file, const atomic_bool *enough, struct buf *out)
{
	struct doctor d = {.enough = enough};
	look(file, &d, true);
	buf_printf(out, "[%s\n]", buf_str(&d.report.out));
	buf_fini(&d.report.out);
}
