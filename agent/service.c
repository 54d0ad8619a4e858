/*
 * `groundnut-agent run`: one loop with the session, the targets, the control socket, signals and a
 * network monitor. Everything here is wiring: an event comes in and goes to the file that handles
 * it.
 *
 * After the start the session attaches (RELAY_SESSION_BEGINS), DECLARE is sent, and with STATE the
 * agent is ready. A wrong file changes nothing. When a session ends, every mapping is pending until
 * the next STATE.
 */
#include "agent/service.h"

#include "agent/admin/agent_api.h"
#include "agent/machine_identity.h"
#include "agent/agent_control_client.h"
#include "agent/targets.h"
#include "agent/relay_session.h"
#include "shared/base/buf.h"
#include "shared/base/cli.h"
#include "shared/base/default_paths.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/bind_mounted_file.h"
#include "shared/base/text.h"
#include "shared/net/control_server.h"
#include "shared/net/network_monitor.h"
#include "shared/net/sandbox.h"
#include "shared/net/systemd.h"
#include "shared/net/signals.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

/* for the relay's answer, and then for what a probe and a look at the target find; for the
 * certificate of an https mapping; and of `certificates renew` */
enum {
	ANSWER_WAIT_MS = 5000,
	CHECK_WAIT_MS = 5000,
	CERTIFICATE_WAIT_MS = 30000,
	RENEW_WAIT_MS = 60000,
	QUESTION_LOOK_MS = 500,
};

/* systemd is told "ready" at the latest then, whatever the relay does: a boot must go on. */
enum { READY_MS = 8000 };

/* A `map` command that waits for the relay's answer about its mapping, and for the certificate; or
 * `certificates renew`, which waits for a new one. */
struct question {
	struct list node;
	struct control_reply *reply;
	char *name;
	uint64_t until_ms;             /* for the relay; renew: for the CA */
	bool is_answered;              /* by the relay: only checks are waited for */
	uint64_t certificate_until_ms; /* map */
	bool renews;
	struct certificate_progress before; /* renew */
};

struct service_main {
	struct loop *loop;
	char *file;
	struct agent_config *config;
	struct relay_session *session;
	struct targets *targets;
	struct event_hub *events;
	struct certificates *certificates;
	struct known_target_keys *known;
	struct followed_names *follow;
	struct control *control;
	struct agent_api *api;
	struct signals *signals;
	struct network_monitor *network;
	struct timer *watchdog, *question_timer, *ready_timer;
	struct list questions;
	uint64_t started_ms;
	bool ready, stopping;
	char *told;   /* systemd's STATUS= */
	char *notice; /* what the relay has for whoever runs this; NULL: nothing */
	/* a new session has begun, and was declared before RELAY_SESSION_STATE */
	bool fresh;
};

/* --- answers --- */

static void answer_mapping(const struct service_main *m, const struct question *q,
			   const struct target_look *look, const char *error)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", true);
	json_str(&w, "state", mapping_state_text(look->state));
	json_str(&w, "public", look->public_text);
	if (error)
		json_str(&w, "error", error);
	if (look->target_error)
		json_str(&w, "target_error", look->target_error);
	if (look->unreachable)
		json_str(&w, "unreachable", look->unreachable);
	struct report_part part = certificates_part(m->certificates, q->name);
	if (part.state[0])
		report_part_status(&part, REPORT_CERTIFICATE, &w);
	json_close(&w);
	control_answer(q->reply, &out);
	buf_fini(&out);
}

/* NULL: nothing is known to be wrong. */
static const char *why_pending(const struct service_main *m)
{
	const char *error = relay_session_last_error(m->session);
	return *error ? error : NULL;
}

/* The relay has answered: what is found then may take its own time. */
static void note_answer(struct question *q, const struct target_look *look, uint64_t now)
{
	if (q->is_answered || look->state == MAPPING_PENDING)
		return;
	q->is_answered = true;
	q->until_ms = now + CHECK_WAIT_MS;
}

