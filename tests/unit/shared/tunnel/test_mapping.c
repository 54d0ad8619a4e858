#include "shared/tunnel/declare_messages.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/tunnel/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Reads {"mappings": text} as agent.json; all errors, a line each, in *errors (freed by the
 * caller). */
static bool read_list(const char *text, struct mapping_list *out, char **errors)
{
	char *file = mem_printf("{\"mappings\": %s}", text);
	struct conf *c = conf_parse("agent.json", file, strlen(file), false);
	struct conf_at root = conf_root(c);
	struct buf b = BUF_INIT;
	assert_non_null(root.value);
	bool ok = mapping_list_read(conf_list(root, "mappings"), false, out);
	conf_done(root);
	for (size_t i = 0; i < conf_errors(c); i++)
		buf_printf(&b, "%s\n", conf_error_text(c, i));
	*errors = mem_strdup(buf_str(&b));
	buf_fini(&b);
	conf_free(c);
	mem_free(file);
	return ok;
}

static struct mapping_list must_read(const char *text)
{
	struct mapping_list l;
	char *errors;
	bool ok = read_list(text, &l, &errors);
	assert_string_equal(errors, "");
	assert_true(ok);
	mem_free(errors);
	return l;
}

static const char sample[] =
    "[{\"name\": \"web\", \"protocol\": \"tcp\", \"public_port\": 8080, \"target\": "
    "\"127.0.0.1:80\"},"
    "{\"name\": \"one\", \"protocol\": \"tcp\", \"public_port\": \"8081\", \"target\": "
    "\"nas.lan:80\", \"check_s\": 0},"
    "{\"name\": \"ftp-data\", \"protocol\": \"tcp\", \"public_port\": \"50000-50009\", \"target\": "
    "\"192.168.1.4:50000-50009\","
    " \"allow\": [\"198.51.100.0/24\", \"2001:db8::/32\", \"192.0.2.7\"], \"proxy_protocol\": 2, "
    "\"connections\": 100,"
    " \"connections_per_second_per_source\": 3, \"bandwidth\": \"20M\", \"idle_s\": 600},"
    "{\"name\": \"vpn\", \"protocol\": \"udp\", \"public_port\": 8080, \"target\": "
    "\"192.168.1.1:51820\", \"flows\": 99},"
    "{\"name\": \"blog\", \"protocol\": \"http\", \"host\": \"Blog.Alice\", \"target\": "
    "\"127.0.0.1:8000\","
    " \"basic_auth\": {\"user\": \"me\", \"password\": \"s:\\u00e4\\\"\"}},"
    "{\"name\": \"nas\", \"protocol\": \"tls\", \"host\": \"*.alice.example.\", \"target\": "
    "\"[fd00::5]:443\"}]";

static void an_http_target_may_be_a_url(void **state)
{
	(void)state;
	static const struct {
		const char *target, *host;
		uint16_t port;
	} table[] = {
	    {"http://192.168.1.5:8000", "192.168.1.5", 8000},
	    {"http://192.168.1.5", "192.168.1.5", 80},
	    {"http://nas.lan/", "nas.lan", 80},
	    {"http://[fd00::5]/", "fd00::5", 80},
	    {"http://[fd00::5]:81/", "fd00::5", 81},
	    {"https://nas.lan", "nas.lan", 443},
	    {"https://192.168.1.5:5001/", "192.168.1.5", 5001},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[256];
		snprintf(text, sizeof(text),
			 "[{\"name\": \"w\", \"protocol\": \"http\", \"host\": \"w\", \"target\": "
			 "\"%s\"}]",
			 table[i].target);
		struct mapping_list l = must_read(text);
		assert_string_equal(l.items[0].target.host, table[i].host);
		assert_int_equal(l.items[0].target.first, table[i].port);
		assert_string_equal(l.items[0].target_text, table[i].target);
		assert_int_equal(l.items[0].target_tls, table[i].target[4] == 's');
		mapping_list_fini(&l);
	}
}

static void every_field_arrives(void **state)
{
	(void)state;
	struct mapping_list l = must_read(sample);
	assert_int_equal(l.count, 6);
	const struct mapping *m = &l.items[0];
	assert_string_equal(m->name, "web");
	assert_int_equal(m->protocol, MAPPING_TCP);
	assert_int_equal(m->first, 8080);
	assert_int_equal(m->last, 8080);
	assert_null(m->host);
	assert_string_equal(m->target_text, "127.0.0.1:80");
	assert_int_equal(m->target.first, 80);
	assert_int_equal(m->allow_count + m->proxy_protocol + m->connections + m->bandwidth +
			     m->idle_s + m->flows,
			 0);
	assert_int_equal(l.items[1].first, 8081);
	assert_string_equal(l.items[1].target.host, "nas.lan");
	m = &l.items[2];
	assert_string_equal(m->name, "ftp-data");
	assert_int_equal(m->first, 50000);
	assert_int_equal(m->last, 50009);
	assert_int_equal(m->target.last, 50009);
	assert_int_equal(m->allow_count, 3);
	assert_int_equal(m->allow[0].bits, 24);
	assert_int_equal(m->allow[1].net.family, 6);
	assert_int_equal(m->allow[2].bits, 32);
	assert_int_equal(m->proxy_protocol, 2);
	assert_int_equal(m->connections, 100);
	assert_int_equal(m->connections_per_second_per_source, 3);
	assert_int_equal(m->bandwidth, 20000000);
	assert_int_equal(m->idle_s, 600);
	static const uint32_t check_s[] = {60, 0, 60, 0, 60, 0};
	for (size_t i = 0; i < l.count; i++)
		assert_int_equal(l.items[i].check_s, check_s[i]);
	assert_int_equal(l.items[3].flows, 99);
	m = &l.items[4];
	assert_string_equal(m->host, "blog.alice");
	assert_string_equal(m->basic_user, "me");
	assert_string_equal(m->basic_password, "s:\xc3\xa4\"");
	assert_string_equal(l.items[5].host, "*.alice.example.");
	mapping_list_fini(&l);
	assert_int_equal(l.count, 0);
	mapping_list_fini(&l);
}

#define TCP   "[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": \"h:80\""
#define UDP   "[{\"name\": \"a\", \"protocol\": \"udp\", \"public_port\": 80, \"target\": \"h:80\""
#define HTTPS "[{\"name\": \"a\", \"protocol\": \"https\", \"host\": \"x\", \"target\": \"h:80\""
#define HTTP  "[{\"name\": \"a\", \"protocol\": \"http\", \"host\": \"x\", \"target\": \"h:80\""
#define WEB                                                                                        \
	"[{\"name\": \"web\", \"protocol\": \"tcp\", \"public_port\": 8080, \"target\": "          \
	"\"127.0.0.1:80\"},"

