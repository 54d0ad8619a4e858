/*
 * `groundnut-relay run`: the main loop with listeners, registry, names, control socket and signals;
 * a worker loop for each core, on which the agents live. Everything here is wiring.
 *
 * The start reads the configuration, the accounts and the certificate, makes registry, names and
 * workers, then opens the control socket and the listeners. A step that fails says why, and stop()
 * ends what has been started.
 *
 * The stop closes the listeners; every agent says goodbye and frees itself on its loop; then the
 * loops run dry one after another.
 */
#include "relay/service.h"

#include "relay/config_check.h"
#include "relay/doors/port_table.h"
#include "relay/doors/shared_ports.h"
#include "relay/doors/vhost_table.h"
#include "relay/known_homes.h"
#include "relay/own_listeners.h"
#include "relay/reload.h"
#include "relay/status_json.h"
#include "relay/store.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/bind_mounted_file.h"
#include "shared/net/control_server.h"
#include "shared/net/sandbox.h"
#include "shared/net/systemd.h"
#include "shared/net/signals.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { THREADS_MOST = 64, ACCOUNTS_LOOK_MS = 1000, VISITOR_SOURCES = 65536 };
enum { PORTS_SHARE = 2 }; /* half of the descriptors for the ports of mappings */

struct relay {
	struct relay_parts parts;
	char *file;
	struct control *control;
	struct signals *signals;
	struct timer *watchdog;
	struct timer *accounts_look; /* accounts.json may be edited by hand */
	struct stat accounts_seen;   /* as it was when last read */
	struct store *store;         /* what the names remember */
	struct known_homes *known;
	bool stopping;
};

/* --- files, read again --- */

/* Before they are read: what changes meanwhile is seen as a change. */
static char *read_accounts_again(struct relay *r)
{
	stat(r->parts.context.config->accounts, &r->accounts_seen);
	return reload_accounts(&r->parts);
}

/* What the relay itself has written. */
static void on_accounts_edited(void *owner)
{
	char *error = read_accounts_again(owner);
	if (error)
		log_warn("accounts_refused", "why=%s", error);
	mem_free(error);
}

/* edited: what a command has written, or NULL. As reload_accounts. */
static char *take_edited_accounts(struct relay *r, const char *edited)
{
	const char *ours = r->parts.context.config->accounts;
	struct stat a, b;
	if (edited && stat(edited, &a) == 0 && stat(ours, &b) == 0 &&
	    (a.st_dev != b.st_dev || a.st_ino != b.st_ino))
		return mem_printf("until it is restarted it runs with %s", ours);
	return read_accounts_again(r);
}

static void look_at_accounts(void *owner)
{
	struct relay *r = owner;
	struct stat now;
	if (stat(r->parts.context.config->accounts, &now) < 0 ||
	    file_is_same(&now, &r->accounts_seen))
		return;
	char *error = read_accounts_again(r);
	if (error)
		log_warn("accounts_refused", "why=%s", error);
	mem_free(error);
}

static void answer_reload(struct control_reply *reply, const char *error, const char *later)
{
	if (error || !later) {
		control_answer_plain(reply, error);
		return;
	}
	char *said = mem_printf("reloaded; for %s the relay must be restarted", later);
	control_answer_said(reply, said);
	mem_free(said);
}

struct reload_question {
	struct relay *relay;
	struct control_reply *reply; /* NULL: a signal asked */
};

static void on_reloaded(void *owner, const char *error, const char *later)
{
	struct reload_question *q = owner;
	if (error)
		log_warn("reload_refused", "why=%s", error);
	else
		log_info("reloaded", "file=%s", q->relay->file);
	if (later)
		log_warn("needs_restart", "keys=%s", later);
	if (!q->relay->stopping)
		systemd_reloaded();
	if (q->reply)
		answer_reload(q->reply, error, later);
	mem_free(q);
}

static void reload(struct relay *r, struct control_reply *reply)
{
	struct reload_question *q = mem_alloc(sizeof *q);
	*q = (struct reload_question){.relay = r, .reply = reply};
	systemd_reloading();
	stat(r->parts.context.config->accounts, &r->accounts_seen);
	reload_begin(&r->parts, r->file, on_reloaded, q);
}

/* --- the control socket --- */

struct status_question {
	struct relay *relay;
	struct control_reply *reply;
};

static void answer_names(struct relay *r, struct control_reply *reply, struct conf_at asked)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	const char *name = "";
	int64_t after = 0;
	conf_opt_int(asked, "after", 0, INT64_MAX, &after);
	conf_opt_str(asked, "name", &name);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", true);
	status_json_names(&r->parts, (uint64_t)after, name, &w);
	json_close(&w);
	control_answer(reply, &out);
	buf_fini(&out);
}