/* True: it is answered. */
static bool settle_map(const struct service_main *m, struct question *q, uint64_t now)
{
	struct target_look look;
	if (!targets_look(m->targets, q->name, &look)) {
		control_answer_plain(q->reply, "no such mapping");
		return true;
	}
	note_answer(q, &look, now);
	bool certified = look.state != MAPPING_OPEN ||
			 certificates_is_settled(m->certificates, q->name) ||
			 now >= q->certificate_until_ms;
	bool checked = (look.state != MAPPING_PENDING && look.is_checked) || now >= q->until_ms;
	if (!m->stopping && !(checked && certified))
		return false;
	answer_mapping(m, q, &look, look.state == MAPPING_PENDING ? why_pending(m) : look.error);
	return true;
}

static bool settle_renew(const struct service_main *m, struct question *q, uint64_t now)
{
	struct certificate_progress at = certificates_progress(m->certificates, q->name);
	if (at.taken > q->before.taken)
		control_answer_plain(q->reply, NULL);
	else if (at.failed > q->before.failed || now >= q->until_ms || m->stopping)
		control_answer_plain(q->reply, at.error ? at.error
							: "the CA has not given one yet; "
							  "`groundnut-agent certificates` says "
							  "when it is asked again");
	else
		return false;
	return true;
}

/* Answers the questions that can be answered. */
static void settle_questions(struct service_main *m)
{
	uint64_t now = loop_now_ms(m->loop), next_ms = UINT64_MAX;
	LIST_EACH(node, &m->questions)
	{
		struct question *q = LIST_ENTRY(node, struct question, node);
		if (!(q->renews ? settle_renew : settle_map)(m, q, now)) {
			next_ms = now + QUESTION_LOOK_MS;
			continue;
		}
		list_remove(&q->node);
		mem_free(q->name);
		mem_free(q);
	}
	if (next_ms != UINT64_MAX)
		timer_set(m->question_timer, next_ms - now);
}

static void on_question_timer(void *owner)
{
	settle_questions(owner);
}

static void ask_later(struct service_main *m, struct control_reply *reply, const char *name)
{
	uint64_t now = loop_now_ms(m->loop);
	struct question *q = mem_zalloc(sizeof *q);
	*q = (struct question){.reply = reply,
			       .name = mem_strdup(name),
			       .until_ms = now + ANSWER_WAIT_MS,
			       .certificate_until_ms = now + CERTIFICATE_WAIT_MS};
	list_append(&m->questions, &q->node);
	targets_check(m->targets, name);
	settle_questions(m);
}

static void renew(struct service_main *m, struct control_reply *reply, const char *name)
{
	struct certificate_progress before = certificates_progress(m->certificates, name);
	const char *why = certificates_renew(m->certificates, name);
	if (why) {
		control_answer_plain(reply, why);
		return;
	}
	struct question *q = mem_zalloc(sizeof *q);
	*q = (struct question){.reply = reply,
			       .name = mem_strdup(name),
			       .until_ms = loop_now_ms(m->loop) + RENEW_WAIT_MS,
			       .renews = true,
			       .before = before};
	list_append(&m->questions, &q->node);
	timer_set(m->question_timer, QUESTION_LOOK_MS);
}

static void answer_certificates(struct service_main *m, struct control_reply *reply)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", true);
	json_open(&w, "certificates", '[');
	certificates_list(m->certificates, &w);
	json_close(&w);
	json_close(&w);
	control_answer(reply, &out);
	buf_fini(&out);
}

