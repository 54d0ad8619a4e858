/*
 * OpenSSL writes into staging memory through bio_write(), which always takes everything: OpenSSL
 * never sees a full pipe, so SSL_write never has to be repeated. Every call from outside ends with
 * send_all(): one send of what was left from before (rest) and what was staged now.
 *
 * OpenSSL reads, record by record, what bio_read() has received many at a time into other staging
 * memory (in). Its own way of reading ahead moves all that is left in its buffer to the front for
 * each record, which is several copies of each byte. What is left there at the end of a call,
 * because its caller's memory was full, is kept (early).
 *
 * The work of one call is bounded by what bio_read() hands out, whatever OpenSSL makes of it: a
 * record of one byte, an empty one or an alert costs as much as one of a few KiB, and is two pieces
 * (its header, its body). When the pieces are used up, OpenSSL is told that there is nothing more,
 * wherever it is, and the call has paused. Messages that are not data cost twenty times as much
 * (a key update derives keys), so a few of them make it pause, too, and many of them end it.
 *
 * A ClientHello's length is looked at before OpenSSL sees it (struct greeting): it would reserve up
 * to 131 KB for one that is only claimed, for each stranger.
 *
 * What can go wrong: the descriptor fails (read_err, write_err from then on; fault is remembered
 * because Linux tells a reset only once, whoever asks first), OpenSSL gives up (ERR_TLS with its
 * reason), the peer sends messages that are not data too early (ERR_PROTOCOL) or too often
 * (ERR_FLOOD).
 */
#include "shared/net/tls_connection.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/token_bucket.h"
#include "shared/net/client_hello.h"
#include "shared/net/socket.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <uv.h>

enum {
	RECORD = 16384,
	RECORD_OVERHEAD = 128, /* more than any cipher of 1.2 or 1.3 adds */
	RECORD_LEAST = 1024,   /* a smaller remainder of a batch is not worth a record */
	/* received at once, however little is asked for; at most as much as is asked for, so that
	 * little is left over */
	IN_LEAST = 32768,
	YOUNG_READ = 16384, /* until the peer has shown more than a greeting, this much */
	YOUNG_BYTES = 64 * 1024,
	PIECES = 1024, /* that OpenSSL is given in one call */
	YOUNG_PIECES = 64,
	MESSAGES_CALL = 4, /* that are not data, in one call */
	MESSAGES_BURST = 32,
	MESSAGES_PER_S = 1,
	/* what OpenSSL holds for one connection, measured with 3.0 */
	SSL_HANDSHAKE = 48 * 1024,
	SSL_ESTABLISHED = 12 * 1024,
};

/* At a server, until the handshake is done: where the stream of records and of the messages in them
 * stands. */
struct greeting {
	uint8_t record[5], message[4]; /* headers, as far as they have come */
	unsigned record_len, message_len;
	size_t record_left, message_left; /* bytes of their bodies still to come */
	bool changed; /* a change of cipher has come: before TLS 1.3, all behind it is sealed */
};

struct tls_connection {
	SSL *ssl;
	struct tls_context *tls;
	struct tls_wire wire;
	int fd;           /* of a descriptor's wire */
	uint8_t *staging; /* on its way out; not ours between calls */
	size_t staged;
	uint8_t *in; /* received; not ours between calls */
	size_t in_start, in_end;
	size_t in_most; /* so much is received at once */
	/* ciphertext that the kernel did not take; NULL when there is none */
	uint8_t *rest;
	size_t rest_start, rest_end, rest_cap;
	size_t batch;
	/* received before this call, not yet given to OpenSSL; NULL when used up */
	uint8_t *early;
	size_t early_start, early_len;
	uint64_t read_bytes;    /* plaintext, until YOUNG_BYTES */
	uint32_t records;       /* written since the last key update */
	uint32_t rekey_records; /* that many bring the next */
	struct greeting greeting;
	size_t least;                /* the next write is no shorter on the wire; 0: it may be */
	bool dry;                    /* within one call: the descriptor has no more … */
	bool empty;                  /* … and has said so itself */
	bool eof;                    /* the descriptor's end */
	bool up;                     /* handshake done */
	bool finished;               /* close_notify is written */
	bool starved;                /* OpenSSL holds part of a record at most */
	bool paused;                 /* the last call was stopped by its bound */
	bool admitted;               /* messages that are not data are allowed */
	unsigned pieces;             /* left in this call */
	unsigned messages;           /* that are not data, since the last read ended */
	struct token_bucket allowed; /* … and how many there may be */
	int fault;                   /* first error of the descriptor */
	int read_err, write_err;     /* what every further read, write gives */
	char *detail;                /* words for a person, or NULL */
};

