#include "shared/base/conf.h"

#include "shared/base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf *parse(const char *text)
{
	return conf_parse("agent.json", text, strlen(text), false);
}

/* Exactly these errors, in this order; NULL ends them. Frees c. */
static void expect_errors(struct conf *c, const char *const *texts)
{
	size_t n = 0;
	for (; texts[n]; n++) {
		if (!conf_error_text(c, n))
			fail_msg("error %zu is missing: %s", n, texts[n]);
		assert_string_equal(conf_error_text(c, n), texts[n]);
	}
	if (conf_errors(c) != n)
		fail_msg("one more: %s", conf_error_text(c, n));
	assert_null(conf_error_text(c, n));
	conf_free(c);
}

#define EXPECT(c, ...) expect_errors(c, (const char *const[]){__VA_ARGS__, NULL})
#define EXPECT_NONE(c) expect_errors(c, (const char *const[]){NULL})

static void values_of_every_kind_come_out(void **state)
{
	(void)state;
	struct conf *c = parse("\xef\xbb\xbf{\"s\": \"x\\u00e9\", \"i\": -5, \"b\": true, \"o\": "
			       "{\"k\": 1}, \"l\": [\"a\", 2, {}]}");
	struct conf_at root = conf_root(c);
	const char *s = NULL;
	int64_t i = 0, k = 0;
	bool b = false;
	assert_true(conf_str(root, "s", &s));
	assert_string_equal(s, "xé");
	assert_true(conf_int(root, "i", INT64_MIN, INT64_MAX, &i));
	assert_int_equal(i, -5);
	assert_true(conf_bool(root, "b", &b) && b);
	assert_true(conf_int(conf_object(root, "o"), "k", 1, 1, &k));
	assert_int_equal(k, 1);
	struct conf_at list = conf_list(root, "l");
	assert_int_equal(conf_len(list), 3);
	assert_true(conf_item_str(list, 0, &s));
	assert_string_equal(s, "a");
	assert_true(conf_item_int(list, 1, 0, 9, &i));
	assert_int_equal(i, 2);
	assert_non_null(conf_item(list, 2).value);
	assert_true(conf_is_str(root, "s") && !conf_is_str(root, "i") &&
		    !conf_is_str(root, "absent"));
	assert_true(conf_is_int(root, "i") && !conf_is_int(root, "s") &&
		    !conf_is_int(root, "absent"));
	assert_true(conf_is_list(root, "l") && !conf_is_list(root, "o"));
	conf_done(root);
	EXPECT_NONE(c);
}

static void every_error_is_told_and_in_the_order_of_the_file(void **state)
{
	(void)state;
	struct conf *c = parse("{\"pin\": 7, \"mappings\": [{\"name\": \"web\", \"public_port\": "
			       "\"x\", \"target\": \"a\"},\n"
			       "{\"name\": 1, \"hots\": \"h\", \"public_port\": 70000, \"target\": "
			       "\"192.168.1.20\"}], \"grace\": 1}");
	struct conf_at root = conf_root(c);
	struct conf_at list = conf_list(root, "mappings");
	const char *s;
	int64_t n;
	for (size_t i = conf_len(list); i-- > 0;) {
		struct conf_at m = conf_item(list, i);
		conf_has(m, "host");
		conf_int(m, "public_port", 1, 65535, &n);
		if (conf_str(m, "target", &s) && i == 1)
			conf_error(m, "target", "\"%s\" names no port", s);
		conf_str(m, "name", &s);
		conf_done(m);
	}
	conf_opt_int(root, "grace_s", 1, 2, &n);
	conf_str(root, "pin", &s);
	conf_str(root, "relay", &s);
	conf_done(root);
	EXPECT(c, "agent.json: relay: missing", "agent.json: pin: must be a string, not a number",
	       "agent.json: mappings[0].public_port: must be a number, not a string",
	       "agent.json: mappings[1].name: must be a string, not a number",
	       "agent.json: mappings[1].hots: unknown key; did you mean \"host\"?",
	       "agent.json: mappings[1].public_port: must be 1 to 65535, not 70000",
	       "agent.json: mappings[1].target: \"192.168.1.20\" names no port",
	       "agent.json: grace: unknown key; did you mean \"grace_s\"?");
}

