#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/tunnel/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { BUDGET = 4 * 1024 * 1024 };

/* What was handed up, as text: frames by their letter, DATA by its bytes. */
struct heard {
	char text[4096];
	size_t len;
	int answer; /* given to the session */
};

static int on_frame(void *arg, const struct frame *f, const uint8_t *p, size_t len)
{
	struct heard *h = arg;
	if (f->kind == FRAME_DATA)
		h->len += (size_t)snprintf(h->text + h->len, sizeof h->text - h->len, "%.*s",
					   (int)len, (const char *)p);
	else
		h->len += (size_t)snprintf(
		    h->text + h->len, sizeof h->text - h->len, "<%s %u %.*s>",
		    frame_kind_text(f->kind), f->stream,
		    f->kind == FRAME_DECLARE || f->kind == FRAME_BYE ? (int)len : 0,
		    (const char *)p);
	return h->answer;
}

static int hear(struct session *s, struct heard *h, const void *p, size_t len, uint64_t now)
{
	uint8_t *exact = mem_dup(p, len);
	int err = session_input(s, exact, len, now, on_frame, h);
	mem_free(exact);
	return err;
}

static void put_frame(struct buf *b, uint32_t stream, uint8_t kind, const char *payload, size_t len)
{
	uint8_t head[FRAME_HEADER];
	frame_write(head, stream, kind, (uint32_t)len);
	buf_put(b, head, sizeof head);
	buf_put(b, payload, len);
}

static void some_frames(struct buf *b)
{
	put_frame(b, 0, FRAME_PING, "12345678", 8);
	put_frame(b, 0, FRAME_DECLARE, "{\"a\":1}", 7);
	put_frame(b, 2, FRAME_DATA, "hello ", 6);
	put_frame(b, 0, FRAME_BYE, "", 0);
	put_frame(b, 0, 200, "later", 5);
	put_frame(b, 0, 130, "later link", 10);
	put_frame(b, 2, FRAME_DATA, "world", 5);
	put_frame(b, 2, FRAME_FIN, "", 0);
	put_frame(b, 0, 255, "", 0);
	put_frame(b, 2, FRAME_RESET, "\0\0\0\1", 4);
}
static const char some_heard[] =
    "<PING 0 ><DECLARE 0 {\"a\":1}>hello <BYE 0 >world<FIN 2 ><RESET 2 >";
enum { SOME_TAKEN = 7 };

static void frames_cut_anywhere_are_the_same_frames(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	some_frames(&b);
	size_t len = buf_len(&b);
	for (size_t first = 0; first <= len; first++) {
		for (size_t chunk = 1; chunk <= len; chunk = chunk < 9 ? chunk + 1 : chunk * 2) {
			struct session s;
			struct heard h = {0};
			session_init(&s, NULL, NULL, BUDGET);
			assert_int_equal(hear(&s, &h, buf_data(&b), first, 0), 0);
			for (size_t at = first; at < len; at += chunk)
				assert_int_equal(hear(&s, &h, buf_data(&b) + at,
						      len - at < chunk ? len - at : chunk, 0),
						 0);
			assert_string_equal(h.text, some_heard);
			assert_int_equal(s.taken, SOME_TAKEN);
			assert_int_equal(s.later_skipped, 3);
			session_fini(&s);
		}
	}
	buf_fini(&b);
}

/* Cut, resumed, and cut again at every byte: the peer sends again from the first frame that was not
 * taken. */
