/* credential_process: a program that prints credentials as JSON. */
#ifndef AUTH_AWS_PROCESS_H
#define AUTH_AWS_PROCESS_H

#include "auth/aws_credentials.h"

/* Started without a shell, with our environment; a minute at most. The command is split at blanks, with
 * quotes and backslashes as a shell has them. Its stderr goes nowhere: nobody knows what is in it. */
int aws_source_process(const struct aws_source_env *env, const char *command,
                       struct aws_source **ret, struct error *err);

/* argv in one block of memory (free); NULL: an open quote, nothing at all, or out of memory. */
char **aws_process_split(const char *command);

#endif
