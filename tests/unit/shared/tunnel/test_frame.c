#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/tunnel/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int read_back(uint32_t stream, uint8_t kind, uint32_t len, struct frame *f)
{
	uint8_t *exact = mem_alloc(FRAME_HEADER);
	frame_write(exact, stream, kind, len);
	int err = frame_read(exact, f);
	mem_free(exact);
	return err;
}

static void a_header_is_eight_bytes_in_network_order(void **state)
{
	(void)state;
	uint8_t out[FRAME_HEADER];
	frame_write(out, 0x01020304, FRAME_DATA, 0x00fedc);
	static const uint8_t expected[] = {1, 2, 3, 4, 67, 0, 0xfe, 0xdc};
	assert_memory_equal(out, expected, sizeof expected);
	struct frame f;
	assert_int_equal(frame_read(out, &f), 0);
	assert_int_equal(f.stream, 0x01020304);
	assert_int_equal(f.kind, FRAME_DATA);
	assert_int_equal(f.len, 0xfedc);
}

static void each_kind_has_its_number_and_limits(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint8_t kind;
		uint32_t least, most;
		bool session;
	} table[] = {
	    {"HELLO", 1, 2, 4096, false},      {"WELCOME", 2, 2, 4096, false},
	    {"REFUSE", 3, 2, 4096, false},     {"PING", 4, 8, 8, false},
	    {"PONG", 5, 8, 8, false},          {"ACK", 6, 8, 8, false},
	    {"BYE", 7, 0, 255, false},         {"DATAGRAM", 8, 0, 65507, false},
	    {"DECLARE", 64, 2, 1048576, true}, {"STATE", 65, 2, 1048576, true},
	    {"OPEN", 66, 22, 299, true},       {"DATA", 67, 1, 65536, true},
	    {"FIN", 68, 0, 0, true},           {"RESET", 69, 4, 4, true},
	    {"CREDIT", 70, 4, 4, true},        {"RETURN", 71, 4, 4, true},
	    {"BLOCKED", 72, 0, 0, true},       {"REPORT", 192, 2, 65536, true},
	    {"PROBE", 193, 2, 1024, true},     {"DRAW", 194, 4, 4, true},
	};
	for (unsigned kind = 0, row = 0; kind < 256; kind++) {
		struct frame f;
		if (row < sizeof table / sizeof *table && table[row].kind == kind) {
			assert_string_equal(frame_kind_text((uint8_t)kind), table[row].name);
			assert_int_equal(read_back(7, (uint8_t)kind, table[row].least, &f), 0);
			assert_int_equal(read_back(7, (uint8_t)kind, table[row].most, &f), 0);
			assert_int_equal(f.len, table[row].most);
			assert_int_equal(read_back(7, (uint8_t)kind, table[row].most + 1, &f),
					 ERR_TOO_BIG);
			if (table[row].least)
				assert_int_equal(
				    read_back(7, (uint8_t)kind, table[row].least - 1, &f),
				    ERR_TOO_BIG);
			assert_int_equal(frame_is_session((uint8_t)kind), table[row].session);
			row++;
		} else if (kind < 128) {
			assert_string_equal(frame_kind_text((uint8_t)kind), "unknown");
			assert_int_equal(read_back(7, (uint8_t)kind, 8, &f), ERR_PROTOCOL);
			assert_int_equal(f.kind, kind); /* told, also of a bad one */
			assert_int_equal(frame_is_session((uint8_t)kind), kind >= 64);
		} else {
			assert_string_equal(frame_kind_text((uint8_t)kind), "later");
			assert_int_equal(read_back(7, (uint8_t)kind, 0, &f), 0);
			assert_int_equal(read_back(7, (uint8_t)kind, 65536, &f), 0);
			assert_int_equal(read_back(7, (uint8_t)kind, 65537, &f), ERR_TOO_BIG);
			assert_int_equal(read_back(7, (uint8_t)kind, 0xffffff, &f), ERR_TOO_BIG);
			assert_int_equal(frame_is_session((uint8_t)kind), kind >= 192);
		}
	}
}

static struct addr some(uint8_t family, uint8_t last, uint16_t port)
{
	struct addr a = {.family = family, .port = port};
	a.ip[0] = 0x20;
	a.ip[family == 6 ? 15 : 3] = last;
	return a;
}