static void a_wrong_type_is_named(void **state)
{
	(void)state;
	struct conf *c = parse("{\"a\": true, \"b\": null, \"c\": 1.0, \"d\": {}, \"e\": [], "
			       "\"f\": \"x\", \"g\": false, \"h\": 0}");
	struct conf_at root = conf_root(c);
	const char *s = "kept";
	int64_t n = 42;
	bool b = true;
	assert_false(conf_opt_str(root, "a", &s));
	assert_false(conf_opt_str(root, "b", &s));
	assert_false(conf_opt_int(root, "c", 0, 9, &n));
	assert_false(conf_opt_bool(root, "d", &b));
	assert_null(conf_object(root, "e").value);
	assert_null(conf_list(root, "f").value);
	assert_int_equal(conf_len(conf_list(root, "f")), 0);
	assert_false(conf_opt_int(root, "g", 0, 9, &n));
	assert_false(conf_opt_int(root, "h", 1, INT64_MAX, &n));
	conf_done(root);
	assert_string_equal(s, "kept");
	assert_int_equal(n, 42);
	EXPECT(c, "agent.json: a: must be a string, not true",
	       "agent.json: b: must be a string, not null",
	       "agent.json: c: must be a whole number, not 1.0",
	       "agent.json: d: must be true or false, not an object",
	       "agent.json: e: must be an object, not a list",
	       "agent.json: f: must be a list, not a string",
	       "agent.json: g: must be a number, not false",
	       "agent.json: h: must be at least 1, not 0");
}

static void absent_values_keep_the_default_and_are_quiet(void **state)
{
	(void)state;
	struct conf *c = parse("{}");
	struct conf_at root = conf_root(c), none = conf_object(root, "http"),
		       list = conf_list(none, "listen");
	const char *s = "default";
	int64_t n = 42;
	bool b = true;
	assert_null(none.value);
	assert_true(conf_opt_str(root, "s", &s) && conf_opt_int(root, "n", 0, 1, &n) &&
		    conf_opt_bool(root, "b", &b));
	assert_true(conf_opt_str(none, "s", &s) && conf_opt_int(none, "n", 0, 1, &n) &&
		    conf_opt_bool(none, "b", &b));
	assert_false(conf_str(none, "s", &s) || conf_int(none, "n", 0, 1, &n) ||
		     conf_bool(none, "b", &b));
	assert_false(conf_has(none, "s") || conf_has(root, "s"));
	assert_int_equal(conf_len(list), 0);
	assert_null(conf_item(list, 0).value);
	assert_false(conf_item_str(list, 0, &s) || conf_item_int(list, 0, 0, 1, &n));
	conf_done(none);
	conf_done(root);
	assert_string_equal(s, "default");
	assert_int_equal(n, 42);
	assert_true(b);
	assert_int_equal(conf_errors(c), 0);
	conf_error(list, NULL, "needed here");
	EXPECT(c, "agent.json: http.listen: needed here");
}

static void the_caller_names_items_and_places(void **state)
{
	(void)state;
	struct conf *c = conf_parse("accounts.json", "[{\"ports\": [\"0\", 5]}, 7]", 24, false);
	struct conf_at list = conf_root_list(c);
	const char *s;
	struct conf_at ports = conf_list(conf_item(list, 0), "ports");
	assert_false(conf_item_str(ports, 1, &s));
	assert_true(conf_item_str(ports, 0, &s));
	conf_error_item(ports, 0, "\"%s\" is no port", s);
	assert_null(conf_item(list, 1).value);
	conf_error(conf_item(list, 0), NULL, "has no name");
	EXPECT(c, "accounts.json: [0]: has no name",
	       "accounts.json: [0].ports[0]: \"0\" is no port",
	       "accounts.json: [0].ports[1]: must be a string, not a number",
	       "accounts.json: [1]: must be an object, not a number");
}

static void the_root_must_be_what_the_reader_wants(void **state)
{
	(void)state;
	struct conf *c = parse("[]");
	assert_null(conf_root(c).value);
	conf_done(conf_root(c));
	EXPECT(c, "agent.json: must be an object, not a list");
	c = parse("{}");
	assert_null(conf_root_list(c).value);
	EXPECT(c, "agent.json: must be a list, not an object");
}

