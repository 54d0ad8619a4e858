/* map and unmap from the command to the file; the running agent is stood in for by control_ask()
 * below. */
#include "agent/map_command.h"

#include "shared/base/mem.h"
#include "shared/net/control_server.h"

#include "tests/unit/agent/scratch.h"

#include <sys/wait.h>
#include <uv.h>

#define BEFORE                                                                                     \
	"{\n  \"relay\": \"r.example:7000\",\n  \"pin\": \"" PIN                                   \
	"\",\n  \"account\": \"alice\",\n"                                                         \
	"  \"token\": \"" TOKEN                                                                    \
	"\",\n  \"agent\": \"nas\",\n  \"control\": \"a.sock\",\n  \"mappings\": ["
#define WEB                                                                                        \
	"\n    {\"name\": \"web\", \"protocol\": \"tcp\", \"public_port\": 8080, \"target\": "     \
	"\"127.0.0.1:80\"}"
#define FTP                                                                                        \
	"\n    {\"name\": \"ftp\", \"protocol\": \"tcp\", \"public_port\": \"50000-50009\", "      \
	"\"target\": \"192.168.1.4:50000-50009\", \"allow\": [\"198.51.100.0/24\"], "              \
	"\"connections\": 5}"
#define AFTER     "\n  ],\n  \"names\": []\n}\n"
#define FILE_TEXT BEFORE WEB "," FTP AFTER

static const char *running; /* the running agent's answer, or NULL: none runs */
static int ask_error;
static char asked[512], asked_path[256];

int control_ask(const char *path, const char *request, unsigned timeout_ms, char **answer,
		size_t *len)
{
	(void)timeout_ms;
	snprintf(asked, sizeof(asked), "%s", request);
	snprintf(asked_path, sizeof(asked_path), "%s", path);
	if (ask_error)
		return ask_error;
	if (!running)
		return UV_ECONNREFUSED;
	*answer = mem_strdup(running);
	*len = strlen(running);
	return 0;
}

static int setup(void **state)
{
	running = NULL;
	ask_error = 0;
	asked[0] = '\0';
	scratch_setup(state);
	scratch_write("agent.json", FILE_TEXT);
	return 0;
}

static int map(const char *name, const char *public_text, const char *target, const char *protocol)
{
	listen_in();
	int code = map_command_run(scratch_file, &(struct map_words){.name = name,
								     .public_text = public_text,
								     .target = target,
								     .protocol = protocol});
	listen_end();
	return code;
}

static int unmap(const char *name)
{
	listen_in();
	int code = map_command_remove(scratch_file, name);
	listen_end();
	return code;
}

static const struct {
	const char *name, *public_text, *target, *protocol, *entry;
} added[] = {
    {"printer", "6310", "192.168.1.20:631", NULL,
     "{\"name\": \"printer\", \"protocol\": \"tcp\", \"public_port\": 6310, \"target\": "
     "\"192.168.1.20:631\"}"},
    {"ssh", "2222", "22", "tcp",
     "{\"name\": \"ssh\", \"protocol\": \"tcp\", \"public_port\": 2222, \"target\": "
     "\"127.0.0.1:22\"}"},
    {"media", "7000-7009", "8000-8009", NULL,
     "{\"name\": \"media\", \"protocol\": \"tcp\", \"public_port\": \"7000-7009\", \"target\": "
     "\"127.0.0.1:8000-8009\"}"},
    {"six", "6666", "[fd00::4]:66", NULL,
     "{\"name\": \"six\", \"protocol\": \"tcp\", \"public_port\": 6666, \"target\": "
     "\"[fd00::4]:66\"}"},
};

static void new_mapping_is_added_and_the_rest_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		char expect[4096];
		scratch_write("agent.json", FILE_TEXT);
		assert_int_equal(
		    map(added[i].name, added[i].public_text, added[i].target, added[i].protocol),
		    0);
		snprintf(expect, sizeof(expect), "%s,\n    %s%s", BEFORE WEB "," FTP,
			 added[i].entry, AFTER);
		assert_string_equal(scratch_read("agent.json"), expect);
		assert_said("no agent is running");
	}
}

static void existing_name_is_replaced_where_it_stands(void **state)
{
	(void)state;
	assert_int_equal(map("web", "8081", "81", NULL), 0);
	assert_string_equal(
	    scratch_read("agent.json"),
	    BEFORE "\n    {\"name\": \"web\", \"protocol\": \"tcp\", \"public_port\": 8081, "
		   "\"target\": \"127.0.0.1:81\"}," FTP AFTER);
}

