#include "shared/admin/admin_config.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

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