static const struct {
	const char *list, *says; /* the whole error text, or its beginning when it ends in "…" */
} wrong[] = {
    {WEB "{\"name\": \"p\", \"protocol\": \"tcp\", \"public_port\": 6310, \"target\": "
	 "\"192.168.1.20\"}]",
     "agent.json: mappings[1].target: \"192.168.1.20\" names no port\n"},
    {WEB "{\"name\": \"web\", \"protocol\": \"tcp\", \"public_port\": 81, \"target\": \"h:80\"}]",
     "agent.json: mappings[1]: the name \"web\" is given twice\n"},
    {WEB "{\"name\": \"p\", \"protocol\": \"tcp\", \"public_port\": \"8000-8099\", \"target\": "
	 "\"h:8000-8099\"}]",
     "agent.json: mappings[1]: the public tcp port 8080 is already that of \"web\"\n"},
    {HTTP "}, {\"name\": \"b\", \"protocol\": \"http\", \"host\": \"X\", \"target\": \"h:81\"}]",
     "agent.json: mappings[1]: the http host \"x\" is already that of \"a\"\n"},
    {"[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": \"50000-50009\", \"target\": "
     "\"h:80\"}]",
     "agent.json: mappings[0].target: \"h:80\" names 1 port, public_port names 10\n"},
    {"[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": \"h:80-82\"}]",
     "agent.json: mappings[0].target: \"h:80-82\" names 3 ports, public_port names 1\n"},
    {"[{\"name\": \"a\", \"protocol\": \"tls\", \"host\": \"x\", \"target\": \"h:80-81\"}]",
     "agent.json: mappings[0].target: \"h:80-81\" names 2 ports, a mapping of protocol tls leads "
     "to one\n"},
    {"[{\"name\": \"-a\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": \"h:80\"}]",
     "agent.json: mappings[0].name: \"-a\" is not a name…"},
    {"[{\"name\": \"a\", \"protocol\": \"sctp\", \"public_port\": 80, \"host\": \"x\", \"target\": "
     "\"h:80\"}]",
     "agent.json: mappings[0].protocol: \"sctp\" is none of tcp, udp, http, tls, https\n"},
    {"[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": \"90-80\", \"target\": \"h:80\"}]",
     "agent.json: mappings[0].public_port: \"90-80\" is neither a port…"},
    {"[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": \"80/udp\", \"target\": "
     "\"h:80\"}]",
     "agent.json: mappings[0].public_port: \"80/udp\" is neither a port…"},
    {"[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 0, \"target\": \"h:80\"}]",
     "agent.json: mappings[0].public_port: …"},
    {"[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 65536, \"target\": \"h:80\"}]",
     "agent.json: mappings[0].public_port: …"},
    {"[{\"name\": \"a\", \"protocol\": \"http\", \"host\": \"a b\", \"target\": \"h:80\"}]",
     "agent.json: mappings[0].host: \"a b\" is not a host name\n"},
    {"[{\"name\": \"a\", \"protocol\": \"http\", \"host\": \"http://a.b\", \"target\": \"h:80\"}]",
     "agent.json: mappings[0].host: \"http://a.b\" is not a host name: it stands alone, without "
     "http://, port or path\n"},
    {"[{\"name\": \"a\", \"protocol\": \"http\", \"host\": \"☃.alice\", \"target\": \"h:1\"}]",
     "agent.json: mappings[0].host: \"☃.alice\" is not a host name: it holds a character that host "
     "names may not have\n"},
    {TCP ", \"host\": \"x\"}]",
     "agent.json: mappings[0].host: does not fit a mapping of protocol tcp, only http, tls "
     "and https\n"},
    {HTTP ", \"public_port\": 80}]", "agent.json: mappings[0].public_port: does not fit a mapping "
				     "of protocol http, only tcp, udp and https\n"},
    {HTTPS ", \"private_key\": \"k\"}]", "agent.json: mappings[0].private_key: is the key of a "
					 "\"certificate\" in a file\n"},
    {HTTPS ", \"certificate\": \"c\"}]",
     "agent.json: mappings[0].certificate: \"c\" needs its \"private_key\"\n"},
    {HTTPS ", \"certificate\": \"c\", \"private_key\": \"k\", \"certificate_copy\": \"d\"}]",
     "agent.json: mappings[0].certificate_copy: is for a certificate that comes from a CA, and "
     "this one is in files of your own\n"},
    {HTTPS ", \"certificate_copy\": \"\"}]",
     "agent.json: mappings[0].certificate_copy: is empty\n"},
    {HTTPS ", \"certificate_hook\": []}]",
     "agent.json: mappings[0].certificate_hook: names no program\n"},
    {HTTPS ", \"certificate_hook\": [\"\", \"x\"]}]",
     "agent.json: mappings[0].certificate_hook: names no program\n"},
    {HTTPS ", \"certificate_hook\": [\"a\", 5]}]",
     "agent.json: mappings[0].certificate_hook[1]: must be a string, not a number\n"},
    {HTTPS ", \"certificate_hook\": 5}]",
     "agent.json: mappings[0].certificate_hook: must be a list, not a number\n"},
    {HTTP ", \"certificate_hook\": [\"a\"]}]",
     "agent.json: mappings[0].certificate_hook: does not fit a mapping of protocol http, only "
     "https\n"},
    {HTTPS ", \"public_port\": \"80-81\"}]",
     "agent.json: mappings[0].public_port: must be one port for a mapping of protocol https\n"},
    {HTTP ", \"hsts_s\": 1}]",
     "agent.json: mappings[0].hsts_s: does not fit a mapping of protocol http, only https\n"},
    {"[{\"name\": \"a\", \"protocol\": \"https\", \"host\": \"_x.alice\", \"target\": \"h:1\"}]",
     "agent.json: mappings[0].host: \"_x.alice\": no certificate may have a name with \"_\"\n"},
    {"[{\"name\": \"a\", \"protocol\": \"https\", \"host\": \"x\", \"target\": \"h:1\"},"
     "{\"name\": \"b\", \"protocol\": \"tls\", \"host\": \"x\", \"target\": \"h:1\"}]",
     "agent.json: mappings[1]: the tls host \"x\" is already that of \"a\"\n"},
    {TCP ", \"flows\": 5}]",
     "agent.json: mappings[0].flows: does not fit a mapping of protocol tcp, only udp\n"},
    {TCP ", \"basic_auth\": {\"user\": \"u\", \"password\": \"p\"}}]",
     "agent.json: mappings[0].basic_auth: does not fit a mapping of protocol tcp, only http and "
     "https\n"},
    {UDP ", \"proxy_protocol\": 1}]",
     "agent.json: mappings[0].proxy_protocol: version 1 cannot speak of udp, only 2 can\n"},
    {TCP ", \"proxy_protocol\": 3}]", "agent.json: mappings[0].proxy_protocol: …"},
    {TCP ", \"connections\": 0}]", "agent.json: mappings[0].connections: …"},
    {TCP ", \"idle_s\": -1}]", "agent.json: mappings[0].idle_s: …"},
    {"[{\"name\": \"w\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": "
     "\"http://192.168.1.5:80\"}]",
     "agent.json: mappings[0].target: \"http://192.168.1.5:80\" is a URL; a mapping of protocol "
     "tcp "
     "leads to \"192.168.1.5:80\"\n"},
    {"[{\"name\": \"w\", \"protocol\": \"tls\", \"host\": \"w\", \"target\": "
     "\"https://[fd00::5]/\"}]",
     "agent.json: mappings[0].target: \"https://[fd00::5]/\" is a URL; a mapping of protocol tls "
     "leads to \"[fd00::5]:443\"\n"},
    {"[{\"name\": \"w\", \"protocol\": \"http\", \"host\": \"w\", \"target\": "
     "\"https://nas:5001/x\"}]",
     "agent.json: mappings[0].target: \"https://nas:5001/x\" names more than a host: write "
     "\"https://nas:5001\"\n"},
    {HTTP ", \"target_pin\": \"p\"}]", "agent.json: mappings[0].target_pin: is for a target with "
				       "TLS: write \"https://h:80\"\n"},
    {TCP ", \"target_host\": \"x\"}]",
     "agent.json: mappings[0].target_host: does not fit a mapping of "
     "protocol tcp, only http and https\n"},
    {HTTP ", \"target_host\": \"a b\"}]",
     "agent.json: mappings[0].target_host: \"a b\" is not a host name\n"},
    {"[{\"name\": \"w\", \"protocol\": \"http\", \"host\": \"w\", \"target\": "
     "\"http://nas/blog\"}]",
     "agent.json: mappings[0].target: \"http://nas/blog\" names more than a host: write "
     "\"http://nas:80\"\n"},
    {"[{\"name\": \"w\", \"protocol\": \"udp\", \"public_port\": 80, \"target\": "
     "\"udp://nas\"}]",
     "agent.json: mappings[0].target: \"udp://nas\" is a URL; a mapping of protocol udp leads to "
     "\"nas:PORT\"\n"},
    {TCP ", \"check_s\": 86401}]", "agent.json: mappings[0].check_s: …"},
    {UDP ", \"check_s\": 60}]", "agent.json: mappings[0].check_s: does not fit a mapping of "
				"protocol udp, only tcp, http, tls and https\n"},
    {TCP ", \"bandwidth\": \"fast\"}]", "agent.json: mappings[0].bandwidth: \"fast\" is not a "
					"number of bits a second such as \"20M\"\n"},
    {TCP ", \"bandwidth\": \"18000000000G\"}]", "agent.json: mappings[0].bandwidth: …"},
    {TCP ", \"bandwidth\": 0}]", "agent.json: mappings[0].bandwidth: …"},
    {TCP ", \"allow\": [\"198.51.100.0/24\", \"198.51.100.1/24\"]}]",
     "agent.json: mappings[0].allow[1]: \"198.51.100.1/24\" is not a network such as "
     "\"198.51.100.0/24\"\n"},
    {TCP ", \"allow\": []}]",
     "agent.json: mappings[0].allow: must name 1 to 256 networks, not 0\n"},
    {TCP ", \"allow\": \"198.51.100.0/24\"}]", "agent.json: mappings[0].allow: …"},
    {HTTP ", \"basic_auth\": {\"user\": \"a:b\", \"password\": \"p\"}}]",
     "agent.json: mappings[0].basic_auth.user: may have no colon (RFC 7617)\n"},
    {HTTP ", \"basic_auth\": {\"user\": \"a\", \"password\": \"\"}}]",
     "agent.json: mappings[0].basic_auth.password: must have 1 to 256 bytes\n"},
    {HTTP ", \"basic_auth\": {\"user\": \"a\\n\", \"password\": \"p\"}}]",
     "agent.json: mappings[0].basic_auth.user: has control characters\n"},
    {TCP ", \"alow\": []}]",
     "agent.json: mappings[0].alow: unknown key; did you mean \"allow\"?\n"},
    {TCP ", \"id\": 3}]", "agent.json: mappings[0].id: unknown key…"},
    {"[3]", "agent.json: mappings[0]: …"},
    {"{}", "agent.json: mappings: …"},
};

