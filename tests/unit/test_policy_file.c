#include "config/policy_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/sample_kinds.h"

static void a_short_file(void **state)
{
    (void)state;
    struct problems problems;
    struct pool_spec *spec = sample_parse(sample_short, &problems);
    assert_int_equal(problems.all.len, 0);
    assert_string_equal(spec->name, "render"); /* the file's name */
    assert_string_equal(spec->file, "dir/render.yaml");
    assert_string_equal(spec->queue.set->name, "redis");
    const struct sample_redis *redis = spec->queue.options;
    assert_string_equal(redis->list, "jobs");
    assert_string_equal(redis->url, "redis://127.0.0.1:6379");
    assert_int_equal(spec->poll_every_ns, 5 * NS_PER_S);
    assert_int_equal(spec->stale_after_ns, 60 * NS_PER_S);
    assert_int_equal(spec->slots_min, 0);
    assert_int_equal(spec->slots_max, 8);
    assert_int_equal(spec->nodes_max, 8); /* slots.max */
    assert_int_equal(spec->scale.len, 1);
    assert_int_equal(spec->scale.at[0].line, 4);
    assert_int_equal(spec->out.rate.unit, RATE_NONE);
    assert_int_equal(spec->out.after_ns, 0);
    assert_int_equal(spec->in.after_ns, 300 * NS_PER_S);
    assert_int_equal(spec->in.rate.unit, RATE_PERCENT);
    assert_int_equal(spec->prefer, PREFER_PRICE);
    assert_int_equal(spec->ready_within_ns, 300 * NS_PER_S);
    assert_int_equal(spec->boot_guess_ns, 60 * NS_PER_S);
    assert_int_equal(spec->heartbeat_ns, 30 * NS_PER_S);
    assert_int_equal(spec->lost_after, 3);
    assert_int_equal(spec->release_lost_ns, UNITS_NEVER);
    assert_true(spec->panic_above > 0.399 && spec->panic_above < 0.401);
    assert_int_equal(spec->prefer_victims[0], VICTIM_IDLE);
    assert_int_equal(spec->prefer_victims[1], VICTIM_OLD_VERSION);
    assert_int_equal(spec->prefer_victims[2], VICTIM_DEAREST);
    assert_int_equal(spec->prefer_victims[3], -1);
    assert_int_equal(spec->drain_timeout_ns, UNITS_NEVER);
    assert_false(spec->drain_force);
    assert_null(spec->version_expect);
    assert_int_equal(spec->budget_per_hour_usd_micro, -1);
    assert_int_equal(spec->offers.len, 0);
    pool_spec_free(spec);
    problems_release(&problems);
}

static void a_full_file(void **state)
{
    (void)state;
    struct problems problems;
    struct pool_spec *spec = sample_parse(sample_full, &problems);
    assert_string_equal(spec->name, "big-one");
    assert_int_equal(spec->poll_every_ns, 2500 * NS_PER_MS);
    assert_int_equal(spec->nodes_max, 250);
    assert_int_equal(spec->scale.len, 4);
    const struct sample_drain *drain = spec->scale.at[0].options;
    assert_int_equal(drain->within_ns, 600 * NS_PER_S);
    const struct sample_backlog *fixed = spec->scale.at[2].options;
    assert_string_equal(spec->scale.at[2].policy->options.name, "fixed");
    assert_int_equal(fixed->per_slot, 4);
    assert_int_equal(spec->out.rate.unit, RATE_SLOTS);
    assert_int_equal(spec->prefer, PREFER_LISTED);
    assert_int_equal(spec->offer_entries.len, 2);
    const struct sample_local *local = spec->offer_entries.at[0].options;
    assert_string_equal(local->command, "work --fast # 'x'");
    assert_int_equal(local->price, 34000);
    const struct sample_local *cloud = spec->offer_entries.at[1].options;
    assert_int_equal(cloud->markets[0], 1);
    assert_int_equal(cloud->zones.len, 1);
    assert_int_equal(cloud->types.at[1].value, 16);
    assert_int_equal(spec->prefer_victims[0], VICTIM_NEWEST);
    assert_int_equal(spec->prefer_victims[2], -1);
    assert_true(spec->drain_force);
    assert_string_equal(spec->version_expect, "2026.11.3");
    assert_int_equal(spec->budget_per_hour_usd_micro, 25500000);
    pool_spec_free(spec);
    problems_release(&problems);
}

/* ---- mistakes: a valid file in which one section is another ---- */

#define QUEUE "queue: { redis: jobs }\n"
#define SLOTS "slots: { max: 8 }\n"
#define SCALE "scale: [ backlog ]\n"
#define BUY   "buy: { offers: [ local: { command: w } ] }\n"

struct mistake {
    const char *text, *want;
};

