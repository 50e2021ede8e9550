#include "policy_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static int fill(const struct policy *policy, void *options, va_list args, struct error *err)
{
    int rc = option_set_defaults(&policy->options, options, err);
    for (const char *key; rc == 0 && (key = va_arg(args, const char *));) {
        const struct option *row = option_find(&policy->options, str_from(key));
        const char *value = va_arg(args, const char *);
        assert_non_null(row);
        rc = option_parse(row, options, str_from(value), err);
    }
    const char *wrong = NULL;
    if (rc == 0 && policy->options.check)
        rc = policy->options.check(options, &wrong, err);
    return rc;
}

void *policy_options(const struct policy *policy, ...)
{
    void *options = calloc(1, policy->options.size);
    assert_non_null(options);
    struct error err = { 0 };
    va_list args;
    va_start(args, policy);
    if (fill(policy, options, args, &err) < 0)
        fail_msg("%s: %s", policy->options.name, err.text);
    va_end(args);
    return options;
}

void policy_options_free(const struct policy *policy, void *options)
{
    option_set_release(&policy->options, options);
    free(options);
}

int policy_options_try(const struct policy *policy, struct error *err, ...)
{
    void *options = calloc(1, policy->options.size);
    assert_non_null(options);
    va_list args;
    va_start(args, err);
    int rc = fill(policy, options, args, err);
    va_end(args);
    policy_options_free(policy, options);
    return rc;
}

struct proposal policy_propose(const struct policy *policy, const void *options,
                               const struct observation *seen)
{
    struct proposal p = { .slots = -1 };
    struct observation mine = *seen;
    void *blank = policy->memory_size > 0 ? calloc(1, policy->memory_size) : NULL;
    if (!mine.memory)
        mine.memory = blank;
    p.how = policy->propose(options, &mine, &p.trail, &p.slots);
    free(blank);
    struct buf text = { 0 };
    trail_text(&p.trail, &text);
    snprintf(p.text, sizeof(p.text), "%s", buf_text(&text));
    buf_release(&text);
    /* Whatever it proposes, it says why, in its own name. */
    assert_int_equal(p.trail.len, 1);
    assert_string_equal(p.trail.steps[0].who, policy->options.name);
    assert_int_equal(p.trail.steps[0].stage, STAGE_DECIDE);
    assert_null(strchr(p.text, '{'));
    assert_true(p.how == PROPOSE_HOLD ? p.slots == -1 : p.slots >= 0);
    return p;
}

struct observation policy_seen(const struct ages *ages)
{
    return (struct observation){
        .now_ns = SECONDS(1000),
        .wall_ns = SECONDS(1790000000),
        .signal_known = true,
        .oldest_ns = -1,
        .ages = ages,
        .boot_ns = SECONDS(60),
        .slots_per_node = 1,
    };
}
