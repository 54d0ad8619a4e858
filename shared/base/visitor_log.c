#include "shared/base/visitor_log.h"

#include "shared/base/log.h"

#include <inttypes.h>

#define LINE                                                                                       \
	"mapping=%s visitor=%s bytes_in=%" PRIu64 " bytes_out=%" PRIu64 " duration_ms=%" PRIu64    \
	" why=%s"

void visitor_log_read(struct conf_at root, bool *visitors, bool *requests)
{
	struct conf_at at = conf_object(root, "log");
	*visitors = *requests = false;
	conf_opt_bool(at, "visitors", visitors);
	conf_opt_bool(at, "requests", requests);
	conf_done(at);
}

void visitor_log_end(const struct visitor_end *e)
{
	char visitor[ADDR_TEXT];
	addr_ip_text(e->visitor, visitor);
	if (e->agent)
		log_info("visitor_end", LINE " agent=%s", e->mapping, visitor, e->bytes_in,
			 e->bytes_out, e->duration_ms, e->why, e->agent);
	else
		log_info("visitor_end", LINE, e->mapping, visitor, e->bytes_in, e->bytes_out,
			 e->duration_ms, e->why);
}
