/*
 * Settings files from anywhere are read or refused, never crash, and what was read is printed as a
 * file that says the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/daemon_file.h"
#include "config/policy_file.h"
#include "policies/policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses some kilobytes on certain syntax errors; what we lose is still found. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml.so";
}

/* ---- a source and a provider that have every type of setting ---- */

static const char *const words[] = { "one", "two", "three", NULL };

struct everything {
    int64_t number, wait, price;
    double share;
    bool flag;
    char *text, *note;
    int word, order[3];
    struct rate rate;
    struct cron cron;
    struct timezone *zone;
    struct option_strings list;
    struct option_counts counts;
};

static const struct option everything_rows[] = {
    OPTION_INT(struct everything, number, "number", .fallback = "1", .min = -5, .max = 1000),
    OPTION_DURATION(struct everything, wait, "wait", .fallback = "1s", .max = UNITS_NEVER),
    OPTION_MONEY(struct everything, price, "price", .fallback = "none", .min = -1),
    OPTION_PERCENT(struct everything, share, "share", .fallback = "5%", .max = 1000),
    OPTION_BOOL(struct everything, flag, "flag", .fallback = "no"),
    OPTION_STRING(struct everything, text, "text", .fallback = "x"),
    OPTION_STRING(struct everything, note, "note", .optional = true),
    OPTION_CHOICE(struct everything, word, "word", .fallback = "two", .choices = words),
    OPTION_CHOICES(struct everything, order, "order", .fallback = "[one]", .choices = words),
    OPTION_RATE(struct everything, rate, "rate", .fallback = "unlimited"),
    OPTION_CRON(struct everything, cron, "cron", .fallback = "* * * * *"),
    OPTION_TIMEZONE(struct everything, zone, "zone", .fallback = "UTC"),
    OPTION_STRINGS(struct everything, list, "list", .fallback = "[]"),
    OPTION_COUNTS(struct everything, counts, "counts", .fallback = "{}", .min = 1, .max = 64),
    { 0 },
};

static const struct option_set everything = {
    .name = "any", .size = sizeof(struct everything), .rows = everything_rows, .shorthand = "text"
};
static const struct option_set nothing = { .name = "spool" };
static const struct option_set *const sets[] = { &everything, &nothing, NULL };
static const struct config_kinds kinds = { .policies = policies,
                                           .queues = sets,
                                           .providers = sets };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static struct pool_spec *parse(struct str text, bool lint)
{
    struct pool_spec *spec = NULL;
    struct problems problems;
    struct error err = { 0 };
    struct buf out = { 0 };
    problems_init(&problems);
    int rc = policy_file_parse(text, "fuzz.yaml", &kinds, &spec, &problems, &err);
    check((rc == 0) == (spec != NULL));
    check(rc == 0 || problems.errors > 0);
    if (spec && lint)
        policy_file_lint(spec, &problems);
    problems_print(&problems, true, &out);
    check(rc == 0 || out.len > 0);
    buf_release(&out);
    problems_release(&problems);
    return spec;
}

static void add_offer(struct pool_spec *spec)
{
    struct offer offer = { .name = "any/one", .slots = 3, .price_usd_micro = 12345 };
    check(vec_push(&spec->offers, offer));
}

static void check_policy_file(struct str text)
{
    struct pool_spec *spec = parse(text, false);
    struct buf once = { 0 };
    struct buf twice = { 0 };
    if (!spec)
        return;
    add_offer(spec);
    struct problems problems;
    problems_init(&problems);
    check(problems_name(&problems, "fuzz.yaml", text));
    policy_file_lint(spec, &problems);
    problems_release(&problems);
    policy_file_print(spec, &once);
    struct pool_spec *again = parse(buf_str(&once), true);
    check(again != NULL);
    policy_file_print(again, &twice);
    check(str_eq(buf_str(&once), buf_str(&twice)));
    pool_spec_free(spec);
    pool_spec_free(again);
    buf_release(&once);
    buf_release(&twice);
}

static void check_daemon_file(struct str text)
{
    struct daemon_config config = { 0 };
    struct problems problems;
    problems_init(&problems);
    int rc = daemon_file_parse(text, "dir/fuzz.yaml", &config, &problems, NULL);
    check((rc == 0) == (problems.errors == 0));
    if (rc == 0)
        check(config.listen_host && config.state && config.token_admin_file);
    daemon_config_release(&config);
    problems_release(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    check_policy_file(text);
    check_daemon_file(text);
    return 0;
}