/* key: of the member that it is; NULL: it is the document */
static void write_status(struct service_main *m, const char *key, struct json *w)
{
	json_open(w, key, '{');
	json_str(w, "version", GROUNDNUT_VERSION);
	json_uint(w, "uptime_s", (loop_now_ms(m->loop) - m->started_ms) / 1000);
	json_str(w, "relay", m->config->relay_text);
	json_str(w, "account", m->config->account);
	json_str(w, "agent", m->config->agent);
	json_str(w, "state", relay_session_state_text(relay_session_state(m->session)));
	json_uint(w, "rtt_ms",
		  keepalive_rtt_ms(transport_keepalive(relay_session_transport(m->session))));
	json_uint(w, "resumed", relay_session_resumed(m->session));
	char congestion[CONGESTION_CONTROL_NAME];
	json_str(w, "congestion",
		 transport_congestion(relay_session_transport(m->session), congestion));
	char *summary = relay_session_summary(m->session);
	json_str(w, "link", summary);
	mem_free(summary);
	relay_session_put_break(m->session, w);
	const char *error = relay_session_last_error(m->session),
		   *address = relay_session_address(m->session);
	json_str(w, "last_error", *error ? error : NULL);
	json_str(w, "notice", m->notice);
	json_str(w, "address", *address ? address : NULL);
	int64_t clock_off_ms;
	if (relay_session_clock(m->session, &clock_off_ms))
		json_int(w, "clock_off_ms", clock_off_ms);
	else
		json_none(w, "clock_off_ms");
	followed_names_status(m->follow, w);
	targets_status(m->targets, w);
	json_close(w);
}

static void answer_status(struct service_main *m, struct control_reply *reply)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", true);
	write_status(m, "status", &w);
	json_close(&w);
	control_answer(reply, &out);
	buf_fini(&out);
}

/* members of an open object */
static void write_requests(void *owner, struct json *w)
{
	const struct service_main *m = owner;
	json_bool(w, "on", m->config->log_requests);
	json_open(w, "requests", '[');
	targets_write_requests(m->targets, w);
	json_close(w);
}

static void declare(struct service_main *m)
{
	targets_declare(m->targets, m->follow, relay_session_transport(m->session));
}

/* --- the file, read again --- */

static bool same_relay(const struct agent_config *a, const struct agent_config *b)
{
	return text_same(a->relay_text, b->relay_text) && text_same(a->pin, b->pin) &&
	       text_same(a->ca_file, b->ca_file) && text_same(a->account, b->account) &&
	       text_same(a->token, b->token) && text_same(a->invite, b->invite) &&
	       text_same(a->agent, b->agent);
}

static void keep_text(char **at, const char *runs)
{
	mem_free(*at);
	*at = mem_strdup(runs);
}

static void add_key(struct buf *keys, const char *key, bool same)
{
	if (!same)
		buf_printf(keys, "%s%s", buf_len(keys) ? ", " : "", key);
}

/* What only a restart changes: the sandbox lets the agent write where it wrote at its start. */
static void keep_places(const struct agent_config *runs, struct agent_config *fresh)
{
	struct buf keys = BUF_INIT;
	bool same_state = text_same(runs->state, fresh->state);
	add_key(&keys, "state", same_state);
	add_key(&keys, "control", text_same(runs->control, fresh->control));
	add_key(&keys, "sandbox", runs->sandbox == fresh->sandbox);
	if (buf_len(&keys))
		log_warn("needs_restart", "keys=%s", buf_str(&keys));
	buf_fini(&keys);
	/* the name that is kept in the state */
	if (!same_state && runs->agent_is_default && fresh->agent_is_default)
		keep_text(&fresh->agent, runs->agent);
	keep_text(&fresh->state, runs->state);
	keep_text(&fresh->control, runs->control);
	keep_text(&fresh->admin.file, runs->admin.file);
	fresh->sandbox = runs->sandbox;
}

