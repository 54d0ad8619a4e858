#include "tests/unit/shared/net/pair.h"

#include "shared/net/tcpinfo.h"

static void look_measures(struct end *e, enum io_event event)
{
	struct tcpinfo info;
	char c;

	if (event == IO_UP) {
		io_write(e->io, "12345", 5);
		io_watch(e->io, IO_WATCH_READ);
	} else if (event == IO_DATA &&
		   io_read(e->io, &c, 1) == 1) { /* the echo: ours has arrived */
		info = tcpinfo_of(io_fd(e->io));
		assert_true(info.known);
		assert_true(info.rtt_us > 0);
		assert_true(info.bytes_acked >= 5);
		assert_int_equal(info.notsent_bytes, 0);
		pair_stop(e->pair);
	}
}

static void look_echoes(struct end *e, enum io_event event)
{
	char buf[16];
	ssize_t n = event == IO_DATA ? io_read(e->io, buf, sizeof(buf)) : 0;

	if (n > 0)
		io_write(e->io, buf, (size_t)n);
}

static void accepted_reads(struct pair *p)
{
	io_watch(p->far.io, IO_WATCH_READ);
}

static void what_the_kernel_knows(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.near.look = look_measures;
	p.far.look = look_echoes;
	p.accepted = accepted_reads;
	pair_dial(&p);
	pair_run(&p);
	assert_int_equal(p.near.ups, 1);
}

static void no_connection_at_all(void **state)
{
	uint64_t before = tcpinfo_boot_ms();

	(void)state;
	assert_false(tcpinfo_of(-1).known);
	assert_false(tcpinfo_of(0).known);
	assert_true(before > 0);
	assert_true(tcpinfo_boot_ms() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_kernel_knows),
	    cmocka_unit_test(no_connection_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
