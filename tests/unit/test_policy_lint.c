#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/policy_file.h"
#include "tests/unit/sample_kinds.h"

/* Each local entry is an offer of its own: slots, max and price as the entry says; price 0 is not
 * known. */
static void expand(struct pool_spec *spec)
{
    for (size_t i = 0; i < spec->offer_entries.len; i++) {
        const struct sample_local *local = spec->offer_entries.at[i].options;
        struct offer offer = { .name = "local/x",
                               .slots = local->slots,
                               .nodes_max = local->max,
                               .price_usd_micro = local->price > 0 ? local->price : PRICE_UNKNOWN,
                               .entry = i };
        assert_true(vec_push(&spec->offers, offer));
    }
}

static void lint(const char *text, struct buf *out)
{
    struct problems problems;
    struct pool_spec *spec = sample_parse(text, &problems);
    expand(spec);
    policy_file_lint(spec, &problems);
    assert_int_equal(problems.errors, 0);
    assert_int_equal(problems.warnings, problems.all.len);
    for (size_t i = 0; i < problems.all.len; i++) {
        const struct problem *p = &problems.all.at[i];
        buf_addf(out, "%d:%d %s\n", p->line, p->column, p->text);
    }
    pool_spec_free(spec);
    problems_release(&problems);
}

#define QUEUE "queue: { redis: jobs }\n"
#define SLOTS "slots: { max: 8 }\n"
#define SCALE "scale: [ backlog ]\n"
#define BUY   "buy: { offers: [ local: { command: w, price: 1 USD/h } ] }\n"
#define BIG   "buy: { offers: [ local: { command: w, price: 1 USD/h, slots: 4 } ] }\n"

struct smell {
    const char *text, *want;
};

static void check_smells(const struct smell *cases, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        struct buf out = { 0 };
        lint(cases[i].text, &out);
        if (strcmp(buf_text(&out), cases[i].want) != 0)
            fail_msg("%s\nsays\n%s\nnot\n%s", cases[i].text, buf_text(&out), cases[i].want);
        buf_release(&out);
    }
}

static void nothing_to_say(void **state)
{
    static const struct smell cases[] = {
        { QUEUE SLOTS SCALE BUY, "" },
        { QUEUE "slots: { max: 0 }\n" SCALE BUY, "" },
        { QUEUE SLOTS SCALE BUY "budget: { per_hour: 8 USD }\n", "" },
        { QUEUE "slots: { min: 4, max: 7 }\n" SCALE BIG, "" },
        { QUEUE SLOTS "scale: [ drain: { within: 5m }, backlog ]\n" BUY, "" },
    };
    (void)state;
    check_smells(cases, sizeof(cases) / sizeof(cases[0]));
}

static void smells_of_queue_and_bounds(void **state)
{
    static const struct smell cases[] = {
        { "queue: { redis: jobs, every: 30s, stale_after: 10s }\n" SLOTS SCALE BUY,
          "1:48 queue.stale_after: shorter than the poll interval, 30s: every sample is unknown "
          "again before the next one comes, and capacity will only hold\n" },
        { QUEUE "slots: { max: 3 }\n" SCALE BIG,
          "2:15 slots.max: less than the 4 slots of the smallest node, local/x: nothing can be "
          "bought\n" },
        { QUEUE "slots: { min: 5, max: 7 }\n" SCALE BIG,
          "2:15 slots.min: no number of nodes of 4 slots comes to 5 at least and 7 at most\n" },
        { QUEUE SLOTS "nodes: { max: 1 }\n" SCALE BIG,
          "2:15 slots.max: never reached: nodes.max, 1, of at most 4 slots each make 4 slots\n" },
        { QUEUE SLOTS SCALE "buy: { offers: [ local: { command: w, price: 1 USD, max: 2 } ] }\n",
          "2:15 slots.max: never reached: all offers at their limits make 2 slots\n" },
    };
    (void)state;
    check_smells(cases, sizeof(cases) / sizeof(cases[0]));
}

