/*
 * It checks the options, makes a key and a certificate, and writes four files, none of which may
 * exist. When one cannot be written, those before it are removed again. Then it prints what is left
 * to do by hand: DNS, firewall, next commands.
 */
#include "relay/init.h"

#include "shared/base/addr.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/idn.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/tls_context.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = CLI_VALUES + 3 };

struct init {
	char domain[256];
	char host[256]; /* "" when not given */
	struct addr addresses[CLI_VALUES];
	size_t address_count;
	const char *config_file; /* relay.json */
};

/* The ports that a firewall has to let through. A later feature that listens adds its line. */
static const struct {
	unsigned port;
	const char *protocol, *what;
} open_ports[] = {
    {7000, "tcp", "needed: here the agents at home connect"},
    {80, "tcp", "only for web sites by name (http mappings)"},
    {443, "tcp", "only for TLS services by name (tls mappings)"},
    {53, "udp", "only for (a), this relay as DNS server"},
    {53, "tcp", "only for (a), this relay as DNS server"},
    {8245, "tcp", "only for routers and cameras as DDNS clients, by HTTP"},
    {8443, "tcp",
     "the same by HTTPS; \"certificate\": \"auto\" in \"update\" gets a CA's certificate"},
};

/* Second labels below which people register, under a country's two letters: example.co.uk. */
static const char *const second_labels[] = {"ac",  "co", "com", "edu", "gov", "net",
					    "org", "or", "ne",  "go",  "gob", "mil"};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool read_domain(const struct cli_line *line, struct init *in)
{
	const char *text = cli_value(line, "domain"), *why = "";
	struct addr ip;
	if (!text)
		log_say("init needs --domain, the zone of your names, such as home.example.com");
	else if (idn_host(text, false, in->domain, &why) < 0 ||
		 addr_parse_ip(in->domain, &ip) == 0 || addr_is_meant(in->domain))
		log_say("--domain: \"%s\" is not a domain name%s", text, why);
	else
		return true;
	return false;
}

static bool read_host(const struct cli_line *line, struct init *in)
{
	const char *text = cli_value(line, "host"), *why = "";
	struct addr ip;
	if (!text)
		return true;
	if (addr_parse_ip(text, &ip) == 0)
		addr_ip_text(&ip, in->host);
	else if (idn_host(text, false, in->host, &why) < 0 || addr_is_meant(in->host)) {
		log_say("--host: \"%s\" is neither a host name nor an address%s", text, why);
		return false;
	}
	return true;
}

static bool has_address(const struct init *in, const struct addr *a)
{
	for (size_t i = 0; i < in->address_count; i++)
		if (addr_equal_ip(&in->addresses[i], a))
			return true;
	return false;
}

static bool read_addresses(const struct cli_line *line, struct init *in)
{
	bool ok = true;
	for (size_t i = 0; i < cli_value_count(line, "address"); i++) {
		const char *text = cli_value_at(line, "address", i);
		struct addr a;
		if (addr_parse_ip(text, &a) < 0) {
			log_say("--address: \"%s\" %s", text, addr_fault(text));
			ok = false;
		} else if (a.scope) {
			log_say("--address: \"%s\" has a zone, which means something on this "
				"machine only",
				text);
			ok = false;
		} else if (!has_address(in, &a)) {
			in->addresses[in->address_count++] = a;
		}
	}
	if (ok && !in->address_count) {
		log_say("init needs --address, the public address of this machine");
		ok = false;
	}
	return ok;
}

static bool read_line(const struct cli_line *line, struct init *in)
{
	bool domain = read_domain(line, in), host = read_host(line, in),
	     addresses = read_addresses(line, in);
	return domain && host && addresses;
}

/* Where the labels of the zone above begin in a domain: behind its first dot, or NULL for one that
 * is registered itself, as far as can be told without the list of public suffixes. */
static const char *zone_above(const char *domain)
{
	const char *above = strchr(domain, '.'), *top = strrchr(domain, '.');
	if (!above || above == top)
		return NULL;
	above++;
	size_t second = (size_t)(top - above);
	if (strlen(top + 1) != 2)
		return above;
	for (size_t i = 0; i < COUNT_OF(second_labels); i++)
		if (strlen(second_labels[i]) == second && !memcmp(above, second_labels[i], second))
			return NULL;
	return above;
}

static void warn_of_domain(const struct init *in)
{
	if (zone_above(in->domain) || !strchr(in->domain, '.'))
		return;
	log_say(
	    "warning: %s seems to be a whole domain: `@ A` replaces the web site that is there, "
	    "and `@ NS` takes all its names, mail too; a name below it replaces nothing: "
	    "--domain home.%s",
	    in->domain, in->domain);
}