/* Every prefix of every good OPEN is bad, and so is one byte more. */
static void open_survives_every_cut(void **state)
{
	(void)state;
	for (int mix = 0; mix < 4; mix++) {
		struct open_info in = {.mapping = 0xa1b2c3d4,
				       .credit = 0x00010000,
				       .visitor = some(mix & 1 ? 6 : 4, 9, 65535),
				       .visited = some(mix & 2 ? 6 : 4, 1, 8080)};
		uint8_t bytes[FRAME_OPEN_MAX];
		size_t len = open_write(bytes, &in);
		assert_int_equal(len, 8u + (mix & 1 ? 19 : 7) + (mix & 2 ? 19 : 7));
		struct open_info out;
		assert_int_equal(open_read(bytes, len, &out), 0);
		assert_int_equal(out.mapping, in.mapping);
		assert_int_equal(out.credit, in.credit);
		assert_true(addr_equal(&out.visitor, &in.visitor) &&
			    addr_equal(&out.visited, &in.visited));
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *exact = mem_dup(bytes, cut);
			assert_int_equal(open_read(exact, cut, &out), ERR_PROTOCOL);
			mem_free(exact);
		}
		uint8_t more[FRAME_OPEN_MAX + 1] = {0};
		memcpy(more, bytes, len);
		assert_int_equal(open_read(more, len + 1, &out), ERR_PROTOCOL);
	}
}

static void an_open_may_carry_a_name(void **state)
{
	(void)state;
	char name[FRAME_NAME_MAX + 1];
	memset(name, 'n', sizeof name);
	struct open_info in = {.visitor = some(6, 9, 1), .visited = some(6, 1, 2), .name = name},
			 out;
	uint8_t bytes[FRAME_OPEN_MAX + 1];
	for (in.name_len = 0; in.name_len <= FRAME_NAME_MAX; in.name_len++) {
		size_t len = open_write(bytes, &in);
		assert_int_equal(len, 46 + in.name_len);
		uint8_t *exact = mem_dup(bytes, len);
		assert_int_equal(open_read(exact, len, &out), 0);
		assert_int_equal(out.name_len, in.name_len);
		assert_memory_equal(out.name, name, in.name_len);
		mem_free(exact);
	}
	bytes[FRAME_OPEN_MAX] = 'n';
	assert_int_equal(open_read(bytes, FRAME_OPEN_MAX + 1, &out), ERR_PROTOCOL);
	for (unsigned c = 0; c < 256; c++) {
		bytes[46] = (uint8_t)c;
		assert_int_equal(open_read(bytes, 47, &out),
				 c > ' ' && c <= '~' ? 0 : ERR_PROTOCOL);
	}
}

static void an_open_from_no_known_family_is_bad(void **state)
{
	(void)state;
	struct open_info in = {.visitor = some(4, 9, 1), .visited = some(4, 1, 2)}, out;
	uint8_t bytes[FRAME_OPEN_MAX];
	size_t len = open_write(bytes, &in);
	for (unsigned family = 0; family < 256; family++) {
		bytes[8] = (uint8_t)family;
		assert_int_equal(open_read(bytes, len, &out), family == 4 ? 0 : ERR_PROTOCOL);
	}
	bytes[8] = 4;
	for (unsigned family = 0; family < 256; family++) {
		bytes[15] = (uint8_t)family;
		assert_int_equal(open_read(bytes, len, &out), family == 4 ? 0 : ERR_PROTOCOL);
	}
}

static void a_reset_of_any_code_has_words(void **state)
{
	(void)state;
	assert_string_equal(reset_text(RESET_REFUSED), "the service refused the connection");
	for (uint32_t code = 0; code < 20; code++)
		assert_true(strlen(reset_text(code)) > 0);
	assert_string_equal(reset_text(UINT32_MAX), "reset for an unknown reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_is_eight_bytes_in_network_order),
	    cmocka_unit_test(each_kind_has_its_number_and_limits),
	    cmocka_unit_test(open_survives_every_cut),
	    cmocka_unit_test(an_open_may_carry_a_name),
	    cmocka_unit_test(an_open_from_no_known_family_is_bad),
	    cmocka_unit_test(a_reset_of_any_code_has_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