/* NULL, or why nothing was changed (static or freed by nobody). */
static const char *reload(struct service_main *m)
{
	systemd_reloading();
	struct agent_config *fresh;
	char *why = NULL;
	int err = agent_config_load(m->file, &fresh);
	if (err < 0) {
		log_warn("reload_refused", "file=%s why=%s", m->file, err_text(err));
		systemd_reloaded();
		return "the file is wrong or cannot be read: nothing was changed (the log says "
		       "where)";
	}
	keep_places(m->config, fresh);
	if (relay_session_set_config(m->session, fresh, &why) < 0) {
		log_warn("reload_refused", "file=%s why=%s", m->file, why);
		mem_free(why);
		agent_config_free(fresh);
		systemd_reloaded();
		return "the certificates that the file names cannot be used: all goes on as it was";
	}
	struct agent_config *old = m->config;
	m->config = fresh;
	event_hub_set(m->events, &fresh->notify, fresh->account, fresh->agent);
	targets_set_log(m->targets, fresh->log_visitors, fresh->log_requests);
	targets_set(m->targets, &fresh->mappings);
	certificates_set(m->certificates, fresh);
	followed_names_set(m->follow, &fresh->names);
	if (!same_relay(old, fresh))
		relay_session_restart(m->session);
	else if (relay_session_state(m->session) != RELAY_SESSION_CONNECTING)
		declare(m);
	agent_api_set(m->api, fresh);
	agent_config_free(old);
	log_info("reloaded", "file=%s mappings=%zu", m->file, fresh->mappings.count);
	systemd_reloaded();
	return NULL;
}

static void on_trusted(void *owner, const char *words, const char *error)
{
	if (error)
		control_answer_plain(owner, error);
	else
		control_answer_said(owner, words);
}

static void on_control(void *owner, struct control_reply *reply, const char *request, size_t len)
{
	struct service_main *m = owner;
	struct conf *c = conf_parse("request", request, len, true);
	struct conf_at at = conf_root(c);
	const char *what = "", *name = "", *file = m->file;
	conf_str(at, "do", &what);
	conf_opt_str(at, "file", &file);
	conf_opt_str(at, "name", &name);
	if (!conf_ok(at)) {
		control_answer_plain(reply, conf_error_text(c, 0));
	} else if (!agent_control_client_is_file(file, m->file)) {
		char *other = mem_printf("the running agent works with another file, %s", m->file);
		control_answer_plain(reply, other);
		mem_free(other);
	} else if (!strcmp(what, "status")) {
		answer_status(m, reply);
	} else if (!strcmp(what, "reload")) {
		const char *error = reload(m);
		control_answer_plain(reply, error);
		if (!error)
			relay_session_hurry(m->session);
	} else if (!strcmp(what, "map")) {
		const char *error = reload(m);
		if (error)
			control_answer_plain(reply, error);
		else
			ask_later(m, reply, name);
	} else if (!strcmp(what, "admin_link")) {
		control_answer_link(reply, agent_api_link(m->api), "agent.json");
	} else if (!strcmp(what, "certificates")) {
		answer_certificates(m, reply);
	} else if (!strcmp(what, "renew")) {
		renew(m, reply, name);
	} else if (!strcmp(what, "trust")) {
		const char *why = targets_trust(m->targets, name, on_trusted, reply);
		if (why)
			control_answer_plain(reply, why);
	} else {
		control_answer_plain(reply, "this version does not know that question");
	}
	conf_free(c);
}

/* --- systemd --- */

/* What the agent does or waits for, in a phrase; freed by the caller. */
static char *activity(const struct service_main *m, bool is_attached)
{
	const char *error = relay_session_last_error(m->session);
	if (!is_attached)
		return mem_printf("waiting for the relay at %s",
				  *error ? error : m->config->relay_text);
	if (!targets_all_answered(m->targets))
		return mem_strdup("attached, waiting for the relay's answer to the mappings");
	return mem_strdup("attached");
}

static void tell_systemd(struct service_main *m)
{
	if (!m->session || m->stopping)
		return;
	bool is_attached = relay_session_state(m->session) == RELAY_SESSION_ATTACHED,
	     was_ready = m->ready;
	char *now = activity(m, is_attached);
	if (!m->ready && is_attached && targets_all_answered(m->targets)) {
		m->ready = true;
		log_info("ready", "mappings=%zu", m->config->mappings.count);
	}
	if (m->ready != was_ready)
		systemd_ready(now);
	else if (!text_same(now, m->told))
		systemd_status(now);
	mem_free(m->told);
	m->told = now;
}

