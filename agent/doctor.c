/*
 * It looks in the order of cause and effect: at the file; at the relay, as `join` does; at the
 * status of the running agent and its mappings; at the targets, which it dials itself. A finding
 * does not depend on the ones before it, so each fault shows at its own place. Only when the file
 * is wrong, nothing else is looked at; when no agent runs, its status is left out.
 */
#include "agent/doctor.h"

#include "agent/config.h"
#include "agent/join_probe.h"
#include "shared/base/cli.h"
#include "shared/base/doctor_report.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control_client.h"
#include "shared/net/dial.h"
#include "shared/net/status_text.h"
#include "shared/net/timer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { RELAY_MS = 5000, TARGET_MS = 3000, CLOCK_OFF_MS = 30000, LOOK_MS = 50, DESCRIPTORS = 4096 };

struct doctor {
	struct doctor_report report;
	struct agent_config *config;
	json_t *status;            /* of the running agent, or NULL */
	const atomic_bool *enough; /* or NULL */
};

static bool has_enough(const struct doctor *d)
{
	return d->enough && atomic_load(d->enough);
}

/* --- the file and the relay --- */

static void look_at_files(struct doctor *d)
{
	if (agent_config_check_service_user(d->config))
		doctor_report_add(&d->report, DOCTOR_OK, "files", "are readable to the service");
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "files",
				  "the service cannot read all of them; the cure is above");
}

static void look_at_relay(struct doctor *d)
{
	char *said = NULL;
	int err = join_probe_run(d->config, RELAY_MS, d->enough, &said);
	doctor_report_add(&d->report, err ? DOCTOR_WRONG : DOCTOR_OK, "relay", "%s", said);
	mem_free(said);
}

/* --- the running agent --- */

static void ask_agent(struct doctor *d)
{
	struct control_client ask;
	control_client_program("agent", d->config->control, "{\"do\": \"status\"}",
			       CONTROL_CLIENT_MS, &ask);
	json_t *answer = ask.answer ? json_loads(ask.answer, 0, NULL) : NULL;
	d->status = json_incref(json_object_get(answer, "status"));
	json_decref(answer);
	if (ask.result == CONTROL_CLIENT_NOBODY)
		doctor_report_add(&d->report, DOCTOR_WRONG, "agent",
				  "does not run: `systemctl enable --now groundnut-agent`, or "
				  "`groundnut-agent run`");
	else if (!d->status)
		doctor_report_add(&d->report, DOCTOR_WRONG, "agent", "%s",
				  ask.said ? ask.said : "gave an answer without a status");
	control_client_fini(&ask);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = status_text_string(object, key);
	return text ? text : "";
}

static bool is_attached(const struct doctor *d)
{
	return !strcmp(text_of(d->status, "state"), "attached");
}

static void look_at_session(struct doctor *d)
{
	const char *state = text_of(d->status, "state"), *error = text_of(d->status, "last_error");
	char rtt[32];
	if (is_attached(d))
		doctor_report_add(&d->report, DOCTOR_OK, "agent", "is attached, %s ms",
				  status_text_number(d->status, "rtt_ms", rtt));
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "agent", "runs, and is %s%s%s", state,
				  *error ? ": " : "", error);
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

/* The advice is for names that follow the home; without such a name it would only worry people. */
static bool follows_home(const struct agent_config *c)
{
	for (size_t i = 0; i < c->names.count; i++)
		if (c->names.items[i].follow == NAME_FOLLOW_HOME)
			return true;
	return false;
}

static void look_at_address(struct doctor *d)
{
	const char *address = text_of(d->status, "address"), *nat = text_of(d->status, "nat"),
		   *advice = follows_home(d->config) ? text_of(d->status, "advice") : "";
	if (!*address)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "address",
				  "the relay has not told it yet");
	else
		doctor_report_add(&d->report, *advice ? DOCTOR_ADVICE : DOCTOR_OK, "address",
				  "%s (%s)%s%s", address, nat, *advice ? ": " : "", advice);
}

static const json_t *mapping_status(const struct doctor *d, const char *name)
{
	const json_t *list = json_object_get(d->status, "mappings");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(text_of(json_array_get(list, i), "name"), name))
			return json_array_get(list, i);
	return NULL;
}

