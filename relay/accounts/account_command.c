/*
 * A command makes its edit, prints the result, and tells the running relay by the control socket.
 * The first step that fails says why and ends the command. When the relay cannot be reached after
 * the edit, the file is written all the same: that is said, and the exit code is 0. It is not 0
 * when the relay refuses the new file.
 */
#include "relay/accounts/account_command.h"

#include "relay/accounts/accounts.h"
#include "relay/accounts/agent_credentials.h"
#include "shared/base/password.h"
#include "shared/base/password_prompt.h"
#include "shared/base/cli.h"
#include "shared/base/json.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Tells the running relay that the file has changed, and says what it answered. 0, or an exit
 * code. */
static int tell(const struct relay_config *c)
{
	struct control_client ask;
	int exit_code = 0;
	struct buf question = BUF_INIT;
	struct json w = json_into(&question, false);
	json_open(&w, NULL, '{');
	json_str(&w, "do", "accounts");
	json_str(&w, "file", c->accounts);
	json_close(&w);
	control_client_program("relay", c->control, buf_str(&question), CONTROL_CLIENT_MS, &ask);
	buf_fini(&question);
	switch (ask.result) {
	case CONTROL_CLIENT_DONE:
		log_say("the running relay has taken it up");
		break;
	case CONTROL_CLIENT_NOBODY:
		log_say("no relay is running; the next one to start takes it up");
		break;
	case CONTROL_CLIENT_REFUSED:
		log_say("the running relay did not take it up: %s", ask.said);
		exit_code = EXIT_WORK;
		break;
	case CONTROL_CLIENT_FAILED:
		log_say("written, but %s", ask.said);
		break;
	}
	control_client_fini(&ask);
	return exit_code;
}

static int finish(const struct relay_config *c, int exit_code)
{
	return exit_code ? exit_code : tell(c);
}

/* Ends a command whose edit made a join line: prints the line, then wipes and frees it. */
static int finish_line(const struct relay_config *c, int exit_code, char *line)
{
	if (!exit_code) {
		printf("%s\n", line);
		fflush(stdout);
		mem_wipe(line, strlen(line));
		mem_free(line);
	}
	return finish(c, exit_code);
}

int account_command_add(const struct relay_config *c, const char *name, const char *ports)
{
	char *line;
	int exit_code = account_edit_add(c, name, ports, &line);
	return finish_line(c, exit_code, line);
}

int account_command_renew(const struct relay_config *c, const char *name)
{
	char *line;
	int exit_code = account_edit_renew(c, name, &line);
	return finish_line(c, exit_code, line);
}

int account_command_invite(const struct relay_config *c, const char *account, const char *agent,
			   const char *hours)
{
	char *line;
	int exit_code = agent_credentials_invite(c, account, agent, hours, &line);
	return finish_line(c, exit_code, line);
}

int account_command_passwd(const struct relay_config *c, const char *name)
{
	char password[PASSWORD_MAX + 1], hash[PASSWORD_TEXT];
	if (!password_prompt_read(password))
		return EXIT_USAGE;
	int err = password_hash(password, hash);
	mem_wipe(password, sizeof(password));
	if (err < 0) {
		log_say("the password must have 1 to %d bytes", PASSWORD_MAX);
		return EXIT_USAGE;
	}
	return finish(c, account_edit_set_password(c, name, hash));
}

int account_command_remove(const struct relay_config *c, const char *name)
{
	return finish(c, account_edit_remove(c, name));
}

int account_command_remove_agent(const struct relay_config *c, const char *which)
{
	return finish(c, agent_credentials_remove(c, which));
}

/* --- list, set --- */

static void put_ports(struct buf *b, const struct account *a)
{
	char text[PORTS_TEXT];
	for (size_t i = 0; i < a->ports_count; i++)
		buf_printf(b, "%s%s", i ? "," : "", ports_text(&a->ports[i], text));
	if (!a->ports_count)
		buf_puts(b, "none");
}

static void print_account(const struct account *a)
{
	struct buf ports = BUF_INIT;
	put_ports(&ports, a);
	printf("%-20s  ports %-24s  hosts ", a->name, buf_str(&ports));
	for (size_t i = 0; i < a->host_count; i++)
		printf("%s%s", i ? "," : "", a->hosts[i]);
	printf("%s", a->host_count ? "" : "none");
	if (a->connections)
		printf("  connections %u", (unsigned)a->connections);
	if (a->bandwidth)
		printf("  bandwidth %llu", (unsigned long long)a->bandwidth);
	if (a->quota.bytes)
		printf("  quota %llu from day %u, then %s", (unsigned long long)a->quota.bytes,
		       a->quota.reset_day, quota_at_limit_text(a->quota.at_limit));
	printf("\n");
	buf_fini(&ports);
}

int account_command_list(const struct relay_config *c)
{
	struct accounts *all;
	char *errors;
	int err = accounts_load(c->accounts, c->domain, c->reserved_names, false, &all, &errors);
	accounts_report(errors);
	mem_free(errors);
	if (err)
		return cli_exit(err);
	for (size_t i = 0; i < accounts_count(all); i++)
		print_account(accounts_at(all, i));
	accounts_unref(all);
	return 0;
}

static void print_one(const struct relay_config *c, const char *name)
{
	struct accounts *all;
	char *errors;
	if (accounts_load(c->accounts, c->domain, c->reserved_names, false, &all, &errors) == 0) {
		print_account(accounts_find(all, name));
		accounts_unref(all);
	}
	mem_free(errors);
}

int account_command_set(const struct relay_config *c, const char *name,
			const struct account_changes *changes)
{
	int exit_code = account_edit_set(c, name, changes);
	if (!exit_code)
		print_one(c, name);
	return finish(c, exit_code);
}

static void print_agents(const struct account *a)
{
	char until[32];
	for (size_t i = 0; i < a->agent_count; i++)
		printf("%s/%s%s\n", a->name, a->agents[i].name,
		       a->agents[i].is_new ? "  has joined, not attached yet" : "");
	for (size_t i = 0; i < a->invite_count; i++) {
		const struct account_invite *v = &a->invites[i];
		if (v->until_s > (uint64_t)time(NULL))
			printf("%s/%s  is invited until %s\n", a->name, v->agent ? v->agent : "?",
			       text_time(v->until_s * 1000, until));
	}
}

int account_command_list_agents(const struct relay_config *c)
{
	struct accounts *all;
	char *errors;
	int err = accounts_load(c->accounts, c->domain, c->reserved_names, false, &all, &errors);
	accounts_report(errors);
	mem_free(errors);
	for (size_t i = 0; !err && i < accounts_count(all); i++)
		print_agents(accounts_at(all, i));
	accounts_unref(all);
	return cli_exit(err);
}