static void note_fault(struct tls_connection *t, int err)
{
	if (t->fault == 0)
		t->fault = err;
}

static int take_early(struct tls_connection *t, char *p, int len)
{
	size_t n = t->early_len - t->early_start;

	if (n > (size_t)len)
		n = (size_t)len;
	memcpy(p, t->early + t->early_start, n);
	t->early_start += n;
	if (t->early_start == t->early_len) {
		mem_free(t->early);
		t->early = NULL;
	}
	return (int)n;
}

static int take_in(struct tls_connection *t, char *p, int len)
{
	size_t n = t->in_end - t->in_start;

	if (n > (size_t)len)
		n = (size_t)len;
	memcpy(p, t->in + t->in_start, n);
	t->in_start += n;
	return (int)n;
}

/* Keeps what OpenSSL has not taken for the next call. */
static void keep_in(struct tls_connection *t)
{
	if (t->in_start == t->in_end)
		return;
	assert(!t->early); /* it is given first */
	t->early_start = 0;
	t->early_len = t->in_end - t->in_start;
	t->early = mem_dup(t->in + t->in_start, t->early_len);
	t->in_start = t->in_end;
}

/* One byte of a message in plain text; false: it claims to be too long. */
static bool greet_message(struct greeting *g, uint8_t byte)
{
	if (g->message_left > 0) {
		g->message_left--;
		return true;
	}
	g->message[g->message_len++] = byte;
	if (g->message_len < sizeof(g->message))
		return true;
	g->message_len = 0;
	g->message_left = (size_t)g->message[1] << 16 | (size_t)g->message[2] << 8 | g->message[3];
	return g->message_left <= CLIENT_HELLO_HELLO_MAX;
}

static bool greet(struct greeting *g, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (g->record_left > 0) {
			g->record_left--;
			if (g->record[0] == SSL3_RT_HANDSHAKE && !greet_message(g, p[i]))
				return false;
			continue;
		}
		g->record[g->record_len++] = p[i];
		if (g->record_len < sizeof(g->record))
			continue;
		g->record_len = 0;
		g->changed |= g->record[0] == SSL3_RT_CHANGE_CIPHER_SPEC;
		g->record_left = (size_t)g->record[3] << 8 | g->record[4];
	}
	return true;
}

/* What OpenSSL is given: it asks for a record's header, then for its body. */
static int give(struct tls_connection *t, const char *p, int n)
{
	bool sealed = t->greeting.changed && SSL_version(t->ssl) < TLS1_3_VERSION;

	if (t->up || sealed || !tls_context_is_server(t->tls) ||
	    greet(&t->greeting, (const uint8_t *)p, (size_t)n))
		return n;
	t->read_err = ERR_TOO_BIG;
	return -1;
}

/* 0 at the end, -1 with the retry flag when there is nothing now, -1 without on an error. */
static int bio_read(BIO *bio, char *p, int len)
{
	struct tls_connection *t = BIO_get_data(bio);
	ssize_t n;

	BIO_clear_retry_flags(bio);
	if (t->pieces == 0) {
		t->paused = true;
		BIO_set_retry_read(bio);
		return -1;
	}
	t->pieces--;
	if (t->early)
		return give(t, p, take_early(t, p, len));
	if (t->in_start < t->in_end)
		return give(t, p, take_in(t, p, len));
	if (t->dry) {
		BIO_set_retry_read(bio);
		return -1;
	}
	n = t->wire.receive(t->wire.arg, t->in, t->in_most);
	if (n > 0) {
		/* A short read says the queue is empty. The kernel will tell of more, but not after
		 * an error. */
		t->dry = (size_t)n < t->in_most && t->fault == 0;
		t->in_start = 0;
		t->in_end = (size_t)n;
		return give(t, p, take_in(t, p, len));
	}
	if (n == UV_EAGAIN) {
		t->dry = t->empty = true;
		BIO_set_retry_read(bio);
		return -1;
	}
	if (n < 0)
		note_fault(t, (int)n);
	/* EPIPE is a reset after the end had come, and that end is still true. */
	if (t->fault != 0 && (n < 0 || t->fault != UV_EPIPE)) {
		t->read_err = t->fault;
		return -1;
	}
	t->eof = true;
	return 0;
}