static void on_status(void *arg, const struct buf *agents)
{
	struct status_question *q = arg;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "ok", true);
	status_json_write(&q->relay->parts, agents, "status", &w);
	json_close(&w);
	control_answer(q->reply, &out);
	buf_fini(&out);
	mem_free(q);
}

static void answer_link(struct relay *r, struct control_reply *reply)
{
	const struct relay_config *c = r->parts.context.config;
	char *url = admin_server_link(relay_api_server(r->parts.relay_api),
				      c->address_count ? &c->addresses[0] : NULL);
	control_answer_link(reply, url, "relay.json");
}

static void on_control(void *owner, struct control_reply *reply, const char *request, size_t len)
{
	struct relay *r = owner;
	struct conf *c = conf_parse("request", request, len, true);
	struct conf_at root = conf_root(c);
	const char *what = "";
	conf_str(root, "do", &what);
	if (!conf_ok(root)) {
		control_answer_plain(reply, conf_error_text(c, 0));
	} else if (!strcmp(what, "status")) {
		struct status_question *q = mem_alloc(sizeof *q);
		*q = (struct status_question){.relay = r, .reply = reply};
		agent_registry_status(r->parts.registry, on_status, q);
	} else if (!strcmp(what, "names")) {
		answer_names(r, reply, root);
	} else if (!strcmp(what, "reload")) {
		reload(r, reply);
	} else if (!strcmp(what, "admin_link")) {
		answer_link(r, reply);
	} else if (!strcmp(what, "accounts")) {
		const char *edited = NULL;
		conf_opt_str(conf_root(c), "file", &edited);
		char *error = take_edited_accounts(r, edited);
		control_answer_plain(reply, error);
		mem_free(error);
	} else {
		control_answer_plain(reply, "this version does not know that question");
	}
	conf_free(c);
}

/* --- beginning and end --- */

/* A reload finds the default paths of `state` and `control` where root did at the start, and where
 * root's commands look for them; the systemd unit says the same. No other thread reads the
 * environment yet. */
static void keep_paths_of_root(void)
{
	setenv("XDG_STATE_HOME", "/var/lib", true);
	setenv("XDG_RUNTIME_DIR", "/run", true);
}

/* The directory of what the file is, where its name is a symbolic link. */
static char *real_dir(const char *file)
{
	char *real = realpath(file, NULL), *dir = file_dir(real ? real : file);
	free(real);
	return dir;
}

/* What the relay writes: its state, its control socket, and a mounted accounts.json that a command
 * did not finish. */
static int enter_sandbox(const struct relay_config *c)
{
	char *why = NULL;
	char *state = file_dir(c->state), *control = file_dir(c->control);
	char *accounts = real_dir(c->accounts), *database = real_dir(c->state);
	bool was_root = geteuid() == 0;
	const char *const writable[] = {state, control, accounts, database, NULL};
	/* Root can name who holds a port; others could not anyway. */
	const struct sandbox s = {.user = c->user,
				  .open = !c->sandbox,
				  .looks = was_root && !c->user,
				  .writable = writable};
	int err = sandbox_enter(&s, &why);
	if (err)
		log_say("%s: %s", c->file, why);
	else if (was_root && c->user)
		keep_paths_of_root();
	mem_free(state);
	mem_free(control);
	mem_free(accounts);
	mem_free(database);
	mem_free(why);
	return err;
}

static void stop_names(struct relay_parts *p)
{
	own_certificate_close(p->own_certificate);
	p->own_certificate = NULL;
	relay_api_close(p->relay_api);
	p->relay_api = NULL;
	ddns_server_close(p->ddns_server);
	dns_server_close(p->dns_server);
	p->dns_server = NULL;
	p->context.on_declare = NULL;
	p->context.on_gone = NULL;
	challenges_free(p->challenges);
	declared_names_free(p->declared_names);
	name_registry_free(p->names);
	p->names = NULL;
	event_hub_close(p->context.events);
	p->context.events = NULL;
}

static void stop_loops(struct relay *r)
{
	traffic_free(r->parts.context.traffic);
	r->parts.context.traffic = NULL;
	store_close(r->store);
	for (unsigned i = 0; i < r->parts.context.worker_count; i++)
		loop_stop(r->parts.context.workers[i].loop);
	loop_stop(r->parts.context.main);
}

/* All doors have closed, and this is what they had carried. */
static void on_last_traffic(void *arg, const struct buf *sums)
{
	struct relay *r = arg;
	traffic_take(r->parts.context.traffic, sums, loop_wall_ms());
	stop_loops(r);
}

