/* Whatever a client sends: the request is read or refused, and nothing that may not be published
 * ever is. Whatever a provider answers is read or refused. */
#include "relay/names/ddns_request.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ddns_request r;
	const struct addr peer = {.family = 4, .ip = {11, 0, 0, 9}};
	struct http_message *h = http_message_new(HTTP_MESSAGE_REQUEST, 8192);
	if (http_message_input(h, data, size) == 1) {
		struct name_registry_change change;
		char text[DDNS_REQUEST_TEXT];
		ddns_request_read(h, &r);
		if (r.host_count > DDNS_REQUEST_HOSTS || r.item_count > DDNS_REQUEST_ITEMS)
			abort();
		ddns_request_change(&r, &peer, &change, text);
		for (unsigned i = 0; i < 2; i++)
			if (change.set[i].family && (change.set[i].family != (i ? 6 : 4) ||
						     !addr_is_public(&change.set[i])))
				abort();
		if (strpbrk(text, "\r\n"))
			abort();
		ddns_request_wipe(&r);
	}
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_RESPONSE, 8192);
	if (http_message_input(h, data, size) == 0)
		http_message_end(h);
	size_t len;
	if (http_message_body(h, &len)[len] != 0 || len > 8192)
		abort();
	http_message_free(h);
	return 0;
}