static void keep(struct tls_connection *t, const uint8_t *p, size_t len)
{
	size_t have = t->rest_end - t->rest_start;

	if (len == 0)
		return;
	if (t->rest_start > 0 && t->rest_cap - t->rest_end < len) {
		memmove(t->rest, t->rest + t->rest_start, have);
		t->rest_start = 0;
		t->rest_end = have;
	}
	if (t->rest_cap - t->rest_end < len) {
		t->rest_cap = have + len;
		t->rest = mem_resize(t->rest, t->rest_cap);
	}
	memcpy(t->rest + t->rest_end, p, len);
	t->rest_end += len;
}

static void drop_rest(struct tls_connection *t)
{
	mem_free(t->rest);
	t->rest = NULL;
	t->rest_start = t->rest_end = t->rest_cap = 0;
}

size_t tls_connection_in_hand(const struct tls_connection *t)
{
	return t->rest_end - t->rest_start;
}

static int bio_write(BIO *bio, const char *p, int len)
{
	struct tls_connection *t = BIO_get_data(bio);
	size_t n = (size_t)len;

	BIO_clear_retry_flags(bio);
	/* it answers a key update; after close_notify nobody wants the answer, and a FIN may have
	 * left */
	if (t->finished)
		return len;
	if (t->write_err != 0)
		return -1;
	if (t->staged + n > TLS_CONNECTION_STAGING) {
		keep(t, t->staging, t->staged);
		t->staged = 0;
	}
	assert(n <= TLS_CONNECTION_STAGING);
	memcpy(t->staging + t->staged, p, n);
	t->staged += n;
	return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *p)
{
	const struct tls_connection *t = BIO_get_data(bio);

	(void)number, (void)p;
	if (command == BIO_CTRL_FLUSH)
		return 1;
	return command == BIO_CTRL_EOF && t->eof && !t->early;
}

static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls_connection");
	assert(method);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

static void on_message(int written, int version, int type, const void *p, size_t len, SSL *ssl,
		       void *arg)
{
	struct tls_connection *t = arg;

	(void)version, (void)p, (void)len, (void)ssl;
	if (!written && type == SSL3_RT_HANDSHAKE && t->up)
		t->messages++;
}

