/* A temporary folder for a test, and what is done with files in it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scratch {
    char dir[64];
    char path[256]; /* of the last scratch_path */
};

static inline void scratch_make(struct scratch *s)
{
    snprintf(s->dir, sizeof(s->dir), "/tmp/muster-test-XXXXXX");
    if (!mkdtemp(s->dir))
        abort();
}

static inline const char *scratch_path(struct scratch *s, const char *name)
{
    snprintf(s->path, sizeof(s->path), "%s/%s", s->dir, name);
    return s->path;
}

static inline void scratch_write(struct scratch *s, const char *name, const char *text)
{
    FILE *f = fopen(scratch_path(s, name), "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind,
                                     struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void scratch_drop(struct scratch *s)
{
    nftw(s->dir, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
