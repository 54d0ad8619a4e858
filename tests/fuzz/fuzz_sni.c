/* Any bytes as a ClientHello: read whole and read as it grows, the answer must be the same. */
#include "relay/doors/sni.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sni whole, grown;
	sni_init(&whole);
	sni_init(&grown);
	enum sni_result wanted = sni_read(&whole, data, len), got = SNI_MORE;
	for (size_t n = 0; n <= len && got == SNI_MORE; n += 1 + n / 16)
		got = sni_read(&grown, data, n);
	if (got == SNI_MORE)
		got = sni_read(&grown, data, len);
	assert(got == wanted);
	assert(!strcmp(whole.host, grown.host));
	assert(whole.alpn_len == grown.alpn_len && !memcmp(whole.alpn, grown.alpn, whole.alpn_len));
	assert((wanted == SNI_HOST) == (whole.host[0] != 0));
	sni_has_alpn(&whole, "groundnut/1");
	return 0;
}
