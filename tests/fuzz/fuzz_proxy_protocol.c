/* Any bytes as a PROXY header: read whole and read as it grows, the answer must be the same, and
 * what is written again is read the same. */
#include "shared/net/proxy_protocol.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct proxy_header whole, grown;
	int wanted = proxy_protocol_read(data, len, &whole), got = 0;
	for (size_t n = 0; n <= len && got == 0; n++)
		got = proxy_protocol_read(data, n, &grown);
	assert(got == wanted);
	assert(wanted <= (int)len && wanted <= PROXY_PROTOCOL_READ_MAX);
	if (wanted <= 0 || !whole.stated)
		return 0;
	assert(whole.from.family && whole.to.family && !whole.from.scope && !whole.to.scope);
	for (unsigned version = 1; version <= 2; version++) {
		uint8_t again[PROXY_PROTOCOL_MAX];
		size_t size =
		    proxy_protocol_write(version, PROXY_TCP, &whole.from, &whole.to, NULL, again);
		assert(proxy_protocol_read(again, size, &grown) == (int)size);
		assert(addr_equal(&grown.from, &whole.from) && addr_equal(&grown.to, &whole.to));
	}
	return 0;
}