static void moved_mapping_keeps_its_fence(void **state)
{
	(void)state;
	assert_int_equal(map("ftp", "21", "192.168.1.4:21", NULL), 0);
	assert_string_equal(
	    scratch_read("agent.json"),
	    BEFORE WEB ",\n    {\"name\": \"ftp\", \"protocol\": \"tcp\", \"public_port\": 21, "
		       "\"target\": \"192.168.1.4:21\", \"allow\": [\"198.51.100.0/24\"], "
		       "\"connections\": 5}" AFTER);
	assert_said("ftp keeps its allow, connections");
}

static int map_with(const struct map_words *words)
{
	listen_in();
	int code = map_command_run(scratch_file, words);
	listen_end();
	return code;
}

static void options_are_written_as_the_file_has_them(void **state)
{
	(void)state;
	const struct map_words words = {
	    .name = "blog",
	    .public_text = "blog.alice",
	    .target = "8000",
	    .allow = "198.51.100.0/24,2001:db8::/32",
	    .basic_auth = "bob",
	    .password = "123456",
	    .bandwidth = "20M",
	    .connections = "7",
	    .proxy_protocol = "2",
	};
	assert_int_equal(map_with(&words), 0);
	assert_non_null(
	    strstr(scratch_read("agent.json"),
		   "{\"name\": \"blog\", \"protocol\": \"http\", \"host\": \"blog.alice\", "
		   "\"target\": \"127.0.0.1:8000\", \"allow\": [\"198.51.100.0/24\", "
		   "\"2001:db8::/32\"], \"basic_auth\": {\"user\": \"bob\", \"password\": "
		   "\"123456\"}, \"bandwidth\": \"20M\", \"connections\": 7, "
		   "\"proxy_protocol\": 2}"));
}

static void https_may_have_a_port_of_its_own(void **state)
{
	(void)state;
	struct map_words words = {.name = "cloud",
				  .public_text = "cloud.alice",
				  .target = "8000",
				  .protocol = "https",
				  .public_port = "54321"};
	assert_int_equal(map_with(&words), 0);
	assert_non_null(
	    strstr(scratch_read("agent.json"),
		   "{\"name\": \"cloud\", \"protocol\": \"https\", \"host\": \"cloud.alice\", "
		   "\"target\": \"127.0.0.1:8000\", \"public_port\": 54321}"));
}

static void given_option_replaces_none_takes_away_others_stay(void **state)
{
	(void)state;
	const struct map_words words = {
	    .name = "ftp", .public_text = "21", .target = "192.168.1.4:21", .connections = "9"};
	const struct map_words without = {
	    .name = "ftp", .public_text = "21", .target = "192.168.1.4:21", .allow = "none"};
	assert_int_equal(map_with(&words), 0);
	assert_non_null(strstr(scratch_read("agent.json"), "\"connections\": 9"));
	assert_non_null(strstr(scratch_read("agent.json"), "\"allow\": [\"198.51.100.0/24\"]"));
	assert_int_equal(map_with(&without), 0);
	assert_non_null(strstr(scratch_read("agent.json"), "\"connections\": 9"));
	assert_null(strstr(scratch_read("agent.json"), "\"allow\""));
}

static void wrong_options_change_nothing(void **state)
{
	(void)state;
	const struct map_words base = {.name = "new", .public_text = "8099", .target = "80"};
	struct map_words wrong[] = {base, base, base, base, base, base};
	wrong[0].allow = "198.51.100.0/33";
	wrong[1].bandwidth = "fast";
	wrong[2].connections = "many";
	wrong[3].proxy_protocol = "3";
	wrong[4].basic_auth = "bob"; /* of a tcp mapping */
	wrong[4].password = "x";
	wrong[5].public_port = "80"; /* likewise */
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(map_with(&wrong[i]), 2);
		assert_string_equal(scratch_read("agent.json"), FILE_TEXT);
	}
}

static void file_without_mappings_gets_its_first(void **state)
{
	(void)state;
	scratch_write("agent.json", HEAD "}");
	assert_int_equal(map("web", "8080", "80", NULL), 0);
	assert_non_null(strstr(scratch_read("agent.json"), "\"mappings\": [" WEB "\n  ]"));
}

static const struct {
	const char *name, *public_text, *target, *protocol, *said;
} wrong[] = {
    {"a b", "8000", "80", NULL, "map: name: "},
    {"x", "0", "80", NULL, "map: public_port: "},
    {"x", "65536", "80", NULL, "map: public_port: "},
    {"x", "9-5", "80", NULL, "map: public_port: "},
    {"x", "8000-8009", "80", NULL, "map: target: "},
    {"x", "8000", "192.168.1.20", NULL, "map: target: \"192.168.1.20\" names no port"},
    {"x", "8000", "", NULL, "map: target: "},
    {"x", "", "80", NULL, "map: host: "},
    {"x", "8000", "80", "sctp", "sctp"},
    {"x", "8000", "80", "http", "\"8000\" is a port, but http is public by host"},
    {"x", "blog.alice", "80", "udp", "\"blog.alice\" is a host, but udp is public by port"},
    {"x", "blog_/.alice", "80", NULL, "map: host: "},
    {"x", "8080", "80", NULL, "mappings[2]: "},
    {"x", "50005", "80", NULL, "mappings[2]: "},
    {"x", "80\xff", "80", NULL, "not UTF-8"},
    {"x", "51820/udp", "80", NULL, "`51820 --protocol udp`"},
    {"x", "8080/tcp", "80", NULL, "say `8080` for a tcp port"},
};

