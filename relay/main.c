/* groundnut-relay: its command line. Each command reads what it needs of the configuration; `run`
 * hands over to the service. */
#include "relay/accounts/account_command.h"
#include "shared/admin/admin_command.h"
#include "relay/config_check.h"
#include "relay/config.h"
#include "relay/doctor.h"
#include "relay/init.h"
#include "relay/service.h"
#include "relay/status_output.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/build_info.h"
#include "shared/net/control_client.h"
#include "shared/net/status_command.h"

#include <ldns/ldns.h>
#include <sqlite3.h>
#include <stdio.h>

/* The configuration, or NULL and an exit code. */
static struct relay_config *load(const struct cli_line *line, int *exit_code)
{
	struct relay_config *c;
	*exit_code = cli_exit(relay_config_load(line->config, &c));
	return c;
}

static int run_init(const struct cli_line *line)
{
	return init_files(line, line->config);
}

static int run_account_add(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = account_command_add(c, line->words[0], cli_value(line, "ports"));
	relay_config_unref(c);
	return exit_code;
}

static int run_account_list(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = account_command_list(c);
	relay_config_unref(c);
	return exit_code;
}

static int run_account_set(const struct cli_line *line)
{
	int exit_code;
	struct account_changes changes = {
	    cli_value(line, "ports"),     cli_value(line, "hosts"), cli_value(line, "connections"),
	    cli_value(line, "bandwidth"), cli_value(line, "quota"), cli_value(line, "reset-day"),
	    cli_value(line, "at-limit")};
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = account_command_set(c, line->words[0], &changes);
	relay_config_unref(c);
	return exit_code;
}

static int of_account(const struct cli_line *line,
		      int (*act)(const struct relay_config *c, const char *name))
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = act(c, line->words[0]);
	relay_config_unref(c);
	return exit_code;
}

static int run_account_invite(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = account_command_invite(c, line->words[0], cli_value(line, "agent"),
						   cli_value(line, "hours"));
	relay_config_unref(c);
	return exit_code;
}

static int run_agent_list(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = account_command_list_agents(c);
	relay_config_unref(c);
	return exit_code;
}

static int run_account_remove(const struct cli_line *line)
{
	return of_account(line, account_command_remove);
}

static int run_agent_remove(const struct cli_line *line)
{
	return of_account(line, account_command_remove_agent);
}

static int run_account_renew(const struct cli_line *line)
{
	return of_account(line, account_command_renew);
}

static int run_account_passwd(const struct cli_line *line)
{
	return of_account(line, account_command_passwd);
}

static int run_service(const struct cli_line *line)
{
	return cli_serve(line, service_run);
}

static int run_check(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = config_check_files(c);
	if (c && !exit_code)
		exit_code = config_check_names(c);
	if (c && !config_check_service_user(c) && !exit_code)
		exit_code = EXIT_WORK;
	if (c && !exit_code)
		printf("%s is in order\n", c->file);
	relay_config_unref(c);
	return exit_code;
}

/* The running relay goes on with its last good file, and can be asked whatever has become of that
 * file since. */
static int run_status(const struct cli_line *line)
{
	char *control;
	int flags = status_command_flags(line);
	if (flags < 0)
		return EXIT_USAGE;
	if (relay_config_control(line->config, &control) < 0)
		return EXIT_WORK;
	int exit_code = status_output_run(control, flags);
	mem_free(control);
	return exit_code;
}

static int run_admin_link(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = admin_command_link("relay", c->control);
	relay_config_unref(c);
	return exit_code;
}

static int run_admin(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = admin_command_run(
		    &(struct admin_command_place){"relay", c->domain, c->admin.file}, line);
	relay_config_unref(c);
	return exit_code;
}

static int run_doctor(const struct cli_line *line)
{
	return doctor_run(line->config, cli_has(line, "json"));
}

static int ask_reload(const struct relay_config *c)
{
	struct control_client ask;
	control_client_program("relay", c->control, "{\"do\": \"reload\"}", CONTROL_CLIENT_MS,
			       &ask);
	if (ask.result == CONTROL_CLIENT_DONE)
		printf("%s\n", ask.said ? ask.said : "reloaded");
	else
		log_say("%s", ask.said);
	int exit_code = ask.result == CONTROL_CLIENT_DONE ? 0 : EXIT_WORK;
	control_client_fini(&ask);
	return exit_code;
}

/* Wrong files are told here, where the person is, and not only in the running relay's log. */
static int run_reload(const struct cli_line *line)
{
	int exit_code;
	struct relay_config *c = load(line, &exit_code);
	if (c)
		exit_code = config_check_files(c);
	if (c && !exit_code)
		exit_code = ask_reload(c);
	relay_config_unref(c);
	return exit_code;
}

static const struct cli_option init_options[] = {
    {"domain", 0, "D", "the zone of all names, such as home.example.com", true},
    {"address", 0, "A", "a public address of this machine, v4 or v6; may be repeated", true},
    {"host", 0, "H", "the name or address that agents dial; else the first address", false},
    {"dir", 0, "DIR", "where to write; else the default configuration's directory", false},
    {0},
};

