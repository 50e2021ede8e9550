/* Every allocation of the settings files' readers and printers made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/cron.h"
#include "base/file.h"
#include "base/timezone.h"
#include "config/daemon_file.h"
#include "config/policy_file.h"
#include "oom.h"
#include "tests/unit/sample_kinds.h"

static const char with_mistakes[] = "pool: A\n"
                                    "queue: { redsi: x, every: 5 }\n"
                                    "slots: { max: lots }\n"
                                    "scale: [ backlog: { per_slot: 0 }, drain ]\n"
                                    "buy: { offers: [ cloud: { types: { a: x } } ] }\n";

static const char daemon_file[] = "listen: \"[::]:9000\"\n"
                                  "tokens: { read: t/read }\n"
                                  "tls: { cert: cert.pem, key: key.pem }\n"
                                  "limits: { nodes: 500 }\n";

/* A failed allocation is told as such; none failed: as the text deserves. */
static void sweep_policy_file(const char *text, int want)
{
    for (long n = 0; oom_sweep(n); n++) {
        struct pool_spec *spec = NULL;
        struct problems problems;
        struct error err = { 0 };
        problems_init(&problems);
        oom_arm(n);
        int rc = policy_file_parse(str_from(text), "dir/render.yaml", &sample_kinds, &spec,
                                   &problems, &err);
        bool hit = oom_disarm();
        assert_int_equal(rc, hit ? MUSTER_E_NOMEM : want);
        assert_int_equal(spec != NULL, rc == 0);
        assert_int_equal(err.code, rc);
        pool_spec_free(spec);
        problems_release(&problems);
    }
}

static void policy_files(void **state)
{
    (void)state;
    sweep_policy_file(sample_short, 0);
    sweep_policy_file(sample_full, 0);
    sweep_policy_file(with_mistakes, MUSTER_E_INVALID);
    sweep_policy_file("a: &x 1\nb: *x\nb: !!t [1\n", MUSTER_E_INVALID);
    sweep_policy_file("", MUSTER_E_INVALID);
}

static void sweep_daemon_file(const char *text, int want)
{
    for (long n = 0; oom_sweep(n); n++) {
        struct daemon_config config = { .listen_port = 7 };
        struct problems problems;
        struct error err = { 0 };
        problems_init(&problems);
        oom_arm(n);
        int rc = daemon_file_parse(str_from(text), "/etc/muster.yaml", &config, &problems, &err);
        bool hit = oom_disarm();
        assert_int_equal(rc, hit ? MUSTER_E_NOMEM : want);
        if (rc == 0)
            daemon_config_release(&config);
        else
            assert_int_equal(config.listen_port, 7);
        problems_release(&problems);
    }
}

static void daemon_files(void **state)
{
    (void)state;
    sweep_daemon_file(daemon_file, 0);
    sweep_daemon_file("listen: 0.0.0.0:1\ncontroller: A\n", MUSTER_E_INVALID);
}

static void printing(void **state)
{
    (void)state;
    struct problems problems;
    struct pool_spec *spec = sample_parse(sample_full, &problems);
    for (long n = 0; oom_sweep(n); n++) {
        struct buf out = { 0 };
        oom_arm(n);
        policy_file_print(spec, &out);
        bool hit = oom_disarm();
        assert_int_equal(buf_failed(&out), hit ? MUSTER_E_NOMEM : 0);
        buf_release(&out);
    }
    pool_spec_free(spec);
    problems_release(&problems);
}

static void sweep_description(void (*describe)(const struct config_kinds *, struct buf *))
{
    for (long n = 0; oom_sweep(n); n++) {
        struct buf out = { 0 };
        oom_arm(n);
        describe(&sample_kinds, &out);
        bool hit = oom_disarm();
        assert_int_equal(buf_failed(&out), hit ? MUSTER_E_NOMEM : 0);
        buf_release(&out);
    }
}

static void describing(void **state)
{
    (void)state;
    sweep_description(policy_file_schema);
    sweep_description(policy_file_reference);
}

