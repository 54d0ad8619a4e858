#include "agent/machine_identity.h"

#include "shared/base/conf.h"
#include "shared/base/file.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/token.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 64 * 1024, NAME_MOST = 63, MARK = 6 };

static char *path_in(const char *dir)
{
	return mem_printf("%s/identity.json", dir);
}

static char *read_member(struct conf_at root, const char *key)
{
	const char *text = NULL;
	return conf_opt_str(root, key, &text) ? mem_strdup(text) : NULL;
}

void machine_identity_read(const char *dir, struct machine_identity *out)
{
	char *path = path_in(dir), *text = NULL;
	size_t len;
	*out = (struct machine_identity){0};
	if (file_read(path, FILE_MOST, &text, &len) == 0) {
		struct conf *c = conf_parse("identity.json", text, len, true);
		struct conf_at root = conf_root(c);
		out->agent = read_member(root, "agent");
		out->machine = read_member(root, "machine");
		out->failed_join = read_member(root, "failed_join");
		conf_free(c);
	}
	if (out->agent && !text_is_name(out->agent)) {
		mem_free(out->agent);
		out->agent = NULL;
	}
	mem_free(text);
	mem_free(path);
}

static void write_member(struct json *w, const char *key, const char *text)
{
	if (text)
		json_str(w, key, text);
}

/* 0, or a negative errno. Makes the directory. */
static int write_identity(const char *dir, const struct machine_identity *id)
{
	int err = file_make_dirs(dir, 0700);
	if (err)
		return err;
	char *path = path_in(dir);
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, false);
	json_open(&w, NULL, '{');
	write_member(&w, "agent", id->agent);
	write_member(&w, "machine", id->machine);
	write_member(&w, "failed_join", id->failed_join);
	json_close(&w);
	buf_puts(&text, "\n");
	err = file_replace(path, buf_data(&text), buf_len(&text), 0600, false);
	buf_fini(&text);
	mem_free(path);
	return err;
}

void machine_identity_fini(struct machine_identity *id)
{
	mem_free(id->agent);
	mem_free(id->machine);
	mem_free(id->failed_join);
	*id = (struct machine_identity){0};
}

/* Freed by the caller; NULL: the machine has none. */
static char *machine_id(void)
{
	char *text = NULL;
	size_t len;
	if (file_read("/etc/machine-id", FILE_MOST, &text, &len) != 0)
		return NULL;
	text[strspn(text, "0123456789abcdefABCDEF")] = '\0';
	if (*text)
		return text;
	mem_free(text);
	return NULL;
}

char *machine_identity_name_of_host(const char *host)
{
	char name[NAME_MOST + 1], hash[TOKEN_HASH_TEXT];
	size_t len = 0;
	bool changed = !*host;
	for (const char *p = host; *p; p++) {
		bool fits = isalnum((unsigned char)*p) || (len && strchr("._-", *p));
		changed = changed || !fits || len == NAME_MOST;
		char c = fits ? *p : '-';
		if (len < NAME_MOST && (fits || (len && name[len - 1] != '-')))
			name[len++] = c;
	}
	name[len] = '\0';
	if (!changed)
		return mem_strdup(name);
	while (len && (name[len - 1] == '-' || len > NAME_MOST - MARK - 1))
		name[--len] = '\0';
	token_hash(host, hash);
	return mem_printf("%s-%.*s", len ? name : "agent", MARK, hash + strlen("sha256:"));
}

char *machine_identity_name(const struct machine_identity *id)
{
	char *machine = machine_id(), host[256] = "";
	bool other = machine && id->machine && strcmp(machine, id->machine) != 0;
	mem_free(machine);
	if (id->agent && !other)
		return mem_strdup(id->agent);
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	return machine_identity_name_of_host(host);
}

int machine_identity_note_attached(const char *dir, const char *agent)
{
	struct machine_identity id;
	machine_identity_read(dir, &id);
	char *machine = machine_id();
	bool news = id.failed_join ||
		    (agent && (!text_same(id.agent, agent) || !text_same(id.machine, machine)));
	struct machine_identity now = {.agent = agent ? (char *)agent : id.agent,
				       .machine = agent ? machine : id.machine};
	int err = news ? write_identity(dir, &now) : 0;
	mem_free(machine);
	machine_identity_fini(&id);
	return err;
}

int machine_identity_note_failed_join(const char *dir, const char *account)
{
	struct machine_identity id;
	machine_identity_read(dir, &id);
	int err = 0;
	if (!text_same(id.failed_join, account)) {
		mem_free(id.failed_join);
		id.failed_join = mem_strdup(account);
		err = write_identity(dir, &id);
	}
	machine_identity_fini(&id);
	return err;
}

bool machine_identity_is_failed_join(const char *dir, const char *account)
{
	struct machine_identity id;
	machine_identity_read(dir, &id);
	bool failed = id.failed_join && account && strcmp(id.failed_join, account) == 0;
	machine_identity_fini(&id);
	return failed;
}
