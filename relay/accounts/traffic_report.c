#include "relay/accounts/traffic_report.h"

#include "relay/accounts/quota.h"
#include "shared/base/json.h"

#include <sqlite3.h>

enum { BUSY_MS = 5000 };

#define SELECT(what, group)                                                                        \
	"SELECT day, " what ", SUM(bytes_in), SUM(bytes_out) FROM traffic WHERE day BETWEEN ?1 "   \
	"AND ?2 AND (?3 = '' OR account = ?3) AND (?4 = '' OR mapping = ?4) GROUP BY " group

static const char *const sql[] = {
    [TRAFFIC_BY_DAY] = SELECT("'', ''", "day"),
    [TRAFFIC_BY_ACCOUNT] = SELECT("account, ''", "day, account"),
    [TRAFFIC_BY_MAPPING] = SELECT("account, mapping", "day, account, mapping"),
};

struct row {
	char date[QUOTA_DATE];
	const char *account, *mapping; /* "": all of them together */
	uint64_t in, out;
};

static void put_json(const struct row *r, struct json *w)
{
	json_open(w, NULL, '{');
	json_str(w, "day", r->date);
	if (*r->account)
		json_str(w, "account", r->account);
	if (*r->mapping)
		json_str(w, "mapping", r->mapping);
	json_uint(w, "bytes_in", r->in);
	json_uint(w, "bytes_out", r->out);
	json_close(w);
}

static void put_csv(const struct row *r, struct buf *out)
{
	buf_printf(out, "%s,%s,%s,%llu,%llu\r\n", r->date, r->account, r->mapping,
		   (unsigned long long)r->in, (unsigned long long)r->out);
}

/* A broken file may hold anything. */
static const char *text_at(sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);
	return text ? text : "";
}

static const char *write_rows(const struct traffic_report *r, sqlite3_stmt *q, struct buf *out,
			      struct json *w)
{
	unsigned rows = 0;
	int status;
	while ((status = sqlite3_step(q)) == SQLITE_ROW) {
		struct row row = {.account = text_at(q, 1),
				  .mapping = text_at(q, 2),
				  .in = (uint64_t)sqlite3_column_int64(q, 3),
				  .out = (uint64_t)sqlite3_column_int64(q, 4)};
		quota_date(sqlite3_column_int64(q, 0), row.date);
		if (++rows > TRAFFIC_REPORT_ROWS)
			return "more than 100,000 rows: ask for fewer days, or for one account";
		if (r->csv)
			put_csv(&row, out);
		else
			put_json(&row, w);
	}
	return status == SQLITE_DONE ? NULL : "the state file cannot be read";
}

static const char *write_all(const struct traffic_report *r, sqlite3_stmt *q, struct buf *out)
{
	char date[QUOTA_DATE];
	struct json w = json_into(out, false);
	if (r->csv) {
		buf_puts(out, "day,account,mapping,bytes_in,bytes_out\r\n");
		return write_rows(r, q, out, &w);
	}
	json_open(&w, NULL, '{');
	json_str(&w, "from", quota_date(r->from, date));
	json_str(&w, "to", quota_date(r->to, date));
	json_raw(&w, "accounts", (const char *)buf_data(r->accounts), buf_len(r->accounts));
	json_open(&w, "days", '[');
	const char *why = write_rows(r, q, out, &w);
	json_close(&w);
	json_close(&w);
	return why;
}

const char *traffic_report_write(const struct traffic_report *r, struct buf *out)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	const char *why = "the state file cannot be read";
	if (sqlite3_open_v2(r->path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
	    SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS);
		if (sqlite3_prepare_v2(db, sql[r->by], -1, &q, NULL) == SQLITE_OK) {
			sqlite3_bind_int64(q, 1, r->from);
			sqlite3_bind_int64(q, 2, r->to);
			sqlite3_bind_text(q, 3, r->account, -1, SQLITE_STATIC);
			sqlite3_bind_text(q, 4, r->mapping, -1, SQLITE_STATIC);
			why = write_all(r, q, out);
		}
	}
	sqlite3_finalize(q);
	sqlite3_close(db);
	return why;
}