static ssize_t receive_from_fd(void *arg, void *p, size_t len)
{
	const struct tls_connection *t = arg;
	ssize_t n;

	do {
		n = recv(t->fd, p, len, 0);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK ? UV_EAGAIN : -errno;
}

static ssize_t send_to_fd(void *arg, const struct iovec *iov, int count)
{
	const struct tls_connection *t = arg;

	return socket_send(t->fd, iov, count);
}

struct tls_connection *tls_connection_new(int fd, struct tls_context *tls, const char *host,
					  const void *early, size_t early_len)
{
	static const struct tls_wire to_fd = {receive_from_fd, send_to_fd, NULL};
	struct tls_connection *t = tls_connection_over(&to_fd, tls, host, early, early_len);

	t->wire.arg = t;
	t->fd = fd;
	return t;
}

struct tls_connection *tls_connection_over(const struct tls_wire *wire, struct tls_context *tls,
					   const char *host, const void *early, size_t early_len)
{
	static uv_once_t once = UV_ONCE_INIT;
	struct tls_connection *t = mem_zalloc(sizeof(*t));
	BIO *bio;

	uv_once(&once, make_method);
	t->wire = *wire;
	t->fd = -1;
	t->tls = tls_context_ref(tls);
	t->ssl = tls_context_open(tls, host);
	t->batch = TLS_CONNECTION_BATCH_MAX;
	t->rekey_records = TLS_CONNECTION_REKEY_RECORDS;
	token_bucket_init(&t->allowed, MESSAGES_PER_S, MESSAGES_BURST, 0);
	if (early_len > 0) {
		t->early = mem_dup(early, early_len);
		t->early_len = early_len;
	}
	bio = BIO_new(method);
	assert(bio);
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_msg_callback(t->ssl, on_message);
	SSL_set_msg_callback_arg(t->ssl, t);
	/* servers send session tickets before their first data */
	t->admitted = !tls_context_is_server(tls);
	return t;
}

void tls_connection_free(struct tls_connection *t)
{
	if (!t)
		return;
	tls_context_close(t->ssl);
	tls_context_unref(t->tls);
	drop_rest(t);
	mem_free(t->early);
	mem_free(t->detail);
	mem_free(t);
}

void tls_connection_set_staging(struct tls_connection *t, uint8_t *out, uint8_t *in)
{
	t->staging = out;
	t->in = in;
}

static void begin(struct tls_connection *t)
{
	ERR_clear_error();
	t->staged = 0;
	t->dry = t->empty = t->paused = false;
	t->in_start = t->in_end = 0;
	t->in_most = YOUNG_READ;
	t->pieces = t->read_bytes < YOUNG_BYTES ? YOUNG_PIECES : PIECES;
}

/* Whether OpenSSL could be given more without asking the descriptor. */
static bool has_in(const struct tls_connection *t)
{
	return t->early || t->in_start < t->in_end;
}

/* n bytes of what is in hand have left. */
static void sent(struct tls_connection *t, size_t n)
{
	size_t from_rest = tls_connection_in_hand(t);

	if (n < from_rest) {
		t->rest_start += n;
		keep(t, t->staging, t->staged);
	} else {
		n -= from_rest;
		drop_rest(t);
		keep(t, t->staging + n, t->staged - n);
	}
	t->staged = 0;
}

/* Sends everything in hand, once. */
static int send_all(struct tls_connection *t)
{
	struct iovec iov[2] = {
	    {t->rest + t->rest_start, tls_connection_in_hand(t)},
	    {t->staging, t->staged},
	};
	int first = iov[0].iov_len == 0;
	ssize_t n;

	if (iov[0].iov_len + iov[1].iov_len == 0)
		return t->write_err;
	n = t->wire.send(t->wire.arg, iov + first, (iov[1].iov_len > 0) + 1 - first);
	if (n < 0 && n != UV_EAGAIN) {
		note_fault(t, (int)n);
		if (t->write_err == 0)
			t->write_err = (int)n;
		t->staged = 0;
		drop_rest(t);
		return t->write_err;
	}
	sent(t, n > 0 ? (size_t)n : 0);
	if (t->write_err != 0)
		return t->write_err;
	return tls_connection_in_hand(t) > 0 ? UV_EAGAIN : 0;
}

static void set_detail(struct tls_connection *t, char *words)
{
	mem_free(t->detail);
	t->detail = words;
}

/* What a failed call of OpenSSL means; never 0. */
static int why_failed(struct tls_connection *t, int result)
{
	const char *reason;
	char *words = NULL;
	int kind = SSL_get_error(t->ssl, result), err;

	if (kind == SSL_ERROR_WANT_READ)
		return UV_EAGAIN;
	if (t->read_err != 0)
		return t->read_err;
	if (t->write_err != 0)
		return t->write_err;
	if (kind == SSL_ERROR_ZERO_RETURN || (kind == SSL_ERROR_SYSCALL && t->eof))
		return ERR_CLOSED;
	err = t->up ? 0 : tls_context_verdict(t->ssl, &words);
	if (err == 0) {
		err = ERR_TLS;
		reason = ERR_reason_error_string(ERR_peek_error());
		words = mem_strdup(reason ? reason : "unknown");
	}
	set_detail(t, words);
	ERR_clear_error();
	return err;
}

static int check_alpn(struct tls_connection *t)
{
	const char *want = tls_context_alpn(t->tls);
	const unsigned char *got;
	unsigned len;

	SSL_get0_alpn_selected(t->ssl, &got, &len);
	if (!want || (len == strlen(want) && memcmp(got, want, len) == 0))
		return 0;
	set_detail(t, mem_printf("the other side does not speak %s", want));
	return ERR_TLS;
}

int tls_connection_handshake(struct tls_connection *t)
{
	int result, err;

	begin(t);
	result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		t->up = true;
		err = check_alpn(t);
	} else {
		err = why_failed(t, result);
	}
	keep_in(t);
	send_all(t); /* a failure's alert too; if it cannot leave, reading tells why */
	if (err != 0 && err != UV_EAGAIN)
		t->read_err = t->write_err = err;
	return err;
}

