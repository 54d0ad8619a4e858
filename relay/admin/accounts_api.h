/*
 * Accounts by the admin listener: the edits that the commands make, of the same file under the same
 * lock, and taken up at once. Main loop only; an edit runs on the thread pool.
 *
 *	GET    /api/v1/accounts                      all of them; never a hash
 *	POST   /api/v1/accounts                      adds one → its join line
 *	PATCH  /api/v1/accounts/NAME                 ports, hosts, limits
 *	DELETE /api/v1/accounts/NAME
 *	POST   /api/v1/accounts/NAME/invite, /renew  → a join line
 *	DELETE /api/v1/accounts/NAME/agents/AGENT    takes its credential or invitation away
 *	POST   /api/v1/agents/ACCOUNT/AGENT/cut      ends its visitors' connections and its link
 */
#ifndef GROUNDNUT_RELAY_ADMIN_ACCOUNTS_API_H
#define GROUNDNUT_RELAY_ADMIN_ACCOUNTS_API_H

#include "relay/config.h"
#include "relay/accounts/accounts.h"
#include "shared/admin/admin_server.h"

struct accounts_api;

/* What the relay does for it. */
struct accounts_api_calls {
	void *owner;
	struct accounts *(*accounts)(void *owner); /* those in force */
	/* The file was changed: it is read again at once. */
	void (*edited)(void *owner);
	/* False: there is no such agent. */
	bool (*cut)(void *owner, const char *account, const char *agent);
};

struct accounts_api *accounts_api_new(struct loop *l, const struct accounts_api_calls *calls,
				      struct admin_server *server);
/* By reference, until it is set anew. */
void accounts_api_set(struct accounts_api *a, struct relay_config *config);
/* Before the server closes. Edits under way are still made. */
void accounts_api_close(struct accounts_api *a);

/* --- the routes; a path that names more than there is is answered by 404 --- */

void accounts_api_list(struct accounts_api *a, const struct admin_request *r);
void accounts_api_add(struct accounts_api *a, const struct admin_request *r);
void accounts_api_change(struct accounts_api *a, const struct admin_request *r);
void accounts_api_remove(struct accounts_api *a, const struct admin_request *r);
void accounts_api_act(struct accounts_api *a, const struct admin_request *r); /* POST below NAME */
void accounts_api_cut(struct accounts_api *a, const struct admin_request *r);

#endif
