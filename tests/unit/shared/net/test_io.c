#include "tests/unit/shared/net/pair.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { BULK = 24 * 1024 * 1024, CHUNK = 300 * 1024 };

/* Bulk: each end sends a pattern of its own and checks the other's. */

struct bulk {
	uint64_t sent, got;
	uint8_t seed;
	bool shut;
	uint8_t *buf;
};

static uint8_t pattern(uint64_t at, uint8_t seed)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 17) + seed);
}

static void bulk_write(struct end *e)
{
	struct bulk *b = e->mine;

	while (!b->shut) {
		size_t len = 1 + random_below(CHUNK), cut;
		struct iovec iov[3];
		ssize_t n;

		if (len > BULK - b->sent)
			len = (size_t)(BULK - b->sent);
		for (size_t i = 0; i < len; i++)
			b->buf[i] = pattern(b->sent + i, b->seed);
		cut = random_below((uint32_t)len + 1);
		iov[0] = (struct iovec){b->buf, cut / 2};
		iov[1] = (struct iovec){b->buf + cut / 2, cut - cut / 2};
		iov[2] = (struct iovec){b->buf + cut, len - cut};
		n = io_writev(e->io, iov, 3);
		assert_true(n >= 0);
		b->sent += (uint64_t)n;
		if (b->sent == BULK) {
			assert_int_equal(io_shutdown(e->io), 0);
			b->shut = true;
		} else if ((size_t)n < len) {
			break;
		}
	}
}

static void bulk_read(struct end *e)
{
	struct bulk *b = e->mine;
	struct bulk *other = e == &e->pair->near ? e->pair->far.mine : e->pair->near.mine;
	size_t len = 1 + random_below(CHUNK);
	ssize_t n = io_read(e->io, b->buf, len);

	if (n == 0) {
		assert_int_equal(b->got, BULK);
		e->eof = true;
	} else if (n > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (b->buf[i] != pattern(b->got + (uint64_t)i, other->seed))
				fail_msg("wrong byte at %llu", (unsigned long long)b->got + (unsigned long long)i);
		b->got += (uint64_t)n;
	} else {
		assert_int_equal(n, UV_EAGAIN);
	}
}

static void bulk_look(struct end *e, enum io_event event)
{
	struct bulk *b = e->mine;

	assert_int_not_equal(event, IO_ERROR);
	if (event == IO_UP)
		io_watch(e->io, IO_WATCH_READ | IO_WATCH_WRITE);
	if (event == IO_DATA) /* one read an event: the rest must be told again */
		bulk_read(e);
	if (event == IO_UP || event == IO_ROOM)
		bulk_write(e);
	if (e->eof && b->shut && e->io && !e->pair->near.pair)
		return;
	if (e->pair->near.eof && e->pair->far.eof)
		pair_stop(e->pair);
}

static void plain_accepted_bulk(struct pair *p)
{
	if (!p->server_tls)
		io_watch(p->far.io, IO_WATCH_READ | IO_WATCH_WRITE);
	if (!p->server_tls)
		bulk_write(&p->far);
}

static void run_bulk(bool tls, size_t batch)
{
	struct bulk near = {.seed = 1}, far = {.seed = 99};
	struct pair p;

	(void)batch;
	pair_open(&p);
	if (tls)
		pair_use_tls(&p);
	near.buf = mem_alloc(CHUNK);
	far.buf = mem_alloc(CHUNK);
	p.near.mine = &near;
	p.far.mine = &far;
	p.near.look = p.far.look = bulk_look;
	p.accepted = plain_accepted_bulk;
	pair_dial(&p);
	pair_run(&p);
	assert_int_equal(near.got, BULK);
	assert_int_equal(far.got, BULK);
	assert_int_equal(p.near.ups, 1);
	assert_int_equal(p.far.ups, tls ? 1 : 0);
	mem_free(near.buf);
	mem_free(far.buf);
}

static void bulk_plain(void **state)
{
	(void)state;
	run_bulk(false, 0);
}

static void bulk_tls(void **state)
{
	(void)state;
	run_bulk(true, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_plain),
		cmocka_unit_test(bulk_tls),
	};

	return cmocka_run_group_tests(tests, pair_make_files, pair_remove_files);
}