/* Lint only warns; that a warning could not be kept is in `nomem`. */
static void linting(void **state)
{
    (void)state;
    struct problems problems;
    struct pool_spec *spec = sample_parse(sample_full, &problems);
    struct offer offer = { .name = "x", .slots = 900, .price_usd_micro = PRICE_UNKNOWN };
    assert_true(vec_push(&spec->offers, offer));
    problems_release(&problems);
    for (long n = 0; oom_sweep(n); n++) {
        problems_init(&problems);
        assert_true(problems_name(&problems, "f", str_from(sample_full)));
        oom_arm(n);
        policy_file_lint(spec, &problems);
        bool hit = oom_disarm();
        assert_true(hit || problems.all.len > 0);
        problems_release(&problems);
    }
    pool_spec_free(spec);
}

static void problem_lists(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct problems problems;
        struct buf out = { 0 };
        problems_init(&problems);
        oom_arm(n);
        bool named = problems_name(&problems, "f", STR("text"));
        problems_add(&problems, SEVERITY_ERROR, 1, 1, 4, "wrong");
        problems_print(&problems, true, &out);
        bool hit = oom_disarm();
        assert_int_equal(!named || problems.nomem || buf_failed(&out), hit);
        assert_int_equal(problems.errors, 1);
        buf_release(&out);
        problems_release(&problems);
    }
}

static void whole_files(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct buf text = { 0 };
        oom_arm(n);
        int rc = file_read("/usr/share/zoneinfo/UTC", 1 << 20, &text, NULL);
        bool hit = oom_disarm();
        assert_int_equal(rc, hit ? MUSTER_E_NOMEM : 0);
        buf_release(&text);
    }
}

/* ---- lib/base/option.c and timezone.c ---- */

struct everything {
    char *text;
    struct timezone *zone;
    struct option_strings list;
    struct option_counts counts;
};

static const struct option rows[] = {
    OPTION_STRING(struct everything, text, "text", .fallback = "x"),
    OPTION_TIMEZONE(struct everything, zone, "zone", .fallback = "Europe/Berlin"),
    OPTION_STRINGS(struct everything, list, "list", .fallback = "[a, b]"),
    OPTION_COUNTS(struct everything, counts, "counts", .fallback = "{ a: 1, b: 2 }"),
    { 0 },
};

static const struct option_set set = { .name = "any",
                                       .size = sizeof(struct everything),
                                       .rows = rows };

static void option_defaults(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct everything options;
        struct error err = { 0 };
        oom_arm(n);
        int rc = option_set_defaults(&set, &options, &err);
        bool hit = oom_disarm();
        assert_int_equal(rc, hit ? MUSTER_E_NOMEM : 0);
        option_set_release(&set, &options);
    }
}

/* The old value stays when there is no memory for the new one. */
static void option_values(void **state)
{
    static const char *const news[] = { "z", "Asia/Tokyo", "[c]", "{ c: 3 }" };
    static const char *const olds[] = { "x", "Europe/Berlin", "[a, b]", "{ a: 1, b: 2 }" };
    (void)state;
    for (size_t i = 0; rows[i].key; i++) {
        for (long n = 0; oom_sweep(n); n++) {
            struct everything options;
            struct buf out = { 0 };
            assert_int_equal(option_set_defaults(&set, &options, NULL), 0);
            oom_arm(n);
            int rc = option_parse(&rows[i], &options, str_from(news[i]), NULL);
            bool hit = oom_disarm();
            assert_int_equal(rc, hit ? MUSTER_E_NOMEM : 0);
            option_print(&rows[i], &options, &out);
            assert_string_equal(buf_text(&out), hit ? olds[i] : news[i]);
            buf_release(&out);
            option_set_release(&set, &options);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_files),  cmocka_unit_test(daemon_files),
        cmocka_unit_test(printing),      cmocka_unit_test(describing),
        cmocka_unit_test(linting),       cmocka_unit_test(problem_lists),
        cmocka_unit_test(whole_files),   cmocka_unit_test(option_defaults),
        cmocka_unit_test(option_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