static void nothing_is_handed_up_twice(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	some_frames(&b);
	size_t len = buf_len(&b);
	size_t start_of[SOME_TAKEN + 1]; /* of session frame i, on the wire */
	for (size_t at = 0, i = 0; at < len;) {
		struct frame f;
		frame_read(buf_data(&b) + at, &f);
		if (frame_is_session(f.kind))
			start_of[i++] = at;
		at += FRAME_HEADER + f.len;
		start_of[i] = at;
	}
	static const char no_link_frames[] = "{\"a\":1}>hello world<FIN 2 ><RESET 2 >";
	for (size_t first = 0; first <= len; first++) {
		for (size_t second = 0; second <= len; second++) {
			struct session s;
			struct heard h = {0};
			session_init(&s, NULL, NULL, BUDGET);
			assert_int_equal(hear(&s, &h, buf_data(&b), first, 0), 0);
			session_detach(&s);
			assert_int_equal(session_attach(&s, 0), 0);
			size_t from = start_of[s.taken];
			if (second > from) {
				assert_int_equal(
				    hear(&s, &h, buf_data(&b) + from, second - from, 0), 0);
				session_detach(&s);
				assert_int_equal(session_attach(&s, 0), 0);
				from = start_of[s.taken];
			}
			if (from < len)
				assert_int_equal(hear(&s, &h, buf_data(&b) + from, len - from, 0),
						 0);
			assert_int_equal(s.taken, SOME_TAKEN);
			char text[sizeof h.text];
			size_t n = 0;
			/* link frames may come more than once */
			for (const char *p = strstr(h.text, "{\"a\""); *p; p++) {
				static const char bye[] = "<BYE 0 >";
				if (!strncmp(p, bye, sizeof bye - 1))
					p += sizeof bye - 2;
				else
					text[n++] = *p;
			}
			text[n] = 0;
			assert_string_equal(text, no_link_frames);
			session_fini(&s);
		}
	}
	buf_fini(&b);
}

static void a_bad_frame_says_what_it_ends(void **state)
{
	(void)state;
	static const struct {
		uint8_t kind;
		uint32_t len;
		int expected;
	} table[] = {
	    {0, 0, ERR_PROTOCOL},
	    {40, 0, ERR_PROTOCOL},
	    {100, 0, ERR_SESSION},
	    {FRAME_PING, 9, ERR_TOO_BIG},
	    {FRAME_DATA, 0, ERR_SESSION},
	    {FRAME_DATA, 65537, ERR_SESSION},
	    {FRAME_DECLARE, 0xffffff, ERR_SESSION},
	    {150, 65537, ERR_TOO_BIG},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		for (size_t chunk = 1; chunk <= FRAME_HEADER; chunk++) {
			struct session s;
			struct heard h = {0};
			session_init(&s, NULL, NULL, BUDGET);
			uint8_t head[FRAME_HEADER];
			frame_write(head, 2, table[i].kind, table[i].len);
			int err = 0;
			for (size_t at = 0; at < FRAME_HEADER && !err; at += chunk)
				err =
				    hear(&s, &h, head + at,
					 FRAME_HEADER - at < chunk ? FRAME_HEADER - at : chunk, 0);
			assert_int_equal(err, table[i].expected);
			assert_int_equal(h.len, 0);
			session_fini(&s);
		}
	}
}

static void what_the_owner_says_ends_the_reading(void **state)
{
	(void)state;
	struct buf b = BUF_INIT;
	some_frames(&b);
	struct session s;
	struct heard h = {.answer = ERR_FLOOD};
	session_init(&s, NULL, NULL, BUDGET);
	assert_int_equal(hear(&s, &h, buf_data(&b), buf_len(&b), 0), ERR_FLOOD);
	assert_string_equal(h.text, "<PING 0 >");
	session_fini(&s);
	buf_fini(&b);
}

/* --- the outbox --- */

static size_t link_takes(struct session *s, struct buf *wire, size_t most)
{
	size_t gone = 0;
	struct iovec iov[3];
	for (int n; gone < most && (n = session_peek(s, iov, 3)) > 0;) {
		size_t part = 0;
		for (int i = 0; i < n && gone + part < most; i++) {
			size_t len = iov[i].iov_len < most - gone - part ? iov[i].iov_len
									 : most - gone - part;
			buf_put(wire, iov[i].iov_base, len);
			part += len;
		}
		session_sent(s, part);
		gone += part;
	}
	return gone;
}