/* "line:column+width text", one problem a line, as they were found. */
static void describe(const struct problems *problems, struct buf *out)
{
    for (size_t i = 0; i < problems->all.len; i++) {
        const struct problem *p = &problems->all.at[i];
        buf_addf(out, "%d:%d+%d %s\n", p->line, p->column, p->width, p->text);
    }
}

static void check_mistake(const struct mistake *m)
{
    struct problems problems;
    struct buf out = { 0 };
    struct error err = { 0 };
    struct pool_spec *spec = NULL;
    problems_init(&problems);
    int rc =
        policy_file_parse(str_from(m->text), "render.yaml", &sample_kinds, &spec, &problems, &err);
    describe(&problems, &out);
    if (strcmp(buf_text(&out), m->want) != 0)
        fail_msg("%s\nsays\n%s\nnot\n%s", m->text, buf_text(&out), m->want);
    assert_int_equal(rc, MUSTER_E_INVALID);
    assert_null(spec);
    buf_release(&out);
    problems_release(&problems);
}

static void check_mistakes(const struct mistake *cases, size_t len)
{
    for (size_t i = 0; i < len; i++)
        check_mistake(&cases[i]);
}

static void mistakes_of_values(void **state)
{
    static const struct mistake cases[] = {
        { QUEUE "slots: { min: 0, max: lots }\n" SCALE BUY,
          "2:23+4 slots.max: 'lots' is not a whole number\n" },
        { QUEUE "slots: { max: \"8 x\" }\n" SCALE BUY,
          "2:15+5 slots.max: '8 x' is not a whole number\n" },
        { QUEUE "slots: { min: 9, max: 8 }\n" SCALE BUY,
          "2:15+1 slots.min: 9 is more than slots.max, 8\n" },
        { QUEUE "slots: { max: }\n" SCALE BUY, "2:13+1 slots.max: no value\n" },
        { QUEUE "slots: { max: [8] }\n" SCALE BUY,
          "2:15+1 slots.max: a single value belongs here, not a list\n" },
        { QUEUE "slots: 8\n" SCALE BUY,
          "2:8+1 slots: settings belong here, like { name: value }, not a single value\n" },
        { "queue: { redis: jobs, every: 5 }\n" SLOTS SCALE BUY,
          "1:30+1 queue.every: '5' is not a duration: write a number with its unit, like 30s, 5m, "
          "2h or 1d\n" },
        { QUEUE SLOTS SCALE BUY "pace: { out: { at_most: 100 } }\n",
          "5:25+3 pace.out.at_most: '100' is not a rate: write it like 100 slots / 1m or 20% / "
          "1m\n" },
        { QUEUE SLOTS SCALE BUY "health: { panic_above: 40 }\n",
          "5:24+2 health.panic_above: '40' is not a percentage: write it like 20%\n" },
        { QUEUE SLOTS SCALE BUY "budget: { per_hour: 25 }\n",
          "5:21+2 budget.per_hour: '25' is not an amount of money: write it like 0.034 USD/h\n" },
        { QUEUE SLOTS SCALE BUY "release: { prefer: [idle, dearst] }\n",
          "5:27+6 release.prefer: 'dearst' is none of idle, old-version, dearest, newest, oldest; "
          "did you mean 'dearest'?\n" },
        { QUEUE SLOTS SCALE BUY "health: { lost_after: 1, heartbeat: 1ms }\n",
          "5:23+1 health.lost_after: 1 is too small: at least 2\n"
          "5:37+3 health.heartbeat: too short: at least 100ms\n" },
        { "pool: Big One\n" QUEUE SLOTS SCALE BUY,
          "1:7+7 pool: 'Big One' is no pool name: small letters, digits and '-', beginning with a "
          "letter, at most 63 characters\n" },
        { "pool: [a]\n" QUEUE SLOTS SCALE BUY, "1:7+1 pool: a name belongs here\n" },
    };
    (void)state;
    check_mistakes(cases, sizeof(cases) / sizeof(cases[0]));
}

