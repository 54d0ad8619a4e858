/* groundnut-agent: its commands, each handed to the file that does it. */
#include "agent/certificates_command.h"
#include "agent/config.h"
#include "agent/doctor.h"
#include "agent/container_environment.h"
#include "agent/join.h"
#include "agent/map_command.h"
#include "agent/agent_control_client.h"
#include "agent/service.h"
#include "agent/status_output.h"
#include "shared/admin/admin_command.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/password_prompt.h"
#include "shared/net/build_info.h"
#include "shared/net/status_command.h"

#include <stdio.h>
#include <string.h>

/* the target's 10 s, and a moment */
enum { TRUST_TIMEOUT_MS = 12000 };

static int run_join(const struct cli_line *line)
{
	return join_command(line->config, line->words[0], cli_has(line, "force"));
}

static int run_map(const struct cli_line *line)
{
	char password[PASSWORD_PROMPT_MAX + 1];
	struct map_words words = {
	    .name = line->words[0],
	    .public_text = line->words[1],
	    .target = line->words[2],
	    .protocol = cli_value(line, "protocol"),
	    .public_port = cli_value(line, "public-port"),
	    .allow = cli_value(line, "allow"),
	    .basic_auth = cli_value(line, "basic-auth"),
	    .bandwidth = cli_value(line, "bandwidth"),
	    .connections = cli_value(line, "connections"),
	    .proxy_protocol = cli_value(line, "proxy-protocol"),
	};
	if (words.basic_auth && strcmp(words.basic_auth, "none") != 0) {
		if (!password_prompt_read(password))
			return EXIT_USAGE;
		words.password = password;
	}
	int code = map_command_run(line->config, &words);
	mem_wipe(password, sizeof password);
	return code;
}

static int run_unmap(const struct cli_line *line)
{
	return map_command_remove(line->config, line->words[0]);
}

static int map_of_environment(void *line, char **words, int count);

static int run_run(const struct cli_line *line)
{
	int code = container_environment_apply(line->config, map_of_environment, (void *)line);
	return code ? code : cli_serve(line, service_run);
}

static int run_check(const struct cli_line *line)
{
	struct agent_config *c;
	int code = cli_exit(agent_config_load(line->config, &c));
	if (!code && !agent_config_check_service_user(c))
		code = EXIT_WORK;
	if (!code)
		printf("%s: good; account %s at %s, mappings: %zu\n", line->config, c->account,
		       c->relay_text, c->mappings.count);
	agent_config_free(c);
	return code;
}

static int run_status(const struct cli_line *line)
{
	int flags = status_command_flags(line);
	return flags < 0 ? EXIT_USAGE : status_output_run(line->config, flags);
}

static int reload_running(const struct agent_config *c)
{
	struct control_client ask;
	agent_control_client_ask(c, "reload", NULL, CONTROL_CLIENT_MS, &ask);
	log_say("%s", ask.result == CONTROL_CLIENT_DONE ? "the running agent has taken the file up"
							: ask.said);
	int code = ask.result == CONTROL_CLIENT_DONE ? 0 : EXIT_WORK;
	control_client_fini(&ask);
	return code;
}

/* A wrong file is told here, where the person is, and not only in the running agent's log. */
static int run_reload(const struct cli_line *line)
{
	struct agent_config *c;
	int code = cli_exit(agent_config_load(line->config, &c));
	if (!code)
		code = reload_running(c);
	agent_config_free(c);
	return code;
}

static int run_trust(const struct cli_line *line)
{
	struct agent_config *c;
	struct control_client ask;
	int code = cli_exit(agent_config_load(line->config, &c));
	if (code)
		return code;
	agent_control_client_ask(c, "trust", line->words[0], TRUST_TIMEOUT_MS, &ask);
	bool done = ask.result == CONTROL_CLIENT_DONE;
	log_say("%s", ask.said ? ask.said : "done");
	control_client_fini(&ask);
	agent_config_free(c);
	return done ? 0 : EXIT_WORK;
}

static int run_certificates(const struct cli_line *line)
{
	return certificates_command_list(line->config, cli_has(line, "json"));
}

static int run_renew(const struct cli_line *line)
{
	return certificates_command_renew(line->config, line->words[0]);
}

static int run_admin_link(const struct cli_line *line)
{
	char *control;
	if (agent_config_control(line->config, &control) != 0)
		return EXIT_WORK;
	int code = admin_command_link("agent", control);
	mem_free(control);
	return code;
}

static int run_admin(const struct cli_line *line)
{
	struct agent_config *c;
	int code = cli_exit(agent_config_load(line->config, &c));
	if (c)
		code = admin_command_run(
		    &(struct admin_command_place){"agent", c->agent, c->admin.file}, line);
	agent_config_free(c);
	return code;
}

static int run_doctor(const struct cli_line *line)
{
	return doctor_run(line->config, cli_has(line, "json"));
}