static void wrong_mappings_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct mapping_list l;
		char *errors, *dots = strstr(wrong[i].says, "…");
		read_list(wrong[i].list, &l, &errors);
		if (dots)
			assert_memory_equal(errors, wrong[i].says, (size_t)(dots - wrong[i].says));
		else
			assert_string_equal(errors, wrong[i].says);
		assert_int_equal(l.count, 0);
		assert_null(l.items);
		mem_free(errors);
	}
}

static void all_errors_not_just_the_first(void **state)
{
	(void)state;
	struct mapping_list l;
	char *errors;
	assert_false(read_list("[{\"name\": \".x\", \"protocol\": \"tcp\", \"public_port\": 0, "
			       "\"target\": \"h\", \"flow\": 1}, {}]",
			       &l, &errors));
	static const char *const places[] = {
	    "mappings[0].name:",  "mappings[0].public_port:", "mappings[0].target:",
	    "mappings[0].flow:",  "mappings[1].name:",        "mappings[1].protocol:",
	    "mappings[1].target:"};
	for (size_t i = 0; i < COUNT_OF(places); i++)
		assert_non_null(strstr(errors, places[i]));
	mem_free(errors);
}

static void no_more_than_fits(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct mapping_list l;
	char *errors;
	for (int i = 0; i <= MAPPING_MAX; i++)
		buf_printf(&b,
			   "%s{\"name\": \"m%d\", \"protocol\": \"tcp\", \"public_port\": %d, "
			   "\"target\": \"h:1\"}",
			   i ? "," : "[", i, i + 1);
	buf_puts(&b, "]");
	assert_false(read_list(buf_str(&b), &l, &errors));
	assert_string_equal(errors,
			    "agent.json: mappings: has 1025 mappings, at most 1024 may be\n");
	mem_free(errors);
	buf_take(&b, buf_len(&b));
	for (int i = 0; i < MAPPING_MAX; i++) {
		buf_printf(&b,
			   "%s{\"name\": \"m%d\", \"protocol\": \"tcp\", \"public_port\": %d, "
			   "\"target\": \"h:1\", \"allow\": [",
			   i ? "," : "[", i, i + 1);
		for (int k = 0; k < 40; k++)
			buf_printf(&b, "%s\"2001:db8:1:2:3:4:5:%x\"", k ? "," : "", k + 1);
		buf_puts(&b, "]}");
	}
	buf_puts(&b, "]");
	assert_false(read_list(buf_str(&b), &l, &errors));
	assert_string_equal(errors, "agent.json: mappings: is too long to be sent to the relay "
				    "(700 KiB and 58536 values)\n");
	mem_free(errors);
	buf_fini(&b);
}

/* An item count times; in place of '#' is its number from 0. */
static void put_list(struct buf *b, const char *item, unsigned count)
{
	size_t head = strcspn(item, "#");
	for (unsigned i = 0; i < count; i++) {
		buf_printf(b, "%s%.*s", i ? "," : "[", (int)head, item);
		if (item[head])
			buf_printf(b, "%u%s", i, item + head + 1);
	}
	buf_puts(b, "]");
}

static void more_errors_than_are_kept_are_errors(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct mapping_list l;
	struct declare d;
	char *errors, why[256];
	put_list(&b, "{}", 400);
	assert_false(read_list(buf_str(&b), &l, &errors));
	assert_int_equal(l.count, 0);
	assert_non_null(strstr(errors, "agent.json: mappings[0].name: missing\n"));
	assert_non_null(strstr(errors, "\nagent.json: 200 more errors\n"));
	mem_free(errors);
	buf_take(&b, buf_len(&b));
	buf_puts(&b, "{\"serial\": 1, \"mappings\": ");
	put_list(&b, "{}", 260);
	buf_puts(&b, "}");
	assert_int_equal(declare_read(buf_str(&b), buf_len(&b), &d, why), ERR_SYNTAX);
	assert_string_equal(why, "DECLARE: mappings[0].id: missing");
	buf_fini(&b);
}

#define SAME(more)                                                                                 \
	"{\"name\": \"m#\", \"protocol\": \"tcp\", \"public_port\": \"1-65535\", \"target\": "     \
	"\"h:1-65535\"" more "}"

/* Each is told what it has in common with those before it, and not with every one. */
static void one_mapping_many_times(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct mapping_list l;
	char *errors;
	put_list(
	    &b, "{\"name\": \"a\", \"protocol\": \"udp\", \"public_port\": 7, \"target\": \"h:1\"}",
	    MAPPING_MAX);
	assert_false(read_list(buf_str(&b), &l, &errors));
	assert_non_null(strstr(errors, "agent.json: mappings[1]: the name \"a\" is given twice\n"));
	assert_non_null(strstr(
	    errors, "agent.json: mappings[1]: the public udp port 7 is already that of \"a\"\n"));
	assert_non_null(strstr(errors, "\nagent.json: 1046 more errors\n")); /* 2 * 1023 - 1000 */
	mem_free(errors);
	buf_take(&b, buf_len(&b));
	put_list(&b, SAME(""), MAPPING_MAX);
	assert_false(read_list(buf_str(&b), &l, &errors));
	assert_non_null(strstr(
	    errors,
	    "agent.json: mappings[1000]: the public tcp port 1 is already that of \"m0\"\n"));
	assert_non_null(strstr(errors, "\nagent.json: 23 more errors\n"));
	mem_free(errors);
	buf_fini(&b);
}

/* On the wire nothing is read after the first error. */
static void one_mapping_many_times_in_a_declare(void **state)
{
	(void)state;
	static const char *const items[] = {
	    SAME(", \"id\": 7"),
	    "{\"name\": \"a\", \"protocol\": \"tls\", \"host\": \"a\", \"target\": \"h:1\", "
	    "\"id\": 7}",
	    "{\"host\": \"x\", \"follow\": \"home\"}",
	};
	for (size_t i = 0; i < COUNT_OF(items); i++) {
		struct buf b = BUF_INIT;
		struct mapping_list mappings;
		struct name_entry_list names;
		buf_puts(&b, "{\"list\": ");
		put_list(&b, items[i], MAPPING_MAX);
		buf_puts(&b, "}");
		struct conf *c = conf_parse("DECLARE", buf_str(&b), buf_len(&b), true);
		struct conf_at list = conf_list(conf_root(c), "list");
		assert_int_equal(conf_len(list), MAPPING_MAX);
		assert_false(i < 2 ? mapping_list_read(list, true, &mappings)
				   : name_entry_list_read(list, true, &names));
		assert_int_equal(conf_errors(c), 1);
		assert_int_equal(strncmp(conf_error_text(c, 0), "DECLARE: list[1]: the ", 22), 0);
		conf_free(c);
		buf_fini(&b);
	}
}

