/* Whatever a client sends: the request is read or refused, and nothing that may not be published
 * ever is. Whatever a provider answers is read or refused. */
#include "relay/names/dyndns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dyndns_request r;
	const struct addr peer = {.family = 4, .ip = {11, 0, 0, 9}};
	struct http *h = http_new(HTTP_MESSAGE_REQUEST, 8192);
	if (http_input(h, data, size) == 1) {
		struct names_change change;
		char text[DYNDNS_TEXT];
		dyndns_read(h, &r);
		if (r.host_count > DYNDNS_HOSTS || r.item_count > DYNDNS_ITEMS)
			abort();
		dyndns_change(&r, &peer, &change, text);
		for (unsigned i = 0; i < 2; i++)
			if (change.set[i].family && (change.set[i].family != (i ? 6 : 4) ||
						     !addr_is_public(&change.set[i])))
				abort();
		if (strpbrk(text, "\r\n"))
			abort();
		dyndns_wipe(&r);
	}
	http_free(h);
	h = http_new(HTTP_MESSAGE_RESPONSE, 8192);
	if (http_input(h, data, size) == 0)
		http_end(h);
	size_t len;
	if (http_body(h, &len)[len] != 0 || len > 8192)
		abort();
	http_free(h);
	return 0;
}