static const struct cli_option json_options[] = {
    {"json", 0, NULL, "as a JSON list", false},
    {0},
};
static const struct cli_option join_options[] = {
    {"force", 0, NULL,
     "also when the file is of another account; keeps its mappings, and the old file as "
     "agent.json~",
     false},
    {0},
};
static const struct cli_option map_options[] = {
    {"protocol", 0, "P", "tcp, udp, http, tls or https", false},
    {"allow", 0, "CIDR,…", "who may come in: 198.51.100.0/24,2001:db8::/32", false},
    {"basic-auth", 0, "USER", "http, https: a password is asked for, read from standard input here",
     false},
    {"bandwidth", 0, "B", "bits a second each way, such as 20M", false},
    {"connections", 0, "N", "visitors at once", false},
    {"proxy-protocol", 0, "1|2", "tells the service who visits it", false},
    {"public-port", 0, "PORT", "of https: a port of its own instead of the shared one", false},
    {0},
};

static const struct cli_command commands[] = {
    {"join", "LINE|-", "write agent.json from the line that `groundnut-relay account add` printed",
     "LINE: groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX; \"-\" reads it from stdin, so that "
     "the token stays out of "
     "the list of processes. The relay is tried for 5 s and the finding told; the file is written "
     "either way.",
     join_options, 1, 1, run_join},
    {"map", "NAME PUBLIC TARGET", "make a service at home public",
     "PUBLIC: a port or range (tcp, or udp by --protocol), or a host (http, or tls or "
     "https by --protocol).\n"
     "TARGET: HOST:PORT, or a bare port of this machine. An existing NAME is replaced, and keeps "
     "the options that are not given; `none` takes one away.\n"
     "Prints what visitors type once the relay has opened it.\n\n"
     "  groundnut-agent map web 8080 80\n"
     "  groundnut-agent map printer 6310 192.168.1.20:631\n"
     "  groundnut-agent map ftp 50000-50009 192.168.1.4:50000-50009\n"
     "  groundnut-agent map vpn 51820 192.168.1.1:51820 --protocol udp\n"
     "  groundnut-agent map blog blog.alice 8000\n"
     "  groundnut-agent map rest '*.alice' 192.168.1.7:80\n"
     "  groundnut-agent map nas nas.alice 192.168.1.5:443 --protocol tls\n"
     "  groundnut-agent map cloud cloud.alice 8080 --protocol https\n"
     "  groundnut-agent map cloud cloud.alice 8080 --protocol https --public-port 54321",
     map_options, 3, 3, run_map},
    {"unmap", "NAME", "take a mapping out again", NULL, NULL, 1, 1, run_unmap},
    {"run", NULL, "the service, in the foreground; SIGHUP re-reads the file, SIGTERM ends it", NULL,
     NULL, 0, 0, run_run},
    {"check", NULL, "read the configuration and report every error", NULL, NULL, 0, 0, run_check},
    {"status", NULL, "ask the running agent how it is", NULL, status_command_options, 0, 0,
     run_status},
    {"doctor", NULL, "look from the inside out, a line each: `ok`, or what is wrong and the cure",
     "Tries the relay as `join` does, asks the running agent, and connects to each target. 0 only "
     "where nothing is wrong.",
     json_options, 0, 0, run_doctor},
    {"admin link", NULL, "print a link that signs in to the dashboard, once, within ten minutes",
     "The agent must run, with \"admin\" in agent.json. On another machine, make its port yours "
     "first: ssh -L 7081:127.0.0.1:7081 home",
     NULL, 0, 0, run_admin_link},
    ADMIN_COMMAND_ROWS(run_admin),
    {"certificates renew", "NAME", "order a new certificate for the mapping at once",
     "Waits up to 60 s. 0 when the new one serves.", NULL, 1, 1, run_renew},
    {"certificates", NULL, "the certificates of https mappings", NULL, json_options, 0, 0,
     run_certificates},
    {"trust", "NAME", "take the key that the target of NAME shows now",
     "Of targets written `https://…`. Says what was remembered, and what is now.", NULL, 1, 1,
     run_trust},
    {"reload", NULL, "have the running agent read its file again", NULL, NULL, 0, 0, run_reload},
    {0},
};

static char *built_with(void)
{
	return build_info_text(NULL);
}

static const struct cli cli = {
    .program = "groundnut-agent",
    .about = "makes services at home public through your own relay",
    .commands = commands,
    .common = cli_common,
    .default_config = agent_config_default_path,
    .built_with = built_with,
};

/* As the command line would run it, with the file and the log of the line that `run` has. */
static int map_of_environment(void *arg, char **words, int count)
{
	const struct cli_line *line = arg;
	const char *level = cli_value(line, "log-level"), *format = cli_value(line, "log-format");
	char *options[] = {
	    mem_printf("--config=%s", line->config),
	    mem_printf("--log-level=%s", level ? level : "info"),
	    mem_printf("--log-format=%s", format ? format : "text"),
	};
	char *argv[2 + CLI_WORDS + 3] = {(char *)cli.program, "map"};
	memcpy(argv + 2, words, (size_t)count * sizeof(*words));
	memcpy(argv + 2 + count, options, sizeof(options));
	int code = cli_main(&cli, count + 5, argv);
	for (size_t i = 0; i < 3; i++)
		mem_free(options[i]);
	return code;
}

int main(int argc, char **argv)
{
	return cli_main(&cli, argc, argv);
}