static void stop(struct relay *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	file_end_waits();
	r->parts.context.accounts_edited = NULL;
	log_info("stopping", NULL);
	systemd_stopping();
	own_listeners_close(r->parts.listeners);
	r->parts.listeners = NULL;
	shared_ports_free(r->parts.context.shared_ports);
	r->parts.context.shared_ports = NULL;
	agent_listener_free(r->parts.agent_listener);
	control_close(r->control);
	signals_close(r->signals);
	timer_close(r->watchdog);
	timer_close(r->accounts_look);
	if (r->parts.registry)
		agent_registry_stop(r->parts.registry);
	known_homes_free(r->known);
	stop_names(&r->parts);
	if (r->parts.context.traffic && r->parts.context.worker_count)
		agent_registry_traffic(r->parts.registry, on_last_traffic, r);
	else
		stop_loops(r);
}

static void on_signal(void *owner, enum signals_event event)
{
	if (event == SIGNALS_STOP)
		stop(owner);
	else
		reload(owner, NULL);
}

static void free_worker(struct worker *w)
{
	session_pool_fini(&w->pool);
	hash_table_free(w->vhosts);
	buf_fini(&w->departed);
	request_log_free(w->requests);
	rate_limiter_free(w->visitors);
	relay_config_unref(w->config);
}

static int start_workers(struct relay *r)
{
	struct relay_config *c = r->parts.context.config;
	unsigned count = c->threads ? c->threads : uv_available_parallelism();
	count = count > THREADS_MOST ? THREADS_MOST : count;
	r->parts.context.workers = mem_zalloc(count * sizeof *r->parts.context.workers);
	atomic_init(&r->parts.context.visitor_ids, 1000 * loop_wall_ms());
	for (unsigned i = 0; i < count; i++) {
		struct worker *w = &r->parts.context.workers[i];
		w->context = &r->parts.context;
		list_init(&w->agents);
		w->vhosts = hash_table_new();
		w->visitors = rate_limiter_new(VISITOR_SOURCES, 0, 0);
		w->config = relay_config_ref(c);
		char name[16];
		snprintf(name, sizeof name, "worker%u", i);
		w->loop = loop_new(name);
		int err = loop_start(w->loop);
		if (err < 0) {
			log_say("cannot start a thread: %s", err_text(err));
			loop_free(w->loop);
			free_worker(w);
			return err;
		}
		r->parts.context.worker_count++;
	}
	return 0;
}

static void set_names(void *registry, const char *account, const char *agent,
		      struct name_report *reports, size_t count)
{
	agent_registry_set_names(registry, account, agent, reports, count);
}

static bool is_alive(void *registry, const char *account, const char *agent)
{
	return agent_registry_has(registry, account, agent);
}

static void set_challenges(void *registry, const char *account, const char *agent,
			   struct challenge_report *reports, size_t count)
{
	agent_registry_set_challenges(registry, account, agent, reports, count);
}

static void on_declare(void *owner, const char *account, const char *agent, const struct declare *d,
		       const struct addr *remote, unsigned count)
{
	struct relay_parts *p = owner;
	declared_names_set(p->declared_names, account, agent, d, remote, count);
	challenges_set(p->challenges, account, agent, d->challenges, d->challenge_count);
}

static void on_gone(void *owner, const char *account, const char *agent)
{
	challenges_drop(((struct relay_parts *)owner)->challenges, account, agent);
}

static void ask_agents(void *owner, agent_registry_status_fn *fn, void *arg)
{
	agent_registry_status(((struct relay_parts *)owner)->registry, fn, arg);
}

static void write_status(void *owner, const struct buf *agents, struct json *w)
{
	status_json_write(owner, agents, NULL, w);
}

static void write_names(void *owner, uint64_t after, const char *name, struct json *w)
{
	status_json_names(owner, after, name, w);
}

static void on_traffic(void *arg, const struct buf *sums)
{
	const struct relay_parts *p = arg;
	if (p->context.traffic)
		traffic_take(p->context.traffic, sums, loop_wall_ms());
}

static void collect_traffic(void *owner)
{
	agent_registry_traffic(((struct relay_parts *)owner)->registry, on_traffic, owner);
}

static void on_quota(void *owner, const char *account)
{
	agent_registry_set_quota(((struct relay_parts *)owner)->registry, account);
}

/* Two subjects: an alert of one is told once, and the other soon after it, too. */
static void tell_quota(void *owner, const char *account, enum quota_level level, const char *said)
{
	const struct event e = {.kind = EVENT_QUOTA,
				.account = account,
				.subject = level == QUOTA_USED ? "100 %" : "80 %",
				.why = said};
	event_hub_take(((struct relay_parts *)owner)->context.events, &e);
}

