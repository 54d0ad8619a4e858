/* Any bytes as HELLO, WELCOME or REFUSE (the first byte says which). What is taken, written again
 * and read again, is the same. */
#include "shared/tunnel/hello.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define READ_AND_AGAIN(type)                                                                       \
	do {                                                                                       \
		struct type once, twice;                                                           \
		if (type##_read(data + 1, len - 1, &once) < 0)                                     \
			break;                                                                     \
		type##_write(&once, &b);                                                           \
		assert(frame_read(buf_data(&b), &f) == 0 && f.len == buf_len(&b) - FRAME_HEADER);  \
		assert(type##_read(buf_data(&b) + FRAME_HEADER, f.len, &twice) == 0);              \
		assert(!memcmp(&once, &twice, sizeof once));                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf b = BUF_INIT;
	struct frame f;
	if (len == 0 || len > FRAME_HELLO_MAX)
		return 0;
	if (data[0] % 3 == 0)
		READ_AND_AGAIN(hello);
	else if (data[0] % 3 == 1)
		READ_AND_AGAIN(welcome);
	else
		READ_AND_AGAIN(refuse);
	buf_fini(&b);
	return 0;
}
