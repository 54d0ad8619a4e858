#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/tunnel/hello_messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SESSION_TEXT "000102030405060708090a0b0c0d0e0f"

static const struct hello good_hello = {
    .version = HELLO_VERSION,
    .program = "groundnut-agent 0.1.0",
    .account = "alice",
    .agent = "nas",
    .token = "dGhpcyBpcyBub3QgYSByZWFsIHRva2VuIGF0IGFsbCE",
    .invite = "VGhpcyBvbmUgaXMgbm90LCBlaXRoZXI",
    .instance = UINT64_MAX,
    .receive_budget = (uint64_t)16 << 30,
    .can = {1u << CAPABILITY_TIME},
    .resume = true,
    .session = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    .epoch = ((uint64_t)1 << 53) + 1,
    .taken = UINT64_MAX - 1,
};

static struct frame head_of(const struct buf *b, enum frame_kind kind)
{
	struct frame f;
	assert_int_equal(frame_read(buf_data(b), &f), 0);
	assert_int_equal(f.kind, kind);
	assert_int_equal(f.stream, 0);
	assert_int_equal(f.len, buf_len(b) - FRAME_HEADER);
	return f;
}

static void hello_comes_as_it_went(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	hello_write(&good_hello, &b);
	struct frame f = head_of(&b, FRAME_HELLO);
	struct hello h;
	assert_int_equal(hello_read(buf_data(&b) + FRAME_HEADER, f.len, &h), 0);
	assert_int_equal(h.version, good_hello.version);
	assert_string_equal(h.program, good_hello.program);
	assert_string_equal(h.account, good_hello.account);
	assert_string_equal(h.agent, good_hello.agent);
	assert_string_equal(h.token, good_hello.token);
	assert_string_equal(h.invite, good_hello.invite);
	assert_true(h.instance == good_hello.instance &&
		    h.receive_budget == good_hello.receive_budget);
	assert_true(h.epoch == good_hello.epoch && h.taken == good_hello.taken);
	assert_true(h.resume && !h.probe);
	assert_true(capabilities_has(h.can, CAPABILITY_TIME) &&
		    !capabilities_has(h.can, CAPABILITY_HOST));
	assert_memory_equal(h.session, good_hello.session, SESSION_ID);
	buf_fini(&b);
}

static void every_prefix_of_a_hello_is_bad(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	hello_write(&good_hello, &b);
	struct hello h;
	for (size_t len = 0; len < buf_len(&b) - FRAME_HEADER; len++) {
		uint8_t *exact = mem_dup(buf_data(&b) + FRAME_HEADER, len);
		assert_int_equal(hello_read(exact, len, &h), ERR_SYNTAX);
		mem_free(exact);
	}
	buf_fini(&b);
}

static void welcome_comes_as_it_went(void **state)
{
	(void)state;
	struct welcome w = {.version = 1,
			    .program = "groundnut-relay 0.1.0",
			    .resumed = true,
			    .taken = UINT64_MAX,
			    .grace_s = 120,
			    .receive_budget = (uint64_t)1 << 40,
			    .address = "2001:db8::77",
			    .can = {1u << CAPABILITY_HOST},
			    .time_ms = 1796000000123},
		       r;
	memset(w.session, 0xa5, sizeof w.session);
	struct buf b = BUF_INIT;
	buf_puts(&b, "before"); /* it appends */
	welcome_write(&w, &b);
	buf_take(&b, 6);
	struct frame f = head_of(&b, FRAME_WELCOME);
	assert_int_equal(welcome_read(buf_data(&b) + FRAME_HEADER, f.len, &r), 0);
	assert_true(r.version == 1 && r.resumed && r.taken == w.taken && r.grace_s == 120 &&
		    r.receive_budget == w.receive_budget);
	assert_string_equal(r.program, w.program);
	assert_string_equal(r.address, w.address);
	assert_true(capabilities_has(r.can, CAPABILITY_HOST) &&
		    !capabilities_has(r.can, CAPABILITY_TIME));
	assert_true(r.time_ms == w.time_ms);
	assert_memory_equal(r.session, w.session, SESSION_ID);
	for (size_t len = 0; len < f.len; len++)
		assert_int_equal(welcome_read(buf_data(&b) + FRAME_HEADER, len, &r), ERR_SYNTAX);
	buf_fini(&b);
}

/* 0.1.0 says neither "can" nor "time", and reads neither. */
static void a_welcome_of_the_first_version_names_no_ability(void **state)
{
	(void)state;
	static const char first[] =
	    "{\"version\":1,\"resumed\":false,\"session\":\"" SESSION_TEXT "\",\"taken\":\"0\"}";
	struct welcome w;
	assert_int_equal(welcome_read(first, sizeof first - 1, &w), 0);
	assert_true(w.can.bits == 0 && w.time_ms == 0);
}

