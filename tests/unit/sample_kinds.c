#include "tests/unit/sample_kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static enum propose propose_nothing(const void *options, const struct observation *seen,
                                    struct trail *trail, int64_t *ret_slots)
{
    (void)options;
    (void)seen;
    (void)trail;
    (void)ret_slots;
    return PROPOSE_HOLD;
}

/* ---- policies ---- */

static const struct option backlog_rows[] = {
    OPTION_INT(struct sample_backlog, per_slot, "per_slot", .fallback = "1", .min = 1,
               .max = 1000000, .help = "jobs one slot should have"),
    { 0 },
};

static const struct policy backlog = {
    .options = { .name = "backlog",
                 .size = sizeof(struct sample_backlog),
                 .rows = backlog_rows,
                 .help = "a fixed number of jobs per slot" },
    .propose = propose_nothing,
};

static const struct option drain_rows[] = {
    OPTION_DURATION(struct sample_drain, within_ns, "within", .min = NS_PER_S,
                    .help = "the promise"),
    { 0 },
};

static const struct policy drain = {
    .options = { .name = "drain", .size = sizeof(struct sample_drain), .rows = drain_rows },
    .propose = propose_nothing,
};

static const struct option schedule_rows[] = {
    OPTION_CRON(struct sample_schedule, from, "from", .help = "when it begins"),
    OPTION_CRON(struct sample_schedule, to, "to", .help = "when it ends"),
    OPTION_TIMEZONE(struct sample_schedule, zone, "timezone", .fallback = "UTC"),
    OPTION_INT(struct sample_schedule, slots, "slots", .min = 0, .max = 1000000),
    { 0 },
};

static const struct policy schedule = {
    .options = { .name = "schedule",
                 .size = sizeof(struct sample_schedule),
                 .rows = schedule_rows },
    .propose = propose_nothing,
};

static const struct option fixed_rows[] = {
    OPTION_INT(struct sample_backlog, per_slot, "slots", .min = 0, .max = 1000),
    { 0 },
};

static const struct policy fixed = {
    .options = { .name = "fixed",
                 .size = sizeof(struct sample_backlog),
                 .rows = fixed_rows,
                 .shorthand = "slots" },
    .propose = propose_nothing,
};

static const struct policy *const all_policies[] = { &backlog, &drain, &schedule, &fixed, NULL };

/* ---- sources ---- */

static const struct option_set spool = { .name = "spool", .help = "nothing to set" };

static const struct option redis_rows[] = {
    OPTION_STRING(struct sample_redis, url, "url", .fallback = "redis://127.0.0.1:6379"),
    OPTION_STRING(struct sample_redis, list, "list", .help = "the key of the list"),
    OPTION_INT(struct sample_redis, db, "db", .fallback = "0", .min = 0, .max = 15),
    { 0 },
};

static int check_redis(const void *options, const char **ret_key, struct error *err)
{
    const struct sample_redis *redis = options;
    if (strncmp(redis->url, "redis:", 6) == 0)
        return 0;
    *ret_key = "url";
    return error_set(err, MUSTER_E_INVALID, "'%s' is no redis: address", redis->url);
}

static const struct option_set redis = {
    .name = "redis",
    .size = sizeof(struct sample_redis),
    .rows = redis_rows,
    .shorthand = "list",
    .check = check_redis,
};

static const struct option_set *const all_queues[] = { &spool, &redis, NULL };

/* ---- providers ---- */

static const char *const markets[] = { "on-demand", "spot", NULL };

static const struct option local_rows[] = {
    OPTION_INT(struct sample_local, slots, "slots", .fallback = "1", .min = 1, .max = 64),
    OPTION_INT(struct sample_local, max, "max", .optional = true, .min = 1, .max = 1000),
    OPTION_MONEY(struct sample_local, price, "price", .fallback = "0 USD/h"),
    OPTION_STRING(struct sample_local, command, "command"),
    { 0 },
};

static const struct option_set local = { .name = "local",
                                         .size = sizeof(struct sample_local),
                                         .rows = local_rows };

static const struct option cloud_rows[] = {
    OPTION_CHOICES(struct sample_local, markets, "market", .fallback = "[on-demand]",
                   .choices = markets),
    OPTION_STRINGS(struct sample_local, zones, "zones", .fallback = "[a, b]"),
    OPTION_COUNTS(struct sample_local, types, "types", .min = 1, .max = 64),
    { 0 },
};

static int check_cloud(const void *options, const char **ret_key, struct error *err)
{
    const struct sample_local *cloud = options;
    (void)ret_key;
    return cloud->types.len > 0 ? 0 : error_set(err, MUSTER_E_INVALID, "no machine types");
}

static const struct option_set cloud = {
    .name = "cloud", .size = sizeof(struct sample_local), .rows = cloud_rows, .check = check_cloud
};

static const struct option_set *const all_providers[] = { &local, &cloud, NULL };

const struct config_kinds sample_kinds = { .policies = all_policies,
                                           .queues = all_queues,
                                           .providers = all_providers };

/* ---- files ---- */

const char sample_short[] = "queue: { redis: jobs }\n"
                            "slots: { max: 8 }\n"
                            "scale:\n"
                            "  - backlog\n"
                            "buy:\n"
                            "  offers:\n"
                            "    - local: { command: work }\n";

const char sample_full[] =
    "pool: big-one\n"
    "queue:\n"
    "  redis: { url: \"redis://db:6379\", list: \"jobs of today\", db: 3 }\n"
    "  every: 2s500ms\n"
    "  stale_after: 30s\n"
    "slots: { min: 4, max: 800 }\n"
    "nodes: { max: 250 }\n"
    "scale:\n"
    "  - drain: { within: 10m }\n"
    "  - backlog: { per_slot: 20 }\n"
    "  - fixed: 4\n"
    "  - schedule: { from: \"0 8 * * 1-5\", to: \"0 18 * * 1-5\", timezone: Europe/Berlin, slots: "
    "40 }\n"
    "pace:\n"
    "  out: { at_most: 100 slots / 1m, after: 10s }\n"
    "  in: { after: 10m, at_most: 12.5% / 90s }\n"
    "buy:\n"
    "  prefer: listed\n"
    "  offers:\n"
    "    - local: { slots: 2, max: 9, price: 0.034 USD/h, command: \"work --fast # 'x'\" }\n"
    "    - cloud: { market: [spot, on-demand], zones: c, types: { small: 4, large.2x: 16 } }\n"
    "health: { ready_within: 7m, boot: 90s, heartbeat: 10s, lost_after: 5, release_lost: 1h,\n"
    "          panic_above: 33.3% }\n"
    "release: { prefer: [newest, idle], drain_timeout: 15m, force: yes }\n"
    "version: { expect: 2026.11.3 }\n"
    "budget: { per_hour: 25.5 USD }\n";

struct pool_spec *sample_parse(const char *text, struct problems *problems)
{
    struct pool_spec *spec = NULL;
    struct error err = { 0 };
    problems_init(problems);
    int rc =
        policy_file_parse(str_from(text), "dir/render.yaml", &sample_kinds, &spec, problems, &err);
    if (rc < 0) {
        struct buf out = { 0 };
        problems_print(problems, false, &out);
        print_error("%s\n%s\n", err.text, buf_text(&out));
        buf_release(&out);
    }
    assert_int_equal(rc, 0);
    return spec;
}
