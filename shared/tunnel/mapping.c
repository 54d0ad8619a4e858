/*
 * One mapping from JSON and back. Each reader reports what is wrong with its own key and leaves the
 * rest to go on, so that a file's errors come all at once; what needs two keys asks whether both
 * were good. On the wire the first error ends the reading (conf.h), and a value that only a later
 * version knows is no error: it is told in `unknown`, and the mapping is not opened.
 */
#include "shared/tunnel/mapping.h"

#include "shared/base/err.h"
#include "shared/base/idn.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { TARGET_TEXT_MAX = 320, BASIC_AUTH_MAX = 256 };
enum { UNKNOWN_ROOM = 120 }; /* bytes of an unknown value that are told */
enum { COUNT_MAX = 1000000, IDLE_MAX_S = 365 * 86400, CHECK_MAX_S = 86400 };
enum { HSTS_MAX_S = 10 * 365 * 86400 };

static const struct mapping_kind kinds[] = {
#define MAPPING_KIND(name, word, transport, entrance, idle_s, check_s, keys)                       \
	{word, transport, entrance, idle_s, check_s, keys},
    MAPPING_PROTOCOLS(MAPPING_KIND)
#undef MAPPING_KIND
};
static const char *const state_names[] = {"pending", "open", "error", "paused"};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const struct mapping_kind *mapping_kind(enum mapping_protocol p)
{
	return &kinds[p];
}

int mapping_protocol_parse(const char *text, enum mapping_protocol *out)
{
	for (int i = 0; i < MAPPING_UNKNOWN; i++) {
		if (strcmp(text, kinds[i].word) != 0)
			continue;
		*out = (enum mapping_protocol)i;
		return 0;
	}
	return ERR_SYNTAX;
}

int mapping_state_parse(const char *text, enum mapping_state *out)
{
	for (size_t i = 0; i < COUNT_OF(state_names); i++) {
		if (strcmp(text, state_names[i]) != 0)
			continue;
		*out = (enum mapping_state)i;
		return 0;
	}
	return ERR_SYNTAX;
}

const char *mapping_state_text(enum mapping_state s)
{
	return state_names[s];
}

static bool is_on_wire(const struct mapping *m)
{
	return m->id != 0;
}

static bool has_ports(const struct mapping *m)
{
	return kinds[m->protocol].entrance == MAPPING_OWN_PORTS;
}

void mapping_fini(struct mapping *m)
{
	mem_free(m->name);
	mem_free(m->host);
	mem_free(m->host_typed);
	mem_free(m->target_text);
	mem_free(m->target.host);
	mem_free(m->allow);
	mem_free(m->basic_user);
	if (m->basic_password)
		mem_wipe(m->basic_password, strlen(m->basic_password));
	mem_free(m->basic_password);
	mem_free(m->target_pin);
	mem_free(m->target_ca_file);
	mem_free(m->target_host);
	mem_free(m->certificate);
	mem_free(m->private_key);
	mem_free(m->certificate_copy);
	text_list_free(m->certificate_hook);
	mem_free(m->unknown);
	memset(m, 0, sizeof(*m));
}

void mapping_copy(struct mapping *out, const struct mapping *from)
{
	*out = *from;
	out->name = mem_strdup(from->name);
	out->host = mem_strdup(from->host);
	out->host_typed = mem_strdup(from->host_typed);
	out->target_text = mem_strdup(from->target_text);
	out->target.host = mem_strdup(from->target.host);
	out->basic_user = mem_strdup(from->basic_user);
	out->basic_password = mem_strdup(from->basic_password);
	out->target_pin = mem_strdup(from->target_pin);
	out->target_ca_file = mem_strdup(from->target_ca_file);
	out->target_host = mem_strdup(from->target_host);
	out->certificate = mem_strdup(from->certificate);
	out->private_key = mem_strdup(from->private_key);
	out->certificate_copy = mem_strdup(from->certificate_copy);
	out->certificate_hook = text_list_copy(from->certificate_hook);
	out->unknown = mem_strdup(from->unknown);
	out->allow = from->allow_count
			 ? mem_dup(from->allow, from->allow_count * sizeof *from->allow)
			 : NULL;
}

