/* What real clients send, and what is to become of it. */
#include "relay/names/ddns_request.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ddns_request r;

static enum ddns_request_path read_text(const char *text)
{
	struct http_message *h = http_message_new(HTTP_MESSAGE_REQUEST, 8192);
	assert_int_equal(http_message_input(h, text, strlen(text)), 1);
	ddns_request_read(h, &r);
	http_message_free(h);
	return r.path;
}

static void read_query(const char *query)
{
	char *text = mem_printf("GET /nic/update?%s HTTP/1.0\r\nHost: x\r\n\r\n", query);
	assert_int_equal(read_text(text), DDNS_REQUEST_UPDATE);
	mem_free(text);
}

/* "A=… AAAA=… text=…", "dummy", "off" or "none". */
static const char *outcome(const char *query, const char *peer_text)
{
	static char out[400];
	struct addr peer;
	struct name_registry_change c;
	char text[DDNS_REQUEST_TEXT];
	read_query(query);
	assert_int_equal(addr_parse_ip(peer_text, &peer), 0);
	if (!ddns_request_change(&r, &peer, &c, text))
		return "none";
	out[0] = 0;
	for (unsigned i = 0; i < 2; i++) {
		char ip[ADDR_TEXT];
		if (c.set[i].family)
			sprintf(out + strlen(out), "%s=%s ", i ? "AAAA" : "A",
				addr_ip_text(&c.set[i], ip));
		else if (c.offline[i])
			sprintf(out + strlen(out), "%s=off ", i ? "AAAA" : "A");
		else if (c.asked[i])
			sprintf(out + strlen(out), "%s=dummy ", i ? "AAAA" : "A");
	}
	strcat(out, text);
	return out;
}

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *query, *peer, *want;
	} table[] = {
	    {"hostname=h.x&myip=11.1.2.3", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=", "2a00::9", "AAAA=2a00::9 2a00::9"},
	    {"hostname=h.x&myip=2a00%3a1%3a%3a77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myip=2a00:1::77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myip=11.1.2.3,2a00:1::77", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 11.1.2.3,2a00:1::77"},
	    {"hostname=h.x&myip=2a00:1::77,%2011.1.2.3", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 2a00:1::77,11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3&myipv6=2a00:1::77", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 11.1.2.3,2a00:1::77"},
	    {"hostname=h.x&myip=11.1.2.3&myipv6=no", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myipv6=2a00:1::77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myip=11.1.2.3,2a00:1::/64", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3,2a00:1::5/64", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::5 11.1.2.3,2a00:1::5"},
	    {"hostname=h.x&myip=2a00:1::/64", "2a00::9", "AAAA=2a00::9 2a00::9"},
	    {"hostname=h.x&myip=,2a00:1::/64", "11.0.0.9",
	     "none"}, /* about v6, so v4 is not touched */
	    {"hostname=h.x&myip=192.168.1.5", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=100.64.1.5", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=0.0.0.0", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=fe80::1", "2a00::9", "AAAA=2a00::9 2a00::9"},
	    {"hostname=h.x&myip=192.168.1.5", "2a00::9", "none"},
	    {"hostname=h.x&myip=192.168.1.5", "192.168.1.9", "none"},
	    {"hostname=h.x", "127.0.0.1", "none"},
	    {"hostname=h.x&myip=127.0.0.1", "11.0.0.9", "A=dummy 127.0.0.1"},
	    {"hostname=h.x&myip=::1", "11.0.0.9", "AAAA=dummy ::1"},
	    {"hostname=h.x&myip=203.0.113.7", "11.0.0.9", "A=dummy 203.0.113.7"},
	    {"hostname=h.x&myip=2001:db8::1", "11.0.0.9", "AAAA=dummy 2001:db8::1"},
	    {"hostname=h.x&myip=rubbish", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=%3Cipaddr%3E", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=::ffff:11.1.2.3", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&offline=YES", "11.0.0.9", "A=off AAAA=off "},
	    {"hostname=h.x&offline=yes&myip=11.1.2.3", "11.0.0.9", "A=off "},
	    {"hostname=h.x&offline=NO&myip=11.1.2.3", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"system=dyndns&hostname=h.x&myip=11.1.2.3&wildcard=OFF&mx=&backmx=NO&offline=NO",
	     "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    /* white space, line ends and quotes around a value are none of it */
	    {"hostname=h.x&myip=11.1.2.3%0A", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3%0D%0A", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=%0911.1.2.3+", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=%2211.1.2.3%22", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip='11.1.2.3'", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=%22%2011.1.2.3%0A%22", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3%0A,2a00:1::77%0A", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 11.1.2.3,2a00:1::77"},
	    {"hostname=h.x&myipv6=%222a00:1::77%22%0A", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&offline=%22YES%22%0A", "11.0.0.9", "A=off AAAA=off "},
	    {"hostname=h.x&myip=11.1.2.3%0A11.4.5.6", "11.0.0.9", "none"}, /* not around it */
	    {"hostname=h.x&myip=%5B2a00:1::77%5D", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    /* the source counts only where no address was given, or an empty myip alone */
	    {"hostname=h.x&myip", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=%20%0A", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&ip=", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&offline=no", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myipv6=", "11.0.0.9", "none"}, /* behind CGNAT, not its v4 */
	    {"hostname=h.x&myipv6", "11.0.0.9", "none"},
	    {"hostname=h.x&myipv4=", "11.0.0.9", "none"},
	    {"hostname=h.x&myipv4=&myipv6=", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=&myipv6=", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=&myipv6=2a00:1::77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myip=&myipv4=", "2a00::9", "none"},
	    {"hostname=h.x&myip=,", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=,2a00:1::77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myip=11.1.2.3,", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    /* a family that is named empty, no, preserve or unreadable is not touched */
	    {"hostname=h.x&myip=11.1.2.3&myipv6=", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3&myipv6=preserve", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3,2a00:1::77&myipv6=no", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3,2a00:1::77&myipv4=preserve", "11.0.0.9",
	     "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myipv4=no&myipv6=2a00:1::77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myipv4=NO", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=no", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=preserve", "2a00::9", "none"},
	    {"hostname=h.x&myipv6=rubbish", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=11.1.2.3&myipv6=rubbish", "2a00::9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=rubbish,2a00:1::77", "11.0.0.9", "AAAA=2a00:1::77 2a00:1::77"},
	    {"hostname=h.x&myip=256.1.2.3", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=11.1.2.3.4", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=11.1.2.3:80", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=%zz", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=unknown", "2a00::9", "none"},
	    /* a key that is about one family moves no other */
	    {"hostname=h.x&myipv6=11.1.2.3", "11.0.0.9", "none"},
	    {"hostname=h.x&myipv6=::ffff:11.1.2.3", "11.0.0.9", "none"},
	    {"hostname=h.x&myipv4=2a00:1::77", "2a00::9", "none"},
	    {"hostname=h.x&ipv4=11.1.2.3&ipv6=2a00:1::77", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 11.1.2.3,2a00:1::77"},
	    {"hostname=h.x&MyIP=11.1.2.3&MYIPV6=2a00:1::77", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 11.1.2.3,2a00:1::77"},
	    {"hostname=h.x&myip=2a00:1::77&myipv4=11.1.2.3", "11.0.0.9",
	     "A=11.1.2.3 AAAA=2a00:1::77 2a00:1::77,11.1.2.3"},
	    /* of two of a family the first counts */
	    {"hostname=h.x&myip=11.1.2.3,11.4.5.6", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    {"hostname=h.x&myip=11.1.2.3&myip=11.4.5.6", "11.0.0.9", "A=11.1.2.3 11.1.2.3"},
	    /* dummies, and what is nobody's, beside what is somebody's */
	    {"hostname=h.x&myip=127.0.0.1,2a00:1::77", "11.0.0.9",
	     "A=dummy AAAA=2a00:1::77 127.0.0.1,2a00:1::77"},
	    {"hostname=h.x&myip=192.0.2.7&myipv6=2001:db8::1", "11.0.0.9",
	     "A=dummy AAAA=dummy 192.0.2.7,2001:db8::1"},
	    {"hostname=h.x&myip=10.1.2.3,fd00::7", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=169.254.1.2", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=224.0.0.1", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=255.255.255.255", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	    {"hostname=h.x&myip=ff02::1", "2a00::9", "AAAA=2a00::9 2a00::9"},
	    {"hostname=h.x&myipv6=fe80::1", "11.0.0.9", "none"},
	    {"hostname=h.x&myip=100.64.1.5", "100.64.1.5", "none"},
	    /* taken off: what is named, or all */
	    {"hostname=h.x&offline=YES&myipv6=2a00:1::77", "11.0.0.9", "AAAA=off "},
	    {"hostname=h.x&offline=YES&myip=11.1.2.3,2a00:1::77", "11.0.0.9", "A=off AAAA=off "},
	    {"hostname=h.x&offline=YES&myipv6=no", "11.0.0.9", "A=off "},
	    {"hostname=h.x&offline=YES&myipv6=", "11.0.0.9", "none"},
	    {"hostname=h.x&offline=YES&myip=", "11.0.0.9", "A=off AAAA=off "},
	    {"hostname=h.x&offline", "11.0.0.9", "A=11.0.0.9 11.0.0.9"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *got = outcome(table[i].query, table[i].peer);
		if (strcmp(got, table[i].want) != 0)
			fail_msg("%s from %s: %s, not %s", table[i].query, table[i].peer, got,
				 table[i].want);
	}
}

static void hosts(void **state)
{
	(void)state;
	read_query("hostname=PC.Dyn.Example.,%20nas.dyn.example,short,a..b");
	assert_int_equal(r.host_count, 4);
	assert_string_equal(r.hosts[0], "pc.dyn.example");
	assert_string_equal(r.hosts[1], "nas.dyn.example");
	assert_string_equal(r.hosts[2], "");
	assert_string_equal(r.hosts[3], "");
	read_query("hostname=%22h.x%22%0A,%20'i.x'%0D%0A");
	assert_int_equal(r.host_count, 2);
	assert_string_equal(r.hosts[0], "h.x");
	assert_string_equal(r.hosts[1], "i.x");
	static const char *const own[] = {"",           "hostname=",  "hostname=YES",
					  "hostname=1", "hostname=-", "myip=11.1.1.1"};
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		read_query(own[i]);
		assert_int_equal(r.host_count, 0);
	}
	static const char *const unreadable[] = {"hostname=%zz", "hostname=a%00b.x", "hostname=%4"};
	for (size_t i = 0; i < sizeof(unreadable) / sizeof(unreadable[0]); i++) {
		read_query(unreadable[i]);
		assert_int_equal(r.host_count, 1); /* not the account's own */
		assert_string_equal(r.hosts[0], "");
	}
	struct buf b = BUF_INIT;
	buf_puts(&b, "hostname=a.b");
	for (unsigned i = 0; i < 20; i++)
		buf_printf(&b, ",x%u.y", i);
	read_query(buf_str(&b));
	assert_true(r.too_many);
	buf_fini(&b);
}

static void doors(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum ddns_request_path want;
	} table[] = {{"GET /nic/update?x", DDNS_REQUEST_UPDATE},
		     {"GET /v3/update", DDNS_REQUEST_UPDATE},
		     {"POST /ph/update", DDNS_REQUEST_UPDATE},
		     {"GET //nic/update", DDNS_REQUEST_UPDATE},
		     {"GET /update?x", DDNS_REQUEST_UPDATE},
		     {"HEAD /dyndns/update", DDNS_REQUEST_UPDATE},
		     {"GET /nic/update/", DDNS_REQUEST_UPDATE},
		     {"GET http://h:1/nic/update?x", DDNS_REQUEST_UPDATE},
		     {"GET /checkip", DDNS_REQUEST_CHECKIP},
		     {"GET /checkip/", DDNS_REQUEST_CHECKIP},
		     {"GET /myip?x=y", DDNS_REQUEST_MYIP},
		     {"GET /", DDNS_REQUEST_NO_PATH},
		     {"GET /nic/updates", DDNS_REQUEST_NO_PATH},
		     {"DELETE /nic/update", DDNS_REQUEST_NO_METHOD},
		     {"GET http://h", DDNS_REQUEST_NO_PATH}};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *text = mem_printf("%s HTTP/1.1\r\nHost: h\r\n\r\n", table[i].line);
		if (read_text(text) != table[i].want)
			fail_msg("%s", table[i].line);
		mem_free(text);
	}
}

static void credentials(void **state)
{
	(void)state;
	read_text("GET /nic/update HTTP/1.0\r\nAuthorization: Basic YWxpY2U6cDphOnNz  "
		  "\r\nUser-Agent: inadyn/2.10\r\n\r\n");
	assert_true(r.has_credentials);
	assert_string_equal(r.user, "alice");
	assert_string_equal(r.password, "p:a:ss");
	assert_string_equal(r.client, "inadyn/2.10");
	read_query("username=bob&password=a%2Bb+c&hostname=h.x");
	assert_true(r.has_credentials);
	assert_string_equal(r.user, "bob");
	assert_string_equal(r.password, "a+b c");
	read_query("hostname=h.x");
	assert_false(r.has_credentials);
	/* A header that is wrong is not helped out by the query. */
	read_text("GET /nic/update?user=bob&pass=x HTTP/1.0\r\nAuthorization: Basic !!!\r\n\r\n");
	assert_true(r.has_credentials);
	assert_string_equal(r.user, "");
	read_text("GET /nic/update HTTP/1.0\r\nAuthorization: Bearer abc\r\n\r\n");
	assert_true(r.has_credentials);
	assert_string_equal(r.user, "");
	read_text("POST /nic/update HTTP/1.1\r\nHost: x\r\nContent-Type: "
		  "application/x-www-form-urlencoded\r\nContent-Length: 34\r\n\r\n"
		  "hostname=h.x&myip=11.1.2.3&user=u\r");
	assert_string_equal(r.hosts[0], "h.x");
	assert_int_equal(r.item_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(hosts),
	    cmocka_unit_test(doors),
	    cmocka_unit_test(credentials),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
