/* The user that the packaged services run as: what root's commands wrote, it must be able to
 * read. */
#ifndef GROUNDNUT_BASE_SERVICE_USER_H
#define GROUNDNUT_BASE_SERVICE_USER_H

#include <stdbool.h>
#include <sys/types.h>

#define SERVICE_USER "groundnut"

/* Says of config, of each file that it names by a key such as "token_file", and of each other one
 * (NULL ends the list) that the service's user cannot read it, and the command that mends it.
 * False: there was one. True unless root asks, config is the system's, and there is that user. */
bool service_user_reads(const char *config, const char *const *others);
/* Whether that user, with the groups that the system gives it, may read the file, by the modes of
 * the file and of each directory above it. */
bool service_user_can(const char *user, uid_t uid, gid_t gid, const char *file);

#endif
