/*
 * The kind `dyndns2`: passes names on to a public DDNS provider. A job is one GET with an address
 * of each family, as the provider's own clients send it. The protocol cannot delete a name, so a
 * job without addresses ends well without a request. The first word of the answer decides:
 *
 *	good, nochg, OK               done
 *	badauth, abuse, … (over)      stop until the configuration is read again; also 401, 403
 *	911, dnserr                   later, in WAIT_911_MS
 *	nohost, notfqdn, … (refused)  this name is refused for REFUSED_MS
 *	else, or no answer            later
 */
#include "relay/providers/publisher_kind.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/timer.h"
#include "shared/net/web_client.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 8192, WAIT_911_MS = 30 * 60000, REFUSED_MS = 3600000, REASON = 400 };

struct settings {
	char *url;
	char *username, *password;
	char **hosts; /* the full names to pass on; none: all names but wildcards */
	char *ca_file;
};

struct dyndns2 {
	struct http_url url;
	char *credentials; /* the line of the Authorization header */
	struct web_client *client;
	struct timer *nothing; /* ends a job that needs no request */
	publish_done_fn *done;
	void *owner;
};

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	struct settings *s = mem_zalloc(sizeof(*s));
	const char *url = NULL, *username = NULL;
	if (conf_str(at, "url", &url))
		s->url = publisher_read_url(at, "url", url);
	if (conf_str(at, "username", &username))
		s->username = mem_strdup(username);
	s->password = publisher_read_secret(at, "password_file", place->file);
	s->hosts = publisher_read_hosts(at, "hosts", place->domain);
	s->ca_file = publisher_read_ca(at, place->file);
	return s;
}

static void drop_settings(void *settings)
{
	struct settings *s = settings;
	mem_free(s->url);
	mem_free(s->username);
	publisher_free_secret(s->password);
	publisher_free_hosts(s->hosts);
	mem_free(s->ca_file);
	mem_free(s);
}

static char *id(const void *settings)
{
	const struct settings *s = settings;
	return mem_printf("dyndns2 %s %s", s->url, s->username);
}

static bool serves(const void *settings, const char *name)
{
	const struct settings *s = settings;
	for (char **host = s->hosts; *host; host++)
		if (strcmp(*host, name) == 0)
			return true;
	return !s->hosts[0] && name[0] != '*';
}

static void on_nothing(void *owner)
{
	struct dyndns2 *p = owner;
	p->done(p->owner, PUBLISH_OK, 0, NULL);
}

static bool is_any(const char *body, const char *const *words)
{
	for (; *words; words++) {
		size_t len = strlen(*words);
		if (strncmp(body, *words, len) == 0 && strchr(" \t\r\n", body[len]))
			return true;
	}
	return false;
}

static void on_answer(void *owner, struct http_message *answer, const char *why)
{
	static const char *const good[] = {"good", "nochg", "OK", NULL};
	static const char *const wait[] = {"911", "dnserr", NULL};
	static const char *const refused[] = {"nohost", "notfqdn", "!yours", "numhost", NULL};
	static const char *const over[] = {"badauth", "abuse",  "badagent", "!donator",
					   "!active", "badsys", NULL};
	struct dyndns2 *p = owner;
	char reason[REASON];
	size_t len;
	if (!answer) {
		p->done(p->owner, PUBLISH_LATER, 0, why);
		return;
	}
	const char *body = http_message_body(answer, &len);
	unsigned status = http_message_head(answer)->status;
	body += strspn(body, " \t\r\n");
	size_t line = strcspn(body, "\r\n");
	snprintf(reason, sizeof(reason), "%s answered %u %.*s", p->url.host, status,
		 line > 80 ? 80 : (int)line, body);
	for (char *c = reason; *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = '?';
	if (is_any(body, over) || status == 401 || status == 403)
		p->done(p->owner, PUBLISH_STOP, 0, reason);
	else if (is_any(body, wait))
		p->done(p->owner, PUBLISH_LATER, WAIT_911_MS, reason);
	else if (is_any(body, refused))
		p->done(p->owner, PUBLISH_REFUSED, REFUSED_MS, reason);
	else if (status == 200 && is_any(body, good))
		p->done(p->owner, PUBLISH_OK, 0, NULL);
	else
		p->done(p->owner, PUBLISH_LATER, 0, reason);
}

static void publish(void *self, const struct publish_job *job)
{
	struct dyndns2 *p = self;
	struct buf path = BUF_INIT;
	size_t len = strlen(p->url.path);
	bool addressed = false;
	if (!strchr(p->url.path, '?'))
		buf_puts(&path, "?");
	else if (!strchr("?&", p->url.path[len - 1]))
		buf_puts(&path, "&");
	buf_puts(&path, "hostname=");
	http_message_escape(&path, job->name);
	buf_puts(&path, "&myip=");
	/* The provider keeps one address of each family. */
	for (size_t i = 0; i < job->count; i++) {
		const struct publish_set *set = &job->changes[i].wanted;
		if (!set->count)
			continue;
		buf_printf(&path, "%s%s", addressed ? "," : "", set->values[0]);
		addressed = true;
	}
	if (addressed)
		web_client_ask(p->client, "GET", buf_str(&path), p->credentials, NULL);
	else
		timer_set(p->nothing, 0);
	buf_fini(&path);
}

static void close_publisher(void *self)
{
	struct dyndns2 *p = self;
	web_client_close(p->client);
	timer_close(p->nothing);
	publisher_free_secret(p->credentials);
	mem_free(p);
}

static char *authorization(const char *user, const char *password)
{
	char *plain = mem_printf("%s:%s", user, password);
	size_t len = strlen(plain);
	char *coded = mem_alloc(4 * ((len + 2) / 3) + 1);
	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain, (int)len);
	char *line = mem_printf("Authorization: Basic %s\r\n", coded);
	publisher_free_secret(plain);
	publisher_free_secret(coded);
	return line;
}

static void *start(struct loop *l, const void *settings, publish_done_fn *done, void *owner)
{
	const struct settings *s = settings;
	struct dyndns2 *p = mem_zalloc(sizeof(*p));
	p->done = done;
	p->owner = owner;
	http_url_parse(s->url, &p->url);
	p->credentials = authorization(s->username, s->password);
	const struct web_client_service service = {s->url, p->url.host, s->ca_file, ANSWER_MAX};
	p->client = web_client_new(l, &service, on_answer, p);
	p->nothing = timer_new(l, on_nothing, p);
	return p;
}

const struct publisher_kind dyndns2_kind = {.name = "dyndns2",
					    .read = read_settings,
					    .drop = drop_settings,
					    .id = id,
					    .serves = serves,
					    .start = start,
					    .publish = publish,
					    .close = close_publisher};