static void warn_of_addresses(const struct init *in)
{
	char ip[ADDR_TEXT];
	for (size_t i = 0; i < in->address_count; i++)
		if (!addr_is_public(&in->addresses[i]))
			log_say("warning: %s is not a public address; visitors on the Internet "
				"will not reach it",
				addr_ip_text(&in->addresses[i], ip));
}

/* Everything that this version runs, switched on; the rest has working defaults. No value needs
 * escaping: they are host names and addresses. */
static void write_config(const struct init *in, struct buf *out)
{
	char ip[ADDR_TEXT];
	buf_printf(out, "{\n  \"domain\": \"%s\",\n", in->domain);
	if (in->host[0])
		buf_printf(out, "  \"host\": \"%s\",\n", in->host);
	buf_puts(out, "  \"addresses\": [");
	for (size_t i = 0; i < in->address_count; i++)
		buf_printf(out, "%s\"%s\"", i ? ", " : "", addr_ip_text(&in->addresses[i], ip));
	buf_printf(out,
		   "],\n"
		   "  \"listen\": [\"[::]:7000\"],\n"
		   "  \"bind\": [\"::\"],\n"
		   "  \"http\": {\"listen\": [\"[::]:80\"]},\n"
		   "  \"tls\": {\"listen\": [\"[::]:443\"]},\n"
		   "  \"dns\": [{\"kind\": \"serve\", \"nameservers\": [\"ns1.%s\"]}],\n"
		   "  \"update\": {\"http\": [\"[::]:8245\"], \"https\": [\"[::]:8443\"]},\n"
		   "  \"certificate\": \"relay.crt\",\n"
		   "  \"private_key\": \"relay.key\",\n"
		   "  \"accounts\": \"accounts.json\",\n"
		   "  \"grace_s\": 120\n"
		   "}\n",
		   in->domain);
}

static int make_key(const struct init *in, char **certificate, char **key)
{
	const char *names[NAMES];
	char texts[CLI_VALUES][ADDR_TEXT];
	size_t count = 0;
	names[count++] = in->domain;
	if (in->host[0] && strcmp(in->host, in->domain))
		names[count++] = in->host;
	for (size_t i = 0; i < in->address_count; i++) {
		addr_ip_text(&in->addresses[i], texts[i]);
		if (strcmp(texts[i], in->host))
			names[count++] = texts[i];
	}
	names[count] = NULL;
	return tls_context_make_self_signed(names, certificate, key);
}

/* The four files, in the order of writing: relay.json is the last, so that it never names what is
 * not there. */
struct output {
	char *path;
	const char *text;
	bool secret;
};

static bool none_exists(const struct output *files, size_t count)
{
	bool none = true;
	for (size_t i = 0; i < count; i++)
		if (file_exists(files[i].path)) {
			log_say("%s exists already; nothing was written", files[i].path);
			none = false;
		}
	return none;
}

static int write_files(const struct output *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mode_t mode = files[i].secret ? file_secret_mode(files[i].path) : 0644;
		int err =
		    file_replace(files[i].path, files[i].text, strlen(files[i].text), mode, true);
		if (!err)
			continue;
		log_say("%s: cannot be written: %s", files[i].path, err_text(err));
		while (i--)
			unlink(files[i].path);
		return EXIT_WORK;
	}
	return 0;
}

static int make_directory(const char *config_file)
{
	char *dir = file_dir(config_file);
	int err = file_make_dirs(dir, 0700);
	if (err)
		log_say("%s: %s", dir, err_text(err));
	mem_free(dir);
	return err ? EXIT_WORK : 0;
}

static int write_all(const struct init *in)
{
	struct buf config = BUF_INIT;
	char *certificate = NULL, *key = NULL;
	struct output files[] = {
	    {file_beside(in->config_file, "relay.key"), NULL, true},
	    {file_beside(in->config_file, "relay.crt"), NULL, false},
	    {file_beside(in->config_file, "accounts.json"), "[]\n", true},
	    {mem_strdup(in->config_file), NULL, false},
	};
	int exit_code = EXIT_WORK;
	if (!none_exists(files, COUNT_OF(files)) || make_directory(in->config_file))
		goto done;
	int err = make_key(in, &certificate, &key);
	if (err) {
		log_say("no key could be made: %s", err_text(err));
		goto done;
	}
	write_config(in, &config);
	files[0].text = key;
	files[1].text = certificate;
	files[3].text = buf_str(&config);
	exit_code = write_files(files, COUNT_OF(files));
done:
	for (size_t i = 0; i < COUNT_OF(files); i++)
		mem_free(files[i].path);
	if (key)
		mem_wipe(key, strlen(key));
	mem_free(key);
	mem_free(certificate);
	buf_fini(&config);
	return exit_code;
}