static void what_is_sent_stays_until_it_is_acknowledged(void **state)
{
	(void)state;
	struct session s;
	struct session_pool pool = {0};
	struct memory_budget_whole whole = {.limit = 64 << 20};
	struct memory_budget_account account = {.whole = &whole};
	session_init(&s, &pool, &account, BUDGET);
	assert_int_equal(session_kept(&s), 0);
	size_t room;
	memcpy(session_reserve(&s, FRAME_DATA_MAX, &room), "abc", 3);
	session_commit(&s, 2, FRAME_DATA, 3);
	session_put(&s, 2, FRAME_FIN, NULL, 0);
	session_put(&s, 4, FRAME_DATA, "defg", 4);
	assert_int_equal(session_acked(&s, 1), ERR_PROTOCOL); /* not sent yet */
	struct buf wire = BUF_INIT;
	assert_int_equal(link_takes(&s, &wire, 15), 15); /* DATA, and most of FIN */
	assert_false(session_at_boundary(&s));
	assert_int_equal(session_acked(&s, 2), ERR_PROTOCOL);
	assert_int_equal(session_acked(&s, 1), 0);
	assert_int_equal(session_acked(&s, 0), ERR_PROTOCOL); /* lower than before */
	assert_int_equal(session_acked(&s, 1), 0);
	assert_int_equal(link_takes(&s, &wire, SIZE_MAX), 8 + 12 - 4);
	assert_true(session_at_boundary(&s));
	assert_true(session_kept(&s) > 0 && whole.used == session_kept(&s));
	assert_int_equal(session_acked(&s, 4), ERR_PROTOCOL);
	assert_int_equal(session_acked(&s, 3), 0);
	assert_int_equal(session_kept(&s), 0);
	assert_int_equal(whole.used, 0);
	assert_int_equal(pool.count, 1);
	session_fini(&s);
	session_pool_fini(&pool);
	buf_fini(&wire);
}

static void a_word_of_an_idle_session_takes_little_memory(void **state)
{
	(void)state;
	struct session s;
	struct buf wire = BUF_INIT;
	session_init(&s, NULL, NULL, BUDGET);
	session_put(&s, 2, FRAME_CREDIT, "abcd", 4);
	assert_true(session_kept(&s) < 2 * SESSION_SMALL);
	size_t room; /* bytes of a stream that wakes get a chunk of their own, behind it */
	memset(session_reserve(&s, FRAME_DATA_MAX, &room), 'x', 1000);
	assert_true(room == FRAME_DATA_MAX);
	session_commit(&s, 2, FRAME_DATA, 1000);
	assert_int_equal(link_takes(&s, &wire, SIZE_MAX), 2 * FRAME_HEADER + 4 + 1000);
	assert_int_equal(session_acked(&s, 2), 0);
	assert_int_equal(session_kept(&s), 0);
	session_fini(&s);
	buf_fini(&wire);
}

/* An agent with ten mappings is told of each, and acknowledges that later. */
static void few_words_of_an_idle_session_take_little_memory(void **state)
{
	(void)state;
	enum { WORDS = 4, LEN = 1500 };
	static const char word[LEN];
	struct session s;
	struct buf wire = BUF_INIT;
	session_init(&s, NULL, NULL, BUDGET);
	for (int i = 0; i < WORDS; i++)
		session_put(&s, 0, FRAME_STATE, word, LEN);
	assert_true(session_kept(&s) < (size_t)4 * WORDS * LEN);
	for (int i = 0; i < 100; i++) /* and many are together */
		session_put(&s, 0, FRAME_STATE, word, LEN);
	assert_true(session_kept(&s) < (size_t)3 * 100 * LEN);
	assert_int_equal(link_takes(&s, &wire, SIZE_MAX), (WORDS + 100) * (FRAME_HEADER + LEN));
	assert_int_equal(session_acked(&s, WORDS + 100), 0);
	assert_int_equal(session_kept(&s), 0);
	session_fini(&s);
	buf_fini(&wire);
}