static void on_ready_timer(void *owner)
{
	struct service_main *m = owner;
	if (m->ready)
		return;
	m->ready = true;
	log_info("not_attached_yet", "why=%s", m->told);
	systemd_ready(m->told);
}

/* --- the session --- */

/* How it stands with the relay, for those who get alerts: what is away from here is the relay. */
static void tell_session(struct service_main *m, bool repeated)
{
	const char *error = relay_session_last_error(m->session);
	bool is_attached = relay_session_state(m->session) == RELAY_SESSION_ATTACHED;
	char *relay = mem_printf("the relay %s", m->config->relay_text);
	const struct event e = {.kind = !is_attached ? EVENT_HOME_DETACHED
					: m->fresh   ? EVENT_HOME_ATTACHED
						     : EVENT_HOME_RESUMED,
				.subject = relay,
				.why = *error ? error : NULL,
				.is_repeated = repeated};
	event_hub_take(m->events, &e);
	mem_free(relay);
}

/* A link is up: the relay has seen our address with HELLO, so names that follow the home are
 * reported again. */
static void attached(struct service_main *m)
{
	const struct agent_config *c = m->config;
	int err = machine_identity_note_attached(c->state, c->agent_is_default ? c->agent : NULL);
	if (err < 0)
		log_debug("identity_not_kept", "state=%s why=%s", c->state, err_text(err));
	targets_attached(m->targets);
	bool fresh = m->fresh;
	m->fresh = false;
	if (fresh)
		return; /* declared a moment ago */
	followed_names_attached(m->follow,
				io_peer(transport_io(relay_session_transport(m->session))),
				relay_session_address(m->session));
	if (targets_all_answered(m->targets) && followed_names_has_names(m->follow))
		declare(m);
}

static void take_notice(struct service_main *m, const char *notice)
{
	if (text_same(notice, m->notice))
		return;
	if (notice)
		log_warn("relay_notice", "said=%s", notice);
	mem_free(m->notice);
	m->notice = mem_strdup(notice);
}

static void stated(struct service_main *m, const void *json, size_t len)
{
	struct state s;
	char why[256];
	if (state_read(json, len, &s, why) < 0) {
		log_warn("bad_state", "why=%s", why);
		transport_break(relay_session_transport(m->session), ERR_SESSION);
		return;
	}
	take_notice(m, s.notice);
	followed_names_stated(m->follow, &s);
	targets_stated(m->targets, &s);
	state_fini(&s);
}

static void begin_probes(struct service_main *m)
{
	struct transport *k = relay_session_transport(m->session);
	struct capabilities can = relay_session_can(m->session);
	struct reachability_session s = {.transport = k,
					 .link = *io_peer(transport_io(k)),
					 .can_probe = capabilities_has(can, CAPABILITY_PROBE)};
	memcpy(s.id, relay_session_id(m->session), SESSION_ID);
	certificates_set_relay(m->certificates, capabilities_has(can, CAPABILITY_CHALLENGES));
	targets_begin(m->targets, &s, can);
}

static void probed(struct service_main *m, const void *json, size_t len)
{
	char why[256];
	if (targets_probed(m->targets, json, len, why) == 0)
		return;
	log_warn("bad_probe", "why=%s", why);
	transport_break(relay_session_transport(m->session), ERR_SESSION);
}

