/*
 * The directory of policy files: *.yaml and *.yml, one pool each.
 *
 * A file with an error leaves what it said before in force and is remembered as a problem. A file
 * that is gone takes its pool with it (the core retires it by draining). A directory that cannot be
 * read changes nothing.
 */
#ifndef RUNTIME_POLICY_DIR_H
#define RUNTIME_POLICY_DIR_H

#include "base/clock.h"
#include "base/log.h"
#include "runtime/kinds.h"

struct policy_dir;

struct policy_dir_env {
    const struct kinds *kinds;
    const struct clock *clock;
    struct log *log;
    /* A pool is new, or its file says something new; file (its name) and text are borrowed. */
    void (*changed)(void *ctx, struct pool_spec *take_spec, const char *file, struct str text);
    /* No file describes this pool any more. */
    void (*removed)(void *ctx, const char *pool);
    /* The directory was read to its end; complete: every file was good. */
    void (*scanned)(void *ctx, bool complete);
    void *ctx;
};

int policy_dir_new(const char *path, const struct policy_dir_env *env, struct policy_dir **ret,
                   struct error *err);
void policy_dir_free(struct policy_dir *dir);

/* Looks at every file; calls changed and removed for the differences to the last look. */
int policy_dir_scan(struct policy_dir *dir, struct error *err);

/* A file is missing, but not for long enough to be taken as removed: scan again soon. */
bool policy_dir_unsettled(const struct policy_dir *dir);

/* The files that cannot be used now; NULL past the end. Valid until the next scan. */
struct policy_dir_problem {
    const char *file;
    const char *text;
    int64_t since_wall_ns;
};
bool policy_dir_problem(const struct policy_dir *dir, size_t index, struct policy_dir_problem *ret);

#endif