static const struct cli_option account_add_options[] = {
    {"ports", 0, "LIST", "what it may open: 8000-8999,6310,51820/udp,53/both; else 1024 to 65535",
     false},
    {0},
};

static const struct cli_option account_set_options[] = {
    {"ports", 0, "LIST", "what it may open, in place of what it has; +LIST adds, -LIST takes away",
     false},
    {"hosts", 0, "LIST", "its hosts, such as blog.alice,*.alice,www.example.org.; +LIST, -LIST",
     false},
    {"connections", 0, "N", "visitors at once over all its mappings; none: the relay's limit",
     false},
    {"bandwidth", 0, "B", "bits a second each way, such as 20M; none: no limit", false},
    {"quota", 0, "BYTES", "bytes a month, both ways together, such as 500G; none: no quota", false},
    {"reset-day", 0, "N", "the day of the month on which the quota begins anew; else 1", false},
    {"at-limit", 0, "WHAT", "when it is used: warn (the log and status), slow (1 Mbit/s), stop",
     false},
    {0},
};

static const struct cli_option doctor_options[] = {
    {"json", 0, NULL, "as a JSON list", false},
    {0},
};

static const struct cli_option account_invite_options[] = {
    {"agent", 0, "A", "the name that the machine attaches by; else it chooses one", false},
    {"hours", 0, "N", "how long the line is good; else 24", false},
    {0},
};

static const struct cli_command commands[] = {
    {"init", NULL, "write a first configuration, key and certificate",
     "Writes relay.json, accounts.json, relay.crt and relay.key, and never overwrites one. Prints "
     "the DNS records, "
     "the firewall's ports and the next commands.",
     init_options, 0, 0, run_init},
    {"account add", "NAME", "create an account and print its join line",
     "The join line is shown once: only a hash of its token is kept. It is the whole standard "
     "output.",
     account_add_options, 1, 1, run_account_add},
    {"account list", NULL, "show the accounts and what they may open", NULL, NULL, 0, 0,
     run_account_list},
    {"account set", "NAME", "change what an account may open",
     "In force at once: refused mappings open, and mappings that lost the right close.\n\n"
     "  groundnut-relay account set alice --ports +443,51820/udp\n"
     "  groundnut-relay account set alice --hosts +www.example.org. --bandwidth 50M\n"
     "  groundnut-relay account set alice --quota 500G --reset-day 15 --at-limit slow",
     account_set_options, 1, 1, run_account_set},
    {"account invite", "NAME", "print a join line that works once, for one machine",
     "The machine gets a credential of its own, which `agent remove` takes away alone. The line is "
     "the whole standard output.",
     account_invite_options, 1, 1, run_account_invite},
    {"agent list", NULL, "show the agents that have a credential of their own, and invitations",
     NULL, NULL, 0, 0, run_agent_list},
    {"agent remove", "ACCOUNT/AGENT", "take an agent's credential away and end its session",
     "The other machines of the account are not touched.", NULL, 1, 1, run_agent_remove},
    {"account remove", "NAME", "remove an account and end its sessions", NULL, NULL, 1, 1,
     run_account_remove},
    {"account renew", "NAME", "give an account a new token and print its join line",
     "Sessions of the old token are ended.", NULL, 1, 1, run_account_renew},
    {"account passwd", "NAME", "set the password that routers and cameras use for DDNS updates",
     "One line of 1 to 256 bytes from standard input; on a terminal it is asked for twice.", NULL,
     1, 1, run_account_passwd},
    {"admin link", NULL, "print a link that signs in to the dashboard, once, within ten minutes",
     "The relay must run, with \"admin\" in relay.json. On another machine, make its port yours "
     "first:\n\n"
     "  ssh -L 7080:127.0.0.1:7080 vps",
     NULL, 0, 0, run_admin_link},
    ADMIN_COMMAND_ROWS(run_admin),
    {"run", NULL, "be the relay, in the foreground",
     "SIGHUP, or the command reload, reads the files again; SIGTERM ends it cleanly.", NULL, 0, 0,
     run_service},
    {"check", NULL, "read the configuration and report every error",
     "Reads relay.json, the accounts, and the certificate with its key; changes nothing.", NULL, 0,
     0, run_check},
    {"status", NULL, "ask the running relay how it is", NULL, status_command_options, 0, 0,
     run_status},
    {"doctor", NULL, "look from the inside out, a line each: `ok`, or what is wrong and the cure",
     "Looks at the files and the machine, asks the running relay, and asks the world for its "
     "names. "
     "0 only where nothing is wrong.",
     doctor_options, 0, 0, run_doctor},
    {"reload", NULL, "have the running relay read its files again",
     "A wrong file changes nothing: the relay goes on with what it has, and says so.", NULL, 0, 0,
     run_reload},
    {0},
};

static char *built_with(void)
{
	char *own = mem_printf("SQLite %s, ldns %s", sqlite3_libversion(), ldns_version());
	char *text = build_info_text(own);
	mem_free(own);
	return text;
}

static const struct cli cli = {
    "groundnut-relay",
    "the public end of Groundnut's tunnels",
    commands,
    cli_common,
    relay_config_default_path,
    built_with,
};

int main(int argc, char **argv)
{
	return cli_main(&cli, argc, argv);
}