static bool same_allow(const struct mapping *a, const struct mapping *b)
{
	if (a->allow_count != b->allow_count)
		return false;
	for (size_t i = 0; i < a->allow_count; i++)
		if (a->allow[i].bits != b->allow[i].bits ||
		    !addr_equal_ip(&a->allow[i].net, &b->allow[i].net))
			return false;
	return true;
}

bool mapping_same(const struct mapping *a, const struct mapping *b)
{
	return a->protocol == b->protocol && a->first == b->first && a->last == b->last &&
	       a->proxy_protocol == b->proxy_protocol && a->connections == b->connections &&
	       a->connections_per_second_per_source == b->connections_per_second_per_source &&
	       a->bandwidth == b->bandwidth && a->idle_s == b->idle_s && a->flows == b->flows &&
	       text_same(a->name, b->name) && text_same(a->host, b->host) &&
	       text_same(a->target_text, b->target_text) && same_allow(a, b) &&
	       text_same(a->basic_user, b->basic_user) &&
	       text_same(a->basic_password, b->basic_password) &&
	       text_same(a->target_pin, b->target_pin) &&
	       text_same(a->target_ca_file, b->target_ca_file) &&
	       text_same(a->target_host, b->target_host) &&
	       text_same(a->certificate, b->certificate) &&
	       text_same(a->private_key, b->private_key) && a->hsts_s == b->hsts_s &&
	       a->paused == b->paused && text_same(a->unknown, b->unknown);
}

void mapping_wrong(struct conf_at at, const char *key, struct mapping *m, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	if (m->unknown)
		return;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	if (!is_on_wire(m)) {
		conf_error(at, key, "%s", buf_str(&text));
	} else {
		char fits[UNKNOWN_ROOM];
		m->unknown = mem_printf("%s%s%s", key ? key : "", key ? ": " : "",
					text_fit(buf_str(&text), fits, sizeof(fits)));
	}
	buf_fini(&text);
}

static bool read_name(struct conf_at at, struct mapping *m)
{
	const char *name;
	if (!conf_str(at, "name", &name))
		return false;
	if (!text_is_name(name)) {
		conf_error(at, "name",
			   "\"%s\" is not a name (1 to 63 letters, digits, '.', '_', '-', the "
			   "first a letter, digit or '_')",
			   name);
		return false;
	}
	m->name = mem_strdup(name);
	return true;
}

static bool read_protocol(struct conf_at at, struct mapping *m)
{
	const char *text;
	if (!conf_str(at, "protocol", &text))
		return false;
	if (!mapping_protocol_parse(text, &m->protocol))
		return true;
	m->protocol = MAPPING_UNKNOWN;
	struct buf words = BUF_INIT;
	for (int i = 0; i < MAPPING_UNKNOWN; i++)
		buf_printf(&words, "%s%s", i ? ", " : "", kinds[i].word);
	mapping_wrong(at, "protocol", m, "\"%s\" is none of %s", text, buf_str(&words));
	buf_fini(&words);
	return false;
}

/* Returns n, or 0 after reporting that it is not from 1 to max. */
static int64_t checked(struct conf_at at, const char *key, struct mapping *m, int64_t n,
		       int64_t max)
{
	if (n >= 1 && n <= max)
		return n;
	if (max == INT64_MAX)
		mapping_wrong(at, key, m, "must be at least 1, not %" PRId64, n);
	else
		mapping_wrong(at, key, m, "must be 1 to %" PRId64 ", not %" PRId64, max, n);
	return 0;
}

static int64_t read_count(struct conf_at at, const char *key, struct mapping *m, int64_t max)
{
	int64_t n = 0;
	bool given = conf_has(at, key) && conf_opt_int(at, key, INT64_MIN, INT64_MAX, &n);
	return given ? checked(at, key, m, n, max) : 0;
}