static void mistakes_of_keys(void **state)
{
    static const struct mistake cases[] = {
        { QUEUE SLOTS SCALE BUY "healht: { boot: 1m }\n",
          "5:1+6 healht: no such section; did you mean 'health'?\n" },
        { QUEUE SLOTS SCALE BUY "heartbeat: 5s\n",
          "5:1+9 heartbeat: no such section; it is a setting of 'health'\n" },
        { QUEUE SLOTS SCALE BUY "zzz: 1\n",
          "5:1+3 zzz: no such section; possible here: pool, queue, slots, nodes, scale, pace, buy, "
          "health, release, version, budget\n" },
        { QUEUE "slots: { mx: 9, max: 8 }\n" SCALE BUY,
          "2:10+2 slots.mx: no such setting; did you mean 'max'?\n" },
        { QUEUE "slots: { maxx: 9, max: 8 }\n" SCALE BUY,
          "2:10+4 slots.maxx: no such setting; did you mean 'max'?\n" },
        { QUEUE SLOTS SCALE BUY "pace: { in: { aftr: 5m } }\n",
          "5:15+4 pace.in.aftr: no such setting; did you mean 'after'?\n" },
        { "queue: { redsi: jobs }\n" SLOTS SCALE BUY,
          "1:10+5 queue.redsi: no such setting; did you mean 'redis'?\n" },
        { "queue: { redis: { list: a, url: redis:x, dbb: 3 } }\n" SLOTS SCALE BUY,
          "1:42+3 queue.redis.dbb: no such setting; did you mean 'db'?\n" },
        { QUEUE SLOTS "scale: [ backlog: { per_slots: 3 } ]\n" BUY,
          "3:21+9 scale.backlog.per_slots: no such setting; did you mean 'per_slot'?\n" },
        { QUEUE SLOTS "scale: [ backlok: { per_slot: 3 } ]\n" BUY,
          "3:10+7 scale.backlok: no such policy; did you mean 'backlog'?\n" },
        { QUEUE SLOTS SCALE "buy: { offers: [ lokal: { command: w } ] }\n",
          "4:18+5 buy.offers.lokal: no such provider; did you mean 'local'?\n" },
    };
    (void)state;
    check_mistakes(cases, sizeof(cases) / sizeof(cases[0]));
}

static void mistakes_of_shape(void **state)
{
    static const struct mistake cases[] = {
        { "", "0:0+1 queue: no source: say where work waits, one of spool, redis\n"
              "0:0+1 slots.max is missing (never more slots than this)\n"
              "0:0+1 scale: at least one policy is needed\n"
              "0:0+1 buy.offers: at least one provider is needed\n" },
        { "just words\n", "1:1+10 a policy file is made of sections, like queue: and slots:\n" },
        { QUEUE "slots: { min: 1 }\n" SCALE BUY,
          "2:1+5 slots.max is missing (never more slots than this)\n" },
        { "queue: { every: 5s }\n" SLOTS SCALE BUY,
          "1:1+5 queue: no source: say where work waits, one of spool, redis\n" },
        { "queue: { spool: , redis: jobs }\n" SLOTS SCALE BUY,
          "1:19+5 queue.redis: exactly one source; 'spool' is already there, on line 1\n" },
        { "queue: redis\n" SLOTS SCALE BUY,
          "1:8+5 queue: settings belong here, like { name: value }, not a single value\n" },
        { "queue: { redis: }\n" SLOTS SCALE BUY,
          "1:10+5 queue.redis.list is missing (the key of the list)\n" },
        { QUEUE SLOTS "scale: { backlog: { per_slot: 3 } }\n" BUY,
          "3:8+1 scale: a list belongs here: put '- ' before each policy\n" },
        { QUEUE SLOTS "scale: []\n" BUY, "3:8+1 scale: at least one policy is needed\n" },
        { QUEUE SLOTS "scale:\n" BUY, "3:6+1 scale: at least one policy is needed\n" },
        { QUEUE SLOTS "scale:\n  - backlog: { per_slot: 3 }\n    drain: { within: 1m }\n" BUY,
          "5:5+5 scale: 'drain' belongs to the same entry as 'backlog': one policy each; put '- ' "
          "before it, or indent it if it is a setting of 'backlog'\n" },
        { QUEUE SLOTS "scale: [ [1] ]\n" BUY,
          "3:10+1 scale: each entry is one policy with its settings, like - name: { ... }\n" },
        { QUEUE SLOTS "scale: [ drain ]\n" BUY,
          "3:10+5 scale.drain.within is missing (the promise)\n" },
        { QUEUE SLOTS "scale: [ drain: 5m ]\n" BUY,
          "3:17+2 scale.drain: settings belong here, like { name: value }, not a single value\n" },
        { QUEUE SLOTS SCALE "buy: { prefer: price }\n",
          "4:1+3 buy.offers: at least one provider is needed\n" },
        { QUEUE SLOTS SCALE "buy: { offers: { local: { command: w } } }\n",
          "4:16+1 buy.offers: a list belongs here: put '- ' before each provider\n" },
        { QUEUE SLOTS SCALE "buy: [1]\n",
          "4:6+1 buy: settings belong here, like { name: value }, not a list\n" },
    };
    (void)state;
    check_mistakes(cases, sizeof(cases) / sizeof(cases[0]));
}

