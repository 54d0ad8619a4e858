#include "shared/net/client_hello_writer.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

static void offer(SSL *ssl, const char *const *alpn)
{
	uint8_t wire[256];
	size_t len = 0;
	for (; *alpn; alpn++) {
		size_t word = strlen(*alpn);
		assert(word < 256 && len + 1 + word <= sizeof(wire));
		wire[len] = (uint8_t)word;
		memcpy(wire + len + 1, *alpn, word);
		len += 1 + word;
	}
	SSL_set_alpn_protos(ssl, wire, (unsigned)len);
}

void client_hello_writer_write(const char *host, const char *const *alpn, struct buf *out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *sent = BIO_new(BIO_s_mem());
	char *p;
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), sent); /* both are its own now */
	SSL_set_tlsext_host_name(ssl, host);
	offer(ssl, alpn);
	SSL_connect(ssl); /* says the first message, and waits for an answer in vain */
	long len = BIO_get_mem_data(sent, &p);
	buf_put(out, p, len > 0 ? (size_t)len : 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
}