/* Every number that a peer may bring, after every number of bytes that have gone. */
static void only_numbers_within_what_is_kept_attach(void **state)
{
	(void)state;
	enum { FRAMES = 5, EACH = FRAME_HEADER + 3 };
	for (size_t gone = 0; gone <= FRAMES * EACH; gone++) {
		for (uint64_t acked = 0; acked <= gone / EACH; acked++) {
			for (uint64_t taken = 0; taken <= FRAMES + 1; taken++) {
				struct session s;
				struct buf wire = BUF_INIT;
				session_init(&s, NULL, NULL, BUDGET);
				for (int i = 0; i < FRAMES; i++)
					session_put(&s, 2, FRAME_DATA, "abc", 3);
				link_takes(&s, &wire, gone);
				assert_int_equal(session_acked(&s, acked), 0);
				session_detach(&s);
				bool fits = taken >= acked && taken <= gone / EACH;
				assert_int_equal(session_attach(&s, taken), fits ? 0 : ERR_RANGE);
				assert_int_equal(s.acked, fits ? taken : acked);
				assert_int_equal(s.unsent, (FRAMES - s.acked) * EACH);
				buf_fini(&wire);
				assert_int_equal(link_takes(&s, &wire, SIZE_MAX),
						 (FRAMES - s.acked) * EACH);
				if (!fits)
					assert_int_equal(session_attach(&s, UINT64_MAX), ERR_RANGE);
				session_fini(&s);
				buf_fini(&wire);
			}
		}
	}
}

static void what_goes_again_is_what_went_before(void **state)
{
	(void)state;
	struct session s;
	session_init(&s, NULL, NULL, BUDGET);
	struct buf all = BUF_INIT, wire = BUF_INIT;
	char payload[30000];
	for (int i = 0; i < 40; i++) { /* over many chunks, and one frame larger than a chunk */
		size_t len = i == 20 ? 200000 : (size_t)i * 733 % sizeof payload + 1;
		char *bytes = mem_alloc(len);
		memset(bytes, 'a' + i % 26, len);
		put_frame(&all, 2, i == 20 ? FRAME_DECLARE : FRAME_DATA, bytes, len);
		session_put(&s, 2, i == 20 ? FRAME_DECLARE : FRAME_DATA, bytes, len);
		mem_free(bytes);
	}
	for (size_t cut = 0; cut < buf_len(&all); cut += 9973) {
		session_detach(&s);
		assert_int_equal(session_attach(&s, s.acked), 0);
		buf_fini(&wire);
		link_takes(&s, &wire, cut);
		assert_memory_equal(buf_data(&wire), buf_data(&all), buf_len(&wire));
	}
	session_detach(&s);
	assert_int_equal(session_attach(&s, 13), 0);
	buf_fini(&wire);
	link_takes(&s, &wire, SIZE_MAX);
	assert_memory_equal(buf_data(&wire), buf_data(&all) + buf_len(&all) - buf_len(&wire),
			    buf_len(&wire));
	assert_int_equal(session_acked(&s, 40), 0);
	assert_int_equal(session_kept(&s), 0);
	session_fini(&s);
	buf_fini(&all);
	buf_fini(&wire);
}

static void a_reservation_that_is_not_used_costs_nothing(void **state)
{
	(void)state;
	struct session s;
	struct session_pool pool = {0};
	session_init(&s, &pool, NULL, BUDGET);
	size_t room;
	assert_non_null(session_reserve(&s, FRAME_DATA_MAX, &room));
	assert_int_equal(room, FRAME_DATA_MAX);
	assert_int_equal(s.unsent, 0);
	session_tidy(&s);
	assert_int_equal(session_kept(&s), 0);
	memcpy(session_reserve(&s, 10, &room), "0123456789", 10);
	assert_int_equal(room, 10);
	session_commit(&s, 2, FRAME_DATA, 7);
	session_tidy(&s);
	memset(session_reserve(&s, 20000, &room), '.', 20000);
	session_commit(&s, 2, FRAME_DATA, 20000);
	session_reserve(&s, FRAME_DATA_MAX, &room); /* what is left of the chunk is worth it */
	assert_true(room >= SESSION_LEAST_ROOM && room < FRAME_DATA_MAX);
	struct buf wire = BUF_INIT;
	assert_int_equal(link_takes(&s, &wire, SIZE_MAX), 2 * FRAME_HEADER + 7 + 20000);
	assert_memory_equal(buf_data(&wire) + FRAME_HEADER, "0123456", 7);
	session_fini(&s);
	session_pool_fini(&pool);
	buf_fini(&wire);
}

