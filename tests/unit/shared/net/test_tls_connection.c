#include "tests/unit/shared/net/pair.h"
#include "tests/unit/shared/net/raw_tls.h"

#include "shared/net/client_hello.h"
#include "shared/net/tls_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Two pipes over a pair of sockets, without a loop: each turn is a call. */

static struct tls_context *server, *client;
static struct tls_connection *near, *far;
static int fds[2];
static uint8_t staging[TLS_CONNECTION_STAGING];
static uint8_t received[TLS_CONNECTION_STAGING];
static uint64_t now_ms;

/* The same with a wire of its own instead of a descriptor: all tests run a second time so. */
static bool over_wire;

static ssize_t wire_receive(void *arg, void *p, size_t len)
{
	ssize_t n = recv(*(int *)arg, p, len, 0);

	return n >= 0 ? n : errno == EAGAIN ? UV_EAGAIN : -errno;
}

static ssize_t wire_send(void *arg, const struct iovec *iov, int count)
{
	struct msghdr m = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
	ssize_t n = sendmsg(*(int *)arg, &m, MSG_NOSIGNAL);

	return n >= 0 ? n : errno == EAGAIN ? UV_EAGAIN : -errno;
}

static struct tls_connection *connection(int *fd, struct tls_context *tls)
{
	const struct tls_wire wire = {wire_receive, wire_send, fd};

	return over_wire ? tls_connection_over(&wire, tls, NULL, NULL, 0)
			 : tls_connection_new(*fd, tls, NULL, NULL, 0);
}

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
	near = connection(&fds[0], client);
	far = connection(&fds[1], server);
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
	tls_connection_admit(near);
	tls_connection_admit(far);
	now_ms = 0;
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

static ssize_t read_one(struct tls_connection *t, void *p, size_t len)
{
	return tls_connection_read(t, p, len, now_ms);
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

		now_ms += 2000; /* far more often they would be a flood */
		n = write_one(near, out, len);
		assert_int_equal(n, len);
		sent += len;
		n = read_one(far, in, sizeof(in));
		assert_int_equal(n, len);
		assert_memory_equal(in, out, len);
		got += (size_t)n;
		assert_int_equal(write_one(far, "ok", 2), 2);
		assert_int_equal(read_one(near, in, sizeof(in)), 2);
		assert_int_equal(read_one(near, in, sizeof(in)), UV_EAGAIN);
	}
	assert_int_equal(sent, got);
	assert_int_equal(tls_connection_finish(near), 0);
	assert_int_equal(read_one(far, in, sizeof(in)), 0);
	assert_int_equal(write_one(far, "late", 4), 4);
	assert_int_equal(read_one(near, in, sizeof(in)), 4);
	assert_int_equal(tls_connection_finish(far), 0);
	assert_int_equal(read_one(near, in, sizeof(in)), 0);
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
			n = read_one(far, big, sizeof(big));
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

static void a_padded_write_is_as_long_as_wanted(void **state)
{
	uint8_t out[4000] = {0}, in[6000];

	(void)state;
	tls_connection_pad(near, 1536);
	assert_int_equal(write_one(near, out, 100), 100);
	assert_in_range(queued(fds[1]), 1536, 1536 + 100);
	assert_int_equal(read_one(far, in, sizeof(in)), 100);
	assert_int_equal(write_one(near, out, 100), 100); /* once only */
	assert_in_range(queued(fds[1]), 100, 100 + 100);
	assert_int_equal(read_one(far, in, sizeof(in)), 100);
	tls_connection_pad(near, 1536);
	assert_int_equal(write_one(near, out, 1600), 1600); /* long enough by itself */
	assert_in_range(queued(fds[1]), 1600, 1600 + 100);
	assert_int_equal(read_one(far, in, sizeof(in)), 1600);
	assert_int_equal(write_one(near, out, 100), 100);
	assert_in_range(queued(fds[1]), 100, 100 + 100);
}

static void pending_bytes_are_known(void **state)
{
	uint8_t in[16384] = {0};

	(void)state;
	assert_int_equal(write_one(near, in, 10000), 10000);
	assert_int_equal(read_one(far, in, 1), 1);
	assert_int_equal(queued(fds[1]), 0);
	assert_true(tls_connection_has_pending(far));
	assert_int_equal(read_one(far, in, sizeof(in)), 9999);
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
	assert_int_equal(read_one(far, in, sizeof(in)), UV_EAGAIN);
	assert_false(tls_connection_has_pending(far));
	assert_int_equal(send(fds[0], wire + 3000, (size_t)n - 3000, 0), n - 3000);
	assert_int_equal(read_one(far, in, sizeof(in)), 5000);
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
	assert_int_equal(read_one(far, in, sizeof(in)), ERR_TLS);
	assert_int_equal(read_one(far, in, sizeof(in)), ERR_TLS);
	assert_string_not_equal(tls_connection_detail(far), "");
	assert_int_equal(read_one(near, in, sizeof(in)), ERR_TLS); /* the alert has come */
}

