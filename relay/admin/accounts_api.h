/*
 * Accounts on the admin listener. It makes the edits of the commands (account_edit.h,
 * agent_credentials.h), in the same file under the same lock, and the running relay takes each up
 * at once. Main loop only; the edits themselves run on the thread pool.
 *
 *	GET    /api/v1/accounts                      all accounts, without any hash
 *	POST   /api/v1/accounts                      adds one → its join line
 *	PATCH  /api/v1/accounts/NAME                 ports, hosts, limits
 *	DELETE /api/v1/accounts/NAME
 *	POST   /api/v1/accounts/NAME/invite, /renew  → a join line
 *	DELETE /api/v1/accounts/NAME/agents/AGENT    takes its credential and invitations away
 *	POST   /api/v1/agents/ACCOUNT/AGENT/cut      ends its visitors' connections and its link
 */
#ifndef GROUNDNUT_RELAY_ADMIN_ACCOUNTS_API_H
#define GROUNDNUT_RELAY_ADMIN_ACCOUNTS_API_H

#include "relay/config.h"
#include "relay/accounts/accounts.h"
#include "shared/admin/admin_server.h"

struct accounts_api;

/* What it asks of the relay. */
struct accounts_api_calls {
	void *owner;
	struct accounts *(*accounts)(void *owner); /* the list in force; no new reference */
	/* The file has changed. The relay reads it again before it returns. */
	void (*edited)(void *owner);
	/* Ends the agent's connections. False: there is no such agent. */
	bool (*cut)(void *owner, const char *account, const char *agent);
};

struct accounts_api *accounts_api_new(struct loop *l, const struct accounts_api_calls *calls,
				      struct admin_server *server);
/* Sets the configuration; takes a reference. It is set before the first request, and again after
 * each reload. */
void accounts_api_set(struct accounts_api *a, struct relay_config *config);
/* Called before the server closes. Edits under way are still made, and nobody is answered. NULL
 * does nothing. */
void accounts_api_close(struct accounts_api *a);

/* --- the routes; each answers an unknown path with 404 --- */

void accounts_api_list(struct accounts_api *a, const struct admin_request *r);
void accounts_api_add(struct accounts_api *a, const struct admin_request *r);
void accounts_api_change(struct accounts_api *a, const struct admin_request *r);
void accounts_api_remove(struct accounts_api *a, const struct admin_request *r);
void accounts_api_act(struct accounts_api *a, const struct admin_request *r); /* POST below NAME */
void accounts_api_cut(struct accounts_api *a, const struct admin_request *r);

#endif
