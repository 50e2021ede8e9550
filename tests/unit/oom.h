/*
 * Makes one allocation of the code under test fail: the n-th since it was armed. For test_oom_*.c
 * only, which are linked with --wrap for the allocating functions; include it once per program.
 *
 *     for (long n = 0; oom_sweep(n); n++) {
 *         oom_arm(n);
 *         int rc = thing_new(&thing, &err);
 *         oom_disarm();
 *         ... if rc < 0: MUSTER_E_NOMEM, outputs untouched; clean up ...
 *     }
 *
 * The sweep ends after the first round in which nothing was left to fail. Allocations of shared
 * libraries (SQLite, libuv, cJSON) are not seen. Any thread's allocation counts.
 */
#ifndef TESTS_UNIT_OOM_H
#define TESTS_UNIT_OOM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static atomic_long oom_left = -1; /* allocations until the one that fails; below 0: none will */
static atomic_bool oom_hit;

/* True while there is a further allocation to fail: always before the first round. */
static inline bool oom_sweep(long n)
{
    return n == 0 || atomic_load(&oom_hit);
}

static inline void oom_arm(long n)
{
    atomic_store(&oom_hit, false);
    atomic_store(&oom_left, n);
}

/* True if an allocation was made to fail since oom_arm. */
static inline bool oom_disarm(void)
{
    atomic_store(&oom_left, -1);
    return atomic_load(&oom_hit);
}

static inline bool oom_now(void)
{
    if (atomic_load(&oom_left) < 0 || atomic_fetch_sub(&oom_left, 1) != 0)
        return false;
    atomic_store(&oom_hit, true);
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size)
{
    return oom_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return oom_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return oom_now() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return oom_now() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return oom_now() ? NULL : __real_strndup(text, size);
}

#endif
