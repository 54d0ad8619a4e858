/*
 * The path says which kind of request it is. An update's parameters come from the query and from a
 * form in the body; each name of a parameter is known under the spellings of real clients.
 * Credentials in the Authorization header win over those in the query.
 *
 * ddns_request_change then turns the parameters into a change of records:
 *
 *	offline                    the families that it names (or both) lose their records
 *	a public address           is taken
 *	a private address          is a router's inner one: the source of the request stands for it
 *	documentation, loopback    is a client's dummy: it is answered well and changes nothing
 *	no address at all          the source of the request is taken
 *
 * Nothing here fails: what cannot be read is left out, and the server answers by what is left.
 */
#include "relay/names/ddns_request.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { VALUE = 6000 };

static enum ddns_request_path path_of(const char *target)
{
	static const struct {
		const char *path;
		enum ddns_request_path is;
	} paths[] = {{"/nic/update", DDNS_REQUEST_UPDATE},
		     {"/v3/update", DDNS_REQUEST_UPDATE},
		     {"/v2/update", DDNS_REQUEST_UPDATE},
		     {"/ph/update", DDNS_REQUEST_UPDATE},
		     {"/dyndns/update", DDNS_REQUEST_UPDATE},
		     {"/update", DDNS_REQUEST_UPDATE},
		     {"/checkip", DDNS_REQUEST_CHECKIP},
		     {"/myip", DDNS_REQUEST_MYIP},
		     {"/ip", DDNS_REQUEST_MYIP}};
	/* Some clients send a slash too many at either end. */
	while (target[0] == '/' && target[1] == '/')
		target++;
	size_t len = strcspn(target, "?");
	while (len > 1 && target[len - 1] == '/')
		len--;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strlen(paths[i].path) == len && memcmp(paths[i].path, target, len) == 0)
			return paths[i].is;
	return DDNS_REQUEST_NO_PATH;
}

/* Cuts white space, line ends and quotes off at both ends. Returns the first character that is
 * left. */
static char *trim(char *text)
{
	static const char around[] = " \t\r\n\v\f\"'";
	text += strspn(text, around);
	size_t len = strlen(text);
	while (len && strchr(around, text[len - 1]))
		text[--len] = 0;
	return text;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasecmp(text, *words) == 0)
			return true;
	return false;
}

static void add_host(struct ddns_request *r, char *text)
{
	text = trim(text);
	text += strspn(text, ".");
	if (!*text || strcasecmp(text, "YES") == 0 || strcmp(text, "1") == 0 ||
	    strcmp(text, "-") == 0)
		return;
	if (r->host_count == DDNS_REQUEST_HOSTS) {
		r->too_many = true;
		return;
	}
	char *host = r->hosts[r->host_count++];
	if (text_host(text, true, host) != 0 || !strchr(host, '.'))
		host[0] = 0;
}

/* With a length behind it, a v6 address whose rest is zero is a prefix and no host. */
static bool is_prefix(const struct addr *a, const char *length)
{
	uint64_t bits;
	if (a->family != 6 || text_uint(length, 127, &bits) != 0)
		return false;
	for (unsigned i = (unsigned)bits; i < 128; i++)
		if (a->ip[i / 8] & 0x80 >> i % 8)
			return false;
	return true;
}

/* family: what the key is about; 0: both families. */
static void add_address(struct ddns_request *r, char *text, uint8_t family)
{
	static const char *const untouched[] = {"no", "preserve", NULL};
	struct addr a;
	text = trim(text);
	if (family && is_one_of(text, untouched))
		r->untouched[family == 6] = true;
	char *slash = strchr(text, '/');
	if (slash)
		*slash = 0;
	if (r->item_count == DDNS_REQUEST_ITEMS || addr_parse_ip(text, &a) != 0 ||
	    (family && a.family != family))
		return;
	if (slash && is_prefix(&a, slash + 1)) {
		r->prefix6 = true;
		return;
	}
	a.port = 0;
	r->items[r->item_count++] = a;
}

static void add_addresses(struct ddns_request *r, char *value, uint8_t family)
{
	char *save = NULL;
	value = trim(value);
	r->is_addressed |= family || *value;
	for (char *part = strtok_r(value, ",", &save); part; part = strtok_r(NULL, ",", &save))
		add_address(r, part, family);
}

static void add_hosts(struct ddns_request *r, char *value)
{
	char *save = NULL;
	for (char *part = strtok_r(value, ",", &save); part; part = strtok_r(NULL, ",", &save))
		add_host(r, part);
}

static void take_credential(struct ddns_request *r, char *to, size_t cap, const char *value)
{
	if (strlen(value) < cap)
		snprintf(to, cap, "%s", value);
	r->has_credentials = true;
}

static void take_parameter(struct ddns_request *r, const char *key, char *value, bool credentials)
{
	static const char *const any_keys[] = {"myip", "ip", NULL};
	static const char *const v4_keys[] = {"myipv4", "ipv4", NULL};
	static const char *const v6_keys[] = {"myipv6", "ipv6", NULL};
	static const char *const user_keys[] = {"username", "user", NULL},
				 *const password_keys[] = {"password", "pass", NULL};
	static const char *const host_keys[] = {"hostname", "host", "hosts", NULL};
	static const char *const yes[] = {"yes", "1", "true", "on", NULL};
	if (is_one_of(key, host_keys))
		add_hosts(r, value);
	else if (is_one_of(key, any_keys))
		add_addresses(r, value, 0);
	else if (is_one_of(key, v4_keys))
		add_addresses(r, value, 4);
	else if (is_one_of(key, v6_keys))
		add_addresses(r, value, 6);
	else if (strcasecmp(key, "offline") == 0)
		r->offline = is_one_of(trim(value), yes);
	else if (credentials && is_one_of(key, user_keys))
		take_credential(r, r->user, sizeof(r->user), value);
	else if (credentials && is_one_of(key, password_keys))
		take_credential(r, r->password, sizeof(r->password), value);
}

