#include "shared/admin/admin_config.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

void admin_config_read_hosts(struct conf_at at, struct admin_config *out)
{
	struct conf_at list = conf_list(at, "hosts");
	out->hosts = mem_zalloc((conf_len(list) + 1) * sizeof(*out->hosts));
	for (size_t i = 0; i < conf_len(list); i++) {
		const char *text;
		char name[256];
		if (!conf_item_str(list, i, &text))
			continue;
		if (text_host(text, false, name) == 0)
			out->hosts[out->host_count++] = mem_strdup(name);
		else
			conf_error_item(list, i, "\"%s\" is not a host name", text);
	}
}

void admin_config_fini(struct admin_config *c)
{
	for (size_t i = 0; i < c->host_count; i++)
		mem_free(c->hosts[i]);
	mem_free(c->hosts);
	mem_free(c->listen);
	mem_free(c->trust.proxies);
	mem_free(c->metrics_token_file);
	mem_free(c->file);
	*c = (struct admin_config){.on = false};
}

char *admin_config_origin(const struct admin_config *c, const struct addr *address)
{
	char at[ADDR_TEXT];
	struct addr shown = c->listen[0];
	if (addr_is_any(&shown) && address) {
		shown = *address;
		shown.port = c->listen[0].port;
	}
	return mem_printf("%s://%s", addr_is_loopback(&c->listen[0]) ? "http" : "https",
			  addr_text(&shown, at));
}

static bool is_loopback_name(const char *host)
{
	static const char tail[] = ".localhost";
	struct addr ip;
	size_t len = strlen(host);
	return !strcmp(host, "localhost") ||
	       (len > sizeof tail - 1 && !strcmp(host + len - (sizeof tail - 1), tail)) ||
	       (addr_parse_ip(host, &ip) == 0 && addr_is_loopback(&ip));
}

bool admin_config_is_own_host(const struct admin_config *c, const char *host)
{
	struct addr ip;
	bool numeric = addr_parse_ip(host, &ip) == 0;
	for (size_t i = 0; i < c->host_count; i++)
		if (!strcmp(c->hosts[i], host))
			return true;
	for (size_t i = 0; numeric && i < c->listen_count; i++)
		if (addr_is_any(&c->listen[i]) || addr_equal_ip(&c->listen[i], &ip))
			return true;
	return is_loopback_name(host);
}
