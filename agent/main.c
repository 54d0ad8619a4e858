/* groundnut-agent: its commands, each handed to the file that does it. */
#include "agent/ask.h"
#include "agent/config.h"
#include "agent/join.h"
#include "agent/map.h"
#include "agent/service.h"
#include "agent/status.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <stdio.h>

struct program {
	struct cli_line line;
	char *config;
};

static int run_join(void *program)
{
	const struct program *p = program;
	return join_command(p->config, p->line.words[0], cli_has(&p->line, "force"));
}

static int run_map(void *program)
{
	const struct program *p = program;
	const char *const *words = p->line.words;
	return map_command(p->config, words[0], words[1], words[2], cli_value(&p->line, "protocol"));
}

static int run_unmap(void *program)
{
	const struct program *p = program;
	return map_remove_command(p->config, p->line.words[0]);
}

static int run_run(void *program)
{
	const struct program *p = program;
	return service_run(p->config);
}

static int load(const char *file, struct agent_config **c)
{
	int err = agent_config_load(file, c);
	return err == 0 ? 0 : err == ERR_CONFIG ? EXIT_USAGE : EXIT_WORK;
}

static int run_check(void *program)
{
	const struct program *p = program;
	struct agent_config *c;
	int code = load(p->config, &c);
	if (!code)
		printf("%s: good; account %s at %s, mappings: %zu\n", p->config, c->account, c->relay_text,
		       c->mappings.count);
	agent_config_free(c);
	return code;
}

static int run_status(void *program)
{
	const struct program *p = program;
	return status_command(p->config, cli_has(&p->line, "json"));
}

/* A wrong file is told here, where the person is, and not only in the running agent's log. */
static int run_reload(void *program)
{
	const struct program *p = program;
	struct agent_config *c;
	int code = load(p->config, &c);
	if (!code)
		code = ask_reload(c->control);
	agent_config_free(c);
	return code;
}

static const struct cli_option join_options[] = {
	{"force", 0, NULL, "also when the file is of another account; keeps its mappings, and the old file as agent.json~", false},
	{0},
};
static const struct cli_option map_options[] = {
	{"protocol", 0, "P", "tcp, udp, http or tls", false},
	{0},
};
static const struct cli_option status_options[] = {
	{"json", 0, NULL, "as one JSON object", false},
	{0},
};

static const struct cli_command commands[] = {
	{"join", "LINE|-", "write agent.json from the line that `groundnut-relay account add` printed",
	 "LINE: groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX; \"-\" reads it from stdin, so that the token stays out of\n"
	 "the list of processes. The relay is tried for 5 s and the finding told; the file is written either way.",
	 join_options, 1, 1, run_join},
	{"map", "NAME PUBLIC TARGET", "make a service at home public",
	 "PUBLIC: a port or range (tcp, or udp by --protocol), or a host (http, or tls by --protocol).\n"
	 "TARGET: HOST:PORT, or a bare port of this machine. An existing NAME is replaced, and keeps options such as \"allow\".\n"
	 "Prints what visitors type once the relay has opened it.\n\n"
	 "  groundnut-agent map web 8080 80\n"
	 "  groundnut-agent map printer 6310 192.168.1.20:631\n"
	 "  groundnut-agent map vpn 51820 192.168.1.1:51820 --protocol udp",
	 map_options, 3, 3, run_map},
	{"unmap", "NAME", "take a mapping out again", NULL, NULL, 1, 1, run_unmap},
	{"run", NULL, "the service, in the foreground; SIGHUP re-reads the file, SIGTERM ends it", NULL, NULL, 0, 0, run_run},
	{"check", NULL, "read the configuration and report every error", NULL, NULL, 0, 0, run_check},
	{"status", NULL, "ask the running agent how it is", NULL, status_options, 0, 0, run_status},
	{"reload", NULL, "have the running agent read its file again", NULL, NULL, 0, 0, run_reload},
	{0},
};

static const struct cli cli = {
	.program = "groundnut-agent",
	.about = "makes services at home public through your own relay",
	.commands = commands,
	.common = cli_common,
};

int main(int argc, char **argv)
{
	struct program program = {0};
	int code;
	cli_parse(&cli, argc, argv, &program.line, &code);
	if (code >= 0)
		return cli_end(code);
	const char *config = cli_value(&program.line, "config");
	program.config = config ? mem_strdup(config) : agent_config_default_path();
	code = program.line.command->run(&program);
	mem_free(program.config);
	return cli_end(code);
}