static void on_session(void *owner, enum relay_session_event event)
{
	struct service_main *m = owner;
	switch (event) {
	case RELAY_SESSION_BEGINS:
		m->fresh = true;
		begin_probes(m);
		followed_names_attached(m->follow,
					io_peer(transport_io(relay_session_transport(m->session))),
					relay_session_address(m->session));
		declare(m);
		break;
	case RELAY_SESSION_ENDING:
		targets_session_over(m->targets);
		break;
	case RELAY_SESSION_STATE:
		tell_session(m, false);
		if (relay_session_state(m->session) == RELAY_SESSION_ATTACHED)
			attached(m);
		tell_systemd(m);
		break;
	case RELAY_SESSION_ERROR:
		tell_session(m, true);
		tell_systemd(m);
		break;
	}
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct service_main *m = owner;
	switch (news->event) {
	case TUNNEL_OPENED:
		targets_opened(m->targets, relay_session_transport(m->session), news->stream);
		break;
	case TUNNEL_STATED:
		stated(m, news->p, news->len);
		break;
	case TUNNEL_REFUSED:
		relay_session_heard_refuse(m->session, news->p, news->len);
		break;
	case TUNNEL_BYE:
		log_debug("relay_says_bye", "why=%.*s", (int)news->len, (const char *)news->p);
		break;
	case TUNNEL_PROBED:
		probed(m, news->p, news->len);
		break;
	case TUNNEL_DECLARED:
	case TUNNEL_REPORTED:
	case TUNNEL_PONGED: /* the transport keeps those */
		break;
	}
}

static void on_targets(void *owner)
{
	struct service_main *m = owner;
	settle_questions(m);
	tell_systemd(m);
}

/* --- beginning and end --- */

static void stop(struct service_main *m)
{
	if (m->stopping)
		return;
	m->stopping = true;
	file_end_waits();
	log_info("stopping", NULL);
	systemd_stopping();
	settle_questions(m);
	relay_session_stop(m->session);
	targets_session_over(m->targets);
	targets_free(m->targets);
	certificates_free(m->certificates);
	known_target_keys_free(m->known);
	followed_names_free(m->follow);
	relay_session_free(m->session);
	agent_api_close(m->api);
	event_hub_close(m->events);
	control_close(m->control);
	network_monitor_stop(m->network);
	timer_close(m->watchdog);
	timer_close(m->question_timer);
	timer_close(m->ready_timer);
	signals_close(m->signals);
	loop_stop(m->loop);
}

static void on_signal(void *owner, enum signals_event event)
{
	struct service_main *m = owner;
	if (event == SIGNALS_STOP) {
		stop(m);
	} else if (!reload(m)) {
		relay_session_hurry(m->session);
	}
}

static void on_network(void *owner)
{
	struct service_main *m = owner;
	log_info("network_changed", NULL);
	relay_session_doubt(m->session);
	relay_session_hurry(m->session);
	followed_names_look(m->follow);
}

static void on_follow(void *owner)
{
	struct service_main *m = owner;
	if (relay_session_state(m->session) == RELAY_SESSION_ATTACHED)
		declare(m);
}

/* What is redirected to https depends on what is valid. */
static void on_certificates(void *owner)
{
	struct service_main *m = owner;
	settle_questions(m);
	if (m->session && relay_session_state(m->session) == RELAY_SESSION_ATTACHED)
		declare(m);
}

static void show_status(void *owner, struct json *w)
{
	write_status(owner, NULL, w);
}

static void show_certificates(void *owner, struct json *w)
{
	certificates_list(((struct service_main *)owner)->certificates, w);
}

static uint64_t write_visitors(void *owner, const char *mapping, struct json *w)
{
	return targets_visitors(((struct service_main *)owner)->targets, mapping, w);
}

static bool cut_visitor(void *owner, uint64_t id, struct json *w)
{
	return targets_cut_visitor(((struct service_main *)owner)->targets, id, w);
}

static const char *renew_for_page(void *owner, const char *mapping)
{
	return certificates_renew(((struct service_main *)owner)->certificates, mapping);
}

static const char *reload_for_page(void *owner)
{
	return reload(owner);
}

static void start_api(struct service_main *m)
{
	const struct agent_api_calls calls = {
	    m,           show_status,    show_certificates, write_requests, write_visitors,
	    cut_visitor, renew_for_page, reload_for_page};
	m->api = agent_api_new(m->loop, &calls, m->events);
	agent_api_set(m->api, m->config);
}