static void read_public_port(struct conf_at at, struct mapping *m)
{
	const char *text;
	struct ports_range range;
	int64_t port;
	if (!conf_is_str(at, "public_port")) {
		if (conf_int(at, "public_port", INT64_MIN, INT64_MAX, &port))
			m->first = m->last = (uint16_t)checked(at, "public_port", m, port, 65535);
		return;
	}
	conf_str(at, "public_port", &text);
	if (strspn(text, "0123456789-") != strlen(text) || ports_parse_one(text, &range) < 0) {
		mapping_wrong(
		    at, "public_port", m,
		    "\"%s\" is neither a port (1 to 65535) nor a range such as \"50000-50009\"",
		    text);
		return;
	}
	m->first = range.first;
	m->last = range.last;
}

/* NULL: it is none, and *why says more, or nothing. */
static char *host_of(const char *text, bool on_wire, char **typed, const char **why)
{
	char ascii[IDN_ASCII], host[256];
	*why = "";
	*typed = NULL;
	if (on_wire && text_host(text, true, host) < 0)
		return NULL;
	if (idn_ascii(text, ascii, why) < 0 || text_host(ascii, true, host) < 0) {
		if (strpbrk(text, ":/"))
			*why = ": it stands alone, without http://, port or path";
		return NULL;
	}
	if (strcmp(text, ascii) != 0)
		*typed = mem_strdup(text);
	return mem_printf("%s%s", host, ascii[strlen(ascii) - 1] == '.' ? "." : "");
}

#define NO_HOST "\"%s\" is not a host name%s"

char *mapping_read_host(struct conf_at at, bool on_wire, char **typed)
{
	const char *text, *why;
	*typed = NULL;
	if (!conf_str(at, "host", &text))
		return NULL;
	char *host = host_of(text, on_wire, typed, &why);
	if (!host)
		conf_error(at, "host", NO_HOST, text, why);
	return host;
}

typedef bool has_key_fn(const struct mapping_kind *k);

static bool has_public_port(const struct mapping_kind *k)
{
	return k->entrance == MAPPING_OWN_PORTS || (k->keys & MAPPING_HAS_GATEWAY);
}

static bool has_host(const struct mapping_kind *k)
{
	return k->entrance != MAPPING_OWN_PORTS;
}

static bool has_flows(const struct mapping_kind *k)
{
	return k->keys & MAPPING_HAS_FLOWS;
}

static bool has_basic_auth(const struct mapping_kind *k)
{
	return k->keys & MAPPING_HAS_BASIC_AUTH;
}

static bool has_check(const struct mapping_kind *k)
{
	return k->keys & MAPPING_HAS_CHECK;
}

static bool has_url(const struct mapping_kind *k)
{
	return k->keys & MAPPING_HAS_URL;
}

static bool has_gateway(const struct mapping_kind *k)
{
	return k->keys & MAPPING_HAS_GATEWAY;
}

/* The protocols that have it: "tcp, udp and https". */
static void list_protocols(struct buf *out, has_key_fn *has)
{
	int last = MAPPING_UNKNOWN;
	while (last > 0 && !has(&kinds[--last]))
		;
	for (int i = 0; i <= last; i++)
		if (has(&kinds[i]))
			buf_printf(out, "%s%s",
				   !buf_len(out) ? ""
				   : i == last   ? " and "
						 : ", ",
				   kinds[i].word);
}

/* A key that the mapping's protocol does not have is wrong. */
static void check_key(struct conf_at at, const char *key, struct mapping *m, has_key_fn *has)
{
	struct buf words = BUF_INIT;
	if (has(&kinds[m->protocol]) || !conf_has(at, key))
		return;
	list_protocols(&words, has);
	mapping_wrong(at, key, m, "does not fit a mapping of protocol %s, only %s",
		      kinds[m->protocol].word, buf_str(&words));
	buf_fini(&words);
}

static void read_host(struct conf_at at, struct mapping *m)
{
	const char *text, *why;
	if (!conf_str(at, "host", &text))
		return;
	m->host = host_of(text, is_on_wire(m), &m->host_typed, &why);
	if (!m->host)
		mapping_wrong(at, "host", m, NO_HOST, text, why);
}

/* Certificates are for names that DNS and CAs know. */
static void check_host_for_certificate(struct conf_at at, struct mapping *m)
{
	if (m->host && strchr(m->host, '_'))
		mapping_wrong(at, "host", m, "\"%s\": no certificate may have a name with \"_\"",
			      m->host);
}