static void every_refusal_has_a_word_and_a_sentence(void **state)
{
	(void)state;
	for (int code = 0; code <= REFUSE_OTHER; code++) {
		struct refuse out = {.code = (enum refuse_code)code,
				     .retry_ms = 60000 + (uint32_t)code},
			      in;
		memcpy(out.reason, refuse_code_reason(out.code),
		       strlen(refuse_code_reason(out.code)) + 1);
		struct buf b = BUF_INIT;
		refuse_write(&out, &b);
		struct frame f = head_of(&b, FRAME_REFUSE);
		assert_int_equal(refuse_read(buf_data(&b) + FRAME_HEADER, f.len, &in), 0);
		assert_int_equal(in.code, code);
		assert_string_equal(in.reason, out.reason);
		assert_int_equal(in.retry_ms, out.retry_ms);
		for (size_t len = 0; len < f.len; len++)
			assert_int_equal(refuse_read(buf_data(&b) + FRAME_HEADER, len, &in),
					 ERR_SYNTAX);
		buf_fini(&b);
	}
	static const char later[] =
	    "{\"code\":\"from the future\",\"reason\":\"so\",\"more\":[1,2]}";
	struct refuse r;
	assert_int_equal(refuse_read(later, sizeof later - 1, &r), 0);
	assert_int_equal(r.code, REFUSE_OTHER);
	assert_string_equal(r.reason, "so");
	assert_int_equal(r.retry_ms, 0);
}

#define BASE "\"account\":\"alice\",\"agent\":\"nas\",\"token\":\"t\",\"instance\":\"7\""

static void hellos_are_read_strictly_where_it_matters(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		int expected;
	} table[] = {
	    {"{" BASE "}", 0},
	    {"{" BASE ",\"version\":1,\"unknown\":{\"a\":[1]}}", 0},
	    {"{" BASE ",\"probe\":true}", 0},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT "\",\"epoch\":\"1\",\"taken\":\"0\"}", 0},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT
	     "\",\"epoch\":\"18446744073709551615\",\"taken\":\"0\"}",
	     0},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT
	     "\",\"epoch\":\"18446744073709551616\",\"taken\":\"0\"}",
	     ERR_SYNTAX},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT "\",\"epoch\":1,\"taken\":\"0\"}", ERR_SYNTAX},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT "\",\"epoch\":\"-1\",\"taken\":\"0\"}",
	     ERR_SYNTAX},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT "\",\"taken\":\"0\"}", ERR_SYNTAX},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT "\",\"epoch\":\"1\"}", ERR_SYNTAX},
	    {"{" BASE ",\"session\":\"00\",\"epoch\":\"1\",\"taken\":\"0\"}", ERR_SYNTAX},
	    {"{" BASE ",\"session\":\"" SESSION_TEXT "00\",\"epoch\":\"1\",\"taken\":\"0\"}",
	     ERR_SYNTAX},
	    {"{" BASE ",\"session\":null,\"epoch\":\"1\",\"taken\":\"0\"}", ERR_SYNTAX},
	    {"{" BASE ",\"receive_budget\":-1}", ERR_SYNTAX},
	    {"{" BASE ",\"receive_budget\":9007199254740993}", ERR_SYNTAX},
	    {"{" BASE ",\"receive_budget\":\"16\"}", ERR_SYNTAX},
	    {"{" BASE ",\"version\":4294967296}", ERR_SYNTAX},
	    {"{" BASE ",\"probe\":1}", ERR_SYNTAX},
	    {"{" BASE ",\"can\":[]}", 0},
	    {"{" BASE ",\"can\":[\"time\",\"fly\",\"\",\"time\"]}", 0},
	    {"{" BASE ",\"can\":\"time\"}", ERR_SYNTAX},
	    {"{" BASE ",\"can\":[1]}", ERR_SYNTAX},
	    {"{" BASE ",\"account\":\"bob\"}", ERR_SYNTAX}, /* twice */
	    {"{\"agent\":\"nas\",\"token\":\"t\",\"instance\":\"7\"}", ERR_SYNTAX},
	    {"{\"account\":\"alice\",\"token\":\"t\",\"instance\":\"7\"}", ERR_SYNTAX},
	    {"{\"account\":\"alice\",\"agent\":\"nas\",\"instance\":\"7\"}", ERR_SYNTAX},
	    {"{\"account\":\"alice\",\"agent\":\"nas\",\"token\":\"t\"}", ERR_SYNTAX},
	    {"{\"account\":\"../x\",\"agent\":\"nas\",\"token\":\"t\",\"instance\":\"7\"}",
	     ERR_SYNTAX},
	    {"{\"account\":\"alice\",\"agent\":\"a b\",\"token\":\"t\",\"instance\":\"7\"}",
	     ERR_SYNTAX},
	    {"{\"account\":\"alice\",\"agent\":\"\",\"token\":\"t\",\"instance\":\"7\"}",
	     ERR_SYNTAX},
	    {"{\"account\":\"alice\\u0000\",\"agent\":\"nas\",\"token\":\"t\",\"instance\":\"7\"}",
	     ERR_SYNTAX},
	    {"{\"account\":[],\"agent\":{},\"token\":1,\"instance\":null}", ERR_SYNTAX},
	    {"[]", ERR_SYNTAX},
	    {"\"\"", ERR_SYNTAX},
	    {"{" BASE "} ", 0},
	    {"{" BASE "}{}", ERR_SYNTAX},
	    {"{" BASE ",}", ERR_SYNTAX},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct hello h;
		if (hello_read(table[i].json, strlen(table[i].json), &h) != table[i].expected)
			fail_msg("%s", table[i].json);
	}
}