static int start(struct service_main *m)
{
	char *why = NULL;
	int err = 0;
	m->events = event_hub_new(m->loop, m->config->account);
	event_hub_set(m->events, &m->config->notify, m->config->account, m->config->agent);
	m->certificates = certificates_new(m->loop, m->events, on_certificates, m);
	m->known = known_target_keys_new(m->loop, m->config->state);
	m->targets = targets_new(m->loop, m->certificates, m->known, m->events, on_targets, m);
	targets_set_log(m->targets, m->config->log_visitors, m->config->log_requests);
	targets_set(m->targets, &m->config->mappings);
	certificates_set(m->certificates, m->config);
	m->follow = followed_names_new(m->loop, on_follow, m);
	followed_names_set(m->follow, &m->config->names);
	m->session = relay_session_new(m->loop, m->config, on_session, on_news, m, &why);
	if (!m->session) {
		log_say("%s: %s", m->file, why);
		mem_free(why);
		return EXIT_USAGE;
	}
	m->control = control_open(m->loop, m->config->control, on_control, m, &err);
	if (!m->control) {
		log_say("%s: %s", m->config->control,
			err == UV_EADDRINUSE ? "an agent is running on it already"
			: err == UV_EEXIST   ? "is there already, and is no socket"
					     : err_text(err));
		return EXIT_WORK;
	}
	start_api(m);
	m->question_timer = timer_new(m->loop, on_question_timer, m);
	m->ready_timer = timer_new(m->loop, on_ready_timer, m);
	timer_set(m->ready_timer, READY_MS);
	m->signals = signals_open(m->loop, on_signal, m);
	m->network = network_monitor_start(m->loop, on_network, m);
	m->watchdog = systemd_watchdog(m->loop);
	log_info("started", "version=%s relay=%s account=%s agent=%s mappings=%zu",
		 GROUNDNUT_VERSION, m->config->relay_text, m->config->account, m->config->agent,
		 m->config->mappings.count);
	tell_systemd(m);
	tell_session(m, true);
	return 0;
}

/* What the agent writes: what it remembers, its control socket, a mounted agent.json that a command
 * did not finish, and copies of certificates. */
static void enter_sandbox(const struct agent_config *c)
{
	char *why = NULL;
	char *control = file_dir(c->control), *config = file_dir(c->file);
	const char **writable = mem_zalloc((c->mappings.count + 4) * sizeof(*writable));
	size_t count = 0;
	struct sandbox s = {.open = !c->sandbox, .writable = writable};
	writable[count++] = c->state;
	writable[count++] = control;
	writable[count++] = config;
	for (size_t i = 0; i < c->mappings.count; i++) {
		const struct mapping *m = &c->mappings.items[i];
		s.executes |= m->certificate_hook != NULL;
		if (m->certificate_copy)
			writable[count++] = m->certificate_copy;
	}
	sandbox_enter(&s, &why);
	mem_free(writable);
	mem_free(control);
	mem_free(config);
}

/* The file may be the broken one, so its own key "state" cannot be asked. */
static void mend_file(const char *config_file)
{
	char *dir = default_paths_state("agent");
	bind_mounted_file_mend(config_file, dir);
	mem_free(dir);
}

int service_run(const char *config_file)
{
	struct service_main m = {.file = mem_strdup(config_file), .started_ms = loop_clock_ms()};
	mend_file(config_file);
	int err = agent_config_load(config_file, &m.config);
	if (err < 0) {
		mem_free(m.file);
		return cli_exit(err);
	}
	file_raise_limit();
	agent_config_check_service_user(m.config);
	enter_sandbox(m.config);
	list_init(&m.questions);
	m.loop = loop_new("agent");
	int code = start(&m);
	if (code) {
		m.stopping = true;
		targets_free(m.targets);
		certificates_free(m.certificates);
		known_target_keys_free(m.known);
		followed_names_free(m.follow);
		relay_session_free(m.session);
		event_hub_close(m.events);
		loop_stop(m.loop);
	}
	loop_run(m.loop);
	if (loop_free(m.loop) < 0 && !code)
		code = EXIT_WORK;
	agent_config_free(m.config);
	mem_free(m.told);
	mem_free(m.notice);
	mem_free(m.file);
	if (!code)
		log_info("stopped", NULL);
	return code;
}