static void fault_known_from_elsewhere(void **state)
{
	uint8_t in[100] = {0};

	(void)state;
	assert_int_equal(write_one(near, "12345", 5), 5);
	shutdown(fds[0], SHUT_WR);
	tls_connection_set_fault(far, UV_ECONNRESET);
	tls_connection_set_fault(far, UV_EPIPE); /* the first stays */
	assert_int_equal(read_one(far, in, 5), 5);
	assert_int_equal(read_one(far, in, 5), UV_ECONNRESET);
	assert_int_equal(tls_connection_fault(far), UV_ECONNRESET);
}

/* --- a peer that keeps us busy with what is no data: far accepts it --- */

static struct raw_tls raw;
static uint8_t wire[1 << 20], heard[TLS_CONNECTION_STAGING];
static size_t wire_len;

static int meet_raw(void **state)
{
	int said = UV_EAGAIN, room = sizeof(wire);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	raw_tls_open(&raw, fds[0]);
	far = connection(&fds[1], server);
	tls_connection_set_staging(far, staging, received);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(raw.ssl);
		if (said)
			said = tls_connection_handshake(far);
	}
	assert_int_equal(said, 0);
	now_ms = 1000;
	wire_len = 0;
	return 0;
}

static int leave_raw(void **state)
{
	(void)state;
	raw_tls_close(&raw);
	tls_connection_free(far);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static void put_record(uint8_t type, const void *p, size_t len)
{
	assert_true(wire_len + len + RAW_MORE <= sizeof(wire));
	wire_len += raw_tls_record(&raw, type, p, len, wire + wire_len);
}

static void put_updates(unsigned count, bool requested)
{
	while (count-- > 0)
		wire_len += raw_tls_key_update(&raw, requested, wire + wire_len);
}

static void send_wire(void)
{
	assert_int_equal(send(fds[0], wire, wire_len, 0), wire_len);
	wire_len = 0;
}

/* As the loop does: one read a turn, as long as there may be something. Returns the turns, with
 * what the last read said, and the most bytes of data that one gave. */
static unsigned read_in_turns(ssize_t *said, size_t *most, size_t *total)
{
	unsigned turns = 0;

	*most = *total = 0;
	do {
		*said = read_one(far, heard, sizeof(heard));
		turns++;
		if (*said > 0) {
			*total += (size_t)*said;
			*most = (size_t)*said > *most ? (size_t)*said : *most;
		}
	} while (*said > 0 ||
		 (*said == UV_EAGAIN && (tls_connection_has_pending(far) || queued(fds[1]))));
	return turns;
}

static void key_update_before_any_data(void **state)
{
	(void)state;
	put_updates(20000, false);
	put_record(RAW_DATA, "HELLO", 5);
	send_wire();
	assert_int_equal(read_one(far, heard, sizeof(heard)), ERR_PROTOCOL);
	assert_string_equal(tls_connection_detail(far),
			    "a TLS message came that is neither handshake nor data");
	assert_int_equal(write_one(far, "x", 1), ERR_PROTOCOL);
}

static void key_update_in_the_middle_of_a_greeting(void **state)
{
	(void)state;
	put_record(RAW_DATA, "HEL", 3);
	send_wire();
	assert_int_equal(read_one(far, heard, sizeof(heard)), 3);
	put_updates(1, false);
	put_record(RAW_DATA, "LO", 2);
	send_wire();
	assert_int_equal(read_one(far, heard, sizeof(heard)), ERR_PROTOCOL);
}

static int choose_first(SSL *ssl, const unsigned char **out, unsigned char *len,
			const unsigned char *in, unsigned in_len, void *arg)
{
	(void)ssl, (void)in_len, (void)arg;
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

/* A server that sends tickets before its first data, as most do, and then very many key updates. */
static void tickets_are_allowed_and_no_flood(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl;
	int said = UV_EAGAIN;
	ssize_t n;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	SSL_CTX_use_certificate_chain_file(ctx, pair_crt);
	SSL_CTX_use_PrivateKey_file(ctx, pair_key, SSL_FILETYPE_PEM);
	SSL_CTX_set_alpn_select_cb(ctx, choose_first, NULL);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fds[1]);
	near = connection(&fds[0], client);
	tls_connection_set_staging(near, staging, received);
	for (int i = 0; i < 10; i++) {
		if (said)
			said = tls_connection_handshake(near);
		SSL_accept(ssl);
	}
	assert_int_equal(said, 0);
	assert_int_equal(SSL_write(ssl, "WELCOME", 7), 7);
	assert_int_equal(read_one(near, heard, sizeof(heard)), 7);
	for (int i = 0; i < 100; i++) {
		SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_do_handshake(ssl);
	}
	while ((n = read_one(near, heard, sizeof(heard))) == UV_EAGAIN &&
	       queued(fds[0]) + tls_connection_has_pending(near) > 0)
		;
	assert_int_equal(n, ERR_FLOOD);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	tls_connection_free(near);
	close(fds[0]);
	close(fds[1]);
}

static void a_few_key_updates_are_allowed(void **state)
{
	ssize_t said;
	size_t most, total;

	(void)state;
	tls_connection_admit(far);
	for (int i = 0; i < 5; i++) {
		put_updates(30, true);
		put_record(RAW_DATA, "data", 4);
		send_wire();
		read_in_turns(&said, &most, &total);
		assert_int_equal(said, UV_EAGAIN);
		assert_int_equal(total, 4);
		now_ms += 30000;
	}
}

/* Each that was worked off has been answered, by a record of 27 bytes. */
static void many_key_updates_are_a_flood(void **state)
{
	ssize_t said;
	size_t most, total;
	unsigned turns;

	(void)state;
	tls_connection_admit(far);
	put_updates(20000, true);
	send_wire();
	turns = read_in_turns(&said, &most, &total);
	assert_int_equal(said, ERR_FLOOD);
	assert_true(turns >= 8); /* four a turn */
	assert_true(queued(fds[0]) <= 36 * 27);
	assert_int_equal(write_one(far, "x", 1), ERR_FLOOD);
}

static void records_of_one_byte_take_many_turns(void **state)
{
	ssize_t said;
	size_t most, total;

	(void)state;
	for (int i = 0; i < 20000; i++)
		put_record(RAW_DATA, "x", 1);
	send_wire();
	read_in_turns(&said, &most, &total);
	assert_int_equal(said, UV_EAGAIN);
	assert_int_equal(total, 20000);
	assert_true(most <= 32); /* of one who has said little so far */
}

static void records_without_data_take_many_turns(void **state)
{
	const uint8_t user_cancelled[2] = {1, 90};
	ssize_t said;
	size_t most, total;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		if (i % 16 == 15)
			put_record(RAW_DATA, "x", 1);
		else if (i % 16 < 4)
			put_record(RAW_ALERT, user_cancelled, 2);
		else
			put_record(RAW_DATA, "", 0);
	}
	send_wire();
	assert_true(read_in_turns(&said, &most, &total) >= 20000 / 32);
	assert_int_equal(said, UV_EAGAIN);
	assert_int_equal(total, 20000 / 16);
	assert_true(most <= 2);
}

