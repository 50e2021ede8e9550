/* A few policies, sources and providers of the tests' own, so that tests of lib/config do not change
 * when the real ones do. */
#ifndef TESTS_UNIT_SAMPLE_KINDS_H
#define TESTS_UNIT_SAMPLE_KINDS_H

#include "config/policy_file.h"

struct sample_redis {
    char *url, *list;
    int64_t db;
};

struct sample_local {
    int64_t slots, max, price;
    char *command;
    int markets[2];
    struct option_strings zones;
    struct option_counts types;
};

struct sample_backlog {
    int64_t per_slot;
};

struct sample_schedule {
    struct cron from, to;
    struct timezone *zone;
    int64_t slots;
};

struct sample_drain {
    int64_t within_ns;
};

/* Policies backlog, drain, schedule, fixed; sources spool, redis; providers local, cloud. */
extern const struct config_kinds sample_kinds;

/* A valid file that sets little, and one that sets everything. */
extern const char sample_short[];
extern const char sample_full[];

/* Parses what must be right; fails the test with the file's problems otherwise. */
struct pool_spec *sample_parse(const char *text, struct problems *problems);

#endif
