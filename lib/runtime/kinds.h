/* Which policies, queue sources and providers there are, in the form lib/config wants it. */
#ifndef RUNTIME_KINDS_H
#define RUNTIME_KINDS_H

#include "config/policy_file.h"

#define KINDS_MAX 32

struct kinds {
    struct config_kinds config;
    const struct option_set *queues[KINDS_MAX + 1];
    const struct option_set *providers[KINDS_MAX + 1];
};

/* Fills *ret; config points into it, so it must stay where it is. */
void kinds_init(struct kinds *ret);

/*
 * Reads a policy file and expands its offers: a spec the core can take, or every mistake in
 * *problems. As policy_file_read.
 */
int kinds_read_policy(const struct kinds *kinds, const char *path, struct pool_spec **ret,
                      struct problems *problems, struct error *err);
int kinds_parse_policy(const struct kinds *kinds, struct str text, const char *path,
                       struct pool_spec **ret, struct problems *problems, struct error *err);

#endif