/* Of one who has said much, a turn takes more, and still not all. */
static void small_records_of_a_busy_peer(void **state)
{
	static uint8_t big[16384];
	ssize_t said;
	size_t most, total;

	(void)state;
	for (int i = 0; i < 5; i++)
		put_record(RAW_DATA, big, sizeof(big));
	send_wire();
	read_in_turns(&said, &most, &total);
	assert_int_equal(total, 5 * sizeof(big));
	for (int i = 0; i < 20000; i++)
		put_record(RAW_DATA, "x", 1);
	send_wire();
	read_in_turns(&said, &most, &total);
	assert_int_equal(total, 20000);
	assert_true(most > 64 && most <= 512);
}

static void change_of_cipher_after_the_handshake(void **state)
{
	const uint8_t record[6] = {RAW_CHANGE_CIPHER, 3, 3, 0, 1, 1};

	(void)state;
	assert_int_equal(send(fds[0], record, sizeof(record), 0), sizeof(record));
	assert_int_equal(read_one(far, heard, sizeof(heard)), ERR_TLS);
}

/* A hello that comes in records of one byte each is read over many turns. */
static void hello_in_crumbs(void **state)
{
	uint8_t hello[4096];
	size_t len;
	unsigned turns = 0;
	BIO *out = BIO_new(BIO_s_mem());

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	raw_tls_open(&raw, fds[0]);
	SSL_set0_wbio(raw.ssl, out);
	SSL_do_handshake(raw.ssl);
	len = (size_t)BIO_read(out, hello, sizeof(hello));
	assert_true(len > 200 && len < sizeof(hello));
	for (size_t i = 5; i < len; i++) {
		const uint8_t crumb[6] = {RAW_HANDSHAKE, 3, 1, 0, 1, hello[i]};

		memcpy(wire + 6 * (i - 5), crumb, 6);
	}
	wire_len = 6 * (len - 5);
	send_wire();
	far = connection(&fds[1], server);
	tls_connection_set_staging(far, staging, received);
	while (queued(fds[0]) == 0) { /* the answer */
		assert_int_equal(tls_connection_handshake(far), UV_EAGAIN);
		assert_true(tls_connection_is_paused(far) || queued(fds[0]) > 0);
		turns++;
	}
	assert_true(turns >= (len - 5) / 32);
	leave_raw(state);
}