static void wrong_mapping_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int code =
		    map(wrong[i].name, wrong[i].public_text, wrong[i].target, wrong[i].protocol);
		assert_said(wrong[i].said);
		assert_int_equal(code, 2);
		assert_string_equal(scratch_read("agent.json"), FILE_TEXT);
		assert_string_equal(asked, "");
	}
}

static void wrong_file_is_not_made_worse(void **state)
{
	static const char *const texts[] = {"{", HEAD ", \"mappings\": 7}",
					    HEAD ", \"mappings\": [7]}", HEAD ", \"x\": 1}"};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		scratch_write("agent.json", texts[i]);
		assert_int_equal(map("web", "8080", "80", NULL), 2);
		assert_true(scratch_err[0] != '\0');
		assert_string_equal(scratch_read("agent.json"), texts[i]);
	}
}

static void mark_before_the_text_is_no_error(void **state)
{
	(void)state;
	scratch_write("agent.json", "\xef\xbb\xbf" FILE_TEXT);
	assert_int_equal(unmap("ftp"), 0);
	assert_string_equal(scratch_read("agent.json"), BEFORE WEB AFTER);
}

static void file_that_cannot_be_reached_is_not_called_absent(void **state)
{
	(void)state;
	unlink(scratch_file);
	assert_int_equal(symlink("agent.json", scratch_file), 0);
	assert_int_equal(map("web", "8080", "80", NULL), 1);
	assert_said("too many symbolic links");
}

static void absent_file_is_not_made(void **state)
{
	(void)state;
	unlink(scratch_file);
	assert_int_equal(map("web", "8080", "80", NULL), 1);
	assert_said("groundnut-agent join");
	assert_int_equal(unmap("web"), 1);
	assert_false(scratch_has("agent.json"));
}

/* Was the running agent asked this, about our file? */
static void assert_asked(const char *part)
{
	char file[256];
	snprintf(file, sizeof(file), "\"file\":\"%s\"", scratch_file);
	if (!strstr(asked, part) || !strstr(asked, file))
		fail_msg("asked was: %s", asked);
}

static void open_mapping_is_printed_alone(void **state)
{
	char path[160];
	(void)state;
	running = "{\"ok\": true, \"public\": \"203.0.113.10:8080\", \"state\": \"open\"}";
	assert_int_equal(map("web", "8080", "80", NULL), 0);
	assert_string_equal(scratch_out, "203.0.113.10:8080\n");
	assert_string_equal(scratch_err, "");
	assert_asked("\"do\":\"map\"");
	assert_asked("\"name\":\"web\"");
	snprintf(path, sizeof(path), "%s/a.sock", scratch_dir);
	assert_string_equal(asked_path, path);
}

static void a_web_site_is_printed_as_a_browser_wants_it(void **state)
{
	(void)state;
	running = "{\"ok\": true, \"public\": \"blog.alice.home.test\", \"state\": \"open\"}";
	assert_int_equal(map("web", "blog.alice", "80", NULL), 0);
	assert_string_equal(scratch_out, "http://blog.alice.home.test/\n");
	assert_int_equal(map("web", "blog.alice", "443", "tls"), 0);
	assert_string_equal(scratch_out, "blog.alice.home.test\n");
	running = "{\"ok\": true, \"public\": \"blog.alice.home.test:8081\", \"state\": \"open\"}";
	assert_int_equal(map("web", "blog.alice", "80", "http"), 0);
	assert_string_equal(scratch_out, "http://blog.alice.home.test:8081/\n");
}

static const struct {
	const char *answer;
	int error;
	const char *said;
} failed[] = {
    {"{\"ok\": false, \"error\": \"web: the account may not use port 8080\"}", 0,
     "may not use port 8080"},
    {"{\"ok\": true, \"public\": \"203.0.113.10:8080\", \"state\": \"pending\"}", 0,
     "has not answered yet"},
    {"{\"ok\": true, \"state\": \"pending\", \"error\": \"r.example:7000: connection refused\"}", 0,
     "yet: r.example:7000: connection refused;"},
    {"{\"ok\": true, \"state\": \"error\", \"error\": \"port taken\"}", 0, "web: port taken"},
    {"{\"ok\": true}", 0, "web: "},
    {"[1]", 0, "makes no sense"},
    {"{", 0, "makes no sense"},
    {NULL, UV_ETIMEDOUT, "could not be asked"},
    {NULL, UV_EACCES, "could not be asked"},
};