static void smells_of_pace_and_release(void **state)
{
    static const struct smell cases[] = {
        { QUEUE SLOTS SCALE BIG
          "pace: { out: { at_most: 3 slots / 1m }, in: { at_most: 0.5 nodes / "
          "1m } }\n",
          "5:25 pace.out.at_most: less than one node: the smallest, local/x, has 4 slots\n"
          "5:56 pace.in.at_most: less than one node\n" },
        { QUEUE SLOTS SCALE BUY "pace: { in: { after: 30s } }\n",
          "5:22 pace.in.after: shorter than a boot (health.boot, 1m): nodes are given back sooner "
          "than new ones could replace them\n" },
        { QUEUE SLOTS SCALE BUY "health: { ready_within: 2m, boot: 3m }\n",
          "5:25 health.ready_within: shorter than a boot (health.boot, 3m): nodes would be "
          "replaced "
          "before they are ready\n" },
        { QUEUE SLOTS SCALE BUY "health: { boot: 6m }\n",
          "0:0 pace.in.after: shorter than a boot (health.boot, 6m): nodes are given back sooner "
          "than new ones could replace them\n"
          "5:1 health.ready_within: shorter than a boot (health.boot, 6m): nodes would be replaced "
          "before they are ready\n" },
        { QUEUE SLOTS SCALE BUY "release: { force: yes }\n",
          "5:19 release.force: without effect: release.drain_timeout is never\n" },
        { QUEUE SLOTS SCALE BUY "release: { force: yes, drain_timeout: 0s }\n",
          "5:39 release.drain_timeout: with force, busy nodes are ended at once, with their "
          "jobs\n" },
    };
    (void)state;
    check_smells(cases, sizeof(cases) / sizeof(cases[0]));
}

static void smells_of_money(void **state)
{
    static const struct smell cases[] = {
        { QUEUE SLOTS SCALE BUY "budget: { per_hour: 7.99 USD }\n",
          "2:15 slots.max: the budget, 7.99 USD/h, never pays for it: 8 of the cheapest slots cost "
          "8.00 USD/h\n" },
        { QUEUE SLOTS SCALE "buy:\n  offers:\n    - local: { command: w, price: 1 USD }\n"
                            "    - local: { command: w }\nbudget: { per_hour: 8 USD }\n",
          "7:7 buy.offers: the price of local/x is not known, so budget.per_hour cannot count "
          "it\n" },
    };
    (void)state;
    check_smells(cases, sizeof(cases) / sizeof(cases[0]));
}

static void smells_of_policies(void **state)
{
    static const struct smell cases[] = {
        { QUEUE SLOTS "scale:\n  - backlog\n  - drain: { within: 1m }\n" BUY,
          "5:1 scale.drain: the promise is not longer than a boot (health.boot, 1m): a node bought "
          "for it comes too late\n" },
        { QUEUE SLOTS
          "scale:\n  - schedule: { from: \"0 8 30 2 *\", to: \"0 9 * * *\", slots: 1 }\n"
          "  - backlog\n" BUY,
          "4:1 scale.schedule: from: '0 8 30 2 *' does not occur within five years\n" },
        { QUEUE SLOTS
          "scale:\n  - schedule: { from: \"0 8 * * 1-5\", to: \"0 18 * * 1-5\", slots: 1, "
          "timezone: Europe/Berlin }\n" BUY,
          "3:1 scale: no schedule is active from Mon 18:00 to Tue 08:00 (Europe/Berlin); there is "
          "no "
          "other policy, so jobs that come then find slots.min, 0, slots\n" },
        { QUEUE SLOTS
          "scale:\n  - schedule: { from: \"0 8 * * *\", to: \"0 18 * * *\", slots: 1 }\n"
          "  - schedule: { from: \"0 18 * * *\", to: \"0 8 * * *\", slots: 1 }\n" BUY,
          "" },
    };
    (void)state;
    check_smells(cases, sizeof(cases) / sizeof(cases[0]));
}

/* A spec that came without its text is looked at all the same. */
static void without_a_text(void **state)
{
    (void)state;
    struct problems problems;
    struct problems bare;
    struct pool_spec *spec =
        sample_parse(QUEUE SLOTS SCALE BUY "release: { force: yes }\n", &problems);
    problems_init(&bare);
    policy_file_lint(spec, &bare);
    assert_int_equal(bare.warnings, 1);
    assert_int_equal(bare.all.at[0].line, 0);
    pool_spec_free(spec);
    problems_release(&problems);
    problems_release(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(smells_of_queue_and_bounds),
        cmocka_unit_test(smells_of_pace_and_release),
        cmocka_unit_test(smells_of_money),
        cmocka_unit_test(smells_of_policies),
        cmocka_unit_test(without_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