static void take_form(struct ddns_request *r, const char *text, size_t len, bool credentials)
{
	char value[VALUE];
	for (const char *end = text + len; text < end;) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		size_t part = (size_t)((stop ? stop : end) - text), key = part;
		const char *equals = memchr(text, '=', part);
		char name[32];
		value[0] = 0;
		if (equals)
			key = (size_t)(equals - text);
		if (key < sizeof(name) && http_message_unescape(text, key, name) != SIZE_MAX) {
			/* a host that cannot be read is not the same as one that is missing */
			if (equals &&
			    (part - key - 1 >= sizeof(value) ||
			     http_message_unescape(equals + 1, part - key - 1, value) == SIZE_MAX))
				snprintf(value, sizeof(value), "?");
			take_parameter(r, name, value, credentials);
		}
		text += part + 1;
	}
	mem_wipe(value, sizeof(value));
}

/* "Basic dXNlcjpwYXNz"; whatever else it says counts as wrong credentials, not as none. */
static bool take_basic(struct ddns_request *r, const char *header)
{
	char plain[DDNS_REQUEST_USER + DDNS_REQUEST_PASSWORD + 8];
	size_t len = 0;
	if (!header)
		return false;
	r->has_credentials = true;
	if (strncasecmp(header, "Basic", 5) != 0)
		return true;
	header += 5;
	header += strspn(header, " \t");
	size_t text_len = strcspn(header, " \t");
	if (text_unbase64(header, text_len, plain, sizeof(plain) - 1, &len) == 0 &&
	    !memchr(plain, 0, len)) {
		plain[len] = 0;
		char *colon = strchr(plain, ':');
		if (colon) {
			*colon = 0;
			take_credential(r, r->user, sizeof(r->user), plain);
			take_credential(r, r->password, sizeof(r->password), colon + 1);
		}
	}
	mem_wipe(plain, sizeof(plain));
	return true;
}

void ddns_request_read(struct http_message *h, struct ddns_request *out)
{
	memset(out, 0, sizeof(*out));
	const struct http_head *head = http_message_head(h);
	const char *target = head->target.p, *agent = http_message_header(h, "User-Agent");
	out->path = path_of(target);
	bool post = http_head_asks(head, "POST");
	if (out->path != DDNS_REQUEST_NO_PATH && !post && !http_head_asks(head, "GET") &&
	    !http_head_asks(head, "HEAD"))
		out->path = DDNS_REQUEST_NO_METHOD;
	if (out->path != DDNS_REQUEST_UPDATE)
		return;
	snprintf(out->client, sizeof(out->client), "%s", agent ? agent : "");
	bool basic = take_basic(out, http_message_header(h, "Authorization"));
	const char *query = strchr(target, '?');
	if (query)
		take_form(out, query + 1, strlen(query + 1), !basic);
	if (post) {
		size_t len;
		const char *body = http_message_body(h, &len);
		while (len && strchr("\r\n", body[len - 1]))
			len--;
		take_form(out, body, len, !basic);
	}
}

void ddns_request_wipe(struct ddns_request *r)
{
	mem_wipe(r->password, sizeof(r->password));
}

static void name_address(char text[DDNS_REQUEST_TEXT], const struct addr *a)
{
	char ip[ADDR_TEXT];
	size_t at = strlen(text);
	snprintf(text + at, DDNS_REQUEST_TEXT - at, "%s%s", at ? "," : "", addr_ip_text(a, ip));
}

static void take_item(struct name_registry_change *out, const struct addr *item,
		      const struct addr *peer, char text[DDNS_REQUEST_TEXT])
{
	unsigned which = item->family == 6;
	const struct addr *use = item;
	if (out->asked[which])
		return; /* the first of a family counts */
	if (!addr_is_public(item) && !addr_is_loopback(item) && !addr_is_documentation(item)) {
		/* A router's private WAN: its public side is where the request comes from, if that
		 * is of the same kind. */
		if (peer->family != item->family || !addr_is_public(peer))
			return;
		use = peer;
	}
	out->asked[which] = true;
	if (addr_is_public(use)) {
		out->set[which] = *use;
		out->set[which].port = 0;
	}
	name_address(text, use);
}

bool ddns_request_change(const struct ddns_request *r, const struct addr *peer,
			 struct name_registry_change *out, char text[DDNS_REQUEST_TEXT])
{
	memset(out, 0, sizeof(*out));
	text[0] = 0;
	if (r->offline) {
		bool named[2] = {false, false};
		for (size_t i = 0; i < r->item_count; i++)
			named[r->items[i].family == 6] = true;
		for (unsigned which = 0; which < 2; which++)
			out->offline[which] = out->asked[which] =
			    !r->untouched[which] &&
			    (named[which] || !r->is_addressed || r->untouched[!which]);
		return out->asked[0] || out->asked[1];
	}
	for (size_t i = 0; i < r->item_count; i++)
		if (!r->untouched[r->items[i].family == 6])
			take_item(out, &r->items[i], peer, text);
	/* A prefix alone is about v6: a peer's v4 has nothing to do with it. */
	bool by_peer = r->prefix6 ? peer->family == 6 : !r->is_addressed;
	if (r->item_count == 0 && by_peer && addr_is_public(peer) &&
	    !r->untouched[peer->family == 6])
		take_item(out, peer, peer, text);
	return out->asked[0] || out->asked[1];
}