static void refused_mapping_fails_but_stays_in_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++) {
		running = failed[i].answer;
		ask_error = failed[i].error;
		assert_int_equal(map("web", "9090", "90", NULL), 1);
		assert_string_equal(scratch_out, "");
		assert_said(failed[i].said);
		assert_non_null(strstr(scratch_read("agent.json"), "9090"));
	}
}

static void a_refused_newcomer_says_how_to_go_back(void **state)
{
	(void)state;
	running = "{\"ok\": true, \"state\": \"error\", \"error\": \"account alice may not have "
		  "the host www.mysite.org.home.example.com\"}";
	assert_int_equal(map("site", "www.mysite.org", "80", NULL), 1);
	assert_said("may not have the host");
	assert_said("did you mean `www.mysite.org.`?");
	assert_said("kept; `groundnut-agent unmap site` takes it away");
	assert_int_equal(map("site", "blog.alice", "80", NULL), 1);
	assert_null(strstr(scratch_err, "did you mean"));
	assert_null(strstr(scratch_err, "kept;")); /* it was there before */
}

static void unmap_takes_only_that_one(void **state)
{
	(void)state;
	assert_int_equal(unmap("web"), 0);
	assert_string_equal(scratch_read("agent.json"), BEFORE FTP AFTER);
	assert_said("no agent is running");
	running = "{\"ok\": true}";
	assert_int_equal(unmap("ftp"), 0);
	assert_asked("\"do\":\"reload\"");
	assert_string_equal(scratch_err, "");
	assert_non_null(strstr(scratch_read("agent.json"), "\"mappings\": [],\n  \"names\": []\n"));
}

static void unmap_of_an_unknown_name_fails(void **state)
{
	(void)state;
	assert_int_equal(unmap("wbe"), 1);
	assert_said("no mapping is called \"wbe\"");
	assert_string_equal(scratch_read("agent.json"), FILE_TEXT);
	assert_string_equal(asked, "");
}

static void unmap_that_the_agent_refuses_fails(void **state)
{
	(void)state;
	running = "{\"ok\": false, \"error\": \"cannot\"}";
	assert_int_equal(unmap("web"), 1);
	assert_said("cannot");
}

static void mode_of_the_file_is_kept(void **state)
{
	struct stat st;
	(void)state;
	chmod(scratch_file, 0640);
	assert_int_equal(map("web", "8081", "80", NULL), 0);
	assert_int_equal(stat(scratch_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

/* Two editors at once: whoever comes second waits for the lock, and neither mapping is lost. */
static void edits_at_once_lose_nothing(void **state)
{
	enum { EDITORS = 8 };
	pid_t pids[EDITORS];
	(void)state;
	listen_in();
	for (int i = 0; i < EDITORS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char name[16], port[16];
			snprintf(name, sizeof(name), "n%d", i);
			snprintf(port, sizeof(port), "%d", 3000 + i);
			_exit(map_command_run(scratch_file, &(struct map_words){.name = name,
										.public_text = port,
										.target = "80"}));
		}
	}
	for (int i = 0; i < EDITORS; i++) {
		int status;
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	listen_end();
	const char *text = scratch_read("agent.json");
	for (int i = 0; i < EDITORS; i++) {
		char name[16];
		snprintf(name, sizeof(name), "\"n%d\"", i);
		assert_non_null(strstr(text, name));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(new_mapping_is_added_and_the_rest_kept),
	    TEST(existing_name_is_replaced_where_it_stands),
	    TEST(moved_mapping_keeps_its_fence),
	    TEST(options_are_written_as_the_file_has_them),
	    TEST(https_may_have_a_port_of_its_own),
	    TEST(given_option_replaces_none_takes_away_others_stay),
	    TEST(wrong_options_change_nothing),
	    TEST(file_without_mappings_gets_its_first),
	    TEST(wrong_mapping_changes_nothing),
	    TEST(wrong_file_is_not_made_worse),
	    TEST(mark_before_the_text_is_no_error),
	    TEST(file_that_cannot_be_reached_is_not_called_absent),
	    TEST(absent_file_is_not_made),
	    TEST(open_mapping_is_printed_alone),
	    TEST(a_web_site_is_printed_as_a_browser_wants_it),
	    TEST(refused_mapping_fails_but_stays_in_the_file),
	    TEST(a_refused_newcomer_says_how_to_go_back),
	    TEST(unmap_takes_only_that_one),
	    TEST(unmap_of_an_unknown_name_fails),
	    TEST(unmap_that_the_agent_refuses_fails),
	    TEST(mode_of_the_file_is_kept),
	    TEST(edits_at_once_lose_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