static void ranges_that_overlap_are_told_of_each_other(void **state)
{
	(void)state;
	struct mapping_list l;
	char *errors;
#define RANGE(name, ports)                                                                         \
	"{\"name\": \"" name "\", \"protocol\": \"tcp\", \"public_port\": \"" ports                \
	"\", \"target\": \"h:" ports "\"}"
	assert_false(read_list(
	    "[" RANGE("a", "10-19") "," RANGE("b", "30-39") "," RANGE("c", "15-34") "," RANGE(
		"d", "20-21") "," RANGE("e", "1-65535") "," RANGE("f", "9-9") "]",
	    &l, &errors));
	assert_string_equal(
	    errors, "agent.json: mappings[2]: the public tcp port 15 is already that of \"a\"\n"
		    "agent.json: mappings[2]: the public tcp port 30 is already that of \"b\"\n"
		    "agent.json: mappings[4]: the public tcp port 10 is already that of \"a\"\n"
		    "agent.json: mappings[4]: the public tcp port 20 is already that of \"d\"\n"
		    "agent.json: mappings[4]: the public tcp port 30 is already that of \"b\"\n");
	mem_free(errors);
}

/* Of the ranges that may not be had none holds its free ports against those that come later. */
static void ranges_over_ports_that_are_held(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct declare d;
	char why[256];
	buf_puts(&b, "{\"serial\": 1, \"mappings\": [");
	for (unsigned i = 0; i < MAPPING_MAX; i++) {
		unsigned first = i < 512 ? 2 * i + 1 : i == 1023 ? 2 : 1;
		unsigned last = i < 512 || i == 1023 ? first : 65535;
		buf_printf(&b,
			   "%s{\"id\": %u, \"name\": \"m%u\", \"protocol\": \"udp\", "
			   "\"public_port\": \"%u-%u\", \"target\": \"h\"}",
			   i ? "," : "", i + 1, i, first, last);
	}
	buf_puts(&b, "]}");
	assert_int_equal(declare_read(buf_str(&b), buf_len(&b), &d, why), 0);
	for (unsigned i = 0; i < MAPPING_MAX; i++) {
		if (i < 512 || i == 1023)
			assert_null(d.mappings.items[i].unknown);
		else
			assert_string_equal(d.mappings.items[i].unknown,
					    "the public udp port 1 is already that of \"m0\"");
	}
	declare_fini(&d);
	buf_fini(&b);
}

static void a_change_of_anything_is_a_change(void **state)
{
	(void)state;
	static const char *const variants[] = {
	    TCP "}]",
	    "[{\"name\": \"b\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": \"h:80\"}]",
	    UDP "}]",
	    "[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 81, \"target\": \"h:80\"}]",
	    "[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": \"80-81\", \"target\": "
	    "\"h:80-81\"}]",
	    "[{\"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": \"h:81\"}]",
	    TCP ", \"allow\": [\"192.0.2.1\"]}]",
	    TCP ", \"allow\": [\"192.0.2.0/31\"]}]",
	    TCP ", \"allow\": [\"192.0.2.1\", \"192.0.2.2\"]}]",
	    TCP ", \"proxy_protocol\": 1}]",
	    TCP ", \"proxy_protocol\": 2}]",
	    TCP ", \"connections\": 1}]",
	    TCP ", \"connections_per_second_per_source\": 1}]",
	    TCP ", \"bandwidth\": \"1\"}]",
	    TCP ", \"idle_s\": 1}]",
	    UDP ", \"flows\": 1}]",
	    HTTP "}]",
	    "[{\"name\": \"a\", \"protocol\": \"http\", \"host\": \"y\", \"target\": \"h:80\"}]",
	    "[{\"name\": \"a\", \"protocol\": \"tls\", \"host\": \"x\", \"target\": \"h:80\"}]",
	    HTTP ", \"basic_auth\": {\"user\": \"a\", \"password\": \"b\"}}]",
	    HTTP ", \"basic_auth\": {\"user\": \"a\", \"password\": \"c\"}}]",
	    HTTP ", \"basic_auth\": {\"user\": \"c\", \"password\": \"b\"}}]",
	    HTTP ", \"target_host\": \"n\"}]",
	    HTTPS "}]",
	    HTTPS ", \"public_port\": 80}]",
	    HTTPS ", \"hsts_s\": 1}]",
	    HTTPS ", \"certificate\": \"c\", \"private_key\": \"k\"}]",
	    HTTPS ", \"certificate\": \"c\", \"private_key\": \"l\"}]",
	};
	for (size_t i = 0; i < COUNT_OF(variants); i++)
		for (size_t k = 0; k < COUNT_OF(variants); k++) {
			struct mapping_list a = must_read(variants[i]), b = must_read(variants[k]);
			b.items[0].id = 7;
			assert_int_equal(mapping_same(&a.items[0], &b.items[0]), i == k);
			mapping_list_fini(&a);
			mapping_list_fini(&b);
		}
}

static void protocols_by_name(void **state)
{
	(void)state;
	static const char *const names[] = {"tcp", "udp", "http", "tls", "https"};
	enum mapping_protocol p;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(mapping_protocol_parse(names[i], &p), 0);
		assert_string_equal(mapping_kind(p)->word, names[i]);
	}
	assert_int_equal(mapping_protocol_parse("TCP", &p), ERR_SYNTAX);
}

static bool read_wishes(const char *text, struct name_entry_list *out, char **error)
{
	char *file = mem_printf("{\"names\": %s}", text);
	struct conf *c = conf_parse("agent.json", file, strlen(file), false);
	struct conf_at root = conf_root(c);
	bool ok = name_entry_list_read(conf_list(root, "names"), false, out);
	*error = conf_errors(c) ? mem_strdup(conf_error_text(c, 0)) : NULL;
	conf_free(c);
	mem_free(file);
	return ok;
}

static void names_follow_relay_or_home(void **state)
{
	(void)state;
	struct name_entry_list l;
	char *error;
	assert_true(read_wishes("[{\"host\": \"Alice\", \"follow\": \"relay\"}, {\"host\": "
				"\"direct.alice.\", \"follow\": \"home\"}]",
				&l, &error));
	assert_int_equal(l.count, 2);
	assert_string_equal(l.items[0].host, "alice");
	assert_int_equal(l.items[0].follow, NAME_FOLLOW_RELAY);
	assert_string_equal(l.items[1].host, "direct.alice.");
	assert_int_equal(l.items[1].follow, NAME_FOLLOW_HOME);
	name_entry_list_fini(&l);
	static const char *const bad[][2] = {
	    {"[{\"host\": \"a\", \"follow\": \"me\"}]",
	     "agent.json: names[0].follow: \"me\" is neither relay nor home"},
	    {"[{\"host\": \"a\", \"follow\": \"home\"}, {\"host\": \"A\", \"follow\": \"relay\"}]",
	     "agent.json: names[1]: the host \"a\" is given twice"},
	    {"[{\"host\": \"\", \"follow\": \"home\"}]",
	     "agent.json: names[0].host: \"\" is not a host name"},
	    {"[{\"host\": \"a\", \"follow\": \"home\", \"folow\": 1}]",
	     "agent.json: names[0].folow: unknown key; did you mean \"follow\"?"},
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(read_wishes(bad[i][0], &l, &error));
		assert_string_equal(error, bad[i][1]);
		assert_int_equal(l.count, 0);
		mem_free(error);
	}
}