static void read_own_port(struct conf_at at, struct mapping *m)
{
	read_public_port(at, m);
	if (m->first != m->last)
		mapping_wrong(at, "public_port", m, "must be one port for a mapping of protocol %s",
			      kinds[m->protocol].word);
}

static void read_public(struct conf_at at, struct mapping *m)
{
	if (has_ports(m))
		read_public_port(at, m);
	else
		read_host(at, m);
	if (m->protocol == MAPPING_HTTPS && conf_has(at, "public_port"))
		read_own_port(at, m);
	check_key(at, "host", m, has_host);
	check_key(at, "public_port", m, has_public_port);
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

static void read_target_on_wire(struct conf_at at, struct mapping *m)
{
	const char *text;
	if (!conf_str(at, "target", &text))
		return;
	if (!*text || strlen(text) > TARGET_TEXT_MAX || !is_printable(text))
		mapping_wrong(at, "target", m, "is not a target");
	else
		m->target_text = mem_strdup(text);
}

static unsigned span(uint16_t first, uint16_t last)
{
	return (unsigned)(last - first) + 1;
}

static void check_target_ports(struct conf_at at, const struct mapping *m)
{
	unsigned have = span(m->target.first, m->target.last);
	if (!has_ports(m)) {
		if (have > 1)
			conf_error(at, "target",
				   "\"%s\" names %u ports, a mapping of protocol %s leads to one",
				   m->target_text, have, kinds[m->protocol].word);
	} else if (m->first) {
		unsigned want = span(m->first, m->last);
		if (have != want)
			conf_error(at, "target", "\"%s\" names %u port%s, public_port names %u",
				   m->target_text, have, have == 1 ? "" : "s", want);
	}
}

/* HOST:PORT of a URL, with the port that the scheme implies; freed by the caller. NULL: it is no
 * URL. */
static char *without_scheme(const char *text)
{
	const char *host = strstr(text, "://");
	if (!host)
		return NULL;
	host += 3;
	size_t len = strcspn(host, "/?#");
	const char *name_end = memchr(host, ']', len);
	bool has_port = memchr(name_end ? name_end : host, ':',
			       len - (name_end ? (size_t)(name_end - host) : 0)) != NULL;
	const char *port = has_port                        ? ""
			   : !strncmp(text, "http://", 7)  ? ":80"
			   : !strncmp(text, "https://", 8) ? ":443"
							   : ":PORT";
	return mem_printf("%.*s%s", (int)len, host, port);
}

static bool is_https(const char *text)
{
	return !strncmp(text, "https://", 8);
}

static bool names_whole_host(const char *text)
{
	const char *host = text + (is_https(text) ? 8 : 7);
	size_t end = strcspn(host, "/?#");
	return !host[end] || !strcmp(host + end, "/");
}

static int take_place(struct mapping *m, const char *text, const char **why)
{
	struct endpoint at;
	int err = endpoint_parse(text, &at, why);
	if (err < 0)
		return err;
	m->target.host = mem_strdup(at.host);
	m->target.first = at.first;
	m->target.last = at.last;
	return 0;
}

/* People copy what their browser shows. A URL is taken for http and https mappings only, and only
 * when it names a whole host. */
static void read_url(struct conf_at at, struct mapping *m, const char *text, const char *place)
{
	const char *why;
	if (!has_url(&kinds[m->protocol]))
		conf_error(at, "target",
			   "\"%s\" is a URL; a mapping of protocol %s leads to \"%s\"", text,
			   kinds[m->protocol].word, place);
	else if (!is_https(text) && strncmp(text, "http://", 7) != 0)
		conf_error(at, "target", "\"%s\" is a URL of another kind: write \"http://%s\"",
			   text, place);
	else if (!names_whole_host(text))
		conf_error(at, "target", "\"%s\" names more than a host: write \"%s://%s\"", text,
			   is_https(text) ? "https" : "http", place);
	else if (take_place(m, place, &why) < 0)
		conf_error(at, "target", "\"%s\" %s", text, why);
	m->target_tls = is_https(text);
}

static void read_target_host(struct conf_at at, struct mapping *m)
{
	const char *text = NULL;
	char host[256];
	if (!conf_opt_str(at, "target_host", &text) || !text)
		return;
	if (text_host(text, false, host) < 0)
		mapping_wrong(at, "target_host", m, NO_HOST, text, "");
	else
		m->target_host = mem_strdup(host);
}

/* Which certificate the target must have; one way at most. */
static void read_target_trust(struct conf_at at, struct mapping *m)
{
	static const char *const keys[] = {"target_pin", "target_ca_file"};
	const char *pin = NULL, *ca_file = NULL;
	conf_opt_str(at, keys[0], &pin);
	conf_opt_str(at, keys[1], &ca_file);
	if (pin && ca_file)
		conf_error(at, keys[0],
			   "only one of \"target_pin\" and \"target_ca_file\" may be given");
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (m->target_text && conf_has(at, keys[i]) && !m->target_tls)
			conf_error(at, keys[i], "is for a target with TLS: write \"https://%s\"",
				   m->target_text);
	m->target_pin = mem_strdup(pin);
	m->target_ca_file = mem_strdup(ca_file);
}

static void read_target(struct conf_at at, struct mapping *m, bool protocol_known)
{
	const char *text, *why;
	if (!conf_str(at, "target", &text))
		return;
	char *place = without_scheme(text);
	if (place && protocol_known)
		read_url(at, m, text, place);
	else if (take_place(m, text, &why) < 0)
		conf_error(at, "target", "\"%s\" %s", text, why);
	mem_free(place);
	if (!m->target.first)
		return;
	m->target_text = mem_strdup(text);
	if (protocol_known)
		check_target_ports(at, m);
}

#define NO_NETWORK "\"%s\" is not a network such as \"198.51.100.0/24\""

static void read_allow(struct conf_at at, struct mapping *m)
{
	struct conf_at list = conf_list(at, "allow");
	size_t count = conf_len(list);
	if (!list.value)
		return;
	if (!count || count > MAPPING_ALLOW_MAX) {
		mapping_wrong(at, "allow", m, "must name 1 to %d networks, not %zu",
			      MAPPING_ALLOW_MAX, count);
		return;
	}
	m->allow = mem_zalloc(count * sizeof(*m->allow));
	for (size_t i = 0; i < count; i++) {
		const char *text;
		if (!conf_item_str(list, i, &text))
			continue;
		if (cidr_parse(text, &m->allow[m->allow_count]) == 0)
			m->allow_count++;
		else if (is_on_wire(m))
			mapping_wrong(at, "allow", m, NO_NETWORK, text);
		else
			conf_error_item(list, i, NO_NETWORK, text);
	}
}

static void read_bandwidth(struct conf_at at, struct mapping *m)
{
	if (!conf_has(at, "bandwidth"))
		return;
	if (conf_is_int(at, "bandwidth")) {
		m->bandwidth = (uint64_t)read_count(at, "bandwidth", m, INT64_MAX);
		return;
	}
	const char *text;
	if (!conf_str(at, "bandwidth", &text))
		return;
	if (text_bandwidth(text, &m->bandwidth) < 0 || !m->bandwidth || m->bandwidth > INT64_MAX)
		mapping_wrong(at, "bandwidth", m,
			      "\"%s\" is not a number of bits a second such as \"20M\"", text);
}

static char *read_credential(struct conf_at at, const char *key, struct mapping *m)
{
	const char *text;
	if (!conf_str(at, key, &text))
		return NULL;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			mapping_wrong(at, key, m, "has control characters");
			return NULL;
		}
	if (!*text || strlen(text) > BASIC_AUTH_MAX) {
		mapping_wrong(at, key, m, "must have 1 to %d bytes", BASIC_AUTH_MAX);
		return NULL;
	}
	return mem_strdup(text);
}