/* OpenSSL has stopped after a message that is not data (it does without AUTO_RETRY). 0: go on. */
static int judge_message(struct tls_connection *t, bool is_first)
{
	if (is_first && !t->admitted) {
		set_detail(t, mem_strdup("a TLS message came that is neither handshake nor data"));
		return ERR_PROTOCOL;
	}
	t->paused = t->messages >= MESSAGES_CALL && (has_in(t) || !t->dry);
	return t->paused ? UV_EAGAIN : 0;
}

/* Reads until len is full or OpenSSL has nothing whole; *why is then what it said. */
static size_t gather(struct tls_connection *t, uint8_t *p, size_t len, int *why)
{
	size_t got = 0;

	*why = 0;
	t->starved = false;
	while (got < len) {
		size_t n = 0;
		unsigned messages = t->messages;
		int result = SSL_read_ex(t->ssl, p + got, len - got, &n);

		if (result != 1) {
			*why = why_failed(t, result);
			if (*why == UV_EAGAIN && t->messages > messages)
				*why = judge_message(t, got == 0);
			if (*why == 0)
				continue;
			t->starved = true;
			break;
		}
		got += n;
		/* asking again would cost as much, and give the same answer */
		if (got < len && t->dry && !has_in(t) && !SSL_has_pending(t->ssl)) {
			*why = UV_EAGAIN;
			t->starved = true;
			break;
		}
	}
	return got;
}

ssize_t tls_connection_read(struct tls_connection *t, void *p, size_t len, uint64_t now_ms)
{
	size_t got;
	int why;

	if (t->read_err != 0)
		return t->read_err == ERR_CLOSED ? 0 : t->read_err;
	begin(t);
	if (t->read_bytes >= YOUNG_BYTES)
		t->in_most = len < IN_LEAST                 ? IN_LEAST
			     : len < TLS_CONNECTION_STAGING ? len
							    : TLS_CONNECTION_STAGING;
	got = gather(t, p, len, &why);
	keep_in(t);
	send_all(t);
	if (t->read_bytes < YOUNG_BYTES)
		t->read_bytes += got;
	if (t->messages > 0 && !token_bucket_try(&t->allowed, t->messages, now_ms))
		why = ERR_FLOOD;
	t->messages = 0;
	if (why == ERR_FLOOD || why == ERR_PROTOCOL)
		t->write_err = why;
	if (why != 0 && why != UV_EAGAIN)
		t->read_err = why;
	if (got > 0)
		return (ssize_t)got;
	return why == ERR_CLOSED ? 0 : why;
}

bool tls_connection_is_empty(const struct tls_connection *t)
{
	return t->empty;
}

bool tls_connection_is_dry(const struct tls_connection *t)
{
	return t->dry;
}

bool tls_connection_is_paused(const struct tls_connection *t)
{
	return t->paused;
}

bool tls_connection_has_pending(const struct tls_connection *t)
{
	return t->early || t->paused || t->read_err != 0 ||
	       (!t->starved && SSL_has_pending(t->ssl));
}

void tls_connection_admit(struct tls_connection *t)
{
	t->admitted = true;
}

struct cursor {
	const struct iovec *iov;
	int count;
	size_t off; /* into the first */
};

static void skip(struct cursor *c, size_t len)
{
	c->off += len;
	while (c->count > 0 && c->off >= c->iov->iov_len) {
		c->off -= c->iov->iov_len;
		c->iov++;
		c->count--;
	}
}

/* Takes up to max bytes for the next record: in place, or joined in scratch when they lie in small
 * pieces. */
static const uint8_t *next_piece(struct cursor c, size_t max, uint8_t *scratch, size_t *len)
{
	size_t n = c.iov->iov_len - c.off;

	if (n >= max || c.count == 1) {
		*len = n < max ? n : max;
		return (const uint8_t *)c.iov->iov_base + c.off;
	}
	for (*len = 0; c.count > 0 && *len < max; skip(&c, n)) {
		n = c.iov->iov_len - c.off;
		if (n > max - *len)
			n = max - *len;
		memcpy(scratch + *len, (const uint8_t *)c.iov->iov_base + c.off, n);
		*len += n;
	}
	return scratch;
}