static void declare_goes_and_comes(void **state)
{
	(void)state;
	struct declare d = {.serial = 41, .mappings = must_read(sample), .nat = "cgnat"}, back;
	char *error, why[256];
	for (size_t i = 0; i < d.mappings.count; i++)
		d.mappings.items[i].id = (uint32_t)i + 1;
	assert_true(read_wishes("[{\"host\": \"alice\", \"follow\": \"home\"}]", &d.names, &error));
	assert_int_equal(addr_parse_ip("2001:db8::7", &d.address6), 0);
	assert_int_equal(addr_parse_ip("192.0.2.7", &d.judged), 0);
	static const struct challenge wanted[] = {
	    {"alice", "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"}, {"b.", "short"}};
	d.challenges = mem_dup(wanted, sizeof(wanted));
	d.challenge_count = COUNT_OF(wanted);
	struct buf b = BUF_INIT;
	declare_write(&d, &b);
	assert_int_equal(declare_read((char *)buf_data(&b), buf_len(&b), &back, why), 0);
	assert_int_equal(back.serial, 41);
	assert_string_equal(back.nat, "cgnat");
	assert_true(addr_equal_ip(&d.address6, &back.address6));
	assert_true(addr_equal_ip(&d.judged, &back.judged));
	assert_int_equal(back.names.count, 1);
	assert_int_equal(back.names.items[0].follow, NAME_FOLLOW_HOME);
	assert_int_equal(back.challenge_count, COUNT_OF(wanted));
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		assert_true(challenge_same(&back.challenges[i], &wanted[i]));
	assert_int_equal(back.mappings.count, d.mappings.count);
	for (size_t i = 0; i < d.mappings.count; i++) {
		assert_true(mapping_same(&d.mappings.items[i], &back.mappings.items[i]));
		assert_int_equal(back.mappings.items[i].id, i + 1);
	}
	declare_fini(&back);
	/* No part of it is a whole. */
	for (size_t len = 0; len < buf_len(&b); len++) {
		char *cut = mem_dup(buf_data(&b), len);
		assert_int_equal(declare_read(cut, len, &back, why), ERR_SYNTAX);
		assert_true(why[0] != '\0');
		assert_int_equal(back.mappings.count + back.names.count, 0);
		mem_free(cut);
	}
	buf_fini(&b);
	declare_fini(&d);
}

/* What the relay is told of one https mapping, with more keys behind its target. */
static struct mapping told(const char *more, bool redirect, char **wire)
{
	char *text = mem_printf("%s%s}]", HTTPS, more), why[256];
	struct declare d = {.serial = 1, .mappings = must_read(text)}, back;
	struct buf b = BUF_INIT;
	struct mapping m;
	d.mappings.items[0].id = 1;
	d.mappings.items[0].redirect = redirect;
	declare_write(&d, &b);
	*wire = mem_strdup(buf_str(&b));
	assert_int_equal(declare_read(*wire, strlen(*wire), &back, why), 0);
	assert_true(mapping_same(&back.mappings.items[0], &back.mappings.items[0]));
	mapping_copy(&m, &back.mappings.items[0]);
	declare_fini(&back);
	declare_fini(&d);
	buf_fini(&b);
	mem_free(text);
	return m;
}

static void an_https_mapping_is_told_as_tls_and_keeps_its_secrets(void **state)
{
	(void)state;
	char *wire;
	struct mapping m = told(", \"certificate\": \"c.pem\", \"private_key\": \"k.pem\", "
				"\"hsts_s\": 5, \"basic_auth\": {\"user\": \"u\", \"password\": "
				"\"secret\"}",
				true, &wire);
	assert_int_equal(m.protocol, MAPPING_HTTPS);
	assert_true(m.redirect);
	assert_string_equal(m.host, "x");
	assert_int_equal(m.first, 0);
	assert_non_null(strstr(wire, "\"protocol\":\"tls\",\"gateway\":true,\"redirect\":true"));
	static const char *const stays[] = {"secret", "c.pem", "k.pem", "hsts"};
	for (size_t i = 0; i < COUNT_OF(stays); i++)
		assert_null(strstr(wire, stays[i]));
	mem_free(wire);
	mapping_fini(&m);
	m = told(", \"public_port\": 54321", false, &wire);
	assert_false(m.redirect);
	assert_int_equal(m.first, 54321);
	assert_string_equal(m.host, "x");
	mem_free(wire);
	mapping_fini(&m);
}

static void what_becomes_of_a_certificate_is_read(void **state)
{
	(void)state;
	struct mapping_list two = must_read(HTTPS
					    ", \"certificate_copy\": \"d\", \"certificate_hook\": "
					    "[\"a\", \"\", \"b c\"]}]"),
			    one = must_read(HTTPS ", \"certificate_hook\": \"prog\"}]");
	struct mapping m;
	char *words[] = {"a", "", "b c", NULL}, *word[] = {"prog", NULL};
	mapping_copy(&m, &two.items[0]);
	assert_string_equal(m.certificate_copy, "d");
	assert_true(text_list_same(m.certificate_hook, words));
	assert_false(text_list_same(m.certificate_hook, one.items[0].certificate_hook));
	assert_false(text_list_same(m.certificate_hook, NULL));
	assert_true(text_list_same(one.items[0].certificate_hook, word));
	assert_true(mapping_same(&m, &one.items[0]));
	mapping_fini(&m);
	mapping_list_fini(&two);
	mapping_list_fini(&one);
}

static void an_empty_declare(void **state)
{
	(void)state;
	struct declare d = {.serial = 1}, back;
	struct buf b = BUF_INIT;
	char why[256];
	declare_write(&d, &b);
	assert_int_equal(declare_read((char *)buf_data(&b), buf_len(&b), &back, why), 0);
	assert_int_equal(
	    back.mappings.count + back.names.count + back.address6.family + back.judged.family, 0);
	assert_string_equal(back.nat, "unknown");
	declare_fini(&back);
	buf_fini(&b);
}

#define ON_WIRE(more)                                                                              \
	"{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"a\", \"protocol\": \"tcp\", "      \
	"\"public_port\": 80, \"target\": \"h:80\"" more "}]}"

static void hostile_declares(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    " ",
	    "null",
	    "[]",
	    "\"x\"",
	    "7",
	    "{",
	    "{}",
	    "{\"serial\": 0}",
	    "{\"serial\": -1}",
	    "{\"serial\": \"1\"}",
	    "{\"serial\": 1e3}",
	    "{\"serial\": 9223372036854775808}",
	    "{\"serial\": 1} x",
	    "{\"serial\": 1, \"serial\": 2}",
	    "{\"serial\": 1, \"mappings\": {}}",
	    "{\"serial\": 1, \"mappings\": [null]}",
	    "{\"serial\": 1, \"mappings\": [[]]}",
	    "{\"serial\": 1, \"names\": [{\"host\": \"a\"}]}",
	    "{\"serial\": 1, \"address6\": \"192.0.2.1\"}",
	    "{\"serial\": 1, \"address6\": \"::zz\"}",
	    "{\"serial\": 1, \"nat\": 5}",
	    "{\"serial\": 1, \"judged\": \"x\"}",
	    "{\"serial\": 1, \"mappings\": [{\"name\": \"a\", \"protocol\": \"tcp\", "
	    "\"public_port\": 80, \"target\": \"h:80\"}]}",
	    ON_WIRE(", \"id\": 2"),
	    ON_WIRE(", \"connections\": \"many\""),
	    ON_WIRE(", \"connections\": 9223372036854775808"),
	    ON_WIRE(", \"allow\": \"192.0.2.0/24\""),
	    ON_WIRE(", \"allow\": [4]"),
	    ON_WIRE(", \"basic_auth\": {}"),
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"a\", \"protocol\": 6, "
	    "\"public_port\": 80, \"target\": \"h:80\"}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"a\", \"protocol\": \"quic\", "
	    "\"public_port\": 80}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"a\", \"protocol\": \"tcp\", "
	    "\"target\": \"h:80\"}]}",
	    "{\"serial\": 1, \"names\": [{\"host\": \"a\", \"follow\": 1}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 4294967296, \"name\": \"a\", \"protocol\": "
	    "\"tcp\", \"public_port\": 80, \"target\": \"h\"}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"a\\u0000b\", \"protocol\": "
	    "\"tcp\", \"public_port\": 80, \"target\": \"h\"}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"a\", \"protocol\": \"tcp\", "
	    "\"public_port\": 80, \"target\": \"h\"},"
	    "{\"id\": 1, \"name\": \"b\", \"protocol\": \"tcp\", \"public_port\": 81, \"target\": "
	    "\"h\"}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"name\": \"\xff\", \"protocol\": \"tcp\", "
	    "\"public_port\": 80, \"target\": \"h\"}]}",
	};
	struct declare d;
	char why[256];
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		memset(why, 'x', sizeof(why));
		if (declare_read(bad[i], strlen(bad[i]), &d, why) != ERR_SYNTAX)
			fail_msg("taken: %s", bad[i]);
		assert_non_null(memchr(why, '\0', sizeof(why)));
	}
	static const char *const good[] = {
	    ON_WIRE(""),
	    ON_WIRE(", \"later\": {\"x\": [1]}"),
	    "{\"serial\": 1, \"later\": 1}",
	    "{\"serial\": 9223372036854775807, \"nat\": \"symmetric\"}",
	};
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(declare_read(good[i], strlen(good[i]), &d, why), 0);
		declare_fini(&d);
	}
}