static void mistakes_of_sets(void **state)
{
    static const struct mistake cases[] = {
        { "queue: { redis: { list: a, url: \"http:x\" } }\n" SLOTS SCALE BUY,
          "1:33+8 queue.redis.url: 'http:x' is no redis: address\n" },
        { QUEUE SLOTS SCALE "buy: { offers: [ cloud: { types: {} } ] }\n",
          "4:18+5 buy.offers.cloud: no machine types\n" },
        { QUEUE SLOTS SCALE "buy: { offers: [ cloud: { types: small } ] }\n",
          "4:34+5 buy.offers.cloud.types: a map of names to numbers belongs here, like { name: 4 "
          "}\n" },
        { QUEUE SLOTS SCALE "buy: { offers: [ cloud: { types: { a: 0, b: 65, c: x, d: 1 } } ] }\n",
          "4:39+1 buy.offers.cloud.types.a: 0 is too small: at least 1\n"
          "4:45+2 buy.offers.cloud.types.b: 65 is too large: at most 64\n"
          "4:52+1 buy.offers.cloud.types.c: 'x' is not a whole number\n" },
        { QUEUE SLOTS SCALE "buy: { offers: [ cloud: { zones: [a, [b]], types: { a: 1 } } ] }\n",
          "4:38+1 buy.offers.cloud.zones: a single value belongs here, not a list\n" },
        { QUEUE SLOTS "scale: [ schedule: { from: \"0 8 * *\", to: \"0 25 * * *\", slots: 1, "
                      "timezone: Mars } ]\n" BUY,
          "3:28+9 scale.schedule.from: '0 8 * *' is not a cron expression: it has five fields, "
          "minute hour day month weekday, like 0 8 * * 1-5\n"
          "3:43+12 scale.schedule.to: '25' is no hour (0 to 23)\n"
          "3:77+4 scale.schedule.timezone: 'Mars' is not a time zone: write one like Europe/Berlin "
          "or UTC\n" },
        { QUEUE SLOTS "scale: [ fixed: 4000 ]\n" BUY,
          "3:17+4 scale.fixed: 4000 is too large: at most 1000\n" },
        { QUEUE SLOTS "scale: [ fixed ]\n" BUY, "3:10+5 scale.fixed.slots is missing\n" },
    };
    (void)state;
    check_mistakes(cases, sizeof(cases) / sizeof(cases[0]));
}

static void syntax_mistakes(void **state)
{
    static const struct mistake cases[] = {
        { "queue:\n\tredis: jobs\n",
          "2:1+1 tab character may not be used as indentation: indent with spaces\n" },
        { "slots: { max: 8, max: 9 }\n",
          "1:18+3 'max' stands here a second time; the first is on line 1\n" },
    };
    (void)state;
    check_mistakes(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_name_from_the_file(void **state)
{
    static const struct {
        const char *path, *name;
    } cases[] = {
        { "render.yaml", "render" }, { "/etc/muster/policies/gpu-2.yml", "gpu-2" },
        { "dir.d/plain", "plain" },  { "Render.yaml", NULL },
        { ".yaml", NULL },           { "a b.yaml", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct problems problems;
        struct pool_spec *spec = NULL;
        problems_init(&problems);
        int rc = policy_file_parse(str_from(sample_short), cases[i].path, &sample_kinds, &spec,
                                   &problems, NULL);
        assert_int_equal(rc == 0, cases[i].name != NULL);
        if (cases[i].name)
            assert_string_equal(spec->name, cases[i].name);
        else
            assert_non_null(strstr(problems.all.at[0].text, "is no pool name: write pool: name"));
        pool_spec_free(spec);
        problems_release(&problems);
    }
}

/* ---- files ---- */

static int read_path(const char *path, struct error *err)
{
    struct problems problems;
    struct pool_spec *spec = NULL;
    problems_init(&problems);
    int rc = policy_file_read(path, &sample_kinds, &spec, &problems, err);
    if (rc == 0)
        assert_string_equal(spec->name, "pool");
    pool_spec_free(spec);
    problems_release(&problems);
    return rc;
}

static void reading_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/muster-test-XXXXXX";
    char path[64];
    struct error err = { 0 };
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/pool.yaml", dir);

    assert_int_equal(read_path(path, &err), MUSTER_E_NOTFOUND);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(sample_short, file);
    fclose(file);
    assert_int_equal(read_path(path, &err), 0);
    assert_int_equal(truncate(path, (1 << 20) + 1), 0);
    assert_int_equal(read_path(path, &err), MUSTER_E_TOOBIG);
    assert_non_null(strstr(err.text, "larger than 1024 KiB"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_path(path, &err), MUSTER_E_CONFIG);
    unlink(path);
    assert_int_equal(read_path(dir, &err), MUSTER_E_CONFIG);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_file),       cmocka_unit_test(a_full_file),
        cmocka_unit_test(mistakes_of_values), cmocka_unit_test(mistakes_of_keys),
        cmocka_unit_test(mistakes_of_shape),  cmocka_unit_test(mistakes_of_sets),
        cmocka_unit_test(syntax_mistakes),    cmocka_unit_test(a_name_from_the_file),
        cmocka_unit_test(reading_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