static void count_record(struct tls_connection *t)
{
	if (++t->records < t->rekey_records)
		return;
	t->records = 0;
	/* It is written at once: later it would stand in the way of close_notify. */
	if (SSL_version(t->ssl) == TLS1_3_VERSION &&
	    SSL_key_update(t->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1)
		SSL_do_handshake(t->ssl);
}

/* How much plaintext one more record may hold within the batch; 0 when the batch is full. */
static size_t room_for_record(const struct tls_connection *t, size_t left)
{
	size_t used = tls_connection_in_hand(t) + t->staged + RECORD_OVERHEAD;
	size_t room = used < t->batch ? t->batch - used : 0;

	if (room > RECORD)
		room = RECORD;
	return room < left && room < RECORD_LEAST ? 0 : room;
}

/* The padded record is the only one, and there is room for it. */
static void begin_padding(struct tls_connection *t, size_t total)
{
	if (total < t->least && tls_connection_in_hand(t) + t->staged == 0)
		SSL_set_block_padding(t->ssl, t->least);
}

static void end_padding(struct tls_connection *t)
{
	if (t->least)
		SSL_set_block_padding(t->ssl, 1); /* is none */
	t->least = 0;
}

ssize_t tls_connection_writev(struct tls_connection *t, const struct iovec *iov, int count)
{
	struct cursor c = {iov, count, 0};
	uint8_t scratch[RECORD];
	size_t total = 0, taken = 0;

	if (t->write_err != 0)
		return t->write_err;
	if (t->finished)
		return UV_EPIPE;
	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	begin(t);
	begin_padding(t, total);
	skip(&c, 0);
	while (taken < total && t->write_err == 0) {
		size_t len, n = 0, room = room_for_record(t, total - taken);
		const uint8_t *p;
		int result;

		if (room == 0)
			break;
		p = next_piece(c, room, scratch, &len);
		result = SSL_write_ex(t->ssl, p, len, &n);
		if (result != 1) {
			t->write_err = why_failed(t, result);
			/* The peer has sent half a handshake message, and OpenSSL wants the other
			 * half first. */
			if (t->write_err == UV_EAGAIN)
				t->write_err = ERR_PROTOCOL;
			break;
		}
		count_record(t);
		skip(&c, n);
		taken += n;
	}
	end_padding(t);
	keep_in(t); /* it reads when the peer has begun a handshake message */
	send_all(t);
	return t->write_err != 0 ? t->write_err : (ssize_t)taken;
}

int tls_connection_flush(struct tls_connection *t)
{
	t->staged = 0;
	return send_all(t);
}

int tls_connection_finish(struct tls_connection *t)
{
	if (t->write_err != 0)
		return t->write_err;
	begin(t);
	if (!t->finished)
		SSL_shutdown(t->ssl); /* 0: ours is said, theirs has not come; both fine */
	t->finished = true;
	keep_in(t);
	return send_all(t);
}

void tls_connection_pad(struct tls_connection *t, size_t bytes)
{
	t->least = bytes;
}

void tls_connection_set_batch(struct tls_connection *t, size_t bytes)
{
	if (bytes < TLS_CONNECTION_BATCH_MIN)
		bytes = TLS_CONNECTION_BATCH_MIN;
	t->batch = bytes > TLS_CONNECTION_BATCH_MAX ? TLS_CONNECTION_BATCH_MAX : bytes;
}

size_t tls_connection_room(const struct tls_connection *t)
{
	size_t used = tls_connection_in_hand(t), free = used < t->batch ? t->batch - used : 0;
	size_t overhead = (free / RECORD + 1) * RECORD_OVERHEAD + RECORD_LEAST;

	return free > overhead ? free - overhead : 0;
}

size_t tls_connection_memory(const struct tls_connection *t)
{
	return (t->up ? SSL_ESTABLISHED : SSL_HANDSHAKE) + t->rest_cap +
	       (t->early ? t->early_len : 0);
}

void tls_connection_keep_buffers(struct tls_connection *t, bool keep)
{
	if (keep) {
		SSL_clear_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
	} else {
		SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
		/* if something is left in them, the next read or write lets go */
		SSL_free_buffers(t->ssl);
	}
}

void tls_connection_set_rekey(struct tls_connection *t, uint32_t records)
{
	t->rekey_records = records;
}

void tls_connection_set_fault(struct tls_connection *t, int err)
{
	note_fault(t, err);
}

int tls_connection_fault(const struct tls_connection *t)
{
	return t->fault;
}

bool tls_connection_peer(const struct tls_connection *t, char pin[TLS_CONTEXT_PIN_TEXT])
{
	return tls_context_peer(t->ssl, pin);
}

const char *tls_connection_detail(const struct tls_connection *t)
{
	return t->detail ? t->detail : "";
}