static void start_traffic(struct relay *r, struct accounts *accounts)
{
	struct relay_parts *p = &r->parts;
	const struct traffic_calls calls = {p, collect_traffic, on_quota, tell_quota};
	p->context.traffic = traffic_new(p->context.main, r->store, &calls, loop_wall_ms());
	traffic_set_accounts(p->context.traffic, accounts);
}

static void ask_requests(void *owner, const char *account, agent_registry_status_fn *fn, void *arg)
{
	agent_registry_requests(((struct relay_parts *)owner)->registry, account, fn, arg);
}

static void ask_visitors(void *owner, const struct live_visitors_wish *wish,
			 agent_registry_visitors_fn *fn, void *arg)
{
	agent_registry_visitors(((struct relay_parts *)owner)->registry, wish, fn, arg);
}

static struct accounts *accounts_in_force(void *owner)
{
	return agent_registry_accounts(((struct relay_parts *)owner)->registry);
}

static void take_edit(void *owner)
{
	const struct context *c = &((struct relay_parts *)owner)->context;
	if (c->accounts_edited)
		c->accounts_edited(c->accounts_edited_owner);
}

static bool cut_off(void *owner, const char *account, const char *agent)
{
	return agent_registry_cut(((struct relay_parts *)owner)->registry, account, agent);
}

static struct relay_api *new_api(struct relay *r)
{
	const struct relay_api_calls calls = {
	    &r->parts,
	    ask_agents,
	    write_status,
	    write_names,
	    ask_visitors,
	    r->parts.context.traffic,
	    {&r->parts, ask_requests},
	    {&r->parts, accounts_in_force, take_edit, cut_off},
	};
	return relay_api_new(r->parts.context.main, &calls, r->parts.context.events);
}

static void on_own_certificate(void *owner, struct tls_context *shown)
{
	const struct relay_parts *p = owner;
	ddns_server_set_certificate(p->ddns_server, shown);
	relay_api_set_certificate(p->relay_api, shown);
}

static bool start_names(struct relay *r, struct accounts *accounts)
{
	char *why = NULL;
	r->store = store_open(r->parts.context.main, r->parts.context.config->state, &why);
	if (!r->store) {
		log_say("%s", why);
		mem_free(why);
		return false;
	}
	struct relay_parts *p = &r->parts;
	struct loop *main = p->context.main;
	struct relay_config *c = p->context.config;
	r->known = known_homes_new(r->store, p->context.events, accounts);
	start_traffic(r, accounts);
	p->names = name_registry_new(main, r->store, c);
	name_registry_set_events(p->names, p->context.events);
	p->declared_names = declared_names_new(p->names, set_names, is_alive, p->registry);
	p->challenges = challenges_new(main, p->names, set_challenges, p->registry);
	name_registry_set_accounts(p->names, accounts);
	p->dns_server = dns_server_new(main, p->names);
	dns_server_set(p->dns_server, publishers_config_dns_server(&c->dns));
	p->ddns_server = ddns_server_new(main, p->names);
	ddns_server_set(p->ddns_server, c);
	p->relay_api = new_api(r);
	relay_api_set(p->relay_api, c);
	p->own_certificate = own_certificate_new(main, p->context.events, on_own_certificate, p);
	ddns_server_set_tokens(p->ddns_server, own_certificate_token, p->own_certificate);
	own_certificate_set(p->own_certificate, c);
	p->context.on_declare = on_declare;
	p->context.on_gone = on_gone;
	p->context.on_declare_owner = p;
	return true;
}

static unsigned absent_status(void *owner, const char *host)
{
	return agent_registry_absent_status(((struct relay_parts *)owner)->registry, host);
}

static bool take_validation(void *owner, struct io *io, const char *host)
{
	return own_certificate_take(((struct relay_parts *)owner)->own_certificate, io, host);
}

static void take_agent(void *owner, struct io *io)
{
	agent_listener_take(((struct relay_parts *)owner)->agent_listener, io);
}

static void take_own(void *owner, struct io *io)
{
	ddns_server_take(((struct relay_parts *)owner)->ddns_server, io);
}

/* *why is set when the agents' addresses cannot be bound. */
static void open_doors(struct relay *r, struct tls_context *tls, char **why)
{
	struct relay_parts *p = &r->parts;
	const struct shared_ports_calls calls = {absent_status, take_agent, take_own,
						 take_validation, p};
	p->context.accounts_edited = on_accounts_edited;
	p->context.accounts_edited_owner = r;
	p->context.shared_ports = shared_ports_new(&p->context, &calls);
	p->agent_listener = agent_listener_new(&p->context, p->registry, tls);
	p->listeners = own_listeners_new(p, why);
	if (p->listeners)
		own_listeners_set(p->listeners);
}

