/* Any JSON as HELLO, WELCOME and REFUSE. What is taken, written again and read again, is the
 * same. */
#include "shared/tunnel/hello_messages.h"
#include "tests/fuzz/json_mutator.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

const char *const json_mutator_keys[] = {
    "version", "role",    "program", "account",  "agent", "token",   "instance", "receive_budget",
    "probe",   "session", "epoch",   "taken",    "can",   "resumed", "grace_s",  "address",
    "time",    "code",    "reason",  "retry_ms", "later", "invite",  NULL};
const char *const json_mutator_values[] = {"\"alice\"",
					   "\"7\"",
					   "\"18446744073709551615\"",
					   "\"000102030405060708090a0b0c0d0e0f\"",
					   "\"busy\"",
					   "\"protocol\"",
					   "\"192.0.2.1\"",
					   "[\"host\",\"time\"]",
					   "\"host\"",
					   "1",
					   "120",
					   "16777216",
					   "true",
					   NULL};

#define READ_AND_AGAIN(type)                                                                       \
	do {                                                                                       \
		struct type once, twice;                                                           \
		if (type##_read(data, len, &once) < 0)                                             \
			break;                                                                     \
		buf_take(&b, buf_len(&b));                                                         \
		type##_write(&once, &b);                                                           \
		assert(frame_read(buf_data(&b), &f) == 0 && f.len == buf_len(&b) - FRAME_HEADER);  \
		assert(type##_read(buf_data(&b) + FRAME_HEADER, f.len, &twice) == 0);              \
		assert(!memcmp(&once, &twice, sizeof once));                                       \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf b = BUF_INIT;
	struct frame f;
	if (len > FRAME_HELLO_MAX)
		return 0;
	READ_AND_AGAIN(hello);
	READ_AND_AGAIN(welcome);
	READ_AND_AGAIN(refuse);
	buf_fini(&b);
	return 0;
}