static void a_syntax_error_has_line_and_column(void **state)
{
	(void)state;
	static const char *const bad[] = {"{",
					  "{\"a\": 1,}",
					  "{\"a\": 1} x",
					  "{'a': 1}",
					  "// c\n{}",
					  "{\"a\": 01}",
					  "{\"a\": \"\\u0000\"}",
					  "nonsense",
					  "\"text\"",
					  "{\"a\": 99999999999999999999}",
					  "{\"\xff\": 1}",
					  "[1 2]"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf *c = parse(bad[i]);
		assert_int_equal(conf_errors(c), 1);
		assert_int_equal(strncmp(conf_error_text(c, 0), "agent.json: line 1, column ", 27),
				 0);
		struct conf_at root = conf_root(c);
		const char *s;
		assert_null(root.value);
		assert_false(conf_str(root, "relay", &s));
		conf_done(root);
		assert_int_equal(conf_errors(c), 1);
		conf_free(c);
	}
	struct conf *c = parse("{\n  \"a\": 1,\n  \"b\" 2\n}");
	assert_non_null(strstr(conf_error_text(c, 0), "agent.json: line 3, column "));
	conf_free(c);
}

static void slips_of_the_hand_are_told_in_plain_words(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} table[] = {
	    {"{\"a\": 1,\n \"b\": [1, 2,],\n}", "line 2, column 12: a comma too many"},
	    {"{\"a\": 1,\n}", "line 1, column 8: a comma too many"},
	    {"{\"a\": 1,, \"b\": 2}", "line 1, column 8: a comma too many"},
	    {"{\"a\": 1\n \"b\": 2}", "line 2, column 2: a comma is missing before this"},
	    {"{\"a\": [{} {}]}", "line 1, column 11: a comma is missing before this"},
	    {"// the relay\n{}", "line 1, column 1: JSON has no comments"},
	    {"{\"a\": 1, /* b */ \"b\": 2}", "line 1, column 10: JSON has no comments"},
	    {"{\"a\": 1,\n# \"b\": 2\n}", "line 2, column 1: JSON has no comments"},
	    {"{'a': 1}",
	     "line 1, column 2: a text stands in double quotes (\"), not in single ones"},
	    {"{\"a\": \xe2\x80\x9cx\xe2\x80\x9d}",
	     "line 1, column 7: a text stands in straight double quotes (\"), not in curly ones"},
	    {"{\"a\"\xef\xbc\x9a 1}",
	     "line 1, column 5: a full-width comma or colon stands where JSON wants , or :"},
	    {"{\"a\": \"// ' # ,}\", \"b\": x}", "line 1, column "},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct conf *c = parse(table[i].text);
		char want[128];
		snprintf(want, sizeof(want), "agent.json: %s", table[i].error);
		assert_int_equal(conf_errors(c), 1);
		if (strncmp(conf_error_text(c, 0), want, strlen(want)) != 0)
			fail_msg("%s", conf_error_text(c, 0));
		conf_free(c);
	}
	EXPECT(conf_parse("a.json", "\xff\xfe{\0}\0", 6, false),
	       "a.json: is UTF-16; save it as UTF-8");
	EXPECT(conf_parse("a.json", "{\0}\0", 4, false), "a.json: is UTF-16; save it as UTF-8");
}

static void a_duplicate_key_is_rejected_and_hides_nothing(void **state)
{
	(void)state;
	struct conf *c = parse("{\"a\": 1,\n\"a\": 2, \"b\": true, \"c\": {\"b\": 1, \"a\": "
			       "[{\"a\": 1}, {\"a\": 2, \"\\u0061\": 3}]},\n \"a\": 4}");
	struct conf_at root = conf_root(c);
	int64_t n;
	conf_opt_int(root, "a", 0, 9, &n);
	conf_opt_int(root, "b", 0, 9, &n);
	EXPECT(c, "agent.json: line 2, column 1: the key \"a\" is given twice",
	       "agent.json: line 2, column 59: the key \"a\" is given twice",
	       "agent.json: line 3, column 2: the key \"a\" is given twice",
	       "agent.json: b: must be a number, not true");
}

static void what_is_no_text_at_all_is_said_plainly(void **state)
{
	(void)state;
	EXPECT(parse(""), "agent.json: is empty");
	EXPECT(parse("\xef\xbb\xbf \r\n\t"), "agent.json: is empty");
	EXPECT(conf_parse("x.json", "{}\0", 3, false),
	       "x.json: holds a NUL byte, as no JSON text does");
	EXPECT(parse("{\"a\": \"x\\u0000\"}"),
	       "agent.json: line 1, column 15: \\u0000 may not stand in a text");
	EXPECT(parse("{\"a\":\n99999999999999999999}"),
	       "agent.json: line 2, column 20: a number is too large");
}