#define MINE "{\"id\": 1, \"name\": \"mine\", \"target\": \"h:80\", "

/* A later agent's mapping does not end the session: it is its own error, the others are read. */
static void what_only_a_later_version_knows_is_one_mappings_error(void **state)
{
	(void)state;
	static const struct {
		const char *mapping, *unknown;
	} table[] = {
	    {MINE "\"protocol\": \"quic\", \"public_port\": 80",
	     "protocol: \"quic\" is none of tcp, udp, http, tls, https"},
	    {MINE "\"protocol\": \"unknown\", \"host\": \"x\"",
	     "protocol: \"unknown\" is none of tcp, udp, http, tls, https"},
	    {MINE "\"protocol\": \"tls\", \"host\": \"x\", \"public_port\": 54321",
	     "public_port: does not fit a mapping of protocol tls, only tcp, udp and https"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"host\": \"x\"",
	     "host: does not fit a mapping of protocol tcp, only http, tls and https"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 0",
	     "public_port: must be 1 to 65535, not 0"},
	    {MINE "\"protocol\": \"udp\", \"public_port\": \"any\"",
	     "public_port: \"any\" is neither …"},
	    {MINE "\"protocol\": \"http\", \"host\": \"a/b\"", "host: \"a/b\" is not a host name"},
	    /* letters become A-labels at home, never here */
	    {MINE "\"protocol\": \"http\", \"host\": \"博客\"",
	     "host: \"博客\" is not a host name"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"proxy_protocol\": 3",
	     "proxy_protocol: must be 1 to 2, not 3"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"connections\": 4294967296",
	     "connections: …"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"bandwidth\": 0",
	     "bandwidth: must be at least 1, not 0"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"bandwidth\": \"half\"",
	     "bandwidth: …"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"allow\": [\"192.0.2.1\", \"lan\"]",
	     "allow: \"lan\" is not a network such as \"198.51.100.0/24\""},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"allow\": []", "allow: …"},
	    {MINE "\"protocol\": \"tcp\", \"public_port\": 80, \"flows\": 5", "flows: …"},
	    {MINE "\"protocol\": \"http\", \"host\": \"x\", \"basic_auth\": {\"user\": \"a:b\", "
		  "\"password\": \"p\"}",
	     "user: may have no colon (RFC 7617)"},
	    {"{\"id\": 1, \"name\": \"mine\", \"protocol\": \"tcp\", \"public_port\": 80, "
	     "\"target\": \"\"",
	     "target: is not a target"},
	    {"{\"id\": 1, \"name\": \"mine\", \"protocol\": \"tcp\", \"public_port\": 80, "
	     "\"target\": "
	     "\"\\u001b[2J\"",
	     "target: is not a target"},
	};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		char *json = mem_printf(
		    "{\"serial\": 1, \"mappings\": [%s}, {\"id\": 2, \"name\": \"other\", "
		    "\"protocol\": \"tcp\", \"public_port\": 80, \"target\": \"h:80\"}]}",
		    table[i].mapping);
		struct declare d;
		char why[256], *dots = strstr(table[i].unknown, "…");
		if (declare_read(json, strlen(json), &d, why) != 0)
			fail_msg("%s: %s", json, why);
		assert_int_equal(d.mappings.count, 2);
		assert_string_equal(d.mappings.items[0].name, "mine");
		assert_non_null(d.mappings.items[0].unknown);
		if (dots)
			assert_memory_equal(d.mappings.items[0].unknown, table[i].unknown,
					    (size_t)(dots - table[i].unknown));
		else
			assert_string_equal(d.mappings.items[0].unknown, table[i].unknown);
		assert_null(d.mappings.items[1].unknown);
		assert_int_equal(d.mappings.items[1].first, 80);
		declare_fini(&d);
		mem_free(json);
	}
}

static void a_long_word_is_not_told_whole(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	struct declare d;
	char why[256];
	buf_puts(&b, "{\"serial\": 1, \"mappings\": [" MINE "\"protocol\": \"");
	for (int i = 0; i < 300000; i++)
		buf_puts(&b, "\xc3\xa4");
	buf_puts(&b, "\"}]}");
	assert_int_equal(declare_read((char *)buf_data(&b), buf_len(&b), &d, why), 0);
	assert_true(strlen(d.mappings.items[0].unknown) < 140);
	declare_fini(&d);
	buf_fini(&b);
}

/* Else the door of the one would serve the other, with an allow list that was not understood. */
static void a_mapping_with_something_unknown_is_another_one(void **state)
{
	(void)state;
	static const char plain[] = ON_WIRE(""), odd[] = ON_WIRE(", \"proxy_protocol\": 9"),
			  odder[] = ON_WIRE(", \"proxy_protocol\": 10");
	struct declare a, b, c;
	struct mapping copy;
	char why[256];
	assert_int_equal(declare_read(plain, strlen(plain), &a, why), 0);
	assert_int_equal(declare_read(odd, strlen(odd), &b, why), 0);
	assert_int_equal(declare_read(odder, strlen(odder), &c, why), 0);
	assert_false(mapping_same(&a.mappings.items[0], &b.mappings.items[0]));
	assert_false(mapping_same(&b.mappings.items[0], &c.mappings.items[0]));
	mapping_copy(&copy, &b.mappings.items[0]);
	assert_true(mapping_same(&copy, &b.mappings.items[0]));
	mapping_fini(&copy);
	declare_fini(&a);
	declare_fini(&b);
	declare_fini(&c);
}

/* A later agent may know how two share it. What is in error holds nothing. */
static void the_second_of_one_port_is_in_error_on_the_wire(void **state)
{
	(void)state;
	static const char json[] =
	    "{\"serial\": 1, \"mappings\": ["
	    "{\"id\": 1, \"name\": \"a\", \"protocol\": \"tcp\", \"public_port\": 80, \"target\": "
	    "\"h\"},"
	    "{\"id\": 2, \"name\": \"b\", \"protocol\": \"tcp\", \"public_port\": \"79-81\", "
	    "\"target\": \"h\"},"
	    "{\"id\": 3, \"name\": \"c\", \"protocol\": \"http\", \"host\": \"x\", \"target\": "
	    "\"h\", \"flows\": 1},"
	    "{\"id\": 4, \"name\": \"d\", \"protocol\": \"http\", \"host\": \"x\", \"target\": "
	    "\"h\"},"
	    "{\"id\": 5, \"name\": \"e\", \"protocol\": \"http\", \"host\": \"x\", \"target\": "
	    "\"h\"},"
	    "{\"id\": 6, \"name\": \"f\", \"protocol\": \"v\", \"target\": \"h\"},"
	    "{\"id\": 7, \"name\": \"g\", \"protocol\": \"v\", \"target\": \"h\"}]}";
	static const char *const unknown[] = {
	    NULL,
	    "the public tcp port 80 is already that of \"a\"",
	    "flows: does not fit a mapping of protocol http, only udp",
	    NULL,
	    "the http host \"x\" is already that of \"d\"",
	    "protocol: \"v\" is none of tcp, udp, http, tls, https",
	    "protocol: \"v\" is none of tcp, udp, http, tls, https"};
	struct declare d;
	char why[256];
	assert_int_equal(declare_read(json, strlen(json), &d, why), 0);
	assert_int_equal(d.mappings.count, COUNT_OF(unknown));
	for (size_t i = 0; i < COUNT_OF(unknown); i++)
		if (unknown[i])
			assert_string_equal(d.mappings.items[i].unknown, unknown[i]);
		else
			assert_null(d.mappings.items[i].unknown);
	declare_fini(&d);
}

