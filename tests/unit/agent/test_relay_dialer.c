/* The dialer against a relay that accepts, or not, and says nothing. */
#include "agent/relay_dialer.h"
#include "shared/base/err.h"
#include "shared/net/tls_context.h"

#include "tests/unit/self.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

struct scene {
	struct loop *loop;
	struct tls_context *tls;
	struct relay_dialer *dialer;
	struct endpoint relay;
	int door, filler;
	int ended; /* attempts */
};

static void on_connection(void *owner, struct io *io, int err, const char *detail)
{
	(void)err, (void)detail;
	((struct scene *)owner)->ended++;
	assert_null(io);
}

/* Its queue has room for one connection, which is taken: any other SYN gets no answer. */
static void open_full_door(struct scene *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	char text[32];
	const char *bad;
	s->door = socket(AF_INET, SOCK_STREAM, 0);
	s->filler = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->door, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s->door, 0), 0);
	assert_int_equal(getsockname(s->door, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(s->filler, (struct sockaddr *)&at, sizeof at), 0);
	snprintf(text, sizeof text, "127.0.0.1:%u", ntohs(at.sin_port));
	assert_int_equal(endpoint_parse(text, &s->relay, &bad), 0);
}

static void make_room(struct scene *s)
{
	int fd = accept(s->door, NULL, NULL);
	assert_true(fd >= 0);
	close(fd);
}

static void begin(struct scene *s)
{
	static const char pin[] =
	    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	char *why = NULL;
	*s = (struct scene){.loop = loop_new("test")};
	s->tls = tls_context_client_new(pin, NULL, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	assert_non_null(s->tls);
	s->dialer = relay_dialer_new(s->loop, on_connection, s);
	open_full_door(s);
	alarm(self_patience(60));
}

static void dial(struct scene *s, bool must)
{
	relay_dialer_start(s->dialer, &s->relay, s->tls, 0, must);
}

static void wait_for(struct scene *s, unsigned count)
{
	while (relay_dialer_count(s->dialer) != count)
		loop_turn(s->loop);
}

static void end(struct scene *s)
{
	relay_dialer_free(s->dialer);
	tls_context_unref(s->tls);
	close(s->door);
	close(s->filler);
	assert_int_equal(loop_free(s->loop), 0);
	alarm(0);
}

static void what_hangs_gets_others_beside_it(void **state)
{
	struct scene s;
	(void)state;
	begin(&s);
	for (unsigned i = 1; i <= RELAY_DIALER_MOST; i++) {
		dial(&s, false);
		assert_int_equal(relay_dialer_count(s.dialer), i);
	}
	dial(&s, false);
	assert_int_equal(relay_dialer_count(s.dialer), RELAY_DIALER_MOST);
	dial(&s, true);
	assert_int_equal(relay_dialer_count(s.dialer), RELAY_DIALER_MOST);
	assert_int_equal(s.ended, 0);
	end(&s);
}

static void the_others_are_given_up_when_one_is_accepted(void **state)
{
	struct scene s;
	(void)state;
	begin(&s);
	dial(&s, false);
	dial(&s, false);
	make_room(&s);
	dial(&s, false);
	wait_for(&s, 1);
	assert_int_equal(s.ended, 0);
	end(&s);
}

static void beside_one_that_waits_for_the_relay_none_is_begun(void **state)
{
	struct scene s;
	(void)state;
	begin(&s);
	make_room(&s);
	dial(&s, false);
	dial(&s, false); /* neither is accepted yet; soon only one is left */
	wait_for(&s, 1);
	dial(&s, false);
	assert_int_equal(relay_dialer_count(s.dialer), 1);
	dial(&s, true); /* the network has changed */
	assert_int_equal(relay_dialer_count(s.dialer), 2);
	assert_int_equal(s.ended, 0);
	end(&s);
}

static void it_is_known_whether_the_relay_accepted_what_failed(void **state)
{
	struct scene s;
	(void)state;
	begin(&s);
	make_room(&s);
	dial(&s, false);
	make_room(&s); /* accepted, and closed at once */
	wait_for(&s, 0);
	assert_int_equal(s.ended, 1);
	assert_true(relay_dialer_was_accepted(s.dialer));
	close(s.door);
	s.door = -1;
	dial(&s, false);
	wait_for(&s, 0);
	assert_int_equal(s.ended, 2);
	assert_false(relay_dialer_was_accepted(s.dialer));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_hangs_gets_others_beside_it),
	    cmocka_unit_test(the_others_are_given_up_when_one_is_accepted),
	    cmocka_unit_test(beside_one_that_waits_for_the_relay_none_is_begun),
	    cmocka_unit_test(it_is_known_whether_the_relay_accepted_what_failed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