static void brackets_without_end_are_refused(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	for (unsigned i = 0; i < 100000; i++)
		buf_puts(&text, "[");
	EXPECT(conf_parse("frame", (char *)buf_data(&text), buf_len(&text), true),
	       "frame: line 1, column 65: nested more than 64 deep");
	buf_fini(&text);
	struct conf *c = parse("{\"a\": "
			       "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
			       "[[[[[[[[[[\\\"[\"}");
	EXPECT_NONE(c);
}

static void odd_keys_and_long_values_stay_one_short_line(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	buf_puts(&text, "{\"a\\nb\": 1, \"\": 2, \"");
	for (unsigned i = 0; i < 5000; i++)
		buf_puts(&text, "é");
	buf_puts(&text, "\": 3}");
	struct conf *c = conf_parse("agent.json", (char *)buf_data(&text), buf_len(&text), false);
	conf_done(conf_root(c));
	conf_error(conf_root(c), "z", "%s", (const char *)buf_str(&text));
	assert_int_equal(conf_errors(c), 4);
	assert_true(strlen(conf_error_text(c, 0)) < 600);
	assert_string_equal(conf_error_text(c, 1), "agent.json: \"a\\nb\": unknown key");
	assert_string_equal(conf_error_text(c, 2), "agent.json: \"\": unknown key");
	assert_true(strlen(conf_error_text(c, 3)) < 200);
	conf_free(c);
	buf_fini(&text);
}

static void an_error_told_twice_is_one_and_a_flood_ends(void **state)
{
	(void)state;
	struct conf *c = parse("{\"a\": 1}");
	conf_object(conf_root(c), "a");
	conf_object(conf_root(c), "a");
	assert_int_equal(conf_errors(c), 1);
	for (unsigned i = 0; i < 5000; i++)
		conf_error(conf_root(c), "a", "wrong in way %u", i);
	assert_int_equal(conf_errors(c), 1001);
	assert_string_equal(conf_error_text(c, 999), "agent.json: a: wrong in way 998");
	assert_string_equal(conf_error_text(c, 1000), "agent.json: 4001 more errors");
	assert_null(conf_error_text(c, 1001));
	conf_free(c);
}

static void each_place_knows_whether_it_is_right(void **state)
{
	(void)state;
	struct conf *c =
	    parse("{\"a\": {\"x\": 1, \"y\": {}}, \"l\": [{}, {\"z\": 1}, 7], \"n\": 5}");
	struct conf_at root = conf_root(c), a = conf_object(root, "a"), l = conf_list(root, "l");
	struct conf_at none = conf_object(root, "none"), n = conf_list(root, "n");
	const char *s;
	assert_true(conf_ok(a) && conf_ok(l) && conf_ok(none));
	assert_false(conf_ok(n) || conf_ok(root)); /* n is no list */
	assert_false(conf_str(conf_object(a, "y"), "k", &s));
	assert_false(conf_ok(conf_object(a, "y")) || conf_ok(a));
	assert_true(conf_ok(l) && conf_ok(conf_item(l, 0)));
	conf_done(conf_item(l, 1));
	assert_false(conf_ok(conf_item(l, 1)) || conf_ok(l));
	assert_true(conf_ok(conf_item(l, 0)));
	assert_false(conf_ok(conf_item(l, 2)));
	/* Also when no more texts are kept. */
	for (unsigned i = 0; i < 2000; i++)
		conf_error(root, "n", "wrong in way %u", i);
	assert_true(conf_ok(none) && conf_ok(conf_item(l, 0)));
	conf_error(none, "k", "missing");
	conf_error_item(conf_list(conf_item(l, 0), "k"), 3, "missing");
	assert_false(conf_ok(none) || conf_ok(conf_item(l, 0)));
	conf_free(c);
	c = parse("{\"a\": 1, \"a\": 2}");
	assert_false(conf_ok(conf_root(c)));
	conf_free(c);
	c = parse("[]");
	assert_false(conf_ok(conf_root(c)));
	conf_free(c);
}