static void the_budget_is_said_before_it_is_broken(void **state)
{
	(void)state;
	struct session s;
	size_t room;
	session_init(&s, NULL, NULL, 2 * (SESSION_CHUNK + 64));
	unsigned frames = 0;
	while (session_has_room(&s)) {
		session_reserve(&s, FRAME_DATA_MAX, &room);
		session_commit(&s, 2, FRAME_DATA, room);
		frames++;
	}
	assert_int_equal(frames, 2);
	assert_true(session_kept(&s) <= s.send.limit);
	for (int i = 0; i < 1000; i++)
		session_put(&s, 2, FRAME_CREDIT, "\0\0\0\1", 4); /* what is owed goes in */
	assert_int_equal(s.next, 1002);
	session_fini(&s);
}

/* --- frames that come in parts --- */

static int hear_part(struct session *s, struct heard *h, size_t len, uint64_t now)
{
	uint8_t *part = mem_zalloc(len);
	int err = session_input(s, part, len, now, on_frame, h);
	mem_free(part);
	return err;
}

static void parts_of_a_frame_count_until_it_is_whole(void **state)
{
	(void)state;
	struct session s;
	struct heard h = {0};
	struct memory_budget receive = {.limit = 100000};
	uint8_t head[FRAME_HEADER];
	session_init(&s, NULL, NULL, BUDGET);
	s.receive = &receive;
	frame_write(head, 0, FRAME_DECLARE, 1000);
	assert_int_equal(hear(&s, &h, head, sizeof head, 0), 0);
	assert_int_equal(hear_part(&s, &h, 600, 0), 0);
	assert_int_equal(receive.used, 600);
	assert_int_equal(hear_part(&s, &h, 400, 0), 0);
	assert_int_equal(receive.used, 0);
	assert_int_equal(s.taken, 1);
	assert_int_equal(hear(&s, &h, head, sizeof head, 0), 0);
	assert_int_equal(hear_part(&s, &h, 999, 0), 0);
	assert_int_equal(receive.used, 999);
	session_detach(&s); /* the link is gone: it comes again from its first byte */
	assert_int_equal(receive.used, 0);
	assert_int_equal(hear(&s, &h, head, sizeof head, 0), 0);
	assert_int_equal(hear_part(&s, &h, 1, 0), 0);
	session_fini(&s);
	assert_int_equal(receive.used, 0);
}

/* An account whose share is used up may begin long messages, and not go on with them; short ones
 * are taken, also where its own streams have filled the session's budget. */
static void a_long_frame_ends_the_link_where_the_account_has_no_room(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 64 << 20};
	struct memory_budget_account account = {.whole = &whole};
	struct memory_budget receive;
	struct heard h = {0};
	struct session s;
	uint8_t head[FRAME_HEADER];
	memory_budget_init(&receive, &account, 1 << 20);
	session_init(&s, NULL, NULL, BUDGET);
	s.receive = &receive;
	memory_budget_take(&receive, 1 << 20);
	frame_write(head, 0, FRAME_DECLARE, 1 << 20);
	assert_int_equal(hear(&s, &h, head, sizeof head, 0), 0);
	assert_int_equal(hear_part(&s, &h, 500000, 0), 0);
	session_detach(&s);
	account.used += 48 << 20;
	whole.used += 48 << 20;
	assert_int_equal(hear(&s, &h, head, sizeof head, 0), 0);
	assert_int_equal(hear_part(&s, &h, SESSION_BODY_SMALL, 0), 0);
	assert_int_equal(hear_part(&s, &h, 1, 0), ERR_NO_ROOM);
	session_fini(&s);
	memory_budget_give(&receive, 1 << 20);
	memory_budget_fini(&receive);
}

