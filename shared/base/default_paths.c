#include "shared/base/default_paths.h"

#include "shared/base/mem.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

/* Of an environment variable; NULL: it is not set, or relative, which the XDG rules ignore. */
static const char *absolute(const char *variable)
{
	const char *dir = getenv(variable);
	return dir && dir[0] == '/' ? dir : NULL;
}

static const char *home(void)
{
	const char *dir = absolute("HOME");
	const struct passwd *user = dir ? NULL : getpwuid(geteuid());
	return dir ? dir : user && user->pw_dir ? user->pw_dir : "";
}

static char *place(const char *of_root, const char *variable, const char *below_home,
		   const char *file)
{
	const char *dir = absolute(variable);
	if (geteuid() == 0)
		return mem_printf("%s/groundnut/%s", of_root, file);
	if (dir)
		return mem_printf("%s/groundnut/%s", dir, file);
	return below_home ? mem_printf("%s/%s/groundnut/%s", home(), below_home, file) : NULL;
}

char *default_paths_config(const char *file)
{
	return place("/etc", "XDG_CONFIG_HOME", ".config", file);
}

char *default_paths_state(const char *file)
{
	return place("/var/lib", "XDG_STATE_HOME", ".local/state", file);
}

char *default_paths_runtime(const char *file)
{
	return place("/run", "XDG_RUNTIME_DIR", NULL, file);
}

bool default_paths_system_runs(const char *name)
{
	if (geteuid() == 0)
		return false;
	char *socket = mem_printf("/run/groundnut/%s.sock", name);
	bool runs = access(socket, F_OK) == 0 || errno == EACCES;
	mem_free(socket);
	return runs;
}