/* The header of a ClientHello, in records of so many bytes; what the server says to it. */
static int claim(size_t len, size_t crumb)
{
	const uint8_t header[4] = {1, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
	int said = UV_EAGAIN;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (size_t i = 0; i < sizeof(header); i += crumb) {
		const uint8_t record[5] = {RAW_HANDSHAKE, 3, 1, 0, (uint8_t)crumb};

		memcpy(wire + wire_len, record, sizeof(record));
		memcpy(wire + wire_len + sizeof(record), header + i, crumb);
		wire_len += sizeof(record) + crumb;
	}
	send_wire();
	far = connection(&fds[1], server);
	tls_connection_set_staging(far, staging, received);
	for (int i = 0; i < 10 && said == UV_EAGAIN; i++)
		said = tls_connection_handshake(far);
	tls_connection_free(far);
	close(fds[0]);
	close(fds[1]);
	return said;
}

static void hello_that_claims_to_be_long(void **state)
{
	(void)state;
	for (size_t crumb = 1; crumb <= 4; crumb *= 2) {
		assert_int_equal(claim(CLIENT_HELLO_HELLO_MAX, crumb), UV_EAGAIN);
		assert_int_equal(claim(CLIENT_HELLO_HELLO_MAX + 1, crumb), ERR_TOO_BIG);
		assert_int_equal(claim(131396, crumb), ERR_TOO_BIG);
	}
}

static void renegotiation_is_no_data_either(void **state)
{
	char *why;
	struct tls_context *old = tls_context_server_new(pair_crt, pair_key, NULL, true, &why);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int said = UV_EAGAIN;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fds[0]);
	far = connection(&fds[1], old);
	tls_connection_set_staging(far, staging, received);
	for (int i = 0; i < 10; i++) {
		SSL_connect(ssl);
		if (said)
			said = tls_connection_handshake(far);
	}
	assert_int_equal(said, 0);
	assert_int_equal(SSL_renegotiate(ssl), 1);
	SSL_do_handshake(ssl);
	assert_int_equal(read_one(far, heard, sizeof(heard)), ERR_PROTOCOL);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	tls_connection_free(far);
	tls_context_unref(old);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(keys_change_on_the_way, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(no_more_than_a_batch_in_hand, connect_pipes,
					    free_pipes),
	    cmocka_unit_test_setup_teardown(small_pieces_share_a_record, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(a_padded_write_is_as_long_as_wanted, connect_pipes,
					    free_pipes),
	    cmocka_unit_test_setup_teardown(pending_bytes_are_known, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(half_a_record_is_not_pending, connect_pipes,
					    free_pipes),
	    cmocka_unit_test_setup_teardown(altered_on_the_way, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(fault_known_from_elsewhere, connect_pipes, free_pipes),
	    cmocka_unit_test_setup_teardown(key_update_before_any_data, meet_raw, leave_raw),
	    cmocka_unit_test_setup_teardown(key_update_in_the_middle_of_a_greeting, meet_raw,
					    leave_raw),
	    cmocka_unit_test_setup_teardown(a_few_key_updates_are_allowed, meet_raw, leave_raw),
	    cmocka_unit_test_setup_teardown(many_key_updates_are_a_flood, meet_raw, leave_raw),
	    cmocka_unit_test_setup_teardown(records_of_one_byte_take_many_turns, meet_raw,
					    leave_raw),
	    cmocka_unit_test_setup_teardown(records_without_data_take_many_turns, meet_raw,
					    leave_raw),
	    cmocka_unit_test_setup_teardown(small_records_of_a_busy_peer, meet_raw, leave_raw),
	    cmocka_unit_test_setup_teardown(change_of_cipher_after_the_handshake, meet_raw,
					    leave_raw),
	    cmocka_unit_test(tickets_are_allowed_and_no_flood),
	    cmocka_unit_test(hello_in_crumbs),
	    cmocka_unit_test(hello_that_claims_to_be_long),
	    cmocka_unit_test(renegotiation_is_no_data_either),
	};

	int failed = cmocka_run_group_tests(tests, make_contexts, free_contexts);

	over_wire = true;
	return failed + cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
