/* Any bytes as a ClientHello: read whole and read as it grows, the answer must be the same. */
#include "shared/net/client_hello.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct client_hello whole, grown;
	client_hello_init(&whole);
	client_hello_init(&grown);
	enum client_hello_result wanted = client_hello_read(&whole, data, len),
				 got = CLIENT_HELLO_MORE;
	for (size_t n = 0; n <= len && got == CLIENT_HELLO_MORE; n += 1 + n / 16)
		got = client_hello_read(&grown, data, n);
	if (got == CLIENT_HELLO_MORE)
		got = client_hello_read(&grown, data, len);
	assert(got == wanted);
	assert(!strcmp(whole.host, grown.host));
	assert(whole.alpn_len == grown.alpn_len && !memcmp(whole.alpn, grown.alpn, whole.alpn_len));
	assert((wanted == CLIENT_HELLO_HOST) == (whole.host[0] != 0));
	client_hello_has_alpn(&whole, "groundnut/1");
	return 0;
}