/* Tells whether visitors get through, as the running agent's last probe found. */
static void look_from_outside(struct doctor *d, const char *name, const json_t *status)
{
	const json_t *reachable = json_object_get(status, "reachable");
	const char *state = text_of(reachable, "state");
	if (!strcmp(state, "no"))
		doctor_report_add(&d->report, DOCTOR_WRONG, "reachable", "%s: %s", name,
				  text_of(reachable, "error"));
	else if (!strcmp(state, "yes"))
		doctor_report_add(&d->report, DOCTOR_OK, "reachable", "%s: from outside and back",
				  name);
}

/* Tells the certificate of an https mapping. One that is absent may be on its way. */
static void look_at_certificate(struct doctor *d, const char *name, const json_t *status)
{
	const json_t *certificate = json_object_get(status, "certificate");
	const char *state = text_of(certificate, "state"), *error = text_of(certificate, "error");
	if (*error)
		doctor_report_add(&d->report, DOCTOR_WRONG, "certificate", "%s: %s", name, error);
	else if (!strcmp(state, "valid"))
		doctor_report_add(&d->report, DOCTOR_OK, "certificate", "%s: valid until %s", name,
				  text_of(certificate, "not_after"));
	else if (*state)
		doctor_report_add(&d->report, DOCTOR_UNKNOWN, "certificate",
				  "%s: there is none yet", name);
}

static void look_at_mapping(struct doctor *d, const struct mapping *m)
{
	const json_t *status = mapping_status(d, m->name);
	const char *state = text_of(status, "state");
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
				  text_of(status, "public"));
	else
		doctor_report_add(&d->report, DOCTOR_WRONG, "mapping", "%s: %s%s%s", m->name, state,
				  *text_of(status, "error") ? ": " : "", text_of(status, "error"));
	look_from_outside(d, m->name, status);
	look_at_certificate(d, m->name, status);
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

struct target_dial {
	const struct doctor *doctor;
	struct loop *loop;
	struct dial *dial;
	struct timer *timer; /* looks whether it is enough */
	int err;
};

static void end_dial(struct target_dial *t, int err)
{
	t->err = err;
	timer_close(t->timer);
	loop_stop(t->loop);
}

static void on_dialled(void *owner, struct io *io, int err)
{
	struct target_dial *t = owner;
	if (io)
		io_close(io);
	end_dial(t, err);
}

static void on_look(void *owner)
{
	struct target_dial *t = owner;
	if (!has_enough(t->doctor))
		return;
	dial_close(t->dial);
	end_dial(t, ERR_TIMEOUT);
}

/* Dials the target; the first port of a range. */
static void look_at_target(struct doctor *d, const struct mapping *m)
{
	struct target_dial t = {.doctor = d, .loop = loop_new("target")};
	t.timer = timer_new(t.loop, on_look, &t);
	timer_set_every(t.timer, LOOK_MS);
	t.dial = dial_start(t.loop, DIAL_SERVICE, m->target.host, m->target.first, NULL, 0,
			    TARGET_MS, on_dialled, &t);
	loop_run(t.loop);
	loop_free(t.loop);
	if (t.err)
		doctor_report_add(&d->report, DOCTOR_WRONG, "target",
				  "%s: nothing answers at %s: %s; is the service running there?",
				  m->name, m->target_text, err_text(t.err));
	else
		doctor_report_add(&d->report, DOCTOR_OK, "target", "%s: %s answers", m->name,
				  m->target_text);
}

/* Leaves udp out: a udp service answers only its own protocol. */
static void look_at_targets(struct doctor *d)
{
	for (size_t i = 0; i < d->config->mappings.count && !has_enough(d); i++)
		if (d->config->mappings.items[i].protocol != MAPPING_UDP &&
		    !d->config->mappings.items[i].paused)
			look_at_target(d, &d->config->mappings.items[i]);
}

static void look_at_all(struct doctor *d)
{
	look_at_files(d);
	look_at_relay(d);
	if (!has_enough(d))
		ask_agent(d);
	if (d->status) {
		look_at_session(d);
		look_at_clock(d);
		doctor_report_congestion(&d->report, text_of(d->status, "congestion"));
		look_at_address(d);
		look_at_mappings(d);
	}
	look_at_targets(d);
	doctor_report_descriptors(&d->report, DESCRIPTORS);
}

/* As agent_config_load(). */
static int look(const char *file, struct doctor *d, bool json)
{
	int err = agent_config_load(file, &d->config);
	doctor_report_init(&d->report, json);
	doctor_report_configuration(&d->report, file, err);
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