static void read_basic_auth(struct conf_at at, struct mapping *m)
{
	struct conf_at auth = conf_object(at, "basic_auth");
	if (!auth.value)
		return;
	m->basic_user = read_credential(auth, "user", m);
	m->basic_password = read_credential(auth, "password", m);
	if (m->basic_user && strchr(m->basic_user, ':'))
		mapping_wrong(auth, "user", m, "may have no colon (RFC 7617)");
	conf_done(auth);
}

/* This key stays at home: a relay of another version need not know it. */
static void read_check(struct conf_at at, struct mapping *m)
{
	int64_t s = kinds[m->protocol].check_s;
	conf_opt_int(at, "check_s", 0, CHECK_MAX_S, &s);
	m->check_s = (uint32_t)s;
	if (m->protocol != MAPPING_UNKNOWN)
		check_key(at, "check_s", m, has_check);
}

/* The two files are a pair; "auto" is the same as neither. */
static void read_certificate(struct conf_at at, struct mapping *m)
{
	const char *certificate = NULL, *key = NULL;
	conf_opt_str(at, "certificate", &certificate);
	conf_opt_str(at, "private_key", &key);
	bool is_auto = !certificate || !strcmp(certificate, "auto");
	if (is_auto && key)
		conf_error(at, "private_key", "is the key of a \"certificate\" in a file");
	else if (!is_auto && !key)
		conf_error(at, "certificate", "\"%s\" needs its \"private_key\"", certificate);
	if (is_auto || !key)
		return;
	m->certificate = mem_strdup(certificate);
	m->private_key = mem_strdup(key);
}