static void texts_too_long_for_their_place_are_bad(void **state)
{
	(void)state;
	for (size_t len = HELLO_TOKEN - 2; len < HELLO_TOKEN + 2; len++) {
		struct buf b = BUF_INIT;
		buf_puts(
		    &b, "{\"account\":\"alice\",\"agent\":\"nas\",\"instance\":\"7\",\"token\":\"");
		for (size_t i = 0; i < len; i++)
			buf_put(&b, "t", 1);
		buf_puts(&b, "\"}");
		struct hello h;
		assert_int_equal(hello_read(buf_data(&b), buf_len(&b), &h),
				 len < HELLO_TOKEN ? 0 : ERR_SYNTAX);
		buf_fini(&b);
	}
}

static void what_only_people_read_is_cut(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	buf_puts(&b, "{" BASE ",\"program\":\"");
	for (int i = 0; i < HELLO_NAME; i++)
		buf_puts(&b, i ? "\xc3\xa4" : "x");
	buf_puts(&b, "\"}");
	struct hello h;
	assert_int_equal(hello_read(buf_data(&b), buf_len(&b), &h), 0);
	assert_int_equal(strlen(h.program), HELLO_NAME - 1);
	assert_memory_equal(h.program + HELLO_NAME - 3, "\xc3\xa4", 3);
	buf_fini(&b);
	struct refuse r;
	buf_puts(&b, "{\"code\":\"busy\",\"reason\":\"");
	for (int i = 0; i < HELLO_TEXT; i++)
		buf_puts(&b, "y");
	buf_puts(&b, "\"}");
	assert_int_equal(refuse_read(buf_data(&b), buf_len(&b), &r), 0);
	assert_int_equal(strlen(r.reason), HELLO_TEXT - 1);
	buf_fini(&b);
}

/* Whatever the texts hold, what is written is a frame within its limit. */
static void the_worst_texts_fit_a_frame(void **state)
{
	(void)state;
	struct hello h = good_hello;
	struct welcome w = {
	    .taken = UINT64_MAX,
	    .grace_s = UINT32_MAX,
	    .receive_budget = (uint64_t)1 << 53,
	    .can = CAPABILITIES_OURS,
	    .time_ms = (uint64_t)1 << 53,
	};
	struct refuse r = {.code = REFUSE_NAME_IN_USE, .retry_ms = UINT32_MAX};
	h.can = CAPABILITIES_OURS;
	memset(h.program, 1, sizeof h.program - 1);
	memset(h.account, 1, sizeof h.account - 1);
	memset(h.agent, 1, sizeof h.agent - 1);
	memset(h.token, 1, sizeof h.token - 1);
	memset(w.program, 1, sizeof w.program - 1);
	memset(w.address, 1, sizeof w.address - 1);
	memset(r.reason, 1, sizeof r.reason - 1);
	struct buf b = BUF_INIT;
	hello_write(&h, &b);
	head_of(&b, FRAME_HELLO);
	buf_fini(&b);
	welcome_write(&w, &b);
	head_of(&b, FRAME_WELCOME);
	buf_fini(&b);
	refuse_write(&r, &b);
	head_of(&b, FRAME_REFUSE);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hello_comes_as_it_went),
	    cmocka_unit_test(every_prefix_of_a_hello_is_bad),
	    cmocka_unit_test(welcome_comes_as_it_went),
	    cmocka_unit_test(a_welcome_of_the_first_version_names_no_ability),
	    cmocka_unit_test(every_refusal_has_a_word_and_a_sentence),
	    cmocka_unit_test(hellos_are_read_strictly_where_it_matters),
	    cmocka_unit_test(texts_too_long_for_their_place_are_bad),
	    cmocka_unit_test(what_only_people_read_is_cut),
	    cmocka_unit_test(the_worst_texts_fit_a_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