static void what_a_name_follows_may_be_of_a_later_version(void **state)
{
	(void)state;
	static const char json[] =
	    "{\"serial\": 1, \"names\": [{\"host\": \"a\", \"follow\": \"moon\"},"
	    "{\"host\": \"b\", \"follow\": \"unknown\"}, {\"host\": \"c\", \"follow\": \"home\"}]}";
	struct declare d;
	char why[256];
	assert_int_equal(declare_read(json, strlen(json), &d, why), 0);
	assert_int_equal(d.names.count, 3);
	assert_int_equal(d.names.items[0].follow, NAME_FOLLOW_UNKNOWN);
	assert_int_equal(d.names.items[1].follow, NAME_FOLLOW_UNKNOWN);
	assert_int_equal(d.names.items[2].follow, NAME_FOLLOW_HOME);
	declare_fini(&d);
}

static void deep_nesting_does_not_kill(void **state)
{
	(void)state;
	enum { DEPTH = 500000 };
	char *text = mem_alloc(DEPTH + 1), why[256];
	memset(text, '[', DEPTH);
	text[DEPTH] = '\0';
	struct declare d;
	struct state s;
	assert_int_equal(declare_read(text, DEPTH, &d, why), ERR_SYNTAX);
	assert_int_equal(state_read(text, DEPTH, &s, why), ERR_SYNTAX);
	mem_free(text);
}

static void a_wrong_state_is_read_to_its_first_error(void **unused)
{
	(void)unused;
	static const char *const bad[][3] = {
	    {"mappings", "{}", "STATE: mappings[0].id: missing"},
	    {"mappings", "{\"id\": 1, \"state\": 7}",
	     "STATE: mappings[0].state: must be a string, not a number"},
	    {"names", "{}", "STATE: names[0].name: missing"},
	    {"names", "{\"name\": \"a\", \"counted\": -1}",
	     "STATE: names[0].counted: must be at least 0, not -1"},
	    {"names", "7", "STATE: names[0]: must be an object, not a number"},
	};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct buf b = BUF_INIT;
		struct state s;
		char why[256];
		buf_printf(&b, "{\"serial\": 1, \"%s\": ", bad[i][0]);
		put_list(&b, bad[i][1], 1000);
		buf_puts(&b, "}");
		assert_int_equal(state_read(buf_str(&b), buf_len(&b), &s, why), ERR_SYNTAX);
		assert_string_equal(why, bad[i][2]);
		assert_int_equal(s.mapping_count + s.name_count, 0);
		buf_fini(&b);
	}
}

static void state_goes_and_comes(void **unused)
{
	(void)unused;
	struct mapping_report mappings[] = {
	    {1, MAPPING_OPEN, "203.0.113.10:8080", NULL, NULL},
	    {2, MAPPING_ERROR, NULL, "port 80 is held by nginx (\"pid 7\")", "b.example"},
	    {4294967295u, MAPPING_PENDING, NULL, NULL, "*.c.example"},
	};
	struct name_report names[] = {{"alice.home.example.com", "203.0.113.10", NULL, "good", 12}};
	struct state s = {.serial = 7,
			  .mappings = mappings,
			  .mapping_count = 3,
			  .names = names,
			  .name_count = 1,
			  .address = "198.51.100.7"},
		     back;
	struct buf b = BUF_INIT;
	char why[256];
	state_write(&s, &b);
	assert_int_equal(state_read((char *)buf_data(&b), buf_len(&b), &back, why), 0);
	assert_int_equal(back.serial, 7);
	assert_int_equal(back.mapping_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(back.mappings[i].id, mappings[i].id);
		assert_int_equal(back.mappings[i].state, mappings[i].state);
	}
	assert_string_equal(back.mappings[0].public_text, "203.0.113.10:8080");
	assert_null(back.mappings[0].error);
	assert_null(back.mappings[1].public_text);
	assert_string_equal(back.mappings[1].error, mappings[1].error);
	assert_null(back.mappings[0].host);
	assert_string_equal(back.mappings[1].host, "b.example");
	assert_string_equal(back.mappings[2].host, "*.c.example");
	assert_int_equal(back.name_count, 1);
	assert_string_equal(back.names[0].name, names[0].name);
	assert_string_equal(back.names[0].wanted, names[0].wanted);
	assert_null(back.names[0].published);
	assert_string_equal(back.names[0].answer, "good");
	assert_int_equal(back.names[0].counted, 12);
	assert_string_equal(back.address, "198.51.100.7");
	state_fini(&back);
	for (size_t len = 0; len < buf_len(&b); len++) {
		char *cut = mem_dup(buf_data(&b), len);
		assert_int_equal(state_read(cut, len, &back, why), ERR_SYNTAX);
		assert_int_equal(back.mapping_count + back.name_count, 0);
		mem_free(cut);
	}
	buf_fini(&b);
}

static void hostile_states(void **unused)
{
	(void)unused;
	static const char *const bad[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"serial\": -1}",
	    "{\"serial\": 1, \"mappings\": 5}",
	    "{\"serial\": 1, \"mappings\": [5]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 0, \"state\": \"open\"}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"state\": 3}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"state\": \"open\", \"host\": {}}]}",
	    "{\"serial\": 1, \"mappings\": [{\"id\": 1, \"state\": \"open\", \"public\": 3}]}",
	    "{\"serial\": 1, \"names\": [{}]}",
	    "{\"serial\": 1, \"names\": [{\"name\": \"a\", \"counted\": -1}]}",
	    "{\"serial\": 1, \"address\": []}",
	    "{\"serial\": 1, \"challenges\": [{\"host\": \"a\", \"state\": \"error\"}]}",
	    "{\"serial\": 1, \"challenges\": [{\"host\": \"a\", \"txt\": \"t\"}]}",
	};
	struct state s;
	char why[256];
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (state_read(bad[i], strlen(bad[i]), &s, why) != ERR_SYNTAX)
			fail_msg("taken: %s", bad[i]);
	static const char good[] = "{\"serial\": 0, \"mappings\": [{\"id\": 1, \"state\": "
				   "\"open\", \"new\": 1}], \"new\": {}}";
	assert_int_equal(state_read(good, strlen(good), &s, why), 0);
	state_fini(&s);
}

