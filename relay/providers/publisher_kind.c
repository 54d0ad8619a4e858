#include "relay/providers/publisher_kind.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/idn.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/http_client.h"

#include <stdio.h>
#include <string.h>

/* A publisher appends the name, its addresses and the words of an API to the path of the URL. */
enum { URL_ROOM = 424, SECRET_MAX = 4096 };

static const struct {
	const char *text;
	unsigned number;
} types[PUBLISH_TYPES] = {
    [PUBLISH_A] = {"A", 4}, [PUBLISH_AAAA] = {"AAAA", 6}, [PUBLISH_TXT] = {"TXT", 16}};

const char *publish_type_text(enum publish_type t)
{
	return types[t].text;
}

unsigned publish_type_number(enum publish_type t)
{
	return types[t].number;
}

int publish_type_of_number(unsigned number)
{
	int t = PUBLISH_TYPES - 1;
	while (t >= 0 && types[t].number != number)
		t--;
	return t;
}

void publish_set_add(struct publish_set *s, const char *value)
{
	if (s->count < PUBLISH_VALUES && strlen(value) < PUBLISH_VALUE)
		strcpy(s->values[s->count++], value);
}

bool publish_set_has(const struct publish_set *s, const char *value)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->values[i], value) == 0)
			return true;
	return false;
}

void publish_set_read(struct publish_set *s, const char *text)
{
	s->count = 0;
	while (text && *text) {
		char value[PUBLISH_VALUE];
		size_t len = strcspn(text, ",");
		snprintf(value, sizeof(value), "%.*s", (int)len, text);
		publish_set_add(s, value);
		text += len + (text[len] == ',');
	}
}

const char *publish_set_text(const struct publish_set *s, char out[PUBLISH_TEXT])
{
	out[0] = 0;
	for (unsigned i = 0; i < s->count; i++) {
		if (i)
			strcat(out, ",");
		strcat(out, s->values[i]);
	}
	return out;
}

char *publisher_read_secret(struct conf_at at, const char *key, const char *file)
{
	const char *path = NULL;
	if (!conf_str(at, key, &path))
		return NULL;
	char *full = file_beside(file, path), *text = NULL;
	size_t len = 0;
	int err = file_read(full, SECRET_MAX, &text, &len);
	mem_free(full);
	if (err < 0) {
		conf_error(at, key, "\"%s\" cannot be read: %s", path, err_text(err));
		return NULL;
	}
	text[strcspn(text, "\r\n")] = 0;
	if (!*text || !http_message_is_clean(text)) {
		conf_error(at, key, "\"%s\" holds no secret on its first line", path);
		mem_wipe(text, len);
		mem_free(text);
		return NULL;
	}
	return text;
}

char *publisher_read_zone(struct conf_at at, const char *otherwise)
{
	const char *zone = otherwise, *why;
	char clean[256];
	if (otherwise ? !conf_opt_str(at, "zone", &zone) : !conf_str(at, "zone", &zone))
		return NULL;
	if (idn_host(zone, false, clean, &why) == 0)
		return mem_strdup(clean);
	conf_error(at, "zone", "\"%s\" is no zone%s", zone, why);
	return NULL;
}

struct addr *publisher_read_addresses(struct conf_at at, const char *key, uint16_t port,
				      size_t *count)
{
	struct conf_at list = conf_list(at, key);
	struct addr *out = mem_alloc(conf_len(list) * sizeof(*out));
	*count = 0;
	for (size_t i = 0; i < conf_len(list); i++) {
		const char *text;
		struct addr a;
		if (!conf_item_str(list, i, &text))
			continue;
		bool ok = addr_parse(text, &a) == 0;
		if (!ok && port && addr_parse_ip(text, &a) == 0) {
			a.port = port;
			ok = true;
		}
		if (ok && a.port)
			out[(*count)++] = a;
		else
			conf_error_item(list, i, "\"%s\" is no address with a port", text);
	}
	return out;
}

char *publisher_read_ca(struct conf_at at, const char *file)
{
	const char *path = NULL;
	conf_opt_str(at, "ca_file", &path);
	char *full = path ? file_beside(file, path) : NULL;
	if (full && !file_exists(full))
		conf_error(at, "ca_file", "\"%s\" is not there", path);
	return full;
}

char *publisher_read_url(struct conf_at at, const char *key, const char *url)
{
	enum { MOST = sizeof(((struct http_url *)0)->path) - URL_ROOM };
	struct http_url tried;
	if (http_url_parse(url, &tried) != 0)
		conf_error(at, key, "\"%s\" is no address of the form https://host/path", url);
	else if (strlen(tried.path) > MOST)
		conf_error(at, key, "has a path of %zu bytes, at most %d may be",
			   strlen(tried.path), MOST);
	else
		return mem_strdup(url);
	return NULL;
}

char **publisher_read_hosts(struct conf_at at, const char *key, const char *domain)
{
	struct conf_at list = conf_list(at, key);
	char **hosts = mem_zalloc((conf_len(list) + 1) * sizeof(*hosts));
	size_t count = 0;
	for (size_t i = 0; i < conf_len(list); i++) {
		const char *text, *why;
		char full[256];
		if (!conf_item_str(list, i, &text))
			continue;
		if (idn_full_host(text, domain, full, &why) == 0)
			hosts[count++] = mem_strdup(full);
		else
			conf_error_item(list, i, "\"%s\" is no host name%s", text, why);
	}
	return hosts;
}

void publisher_free_hosts(char **hosts)
{
	for (char **host = hosts; host && *host; host++)
		mem_free(*host);
	mem_free(hosts);
}

void publisher_free_secret(char *secret)
{
	if (secret)
		mem_wipe(secret, strlen(secret));
	mem_free(secret);
}
