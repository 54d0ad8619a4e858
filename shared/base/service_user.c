#define _GNU_SOURCE /* getgrouplist */
#include "shared/base/service_user.h"

#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUPS_MAX = 64 };

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

bool service_user_reads(const char *config, const char *const *files)
{
	const struct passwd *user;
	bool all = true;
	if (geteuid() != 0 || !is_systems(config) || !(user = getpwnam(SERVICE_USER)))
		return true;
	for (; *files; files++) {
		if (!**files || service_user_can(SERVICE_USER, user->pw_uid, user->pw_gid, *files))
			continue;
		log_say("%s: the service's user %s cannot read it: chown root:%s %s && chmod 0640 "
			"%s",
			file_name(*files), SERVICE_USER, SERVICE_USER, *files, *files);
		all = false;
	}
	return all;
}
