#include "relay/admin/metrics.h"

#include "shared/admin/metrics_text.h"

#include <jansson.h>
#include <string.h>

static const struct metrics_text_row of_quota[] = {
    {"groundnut_account_quota_bytes", "gauge", "What the account may carry a month.", NULL,
     "quota_bytes"},
    {"groundnut_account_quota_used_bytes", "gauge", "What of it is used in this month.", NULL,
     "quota_used"},
};

static void put_relay(struct buf *out, const json_t *status)
{
	const json_t *listeners = json_object_get(status, "listeners");
	size_t open = 0, count = json_array_size(listeners);
	for (size_t i = 0; i < count; i++) {
		const json_t *state = json_object_get(json_array_get(listeners, i), "state");
		const char *text = json_string_value(state);
		open += text && !strcmp(text, "open");
	}
	metrics_text_one(out, "groundnut_uptime_seconds", "Since the relay began.",
			 metrics_text_number(status, "uptime_s"));
	metrics_text_one(out, "groundnut_listeners", "What the relay itself listens on.",
			 (double)count);
	metrics_text_one(out, "groundnut_listeners_open", "How many of them are open.",
			 (double)open);
}

bool metrics_write(const char *status, size_t len, struct buf *out)
{
	json_t *root = json_loadb(status, len, 0, NULL);
	bool ok = json_is_object(root);
	if (ok) {
		put_relay(out, root);
		metrics_text_rows(out, of_quota, sizeof of_quota / sizeof *of_quota,
				  json_object_get(root, "quotas"));
		metrics_text_agents(out, json_object_get(root, "agents"));
	}
	json_decref(root);
	return ok;
}
