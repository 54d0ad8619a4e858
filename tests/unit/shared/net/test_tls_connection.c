#include "tests/unit/shared/net/pair.h"

#include "shared/net/tls_connection.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Two pipes over a pair of sockets, without a loop: each turn is a call. */

static struct tls_context *server, *client;
static struct tls_connection *near, *far;
static int fds[2];
static uint8_t staging[TLS_CONNECTION_STAGING];
static uint8_t received[TLS_CONNECTION_STAGING];

static int make_contexts(void **state)
{
	char *why;

	pair_make_files(state);
	server = tls_context_server_new(pair_crt, pair_key, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	client = tls_context_client_new(pair_pin, NULL, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	return server && client ? 0 : -1;
}

static int free_contexts(void **state)
{
	tls_context_unref(server);
	tls_context_unref(client);
	return pair_remove_files(state);
}

static int connect_pipes(void **state)
{
	int near_said = UV_EAGAIN, far_said = UV_EAGAIN;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	near = tls_connection_new(fds[0], client, NULL, NULL, 0);
	far = tls_connection_new(fds[1], server, NULL, NULL, 0);
	tls_connection_set_staging(near, staging, received); /* shared, as on a loop */
	tls_connection_set_staging(far, staging, received);
	for (int i = 0; i < 10 && (near_said || far_said); i++) {
		if (near_said)
			near_said = tls_connection_handshake(near);
		if (far_said)
			far_said = tls_connection_handshake(far);
	}
	assert_int_equal(near_said, 0);
	assert_int_equal(far_said, 0);
	return 0;
}

static int free_pipes(void **state)
{
	(void)state;
	tls_connection_free(near);
	tls_connection_free(far);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static ssize_t write_one(struct tls_connection *t, const void *p, size_t len)
{
	struct iovec iov = {(void *)p, len};

	return tls_connection_writev(t, &iov, 1);
}

static void keys_change_on_the_way(void **state)
{
	uint8_t out[5000], in[6000];
	size_t sent = 0, got = 0;
	ssize_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7);
	tls_connection_set_rekey(near, 3);
	tls_connection_set_rekey(far, 2);
	for (int i = 0; i < 500; i++) {
		size_t len = 1 + random_below(sizeof(out));

		n = write_one(near, out, len);
		assert_int_equal(n, len);
		sent += len;
		n = tls_connection_read(far, in, sizeof(in));
		assert_int_equal(n, len);
		assert_memory_equal(in, out, len);
		got += (size_t)n;
		assert_int_equal(write_one(far, "ok", 2), 2);
		assert_int_equal(tls_connection_read(near, in, sizeof(in)), 2);
		assert_int_equal(tls_connection_read(near, in, sizeof(in)), UV_EAGAIN);
	}
	assert_int_equal(sent, got);
	assert_int_equal(tls_connection_finish(near), 0);
	assert_int_equal(tls_connection_read(far, in, sizeof(in)), 0);
	assert_int_equal(write_one(far, "late", 4), 4);
	assert_int_equal(tls_connection_read(near, in, sizeof(in)), 4);
	assert_int_equal(tls_connection_finish(far), 0);
	assert_int_equal(tls_connection_read(near, in, sizeof(in)), 0);
	assert_int_equal(write_one(near, "x", 1), UV_EPIPE);
}

static size_t queued(int fd)
{
	int n = 0;

	ioctl(fd, FIONREAD, &n);
	return (size_t)n;
}

static void no_more_than_a_batch_in_hand(void **state)
{
	static uint8_t big[1 << 20];
	const size_t batches[] = {4096, 10000, 16384, 65536, 262144};

	(void)state;
	for (int i = 0; i < 5; i++) {
		size_t taken = 0;
		ssize_t n;

		tls_connection_set_batch(near, batches[i]);
		while ((n = write_one(near, big, sizeof(big))) > 0) {
			assert_true((size_t)n <= batches[i]);
			taken += (size_t)n;
		}
		assert_int_equal(n, 0);
		assert_true(tls_connection_in_hand(near) > 0);
		assert_true(tls_connection_in_hand(near) <= batches[i]);
		assert_int_equal(tls_connection_flush(near), UV_EAGAIN);
		while (taken > 0) {
			n = tls_connection_read(far, big, sizeof(big));
			assert_true(n > 0 || n == UV_EAGAIN);
			taken -= n > 0 ? (size_t)n : 0;
			tls_connection_flush(near);
		}
		assert_int_equal(tls_connection_flush(near), 0);
		assert_int_equal(tls_connection_in_hand(near), 0);
	}
}

static void small_pieces_share_a_record(void **state)
{
	uint8_t piece[10];
	struct iovec iov[20];
	size_t one;

	(void)state;
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < 20; i++)
		iov[i] = (struct iovec){piece, i % 5 == 0 ? 0 : sizeof(piece)};
	assert_int_equal(tls_connection_writev(near, iov, 20), 160);
	one = queued(fds[1]);
	assert_true(one > 160 && one < 160 + 100);
	assert_int_equal(tls_connection_writev(near, iov, 0), 0);
	assert_int_equal(queued(fds[1]), one);
}

static void pending_bytes_are_known(void **state)
{
	uint8_t in[16384] = {0};

	(void)state;
	assert_int_equal(write_one(near, in, 10000), 10000);
	assert_int_equal(tls_connection_read(far, in, 1), 1);
	assert_int_equal(queued(fds[1]), 0);
	assert_true(tls_connection_has_pending(far));
	assert_int_equal(tls_connection_read(far, in, sizeof(in)), 9999);
	assert_false(tls_connection_has_pending(far));
}

static void half_a_record_is_not_pending(void **state)
{
	uint8_t wire[20000], in[20000] = {0};
	ssize_t n;

	(void)state;
	assert_int_equal(write_one(near, in, 5000), 5000);
	n = recv(fds[1], wire, sizeof(wire), 0);
	assert_true(n > 5000);
	assert_int_equal(send(fds[0], wire, 3000, 0), 3000);
	assert_int_equal(tls_connection_read(far, in, sizeof(in)), UV_EAGAIN);
	assert_false(tls_connection_has_pending(far));
	assert_int_equal(send(fds[0], wire + 3000, (size_t)n - 3000, 0), n - 3000);
	assert_int_equal(tls_connection_read(far, in, sizeof(in)), 5000);
}

static void altered_on_the_way(void **state)
{
	uint8_t wire[200], in[200] = {0};
	ssize_t n;

	(void)state;
	assert_int_equal(write_one(near, in, 100), 100);
	n = recv(fds[1], wire, sizeof(wire), 0);
	wire[50] ^= 1;
	assert_int_equal(send(fds[0], wire, (size_t)n, 0), n);
	assert_int_equal(tls_connection_read(far, in, sizeof(in)), ERR_TLS);
	assert_int_equal(tls_connection_read(far, in, sizeof(in)), ERR_TLS);
	assert_string_not_equal(tls_connection_detail(far), "");
	/* the alert has come */
	assert_int_equal(tls_connection_read(near, in, sizeof(in)), ERR_TLS);
}

static void fault_known_from_elsewhere(void **state)
{
	uint8_t in[100] = {0};

	(void)state;
	assert_int_equal(write_one(near, "12345", 5), 5);
	shutdown(fds[0], SHUT_WR);
	tls_connection_set_fault(far, UV_ECONNRESET);
	tls_connection_set_fault(far, UV_EPIPE); /* the first stays */
	assert_int_equal(tls_connection_read(far, in, 5), 5);
	assert_int_equal(tls_connection_read(far, in, 5), UV_ECONNRESET);
	assert_int_equal(tls_connection_fault(far), UV_ECONNRESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(keys_change_on_the_way, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(no_more_than_a_batch_in_hand, connect_pipes,
					    free_pipes),
	    cmocka_unit_test_setup_teardown(small_pieces_share_a_record, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(pending_bytes_are_known, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(half_a_record_is_not_pending, connect_pipes,
					    free_pipes),
	    cmocka_unit_test_setup_teardown(altered_on_the_way, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(fault_known_from_elsewhere, connect_pipes, free_pipes),
	};

	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
