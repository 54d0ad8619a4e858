/* Any JSON as REPORT, and as both kinds of PROBE. What is taken is whole, and written and read
 * again it is the same; what is not leaves nothing behind but a reason. */
#include "shared/tunnel/reachability_probe.h"
#include "shared/tunnel/report_message.h"
#include "tests/fuzz/json_mutator.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

const char *const json_mutator_keys[] = {"mappings", "id",     "reachable", "target", "certificate",
					 "state",    "error",  "checked",   "since",  "not_after",
					 "next_try", "number", "mapping",   "port",   "nonce",
					 "later",    NULL};
const char *const json_mutator_values[] = {
    "\"yes\"",
    "\"no\"",
    "\"Up!\"",
    "{\"state\":\"up\"}",
    "{\"id\":1}",
    "{\"id\":2,\"target\":{\"state\":\"down\",\"error\":\"x\"}}",
    "\"a102030405060708090a0b0c0d0e0f10\"",
    "9007199254740992",
    "1",
    "0",
    "[{}]",
    "{}",
    NULL};

static void check_report(const struct report *once)
{
	struct buf b = BUF_INIT;
	struct report twice;
	char why[256];
	struct json w = json_into(&b, false);
	json_open(&w, NULL, '{');
	json_open(&w, "mappings", '[');
	for (size_t i = 0; i < once->count; i++)
		report_write_mapping(&once->mappings[i], &w);
	json_close(&w);
	json_close(&w);
	assert(report_read(buf_str(&b), buf_len(&b), &twice, why) == 0);
	assert(twice.count == once->count);
	for (size_t i = 0; i < once->count; i++)
		for (int k = 0; k < REPORT_PART_COUNT; k++) {
			assert(once->mappings[i].has[k] == twice.mappings[i].has[k]);
			assert(report_part_same(&once->mappings[i].parts[k],
						&twice.mappings[i].parts[k]));
		}
	report_fini(&twice);
	buf_fini(&b);
}

static void check_ask(const struct reachability_probe_ask *once)
{
	struct buf b = BUF_INIT;
	struct reachability_probe_ask twice;
	char why[256];
	reachability_probe_ask_write(once, &b);
	assert(buf_len(&b) <= 1024);
	assert(reachability_probe_ask_read(buf_str(&b), buf_len(&b), &twice, why) == 0);
	assert(!memcmp(once->nonce, twice.nonce, REACHABILITY_PROBE_NONCE) &&
	       once->number == twice.number && once->mapping == twice.mapping &&
	       once->port == twice.port);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct report r;
	struct reachability_probe_ask ask;
	struct reachability_probe_answer answer;
	char why[256] = "";
	if (report_read((const char *)data, len, &r, why) == 0)
		check_report(&r);
	else
		assert(why[0] && !r.mappings);
	report_fini(&r);
	if (reachability_probe_ask_read((const char *)data, len, &ask, why) == 0)
		check_ask(&ask);
	if (reachability_probe_answer_read((const char *)data, len, &answer, why) == 0)
		assert(answer.number && memchr(answer.error, 0, sizeof answer.error));
	return 0;
}