static void print_records(const struct init *in, const char *name)
{
	char ip[ADDR_TEXT];
	for (size_t i = 0; i < in->address_count; i++) {
		const struct addr *a = &in->addresses[i];
		printf("    %s %s %s\n", name, a->family == 6 ? "AAAA" : "A", addr_ip_text(a, ip));
	}
}

/* Prints the records with the names that the provider's form wants: relative to the zone above. A
 * domain that is registered itself is such a zone; its delegation is made at the registrar, and its
 * own records stand at "@". */
static void print_dns(const struct init *in)
{
	const char *zone = zone_above(in->domain);
	bool is_zone = !zone;
	char label[256], glue[300], below[300];
	snprintf(label, sizeof(label), "%.*s", is_zone ? 0 : (int)(zone - 1 - in->domain),
		 in->domain);
	snprintf(glue, sizeof(glue), "ns1%s%s", is_zone ? "" : ".", label);
	snprintf(below, sizeof(below), "*%s%s", is_zone ? "" : ".", label);
	if (is_zone)
		zone = in->domain;

	printf("(a) At the DNS provider of %s, the delegation of %s to this relay's own DNS "
	       "server:\n\n",
	       zone, in->domain);
	printf("    %s NS ns1.%s.\n", is_zone ? "@" : label, in->domain);
	print_records(in, glue);
	printf("\n(b) Or, without delegation, there:\n\n");
	print_records(in, is_zone ? "@" : label);
	print_records(in, below);
	const char *dot = is_zone ? "" : ".";
	printf("\n    and for certificates of whole accounts (*.alice) the first once, the other "
	       "for each account:\n\n");
	printf("    _acme-challenge%s%s NS ns1.%s.\n", dot, label, in->domain);
	printf("    _acme-challenge.alice%s%s CNAME alice._acme-challenge.%s.\n", dot, label,
	       in->domain);
}

static void print_firewall(void)
{
	printf("\n(c) At the VPS provider, and in this machine's own firewall, open\n\n");
	for (size_t i = 0; i < COUNT_OF(open_ports); i++)
		printf("    %4u/%s  %s\n", open_ports[i].port, open_ports[i].protocol,
		       open_ports[i].what);
	printf("    and each port that your agents map, such as 8080/tcp. As commands, of\n"
	       "    which you take those that you need:\n\n");
	for (size_t i = 0; i < COUNT_OF(open_ports); i++)
		printf("    ufw allow %u/%s\n", open_ports[i].port, open_ports[i].protocol);
	printf("  or\n");
	for (size_t i = 0; i < COUNT_OF(open_ports); i++)
		printf("    nft add rule inet filter input %s dport %u accept\n",
		       open_ports[i].protocol, open_ports[i].port);
}

static void print_next(const struct init *in, bool is_default)
{
	printf("\n(d) Next, an account for each home, whose join line goes to its agent; then the "
	       "relay itself:\n\n");
	char *word = text_shell(in->config_file);
	const char *c = is_default ? "" : " -c ", *file = is_default ? "" : word;
	printf("    groundnut-relay account add alice%s%s\n", c, file);
	printf("    groundnut-relay run%s%s\n", c, file);
	if (is_default && geteuid() == 0)
		printf("  or, where it is installed as a service\n    systemctl enable --now "
		       "groundnut-relay\n");
	mem_free(word);
}

/* Chooses where relay.json goes; freed by the caller, NULL after saying what is wrong. */
static char *choose_file(const struct cli_line *line, const char *config_file)
{
	const char *dir = cli_value(line, "dir");
	if (dir && cli_value(line, "config")) {
		log_say("init takes --dir or --config, not both");
		return NULL;
	}
	if (!dir)
		return mem_strdup(config_file);
	size_t len = strlen(dir);
	return mem_printf("%s%srelay.json", dir, dir[len - 1] == '/' ? "" : "/");
}

int init_files(const struct cli_line *line, const char *config_file)
{
	struct init in = {.address_count = 0};
	char *file = choose_file(line, config_file);
	if (!file || !read_line(line, &in)) {
		mem_free(file);
		return EXIT_USAGE;
	}
	in.config_file = file;
	warn_of_domain(&in);
	warn_of_addresses(&in);
	int exit_code = write_all(&in);
	if (!exit_code) {
		printf("%s, its key, certificate and accounts are written.\n\n", file);
		print_dns(&in);
		print_firewall();
		print_next(&in, !cli_value(line, "dir") && !cli_value(line, "config"));
	}
	mem_free(file);
	return exit_code;
}
