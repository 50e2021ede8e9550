/* What tests of providers and executors share: a local offer as a policy file would give it. */
#ifndef TESTS_UNIT_PROVIDER_HELP_H
#define TESTS_UNIT_PROVIDER_HELP_H

#include <stdlib.h>

#include "control/spec.h"
#include "providers/local/plugin.h"

/* Sets "key", "value", ... (ends with NULL) in fresh options of the set. Aborts on a mistake. */
static inline void *options_make(const struct option_set *set, const char *const *settings)
{
    struct error err = { 0 };
    void *options = calloc(1, set->size);
    if (!options || option_set_defaults(set, options, &err) < 0)
        abort();
    for (; *settings; settings += 2) {
        const struct option *row = option_find(set, str_from(settings[0]));
        bool list = row && row->type == OPTION_TYPE_STRINGS;
        int rc = !row   ? MUSTER_E_INVALID
                 : list ? option_add_string(row, options, str_from(settings[1]), &err)
                        : option_parse(row, options, str_from(settings[1]), &err);
        if (rc < 0)
            abort();
    }
    return options;
}

/* Adds a `local:` entry to the spec's offers. */
static inline void spec_add_local(struct pool_spec *spec, const char *const *settings)
{
    struct option_choice entry = { &provider_local.options,
                                   options_make(&provider_local.options, settings) };
    if (!vec_push(&spec->offer_entries, entry))
        abort();
}

#define SETTINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
