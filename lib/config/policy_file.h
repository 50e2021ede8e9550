/*
 * Policy files: YAML in, struct pool_spec out, or all the mistakes of the file at once.
 *
 * Which policies, queue sources and providers exist is told by the caller (struct config_kinds), so
 * that this floor does not know the floors above it.
 */
#ifndef CONFIG_POLICY_FILE_H
#define CONFIG_POLICY_FILE_H

#include "base/error.h"
#include "base/option.h"
#include "base/str.h"
#include "config/problems.h"
#include "control/policy.h"
#include "control/spec.h"

struct config_kinds {
    const struct policy *const *policies; /* NULL-terminated, as all of these */
    const struct option_set *const *queues;
    const struct option_set *const *providers;
};

/*
 * Reads one policy file's text. `path` is for messages; the default pool name is its base name.
 * Offers are read but not expanded (spec->offers stays empty): providers_expand() does that.
 *
 * 0: *ret is the caller's (pool_spec_free); problems may still hold warnings.
 * MUSTER_E_INVALID: problems holds at least one error. MUSTER_E_NOMEM as usual.
 */
int policy_file_parse(struct str text, const char *path, const struct config_kinds *kinds,
                      struct pool_spec **ret, struct problems *problems, struct error *err);

/* Reads the file (at most 1 MiB), then policy_file_parse. A file that cannot be read is told in *err
 * alone: MUSTER_E_NOTFOUND, _IO or _TOOBIG. */
int policy_file_read(const char *path, const struct config_kinds *kinds, struct pool_spec **ret,
                     struct problems *problems, struct error *err);

/* What is legal but surely not meant, as warnings: called on an expanded spec. Pure. */
void policy_file_lint(const struct pool_spec *spec, struct problems *problems);

/* The full file with every default, valid as a policy file again. */
void policy_file_print(const struct pool_spec *spec, struct buf *out);

/* JSON Schema (draft 2020-12) of policy files, and the settings' reference page in Markdown, both
 * made from the option tables. */
void policy_file_schema(const struct config_kinds *kinds, struct buf *out);
void policy_file_reference(const struct config_kinds *kinds, struct buf *out);

#endif