/* A list of words; or one word, the program. */
static char **read_command(struct conf_at at, const char *key)
{
	struct conf_at list = {.value = NULL};
	const char *word = NULL;
	if (conf_has(at, key) && conf_is_str(at, key))
		conf_str(at, key, &word);
	else
		list = conf_list(at, key);
	size_t count = word ? 1 : conf_len(list);
	if (!word && !list.value)
		return NULL;
	char **command = mem_zalloc((count + 1) * sizeof *command);
	for (size_t i = 0; i < count; i++)
		if (word || conf_item_str(list, i, &word)) {
			command[i] = mem_strdup(word);
			word = NULL;
		}
	if (conf_ok(at) && (!count || !*command[0]))
		conf_error(at, key, "names no program");
	return command;
}

static void read_delivery(struct conf_at at, struct mapping *m)
{
	static const char *const keys[] = {"certificate_copy", "certificate_hook"};
	const char *dir = NULL;
	conf_opt_str(at, keys[0], &dir);
	m->certificate_copy = mem_strdup(dir);
	m->certificate_hook = read_command(at, keys[1]);
	if (dir && !*dir)
		conf_error(at, keys[0], "is empty");
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (m->certificate && conf_has(at, keys[i]))
			conf_error(at, keys[i],
				   "is for a certificate that comes from a CA, and this one is in "
				   "files of your own");
}

/* What the gateway of an https mapping needs; it is at home. */
static void read_gateway(struct conf_at at, struct mapping *m, bool protocol_known)
{
	static const char *const keys[] = {"certificate", "private_key",      "certificate_copy",
					   "redirect",    "certificate_hook", "hsts_s"};
	int64_t hsts_s = 0;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (protocol_known)
			check_key(at, keys[i], m, has_gateway);
		else
			conf_has(at, keys[i]);
	}
	if (!has_gateway(&kinds[m->protocol]))
		return;
	m->redirect = true;
	conf_opt_bool(at, "redirect", &m->redirect);
	conf_opt_int(at, "hsts_s", 0, HSTS_MAX_S, &hsts_s);
	m->hsts_s = (uint32_t)hsts_s;
	read_certificate(at, m);
	read_delivery(at, m);
	check_host_for_certificate(at, m);
}

/* A gateway is told as tls with a word, which a relay that does not know it passes over. */
static void read_gateway_on_wire(struct conf_at at, struct mapping *m)
{
	bool gateway = false;
	conf_opt_bool(at, "gateway", &gateway);
	conf_opt_bool(at, "redirect", &m->redirect);
	if (m->protocol == MAPPING_TLS && gateway)
		m->protocol = MAPPING_HTTPS;
}

