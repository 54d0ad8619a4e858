#define _GNU_SOURCE /* getgrouplist */
#include "shared/base/service_user.h"

#include "shared/base/conf.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <grp.h>
#include <jansson.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 64, FILES_MAX = 256, CONFIG_MAX = 4 << 20 };

struct reader {
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int group_count;
};

static bool is_in(const struct reader *r, gid_t group)
{
	for (int i = 0; i < r->group_count; i++)
		if (r->groups[i] == group)
			return true;
	return false;
}

/* bit: 4 to read a file, 1 to pass through a directory. One that is absent is another error. */
static bool may(const struct reader *r, const char *path, mode_t bit)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return true;
	if (st.st_uid == r->uid)
		return st.st_mode & bit << 6;
	return st.st_mode & (is_in(r, st.st_gid) ? bit << 3 : bit);
}

/* The file and each directory above it. */
static bool may_read(const struct reader *r, char *path)
{
	bool good = may(r, path, 4) && may(r, "/", 1);
	for (char *slash = strrchr(path, '/'); slash > path; slash = strrchr(path, '/')) {
		*slash = '\0';
		good &= may(r, path, 1);
	}
	return good;
}

bool service_user_can(const char *user, uid_t uid, gid_t gid, const char *file)
{
	struct reader r = {.uid = uid, .group_count = GROUPS_MAX};
	if (getgrouplist(user, gid, r.groups, &r.group_count) < 0)
		r.group_count = GROUPS_MAX;
	char *real = realpath(file, NULL);
	bool good = !real || may_read(&r, real);
	free(real);
	return good;
}

static bool is_systems(const char *config)
{
	char *dir = file_dir(config);
	bool same = !strcmp(dir, "/etc/groundnut");
	mem_free(dir);
	return same;
}

struct readable_files {
	const struct passwd *user;
	const char *config;
	char *list[FILES_MAX]; /* each once */
	size_t count;
};

static void add_file(struct readable_files *f, const char *path)
{
	char *whole = file_beside(f->config, path);
	bool is_known = !*path || f->count == FILES_MAX;
	for (size_t i = 0; i < f->count && !is_known; i++)
		is_known = !strcmp(f->list[i], whole);
	if (is_known)
		mem_free(whole);
	else
		f->list[f->count++] = whole;
}

static bool names_file(const char *key, const char *value)
{
	size_t len = strlen(key);
	bool is_certificate = !strcmp(key, "certificate") && strcmp(value, "auto") != 0;
	return is_certificate || !strcmp(key, "private_key") ||
	       (len > 5 && !strcmp(key + len - 5, "_file"));
}

static void add_named(struct readable_files *f, json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	json_array_foreach(value, i, member) add_named(f, member);
	json_object_foreach(value, key, member)
	{
		if (json_is_string(member) && names_file(key, json_string_value(member)))
			add_file(f, json_string_value(member));
		add_named(f, member);
	}
}

static bool may_all(const struct readable_files *f)
{
	const uid_t uid = f->user->pw_uid;
	bool all = true;
	for (size_t i = 0; i < f->count; i++) {
		const char *file = f->list[i];
		if (service_user_can(SERVICE_USER, uid, f->user->pw_gid, file))
			continue;
		log_say("%s: the service's user %s cannot read it: chown root:%s %s && chmod 0640 "
			"%s",
			file_name(file), SERVICE_USER, SERVICE_USER, file, file);
		all = false;
	}
	return all;
}

static void add_named_in(struct readable_files *f)
{
	char *text;
	size_t len;
	if (file_read(f->config, CONFIG_MAX, &text, &len) != 0)
		return;
	const char *json = text;
	conf_skip_mark(&json, &len);
	json_t *root = json_loadb(json, len, 0, NULL);
	add_named(f, root);
	json_decref(root);
	mem_wipe(text, strlen(text));
	mem_free(text);
}

bool service_user_reads(const char *config, const char *const *others)
{
	struct readable_files f = {.config = config};
	if (geteuid() != 0 || !is_systems(config) || !(f.user = getpwnam(SERVICE_USER)))
		return true;
	add_file(&f, config);
	add_named_in(&f);
	for (; *others; others++)
		add_file(&f, *others);
	bool all = may_all(&f);
	for (size_t i = 0; i < f.count; i++)
		mem_free(f.list[i]);
	return all;
}