static void the_first_error_ends_the_reading_of_what_a_peer_sent(void **state)
{
	(void)state;
	static const char text[] = "{\"a\": {\"x\": 1}, \"l\": [{\"n\": 1}, \"s\"], \"b\": true}";
	struct conf *c = conf_parse("STATE", text, strlen(text), true);
	struct conf_at root = conf_root(c), a = conf_object(root, "a"), l = conf_list(root, "l");
	const char *s = "kept";
	int64_t n = 5;
	bool b = false;
	assert_true(conf_int(a, "x", 0, 9, &n) && conf_ok(root));
	assert_false(conf_str(a, "x", &s));
	assert_false(conf_ok(root) || conf_ok(a) || conf_ok(l));
	assert_false(conf_bool(root, "b", &b) || conf_opt_bool(root, "b", &b) || b);
	assert_false(conf_opt_str(root, "none", &s) || conf_opt_int(a, "x", 0, 9, &n));
	assert_false(conf_has(root, "b") || conf_is_list(root, "l"));
	assert_int_equal(conf_len(l), 0);
	assert_null(conf_item(l, 0).value);
	assert_false(conf_item_str(l, 1, &s));
	assert_null(conf_object(root, "a").value);
	assert_null(conf_list(root, "l").value);
	conf_error(root, "b", "is wrong, too");
	conf_error_item(l, 0, "is wrong, too");
	assert_string_equal(s, "kept");
	EXPECT(c, "STATE: a.x: must be a string, not a number");
	EXPECT(conf_parse("STATE", "{\"a\": 1, \"a\": 2, \"a\": 3}", 24, true),
	       "STATE: line 1, column 12: a key is given twice");
}

static void more_values_than_anybody_has_to_say_are_refused(void **state)
{
	(void)state;
	struct buf text = BUF_INIT;
	buf_puts(&text, "[0");
	for (unsigned i = 1; i < CONF_PARTS_MAX; i++)
		buf_puts(&text, ",0");
	buf_puts(&text, "]");
	struct conf *c = conf_parse("x", (char *)buf_data(&text), buf_len(&text), true);
	assert_true(conf_ok(conf_root_list(c)));
	conf_free(c);
	text.end--;
	buf_puts(&text, ",0]");
	EXPECT(conf_parse("x", (char *)buf_data(&text), buf_len(&text), true),
	       "x: line 1, column 131073: holds too many values");
	EXPECT_NONE(conf_parse("x", (char *)buf_data(&text), buf_len(&text), false));
	buf_fini(&text);
}

static void keys_asked_for_at_one_place_through_two_readers_are_known(void **state)
{
	(void)state;
	struct conf *c =
	    parse("{\"http\": {\"a\": 1, \"b\": 2}, \"list\": [{\"a\": 1, \"b\": 2}]}");
	struct conf_at root = conf_root(c), list = conf_list(root, "list");
	conf_has(conf_object(root, "http"), "a");
	conf_has(conf_object(root, "http"), "b");
	conf_done(conf_object(root, "http"));
	conf_has(conf_item(list, 0), "a");
	conf_has(conf_item(list, 0), "b");
	conf_done(conf_item(list, 0));
	conf_done(root);
	EXPECT_NONE(c);
}

static void unknown_keys_of_a_peer_are_ignored(void **state)
{
	(void)state;
	struct conf *c = conf_parse("hello", "{\"a\": 1, \"new\": 2}", 18, true);
	int64_t n;
	assert_true(conf_int(conf_root(c), "a", 0, 9, &n));
	conf_done(conf_root(c));
	EXPECT_NONE(c);
}

