/*
 * What the agent remembers of this machine, in identity.json in the state directory: the agent name
 * that it used first, the machine-id it had then, and the account of a join that has failed.
 */
#ifndef GROUNDNUT_AGENT_MACHINE_IDENTITY_H
#define GROUNDNUT_AGENT_MACHINE_IDENTITY_H

#include <stdbool.h>

struct machine_identity {
	char *agent;       /* NULL: no name was used yet */
	char *machine;     /* the machine-id when that name was first used; may be NULL */
	char *failed_join; /* account of a join that failed and has not attached since, or NULL */
};

/* A directory or file that cannot be read remembers nothing. */
void machine_identity_read(const char *dir, struct machine_identity *out);
void machine_identity_fini(struct machine_identity *id);

/* The name to attach with, freed by the caller: the remembered one, unless this is another machine
 * now (both machine-ids are known and differ); else one made of the host name. */
char *machine_identity_name(const struct machine_identity *id);
/* A host name made to fit text_is_name(). Two different host names give two different names: one
 * that has to be changed gets six hex digits of its SHA-256 at its end. Freed by the caller. */
char *machine_identity_name_of_host(const char *host);
/* Remembers that this machine attached (failed_join is forgotten), by agent when its name was not
 * given by the file (else NULL); or that account's join failed. Does nothing when that is
 * remembered already. 0, or a negative errno. */
int machine_identity_note_attached(const char *dir, const char *agent);
int machine_identity_note_failed_join(const char *dir, const char *account);
bool machine_identity_is_failed_join(const char *dir, const char *account);

#endif
