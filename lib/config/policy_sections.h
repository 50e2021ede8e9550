/* The tables of policy files: which sections there are, in the order in which they are printed. */
#ifndef CONFIG_POLICY_SECTIONS_H
#define CONFIG_POLICY_SECTIONS_H

#include "config/policy_file.h"
#include "config/section.h"

/* What stands in a section besides its rows. */
enum policy_special {
    POLICY_PLAIN,
    POLICY_NAME,  /* pool: the section is the pool's name alone */
    POLICY_QUEUE, /* queue: exactly one source beside the rows */
    POLICY_SCALE, /* scale: a list of policies, nothing else */
    POLICY_BUY,   /* buy: the list `offers` beside the rows */
};

/* Rows are fields of struct pool_spec. Ends with a NULL key. */
extern const struct section policy_sections[];

enum config_kind { CONFIG_POLICY, CONFIG_QUEUE, CONFIG_PROVIDER };

/* The settings of the i-th policy, source or provider; NULL past the last. */
const struct option_set *config_kinds_at(const struct config_kinds *kinds, enum config_kind kind,
                                         size_t i);

#define POLICY_NAME_PATTERN "[a-z][a-z0-9-]*"

#endif