static void a_file_is_named_by_its_last_component(void **state)
{
	(void)state;
	char dir[] = "/tmp/test_conf.XXXXXX", name[64];
	struct conf *c;
	assert_non_null(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/relay.json", dir);
	assert_int_equal(conf_open(name, &c), -ENOENT);
	assert_null(c);
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	fputs("{\"domian\": \"x\"}", f);
	fclose(f);
	assert_int_equal(conf_open(name, &c), 0);
	const char *s;
	conf_str(conf_root(c), "domain", &s);
	conf_done(conf_root(c));
	EXPECT(c, "relay.json: domain: missing",
	       "relay.json: domian: unknown key; did you mean \"domain\"?");
	assert_int_equal(truncate(name, 4 * 1024 * 1024 + 1), 0);
	assert_int_equal(conf_open(name, &c), -EFBIG);
	assert_null(c);
	assert_int_equal(conf_open(dir, &c), -EISDIR);
	unlink(name);
	rmdir(dir);
}

static struct conf *open_file(const char *text)
{
	char dir[] = "/tmp/test_conf.XXXXXX", name[64];
	struct conf *c;
	assert_non_null(mkdtemp(dir));
	snprintf(name, sizeof(name), "%s/f", dir);
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(conf_open(name, &c), 0);
	unlink(name);
	rmdir(dir);
	return c;
}

static void errors_of_a_file_end_with_their_line(void **state)
{
	(void)state;
	static const char text[] = "\xef\xbb\xbf{\n"                      /* 1 */
				   "  \"a\": 1, \"b\": [10,\n"            /* 2 */
				   "    11, {\"c\":\n"                    /* 3 */
				   "      \"x}]\\\",\"\n"                 /* 4 */
				   "    }, [[1,\n"                        /* 5 */
				   "      {\"deep\": true}]]],\r\n"       /* 6 */
				   "  \"d\\u00e9\\\"\\/,{\": {},\n"       /* 7 */
				   "  \"名\": {\"e\": null, \"f\": [],\n" /* 8 */
				   "\n"                                   /* 9 */
				   "    \"é\": -1.5e3},\n"                /* 10 */
				   "  \"g\": [ ]}\n";                     /* 11 */
	struct conf *c = open_file(text);
	struct conf_at root = conf_root(c), b = conf_list(root, "b"),
		       name = conf_object(root, "名");
	conf_error(root, "a", "1");
	conf_error_item(b, 0, "2");
	conf_error_item(b, 1, "3");
	conf_error(conf_item(b, 2), NULL, "4");
	conf_error(conf_item(b, 2), "c", "5");
	conf_error(conf_item(b, 2), "absent", "6");
	conf_error_item(b, 3, "7");
	conf_error(root, "dé\"/,{", "8");
	conf_error(name, NULL, "9");
	conf_error(name, "f", "10");
	conf_error(name, "é", "11");
	conf_error(root, "g", "12");
	conf_error(root, "absent", "13");
	conf_error(root, NULL, "14");
	EXPECT(c, "f: absent: 13", "f: 14", "f: a: 1 (line 2)", "f: b[0]: 2 (line 2)",
	       "f: b[1]: 3 (line 3)", "f: b[2]: 4 (line 3)", "f: b[2].absent: 6 (line 3)",
	       "f: b[2].c: 5 (line 3)", "f: b[3]: 7 (line 5)", "f: \"dé\\\"/,{\": 8 (line 7)",
	       "f: \"名\": 9 (line 8)", "f: \"名\".f: 10 (line 8)", "f: \"名\".\"é\": 11 (line 10)",
	       "f: g: 12 (line 11)");
}

static void a_file_of_one_line_names_none(void **state)
{
	(void)state;
	struct conf *c = open_file("{\"a\": 1}\n\n");
	conf_error(conf_root(c), "a", "wrong");
	EXPECT(c, "f: a: wrong");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(values_of_every_kind_come_out),
	    cmocka_unit_test(every_error_is_told_and_in_the_order_of_the_file),
	    cmocka_unit_test(a_wrong_type_is_named),
	    cmocka_unit_test(absent_values_keep_the_default_and_are_quiet),
	    cmocka_unit_test(the_caller_names_items_and_places),
	    cmocka_unit_test(the_root_must_be_what_the_reader_wants),
	    cmocka_unit_test(a_syntax_error_has_line_and_column),
	    cmocka_unit_test(slips_of_the_hand_are_told_in_plain_words),
	    cmocka_unit_test(a_duplicate_key_is_rejected_and_hides_nothing),
	    cmocka_unit_test(what_is_no_text_at_all_is_said_plainly),
	    cmocka_unit_test(brackets_without_end_are_refused),
	    cmocka_unit_test(odd_keys_and_long_values_stay_one_short_line),
	    cmocka_unit_test(an_error_told_twice_is_one_and_a_flood_ends),
	    cmocka_unit_test(each_place_knows_whether_it_is_right),
	    cmocka_unit_test(the_first_error_ends_the_reading_of_what_a_peer_sent),
	    cmocka_unit_test(more_values_than_anybody_has_to_say_are_refused),
	    cmocka_unit_test(keys_asked_for_at_one_place_through_two_readers_are_known),
	    cmocka_unit_test(unknown_keys_of_a_peer_are_ignored),
	    cmocka_unit_test(a_file_is_named_by_its_last_component),
	    cmocka_unit_test(errors_of_a_file_end_with_their_line),
	    cmocka_unit_test(a_file_of_one_line_names_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