static void mend_accounts(const struct relay_config *c)
{
	char *dir = file_dir(c->state);
	bind_mounted_file_mend(c->accounts, dir);
	mem_free(dir);
}

static int start(struct relay *r)
{
	const struct relay_config *c = r->parts.context.config;
	char *why = NULL;
	struct accounts *accounts;
	mend_accounts(c);
	stat(c->accounts, &r->accounts_seen);
	int err = accounts_load(c->accounts, c->domain, c->reserved_names, false, &accounts, &why);
	if (err < 0) {
		accounts_report(why);
		mem_free(why);
		return cli_exit(err);
	}
	struct tls_context *tls;
	int exit_code = config_check_identity(c, &tls);
	if (exit_code) {
		accounts_unref(accounts);
		return exit_code;
	}
	r->parts.context.events = event_hub_new(r->parts.context.main, c->domain);
	event_hub_set(r->parts.context.events, &c->notify, NULL, NULL);
	r->parts.registry = agent_registry_new(&r->parts.context, accounts);
	bool named = start_names(r, accounts);
	accounts_unref(accounts);
	if (named && start_workers(r) == 0) {
		r->control = control_open(r->parts.context.main, c->control, on_control, r, &err);
		if (!r->control)
			log_say("%s: %s", c->control,
				err == UV_EADDRINUSE ? "a relay is running on it already"
				: err == UV_EEXIST   ? "is there already, and is no socket"
						     : err_text(err));
		else
			open_doors(r, tls, &why);
	}
	if (why)
		log_say("%s", why);
	mem_free(why);
	tls_context_unref(tls);
	if (!r->parts.listeners)
		return EXIT_WORK;
	r->signals = signals_open(r->parts.context.main, on_signal, r);
	r->watchdog = systemd_watchdog(r->parts.context.main);
	r->accounts_look = timer_new(r->parts.context.main, look_at_accounts, r);
	timer_set_every(r->accounts_look, ACCOUNTS_LOOK_MS);
	log_info("started", "version=%s domain=%s accounts=%zu threads=%u", GROUNDNUT_VERSION,
		 c->domain, accounts_count(agent_registry_accounts(r->parts.registry)),
		 r->parts.context.worker_count);
	systemd_ready("listening");
	return 0;
}

static int end_loops(struct relay *r)
{
	int err = 0;
	loop_run(r->parts.context.main);
	for (unsigned i = 0; i < r->parts.context.worker_count; i++) {
		struct worker *w = &r->parts.context.workers[i];
		loop_join(w->loop);
		free_worker(w);
		if (loop_free(w->loop) < 0)
			err = UV_EBUSY;
	}
	agent_registry_free(r->parts.registry);
	if (loop_free(r->parts.context.main) < 0)
		err = UV_EBUSY;
	return err;
}

int service_run(const char *config_file)
{
	struct relay r = {.file = mem_strdup(config_file), .parts.started_ms = loop_clock_ms()};
	int err = relay_config_load(config_file, &r.parts.context.config);
	if (err < 0) {
		mem_free(r.file);
		return cli_exit(err);
	}
	file_raise_limit();
	struct relay_config *c = r.parts.context.config;
	config_check_service_user(c);
	err = enter_sandbox(c);
	if (err < 0) {
		relay_config_unref(c);
		mem_free(r.file);
		return cli_exit(err);
	}
	congestion_control_choose(c->congestion, c->congestion_used);
	r.parts.context.send.limit = r.parts.context.receive.limit = (size_t)c->limits.memory_mib
								     << 20;
	r.parts.context.ports =
	    port_table_new(file_limit_for_visitors() / PORTS_SHARE / c->bind_count);
	own_listeners_reserve(&r.parts.context);
	r.parts.context.vhosts = vhost_table_new();
	r.parts.context.egress = shaper_line_new(c->egress);
	r.parts.context.main = loop_new("main");
	int code = start(&r);
	if (code)
		stop(&r);
	if (end_loops(&r) < 0 && !code)
		code = EXIT_WORK;
	port_table_free(r.parts.context.ports);
	vhost_table_free(r.parts.context.vhosts);
	shaper_line_unref(r.parts.context.egress);
	mem_free(r.parts.context.workers);
	relay_config_unref(r.parts.context.config);
	mem_free(r.file);
	if (!code)
		log_info("stopped", NULL);
	return code;
}
