/*
 * The floor under tunnels that encrypt in user space: bare open PORT TARGET_PORT, and in front of
 * it bare seal PORT TARGET_PORT with the first one's port as its target. Each listens on loopback
 * (PORT 0: anywhere), prints its port, and carries each connection to TARGET_PORT; between the two
 * the bytes are sealed. Nothing is done but recv, AES-128-GCM and send: there is no mux, no
 * handshake, no window, nothing to resume.
 *
 * A direction of a connection is a thread that blocks in recv or in send. What one recv gave is cut
 * into records, or all records that are now whole are opened, from one buffer straight into the
 * other, and one send takes it on. A record is the length of its text (u32), the sealed text, and
 * the tag; its number is the nonce.
 *
 * The end of input is passed on and leaves the other direction as it is. A connection that breaks,
 * or ends within a record, takes both directions with it. What cannot be opened ends the program
 * with 3. All connections have one key that everybody knows: nothing is kept secret here, it only
 * costs what that costs.
 */
#include "gauge.h"

#include <fcntl.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TEXT = 16 * 1024, /* what a record holds at most */
	HEAD = 4,
	TAG = 16,
	/* received at once: 128 KiB cost 5 % more processor time, 64 KiB 14 %, and 512 no less */
	PIECE = 256 * 1024,
	SEALED = PIECE / TEXT * (HEAD + TEXT + TAG),
	STACK = 256 * 1024,
};

struct lane {
	struct pair *pair;
	EVP_CIPHER_CTX *aes;
	int from, to;
	bool seals;       /* or opens */
	uint64_t records; /* so far: the nonce of the next */
	uint8_t in[SEALED], out[SEALED];
};

struct pair {
	_Atomic int running; /* lanes */
	struct lane lanes[2];
};

static _Noreturn void wrong(const char *what)
{
	fprintf(stderr, "bare: %s\n", what);
	exit(3);
}

static void begin_record(struct lane *l)
{
	uint8_t nonce[12] = {0};
	memcpy(nonce, &l->records, sizeof l->records);
	l->records++;
	if (EVP_CipherInit_ex(l->aes, NULL, NULL, NULL, nonce, -1) != 1)
		wrong("no nonce");
}

/* All of it, which fits; gives the length of the records. */
static size_t seal(struct lane *l, size_t len)
{
	uint8_t *to = l->out;
	for (const uint8_t *p = l->in, *end = p + len; p < end;) {
		uint32_t text = end - p < TEXT ? (uint32_t)(end - p) : TEXT;
		int n, none;
		memcpy(to, &text, HEAD);
		begin_record(l);
		if (EVP_EncryptUpdate(l->aes, to + HEAD, &n, p, (int)text) != 1 ||
		    EVP_EncryptFinal_ex(l->aes, to + HEAD + n, &none) != 1 ||
		    EVP_CIPHER_CTX_ctrl(l->aes, EVP_CTRL_AEAD_GET_TAG, TAG, to + HEAD + text) != 1)
			wrong("cannot seal");
		p += text;
		to += HEAD + text + TAG;
	}
	return (size_t)(to - l->out);
}

/* All records that are whole; gives the length of their text, and in len what is left, which is
 * moved to the front. */
static size_t unseal(struct lane *l, size_t *len)
{
	uint8_t *p = l->in, *end = p + *len, *to = l->out;
	uint32_t text;
	int n, none;
	while (end - p >= HEAD) {
		memcpy(&text, p, HEAD);
		if (text > TEXT)
			wrong("no record");
		if (end - p < HEAD + (ptrdiff_t)text + TAG)
			break;
		begin_record(l);
		if (EVP_DecryptUpdate(l->aes, to, &n, p + HEAD, (int)text) != 1 ||
		    EVP_CIPHER_CTX_ctrl(l->aes, EVP_CTRL_AEAD_SET_TAG, TAG, p + HEAD + text) != 1 ||
		    EVP_DecryptFinal_ex(l->aes, to + n, &none) != 1)
			wrong("wrong tag");
		p += HEAD + text + TAG;
		to += text;
	}
	*len = (size_t)(end - p);
	memmove(l->in, p, *len);
	return (size_t)(to - l->out);
}

static bool send_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* True at a good end of input. */
static bool carry(struct lane *l)
{
	size_t left = 0; /* of a record that is not yet whole */
	for (;;) {
		ssize_t n = recv(l->from, l->in + left, (l->seals ? PIECE : SEALED) - left, 0);
		if (n <= 0)
			return n == 0 && left == 0;
		left += (size_t)n;
		size_t len = l->seals ? seal(l, left) : unseal(l, &left);
		if (l->seals)
			left = 0;
		if (!send_all(l->to, l->out, len))
			return false;
	}
}

static void *run(void *arg)
{
	struct lane *l = arg;
	struct pair *p = l->pair;
	if (carry(l)) {
		shutdown(l->to, SHUT_WR);
	} else {
		shutdown(l->from, SHUT_RDWR);
		shutdown(l->to, SHUT_RDWR);
	}
	if (atomic_fetch_sub(&p->running, 1) > 1)
		return NULL;
	close(l->from);
	close(l->to);
	for (int i = 0; i < 2; i++)
		EVP_CIPHER_CTX_free(p->lanes[i].aes);
	free(p);
	return NULL;
}

static void prepare(struct lane *l, struct pair *p, int from, int to, bool seals)
{
	static const uint8_t key[16] = "known to anybody";
	int on = 1;
	setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	l->pair = p;
	l->from = from;
	l->to = to;
	l->seals = seals;
	l->records = 0;
	l->aes = EVP_CIPHER_CTX_new();
	if (EVP_CipherInit_ex(l->aes, EVP_aes_128_gcm(), NULL, key, NULL, seals) != 1)
		wrong("no AES-128-GCM");
}

static void carry_both(int near, int far, bool seals, const pthread_attr_t *small)
{
	struct pair *p = malloc(sizeof *p);
	pthread_t thread;
	if (!p)
		gauge_die("memory");
	p->running = 2;
	prepare(&p->lanes[0], p, near, far, seals);
	prepare(&p->lanes[1], p, far, near, !seals);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread, small, run, &p->lanes[i]) != 0)
			gauge_die("thread");
}

int main(int argc, char **argv)
{
	pthread_attr_t small;
	int near;
	if (argc != 4 || (strcmp(argv[1], "seal") != 0 && strcmp(argv[1], "open") != 0)) {
		fputs("bare seal|open PORT TARGET_PORT\n", stderr);
		return 2;
	}
	gauge_init("bare");
	/* Buffers of connections that are over serve the next ones, without page faults. */
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	struct sockaddr_in to = gauge_loopback((uint16_t)atoi(argv[3]));
	int listener = gauge_listen(SOCK_STREAM, (uint16_t)atoi(argv[2]));
	fcntl(listener, F_SETFL, 0);
	while ((near = accept(listener, NULL, NULL)) >= 0) {
		int far = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(far, (struct sockaddr *)&to, sizeof to) == 0) {
			carry_both(near, far, argv[1][0] == 's', &small);
			continue;
		}
		close(near);
		close(far);
	}
	gauge_die("accept");
}
