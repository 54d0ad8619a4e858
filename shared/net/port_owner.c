#include "shared/net/port_owner.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { STATE_LISTEN = 0x0A };

/* The wildcard and the address itself stand in each other's way; two different addresses do not. */
static bool conflicts(const char *hex, const struct addr *at)
{
	uint32_t words[4] = {0};
	uint8_t ip[16] = {0};
	size_t len = strlen(hex) == 8 ? 4 : 16;

	for (size_t i = 0; i < len / 4; i++) {
		char one[9] = {0};

		memcpy(one, hex + 8 * i, 8);
		words[i] = (uint32_t)strtoul(one, NULL, 16);
	}
	memcpy(ip, words, len); /* /proc prints each word as the machine holds it */
	if (addr_is_any(at) || memcmp(ip, (uint8_t[16]){0}, 16) == 0)
		return true;
	return memcmp(ip, at->ip, len) == 0;
}

/* The socket's inode in one table of /proc/net, or 0. */
static unsigned long inode_in(const char *path, bool tcp, const struct addr *at)
{
	FILE *f = fopen(path, "re");
	unsigned long found = 0;
	char line[512];

	if (!f)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f)) {
		char local[33];
		unsigned port, state;
		unsigned long inode;

		if (sscanf(line,
			   " %*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u "
			   "%*u %lu",
			   local, &port, &state, &inode) != 4)
			continue;
		if (port == at->port && (!tcp || state == STATE_LISTEN) && conflicts(local, at))
			found = inode;
	}
	fclose(f);
	return found;
}

static bool has_socket(const char *pid, const char *link)
{
	char path[600], target[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, link) == 0;
	}
	closedir(d);
	return found;
}

static char *describe(const char *pid)
{
	char path[64], name[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (!fgets(name, sizeof(name), f))
			name[0] = '\0';
		fclose(f);
	}
	name[strcspn(name, "\n")] = '\0';
	return mem_printf("%s (pid %s)", name[0] ? name : "a program", pid);
}

char *port_owner_of_port(enum port_owner_protocol protocol, const struct addr *at)
{
	static const char *const tables[][2] = {
	    [PORT_OWNER_TCP] = {"/proc/net/tcp", "/proc/net/tcp6"},
	    [PORT_OWNER_UDP] = {"/proc/net/udp", "/proc/net/udp6"},
	};
	unsigned long inode = inode_in(tables[protocol][0], protocol == PORT_OWNER_TCP, at);
	char link[64], *who = NULL;
	struct dirent *e;
	DIR *d;

	if (inode == 0)
		inode = inode_in(tables[protocol][1], protocol == PORT_OWNER_TCP, at);
	d = inode != 0 ? opendir("/proc") : NULL;
	if (!d)
		return NULL;
	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	while (!who && (e = readdir(d)))
		if (isdigit((unsigned char)e->d_name[0]) && has_socket(e->d_name, link))
			who = describe(e->d_name);
	closedir(d);
	return who;
}

char *port_owner_explain(enum port_owner_protocol protocol, const struct addr *at, int err)
{
	char text[ADDR_TEXT];
	const char *udp = protocol == PORT_OWNER_UDP ? "/udp" : "";
	char *holder, *why;

	addr_text(at, text);
	if (err == UV_EADDRINUSE) {
		holder = port_owner_of_port(protocol, at);
		why = mem_printf("%s%s is held by %s", text, udp,
				 holder ? holder : "another program");
		mem_free(holder);
		return why;
	}
	if (err == UV_EACCES && at->port != 0 && at->port < 1024)
		return mem_printf("%s%s: ports below 1024 need root or CAP_NET_BIND_SERVICE", text,
				  udp);
	if (err == UV_EADDRNOTAVAIL)
		return mem_printf("%s%s: this machine does not have that address", text, udp);
	return mem_printf("%s%s: %s", text, udp, err_text(err));
}