static void challenges_are_read_each_by_itself(void **unused)
{
	(void)unused;
	struct challenge_report reports[] = {
	    {{"alice", "LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"}, CHALLENGE_PUBLISHED, NULL},
	    {{"*.b", "x"}, CHALLENGE_ERROR, "no"},
	    {{"c", "y"}, CHALLENGE_PENDING, "the server 127.0.0.1 does not answer"}};
	struct state s = {.serial = 1, .challenges = reports, .challenge_count = 3}, back;
	struct buf b = BUF_INIT;
	char why[256];
	state_write(&s, &b);
	assert_int_equal(state_read(buf_str(&b), buf_len(&b), &back, why), 0);
	assert_int_equal(back.challenge_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(challenge_same(&back.challenges[i].challenge, &reports[i].challenge));
		assert_int_equal(back.challenges[i].state, reports[i].state);
		assert_true(text_same(back.challenges[i].error, reports[i].error));
	}
	state_fini(&back);
	buf_fini(&b);
	static const char later[] = "{\"serial\": 1, \"challenges\": [{\"host\": \"a\", \"txt\": "
				    "\"t\", \"state\": \"queued\"}]}";
	assert_int_equal(state_read(later, strlen(later), &back, why), 0);
	assert_int_equal(back.challenges[0].state, CHALLENGE_ERROR);
	assert_string_equal(back.challenges[0].error,
			    "the agent is older than the relay, update it: state \"queued\"");
	state_fini(&back);
	/* What is too long is cut, and still no value. */
	struct declare d;
	static const char longer[] = "{\"serial\": 1, \"challenges\": [{\"host\": \"a\", \"txt\": "
				     "\"LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQLPJNul\"}]}";
	assert_int_equal(declare_read(longer, strlen(longer), &d, why), 0);
	assert_int_equal(strlen(d.challenges[0].txt), CHALLENGE_TXT + 1);
	declare_fini(&d);
	for (size_t i = 0; i <= CHALLENGES_MAX; i++)
		buf_printf(&b, "%s{\"host\": \"a\", \"txt\": \"t\"}",
			   i ? "," : "{\"serial\": 1, \"challenges\": [");
	buf_puts(&b, "]}");
	assert_int_equal(declare_read(buf_str(&b), buf_len(&b), &d, why), ERR_SYNTAX);
	assert_string_equal(why, "DECLARE: challenges: has 17 entries, at most 16 may be");
	buf_fini(&b);
}

/* What a relay of a later version says of one mapping leaves the others as they are. */
static void a_state_that_is_not_known_is_one_mappings_error(void **unused)
{
	(void)unused;
	static const char json[] =
	    "{\"serial\": 9, \"mappings\": [{\"id\": 1, \"state\": \"open\", \"public\": \"x:1\"},"
	    "{\"id\": 2, \"state\": \"limited\", \"public\": \"x:2\"},"
	    "{\"id\": 3, \"state\": \"limited\", \"error\": \"the quota is used up\"}]}";
	struct state s;
	char why[256];
	assert_int_equal(state_read(json, strlen(json), &s, why), 0);
	assert_int_equal(s.serial, 9);
	assert_int_equal(s.mapping_count, 3);
	assert_int_equal(s.mappings[0].state, MAPPING_OPEN);
	assert_null(s.mappings[0].error);
	assert_int_equal(s.mappings[1].state, MAPPING_ERROR);
	assert_string_equal(s.mappings[1].error,
			    "the agent is older than the relay, update it: state \"limited\"");
	assert_int_equal(s.mappings[2].state, MAPPING_ERROR);
	assert_string_equal(s.mappings[2].error, "the agent is older than the relay, update it: "
						 "state \"limited\": the quota is used up");
	state_fini(&s);
}

/* 1,024 mappings and as many names, each of the longest kind. */
static void the_longest_state_fits_a_frame(void **unused)
{
	(void)unused;
	enum { COUNT = MAPPING_MAX };
	char name[254], error[400];
	char addresses[] = "255.255.255.255,2001:db8:1111:2222:3333:4444:5555:6666";
	memset(name, 'n', sizeof(name) - 1);
	memset(error, 'e', sizeof(error) - 1);
	name[sizeof(name) - 1] = error[sizeof(error) - 1] = '\0';
	static struct mapping_report mappings[COUNT];
	static struct name_report names[COUNT];
	for (size_t i = 0; i < COUNT; i++) {
		mappings[i] = (struct mapping_report){UINT32_MAX, MAPPING_ERROR, NULL, error, name};
		names[i] = (struct name_report){name, addresses, addresses, "nochg", UINT32_MAX};
	}
	static struct challenge_report challenges[CHALLENGES_MAX];
	for (size_t i = 0; i < CHALLENGES_MAX; i++) {
		challenges[i] = (struct challenge_report){.state = CHALLENGE_PUBLISHED};
		challenges[i].error = error;
		strcpy(challenges[i].challenge.host, name);
		memset(challenges[i].challenge.txt, 't', CHALLENGE_TXT);
	}
	struct state s = {.serial = UINT32_MAX,
			  .mappings = mappings,
			  .mapping_count = COUNT,
			  .names = names,
			  .name_count = COUNT,
			  .address = addresses,
			  .challenges = challenges,
			  .challenge_count = CHALLENGES_MAX},
		     back;
	struct buf b = BUF_INIT;
	char why[256];
	state_write(&s, &b);
	assert_true(buf_len(&b) <= FRAME_DECLARE_MAX);
	assert_int_equal(state_read((char *)buf_data(&b), buf_len(&b), &back, why), 0);
	assert_string_equal(back.mappings[COUNT - 1].host, name);
	assert_int_equal(strlen(back.mappings[COUNT - 1].error), 199);
	for (size_t i = 0; i < COUNT; i++) /* open, the public side is the name once more */
		mappings[i] = (struct mapping_report){UINT32_MAX, MAPPING_OPEN, name, NULL, name};
	buf_fini(&b);
	state_fini(&back);
	state_write(&s, &b);
	assert_true(buf_len(&b) <= FRAME_DECLARE_MAX);
	buf_fini(&b);
}

/* It is another mapping then, so that its visitors end; and it has no place on the wire. */
static void a_paused_mapping_stays_at_home(void **state)
{
	(void)state;
	struct mapping_list l = must_read(TCP ", \"paused\": true}]");
	assert_true(l.items[0].paused);
	struct mapping open = l.items[0];
	open.paused = false;
	assert_false(mapping_same(&l.items[0], &open));
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '[');
	mapping_write(&l.items[0], &w);
	json_close(&w);
	assert_null(strstr(buf_str(&out), "paused"));
	buf_fini(&out);
	mapping_list_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_field_arrives),
	    cmocka_unit_test(an_http_target_may_be_a_url),
	    cmocka_unit_test(wrong_mappings_are_named),
	    cmocka_unit_test(all_errors_not_just_the_first),
	    cmocka_unit_test(no_more_than_fits),
	    cmocka_unit_test(more_errors_than_are_kept_are_errors),
	    cmocka_unit_test(one_mapping_many_times),
	    cmocka_unit_test(one_mapping_many_times_in_a_declare),
	    cmocka_unit_test(ranges_that_overlap_are_told_of_each_other),
	    cmocka_unit_test(ranges_over_ports_that_are_held),
	    cmocka_unit_test(a_change_of_anything_is_a_change),
	    cmocka_unit_test(protocols_by_name),
	    cmocka_unit_test(names_follow_relay_or_home),
	    cmocka_unit_test(a_paused_mapping_stays_at_home),
	    cmocka_unit_test(declare_goes_and_comes),
	    cmocka_unit_test(an_https_mapping_is_told_as_tls_and_keeps_its_secrets),
	    cmocka_unit_test(what_becomes_of_a_certificate_is_read),
	    cmocka_unit_test(an_empty_declare),
	    cmocka_unit_test(hostile_declares),
	    cmocka_unit_test(what_only_a_later_version_knows_is_one_mappings_error),
	    cmocka_unit_test(a_long_word_is_not_told_whole),
	    cmocka_unit_test(a_mapping_with_something_unknown_is_another_one),
	    cmocka_unit_test(the_second_of_one_port_is_in_error_on_the_wire),
	    cmocka_unit_test(what_a_name_follows_may_be_of_a_later_version),
	    cmocka_unit_test(deep_nesting_does_not_kill),
	    cmocka_unit_test(a_wrong_state_is_read_to_its_first_error),
	    cmocka_unit_test(state_goes_and_comes),
	    cmocka_unit_test(hostile_states),
	    cmocka_unit_test(challenges_are_read_each_by_itself),
	    cmocka_unit_test(a_state_that_is_not_known_is_one_mappings_error),
	    cmocka_unit_test(the_longest_state_fits_a_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
