/*
 * The script a node runs at its first boot: a template with variables.
 *
 *     {{pool}} {{offer}} {{slots}} {{controller}} {{controller_url}} {{token_file}} {{agent}} {{command}}
 *
 * {{node}} is the node's own id, known only on the machine: it becomes "$MUSTER_NODE", which the
 * default script sets, and which a script of the user's own has to set from the metadata service.
 */
#ifndef PROVIDERS_USER_DATA_H
#define PROVIDERS_USER_DATA_H

#include "base/error.h"
#include "base/str.h"

struct user_data_values {
    const char *pool, *offer, *controller, *controller_url, *token_file, *agent, *command;
    int64_t slots;
};

/* Values go in quoted for the shell, numbers as they are. MUSTER_E_CONFIG: an unknown variable, or
 * one that is not closed; MUSTER_E_TOOBIG: more than `max` bytes. Appends to `out`. */
int user_data_fill(struct str template, const struct user_data_values *values, size_t max,
                   struct buf *out, struct error *err);
/* The same with the template in `file`, or `fallback` where that is "". MUSTER_E_CONFIG: unreadable. */
int user_data_make(const char *file, const char *fallback, const struct user_data_values *values,
                   size_t max, struct buf *out, struct error *err);

/* RFC 4648, with padding. */
void base64_add(struct buf *out, struct str bytes);

#endif