static void a_frame_that_does_not_go_on_is_given_up(void **state)
{
	(void)state;
	struct session s;
	struct heard h = {0};
	uint8_t head[FRAME_HEADER];
	session_init(&s, NULL, NULL, BUDGET);
	frame_write(head, 0, FRAME_DECLARE, 1000);
	assert_int_equal(hear(&s, &h, head, sizeof head, 5), 0);
	assert_true(session_body_deadline(&s) == UINT64_MAX);
	assert_int_equal(hear_part(&s, &h, 1, 10), 0);
	assert_true(session_body_deadline(&s) == 10 + SESSION_BODY_MS);
	assert_int_equal(hear_part(&s, &h, 1, 29000), 0); /* each byte begins the time anew */
	assert_true(session_body_deadline(&s) == 29000 + SESSION_BODY_MS);
	session_detach(&s); /* time without a link does not count */
	assert_true(session_body_deadline(&s) == UINT64_MAX);
	session_fini(&s);
}

/* --- acknowledging --- */

static void an_ack_is_due_by_bytes_or_by_time(void **state)
{
	(void)state;
	struct session s;
	struct heard h = {0};
	session_init(&s, NULL, NULL, BUDGET);
	struct buf b = BUF_INIT;
	put_frame(&b, 0, FRAME_PING, "12345678", 8);
	assert_int_equal(hear(&s, &h, buf_data(&b), buf_len(&b), 1000), 0);
	assert_true(session_ack_deadline(&s) == UINT64_MAX); /* link frames are not acknowledged */
	put_frame(&b, 2, FRAME_FIN, "", 0);
	assert_int_equal(hear(&s, &h, buf_data(&b), buf_len(&b), 1000), 0);
	assert_int_equal(hear(&s, &h, buf_data(&b), buf_len(&b), 1100), 0);
	assert_true(session_ack_deadline(&s) == 1200);
	assert_false(session_ack_due(&s, 1199));
	assert_true(session_ack_due(&s, 1200));
	assert_int_equal(session_take_ack(&s), 2);
	assert_false(session_ack_due(&s, 9999));
	assert_true(session_ack_deadline(&s) == UINT64_MAX);
	char kilobyte[1024];
	memset(kilobyte, '.', sizeof kilobyte);
	unsigned frames = 0;
	while (!session_ack_due(&s, 0)) {
		buf_fini(&b);
		put_frame(&b, 2, FRAME_DATA, kilobyte, sizeof kilobyte);
		h.len = 0;
		assert_int_equal(hear(&s, &h, buf_data(&b), buf_len(&b), 0), 0);
		frames++;
	}
	assert_int_equal(frames, 64);
	session_detach(&s); /* HELLO or WELCOME will say it */
	assert_false(session_ack_due(&s, 9999));
	session_fini(&s);
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_cut_anywhere_are_the_same_frames),
	    cmocka_unit_test(nothing_is_handed_up_twice),
	    cmocka_unit_test(a_bad_frame_says_what_it_ends),
	    cmocka_unit_test(what_the_owner_says_ends_the_reading),
	    cmocka_unit_test(what_is_sent_stays_until_it_is_acknowledged),
	    cmocka_unit_test(a_word_of_an_idle_session_takes_little_memory),
	    cmocka_unit_test(few_words_of_an_idle_session_take_little_memory),
	    cmocka_unit_test(only_numbers_within_what_is_kept_attach),
	    cmocka_unit_test(what_goes_again_is_what_went_before),
	    cmocka_unit_test(a_reservation_that_is_not_used_costs_nothing),
	    cmocka_unit_test(the_budget_is_said_before_it_is_broken),
	    cmocka_unit_test(parts_of_a_frame_count_until_it_is_whole),
	    cmocka_unit_test(a_long_frame_ends_the_link_where_the_account_has_no_room),
	    cmocka_unit_test(a_frame_that_does_not_go_on_is_given_up),
	    cmocka_unit_test(an_ack_is_due_by_bytes_or_by_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