static void read_options(struct conf_at at, struct mapping *m, bool protocol_known)
{
	read_allow(at, m);
	read_bandwidth(at, m);
	m->proxy_protocol = (uint8_t)read_count(at, "proxy_protocol", m, 2);
	m->connections = (uint32_t)read_count(at, "connections", m, COUNT_MAX);
	m->connections_per_second_per_source =
	    (uint32_t)read_count(at, "connections_per_second_per_source", m, COUNT_MAX);
	m->idle_s = (uint32_t)read_count(at, "idle_s", m, IDLE_MAX_S);
	m->flows = (uint32_t)read_count(at, "flows", m, COUNT_MAX);
	read_basic_auth(at, m);
	if (!protocol_known)
		return;
	if (kinds[m->protocol].transport == PORTS_UDP && m->proxy_protocol == 1)
		mapping_wrong(at, "proxy_protocol", m, "version 1 cannot speak of udp, only 2 can");
	check_key(at, "flows", m, has_flows);
	check_key(at, "basic_auth", m, has_basic_auth);
}

bool mapping_read(struct conf_at at, bool on_wire, struct mapping *out)
{
	memset(out, 0, sizeof(*out));
	if (!at.value)
		return false;
	int64_t id = 0;
	if (on_wire && conf_int(at, "id", 1, UINT32_MAX, &id))
		out->id = (uint32_t)id;
	read_name(at, out);
	bool protocol_known = read_protocol(at, out);
	if (on_wire && protocol_known)
		read_gateway_on_wire(at, out);
	if (protocol_known) {
		read_public(at, out);
	} else {
		conf_has(at, "public_port");
		conf_has(at, "host");
	}
	if (on_wire) {
		read_target_on_wire(at, out);
	} else {
		read_target(at, out, protocol_known);
		read_check(at, out);
		conf_opt_bool(at, "paused", &out->paused);
		read_gateway(at, out, protocol_known);
		read_target_trust(at, out);
	}
	read_options(at, out, protocol_known);
	read_target_host(at, out);
	if (protocol_known) {
		check_key(at, "target_host", out, has_url);
		check_key(at, "target_pin", out, has_url);
		check_key(at, "target_ca_file", out, has_url);
	}
	conf_done(at);
	if (conf_ok(at))
		return true;
	mapping_fini(out);
	return false;
}

static void write_some(struct json *w, const char *key, uint64_t n)
{
	if (n)
		json_uint(w, key, n);
}

static void write_public(struct json *w, const struct mapping *m)
{
	if (!has_ports(m))
		json_str(w, "host", m->host);
	if (m->first && m->first == m->last) {
		json_uint(w, "public_port", m->first);
	} else if (m->first) {
		char *range = mem_printf("%u-%u", (unsigned)m->first, (unsigned)m->last);
		json_str(w, "public_port", range);
		mem_free(range);
	}
}

static void write_allow(struct json *w, const struct mapping *m)
{
	if (!m->allow_count)
		return;
	json_open(w, "allow", '[');
	for (size_t i = 0; i < m->allow_count; i++) {
		char ip[ADDR_TEXT];
		char *text = mem_printf("%s/%u", addr_ip_text(&m->allow[i].net, ip),
					(unsigned)m->allow[i].bits);
		json_str(w, NULL, text);
		mem_free(text);
	}
	json_close(w);
}

void mapping_write(const struct mapping *m, struct json *w)
{
	bool gateway = m->protocol == MAPPING_HTTPS;
	json_open(w, NULL, '{');
	json_uint(w, "id", m->id);
	json_str(w, "name", m->name);
	json_str(w, "protocol", kinds[gateway ? MAPPING_TLS : m->protocol].word);
	if (gateway)
		json_bool(w, "gateway", true);
	if (gateway && m->redirect)
		json_bool(w, "redirect", true);
	write_public(w, m);
	json_str(w, "target", m->target_text);
	write_allow(w, m);
	write_some(w, "proxy_protocol", m->proxy_protocol);
	write_some(w, "connections", m->connections);
	write_some(w, "connections_per_second_per_source", m->connections_per_second_per_source);
	write_some(w, "bandwidth", m->bandwidth);
	write_some(w, "idle_s", m->idle_s);
	write_some(w, "flows", m->flows);
	if (m->target_host && !gateway)
		json_str(w, "target_host", m->target_host);
	if (m->basic_user && !gateway) {
		json_open(w, "basic_auth", '{');
		json_str(w, "user", m->basic_user);
		json_str(w, "password", m->basic_password);
		json_close(w);
	}
	json_close(w);
}
